"""Which questions are found in a text, in whose words, and which of them an index is known to answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.corpus.questions import asks, candidates_of
from bot.corpus.reader import read_corpus
from bot.corpus.topics import Topics
from bot.errors import IndexFormatError
from bot.language.lexicon import load_lexicon
from bot.language.segmentation import Segmenter
from bot.language.variants import bare
from bot.retrieval.build import build_index, up_to_date
from bot.retrieval.loading import load_build
from bot.retrieval.questions import MARGIN
from bot.retrieval.search import open_searcher
from bot.retrieval.store import current_build, read_manifest
from bot.settings import Settings
from tests.conftest import CACHE, SilentReport

PRESSURE = """---
id: pressure
title: 高血压患者诊疗须知：测量与用药
---

高血压很常见，高血压要长期管理，血压要常量，血压高了要看医生。

## 一、什么是高血压？

在不同日子量三次，血压都达到140/90毫米汞柱，就是高血压。

## 随访

血压平稳后每三个月复查一次，调整降压药的病人每两到四周复查一次。

## 2. 降压药的用法

降压药要天天吃，不能等头晕了才吃。漏服了怎么办？想起来就补上，快到下一次就不补，不要一次吃两份降压药。

漏了一次降压药怎么补？想起来就补，快到下一次服药的时间就不必再补了，千万不要一次吃两份。

## 写在最后

愿大家血压平稳。

## “沉默的杀手”，从哪里来

高血压多年没有感觉，却一直在伤害血管。它到底有多可怕？多年以后心、脑、肾都会受到损害，甚至危及生命。

## 空的一节

## 起床这件小事，你知道吗

利尿剂：利尿剂让身体多排水和盐，血压随之下降。吃利尿剂要查血钾，痛风病人慎用利尿剂。

先说一句：利尿剂不是减肥药，千万不要自己拿利尿剂来减肥，也不要借给别人吃。
"""


def candidates(folder: Path) -> list[tuple[str, tuple[str, ...]]]:
    segmenter = Segmenter(load_lexicon(folder / "lexicon"), CACHE)
    documents = read_corpus(folder)
    topics = Topics(documents, segmenter)
    return [(c.kind, c.forms) for d in documents for c in candidates_of(d, topics, segmenter.lexicon)]


def test_headings_leading_questions_and_labels_are_candidates_and_nothing_else(corpus_of) -> None:  # type: ignore[no-untyped-def]
    assert candidates(corpus_of({"pressure.md": PRESSURE})) == [
        ("question", ("什么是高血压？", "高血压：什么是高血压？")),
        ("topic", ("高血压：随访",)),  # "随访" alone is about nothing
        ("topic", ("高血压：降压药的用法", "降压药的用法")),
        ("question", ("漏了一次降压药怎么补？", "降压药的用法：漏了一次降压药怎么补？", "高血压：漏了一次降压药怎么补？")),
        ("topic", ("利尿剂",)),  # a term; "先说一句" is none
    ]  # fmt: skip


def test_the_editors_questions_come_first_and_as_they_are(corpus_of) -> None:  # type: ignore[no-untyped-def]
    table = "question,answer,variants\n能吃香蕉吗?,透析病人不宜多吃香蕉。,香蕉|透析能不能吃香蕉\n"
    found = candidates(
        corpus_of({"pressure.md": PRESSURE, "faq/透析问答.csv": table})
    )  # the title is not put before them
    assert [entry for entry in found if "香蕉" in entry[1][0]] == [
        ("editor", ("能吃香蕉吗?",)),
        ("variant", ("香蕉",)),
        ("variant", ("透析能不能吃香蕉",)),
    ]


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("什么是高血压", True), ("要不要做肾活检", True), ("出院后如何锻炼", True), ("机械瓣还是生物瓣", True), ("能好吗", True),
        ("临床应用", False), ("随访", False), ("降压药的用法", False), ("什么都吃的孩子们", True),
    ],
)  # fmt: skip
def test_what_reads_as_a_question(text: str, question: bool) -> None:
    assert asks(text) is question


def test_a_label_that_is_wrong_gives_way_to_what_the_paragraph_is_about(settings: Settings) -> None:
    index = load_build(current_build(settings.index), CACHE)
    texts = {passage.id: passage.text for passage in index.passages}
    of = {question.text.split("：")[-1]: texts[question.passage_id] for question in index.questions}
    assert "艾米迈托赛" in of["急性肾损伤"]
    assert of["急性肾损伤"].startswith("狼疮性肾炎:")
    assert "CXCL14" in of["狼疮性肾炎"]
    assert of["狼疮性肾炎"].startswith("急性肾损伤:")


def test_the_article_is_known_to_answer_these(settings: Settings) -> None:
    index = load_build(current_build(settings.index), CACHE)
    assert [question.text for question in index.questions] == [
        "什么是人工干细胞治疗肾病?",
        "诱导多能干细胞(iPSCs)",
        "“人工”二字到底意味着什么?",
        "人工干细胞如何治疗肾病?",
        "人工干细胞治疗肾病的临床应用：慢性肾病",
        "糖尿病肾病",
        "急性肾损伤",
        "人工干细胞治疗肾病的临床应用：狼疮性肾炎",
        "人工干细胞治疗肾病的临床应用",
        "为什么临床试验以“人工干细胞”为主?",
    ]
    assert read_manifest(index.folder)["questions"] == {"most": settings.known_questions, "known": 10}
    first = index.questions[1]
    assert first.pinyin == "you dao duo neng gan xi bao i p s c s"
    assert first.initials == "yddngxbipscs"
    assert first.kind == "topic"


def test_every_known_question_finds_its_passage_first_and_surely(settings: Settings) -> None:
    index = load_build(current_build(settings.index), CACHE)
    searcher = open_searcher(index, settings)
    least = index.manifest["thresholds"]["answer"] + MARGIN
    for question in index.questions:
        best = searcher.search(question.text, 1)[0]
        assert best.passage.id == question.passage_id, question.text
        assert best.passage.document_id == question.document_id
        assert best.probability == pytest.approx(question.probability, abs=1e-3)
        assert best.probability >= least
    assert len({bare(question.text) for question in index.questions}) == len(index.questions)


def test_what_the_editor_excludes_is_not_known_and_no_question_twice(
    settings: Settings, tmp_path: Path, corpus_of
) -> None:  # type: ignore[no-untyped-def]
    table = (
        "question,answer,variants,excludes\n"
        "透析病人能吃香蕉吗?,透析病人不宜多吃香蕉，香蕉含钾很高，透析间期容易引起高钾血症。,透析病人能吃香蕉吗|透析病人可以吃香蕉吗,\n"
        "内瘘怎么保护?,有内瘘的手臂不要测血压、不要提重物，每天摸一摸内瘘有没有震颤。,,内瘘怎么保护\n"
    )
    folder = corpus_of({"faq/dialysis.csv": table})
    made = settings.model_copy(update={"corpus": folder, "index": tmp_path / "index"})
    assert build_index(made, SilentReport()).questions == 1
    index = load_build(current_build(made.index), CACHE)
    assert [(question.kind, question.text) for question in index.questions] == [("editor", "透析病人能吃香蕉吗?")]


def test_none_are_looked_for_where_the_setting_is_0(settings: Settings, tmp_path: Path) -> None:
    made = settings.model_copy(update={"index": tmp_path / "index", "known_questions": 0})
    assert build_index(made, SilentReport()).questions == 0
    assert load_build(current_build(made.index), CACHE).questions == ()
    assert up_to_date(made) is not None
    assert up_to_date(made.model_copy(update={"known_questions": 5})) is None
    assert build_index(made.model_copy(update={"known_questions": 3}), SilentReport()).questions <= 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"passage_id": "nothing"}, "对不上"),
        ({"pinyin": "tang niao bing"}, "读不懂"),
        ({"initials": "x"}, "读不懂"),
        ({"unknown": 1}, "读不懂"),
    ],
)
def test_a_damaged_table_is_refused(
    settings: Settings, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    import shutil

    folder = tmp_path / "build"
    shutil.copytree(current_build(settings.index), folder)
    path = folder / "questions.jsonl"
    lines = path.read_text("utf-8").splitlines()
    lines[5] = json.dumps(json.loads(lines[5]) | change, ensure_ascii=False)
    path.write_text("\n".join(lines), "utf-8")
    with pytest.raises(IndexFormatError, match="校验和"):
        load_build(folder, CACHE)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    del manifest["files"]["questions.jsonl"]
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    with pytest.raises(IndexFormatError, match=message):
        load_build(folder, CACHE)
