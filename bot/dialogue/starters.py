"""Questions to begin with, taken from the corpus's own headings: never invented."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from bot.dialogue.memory import plain
from bot.records import Document, Hit

_ASKS = re.compile(
    r"[?\uff1f]$|^(什么|为什么|如何|怎么|怎样|哪些|谁|多久|多少)|(吗|呢|什么|怎么办|哪些|多久|多少)[?\uff1f]?$"
)
_DULL = re.compile(
    r"^(前言|引言|导语|摘要|小结|总结|结语|结论|概述|未来展望|展望|写在最后|后记|第?[一二三四五六七八九十0-9]+[章节、.]?)$"
)

_NEAREST = 3


def starters_of(documents: Iterable[Document]) -> tuple[str, ...]:
    """Return headings that are questions first, then headings that name a topic; each once, in order."""
    questions: dict[str, None] = {}
    topics: dict[str, None] = {}
    for document in documents:
        answers = [block for block in document.blocks if block.answers]
        for position, block in enumerate(answers):
            text = document.body[block.start : block.end].strip()
            if block.kind != "heading" or not 4 <= len(text) <= 40 or text == document.title or _DULL.match(text):
                continue
            follows = answers[position + 1 : position + 2]
            if not follows or (follows[0].kind == "heading" and follows[0].level <= block.level):
                continue  # nothing stands under it
            (questions if _ASKS.search(text) else topics)[text] = None
    return (*questions, *topics)


def nearest_questions(hits: Sequence[Hit], documents: Mapping[str, Document], question: str) -> tuple[str, ...]:
    """Return up to three questions that the nearest passages answer, in the corpus's own words.

    They are the editor's questions for a passage, else the heading that it stands under, else its text's title; never the
    question that was just asked.
    """
    found: dict[str, None] = {}
    for hit in hits:
        document = documents[hit.passage.document_id]
        asked = [
            q for e in document.questions if e.start < hit.passage.end and hit.passage.start < e.end for q in e.asked
        ]
        named = asked or [title for title in (*hit.passage.section[::-1], document.title) if not _DULL.match(title)]
        if named and plain(named[0]) != plain(question):
            found[named[0]] = None
    return tuple(found)[:_NEAREST]
