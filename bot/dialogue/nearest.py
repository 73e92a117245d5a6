"""The questions nearest to one that was not answered, in the corpus's own words: never invented."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bot.dialogue.memory import plain
from bot.records import Document, Hit

_DULL = re.compile(
    r"^(前言|引言|导语|摘要|小结|总结|结语|结论|概述|未来展望|展望|写在最后|后记|第?[一二三四五六七八九十0-9]+[章节、.]?)$"
)

_NEAREST = 3


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
