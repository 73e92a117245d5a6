"""Put questions that mean much the same together, by their vectors: agglomerative clustering with average linkage.

Average linkage (Sokal & Michener 1958, UPGMA) by nearest-neighbour chains (Murtagh 1983), cut where groups are less alike
than ``likeness``; the mean of pairwise cosines is updated as Lance & Williams (1967) do. All vectors of one model share a
direction that says nothing; it is taken away first, or everything looks alike.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LIKENESS = 0.38  # see bench/grouping.py
_PRIOR = 20.0  # how many of the questions' own vectors the background weighs as much as


def centred(vectors: NDArray[np.float32], background: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return vectors [n, d] without what they all share, of length 1 again.

    Args:
        vectors: One row a question, of length 1.
        background: The mean vector [d] of texts on the same matters; it steadies the mean of few questions.
    """
    mean = (vectors.sum(axis=0) + _PRIOR * background) / (len(vectors) + _PRIOR)
    moved = vectors - mean
    lengths = np.linalg.norm(moved, axis=1, keepdims=True)
    unit: NDArray[np.float32] = (moved / np.maximum(lengths, 1e-9)).astype(np.float32)
    return unit


def group(vectors: NDArray[np.float32], likeness: float = LIKENESS) -> list[list[int]]:
    """Return groups of row numbers; any two parts that were joined have a mean cosine of at least ``likeness``.

    Args:
        vectors: Centred vectors of length 1 [n, d]; memory is 4 n² bytes, time grows as n².
        likeness: From -1 (all in one group) to 1 (only equal ones together).
    """
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -np.inf)
    members: dict[int, list[int]] = {number: [number] for number in range(len(vectors))}
    waiting = list(reversed(members))
    finished: list[list[int]] = []
    chain: list[int] = []
    while chain or waiting:
        if not chain:
            first = waiting.pop()
            if first in members:
                chain.append(first)
            continue
        last = chain[-1]
        nearest = int(cosines[last].argmax())
        if cosines[last, nearest] < likeness:  # nothing ever comes nearer again: average linkage is reducible
            finished.append(sorted(members.pop(chain.pop())))
            cosines[last, :] = cosines[:, last] = -np.inf
        elif len(chain) > 1 and cosines[last, chain[-2]] >= cosines[last, nearest]:
            _merge(cosines, members, chain.pop(), chain.pop())
            waiting.append(last)
        else:
            chain.append(nearest)
    return sorted(finished)


def _merge(cosines: NDArray[np.float32], members: dict[int, list[int]], kept: int, gone: int) -> None:
    """Join two groups; the cosine with any other is the mean over all pairs."""
    sizes = len(members[kept]), len(members[gone])
    row = (sizes[0] * cosines[kept] + sizes[1] * cosines[gone]) / sum(sizes)
    cosines[gone, :] = cosines[:, gone] = -np.inf
    row[[kept, gone]] = -np.inf
    cosines[kept, :] = cosines[:, kept] = row
    members[kept] += members.pop(gone)


def central(vectors: NDArray[np.float32], rows: Sequence[int], weights: Sequence[float]) -> list[int]:
    """Return a group's rows, the most typical first: nearest to the group's weighted mean."""
    chosen = np.asarray(rows)
    mean = (vectors[chosen] * np.asarray(weights, dtype=np.float32)[:, None]).sum(axis=0)
    return [int(chosen[place]) for place in np.argsort(-(vectors[chosen] @ mean), kind="stable")]
