"""Cutting into passages: verbatim slices, lists with their lead, labels, what is indexed beside what is shown."""

from __future__ import annotations

import random

import pytest

from bot.corpus.labels import label_of, true_topic
from bot.corpus.passages import Limits, cut_document
from bot.corpus.reader import read_corpus, read_document
from bot.language.segmentation import Segmenter
from bot.records import Document, Passage
from tests.conftest import CORPUS

HEAD = "---\nid: a\ntitle: 甲篇\n---\n\n"


def passages_of(folder, segmenter: Segmenter, limits: Limits | None = None) -> tuple[Document, list[Passage]]:  # type: ignore[no-untyped-def]
    document = read_document(folder / "a.md", folder)
    return document, cut_document(document, segmenter, limits or Limits())


@pytest.fixture(scope="module")
def article(segmenter: Segmenter) -> tuple[Document, list[Passage]]:
    document = next(d for d in read_corpus(CORPUS) if d.id == "stem-cells-kidney")
    return document, cut_document(document, segmenter, Limits())


def test_every_passage_is_a_slice_of_its_body(article: tuple[Document, list[Passage]]) -> None:
    document, passages = article
    assert len(passages) >= 15
    for passage in passages:
        assert passage.text == document.body[passage.start : passage.end]
        assert passage.text == passage.text.strip() != ""
    assert len({passage.id for passage in passages}) == len(passages)


def test_passages_cover_every_answering_block(article: tuple[Document, list[Passage]]) -> None:
    document, passages = article
    for block in document.blocks:
        if block.answers and block.kind != "heading":
            for offset in (block.start, block.end - 1):
                assert any(p.start <= offset < p.end for p in passages), document.body[block.start : block.end]


def test_the_article_has_no_bibliography_or_advert_among_its_answers(article: tuple[Document, list[Passage]]) -> None:
    for passage in article[1]:
        assert not any(word in passage.text for word in ("扫码", "doi.org", "免责说明", "相关阅读"))


def test_wrong_labels_are_indexed_by_what_they_are_about(article: tuple[Document, list[Passage]]) -> None:
    by_word = {word: next(p for p in article[1] if word in p.text) for word in ("艾米迈托赛", "CXCL14")}
    assert by_word["艾米迈托赛"].text.startswith("狼疮性肾炎:")  # shown as the source has it
    assert "\n急性肾损伤:" in by_word["艾米迈托赛"].index_texts[0]
    assert "狼疮性肾炎" not in by_word["艾米迈托赛"].index_texts[0]
    assert "\n狼疮性肾炎:" in by_word["CXCL14"].index_texts[0]
    assert any(note.kind == "erratum" for note in by_word["CXCL14"].notes)
    assert by_word["CXCL14"].references == ("xia2025",)


def test_a_list_keeps_its_lead(corpus_of, segmenter: Segmenter) -> None:  # type: ignore[no-untyped-def]
    for colon in (":", "\uff1a"):
        text = HEAD + f"## 题\n\n有这些原因{colon}\n\n- 第一是甲甲甲。\n- 第二是乙乙乙。\n"
        assert len(passages_of(corpus_of({"a.md": text}), segmenter)[1]) == 1
    text = HEAD + "## 题\n\n有这些原因:\n\n- 第一是甲甲甲。\n- 第二是乙乙乙。\n"
    _, passages = passages_of(corpus_of({"a.md": text}), segmenter)
    assert [p.text for p in passages] == ["有这些原因:\n\n- 第一是甲甲甲。\n- 第二是乙乙乙。"]
    assert passages[0].section == ("题",)
    assert passages[0].index_texts[0].startswith("甲篇 题\n有这些原因:")
    assert "甲篇 题\n- 第一是甲甲甲。" in passages[0].index_texts  # a statement that may be asked for by itself


def test_a_long_list_is_cut_between_items_and_remembers_its_lead(corpus_of, segmenter: Segmenter) -> None:  # type: ignore[no-untyped-def]
    items = "\n".join(f"- 第{n}项" + "说明文字" * 15 + "。" for n in range(12))
    document, passages = passages_of(corpus_of({"a.md": HEAD + "要注意的有:\n\n" + items}), segmenter)
    assert len(passages) > 3
    assert passages[0].text.startswith("要注意的有:")
    assert all(p.lead == "要注意的有:" for p in passages[1:])
    assert all(len(p.text) <= 260 for p in passages)
    for passage in passages:
        assert passage.text == document.body[passage.start : passage.end]


def test_short_paragraphs_join_and_long_ones_are_cut_at_sentences(corpus_of, segmenter: Segmenter) -> None:  # type: ignore[no-untyped-def]
    long = "".join(f"这是第{n}句话,说的是一件事情的第{n}个方面。" for n in range(30))
    _, passages = passages_of(corpus_of({"a.md": f"{HEAD}短句一。\n\n短句二。\n\n{long}\n"}), segmenter)
    assert passages[0].text == "短句一。\n\n短句二。"
    assert all(p.text.endswith("。") and len(p.text) <= 264 for p in passages)


def test_one_endless_sentence_is_cut_at_clauses(corpus_of, segmenter: Segmenter) -> None:  # type: ignore[no-untyped-def]
    text = ",".join(["慢性肾脏病患者需要定期复查"] * 60) + "。"
    _, passages = passages_of(corpus_of({"a.md": HEAD + text}), segmenter)
    assert len(passages) > 2
    assert all(p.text.startswith("慢性肾脏病") for p in passages)
    assert max(len(p.text) for p in passages) <= 270


def test_a_long_table_is_cut_between_rows_and_remembers_its_header(corpus_of, segmenter: Segmenter) -> None:  # type: ignore[no-untyped-def]
    rows = "\n".join(f"|项目{n}|{'值' * 30}|" for n in range(20))
    _, passages = passages_of(corpus_of({"a.md": f"{HEAD}|名称|内容|\n|-|-|\n{rows}\n"}), segmenter)
    assert len(passages) > 1
    assert all(p.lead == "名称 | 内容" for p in passages[1:])


def test_references_cover_the_paragraph_they_end(corpus_of, segmenter: Segmenter) -> None:  # type: ignore[no-untyped-def]
    sentence = "这一句说的是某项研究的一部分结果和它的意义。"
    head = HEAD.replace("---\n\n", "references:\n- {id: k1, title: T, custom: {evidence: review}}\n---\n\n")
    text = (
        head
        + f"{sentence * 20}[@k1]\n\n别的一段,和文献没有关系,只是接着说下去,说得够长,超过四十个字,好让它自成一段,不并入前文。\n"
    )
    _, passages = passages_of(corpus_of({"a.md": text}), segmenter)
    assert len(passages) >= 3
    assert all(p.references == ("k1",) and p.evidence == "review" for p in passages[:-1])
    assert passages[-1].references == ()
    assert passages[-1].evidence is None


def test_faq_variants_are_indexed_and_excludes_kept(corpus_of, segmenter: Segmenter) -> None:  # type: ignore[no-untyped-def]
    table = "question,answer,variants,excludes\n抽血要空腹吗,要空腹八小时以上。,能吃早饭吗|喝水行吗,抽血多少钱\n"
    folder = corpus_of({"faq/x.csv": table})
    passages = cut_document(read_corpus(folder)[0], segmenter, Limits())
    assert passages[0].text == "要空腹八小时以上。"
    assert {"抽血要空腹吗", "能吃早饭吗", "喝水行吗"} <= set(passages[0].index_texts)
    assert passages[0].excluded == ("抽血多少钱",)


def test_labels(segmenter: Segmenter) -> None:
    assert label_of("慢性肾病:2025年3月") == "慢性肾病"
    assert label_of("慢性肾病\uff1a2025年3月") == "慢性肾病"
    assert label_of("没有标签,只是一句话:对吧") == ""
    assert label_of("https://x.cn") == ""
    labels = ["狼疮性肾炎", "急性肾损伤"]
    assert true_topic("狼疮性肾炎:评估治疗AKI的安全性", labels, segmenter.lexicon) == "急性肾损伤"
    assert true_topic("狼疮性肾炎:缓解狼疮肾炎,也提到急性肾损伤", ["狼疮肾炎", "急性肾损伤"], segmenter.lexicon) is None
    assert true_topic("狼疮性肾炎:没有提到别的", labels, segmenter.lexicon) is None


def test_any_text_is_cut_into_verbatim_slices(corpus_of, segmenter: Segmenter) -> None:  # type: ignore[no-untyped-def]
    chance = random.Random(7)
    words = [
        "肾脏",
        "。",
        ",",
        ":",
        "\n\n",
        "\n\n- ",
        "\n\n1. ",
        "(",
        ")",
        "“",
        "”",
        "干细胞治疗",
        " ",
        "# 题\n\n",
        "|a|b|\n|-|-|\n|1|2|\n\n",
        "[@k]",
        "*重*",
        "<b>",
        "…",
        "?",
    ]
    for _ in range(150):
        text = "".join(chance.choices(words, k=chance.randint(1, 120)))
        folder = corpus_of({"a.md": HEAD + text})
        document, passages = passages_of(folder, segmenter, Limits(10, 60, 100))
        end = 0
        for passage in passages:
            assert passage.text == document.body[passage.start : passage.end] != ""
            assert passage.start >= end
            end = passage.end
