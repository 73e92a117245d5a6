"""Which pairs meet in a batch: neighbours, so that the other answers of a batch are hard negatives at no cost.

Every answer of a batch is a negative for every other question of it. Batches are made of small clusters of pairs that
BM25 or the untrained model mistakes for each other; pairs of the same group, with equal texts, or whose answer beats
the question's own by a margin (an unlabelled right answer, most likely) are never put into one cluster on purpose.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from bot.retrieval.lexical import build_lexical
from bot.training.pairs import Pair, PairFile

Batch = tuple[int, tuple[int, ...]]  # number of the file, numbers of its pairs
Neighbours = list[list[int]]
_CANDIDATES = 12


def lexical_neighbours(pairs: Sequence[Pair], tokens: Callable[[str], list[str]], margin: float = 1.3) -> Neighbours:
    """Return for each pair the pairs whose positives BM25 finds for its question, most confusable first.

    Args:
        pairs: All pairs of one file.
        tokens: Cuts a text into words.
        margin: A text scoring above ``margin`` times the right one is left out as a likely right answer.
    """
    index = build_lexical([tokens(pair.positive) for pair in pairs])
    found = []
    for place, pair in enumerate(pairs):
        scores = index.scores(tokens(pair.queries[0]))
        found.append(_confusable(scores, place, pairs, float(scores[place]) * margin if scores[place] > 0 else np.inf))
    return found


def dense_neighbours(pairs: Sequence[Pair], vectors: NDArray[np.float32], ceiling: float = 0.97) -> Neighbours:
    """Return for each pair the pairs whose questions lie nearest to its own in the model's space.

    Args:
        pairs: All pairs of one file.
        vectors: Unit vectors of each pair's first wording, [n, d].
        ceiling: Nearer ones ask the same thing, most likely, and are left out.
    """
    return [_confusable(vectors @ row, place, pairs, ceiling) for place, row in enumerate(vectors)]


def _confusable(scores: NDArray[np.float32], place: int, pairs: Sequence[Pair], ceiling: float) -> list[int]:
    count = min(4 * _CANDIDATES, len(scores))
    best = np.argpartition(-scores, count - 1)[:count]
    best = best[np.argsort(-scores[best], kind="stable")]
    own = pairs[place]
    chosen = [
        int(other)
        for other in best
        if 0 < scores[other] < ceiling
        and pairs[other].group != own.group
        and pairs[other].positive != own.positive
        and not set(pairs[other].queries) & set(own.queries)
    ]
    return chosen[:_CANDIDATES]


def merge(*lists: Neighbours) -> Neighbours:
    """Take turns between several lists of neighbours, without repeats."""
    merged = []
    for rows in zip(*lists, strict=True):
        longest = max(map(len, rows))
        turns = [row[n] for n in range(longest) for row in rows if n < len(row)]
        merged.append(list(dict.fromkeys(turns)))
    return merged


def plan_epoch(
    files: Sequence[PairFile], neighbours: Sequence[Neighbours], size: int, cluster: int, rng: random.Random
) -> list[Batch]:
    """Return one epoch's batches in random order; each batch holds pairs of one file."""
    plan: list[Batch] = []
    for number, file in enumerate(files):
        chosen = rng.sample(range(len(file.pairs)), max(1, round(file.share * len(file.pairs))))
        clusters = _clusters(chosen, neighbours[number], cluster)
        rng.shuffle(clusters)
        flat = [place for members in clusters for place in members]
        cut = [tuple(flat[start : start + size]) for start in range(0, len(flat), size)]
        if len(cut) > 1 and len(cut[-1]) < size // 2:
            cut.pop()
        plan.extend((number, batch) for batch in cut)
    rng.shuffle(plan)
    return plan


def _clusters(order: Sequence[int], neighbours: Neighbours, size: int) -> list[list[int]]:
    """Cut into groups of at most ``size``: each starts at a free pair and takes its nearest free neighbours."""
    free = dict.fromkeys(order)
    clusters = []
    for seed in order:
        if seed not in free:
            continue
        del free[seed]
        members = [seed]
        for other in neighbours[seed]:
            if len(members) == size:
                break
            if other in free:
                del free[other]
                members.append(other)
        clusters.append(members)
    return clusters
