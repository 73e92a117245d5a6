"""How likely it is that a hit answers the question: a logistic model over the hit's own signals.

The weights are set by hand so that the four signals count about alike; they order questions (``python -m bench.seed``
prints the share answered by kind) but are not calibrated on other corpora yet.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.records import Hit
from bot.retrieval.search import Found

FEATURES = ("cosine", "share", "coverage", "margin")


@dataclass(frozen=True, slots=True)
class Weights:
    """Coefficients of the logistic model, one a feature in the order of :data:`FEATURES`."""

    bias: float = -3.0
    coefficients: tuple[float, ...] = (6.0, 6.0, 3.0, 1.0)


def features(hits: Sequence[Hit], place: int = 0) -> list[float]:
    """Return the signals of the hit at ``place`` (best first, not empty).

    ``cosine`` is in tenths above 0.85, ``share`` and ``coverage`` lie in 0..1, ``margin`` is how far its fused score
    stands above that of a middling candidate of the same question, in tenths of cosine.
    """
    hit = hits[place]
    cosine = hit.dense_score if hit.dense_score is not None else 0.80
    return [(cosine - 0.85) / 0.1, hit.lexical_share, hit.coverage, hit.fused - hit.background]


def probability(hits: Sequence[Hit], weights: Weights, place: int = 0) -> float:
    """Return the probability (0..1) that the hit at ``place`` answers the question that the hits were found for."""
    values = features(hits, place)
    logit = weights.bias + sum(w * value for w, value in zip(weights.coefficients, values, strict=True))
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, logit))))


def choose(hits: Sequence[Hit], weights: Weights, answer: float, further: float, most: int) -> list[tuple[Hit, float]]:
    """Return the hits to show with their probabilities: none where the best does not reach ``answer``.

    Args:
        hits: Best first.
        weights: The logistic model.
        answer: The least probability for the first passage.
        further: The least probability for each following passage.
        most: How many passages at most.
    """
    scored = [(hit, probability(hits, weights, place)) for place, hit in enumerate(hits[:most])]
    if not scored or scored[0][1] < answer:
        return []
    return [scored[0], *[pair for pair in scored[1:] if pair[1] >= further]]


def judge(found: Found, manifest: Mapping[str, Any]) -> tuple[float, bool]:
    """Return the probability that the best hit answers the question, and whether it would be shown."""
    if not found.hits:
        return 0.0, False
    best = probability(found.hits, Weights())
    return best, best >= float(manifest.get("thresholds", {}).get("answer", 0.5))
