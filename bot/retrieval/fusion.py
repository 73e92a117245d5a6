"""Put rankings together. Pure functions over score arrays; NaN marks "not found by that side"."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]


def ranks(scores: Scores) -> NDArray[np.int64]:
    """Return each entry's rank from 1, best first; entries that are NaN get 0."""
    order = np.argsort(-np.nan_to_num(scores, nan=-np.inf), kind="stable")
    result = np.zeros(len(scores), dtype=np.int64)
    result[order] = np.arange(1, len(scores) + 1)
    result[np.isnan(scores)] = 0
    return result


def reciprocal_rank_fusion(dense: Scores, lexical: Scores, k: float = 60.0) -> Scores:
    """Return the sum of ``1 / (k + rank)`` over both sides.

    Source: Cormack, Clarke and Buettcher, SIGIR 2009.
    """
    total = np.zeros(len(dense), dtype=np.float32)
    for side in (dense, lexical):
        rank = ranks(side)
        total += np.where(rank > 0, 1.0 / (k + rank), 0.0).astype(np.float32)
    return total


@dataclass(frozen=True, slots=True)
class FusionWeights:
    """What a tenth of late-interaction or dense cosine, and a full lexical share, count for in the sum.

    ``rerank`` is what the network that puts the first few in order counts for afterwards; it needs the late interaction.
    """

    lexical: float
    late: float
    dense: float = 1.0
    rerank: float = 1.0


def linear_combination(dense: Scores, lexical: Scores, late: Scores, weights: FusionWeights) -> Scores:
    """Return ``dense·cosine/0.1 + late·cosine/0.1 + lexical·share`` for each candidate, on one scale for all questions.

    Args:
        dense: Cosines; a candidate that the dense side did not find gets the weakest cosine that it did find.
        lexical: Shares of the question's BM25 mass (0..1); not found is 0.
        late: Mean best cosines of the question's tokens; a candidate not looked at gets the weakest one.
        weights: How the sides are added up.

    Unlike min-max scaling this does not stretch a question's candidates over the whole range when all are weak, so the
    sum can still tell a good best passage from a poor one. Both forms: Bruch, Gai and Ingber, ACM TOIS 42(1), 2023.
    """
    total = weights.lexical * np.nan_to_num(lexical, nan=0.0)
    for side, weight in ((dense, weights.dense), (late, weights.late)):
        found = side[~np.isnan(side)]
        total = total + weight * np.nan_to_num(side, nan=float(found.min()) if len(found) else 0.0) / 0.1
    return np.asarray(total, dtype=np.float32)
