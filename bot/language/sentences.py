"""Cut Chinese text into sentences and, where one is too long, into clauses; never inside a word, number or bracket."""

from __future__ import annotations

import re
from collections.abc import Callable

from bot.records import Span

_SENTENCE_END = re.compile(
    r"(?:[。!?;\uff01\uff1f\uff1b]|…{1,2}|\.(?=\s+[A-Z\u4e00-\u9fff]))+[”’」』》\uff09\"')\]]*|\n+"
)
_CLAUSE_END = re.compile(r"[,:、\uff0c\uff1a]|\s——\s|——")
_OPEN, _CLOSE = "(\uff08[【《“「『", ")\uff09]】》”」』"


def _depth_free(text: str, offset: int, start: int) -> bool:
    """Tell whether ``offset`` lies outside every bracket opened since ``start``."""
    part = text[start:offset]
    opened = sum(part.count(character) for character in _OPEN)
    closed = sum(part.count(character) for character in _CLOSE)
    return opened <= closed


def sentences(text: str, start: int = 0, end: int | None = None) -> list[Span]:
    """Return the spans of the sentences of ``text[start:end]``, without the white space around them.

    A full stop inside brackets or quotation marks does not end a sentence, unless the bracket is never closed.
    """
    stop = len(text) if end is None else end
    cuts = [match.end() for match in _SENTENCE_END.finditer(text, start, stop)]
    spans: list[Span] = []
    begin = start
    for cut in [*cuts, stop]:
        if cut <= begin:
            continue
        newline = text[cut - 1] == "\n"
        if cut != stop and not newline and not _depth_free(text, cut, begin) and cut - begin < 200:
            continue
        left, right = begin, cut
        while left < right and text[left].isspace():
            left += 1
        while right > left and text[right - 1].isspace():
            right -= 1
        if right > left:
            spans.append((left, right))
        begin = cut
    return spans


def clauses(text: str, span: Span, limit: int, boundaries: Callable[[str], set[int]]) -> list[Span]:
    """Cut one over-long sentence at clause marks into pieces of at most ``limit`` characters where that is possible.

    Args:
        text: The whole text.
        span: The sentence within it.
        limit: The longest piece wanted, in characters.
        boundaries: Gives the word ends of a text; a cut inside a word is never made.
    """
    start, end = span
    ends = boundaries(text[start:end])
    marks = [match.end() for match in _CLAUSE_END.finditer(text, start, end)]
    cuts = [mark for mark in marks if mark - start in ends and _depth_free(text, mark, start)]
    pieces: list[Span] = []
    begin = start
    for position, cut in enumerate(cuts):
        following = cuts[position + 1] if position + 1 < len(cuts) else end
        if following - begin > limit and cut > begin:
            pieces.append((begin, cut))
            begin = cut
    pieces.append((begin, end))
    return pieces
