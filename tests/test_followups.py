"""Follow-ups: what a session remembers, what a remark asks of it, how an elliptical question is completed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.dialogue.cues import cue_of
from bot.dialogue.dialogue import Dialogue
from bot.dialogue.followup import readings, remark_of
from bot.dialogue.memory import Session, Sessions
from bot.dialogue.points import points_of
from bot.language.understanding import SubjectWord


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("还有吗", "more"),
        ("还有别的吗？", "more"),
        ("继续", "more"),
        ("是哪篇文献说的", "source"),
        ("有什么依据吗", "source"),
        ("刚才说的那个数据哪来的", "source"),
        ("在哪家医院做的", "where"),
        ("说简单点", "simpler"),
        ("看不懂,能说简单点不", "simpler"),
        ("太专业了，说人话", "simpler"),
        ("再详细一点", "detail"),
        ("举两个例子呗", "detail"),
        ("除了这个,别的招还有没有", "more"),
        ("这个结果是谁家做出来的", "where"),
        ("还有什么副作用", None),
        ("第二次透析要注意什么", None),
        ("干细胞是什么", None),
        ("哪家医院可以做肾移植", None),
        ("有没有新药", None),
    ],
)
def test_what_a_remark_asks_of_the_conversation(text: str, kind: str | None) -> None:
    found = cue_of(text)
    assert (found.kind if found else None) == kind


def test_a_position_names_its_number_and_what_is_counted() -> None:
    cue = cue_of("第二个原因详细说说")
    assert cue is not None
    assert (cue.kind, cue.number, cue.noun, cue.rest) == ("position", 2, "原因", "详细说说")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("最后一条呢", -1),
        ("我最想听最后那个", -1),
        ("末了那条原因再讲讲", -1),
        ("倒数第二个展开讲讲", -2),
        ("头一个呢", 1),
    ],
)
def test_positions_are_counted_from_either_end(text: str, number: int) -> None:
    cue = cue_of(text)
    assert cue is not None
    assert (cue.kind, cue.number) == ("position", number)


@pytest.mark.parametrize("text", ["头一次透析疼吗", "最后还能活多久", "倒数第二节腰椎骨折怎么办"])
def test_what_only_begins_like_a_position_is_a_question(text: str) -> None:
    assert cue_of(text) is None


def test_a_list_is_counted_from_its_end(dialogue: Dialogue) -> None:
    first = dialogue.reply(None, "为啥做临床试验的都爱用人工干细胞")
    said = {
        word: dialogue.reply(first.session, word).passages[0] for word in ("第一个呢", "倒数第三个呢", "最后一个呢")
    }
    marked = {word: [passage.text[a:b] for a, b in passage.highlights] for word, passage in said.items()}
    assert marked["第一个呢"] == marked["倒数第三个呢"] != marked["最后一个呢"]
    assert marked["第一个呢"][0].startswith("1.")


def test_points_of_a_list() -> None:
    text = "主要有三个原因:\n1. 首先是数量。\n2. 其次是疗效。\n3. 还有安全。"
    assert [text[a:b] for a, b in points_of(text)] == ["1. 首先是数量。", "2. 其次是疗效。", "3. 还有安全。"]
    prose = "一方面能修复；另一方面能调节：\n- 甲\n- 乙"
    assert [prose[a:b] for a, b in points_of(prose, "方面")] == ["一方面能修复；", "另一方面能调节：\n- 甲\n- 乙"]
    assert points_of("肌酐1.5是高了一点。") == []


WEIGHTS = {
    "干细胞": 9.0,
    "糖尿病肾病": 10.0,
    "狼疮性肾炎": 10.0,
    "排斥": 5.0,
    "副作用": 4.0,
    "高血压": 6.0,
    "咖啡": 3.0,
    "治": 0.0,
}


def words_of(text: str) -> list[SubjectWord]:
    found = []
    for word, weight in WEIGHTS.items():
        at = text.find(word)
        while at >= 0:
            found.append(SubjectWord(word, at, at + len(word), weight))
            at = text.find(word, at + len(word))
    return sorted(found, key=lambda word: word.start)


def texts(said: str, question: str = "干细胞能治糖尿病肾病吗") -> list[str]:
    return [reading.text for reading in readings(remark_of(said, words_of), question, (), words_of)]


def test_new_words_take_the_place_of_old_ones() -> None:
    assert "干细胞能治狼疮性肾炎吗" in texts("那狼疮性肾炎呢？")


def test_an_aspect_is_added_to_the_topic_and_replaces_nothing() -> None:
    found = texts("那副作用呢")
    assert "糖尿病肾病副作用" in [text.replace("治", "") for text in found]
    assert not any("能" in text for text in found)


def test_a_pronoun_is_replaced_by_the_topic() -> None:
    assert "干细胞会不会有排斥" in texts("它会不会有排斥")


@pytest.mark.parametrize(
    ("said", "strength"),
    [
        ("那狼疮性肾炎呢", 2),
        ("它会不会有排斥", 2),
        ("为什么呢", 2),
        ("如果有高血压呢", 2),
        ("对了，高血压能喝咖啡吗", 0),
        ("干细胞是什么，它能治高血压吗", 0),
    ],
)
def test_how_surely_a_remark_needs_a_topic(said: str, strength: int) -> None:
    assert remark_of(said, words_of).strength == strength


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_sessions_live_for_their_time_and_a_guessed_id_opens_nothing() -> None:
    clock = Clock()
    sessions = Sessions(minutes=10, most=2, clock=clock)
    first = sessions.get(None).after("甲", "甲", "answer", ("p1",), False)
    sessions.keep(first)
    assert sessions.get(first.id).turns[0].typed == "甲"
    guessed = sessions.get("s_" + "A" * 32)
    assert guessed.turns == ()
    assert guessed.id != "s_" + "A" * 32
    clock.now = 599.0
    assert sessions.get(first.id) is not None
    assert sessions.get(first.id).id == first.id
    clock.now = 601.0
    assert sessions.get(first.id).id != first.id


def test_the_longest_silent_session_makes_room() -> None:
    sessions = Sessions(minutes=10, most=2)
    kept = [sessions.get(None) for _ in range(3)]
    for session in kept:
        sessions.keep(session)
    assert [sessions.get(session.id).id == session.id for session in kept] == [False, True, True]


def test_a_remark_on_the_last_answer_keeps_its_question() -> None:
    session = Session("s").after("甲", "甲", "answer", ("p1",), False).after("还有吗", "甲", "answer", ("p2",), True)
    last = session.last(answered=True)
    assert last is not None
    assert (last.question, last.shown, last.latest) == ("甲", ("p1", "p2"), ("p2",))


def test_a_follow_up_is_completed_and_shown_and_can_be_undone(dialogue: Dialogue) -> None:
    first = dialogue.reply(None, "干细胞治疗糖尿病肾病有用吗")
    assert first.reading == ""
    second = dialogue.reply(first.session, "那狼疮性肾炎呢？")
    assert second.session == first.session
    assert second.reading == "干细胞治疗狼疮性肾炎有用吗"
    assert second.text.startswith("您是想问：干细胞治疗狼疮性肾炎有用吗")
    assert "CXCL14" in second.passages[0].text
    undone = dialogue.reply(first.session, "那狼疮性肾炎呢？", literal=True)
    assert undone.reading == ""
    third = dialogue.reply(first.session, "急性肾损伤呢？")
    assert "艾米迈托赛" in third.passages[0].text


def test_a_fresh_question_is_not_bent_towards_the_old_topic(dialogue: Dialogue) -> None:
    session = dialogue.reply(None, "狼疮性肾炎有什么干细胞研究").session
    fresh = dialogue.reply(session, "诱导多能干细胞是怎么得到的")
    assert fresh.reading == ""
    assert [p.id for p in fresh.passages] == [p.id for p in dialogue.reply(None, "诱导多能干细胞是怎么得到的").passages]


def test_more_never_shows_the_same_passage_again(dialogue: Dialogue) -> None:
    reply = dialogue.reply(None, "间充质干细胞治慢性肾病有什么好处")
    shown = {passage.id for passage in reply.passages}
    for _ in range(6):
        reply = dialogue.reply(reply.session, "还有吗")
        new = {passage.id for passage in reply.passages}
        assert not new & shown
        shown |= new
        if reply.kind == "decline":
            break
    assert reply.kind == "decline"
    assert "都已经给您看过了" in reply.text


def test_the_source_of_what_was_said(dialogue: Dialogue) -> None:
    first = dialogue.reply(None, "间充质干细胞治慢性肾病有用吗")
    again = dialogue.reply(first.session, "是哪篇文献说的")
    assert again.passages[0].id == first.passages[0].id
    assert again.passages[0].references[0].doi == "10.1186/s12882-025-04029-y"
    assert again.disclaimer


def test_the_second_point_is_marked(dialogue: Dialogue) -> None:
    session = dialogue.reply(None, "为什么临床试验都偏向用人工干细胞").session
    reply = dialogue.reply(session, "第二个原因详细说说")
    (start, end), *_ = reply.passages[0].highlights
    assert reply.passages[0].text[start:end].startswith("2. 其次是为了增强疗效")


def test_a_session_is_forgotten_when_told(dialogue: Dialogue) -> None:
    session = dialogue.reply(None, "干细胞治疗糖尿病肾病有用吗").session
    reply = dialogue.reply(session, "清除记录")
    assert reply.kind == "smalltalk"
    assert reply.session != session
    assert dialogue.reply(session, "那狼疮性肾炎呢？").reading == ""
    other = dialogue.reply(None, "干细胞治疗糖尿病肾病有用吗").session
    dialogue.forget(other)
    assert dialogue.reply(other, "那狼疮性肾炎呢？").reading == ""


def test_sessions_of_different_people_never_mix_under_load(dialogue: Dialogue) -> None:
    topics = ("糖尿病肾病", "慢性肾病", "急性肾损伤", "狼疮性肾炎")

    def person(number: int) -> None:
        topic = topics[number % 4]
        session = dialogue.reply(None, f"干细胞治疗{topic}有用吗").session
        for turn in range(3):
            other = topics[(number + turn + 1) % 4]
            reply = dialogue.reply(session, f"那{other}呢")
            assert reply.session == session
            assert reply.reading in ("", f"干细胞治疗{other}有用吗"), (topic, other, reply.reading)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(person, range(24)))


@pytest.mark.parametrize(
    ("text", "kind"), [("谢谢", "不客气"), ("你好", "您好"), ("你是谁", "不是医生"), ("再见", "再见"), ("好的", "好的")]
)
def test_small_talk_is_short_and_leads_back(dialogue: Dialogue, text: str, kind: str) -> None:
    session = dialogue.reply(None, "干细胞治疗糖尿病肾病有用吗").session
    reply = dialogue.reply(session, text)
    assert (reply.kind, reply.passages) == ("smalltalk", ())
    assert kind in reply.text
    assert len(reply.text) <= 100
    assert "CXCL14" in dialogue.reply(session, "那狼疮性肾炎呢").passages[0].text  # the topic is still there
