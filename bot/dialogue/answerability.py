"""What to do with the hits for a question: answer, ask back, or decline. Thresholds come from the index's manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bot.records import Hit

Outcome = Literal["answer", "clarify", "decline"]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From what probability of the best passage on a question is answered, or the nearest questions are offered."""

    answer: float = 0.20
    clarify: float = 0.08


def thresholds_of(manifest: Mapping[str, Any]) -> Thresholds:
    """Return the thresholds that were set for a corpus when its index was built."""
    content = manifest.get("thresholds", {})
    usual = Thresholds()
    return Thresholds(float(content.get("answer", usual.answer)), float(content.get("clarify", usual.clarify)))


def outcome(hits: Sequence[Hit], limits: Thresholds) -> Outcome:
    """Return what to do with the hits, best first."""
    best = hits[0].probability if hits else 0.0
    if hits and best >= limits.answer:
        return "answer"
    return "clarify" if hits and best >= limits.clarify else "decline"


def choose(hits: Sequence[Hit], limits: Thresholds, share: float, most: int) -> list[Hit]:
    """Return the hits to show: none where the best is not sure enough, further ones where nearly as sure.

    Args:
        hits: Best first.
        limits: The corpus's thresholds.
        share: How much of the best one's probability a further one needs, and half the threshold at least.
        most: How many at most.
    """
    if outcome(hits, limits) != "answer":
        return []
    least = max(share * hits[0].probability, 0.5 * limits.answer)
    return [hits[0], *[hit for hit in hits[1:most] if hit.probability >= least]]
