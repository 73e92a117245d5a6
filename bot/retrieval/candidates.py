"""The passages that are proposed for a question, with what each way of comparing says of them."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from bot.retrieval.confidence import Looked
from bot.retrieval.fusion import FusionWeights, linear_combination
from bot.retrieval.late import TokenIndex
from bot.retrieval.meetings import RIVALS, Meeting, MeetingNetwork, meet


@dataclass(frozen=True, slots=True)
class Candidates:
    """Passage numbers with each side's scores (NaN: not found, or not looked at, by that side).

    ``lexical`` is BM25's score, ``mass`` the most that it could be for this question; ``late`` is the mean over the
    question's tokens of the best cosine in the passage. ``looked`` holds the places of the candidates that were compared
    token by token, ``met`` [t, len(looked)] what came out, ``tokens`` [t, e] the question's vectors; ``meetings`` those of
    the first few, by the passages' numbers.
    """

    numbers: NDArray[np.int64]
    dense: NDArray[np.float32]
    lexical: NDArray[np.float32]
    late: NDArray[np.float32]
    fused: NDArray[np.float32]
    mass: float
    looked: NDArray[np.int64]
    met: NDArray[np.float32]
    tokens: NDArray[np.float32]
    meetings: Mapping[int, Meeting] = field(default_factory=dict)

    def without(self, numbers: Container[int]) -> Candidates:
        """Return the candidates but for some passages."""
        kept = np.array([number not in numbers for number in self.numbers.tolist()], dtype=np.bool_)
        if kept.all():
            return self
        place = np.cumsum(kept) - 1
        seen = kept[self.looked]
        return replace(
            self, numbers=self.numbers[kept], dense=self.dense[kept], lexical=self.lexical[kept], late=self.late[kept],
            fused=self.fused[kept], looked=place[self.looked[seen]], met=self.met[:, seen], meetings={},
        )  # fmt: skip

    def place(self, at: int) -> int | None:
        """Return where a candidate stands among those that were compared token by token."""
        place = int(np.searchsorted(self.looked, at))
        return place if place < len(self.looked) and self.looked[place] == at else None

    def judged(self) -> Looked:
        """Return the candidates that were compared token by token, as the confidence wants them."""
        at, weakest = self.looked, np.nanmin(self.dense) if not np.isnan(self.dense).all() else 0.0
        share = np.nan_to_num(self.lexical[at]) / self.mass
        dense = np.nan_to_num(self.dense[at], nan=float(weakest))
        return Looked(dense, self.late[at], share.astype(np.float32), self.fused[at], self.met)

    def meeting(self, judged: Looked, place: int, index: TokenIndex) -> Meeting:
        """Return how the tokens of the question meet those of a candidate that was compared token by token."""
        number = int(self.numbers[self.looked[place]])
        known = self.meetings.get(number)
        if known is not None:
            return known
        return meet(self.tokens, index.vectors(number), judged.met, judged.usual, place, judged.order[:RIVALS])

    def reranked(self, network: MeetingNetwork, weight: float, index: TokenIndex) -> Candidates:
        """Return the candidates with the first few put in order by what the question's tokens meet in them.

        What the network says is added to ``fused``, less its highest; the rest is lowered as far as the lowest of the few,
        so that it stays behind them.
        """
        if len(self.looked) < 2:
            return self
        judged = self.judged()
        first = judged.order[:RIVALS].tolist()
        meetings = [self.meeting(judged, place, index) for place in first]
        added = weight * network.logits(meetings)
        added -= added.max()
        change = np.full(len(self.fused), added.min(), dtype=np.float32)
        change[self.looked[first]] = added
        by_number = dict(zip(self.numbers[self.looked[first]].tolist(), meetings, strict=True))
        return replace(self, fused=self.fused + change, meetings=by_number)


def compare_tokens(
    index: TokenIndex, tokens: NDArray[np.float32], numbers: NDArray[np.int64], dense: NDArray[np.float32],
    share: NDArray[np.float32], lexical_weight: float, most: int,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:  # fmt: skip
    """Compare a question token by token with the passages that the other two sides put first.

    Args:
        index: The passages' token vectors.
        tokens: The question's token vectors [t, e].
        numbers: The candidates' passages.
        dense: Their cosines, NaN where not found.
        share: Their shares of the question's BM25 mass, NaN where not found.
        lexical_weight: What a full share counts beside a tenth of cosine.
        most: How many are compared.

    Returns:
        The places among the candidates that were compared [m], ascending, and each token's best cosine there [t, m].
    """
    if not len(numbers):  # the confidence needs it even where the ranking does not
        return np.empty(0, dtype=np.int64), np.empty((len(tokens), 0), dtype=np.float32)
    nothing = np.full(len(numbers), np.nan, dtype=np.float32)
    first = linear_combination(dense, share, nothing, FusionWeights(lexical_weight, 0.0, 1.0))
    looked = np.sort(np.argsort(-first, kind="stable")[:most]).astype(np.int64)
    return looked, index.best(tokens, numbers[looked].tolist())


def best_per_passage(
    rows: NDArray[np.int64], scores: NDArray[np.float32], units: NDArray[np.int32]
) -> dict[int, float]:
    """Return each passage's best score among the unit rows found (best first, so its first one)."""
    best: dict[int, float] = {}
    for row, score in zip(rows.tolist(), scores.tolist(), strict=True):
        best.setdefault(int(units[row]), score)
    return best
