"""Replies as WeChat texts: in size, whole where they must be, nothing lost, nothing that a phone would show as markup."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st

from bot.channels import wording
from bot.channels.wechat.fitting import pieces, size, split_long, take
from bot.channels.wechat.plain import anchor, spoken
from bot.channels.wechat.render import Look, disclaimer_of, render
from bot.records import Reply, ReplyDocument, ReplyNote, ReplyPassage, ReplyReference

LOOK = Look(2048, "links", "https://ask.example.cn")
DISCLAIMER = "免责说明:本文仅供参考。"
WORDS = st.text(
    st.sampled_from("肾病干细胞治疗研究患者可以不能需要请咨询医生,;。!\n abc123👩‍⚕️é"), min_size=1, max_size=900
)
LINES = st.text(st.sampled_from("肾病学报研究张三,. JOURNAL2025:[]"), min_size=1, max_size=400).map(
    lambda t: " ".join(t.split()) or "文献"
)


def document() -> ReplyDocument:
    return ReplyDocument("doc", "肾病须知", "https://x.cn", "2025-01-01", "0" * 64, "某医院")


def passage(
    text: str, references: tuple[str, ...] = ("张三. 肾病[J]. 2025.",), notes: tuple[str, ...] = (), lead: str = ""
) -> ReplyPassage:
    cited = tuple(ReplyReference(f"r{n}", line, None, None) for n, line in enumerate(references))
    return ReplyPassage(
        "doc.1", text, 0.9, (), document(), ("治疗",), 0, len(text), "review", cited,
        tuple(ReplyNote("erratum", note) for note in notes), lead,
    )  # fmt: skip


def reply(*passages: ReplyPassage, **fields: Any) -> Reply:
    given = {"kind": "answer", "text": "下面这段原文与您的问题最相关：", "disclaimer": DISCLAIMER, **fields}
    return Reply(id="r_1", session="s_1", passages=passages, **given)


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def body_of(pages: tuple[str, ...]) -> str:
    """Everything on all pages, without the marks of continuation: to look for the passage's words in their order."""
    marks = (wording.WECHAT_REST, wording.WECHAT_CONTINUED)
    text = "".join(pages)
    for mark in marks:
        text = text.replace(mark, "")
    return squeezed(text)


PASSAGES = st.builds(
    passage,
    WORDS,
    st.lists(LINES, min_size=1, max_size=6).map(tuple),
    st.lists(LINES, max_size=4).map(tuple),
    st.one_of(st.just(""), LINES),
)


@rules(deadline=None, max_examples=150)
@given(
    st.lists(PASSAGES, min_size=1, max_size=3),
    st.lists(LINES, max_size=6).map(tuple),
    st.sampled_from(["links", "numbers", "none"]),
    st.integers(600, 2048),
)
def test_any_reply_fits_whole(
    passages: list[ReplyPassage], suggestions: tuple[str, ...], style: Any, most: int
) -> None:
    found = reply(*passages, suggestions=suggestions)
    rendered = render(found, Look(most, style, "https://ask.example.cn"), "问题")
    assert all(0 < size(page) <= most for page in rendered.pages)
    everything = squeezed("".join(rendered.pages))
    for shown in passages:
        for line in [note.text for note in shown.notes] + [reference.citation for reference in shown.references]:
            if size(line) < most - 400:  # whole on one page
                assert any(squeezed(line) in squeezed(page) for page in rendered.pages)
            else:
                assert squeezed(line)[:20] in everything
        for sentence in pieces(spoken(shown.text)):
            assert squeezed(sentence)[:8] in body_of(rendered.pages)
    for page in rendered.pages:
        if "证据类型" in page:  # what shows a passage has its disclaimer whole
            assert DISCLAIMER in page
    assert all(text.count("<a ") == text.count("</a>") for text in rendered.pages)


def test_an_ordinary_answer() -> None:
    found = reply(passage("可以吃盐,但要少。\n每天不超过五克。"), suggestions=("透析能吃水果吗?",))
    rendered = render(found, LOOK)
    assert rendered.pages == (
        "下面这段原文与您的问题最相关：\n《肾病须知》 › 治疗\n可以吃盐,但要少。\n每天不超过五克。\n\n证据类型：综述\n出处：张三. 肾病[J]. 2025.\n\n"
        f"{DISCLAIMER}\n全文：https://ask.example.cn/source/doc#doc.1\n\n还可以问（点一下，或回复数字）：\n"
        '<a href="weixin://bizmsgmenu?msgmenucontent=透析能吃水果吗？&msgmenuid=1">1. 透析能吃水果吗?</a>\n'
        "网页版：https://ask.example.cn/m",
    )


def test_a_long_passage_goes_on_with_more_and_keeps_every_word_in_order() -> None:
    text = "".join(f"这是第{n}句话,它说的是肾脏病患者在日常生活里要注意的第{n}件事情。" for n in range(60))
    rendered = render(reply(passage(text, notes=("编者的提示。",))), LOOK)
    assert len(rendered.pages) >= 3
    words = ""
    for number, page in enumerate(rendered.pages):
        assert "编者的提示。" in page
        assert "出处：张三. 肾病[J]. 2025." in page
        assert DISCLAIMER in page
        assert ("回复“更多”看余下的部分" in page) == (number + 1 < len(rendered.pages))
        shown = page.split("\n\n")[0].split("\n")
        kept = [line for line in shown if line.startswith("这是第")]
        assert len(kept) == 1
        assert kept[0].endswith("。")  # whole sentences
        words += kept[0]
    assert words == text


def test_the_other_passages_come_with_more() -> None:
    rendered = render(reply(passage("第一段。"), passage("第二段。"), text="下面 2 段原文："), LOOK)
    assert len(rendered.pages) == 2
    assert "（第 1 段，共 2 段）" in rendered.pages[0]
    assert wording.WECHAT_OTHERS in rendered.pages[0]
    assert "第二段。" in rendered.pages[1]
    assert wording.WECHAT_OTHERS not in rendered.pages[1]


def test_an_emergency_stands_alone() -> None:
    found = Reply("r", "s", "emergency", "请立即拨打 120。", suggestions=("别的问题",))
    assert render(found, LOOK).pages == ("请立即拨打 120。",)
    assert render(found, LOOK).choices == ()


def test_taking_words_literally_is_the_first_choice() -> None:
    found = reply(
        passage("一句。"),
        text="您是想问：狼疮性肾炎能治吗\n原文：",
        reading="狼疮性肾炎能治吗",
        suggestions=("甲", "乙"),
    )
    shown = render(found, Look(600, "none"), "那狼疮呢").pages[0]
    assert shown.startswith(f"您是想问：狼疮性肾炎能治吗\n{wording.WECHAT_LITERALLY}\n原文：")
    choices = render(found, LOOK, "那狼疮呢").choices
    assert [choice.label for choice in choices] == [wording.LITERALLY, "甲", "乙"]
    assert (choices[0].question, choices[0].literal) == ("那狼疮呢", True)


def test_a_long_disclaimer_has_a_short_form() -> None:
    found = reply(passage("一句。"), disclaimer="本文" * 400)
    assert disclaimer_of(found) == wording.WECHAT_DISCLAIMER
    assert wording.WECHAT_DISCLAIMER in render(found, LOOK).pages[0]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("**重要**:`x` __y__", "重要:x y"), ("## 标题\n- 一\n* 二", "标题\n· 一\n· 二"), ("[看](http://a.cn)", "看（http://a.cn）"),
        ("a | b", "a\u3000b"), ('<a href="http://bad">点</a>', '＜a href="http://bad">点＜/a>'), ("p<0.05,2*3*4", "p<0.05,2*3*4"),
    ],
)  # fmt: skip
def test_markup_never_shows(given: str, shown: str) -> None:
    assert spoken(given) == shown


def test_a_citation_keeps_its_signs() -> None:
    line = "LI S. Title[J]. 2025. DOI: 10.1000/a__b__c**d**."
    assert line in render(reply(passage("一句。", (line,))), LOOK).pages[0]


def test_a_tapped_suggestion_sends_its_words_or_its_number() -> None:
    assert "msgmenucontent=肾病能治吗？&" in anchor("1. x", "肾病能治吗?", 1)
    assert "msgmenucontent=2&" in anchor("2. x", 'a&b="c"', 2)


@rules(deadline=None)
@given(st.text(max_size=500), st.integers(8, 200))
def test_splitting_loses_nothing(text: str, room: int) -> None:
    text = text.encode("utf-8", "ignore").decode()
    parts = split_long(text, room)
    assert "".join(parts) == text
    assert all(size(part) <= room for part in parts)
    assert "".join(pieces(text)) == text or not text.strip()


def test_joined_signs_are_not_parted() -> None:
    doctor = "👩‍⚕️"
    assert all(part.count("👩") == part.count("⚕") for part in split_long(doctor * 30, 40))
    assert take(["一", "二", "三"], 6) == 2
