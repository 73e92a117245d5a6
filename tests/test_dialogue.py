"""A turn over the real index: the contract of a reply, declines, bad questions, feedback, many at once."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from bot.dialogue.answerability import Thresholds, choose, outcome, thresholds_of
from bot.dialogue.dialogue import Dialogue, open_dialogue
from bot.errors import QuestionError, UnknownPassageError
from bot.journal.journal import open_journal
from bot.records import Hit, Passage
from bot.settings import Settings


def test_an_answer_keeps_the_contract(dialogue: Dialogue) -> None:
    reply = dialogue.reply(None, "干细胞是怎么修复肾脏的?")
    assert reply.kind == "answer"
    assert 1 <= len(reply.passages) <= 3
    assert re.fullmatch(r"r_[\w-]{16}", reply.id)
    assert re.fullmatch(r"s_[\w-]{32}", reply.session)
    assert reply.disclaimer.startswith("免责说明")
    assert 0 < reply.confidence <= 1
    for passage in reply.passages:
        document = dialogue.document(passage.document.id)
        assert passage.text == document.body[passage.start : passage.end]
        assert passage.document.sha256 == document.sha256
        assert passage.references
        assert all(0 <= a < b <= len(passage.text) for a, b in passage.highlights)
    assert reply.confidence == reply.passages[0].score
    assert set(json.loads(json.dumps(reply.to_json()))) == {
        "id", "session", "kind", "text", "passages", "suggestions", "disclaimer", "confidence", "took_ms",
        "reading",
    }  # fmt: skip


def test_a_disease_finds_the_paragraph_that_is_about_it(dialogue: Dialogue) -> None:
    acute = dialogue.reply(None, "急性肾损伤有什么新的治疗研究").passages[0]
    assert "艾米迈托赛" in acute.text
    assert any(note.kind == "erratum" for note in acute.notes)
    assert acute.references[0].id == "stem-cells-kidney"  # the source cites nothing for it: the article itself
    lupus = dialogue.reply(None, "狼疮性肾炎可以用干细胞治疗吗").passages[0]
    assert "CXCL14" in lupus.text
    assert lupus.references[0].doi == "10.1016/j.lfs.2025.123623"


def test_a_question_about_something_else_is_declined_with_help(dialogue: Dialogue) -> None:
    reply = dialogue.reply(None, "今天股票涨了吗")
    assert reply.kind == "decline"
    assert reply.passages == ()
    assert reply.disclaimer == ""
    assert "修复肾脏的希望" in reply.text
    assert reply.suggestions


def test_sessions_are_kept_or_made(dialogue: Dialogue) -> None:
    first = dialogue.reply(None, "什么是干细胞治疗")
    assert dialogue.reply(first.session, "安全吗").session == first.session
    for forged in ("", "x", "s_short", "s_" + "a" * 200, "../../etc/passwd"):
        assert dialogue.reply(forged, "安全吗").session != forged


@pytest.mark.parametrize("text", ["", "   ", "\x00\x07", "\u200b\ud800", "\n\n"])
def test_nothing_asked(dialogue: Dialogue, text: str) -> None:
    with pytest.raises(QuestionError, match="请输入"):
        dialogue.reply(None, text)


@pytest.mark.parametrize("text", ["肾" * 501, "肾" * 100_000, "a b " * 50_000])
def test_too_long(dialogue: Dialogue, text: str) -> None:
    with pytest.raises(QuestionError, match="太长"):
        dialogue.reply(None, text)


@pytest.mark.parametrize(
    "text",
    [
        "???",
        "。",
        "😀😀",
        "<script>alert(1)</script>",
        "干细胞\x00治疗\ud83d",
        "' OR 1=1 --",
        "{}[]()*+?\\^$|",
        "%s%n{0}",
        "𠮷" * 100,
        "﷽" * 50,
        "肾" * 500,
    ],
)
def test_odd_questions_get_a_harmless_reply(dialogue: Dialogue, text: str) -> None:
    reply = dialogue.reply(None, text)
    assert reply.kind in ("answer", "clarify", "decline")
    json.dumps(reply.to_json(), ensure_ascii=False).encode("utf-8")


def test_unknown_names(dialogue: Dialogue) -> None:
    for call in (dialogue.passage, dialogue.document):
        with pytest.raises(UnknownPassageError):
            call("nothing")
    assert dialogue.passages_of("nothing") == ()


def test_starters_come_from_the_corpus(dialogue: Dialogue) -> None:
    body = dialogue.document("stem-cells-kidney").body
    starters = dialogue.starters()
    assert 3 <= len(starters) <= 6
    # "A：B" joins a heading with the one above it; every part is the article's own.
    assert all(part in body for text in starters for part in text.split("："))
    for text in starters:
        assert dialogue.reply(None, text).kind == "answer", text


def test_feedback_belongs_to_a_reply(dialogue: Dialogue) -> None:
    reply = dialogue.reply(None, "干细胞治疗安全吗")
    dialogue.feedback(reply.id, "up")
    with pytest.raises(UnknownPassageError):
        dialogue.feedback("r_unknown", "up")


def test_answers_go_on_where_the_journal_cannot_be_written(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    broken = settings.model_copy(update={"journal_file": tmp_path / "file" / "journal.sqlite3"})
    opened = open_dialogue(broken, open_journal(broken))
    for _ in range(3):
        assert opened.reply(None, "干细胞治疗安全吗").kind == "answer"
    opened.close()


def test_many_at_once_give_the_same_answers(dialogue: Dialogue) -> None:
    questions = ["干细胞怎么治肾病", "糖尿病肾病有什么进展", "会不会得肿瘤", "iPSC是什么", "谁在做临床试验"]
    alone = {q: [p.id for p in dialogue.reply(None, q).passages] for q in questions}
    with ThreadPoolExecutor(16) as pool:
        together = list(pool.map(lambda q: (q, [p.id for p in dialogue.reply(None, q).passages]), questions * 20))
    assert all(alone[question] == found for question, found in together)


def hit(probability: float) -> Hit:
    passage = Passage("p", "d", "文", 0, 1, (), (), None, (), "", ("文",))
    return Hit(passage, 1, 9.0, 8.5, 1, 0.9, None, None, 1, 0.9, 0.0, 0.5, (), (), {}, probability)


def test_outcomes_follow_the_thresholds() -> None:
    limits = Thresholds(answer=0.5, clarify=0.2)
    assert [outcome([hit(p)], limits) for p in (0.5, 0.49, 0.2, 0.19)] == ["answer", "clarify", "clarify", "decline"]
    assert outcome([], limits) == "decline"
    assert thresholds_of({"thresholds": {"answer": 0.7, "clarify": 0.3}}) == Thresholds(0.7, 0.3)
    assert thresholds_of({}) == Thresholds()


def test_further_passages_must_be_nearly_as_sure() -> None:
    limits = Thresholds(answer=0.5, clarify=0.2)
    hits = [hit(0.9), hit(0.6), hit(0.3)]
    assert [h.probability for h in choose(hits, limits, 0.5, 3)] == [0.9, 0.6]
    assert len(choose(hits, limits, 0.5, 1)) == 1
    assert choose([hit(0.49), hit(0.9)], limits, 0.5, 3) == []
    assert choose([], limits, 0.5, 3) == []


def test_unsure_replies_ask_back_in_the_corpus_own_words(dialogue: Dialogue, monkeypatch: pytest.MonkeyPatch) -> None:
    view = dialogue._now()
    sure = replace(view, thresholds=Thresholds(answer=1.1, clarify=0.0))
    monkeypatch.setattr(dialogue, "_now", lambda site=None: sure)
    reply = dialogue.reply(None, "干细胞治疗安全吗")
    assert reply.kind == "clarify"
    assert 1 <= len(reply.suggestions) <= 3
    body = dialogue.document("stem-cells-kidney").body + dialogue.document("stem-cells-kidney").title
    assert all(text in body for text in reply.suggestions)
    assert not reply.passages


def test_a_question_that_was_put_right_is_shown(dialogue: Dialogue) -> None:
    reply = dialogue.reply(None, "ganxibao zhiliao anquan ma")
    assert reply.text.startswith("按“干细胞治疗安全吗”为您查找。")
    assert "为您查找" not in dialogue.reply(None, "干细胞治疗安全吗").text
