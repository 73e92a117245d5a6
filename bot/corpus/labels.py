"""Labels at the head of a paragraph ("慢性肾病:2025年…") and whether the paragraph is about what they name."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.language.folding import fold
from bot.language.lexicon import Lexicon

_LABEL = re.compile(r"([^\s。、,.;:!?\uff0c\uff1b\uff1a\uff01\uff1f]{2,16})[:\uff1a](?!//)")


def label_of(text: str) -> str:
    """Return the label a paragraph begins with, without its colon (empty where there is none)."""
    match = _LABEL.match(text)
    return match.group(1) if match else ""


def _mentions(text: str, names: Sequence[str]) -> int:
    return sum(text.count(name) for name in names)


def names_of(label: str, lexicon: Lexicon) -> tuple[str, ...]:
    """Return the folded names under which a paragraph may speak of its label: itself and its synonyms."""
    return lexicon.same(label)


def true_topic(text: str, siblings: Sequence[str], lexicon: Lexicon) -> str | None:
    """Tell what a wrongly labelled paragraph is really about.

    Args:
        text: The paragraph with its label.
        siblings: The labels of the neighbouring paragraphs.
        lexicon: For the synonyms of labels.

    Returns:
        The sibling label that the paragraph speaks of while never naming its own; None where the label is right,
        absent, or nothing can be told.
    """
    label = label_of(text)
    if not label:
        return None
    rest = fold(text[len(label) + 1 :])
    if _mentions(rest, names_of(label, lexicon)):
        return None
    counts = {other: _mentions(rest, names_of(other, lexicon)) for other in siblings if other != label}
    best = max(counts, key=lambda other: counts[other], default=None)
    return best if best is not None and counts[best] > 0 else None
