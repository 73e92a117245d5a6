"""Put two rankings together. Pure functions over score arrays; NaN marks "not found by that side"."""

from __future__ import annotations

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


def linear_combination(dense: Scores, lexical: Scores, lexical_weight: float) -> Scores:
    """Return ``cosine / 0.1 + lexical_weight * share`` for each candidate, on one scale for all questions.

    Args:
        dense: Cosines; a candidate that the dense side did not find gets the weakest cosine that it did find.
        lexical: Shares of the question's BM25 mass (0..1); not found is 0.
        lexical_weight: How many tenths of cosine a full share is worth.

    Unlike min-max scaling this does not stretch a question's candidates over the whole range when all are weak, so the
    sum can still tell a good best passage from a poor one. Both forms: Bruch, Gai and Ingber, ACM TOIS 42(1), 2023.
    """
    found = dense[~np.isnan(dense)]
    floor = float(found.min()) if len(found) else 0.0
    return (np.nan_to_num(dense, nan=floor) / 0.1 + lexical_weight * np.nan_to_num(lexical, nan=0.0)).astype(np.float32)
