"""Fit the confidence: ``python -m bench.confidence TASKS [--write]`` (``TASKS``: the folder that ``bench.tasks`` made).

Learned on written clinics that no encoder was trained on: each question once as it is, once as if the passages that
answer it were not there, beside questions of the same speciality, of everyday life and of an encyclopaedia that nothing
answers. The passages of a clinic that it learns on were put in order by a network that was trained without that clinic
(run ``bench.reranker`` before). The signal ``aspect`` comes from a network that is trained here too
(``bench/meetings.py``), on the clinics that the encoder was trained on as well; what it says of a clinic that the
confidence learns on comes from one that was trained without that clinic. ``--write`` replaces ``confidence.json``,
``aspects.npz`` and ``aspects.json`` in ``bot/retrieval``. For each source it prints what models fitted on the other
sources are worth there; ``python -m bot eval`` measures on anything else. About half an hour on two cores.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from bench.meetings import ASPECTS_TRAINING, Example, train_aspects, write
from bench.reranker import CLINICS, KEPT
from bench.tasks.written import TRAINED_ON
from bot.console import ConsoleReport
from bot.evaluation.answering import Judged, measure_answering
from bot.evaluation.evaluate import searcher_over
from bot.evaluation.folder import Task, read_task
from bot.retrieval import confidence as target
from bot.retrieval.confidence import ASPECT, SIGNALS, probes
from bot.retrieval.meetings import FOLDER, read_network
from bot.retrieval.model import Model, open_model
from bot.retrieval.search import Examined, Searcher
from bot.settings import Settings, load_settings

OTHERS = tuple(f"written-{name}" for name in TRAINED_ON)
ARTICLE = 20  # passages
HIDDEN = 0.3  # the weight of a question whose answer is hidden: half of the rows are such, few real questions are
FILE = FOLDER / "confidence.json"
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


@contextmanager
def _searcher(tasks: Path, name: str, task: Task, settings: Settings, model: Model) -> Iterator[Searcher]:
    """Give a searcher over a clinic's texts, whose passages are put in order by a network that does not know the clinic."""
    with searcher_over(settings, task, model, ConsoleReport(quiet=True)) as searcher:
        if name in CLINICS:
            searcher = searcher.reranked_by(read_network(tasks / KEPT / f"{name}.npz")[0])
        yield searcher


def of_clinic(tasks: Path, name: str, settings: Settings) -> list[Example]:
    """Return the examples of a clinic; of one that the confidence learns on, those of small parts of it as well."""
    model, learned_on = open_model(settings), name in CLINICS
    foreign = [query.text for query in read_task(tasks / "xquad", "train").queries[::10]]
    task = read_task(tasks / name, "dev")
    with _searcher(tasks, name, task, settings, model) as searcher:
        found = list(examples(searcher, task, [*(foreign if learned_on else foreign[::3]), *probes()]))
    for small in beginners(task) if learned_on else ():
        with _searcher(tasks, name, small, settings, model) as searcher:
            found += examples(searcher, small, [*foreign[::4], *probes()], small=True)
    return found


def collect(tasks: Path, settings: Settings) -> tuple[Sources, Sources]:
    """Return the examples of the clinics that the confidence learns on, and those of the others; a process for each core."""
    names = (*CLINICS, *OTHERS)
    alone = settings.model_copy(update={"threads": 1})
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        found = dict(zip(names, pool.map(partial(of_clinic, tasks, settings=alone), names), strict=True))
    return {name: found[name] for name in CLINICS}, {name: found[name] for name in OTHERS}


def with_aspect(found: Sources, others: Sources) -> Sources:
    """Return the examples with the signal ``aspect``, from a network that was trained without their own source."""
    judged: Sources = {}
    for name, source in found.items():
        rest = [
            example for side in (found, others) for other, rows in side.items() if other != name for example in rows
        ]
        network = train_aspects(rest)
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
    found, others = collect(args.tasks, settings)
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
        network = train_aspects([example for rows in every.values() for example in rows])
        card = {
            "made_by": "python -m bench.confidence TASKS --write",
            "training": ASPECTS_TRAINING,
            "learned_on": {name: len(rows) for name, rows in every.items()},
        }
        task = read_task(args.tasks / CLINICS[0], "dev")
        with searcher_over(settings, task, open_model(settings), ConsoleReport(quiet=True)) as searcher:
            write(network, searcher.index.encoder, FOLDER / "aspects.npz", card)
    print(json.dumps(content["with_aspect"]["signals"]))


if __name__ == "__main__":
    main()
