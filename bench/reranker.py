"""Train the network that puts the first few passages in order: ``python -m bench.reranker TASKS [--write]``.

``TASKS`` is the folder that ``bench.tasks`` made. Learned on the written clinics that the encoder was not trained on and
that nothing is measured by. For each of them it prints how often the first passage is right without the network and with
one that was trained on the others, and keeps that one in ``TASKS/rerankers``: ``bench.confidence`` needs it, and is to be
run afterwards. ``--write`` replaces ``reranker.npz`` and ``reranker.json`` in ``bot/retrieval``. Ten minutes on two cores.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from bench.meetings import RERANKER_TRAINING, Choice, train_reranker, write
from bench.tasks.written import UNSEEN
from bot.console import ConsoleReport
from bot.evaluation.evaluate import searcher_over
from bot.evaluation.folder import Task, read_task
from bot.retrieval.meetings import FOLDER, RIVALS, MeetingNetwork
from bot.retrieval.model import open_model
from bot.retrieval.search import Searcher
from bot.settings import load_settings

CLINICS = tuple(f"written-{name}" for name in UNSEEN)
KEPT = "rerankers"  # folder of the networks that were trained without a clinic, by its name
MADE_BY = "python -m bench.reranker TASKS --write"


def choices(searcher: Searcher, task: Task) -> Iterator[Choice]:
    """Yield the first candidates of a task's questions that have an answer; the searcher must not rerank."""
    number = {passage.id: n for n, passage in enumerate(searcher.index.passages)}
    for query in task.answerable:
        right = {number[name] for name in query.grades}
        found = searcher.candidates(searcher.understand(query.text))
        judged = found.judged()
        first = judged.order[:RIVALS].tolist()
        if first:
            yield Choice(
                tuple(float(judged.fused[place]) for place in first),
                tuple(found.meeting(judged, place, searcher.index.tokens) for place in first),
                tuple(int(found.numbers[found.looked[place]]) in right for place in first),
            )


def first_right(rows: Sequence[Choice], network: MeetingNetwork | None) -> float:
    """Return how often the first passage is right, with a network or without."""
    chosen = []
    for row in rows:
        scores = np.array(row.fused) + (network.logits(row.meetings) if network else 0.0)
        chosen.append(row.right[int(scores.argmax())])
    return float(np.mean(chosen))


def main() -> None:
    """Train, print what it is worth, and write it if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", type=Path, metavar="TASKS")
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)  # the same sums in the same order, whatever the machine
    settings = load_settings().model_copy(update={"rerank_weight": 0.0})
    model = open_model(settings)
    found: dict[str, list[Choice]] = {}
    for name in CLINICS:
        task = read_task(args.tasks / name, "dev")
        with searcher_over(settings, task, model, ConsoleReport(quiet=True)) as searcher:
            found[name] = list(choices(searcher, task))
            encoder = searcher.index.encoder
    (args.tasks / KEPT).mkdir(exist_ok=True)
    card = {
        "made_by": MADE_BY,
        "learned_on": {name: len(rows) for name, rows in found.items()},
        "training": RERANKER_TRAINING,
    }
    for name, rows in found.items():
        network = train_reranker([row for other, more in found.items() if other != name for row in more])
        write(network, encoder, args.tasks / KEPT / f"{name}.npz", card | {"without": name})
        print(f"{name} hit@1 {first_right(rows, None):.3f} -> {first_right(rows, network):.3f}", flush=True)
    if args.write:
        network = train_reranker([row for rows in found.values() for row in rows])
        write(network, encoder, FOLDER / "reranker.npz", card)


if __name__ == "__main__":
    main()
