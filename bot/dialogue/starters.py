"""Questions to begin with, taken from the corpus's own headings: never invented."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.records import Document

_ASKS = re.compile(
    r"[?\uff1f]$|^(什么|为什么|如何|怎么|怎样|哪些|谁|多久|多少)|(吗|呢|什么|怎么办|哪些|多久|多少)[?\uff1f]?$"
)
_DULL = re.compile(
    r"^(前言|引言|导语|摘要|小结|总结|结语|结论|概述|未来展望|展望|写在最后|后记|第?[一二三四五六七八九十0-9]+[章节、.]?)$"
)


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
