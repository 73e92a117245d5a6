"""Compare encoders before any confidence is fitted: ``python -m bench.encoders TASKS [FOLDER …] [--clinics NAME,NAME]``.

For each encoder (the one that comes with the project, then the sentence-transformers folders named) and each written
clinic: how often the first passage is right without reranking, and how well the token comparison alone tells questions
that are answered rightly from questions of the same speciality that nothing answers: AUROC, and the share of those still
answered where 95 % of the rightly answered ones are.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from bot.console import ConsoleReport
from bot.evaluation.evaluate import searcher_over
from bot.evaluation.folder import Task, read_task
from bot.retrieval.model import Model, open_model
from bot.settings import Settings, load_settings

UNSEEN = "dermatology,psychiatry,dialysis,nephrology-large"


def measure(settings: Settings, task: Task, model: Model) -> dict[str, float]:
    """Return hit@1, and AUROC and false answers at 95 % coverage on the task's ``near`` questions."""
    answered, right, near = 0, [], []
    with searcher_over(settings, task, model, ConsoleReport(quiet=True)) as searcher:
        number = {passage.id: place for place, passage in enumerate(searcher.index.passages)}
        for query in task.queries:
            found = searcher.examine(query.text)
            answered += bool(query.grades)
            if found is None:
                continue
            if found.number in {number[name] for name in query.grades}:
                right.append(found.signals["late"])
            elif query.kind == "near":
                near.append(found.signals["late"])
    return {
        "hit@1": len(right) / answered,
        "auroc_near": float(roc_auc_score([1] * len(right) + [0] * len(near), right + near)),
        "false_answers_95": float(np.mean(np.array(near) >= np.quantile(right, 0.05))),
    }


def main() -> None:
    """Print a line for each encoder and clinic."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", type=Path, metavar="TASKS", help="the folder that bench.tasks made")
    parser.add_argument("folders", type=Path, nargs="*", metavar="FOLDER")
    parser.add_argument("--clinics", default=UNSEEN)
    args = parser.parse_args()
    settings = load_settings().model_copy(update={"rerank_weight": 0.0})  # the network knows one encoder only
    models = {"shipped": open_model(settings)} | {str(f): Model(str(f), f.name, settings) for f in args.folders}
    for name in args.clinics.split(","):
        task = read_task(args.tasks / f"written-{name}", "dev")
        for which, model in models.items():
            figures = measure(settings, task, model)
            print(name, which, *(f"{key} {value:.3f}" for key, value in figures.items()))


if __name__ == "__main__":
    main()
