"""What every encoder offers, and the mathematics to compare two of them.

Vectors are float32, one row a text, of length 1: their dot product is their cosine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Progress = Callable[[int], None]

NEIGHBOURS = 10
SAMPLE = 500


@dataclass(frozen=True, slots=True)
class Encoding:
    """A text as one vector [d], and as one vector [e] for each of its own tokens [t, e]; float32, all of length 1.

    Tokens of the prompt and special ones are not the text's own.
    """

    vector: Vectors
    tokens: Vectors


class Encoder(Protocol):
    """Turns texts into vectors that lie close together when the texts mean much the same."""

    @property
    def name(self) -> str:
        """What people call the model."""
        ...

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        ...

    @property
    def max_tokens(self) -> int:
        """Where longer texts are cut."""
        ...

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Encode questions: float32 [n, dimension], L2-normalised; no texts give shape (0, dimension)."""
        ...

    def encode_passages(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        """Encode passages: like ``encode_queries``; ``progress`` hears after each batch how many texts are done."""
        ...

    def read_queries(self, texts: Sequence[str]) -> list[Encoding]:
        """Encode questions, their tokens too."""
        ...

    def read_passages(self, texts: Sequence[str], *, progress: Progress | None = None) -> list[Encoding]:
        """Encode passages, their tokens too."""
        ...


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two encoders agree on the same texts: 1.0 each is perfect."""

    mean_cosine: float
    min_cosine: float
    top10_overlap: float


def normalise(vectors: NDArray[np.floating]) -> Vectors:
    """Scale each row to length 1 (a zero row stays zero): float32 [n, d]."""
    rows = np.asarray(vectors, dtype=np.float32)
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, np.float32(1e-12)), dtype=np.float32)


def agreement(a: NDArray[np.floating], b: NDArray[np.floating]) -> Agreement:
    """Compare two encoders' vectors of the same passages, row by row: [n, d] and [n, e].

    The cosines need d == e. ``top10_overlap`` is the mean share of common members among the 10 nearest other
    passages (all others, if there are fewer), by brute force, for at most 500 evenly spaced passages.

    Raises:
        ValueError: the shapes differ or there is no row.
    """
    if a.shape != b.shape or a.ndim != 2 or not len(a):
        raise ValueError(f"agreement needs two equal, non-empty matrices, got {a.shape} and {b.shape}")
    left, right = normalise(a), normalise(b)
    cosines = np.einsum("nd,nd->n", left, right)
    return Agreement(float(cosines.mean()), float(cosines.min()), _overlap(left, right))


def _overlap(left: Vectors, right: Vectors) -> float:
    """Mean share of common nearest neighbours of sampled rows, the row itself left out."""
    count = len(left)
    k = min(NEIGHBOURS, count - 1)
    if k == 0:
        return 1.0
    sample = np.unique(np.linspace(0, count - 1, min(count, SAMPLE)).astype(np.int64))
    shares = [
        len(set(p) & set(q)) / k for p, q in zip(_nearest(left, sample, k), _nearest(right, sample, k), strict=True)
    ]
    return float(np.mean(shares))


def _nearest(vectors: Vectors, sample: NDArray[np.int64], k: int) -> list[list[int]]:
    """For each sampled row, the ``k`` other rows of largest cosine, in no order."""
    scores = vectors[sample] @ vectors.T
    scores[np.arange(len(sample)), sample] = -np.inf
    nearest: list[list[int]] = np.argpartition(-scores, k - 1, axis=1)[:, :k].tolist()
    return nearest


def clean(texts: Sequence[str]) -> list[str]:
    """Make texts safe for tokenisers: surrogate pairs are joined, lone surrogates become U+FFFD."""
    return [
        text if text.isascii() else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        for text in texts
    ]


def around(ids: Callable[[str], Sequence[int]], prompt: str) -> tuple[int, int]:
    """Return how many tokens stand before and after a text's own: special ones and the prompt's.

    Args:
        ids: Turns a text into token ids, special ones included.
        prompt: What is put before every text.
    """
    first, second = list(ids("\u7532")), list(ids("\u4e59"))
    after = 0
    while after < min(len(first), len(second)) - 1 and first[-1 - after] == second[-1 - after]:
        after += 1
    return len(ids(prompt.rstrip())) - after, after


def own(states: NDArray[np.floating], before: int, after: int) -> Vectors:
    """Return the unit vectors of a text's own tokens [t, e] out of those of all tokens (all, where it has none)."""
    kept = states[before : len(states) - after]
    return normalise(kept if len(kept) else states)
