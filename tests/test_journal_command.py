"""The journal's commands as people type them, and the grouping of questions by meaning."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from bot.__main__ import main
from bot.journal.grouping import central, centred, group
from bot.journal.store import Question
from bot.journal.topics import topics
from bot.journal.turn import Turn, session_key
from bot.journal.writer import WritingJournal
from bot.records import ReplyKind
from bot.settings import Settings
from tests.test_cli import run

NOW = datetime.now(timezone.utc).replace(microsecond=0)
PRICE = ("做一次要花多少钱", "费用是多少", "治疗大概要多少钱", "做一个疗程多少钱啊")
DIALYSIS = ("透析病人可以吃香蕉吗", "透析的人能不能吃香蕉", "做透析能吃香蕉不")
VISIT = ("周末门诊上班吗", "星期天有没有门诊")
Fill = Callable[..., Path]


@pytest.fixture
def fill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fill:
    """Write turns into a journal, which the commands then find; return its file."""
    path = tmp_path / "journal.sqlite3"
    monkeypatch.setenv("YIJU_JOURNAL_FILE", str(path))
    numbers = count()

    def write(*turns: Turn) -> Path:
        journal = WritingJournal(path, 36500)
        for turn in turns:
            journal.add(replace(turn, reply=f"r_{next(numbers)}", time=turn.time or NOW))
        assert journal.flush(20)
        assert journal.vote("r_0", "down")
        journal.close()
        return path

    return write


def asked(text: str, kind: ReplyKind = "decline", session: str = "s_1", days: int = 0) -> Turn:
    return Turn("", session, kind, text, time=NOW - timedelta(days=days))


def test_export_as_json_lines(fill: Fill, capsys: pytest.CaptureFixture[str]) -> None:
    fill(asked("旧的问题", days=10), replace(asked("我叫王芳,会排斥吗", "answer"), passages=("a.1",), confidence=0.5))
    assert main(["journal", "export"]) == 0
    old, new = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (old["asked"], old["vote"]) == ("旧的问题", "down")
    assert new == {
        "reply": "r_1", "session": session_key("s_1"), "time": NOW.isoformat(), "channel": "", "site": "", "kind": "answer",
        "rule": "", "asked": "我叫〔姓名〕,会排斥吗", "reading": "", "passages": ["a.1"], "suggestions": 0, "confidence": 0.5,
        "took_ms": 0.0, "vote": "", "vote_time": "",
    }  # fmt: skip
    assert main(["journal", "export", "--since", (NOW - timedelta(days=3)).date().isoformat()]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_export_for_a_spreadsheet_runs_no_formula(fill: Fill, tmp_path: Path) -> None:
    evil = ('=HYPERLINK("http://x","点")', "+1", "-1+2", "@SUM(A1)", "\t=1", " =1", "＝1", "正常,问题\n第二行")
    fill(*(asked(text) for text in evil))
    output = tmp_path / "out.csv"
    output.write_text("an older export", encoding="utf-8")
    assert main(["journal", "export", "--format", "csv", "--output", str(output)]) == 0
    assert output.read_bytes().startswith(b"\xef\xbb\xbf")  # so that a spreadsheet reads Chinese
    assert output.stat().st_mode & 0o777 == 0o600
    with output.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["asked"] for row in rows] == [f"'{text}" for text in evil[:-1]] + [evil[-1]]
    assert not any(cell.lstrip().startswith(("=", "+", "-", "@", "＝")) for row in rows for cell in row.values())
    assert sorted(path.name for path in tmp_path.iterdir() if "out" in path.name) == ["out.csv"]


def test_an_export_that_cannot_be_written_says_so(fill: Fill, capsys: pytest.CaptureFixture[str]) -> None:
    fill(asked("问"))
    assert main(["journal", "export", "--output", "/nowhere/out.jsonl"]) == 1
    assert "/nowhere/out.jsonl" in capsys.readouterr().err


def test_purge_asks_first(fill: Fill, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    fill(asked("新"), asked("旧", days=8), asked("更旧", days=100))

    def left() -> list[str]:
        capsys.readouterr()
        assert main(["journal", "export"]) == 0
        return [json.loads(line)["asked"] for line in capsys.readouterr().out.splitlines()]

    def answering(line: str) -> None:
        monkeypatch.setattr("sys.stdin", type("Input", (), {"readline": staticmethod(lambda: line)}))

    answering("")  # no terminal
    assert main(["journal", "purge", "--days", "7"]) == 1
    assert "2 轮" in capsys.readouterr().err
    assert left() == ["更旧", "旧", "新"]
    answering("y\n")
    assert main(["journal", "purge"]) == 0  # the setting: 90 days
    assert left() == ["旧", "新"]
    assert main(["journal", "purge", "--days", "7", "--yes"]) == 0
    assert left() == ["新"]
    assert main(["journal", "purge", "--all", "--yes"]) == 0
    assert left() == []


def test_forget_takes_an_id_or_a_key(fill: Fill, capsys: pytest.CaptureFixture[str]) -> None:
    path = fill(asked("甲的话", session="s_a"), asked("乙的话", session="s_b"), asked("丙的话", session="s_c"))
    assert main(["journal", "forget", "s_a"]) == 0
    assert main(["journal", "forget", session_key("s_b")]) == 0
    assert main(["journal", "forget", "s_a"]) == 1
    assert "没有这个会话" in capsys.readouterr().err
    whole = b"".join(file.read_bytes() for file in path.parent.glob("journal.sqlite3*"))
    assert ["甲的话".encode() in whole, "乙的话".encode() in whole, "丙的话".encode() in whole] == [False, False, True]


def test_unanswered_questions_are_put_together_by_meaning(
    fill: Fill, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    turns = [asked(text, session=f"s_{number}") for number, text in enumerate(PRICE)]
    turns += [asked(PRICE[1], session="s_1"), asked("我叫王芳,费用是多少", "clarify", session="s_9")]
    turns += [asked(text, "clarify", days=5) for text in DIALYSIS]
    turns += [asked(text) for text in VISIT]
    turns += [replace(asked("那多少钱呢"), reading="做一次治疗要花多少钱"), asked("这是回答了的", "answer")]
    fill(*turns)
    index = str(settings.index)
    assert main(["journal", "unanswered", "--json", "--index", index]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(topic["count"], topic["people"], topic["declined"]) for topic in found[:3]] == [
        (7, 5, 6),
        (3, 1, 0),
        (2, 1, 2),
    ]
    assert {found[1]["question"], *found[1]["examples"]} == set(DIALYSIS)
    assert {found[2]["question"], *found[2]["examples"]} == set(VISIT)
    assert "这是回答了的" not in str(found)
    since = (NOW - timedelta(days=3)).date().isoformat()
    assert main(["journal", "unanswered", "--index", index, "--since", since, "--count", "1"]) == 0
    shown = capsys.readouterr().out
    assert "共 9 次" in shown
    assert "（7 次，5 人" in shown
    assert not any(text in shown for text in DIALYSIS + VISIT)


def test_where_nothing_is_unanswered(fill: Fill, capsys: pytest.CaptureFixture[str]) -> None:
    fill(asked("问", "answer"))
    assert main(["journal", "unanswered"]) == 0
    assert "没有答不上的提问" in capsys.readouterr().err


def test_errors_name_cause_and_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("YIJU_JOURNAL_FILE", str(tmp_path / "none.sqlite3"))
    assert main(["journal", "export"]) == 1
    assert "none.sqlite3" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "bad.sqlite3").write_bytes(b"nonsense" * 1000)
    monkeypatch.setenv("YIJU_JOURNAL_FILE", str(tmp_path / "bad.sqlite3"))
    assert main(["journal", "forget", "s_1"]) == 1
    assert "打不开" in capsys.readouterr().err
    with pytest.raises(SystemExit) as end:
        main(["journal", "export", "--since", "昨天"])
    assert (end.value.code, "2026-11-01" in capsys.readouterr().err) == (2, True)
    away = run("-m", "bot", "journal", "export", YIJU_JOURNAL_URL="postgresql://u:geheim@/x?host=/nowhere")
    assert (away.returncode, "打不开" in away.stderr, "geheim" in away.stderr) == (1, True, False)
    assert "Traceback" not in away.stderr


@pytest.mark.parametrize("command", [(), ("export",), ("purge",), ("forget",), ("unanswered",)])
def test_every_command_has_help(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["journal", *command, "--help"])
    assert end.value.code == 0
    assert "对话" in capsys.readouterr().out or command == ("unanswered",)


def unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    found: NDArray[np.float32] = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return found


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("likeness", [-0.2, 0.1, 0.4, 0.8])
def test_grouping_is_average_linkage(seed: int, likeness: float) -> None:
    random = np.random.default_rng(seed)
    centres = random.normal(size=(6, 8))
    vectors = unit(centres[random.integers(0, 6, 60)] + 0.6 * random.normal(size=(60, 8)))
    distances = squareform(1 - vectors @ vectors.T, checks=False)
    label = fcluster(linkage(distances, "average"), 1 - likeness, "distance")
    expected = sorted([row for row in range(60) if label[row] == name] for name in set(label))
    assert group(vectors, likeness) == expected


def test_grouping_of_few() -> None:
    assert group(np.zeros((0, 4), dtype=np.float32)) == []
    assert group(unit(np.array([[1.0, 0.0]], dtype=np.float32))) == [[0]]
    same = unit(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], dtype=np.float32))
    assert group(same, 0.9) == [[0, 1], [2]]
    assert group(same, -1.0) == [[0, 1, 2]]


def test_what_all_vectors_share_is_taken_away() -> None:
    shared = np.array([10.0, 0.0, 0.0], dtype=np.float32)
    vectors = unit(shared + np.array([[0, 1, 0], [0, -1, 0], [0, 1, 0.1]], dtype=np.float32))
    away = centred(vectors, unit(shared[None])[0])
    assert (vectors @ vectors.T).min() > 0.97
    assert away[0] @ away[1] < -0.9 < 0.9 < away[0] @ away[2]


def test_the_most_typical_question_comes_first() -> None:
    vectors = unit(np.array([[1, 0.5], [1, 0], [1, -0.5], [0, 1]], dtype=np.float32))
    assert central(vectors, [0, 1, 2], [1, 1, 1])[0] == 1
    assert central(vectors, [0, 1, 2], [9, 1, 1])[0] == 0


def test_topics_count_questions_and_people() -> None:
    def encode(texts: list[str]) -> NDArray[np.float32]:
        return unit(
            np.array([[1.0, 0.01 * len(text)] if "钱" in text else [-1.0, 0.1] for text in texts], dtype=np.float32)
        )

    later = NOW + timedelta(hours=1)
    questions = [
        Question("多少钱?", "decline", "a", NOW), Question("多少钱", "clarify", "b", later),
        Question("要多少钱", "decline", "b", later), Question("天气", "decline", "c", NOW), Question("?!", "decline", "c", NOW),
        Question("〔姓名〕", "decline", "c", NOW),
    ]  # fmt: skip
    first, second = topics(questions, encode, np.zeros(2, dtype=np.float32), 0.5)
    assert (first.count, first.people, first.declined, first.first, first.last) == (3, 2, 2, NOW, later)
    assert {first.question, *first.examples} == {"多少钱", "要多少钱"}
    assert (second.count, second.question, second.examples) == (1, "天气", ())
    assert topics([], encode, np.zeros(2, dtype=np.float32)) == []
