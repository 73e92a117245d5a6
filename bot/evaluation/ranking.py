"""Ranking measures with bootstrap confidence intervals, by ir-measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MEASURES = ("hit@1", "hit@3", "hit@10", "mrr@10", "ndcg@10")
RESAMPLES = 1000
Run = Mapping[str, Sequence[str]]  # question -> texts, best first
Gains = dict[str, NDArray[np.float64]]  # measure -> a value for each question


def measure(run: Run, grades: Mapping[str, Mapping[str, int]]) -> Gains:
    """Return each measure's value for every question, in the order of ``grades``."""
    import ir_measures  # type: ignore[import-untyped, unused-ignore]
    from ir_measures import RR, Success, nDCG

    by_name = {
        "hit@1": Success @ 1,
        "hit@3": Success @ 3,
        "hit@10": Success @ 10,
        "mrr@10": RR @ 10,
        "ndcg@10": nDCG @ 10,
    }
    names = {str(value): name for name, value in by_name.items()}
    # The library orders by score and breaks ties by id: ranks as scores keep our order.
    scored = {q: {text: float(len(texts) - place) for place, text in enumerate(texts)} for q, texts in run.items()}
    order = {query: place for place, query in enumerate(grades)}
    gains: Gains = {name: np.zeros(len(order)) for name in MEASURES}
    for found in ir_measures.iter_calc(list(by_name.values()), {q: dict(g) for q, g in grades.items()}, scored):
        gains[names[str(found.measure)]][order[found.query_id]] = found.value
    return gains


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over questions with its 95% bootstrap interval."""

    value: float
    low: float
    high: float

    def to_json(self) -> dict[str, float]:
        """Return a JSON object."""
        return {"value": self.value, "low": self.low, "high": self.high}


def draws(count: int, seed: int = 0) -> NDArray[np.int64]:
    """Return the resamples' question numbers [resamples, count]."""
    return np.random.default_rng(seed).integers(0, count, (RESAMPLES, count))


def figure(values: NDArray[np.float64], seed: int = 0) -> Figure:
    """Return a mean with its interval (percentile bootstrap over questions)."""
    if not len(values):
        return Figure(float("nan"), float("nan"), float("nan"))
    low, high = np.percentile(values[draws(len(values), seed)].mean(axis=1), [2.5, 97.5])
    return Figure(float(values.mean()), float(low), float(high))


def difference(own: NDArray[np.float64], other: NDArray[np.float64]) -> dict[str, Any]:
    """Return how much better ``own`` is on the same questions: difference, 95% interval, relative, and if it is real."""
    found = figure(own - other)
    real = found.low > 0 or found.high < 0
    relative = found.value / other.mean() if len(other) and other.mean() else None
    return {"difference": found.value, "low": found.low, "high": found.high, "relative": relative, "real": bool(real)}
