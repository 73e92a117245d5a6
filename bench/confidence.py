"""Fit the confidence: ``python -m bench.confidence TASKS [--write]`` (``TASKS``: the folder that ``bench.tasks`` made).

Learned on written clinics that no encoder was trained on: each question once as it is, once as if the passages that
answer it were not there, beside questions of the same speciality, of everyday life and of an encyclopaedia that nothing
answers. ``--write`` replaces
``bot/retrieval/confidence.json``. For each source it prints what a model fitted on
the other sources is worth there; ``python -m bot eval`` measures it on anything else.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from bot.console import ConsoleReport
from bot.evaluation.answering import Judged, measure_answering
from bot.evaluation.evaluate import searcher_over
from bot.evaluation.folder import Task, read_task
from bot.retrieval import confidence as target
from bot.retrieval.confidence import SIGNALS, probes
from bot.retrieval.model import open_model
from bot.retrieval.search import Searcher
from bot.settings import load_settings

CLINICS = ("written-dermatology", "written-endocrinology", "written-obstetrics", "written-regenerative")
ARTICLE = 20  # passages
HIDDEN = 0.3  # the weight of a question whose answer is hidden: half of the rows are such, few real questions are
FILE = Path(target.__file__).parent / "confidence.json"
Row = tuple[dict[str, float], bool, str, bool]  # signals, whether the best passage answers, kind, whether answerable


def rows(searcher: Searcher, task: Task, foreign: list[str], hide: bool) -> Iterator[Row]:
    """Yield the signals of a task's questions, of the same with their answers hidden, and of foreign questions."""
    number = {passage.id: n for n, passage in enumerate(searcher.index.passages)}
    for query in task.queries:
        right = {number[name] for name in query.grades}
        found = searcher.examine(query.text)
        if found is not None:
            yield found.signals, found.number in right, query.kind, bool(right)
        if hide and right and (found := searcher.examine(query.text, right)) is not None:
            yield found.signals, False, "hidden", False
    for question in foreign:
        if (found := searcher.examine(question)) is not None:
            yield found.signals, False, "far", False


def beginners(task: Task) -> Iterator[Task]:
    """Yield small parts of a clinic's texts, an article's worth each, asked their own questions and some of the rest's.

    A clinic begins with one article, and with few passages to compare with, the best one stands out more easily.
    """
    names = list(task.texts)
    for start in range(0, len(names) - ARTICLE + 1, 3 * ARTICLE):
        texts = {name: task.texts[name] for name in names[start : start + ARTICLE]}
        own = tuple(query for query in task.queries if query.grades and set(query.grades) <= set(texts))
        others = [query for query in task.queries if query.grades and not set(query.grades) & set(texts)]
        strangers = tuple(replace(query, grades={}, kind="elsewhere") for query in others[:: max(1, len(others) // 30)])
        yield Task(f"{task.name}-{start}", task.split, texts, (*own, *strangers))


def collect(tasks: Path) -> dict[str, list[Row]]:
    """Return the rows of each source."""
    settings = load_settings()
    model, report = open_model(settings), ConsoleReport(quiet=True)
    foreign = [query.text for query in read_task(tasks / "xquad", "train").queries[::10]]
    found: dict[str, list[Row]] = {}
    for name in CLINICS:
        task = read_task(tasks / name, "dev")
        with searcher_over(settings, task, model, report) as searcher:
            found[name] = list(rows(searcher, task, [*foreign, *probes()], hide=True))
        for small in beginners(task):
            with searcher_over(settings, small, model, report) as searcher:
                found[name] += rows(searcher, small, [*foreign[::4], *probes()], hide=True)
    return found


def fit(found: dict[str, list[Row]]) -> dict[str, Any]:
    """Return the content of ``confidence.json``."""
    table = np.array([[row[0][name] for name in SIGNALS] for source in found.values() for row in source])
    right = np.array([row[1] for source in found.values() for row in source])
    weight = np.array([1000 / len(f) * (HIDDEN if row[2] == "hidden" else 1.0) for f in found.values() for row in f])
    scaler = StandardScaler().fit(table)
    model = LogisticRegression(C=0.3, max_iter=5000).fit(scaler.transform(table), right, sample_weight=weight)
    columns = zip(SIGNALS, scaler.mean_, scaler.scale_, model.coef_[0], strict=True)
    return {
        "made_by": "python -m bench.confidence",
        "learned_on": {name: len(source) for name, source in found.items()},
        "bias": round(float(model.intercept_[0]), 4),
        "signals": {
            name: {"mean": round(float(m), 4), "scale": round(float(s), 4), "weight": round(float(w), 4)}
            for name, m, s, w in columns
        },
    }


def loaded(content: dict[str, Any]) -> target.Confidence:
    """Return the model of a fit."""
    columns = [content["signals"][name] for name in SIGNALS]
    mean, scale, weights = (np.array([c[key] for c in columns]) for key in ("mean", "scale", "weight"))
    return target.Confidence(mean, scale, weights, content["bias"])


def main() -> None:
    """Fit, print how well it fits, and write it if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", type=Path)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    found = collect(args.tasks)
    for name, source in found.items():
        model = loaded(fit({other: rest for other, rest in found.items() if other != name}))
        judged = [Judged(kind, model.probability(s), answerable, right) for s, right, kind, answerable in source]
        figures = measure_answering(judged)
        shown = {key: figures[key] for key in ("questions", "ece", "auroc", "false_answers")}
        print(name, json.dumps(shown, ensure_ascii=False))
    content = fit(found)
    if args.write:
        FILE.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(content["signals"]))


if __name__ == "__main__":
    main()
