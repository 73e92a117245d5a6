"""Passages by their own names: whoever types, or taps, a heading or a label wants what stands under it."""

from __future__ import annotations

from collections.abc import Sequence

from bot.corpus.labels import label_of
from bot.language.variants import bare
from bot.records import Passage

NAMED = 2.0  # added to the score of a passage where the question is nothing but its heading, its label, or both


def by_name(passages: Sequence[Passage]) -> dict[str, list[int]]:
    """Return the numbers of the passages under each name, bare: innermost heading, label, heading and label together.

    A name that the editor says a passage does not answer is none of its.
    """
    headings: dict[str, str] = {}
    found: dict[str, list[int]] = {}
    for number, passage in enumerate(passages):
        title = passage.section[-1] if passage.section else ""
        heading = headings.setdefault(title, bare(title))
        label = bare(label_of(passage.text))
        for name in {heading, label, f"{heading}{label}"} - {"", *map(bare, passage.excluded)}:
            found.setdefault(name, []).append(number)
    return found
