"""Fit the confidence: ``python -m bench.confidence TASKS [--write]`` (``TASKS``: the folder that ``bench.tasks`` made).

Learned on written clinics that no encoder was trained on: each question once as it is, once as if the passages that
answer it were not there, beside questions of the same speciality, of everyday life and of an encyclopaedia that nothing
answers. The signal ``aspect`` comes from a network that is trained here too (``bench/aspects.py``), on the clinics that
the encoder was trained on as well; what it says of a clinic that the confidence learns on comes from one that was trained
without that clinic. ``--write`` replaces ``confidence.json``, ``aspects.npz`` and ``aspects.json`` in ``bot/retrieval``.
For each source it prints what models fitted on the other sources are worth there; ``python -m bot eval`` measures on
anything else. About half an hour on two cores.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from bench import aspects
from bench.aspects import Example
from bench.tasks.written import TRAINED_ON
from bot.console import ConsoleReport
from bot.encoding.encoder import Encoder
from bot.evaluation.answering import Judged, measure_answering
from bot.evaluation.evaluate import searcher_over
from bot.evaluation.folder import Task, read_task
from bot.retrieval import confidence as target
from bot.retrieval.confidence import ASPECT, SIGNALS, probes
from bot.retrieval.model import Model, open_model
from bot.retrieval.search import Examined, Searcher
from bot.settings import Settings, load_settings

CLINICS = tuple(
    f"written-{name}"
    for name in ("dermatology", "endocrinology", "hematology", "obstetrics", "psychiatry", "regenerative")
)
OTHERS = tuple(f"written-{name}" for name in TRAINED_ON)
ARTICLE = 20  # passages
HIDDEN = 0.3  # the weight of a question whose answer is hidden: half of the rows are such, few real questions are
FILE = Path(target.__file__).parent / "confidence.json"
Sources = dict[str, list[Example]]


def examples(searcher: Searcher, task: Task, foreign: list[str], small: bool = False) -> Iterator[Example]:
    """Yield a task's questions, the same with their answers hidden, and foreign questions, each with its best passage."""
    number = {passage.id: n for n, passage in enumerate(searcher.index.passages)}

    def example(found: Examined | None, right: set[int], kind: str) -> Iterator[Example]:
        if found is not None:
            signals = {name: found.signals[name] for name in SIGNALS}
            yield Example(signals, found.meeting, found.number in right, kind, bool(right), small)

    for query in task.queries:
        right = {number[name] for name in query.grades}
        yield from example(searcher.examine(query.text), right, query.kind)
        if right:
            yield from example(searcher.examine(query.text, right), set(), "hidden")
    for question in foreign:
        yield from example(searcher.examine(question), set(), "far")


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


def collect(tasks: Path, settings: Settings, model: Model) -> tuple[Sources, Sources, Encoder]:
    """Return the examples of the clinics that the confidence learns on, those of the others, and the encoder."""
    report = ConsoleReport(quiet=True)
    foreign = [query.text for query in read_task(tasks / "xquad", "train").queries[::10]]
    found: Sources = {}
    for name in (*CLINICS, *OTHERS):
        task = read_task(tasks / name, "dev")
        with searcher_over(settings, task, model, report) as searcher:
            asked = foreign if name in CLINICS else foreign[::3]
            found[name] = list(examples(searcher, task, [*asked, *probes()]))
            encoder = searcher.index.encoder
        for small in beginners(task) if name in CLINICS else ():
            with searcher_over(settings, small, model, report) as searcher:
                found[name] += examples(searcher, small, [*foreign[::4], *probes()], small=True)
    return {name: found[name] for name in CLINICS}, {name: found[name] for name in OTHERS}, encoder


def with_aspect(found: Sources, others: Sources) -> Sources:
    """Return the examples with the signal ``aspect``, from a network that was trained without their own source."""
    judged: Sources = {}
    for name, source in found.items():
        rest = [
            example for side in (found, others) for other, rows in side.items() if other != name for example in rows
        ]
        network = aspects.train(rest)
        judged[name] = [replace(e, signals=e.signals | {ASPECT: float(network.logits([e.meeting])[0])}) for e in source]
    return judged


def fit(found: Sources, names: Sequence[str]) -> dict[str, Any]:
    """Return the bias and the signals of a logistic model, as ``confidence.json`` holds them."""
    table = np.array([[example.signals[name] for name in names] for source in found.values() for example in source])
    right = np.array([example.right for source in found.values() for example in source])
    weight = np.array([1000 / len(f) * (HIDDEN if e.kind == "hidden" else 1.0) for f in found.values() for e in f])
    scaler = StandardScaler().fit(table)
    model = LogisticRegression(C=0.3, max_iter=5000).fit(scaler.transform(table), right, sample_weight=weight)
    columns = zip(names, scaler.mean_, scaler.scale_, model.coef_[0], strict=True)
    return {
        "bias": round(float(model.intercept_[0]), 4),
        "signals": {
            name: {"mean": round(float(m), 4), "scale": round(float(s), 4), "weight": round(float(w), 4)}
            for name, m, s, w in columns
        },
    }


def worth(source: Sequence[Example], content: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a fit is worth on a source's whole corpus: with hidden answers, and calibration without them."""
    model = target.confidence_of(content)

    def measured(rows: Sequence[Example]) -> dict[str, Any]:
        return measure_answering([Judged(e.kind, model.probability(e.signals), e.answerable, e.right) for e in rows])

    whole = [example for example in source if not example.small]
    figures, real = measured(whole), measured([example for example in whole if example.kind != "hidden"])
    return {
        "auroc": {kind: round(value, 3) for kind, value in figures["auroc"].items()},
        "auroc_unhidden": round(real["auroc"]["all"], 3),
        "false_answers": {kind: round(value, 3) for kind, value in figures["false_answers"]["95%"].items()},
        "ece": round(real["ece"], 3),
    }


def main() -> None:
    """Fit, print how well it fits, and write it if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", type=Path)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)  # the same sums in the same order, whatever the machine
    settings = load_settings()
    found, others, encoder = collect(args.tasks, settings, open_model(settings))
    found = with_aspect(found, others)
    names = {"without_aspect": SIGNALS, "with_aspect": (*SIGNALS, ASPECT)}
    for name, source in found.items():
        rest = {other: rows for other, rows in found.items() if other != name}
        for which, signals in names.items():
            print(name, which, json.dumps(worth(source, fit(rest, signals)), ensure_ascii=False))
    content = {
        "made_by": "python -m bench.confidence",
        "learned_on": {name: len(source) for name, source in found.items()},
    } | {which: fit(found, signals) for which, signals in names.items()}
    if args.write:
        FILE.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        every = {**found, **others}
        network = aspects.train([example for rows in every.values() for example in rows])
        aspects.write(network, encoder, {name: len(rows) for name, rows in every.items()})
    print(json.dumps(content["with_aspect"]["signals"]))


if __name__ == "__main__":
    main()
