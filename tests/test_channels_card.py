"""Cards and source pages: what is shown is the passage's own words, marked, escaped and complete."""

from __future__ import annotations

import dataclasses
import html
import re
from html.parser import HTMLParser

import pytest

from bot.channels import card, wording
from bot.channels.source_text import SourceText
from bot.dialogue.dialogue import Dialogue
from bot.records import (
    Block,
    Citation,
    Document,
    Note,
    Passage,
    Reference,
    Reply,
    ReplyDocument,
    ReplyNote,
    ReplyPassage,
    ReplyReference,
)
from bot.settings import Clinic

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)> # h **b** $x$ [a](javascript:x) `c` |t|\u202e&lt;"
DOCUMENT = ReplyDocument("kidney", HOSTILE, "javascript:alert(1)", "2025-06", "0" * 64)


class Words(HTMLParser):
    """Collects the tags and the visible words of HTML."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data


def passage(text: str, **changes: object) -> ReplyPassage:
    reference = ReplyReference("a", "LI J. Title[J]. BMC, 2025.", "10.1/x", "https://doi.org/10.1/x")
    made = ReplyPassage(
        "kidney.1",
        text,
        0.9,
        (),
        DOCUMENT,
        ("节",),
        0,
        len(text),
        "review",
        (reference,),
        (ReplyNote("erratum", "注"),),
    )
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


def test_escape_leaves_no_sign_that_html_or_markdown_reads() -> None:
    written = card.escape(HOSTILE)
    assert not re.search(r"[<>\"'`*_\[\]()$#|~\\\n!]", re.sub(r"&#\d+;", "", written))
    assert html.unescape(written) == HOSTILE.replace("\u202e", "")


@pytest.mark.parametrize("kind", ["answer", "clarify", "decline", "emergency", "smalltalk"])
def test_hostile_text_stays_text_in_every_place_of_every_kind(kind: str) -> None:
    shown = passage(
        HOSTILE,
        lead=HOSTILE,
        section=(HOSTILE,),
        highlights=((0, 8), (20, 30)),
        notes=(ReplyNote("caveat", HOSTILE),),
        references=(ReplyReference("a", HOSTILE, HOSTILE, "javascript:alert(1)"),),
    )
    reply = Reply("r_1", "s_1", kind, HOSTILE, (shown,), (), HOSTILE)  # type: ignore[arg-type]
    clinic = Clinic(name=HOSTILE, phone=HOSTILE, address=HOSTILE, hours=HOSTILE, url="javascript:alert(1)")
    for markup in (card.reply_html(reply, clinic), card.question_html(HOSTILE), card.notice_html(HOSTILE)):
        assert "\n" not in markup
        parsed = Words(markup)
        assert {tag for tag, _ in parsed.tags} <= {
            "div", "p", "span", "mark", "b", "a", "ul", "ol", "li", "button", "br", "bdi",
        }  # fmt: skip
        for _, attributes in parsed.tags:
            assert set(attributes) <= {"class", "href", "target", "rel", "type", "role", "aria-label", "data-passage"}
            assert re.match(r"(https?://|/source/|tel:)", attributes.get("href") or "/source/")
        assert "<script>alert(1)</script>" in parsed.words


def test_highlights_mark_exactly_their_words() -> None:
    markup = card.marked_text("慢性肾病患者", ((0, 4), (2, 6)))
    assert markup == "<p><mark>慢性肾病</mark><mark>患者</mark></p>"
    assert card.marked_text("甲乙丙", ((1, 2),)) == "<p>甲<mark>乙</mark>丙</p>"
    assert card.marked_text("甲", ((5, 9),)) == "<p>甲</p>"


def test_list_lines_become_lists_and_marks_stay_in_place() -> None:
    text = "有两点:\n- 甲一\n- 乙二\n\n3. 丙三\n末"
    at = text.index("乙")
    assert card.marked_text(text, ((at, at + 1),)) == (
        '<p>有两点&#58;</p><ul><li>甲一</li><li><mark>乙</mark>二</li></ul><ol><li value="3">丙三</li></ol><p>末</p>'
    )


def test_rows_with_bars_become_a_table() -> None:
    assert card.marked_text("药 | 量\n甲 | 一", ((4, 5), (6, 7))) == (
        "<table><tr><td>药</td><td><mark>量</mark></td></tr><tr><td><mark>甲</mark></td><td>一</td></tr></table>"
    )


def test_a_card_names_source_evidence_reference_and_note() -> None:
    words = Words(card.passage_html(passage("原文一句。"))).words
    for expected in ("原文一句。", "综述", "LI J. Title[J]. BMC, 2025.", "DOI: 10.1/x", "勘误", wording.SOURCE_LINK):
        assert expected in words
    hrefs = [attributes.get("href") for tag, attributes in Words(card.passage_html(passage("句"))).tags if tag == "a"]
    assert hrefs == ["https://doi.org/10.1/x", "/source/kidney#kidney.1"]
    unknown = Words(card.passage_html(passage("句", evidence=None))).words
    assert wording.EVIDENCE_UNKNOWN in unknown


def test_the_copied_text_is_complete_and_plain() -> None:
    text = card.card_text(passage("原文一句。", lead="引导句:"), "免责")
    lines = text.split("\n")
    assert lines[:2] == ["引导句:", "原文一句。"]
    assert "LI J. Title[J]. BMC, 2025. https://doi.org/10.1/x" in text
    assert "勘误" in text
    assert lines[-1] == "免责"
    copied = Words(card.passage_html(passage("甲\n乙"), "免责")).words
    assert card.card_text(passage("甲\n乙"), "免责") in copied


def test_an_emergency_calls_first_and_large() -> None:
    reply = Reply("r", "s", "emergency", "请拨打 120。心理援助 12356,电话 0571-12345678。")
    tags = Words(card.reply_html(reply)).tags
    calls = [attributes for tag, attributes in tags if tag == "a"]
    assert [call["href"] for call in calls] == ["tel:120", "tel:12356", "tel:0571-12345678"]
    assert calls[0]["class"] == "yj-call"
    bare = Words(card.reply_html(Reply("r", "s", "emergency", "请立即求助。"))).tags
    assert [attributes["href"] for tag, attributes in bare if tag == "a"] == ["tel:120"]


def test_a_decline_shows_how_to_reach_the_clinic_unless_it_said_so() -> None:
    clinic = Clinic(phone="0571-1234 5678", url="https://clinic.example/")
    markup = card.reply_html(Reply("r", "s", "decline", "抱歉。"), clinic)
    assert 'href="tel:057112345678"' in html.unescape(markup)
    said = Reply("r", "s", "decline", "抱歉,请拨 0571-1234 5678 或看 https://clinic.example/。")
    assert "yj-contact" not in card.reply_html(said, clinic)


class SourceWords(HTMLParser):
    """Collects a source page's own words, whole and by passage, without citation marks and notes."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.open: list[tuple[str, str]] = []
        self.whole = ""
        self.by_passage: dict[str, str] = {}
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "br":
            given = dict(attrs)
            skipped = tag == "sup" or (given.get("class") or "").startswith("note ")
            self.open.append((tag, "skip" if skipped else given.get("data-passages") or ""))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        names = [name for _, name in self.open if name]
        if "skip" in names:
            return
        self.whole += squeezed(data)
        for name in " ".join(names).split():
            self.by_passage[name] = self.by_passage.get(name, "") + squeezed(data)


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


def test_the_source_page_shows_every_word_of_the_real_article_in_order(dialogue: Dialogue) -> None:
    document = dialogue.document("stem-cells-kidney")
    markup = str(SourceText(document, dialogue.passages_of(document.id)).html())
    expected = "".join(document.body[block.start : block.end] for block in document.blocks)
    assert SourceWords(markup).whole == squeezed(expected)


def test_every_passage_of_the_real_article_has_one_anchor_and_all_its_words(dialogue: Dialogue) -> None:
    document = dialogue.document("stem-cells-kidney")
    passages = dialogue.passages_of(document.id)
    markup = str(SourceText(document, passages).html())
    words = SourceWords(markup).by_passage
    assert sorted(words) == sorted(item.id for item in passages)
    for item in passages:
        assert markup.count(f'id="{item.id}"') == 1
        blocks = [block for block in document.blocks if block.start < item.end and item.start < block.end]
        parts = [document.body[max(block.start, item.start) : min(block.end, item.end)] for block in blocks]
        assert words[item.id] == squeezed("".join(parts))


def test_source_blocks_citations_notes_and_nested_lists() -> None:
    body = "题\n\n甲乙丙丁\n\n- 一\n  - 二\n- 三\n\n1. 四"
    at = body.index
    blocks = (
        Block("heading", 0, 1, 1, level=2),
        Block("paragraph", at("甲"), at("丁") + 1, 3),
        Block("item", at("一"), at("一") + 1, 5, level=1, list_id=1),
        Block("item", at("二"), at("二") + 1, 6, level=2, list_id=1),
        Block("item", at("三"), at("三") + 1, 7, level=1, list_id=1),
        Block("item", at("四"), at("四") + 1, 9, level=1, list_id=2),
    )
    note = Note("erratum", "<i>注</i>", "乙", at("乙"), at("乙") + 1)
    document = Document(
        "d", "题", body, "", blocks, (Citation(at("丙"), ("r",)),), (Reference("r", "文献"),), (note,), "免责"
    )
    part = Passage("d.1", "d", "乙丙", at("乙"), at("丙") + 1, (), (), None, (), "", ())
    markup = str(SourceText(document, (part,)).html())
    assert "<h2>题</h2>" in markup
    assert (
        '<p>甲<span class="passage" id="d.1" data-passages="d.1"><span class="noted">乙</span>'
        '<sup>[<a href="#ref-r">1</a>]</sup>丙</span>丁</p>'
    ) in markup
    assert "&lt;i&gt;注&lt;/i&gt;" in markup
    assert "<ul><li>一<ul><li>二</li></ul></li><li>三</li></ul>" in markup
    assert '<ol><li value="1">四</li></ol>' in markup
