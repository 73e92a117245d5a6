"""Complete an elliptical question from the session: "那狼疮性肾炎呢?" after "干细胞能治糖尿病肾病吗".

No language model: the possible readings are few (put the new words in the place of old ones; add them to the topic; put
the topic in the place of a pronoun), each is searched for, and the one that the corpus answers best is taken, unless the
words as they stand are answered as well. A complete question is never bent towards the old topic.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.dialogue.cues import bare
from bot.language.understanding import SubjectWord as Word

_FILLERS = (
    "(?:(?:嗯+|哦+|噢|好的?|可是|但是|不过|所以|另外|对了|顺便(?:问|说)一?下?|再问一?下?|还想问一?下?|还有(?!什么|哪|没|多|别|其)(?:就是|一个问题|"
    "个问题)?)[,\uff0c\u3002 ]*)*"
)
_OPENERS = re.compile(
    f"^{_FILLERS}(?P<back>那么|那要是|那如果|那|要是|如果是|如果|假如|假设|换成|换做|换了|要换成|这样的?话|这么说)?[,\uff0c\u3002 ]*"
)
_CONDITION = re.compile("^(?:那|那么)?(?:要是|如果|假如|假设)")
_BECOMES = re.compile("了呢[?\uff1f。!\uff01~ ]*$")  # "那怀孕了呢"
_AFTER = re.compile(
    "^(?:之后|然后|以后|后来|做完|吃完|打完|用完|术后|完了|停了|之前|期间|平时|一般|一次|一天|每天|每次|大概|大约|具体|到底|究竟)"
)
_ASPECT = re.compile(
    "(?:副作用|不良反应|原理|机制|原因|病因|诱因|症状|表现|预防|护理|饮食|忌口|注意事项|注意|费用|价格|风险|危害|后遗症|并发症|好处|坏处|优点|缺点|优势|效果|疗效|疗程|步骤|流程|过程|条件|"
    "标准|禁忌|适应症|适应证|成功率|治愈率|复发率|概率|几率|寿命|预后|恢复|时间|剂量|用量|用法|方法|办法|种类|类型|分类|区别|来源|作用|好坏|检查|诊断|治疗|运动|锻炼|生活|遗传|传染)$"
)
_SAME = re.compile("(?:也|都)?(?:是)?(?:一样|这样|同样|如此|适用|行得通|成立)(?:的)?(?:吗|么|不|嘛|吧)$")
_NUMBER = re.compile(
    "(?:[0-9][0-9.]*|[一二两三四五六七八九十百]+(?:点[一二三四五六七八九零]+|点?多)?)(?:[多来余]?(?:型|期|级|岁|度|周|个月|月|天|次|年|针|号|位|毫克|片|mg|%|％))?"
)
_ENDINGS = re.compile("(?:呢|呀|啊|吧|呐|嘛|了|么|哦|[?\uff1f!\uff01.\u3002,\uff0c~\uff5e \u2026])+$")
_BOTH = re.compile("[这那](?:两|二)(?:个|种|者|样|类)|两者|[这那]俩|它们?俩|俩")
_PRONOUN = re.compile(
    f"{_BOTH.pattern}|"
    "它们?|他们?|她们?|这个?病|这种病|该病|这(?:种|个|类)(?:治疗|疗法|方法|办法|药物|药|手术|检查|东西|技术|细胞|情况|症状|现象|试验|研究|反应|项目|方案|指标)|"
    "那(?:种|个|类)(?:治疗|疗法|方法|办法|药物|药|手术|检查|东西|技术|病|试验|研究|方案|指标)|这(?:种|个|样|些)?|那(?:种|个|样|些)|此|前者|后者|两者|前面(?:那个|说的|"
    "提到的)|刚才(?:那个|说的|提到的)|上面(?:那个|说的|提到的)"
)
_CARRIES = re.compile("呢[?\uff1f。!\uff01~ ]*$")
_QUESTION_WORDS = re.compile(
    "吗|呢|么$|什么|怎么|怎样|如何|为什么|为何|为啥|咋|啥|哪|多少|多久|多长|多大|几|是不是|能不能|会不会|可不可以|要不要|有没有|该不该|能否|可否|是否|谁|区别"
)


_NAMES_SOMETHING = 1.5  # weight from which a word before a pronoun may be what it stands for
_LIGHT = 0.25  # of the heaviest word's weight: what is lighter is not what a question is about
_LONGEST_TOPIC = 20  # characters: what has grown longer by being completed again and again is no topic

How = Literal["pronoun", "instead", "number", "added", "whole", "heading"]


@dataclass(frozen=True, slots=True)
class Reading:
    """A whole question that a remark may stand for, and ``how`` it was completed.

    ``replaced`` is what the new words took the place of (``instead`` only).
    """

    text: str
    how: How
    replaced: str = ""


@dataclass(frozen=True, slots=True)
class Remark:
    """A remark as it depends on what was said before.

    ``core`` is it without "那…呢"; ``pronouns`` are the places in ``core`` of words that point back. ``strength`` is how
    surely it needs a topic: 0 complete, 1 perhaps, 2 surely. ``condition``: it puts a condition
    ("如果有贫血呢"); ``aspect``: it names an aspect ("副作用") and no other thing.
    """

    text: str
    core: str
    pronouns: tuple[tuple[int, int], ...]
    words: tuple[Word, ...]
    strength: int
    condition: bool = False
    aspect: bool = False


def asks(text: str) -> bool:
    """Tell whether a text is a question by its words."""
    return _QUESTION_WORDS.search(text) is not None or text.endswith(("?", "\uff1f"))


def remark_of(text: str, words_of: Callable[[str], list[Word]]) -> Remark:
    """Read a remark.

    Args:
        text: What was typed, simplified and without courtesy.
        words_of: Returns the subject words of a text.
    """
    said = bare(text)
    opener = _OPENERS.match(said)
    opened = said[opener.end() :] if opener else said
    back = bool(opener and opener["back"])
    condition = _BECOMES.search(said) is not None or (
        back and _CONDITION.search(opener["back"] if opener else "") is not None
    )
    same = _SAME.sub("", _ENDINGS.sub("", opened) if not opened.endswith(("么", "吗")) else opened)
    core = _ENDINGS.sub("", same) or opened or said
    found = tuple(words_of(core))
    pronouns = tuple(_unbound(core, found))
    pointing = back or _AFTER.search(opened) is not None or _CARRIES.search(said) is not None
    heavy = [word for word in found if word.weight > 0]
    if pronouns or not found or len(same) < len(opened.rstrip("?？ ")) or (pointing and len(heavy) <= 1):
        strength = 2
    elif pointing or len(found) == 1:
        strength = 1
    else:  # two things named are a question of its own, also where the corpus knows neither
        strength = 1 if len(core) <= 8 and len(heavy) <= 1 else 0
    return Remark(said, core, pronouns, found, strength, condition, _ASPECT.search(core) is not None)


def _unbound(core: str, words: Sequence[Word]) -> list[tuple[int, int]]:
    """Return the pronouns that nothing before them in the same text explains."""
    found = []
    for match in _PRONOUN.finditer(core):
        before = [w for w in words if w.end <= match.start() and w.weight >= _NAMES_SOMETHING and len(w.text) > 1]
        if before:
            continue  # "干细胞是什么,它有什么特点"
        after = next((word for word in words if word.start == match.end()), None)
        if (
            after is not None
            and after.weight > 0
            and match.group() in ("这", "那", "这种", "那种", "这个", "那个", "这些", "那些", "此")
        ):
            continue  # "这个手术": named, though pointed at
        found.append(match.span())
    return found


def readings(
    remark: Remark,
    question: str,
    topics: Sequence[str],
    words_of: Callable[[str], list[Word]],
    earlier: str = "",
) -> list[Reading]:
    """Return what a remark may stand for, after a question.

    Args:
        remark: The remark.
        question: The last whole question.
        topics: What the last answers were about besides (headings of what was shown).
        words_of: Returns the subject words of a text.
        earlier: The whole question before that one, for "这两个".
    """
    before = words_of(question)
    chunks = _chunks(question, before)
    ranked = sorted(chunks, key=lambda chunk: -chunk.weight)
    whole = "".join(chunk.text for chunk in chunks)
    # What the corpus speaks of, as it stands in the question: first of all what that is about.
    known = [chunk for chunk in ranked[:2] if chunk.weight >= _NAMES_SOMETHING]
    names: dict[str, How] = dict.fromkeys((chunk.text for chunk in sorted(known, key=lambda c: c.start)), "added")
    if known and len(whole) <= _LONGEST_TOPIC:
        names.setdefault(whole, "whole")
    for name in topics:
        names.setdefault(name, "heading")
    found = [*_replacing(remark, question, before, chunks)]
    new = {word.text for word in remark.words}
    for name, how in names.items():
        if not name or (remark.words and {word.text for word in words_of(name)} <= new):
            continue
        if remark.pronouns:
            start, end = remark.pronouns[0]
            if earlier and _BOTH.fullmatch(remark.core[start:end]):
                name = _both(earlier, question, words_of) or name
            text = _without_repeats(remark.core[:start] + name + remark.core[end:])
            found.append(Reading(text, "pronoun" if how == "added" else how))
        elif remark.condition and how == "whole":
            found.append(Reading(f"{remark.core}，{question}", how))
        else:
            found.append(Reading(_joined(name, remark.core), how))
    unique = {reading.text: reading for reading in reversed(found) if reading.text and reading.text != remark.text}
    return list(reversed(unique.values()))


def _both(earlier: str, question: str, words_of: Callable[[str], list[Word]]) -> str:
    """Return "甲和乙" where two questions are the same but for one thing each ("半飞秒呢" after "全飞秒是咋做的")."""
    old, new = _chunks(earlier, words_of(earlier)), _chunks(question, words_of(question))
    names = [
        next((w.text for w in sorted(own, key=lambda w: -w.weight) if w.text not in {o.text for o in other}), "")
        for own, other in ((old, new), (new, old))
    ]
    return "和".join(names) if all(names) else ""


def _replacing(remark: Remark, question: str, words: Sequence[Word], chunks: Sequence[Word]) -> list[Reading]:
    """Return the question with the remark's words in the place of some of its own."""
    if remark.pronouns or _QUESTION_WORDS.search(remark.core) or not remark.core or remark.condition:
        return []
    numbers = [match.span() for match in _NUMBER.finditer(question)] if _NUMBER.fullmatch(remark.core) else []
    how: How = "number" if numbers else "instead"
    spans = numbers
    if not numbers:
        new = {word.text for word in remark.words}
        heaviest = max((word.weight for word in words), default=0.0)
        spans = [
            (span.start, span.end)
            for span in _replaceable(question, words, chunks)
            if span.text not in new
            and span.weight >= max(_LIGHT * heaviest, _NAMES_SOMETHING)
            and (not remark.aspect or _ASPECT.search(span.text))
        ]
    return [Reading(question[:start] + remark.core + question[end:], how, question[start:end]) for start, end in spans]


def _joined(topic: str, core: str) -> str:
    return f"{topic}{core}" if not topic.endswith(tuple("吗呢?？")) else f"{topic}，{core}"


def _without_repeats(text: str) -> str:
    return re.sub(r"(.{2,})\1", r"\1", text)


def _chunks(question: str, words: Sequence[Word]) -> list[Word]:
    """Return the runs of neighbouring subject words as one each."""
    found: list[Word] = []
    for word in words:
        if found and found[-1].end == word.start:
            last = found.pop()
            found.append(Word(question[last.start : word.end], last.start, word.end, last.weight + word.weight))
        else:
            found.append(Word(question[word.start : word.end], word.start, word.end, word.weight))
    return found


def _replaceable(question: str, words: Sequence[Word], chunks: Sequence[Word]) -> list[Word]:
    """Return what new words may take the place of: whole runs, and the beginnings and ends of runs, heaviest first."""
    spans: dict[tuple[int, int], Word] = {}
    for chunk in chunks:
        inside = [word for word in words if chunk.start <= word.start and word.end <= chunk.end]
        heavy = [at for at, word in enumerate(inside) if word.weight > 0]
        if heavy:
            inside = inside[heavy[0] : heavy[-1] + 1]  # "有用吗" at the end of a run is no part of a name
        for cut in range(len(inside)):
            for part in (inside[: cut + 1], inside[cut:]):
                start, end = part[0].start, part[-1].end
                spans.setdefault((start, end), Word(question[start:end], start, end, sum(w.weight for w in part)))
    return sorted(spans.values(), key=lambda span: -span.weight)[:8]
