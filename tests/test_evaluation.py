"""python -m bot eval: measures by hand, files that are wrong, and a whole run through its door."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bot.__main__ import main
from bot.errors import CorpusError
from bot.evaluation.answering import Judged, auroc, calibration, measure_answering, risk_coverage, threshold_at
from bot.evaluation.folder import passages_of, read_task
from bot.evaluation.ranking import difference, figure, measure

ROWS = [
    ("a", "甲状腺结节", "甲状腺结节大多是良性的，半年复查一次超声就可以。"),
    ("b", "高血压", "高血压患者每天吃盐不要超过五克，按时吃降压药。"),
    ("c", "", "糖尿病患者可以吃苹果，但要少量。血糖稳定时在两餐之间吃。"),
]
ASKED = [("q1", "甲状腺结节要复查吗"), ("q2", "高血压一天吃多少盐"), ("q3", "糖尿病能吃苹果吗"), ("q4", "骨折多久能好")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "小任务"
    (place / "qrels").mkdir(parents=True)
    corpus = "".join(json.dumps({"_id": i, "title": t, "text": x}, ensure_ascii=False) + "\n" for i, t, x in ROWS)
    (place / "corpus.jsonl").write_text(corpus, "utf-8")
    queries = "".join(json.dumps({"_id": i, "text": t, "kind": "near"}, ensure_ascii=False) + "\n" for i, t in ASKED)
    (place / "queries.jsonl").write_text(queries, "utf-8")
    (place / "qrels" / "dev.tsv").write_text(
        "query-id\tcorpus-id\tscore\nq1\ta\t2\nq2\tb\t1\nq3\tc\t1\nq3\ta\t0\n", "utf-8"
    )
    (place / "unanswerable.tsv").write_text("query-id\tsplit\nq4\tdev\n", "utf-8")
    return place


def test_measures_by_hand() -> None:
    grades = {"q1": {"a": 1}, "q2": {"b": 2, "c": 1}, "q3": {"c": 1}}
    gains = measure({"q1": ["a", "b"], "q2": ["a", "c", "b"], "q3": []}, grades)
    assert gains["hit@1"].tolist() == [1, 0, 0]
    assert gains["hit@3"].tolist() == [1, 1, 0]
    assert gains["mrr@10"] == pytest.approx([1, 1 / 2, 0])
    ideal = 2 + 1 / np.log2(3)
    assert gains["ndcg@10"] == pytest.approx([1, (1 / np.log2(3) + 2 / 2) / ideal, 0], abs=1e-4)


def test_intervals_and_differences() -> None:
    values = np.array([1.0] * 60 + [0.0] * 40)
    found = figure(values)
    assert found.value == pytest.approx(0.6)
    assert found.low < 0.6 < found.high
    assert found.high - found.low == pytest.approx(4 * np.sqrt(0.24 / 100), abs=0.03)
    assert difference(values, values)["real"] is False
    better = difference(np.ones(100), values)
    assert better["real"] is True
    assert better["relative"] == pytest.approx(0.4 / 0.6)


def test_answerability_measures_by_hand() -> None:
    assert auroc([0.9, 0.8], [0.1, 0.8]) == pytest.approx(3.5 / 4)
    assert np.isnan(auroc([], [0.1]))
    assert threshold_at(np.array([0.9, 0.8, 0.7, 0.1]), 0.75) == pytest.approx(0.7)
    curve = risk_coverage(np.array([0.9, 0.5, 0.7]), np.array([False, True, False]))
    assert curve == [(1 / 3, 0.0), (2 / 3, 0.0), (1.0, pytest.approx(1 / 3))]
    error, bins = calibration(np.array([0.95, 0.95, 0.15, 0.15]), np.array([True, True, False, True]))
    assert error == pytest.approx(0.5 * 0.05 + 0.5 * 0.35)
    assert [row["questions"] for row in bins] == [2, 2]
    rows = [
        Judged("natural", 0.9, True, True, True),
        Judged("natural", 0.4, True, False),
        Judged("near", 0.6, False, False, True),
    ]
    figures = measure_answering(rows)
    assert figures["auroc"] == {"all": 0.5, "near": 0.5}
    assert figures["false_answers"]["95%"]["near"] == 1.0
    assert figures["answered_by_kind"] == {"natural": 0.5, "near": 1.0}


def test_a_folder_is_read(folder: Path) -> None:
    task = read_task(folder)
    assert (task.name, task.split, len(task.texts)) == ("小任务", "dev", 3)
    assert {query.id: query.grades for query in task.queries} == {
        "q1": {"a": 2},
        "q2": {"b": 1},
        "q3": {"c": 1},
        "q4": {},
    }
    assert [query.id for query in read_task(folder, grade=2).answerable] == ["q1"]
    _, passages = passages_of(task)
    assert passages[0].index_texts[0] == "甲状腺结节\n甲状腺结节大多是良性的，半年复查一次超声就可以。"
    assert len(passages[2].index_texts) == 3  # the whole and its two sentences


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("corpus.jsonl", "{", r"corpus\.jsonl:1"),
        ("corpus.jsonl", '{"text": "没有号"}\n', "_id"),
        ("queries.jsonl", "", "没有问题"),
        ("qrels/dev.tsv", "query\tcorpus\n", "首行应为"),
        ("qrels/dev.tsv", "query-id\tcorpus-id\tscore\nq1\tzz\t1\n", "zz"),
        ("qrels/dev.tsv", "query-id\tcorpus-id\tscore\nq1\ta\t高\n", "不是整数"),
    ],
)
def test_a_wrong_file_is_named(folder: Path, name: str, content: str, message: str) -> None:
    (folder / name).write_text(content, "utf-8")
    with pytest.raises(CorpusError, match=message):
        read_task(folder)
    with pytest.raises(CorpusError, match="没有 test 这一份"):
        read_task(folder, "test")


def test_a_whole_run_its_report_and_a_comparison(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, page = tmp_path / "a.json", tmp_path / "a.html"
    assert main(["eval", str(folder), "--json", "--output", str(out), "--report", str(page), "--naive"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content == json.loads(out.read_text("utf-8"))
    for system in ("dense", "lexical", "fused", "final"):
        assert set(content[system]) == {"hit@1", "hit@3", "hit@10", "mrr@10", "ndcg@10"}
    assert content["final"]["hit@1"] == 1.0
    assert content["answerability"]["questions"] == 4
    assert set(content["naive"]) == {"dense", "lexical", "fused"}
    html = page.read_text("utf-8")
    assert html.count("<svg") == 1
    assert "http://" not in html.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", ""
    )
    assert main(["eval", "--compare", str(out), str(out), "--json"]) == 0
    compared = json.loads(capsys.readouterr().out)
    assert compared["questions"] == 3
    assert compared["final"] == {"difference": 0.0, "low": 0.0, "high": 0.0, "relative": 0.0, "real": False}


def test_errors_of_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval"]) == 1
    assert main(["eval", str(tmp_path)]) == 1
    assert main(["eval", "--compare", str(tmp_path / "a"), str(tmp_path / "b")]) == 1
    assert capsys.readouterr().err.count("错误：") == 3
