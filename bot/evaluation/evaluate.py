"""Build an index of a task aside, ask it every question, and measure what comes back."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.dialogue.answerability import outcome, thresholds_of
from bot.evaluation.answering import Judged, measure_answering
from bot.evaluation.folder import Query, Task, passages_of
from bot.evaluation.ranking import Gains, difference, figure, measure
from bot.language.lexicon import load_lexicon
from bot.language.segmentation import Segmenter
from bot.retrieval.build import Report, index_passages
from bot.retrieval.candidates import Candidates
from bot.retrieval.fusion import reciprocal_rank_fusion
from bot.retrieval.live import LiveIndex
from bot.retrieval.model import Model, open_model
from bot.retrieval.search import Found, Searcher
from bot.retrieval.store import build_lock
from bot.settings import Settings

DEPTH = 10
SYSTEMS = ("dense", "lexical", "fused", "final")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with what each way of ranking put first, and the confidence in the best passage."""

    query: Query
    rankings: dict[str, list[str]]
    confidence: float
    answered: bool


@dataclass(slots=True)
class Evaluation:
    """What was asked of a task and how good each way of ranking was, with every question's gains for comparisons."""

    task: Task
    asked: list[Asked]
    gains: dict[str, Gains] = field(default_factory=dict)
    naive: dict[str, Gains] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return figures by way of ranking and by kind of question, answerability, and the comparison with naive."""
        answerable = self.task.answerable
        kinds = sorted({query.kind for query in answerable})
        content: dict[str, Any] = {
            "task": self.task.name, "split": self.task.split, "texts": len(self.task.texts),
            "questions": len(self.task.queries), "answerable": len(answerable),
        }  # fmt: skip
        content |= {system: _means(gains) for system, gains in self.gains.items()}
        content["intervals"] = {system: _intervals(gains) for system, gains in self.gains.items()}
        if len(kinds) > 1:
            masks = {kind: np.array([query.kind == kind for query in answerable]) for kind in kinds}
            content["kinds"] = {
                kind: {"questions": int(mask.sum())}
                | {system: _means({m: v[mask] for m, v in gains.items()}) for system, gains in self.gains.items()}
                for kind, mask in masks.items()
            }
        if self.naive:
            content["naive"] = {system: _means(gains) for system, gains in self.naive.items()}
            content["gain_over_naive"] = {
                system: {m: difference(self.gains["final"][m], gains[m]) for m in ("mrr@10", "hit@1")}
                for system, gains in self.naive.items()
            }
        content["answerability"] = measure_answering([judged(asked) for asked in self.asked])
        content["per_question"] = {
            asked.query.id: {"confidence": round(asked.confidence, 4), "first": asked.rankings["final"][:1]}
            for asked in self.asked
        }
        order = [query.id for query in answerable]
        for system, gains in self.gains.items():
            for place, name in enumerate(order):
                content["per_question"][name][system] = round(float(gains["mrr@10"][place]), 4)
        return content


def _means(gains: Gains) -> dict[str, float]:
    return {name: round(float(values.mean()), 4) if len(values) else float("nan") for name, values in gains.items()}


def _intervals(gains: Gains) -> dict[str, list[float]]:
    return {name: [round(f.low, 4), round(f.high, 4)] for name, f in ((n, figure(v)) for n, v in gains.items())}


def judged(asked: Asked) -> Judged:
    """Return what the answerability measures need of a question that was asked."""
    right = bool(asked.rankings["final"][:1]) and asked.rankings["final"][0] in asked.query.grades
    return Judged(asked.query.kind, asked.confidence, bool(asked.query.grades), right, asked.answered)


def _names(scores: NDArray[np.float32], found: Candidates, names: Sequence[str]) -> list[str]:
    """Return the ids of the best scored candidates; those that the side did not find are left out."""
    order = np.lexsort((found.numbers, -np.nan_to_num(scores, nan=-np.inf)))
    return [names[int(found.numbers[at])] for at in order[:DEPTH] if not np.isnan(scores[at])]


def ask_all(searcher: Searcher, task: Task, report: Report) -> list[Asked]:
    """Ask every question of a task."""
    names = [passage.id for passage in searcher.index.passages]
    limits = thresholds_of(searcher.index.manifest)
    asked = []
    with report.progress("提问", len(task.queries)) as advance:
        for query in task.queries:
            found: Found = searcher.find(query.text, DEPTH)
            confidence = found.hits[0].probability if found.hits else 0.0
            answered = outcome(found.hits, limits) == "answer"
            sides = found.candidates
            rankings = {"dense": [], "lexical": [], "fused": []} if sides is None else {
                "dense": _names(sides.dense, sides, names),
                "lexical": _names(sides.lexical, sides, names),
                "fused": _names(reciprocal_rank_fusion(sides.dense, sides.lexical), sides, names),
            }  # fmt: skip
            rankings["final"] = [hit.passage.id for hit in found.hits]
            asked.append(Asked(query, rankings, confidence, answered))
            advance(1)
    return asked


def evaluate(
    settings: Settings, task: Task, report: Report, *, model: Model | None = None, naive: Model | None = None,
    then: Callable[[Searcher], None] | None = None,
) -> Evaluation:  # fmt: skip
    """Index a task's texts in a temporary place, ask its questions, measure.

    Args:
        settings: How to index and search; its corpus folder gives the lexicon, its cache keeps the vectors.
        task: What to ask of what.
        report: Told how far it is.
        model: The encoder (default: the settings').
        naive: An encoder for the naive system beside it: whole texts only, no lexicon, questions as they are typed.
        then: Called with the searcher at the end, while the index is still there.
    """
    evaluation = Evaluation(task, [])
    grades: Mapping[str, dict[str, int]] = {query.id: query.grades for query in task.answerable}
    with searcher_over(settings, task, model or open_model(settings), report) as searcher:
        evaluation.asked = ask_all(searcher, task, report)
        if then is not None:
            then(searcher)
    for system in SYSTEMS:
        run = {asked.query.id: asked.rankings[system] for asked in evaluation.asked if asked.query.grades}
        evaluation.gains[system] = measure(run, grades)
    if naive is not None:
        plain = settings.model_copy(
            update={
                "understand": (),
                "late_weight": 0.0,
                "sentence_vectors_up_to": 0,
                "corpus": settings.cache / "none",
            }
        )
        with searcher_over(plain, task, naive, report) as searcher:
            asked_naively = ask_all(searcher, task, report)
        for system in ("dense", "lexical", "fused"):
            run = {asked.query.id: asked.rankings[system] for asked in asked_naively if asked.query.grades}
            evaluation.naive[system] = measure(run, grades)
    return evaluation


@contextmanager
def searcher_over(settings: Settings, task: Task, model: Model, report: Report) -> Iterator[Searcher]:
    """Give a searcher over an index of a task in a temporary folder, which goes with it; vectors stay in the cache."""
    with tempfile.TemporaryDirectory(prefix="yiju-eval-") as place:
        aside = settings.model_copy(update={"index": Path(place) / "index", "known_questions": 0})
        segmenter = Segmenter(load_lexicon(settings.corpus / "lexicon"), settings.cache)
        documents, passages = passages_of(task)
        embeddings = settings.cache / "eval" / f"{task.name}-{model.key[:16]}.npz"
        with build_lock(aside.index, 0):
            index_passages(aside, documents, passages, segmenter, model, report, embeddings)
        live = LiveIndex(aside)
        try:
            yield live.searcher
        finally:
            live.close()
