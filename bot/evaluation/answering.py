"""Answerability measures: does the confidence tell questions that the texts answer from those that they do not?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 10
COVERAGES = (0.95, 0.97)


@dataclass(frozen=True, slots=True)
class Judged:
    """A question's confidence, what kind it is, whether it has an answer, whether the best passage is one."""

    kind: str
    confidence: float
    answerable: bool
    correct: bool
    answered: bool = False


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Return the probability that a question with an answer gets the higher confidence (ties count half)."""
    if not len(positive) or not len(negative):
        return float("nan")
    from sklearn.metrics import roc_auc_score  # type: ignore[import-untyped, unused-ignore]

    return float(roc_auc_score([1] * len(positive) + [0] * len(negative), [*positive, *negative]))


def risk_coverage(confidence: NDArray[np.float64], wrong: NDArray[np.bool_]) -> list[tuple[float, float]]:
    """Return (coverage, risk): the share of questions answered, surest first, and the share of those answered wrongly."""
    order = np.argsort(-confidence, kind="stable")
    risks = np.cumsum(wrong[order]) / np.arange(1, len(order) + 1)
    return [((n + 1) / len(order), float(risks[n])) for n in range(len(order))]


def threshold_at(positive: NDArray[np.float64], coverage: float) -> float:
    """Return the highest confidence at which at least ``coverage`` of the questions with an answer are answered."""
    ordered = np.sort(positive)[::-1]
    return float(ordered[min(len(ordered), int(np.ceil(coverage * len(ordered)))) - 1])


def calibration(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> tuple[float, list[dict[str, float]]]:
    """Return the expected calibration error over ten equal-width bins, and the bins.

    Source: Naeini, Cooper and Hauskrecht, AAAI 2015.
    """
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    error, bins = 0.0, []
    for number in range(BINS):
        inside = place == number
        if inside.any():
            mean, share = float(confidence[inside].mean()), float(right[inside].mean())
            error += float(inside.mean()) * abs(mean - share)
            bins.append({"confidence": mean, "right": share, "questions": int(inside.sum())})
    return error, bins


def measure_answering(judged: Sequence[Judged]) -> dict[str, Any]:
    """Return every measure; false answers by kind of question."""
    confidence = np.array([row.confidence for row in judged])
    answerable = np.array([row.answerable for row in judged])
    correct = np.array([row.correct for row in judged])
    answered = np.array([row.answered for row in judged])
    error, bins = calibration(confidence, correct)
    result: dict[str, Any] = {
        "questions": len(judged), "answerable": int(answerable.sum()), "ece": error, "calibration": bins,
        "answered": {"answerable": _share(answered[answerable]), "unanswerable": _share(answered[~answerable])},
    }  # fmt: skip
    without = sorted({row.kind for row in judged if not row.answerable})
    kinds = {"all": ~answerable} | {k: np.array([r.kind == k and not r.answerable for r in judged]) for k in without}
    result["auroc"] = {kind: auroc(confidence[answerable], confidence[chosen]) for kind, chosen in kinds.items()}
    result["false_answers"] = {}
    for coverage in COVERAGES:
        if answerable.any():
            limit = threshold_at(confidence[answerable], coverage)
            shares = {kind: _share(confidence[chosen] >= limit) for kind, chosen in kinds.items()}
            result["false_answers"][f"{coverage:.0%}"] = {"threshold": limit, **shares}
    result["risk_coverage"] = risk_coverage(confidence, ~correct)
    result["answered_by_kind"] = {
        kind: _share(answered[np.array([row.kind == kind for row in judged])])
        for kind in sorted({r.kind for r in judged})
    }
    return result


def _share(values: NDArray[np.bool_]) -> float | None:
    return float(values.mean()) if len(values) else None
