"""Reading texts: the real article word for word, the format's parts, and complaints that name file and line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.corpus.citation import gbt7714, item_url
from bot.corpus.markdown import parse_body
from bot.corpus.reader import corpus_files, read_corpus, sha256_text
from bot.errors import CorpusError
from tests.conftest import CORPUS, ROOT

HEAD = "---\nid: a\ntitle: 甲\n---\n\n"


def squeeze(text: str) -> str:
    return re.sub(r"\s+", "", re.sub(r"^- ", "", text, flags=re.MULTILINE))


def test_the_article_is_there_word_for_word_and_in_order() -> None:
    source = (ROOT / "tests/data/stem-cells-kidney.source.txt").read_text(encoding="utf-8")
    document = next(d for d in read_corpus(CORPUS) if d.id == "stem-cells-kidney")
    assert squeeze(document.body) == squeeze(source)


def test_the_article_keeps_its_lists_references_and_notes() -> None:
    document = next(d for d in read_corpus(CORPUS) if d.id == "stem-cells-kidney")
    items = [b for b in document.blocks if b.kind == "item" and b.answers]
    assert len(items) == 7
    dois = {reference.doi for reference in document.references}
    assert dois == {"10.1186/s12882-025-04029-y", "10.15283/ijsc24113", "10.1016/j.lfs.2025.123623"}
    cited = [key for citation in document.citations for key in citation.keys]
    assert sorted(cited) == ["ko2025", "li2025", "xia2025"]
    for note in document.notes:
        assert document.body[note.start : note.end] == note.quote
    assert sum(note.kind == "erratum" for note in document.notes) >= 3
    assert document.disclaimer.startswith("免责说明")
    assert "[@" not in document.body


def test_body_has_no_markup_and_blocks_know_their_place() -> None:
    source = "# 一\n\n段**落**[链接](http://x.cn)`码`[@k1; @k2]。尾\n\n- 甲\n- 乙\n\n1. 丙\n2. 丁\n\n> 引\n\n|a|b|\n|-|-|\n|1|2|\n"
    body, blocks, citations = parse_body(source, 4)
    assert body == "一\n\n段落链接码。尾\n\n- 甲\n- 乙\n\n1. 丙\n2. 丁\n\n引\n\na | b\n1 | 2"
    found = [(b.kind, body[b.start : b.end], b.line) for b in blocks]
    assert found == [
        ("heading", "一", 5), ("paragraph", "段落链接码。尾", 7), ("item", "甲", 9), ("item", "乙", 10),
        ("item", "丙", 12), ("item", "丁", 13), ("quote", "引", 15), ("table", "a | b\n1 | 2", 17),
    ]  # fmt: skip
    assert [(c.offset - body.index("段落"), c.keys) for c in citations] == [(5, ("k1", "k2"))]


def test_raw_html_never_reaches_the_body() -> None:
    body, _, _ = parse_body("好<script>alert(1)</script>的\n\n<div onclick=x>块</div>\n", 0)
    assert body == "好alert(1)的\n\n块"


def test_noindex_and_boilerplate_do_not_answer() -> None:
    source = "## 甲\n\n答。\n\n相关阅读:某文\n\n## 附录 {.noindex}\n\n不答。\n\n### 子\n\n也不。\n\n## 乙\n\n又答。\n\n## 参考文献\n\n[1] 某\n"
    body, blocks, _ = parse_body(source, 0)
    answering = [body[b.start : b.end] for b in blocks if b.answers]
    assert answering == ["甲", "答。", "乙", "又答。"]
    assert "附录" in body
    assert "noindex" not in body


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("无头\n", r"a\.md:1"),
        ("---\nid: a\n", r"a\.md:1.*没有结束"),
        ("---\nid: a\ntitle: [\n---\n文", r"a\.md:\d+.*YAML"),
        ("---\n- 一\n---\n文", r"a\.md:2"),
        ("---\ntitle: 甲\n---\n文", r"缺少 id"),
        ("---\nid: a\n---\n文", r"缺少 title"),
        ("---\nid: ../../etc\ntitle: 甲\n---\n文", "不能用"),
        ("---\nid: a\ntitle: {x: 1}\n---\n文", "title 应是"),
        ("---\nid: a\ntitle: 甲\nurl: javascript:alert(1)\n---\n文", r"a\.md:4.*url"),
        ("---\nid: a\ntitle: 甲\nreferences: 好\n---\n文", r"a\.md:4"),
        ("---\nid: a\ntitle: 甲\nreferences:\n- id: k\n- id: k\n---\n文", r"a\.md:5.*两次"),
        ("---\nid: a\ntitle: 甲\nreferences:\n- id: k\n  custom: {evidence: magic}\n---\n文", "证据类型"),
        ("---\nid: a\ntitle: 甲\nnotes:\n- {quote: 没有, kind: caveat, text: 注}\n---\n文", r"a\.md:5.*没有这句话"),
        ("---\nid: a\ntitle: 甲\nnotes:\n- {quote: 文, kind: caveat, text: 注}\n---\n文文", "出现了 2 次"),
        ("---\nid: a\ntitle: 甲\nnotes:\n- {quote: 文, kind: 好, text: 注}\n---\n文", "不认识"),
    ],
)  # fmt: skip
def test_complaints_name_file_and_line(corpus_of, content: str, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(CorpusError, match=message):
        read_corpus(corpus_of({"a.md": content}))


def test_wrong_bytes_name_the_line(corpus_of) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(CorpusError, match=r"a\.md:6.*UTF-8"):
        read_corpus(corpus_of({"a.md": HEAD.encode() + b"\xb8\xce\n"}))


def test_same_id_twice_and_empty_and_missing_corpus(corpus_of, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(CorpusError, match="已被"):
        read_corpus(corpus_of({"a.md": HEAD + "文", "b.md": HEAD + "文"}))
    with pytest.raises(CorpusError, match="没有文章"):
        (tmp_path / "empty").mkdir()
        read_corpus(tmp_path / "empty")
    with pytest.raises(CorpusError, match="不存在"):
        read_corpus(tmp_path / "nowhere")


def test_readmes_and_hidden_files_are_no_texts(corpus_of) -> None:  # type: ignore[no-untyped-def]
    folder = corpus_of({"a.md": HEAD + "文", "README.md": "x", ".git/b.md": "x", "sub/c.md": HEAD})
    assert [path.name for path in corpus_files(folder)] == ["a.md", "c.md"]


def test_windows_files_read_the_same(corpus_of) -> None:  # type: ignore[no-untyped-def]
    raw = "\ufeff" + (HEAD + "一。\n\n二。\n").replace("\n", "\r\n")
    document = read_corpus(corpus_of({"a.md": raw}))[0]
    assert document.body == "一。\n\n二。"
    assert document.sha256 == sha256_text("一。\n\n二。")


def test_faq_table(corpus_of) -> None:  # type: ignore[no-untyped-def]
    table = 'question,answer,variants,excludes,references\n要空腹吗,"要,空腹8小时。",能吃早饭吗|可以喝水吗,多少钱,某文. 2024. DOI: 10.1000/x1\n'
    document = read_corpus(corpus_of({"faq/体检.csv": table}))[0]
    assert document.body == "要空腹吗\n\n要,空腹8小时。"
    assert document.questions[0].asked == ("要空腹吗", "能吃早饭吗", "可以喝水吗")
    assert document.questions[0].excluded == ("多少钱",)
    assert document.references[0].doi == "10.1000/x1"
    assert document.id.startswith("faq-")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("问,答\n", ":1:缺少列"),
        ("question,answer\n一,\n", ":2:"),
        ("question,answer\n一,二,三\n", ":2:.*太多"),
        ("question,answer\n", "没有问答"),
    ],
)
def test_faq_complaints(corpus_of, table: str, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(CorpusError, match=message):
        read_corpus(corpus_of({"faq/x.csv": table}))


def test_gbt7714() -> None:
    item = {
        "id": "li", "type": "article-journal", "title": "T", "container-title": "BMC Nephrol", "volume": 26, "page": "107",
        "author": [{"family": "Li", "given": "Jun"}, {"family": "Wu", "given": "M."}, {"family": "He"}, {"family": "Z"}],
        "issued": {"date-parts": [[2025, 3]]}, "DOI": "10.1/x",
    }  # fmt: skip
    assert gbt7714(item) == "LI J, WU M, HE, et al. T[J/OL]. BMC Nephrol, 2025, 26: 107. DOI: 10.1/x."
    assert item_url(item) == "https://doi.org/10.1/x"
    chinese = {"type": "book", "title": "肾脏病学", "author": [{"family": "王", "given": "海燕"}], "publisher": "人民卫生出版社",
               "publisher-place": "北京", "issued": "2008"}  # fmt: skip
    assert gbt7714(chinese) == "王海燕. 肾脏病学[M]. 北京: 人民卫生出版社, 2008."
    assert gbt7714({"id": "x"}) == "x[Z]."
    assert item_url({"URL": "javascript:alert(1)"}) is None
