"""Questions in the clinic's own words that a text claims to answer: the editor's, its headings, questions in its text.

They are only candidates: whether they are answered is checked through retrieval when an index is built. Nothing is
worded anew. Where a heading does not say what it is about, the heading above it or the title stands before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.corpus.labels import label_of, true_topic
from bot.corpus.topics import Topics
from bot.language.lexicon import Lexicon
from bot.records import Block, Document, QuestionKind, Span

JOIN = "{above}：{text}"
_SHORTEST, _LONGEST = 4, 40  # characters of a question that stands alone
_TOPIC_LONGEST = 12  # characters of a topic that needs another before it
_ABOVE_LONGEST = 16
_ANSWER_SHORTEST = 15  # characters after a question that begins a paragraph
_ASKS = re.compile(
    "[?？]$|^(什么|为什么|为何|如何|怎么|怎样|哪些|哪一?[种个]|谁|多久|多少|是否|能不能|可不可以|要不要|有没有)"
    "|(什么|怎么|怎样|如何|哪些|哪一?[种个]|多久|多少|几次|几天)|(吗|呢|怎么办)$|[是能会要]不[是能会要]|..还是.."
)
_DULL = re.compile(
    "^(前言|引言|导语|导读|摘要|小结|总结|结语|结论|概述|简介|未来展望|展望|写在(最后|前面)|后记|参考(资料|文献)|相关阅读|免责.*|版权.*"
    "|联系我们|关于我们|(作者|专家)介绍|第?[一二三四五六七八九十0-9]+[章节、.]?)[:：]?$"
)
_NUMBERING = re.compile(
    "^\\s*(?:第[一二三四五六七八九十百]+[章节部分]+|[(（]?[一二三四五六七八九十]{1,3}[)）、.．]|[①-⑳]|(?:[Qq问]|问题)\\s?\\d*[:：.、]"
    "|[(（]?\\d{1,2}(?:[)）、．]|[.:：](?!\\d))|\\d{1,2}(?:\\.\\d{1,2})*\\s+)\\s*"
)
_LEADING = re.compile(f"([^。！!？?；;：:\\n]{{{_SHORTEST},38}}[？?])(?=.{{{_ANSWER_SHORTEST}}})", re.DOTALL)
_COLON = re.compile("[:：]")
_LOOSE = re.compile("[“”\"'‘’「」，,:：;；—…!！。]|[那这]些|起来|下去|大盘点")  # not the plain name of a topic
# Speaks of what stands before it, or in somebody's voice.
_POINTS = re.compile(
    '^(它|这|那|其|该|此|上述|他|她|还|但|而|所以|因此|结果)|它|[前上下]面|以上|本文|本节|这么|那么|这样|这[一个种些]|那[一个种]|我|咱|大夫|后来|“|”|"|是不是也|你知道'
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A question and where in its document the answer stands: ``body[start:end]``.

    ``forms`` are ways to put it, the best first: the next is for where the one before it does not find the answer.
    """

    forms: tuple[str, ...]
    kind: QuestionKind
    document_id: str
    start: int
    end: int


def asks(text: str) -> bool:
    """Tell whether a heading is worded as a question."""
    return bool(_ASKS.search(text))


def candidates_of(document: Document, topics: Topics, lexicon: Lexicon) -> list[Candidate]:
    """Return a document's candidates, none twice: the editor's where there are any, else those of its text in order."""
    found: dict[str, Candidate] = {}
    for candidate in _of_editor(document) if document.questions else _of_text(document, topics, lexicon):
        found.setdefault(candidate.forms[0], candidate)
    return list(found.values())


def _of_editor(document: Document) -> Iterator[Candidate]:
    for entry in document.questions:
        for place, text in enumerate(entry.asked):
            yield Candidate((text,), "variant" if place else "editor", document.id, entry.start, entry.end)


def _of_text(document: Document, topics: Topics, lexicon: Lexicon) -> Iterator[Candidate]:
    title, blocks = topics.of_title(document), document.blocks
    asked = re.match(".*[?？]", document.title)
    if asked and topics.named_in(asked[0]) and not _POINTS.search(_unquoted(asked[0], topics)):
        yield Candidate((asked[0],), "question", document.id, 0, len(document.body))
    path: list[tuple[int, str]] = []
    labels = [label for block in blocks if block.answers and (label := label_of(_text(document, block)))]
    for place, block in enumerate(blocks):
        raw, span = _text(document, block), (block.start, block.end)
        above = (title, *(text for _, text in path))
        if block.kind == "heading":
            path = [entry for entry in path if entry[0] < block.level]
            above = (title, *(text for _, text in path))
            text, span = _NUMBERING.sub("", raw), (block.end, _end_of_section(document, place))
            if raw != document.title:
                path.append((block.level, text))
                yield from _made(document, text, above, span, topics)
        elif block.answers and block.kind in ("paragraph", "item"):
            question = _LEADING.match(raw)
            if question:
                yield from _made(document, _NUMBERING.sub("", question[1]), above, span, topics)
            else:
                yield from _of_label(document, raw, above, span, topics, true_topic(raw, labels, lexicon))


def _text(document: Document, block: Block) -> str:
    return document.body[block.start : block.end].strip()


def _end_of_section(document: Document, place: int) -> int:
    """Return where the section of the heading at ``place`` ends; the heading's own end where nothing in it answers."""
    heading, end = document.blocks[place], document.blocks[place].end
    for block in document.blocks[place + 1 :]:
        if block.kind == "heading" and block.level <= heading.level:
            break
        if block.kind != "heading" and block.answers:
            end = block.end
    return end


def _of_label(
    document: Document, text: str, above: Sequence[str], span: Span, topics: Topics, really: str | None
) -> Iterator[Candidate]:
    """Yield the term that a paragraph is labelled with (``really``: what it speaks of where the label is wrong)."""
    label = label_of(text)
    if not label or not topics.is_term(label) or _LOOSE.search(label) or asks(label):
        return
    heading = above[-1] if len(above) > 1 and _can_lead(above[-1], topics) else ""
    forms = (JOIN.format(above=heading, text=really or label), really or label) if heading else (really or label,)
    yield Candidate(forms, "topic", document.id, *span)


def _made(document: Document, text: str, above: Sequence[str], span: Span, topics: Topics) -> Iterator[Candidate]:
    """Yield a heading or a question of the text as one can ask it, if one can."""
    question = asks(text)
    if span[0] >= span[1] or not 2 <= len(text) <= _LONGEST or _DULL.match(text):
        return
    if _POINTS.search(_unquoted(text, topics)) or (not question and _LOOSE.search(text)):
        return
    alone = (text,) if len(text) >= _SHORTEST and topics.named_in(text) else ()
    joined = tuple(JOIN.format(above=name, text=text) for name in above[::-1] if _can_lead(name, topics))
    if _COLON.search(text) or not (question or alone or (len(text) <= _TOPIC_LONGEST and topics.is_general(text))):
        joined = ()  # two colons, or a figure of speech
    itself = any(topics.share(text, name) for name in above)
    forms = alone + joined if itself else joined + alone
    if forms:
        yield Candidate(forms, "question" if question else "topic", document.id, *span)


def _unquoted(text: str, topics: Topics) -> str:
    """Take the quotation marks off a term that the corpus uses, so that only figures of speech keep theirs."""
    return re.sub('[“"]([^“”"]+)[”"]', lambda match: match[1] if topics.named_in(match[0]) else match[0], text)


def _can_lead(text: str, topics: Topics) -> bool:
    """Tell whether a heading or title plainly names a topic, so that it can stand before another."""
    return bool(
        text and len(text) <= _ABOVE_LONGEST and not asks(text) and not _LOOSE.search(text) and topics.named_in(text)
    )
