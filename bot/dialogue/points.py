"""Find the points of a list in running text or lines, so that "the second one" means something."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.records import Passage, Span

# Ways of counting, each with what begins a point, the surest first.
_ONE = "[一二三四五六七八九十]"
_FIGURE = f"(?:[（(](?:\\d|{_ONE}){{1,2}}[)）]|{_ONE}{{1,2}}[、.．])"
_WAYS = {
    "number": re.compile(
        rf"(?m)^[ \t]*(?:\d{{1,2}}[.、．)）]|{_FIGURE})|(?<=[：:。；;])[ \t]*(?:\d{{1,2}}[.、．)）](?!\d)|{_FIGURE})"
    ),
    "ordinal": re.compile(
        f"首先|其次|再次|最后|还有就是|第{_ONE}(?![次天周年期型级胎代])[,，、是]?|(?<=[：:。；;，,]){_ONE}是"
    ),
    "aspect": re.compile("(?:另)?一方面"),
    "bullet": re.compile(r"(?m)^[ \t]*[-•*·]"),
}


def points_of(text: str, noun: str = "") -> list[Span]:
    """Return the points of the surest list in a text, in order (none where there is no list of two and more).

    Args:
        text: A passage, or the passages of a section.
        noun: What the points were called: "方面" looks for "一方面 … 另一方面" first.
    """
    ways = list(_WAYS.values())
    if noun == "方面":
        ways.insert(0, _WAYS["aspect"])
    for way in ways:
        starts = [match.start() for match in way.finditer(text)]
        if len(starts) > 1:
            ends = [*starts[1:], len(text)]
            return [_trimmed(text, start, end) for start, end in zip(starts, ends, strict=True)]
    return []


def _trimmed(text: str, start: int, end: int) -> Span:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def point_in(passages: Sequence[Passage], body: str, number: int, noun: str) -> tuple[Passage, Span] | None:
    """Return the passage that holds a point, and the point's span in its text.

    Args:
        passages: Neighbouring passages of one text, in order: one that was shown, or its whole section.
        body: The text's body.
        number: From 1; -1 is the last one, -2 the one before it.
        noun: What the points were called.
    """
    offset, end = passages[0].start, passages[-1].end
    points = points_of(body[offset:end], noun)
    if not points or not 0 < abs(number) <= len(points):
        return None
    start, stop = points[number if number < 0 else number - 1]
    for passage in passages:
        if passage.start <= offset + start < passage.end:
            return passage, (offset + start - passage.start, min(offset + stop, passage.end) - passage.start)
    return None
