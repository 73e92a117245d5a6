"""What each step is worth: ``python -m bench.ablation [TASKS] [--write]`` (``TASKS``: the folder that ``bench.tasks`` made).

Every variant leaves one thing out, or puts one in its place, on the same questions in the same run. ``--write`` puts the
table into ``docs/retrieval.md``. Only development parts are asked.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bot.console import ConsoleReport
from bot.evaluation.evaluate import Asked, ask_all, searcher_over
from bot.evaluation.folder import Task, read_task
from bot.evaluation.ranking import Gains, difference, measure
from bot.language.understanding import STEPS
from bot.retrieval.fusion import FusionWeights
from bot.retrieval.model import open_model
from bot.retrieval.search import Searcher
from bot.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "retrieval.md"
BEGIN, END = "<!-- ablation: begin -->", "<!-- ablation: end -->"
_STEP_NAMES = {
    "traditional": "繁体转简体", "courtesy": "去寒暄和来龙去脉", "pinyin": "拼音", "spelling": "错别字",
    "synonyms": "换成资料里的说法",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """A variant's figures on one task."""

    hit: float
    mrr: float
    change: dict[str, object] | None


def tasks_of(folder: Path | None) -> Iterator[tuple[str, Task]]:
    """Yield the tasks to ask, by the name that the table gives them."""
    seed = read_task(ROOT / "tests" / "eval" / "seed", "dev", 2)
    for name, noisy in (("文章，自然口吻", False), ("文章，错字繁体拼音等", True)):
        chosen = tuple(query for query in seed.queries if query.grades and query.kind.startswith("noisy") == noisy)
        yield name, replace(seed, queries=chosen)
    if folder is not None:
        yield "另一家机构(肾内科)", read_task(folder / "written-nephrology", "dev")
        yield "百科", read_task(folder / "xquad", "test")
        yield "问诊回答", read_task(folder / "toyhom-small", "dev")


def variants(searcher: Searcher, settings: Settings) -> Iterator[tuple[str, Searcher]]:
    """Yield each way of searching one index."""
    weights = searcher.weights
    index, most = searcher.index, settings.candidates

    def way(chosen: FusionWeights = weights, steps: tuple[str, ...] = STEPS) -> Searcher:
        return Searcher(index, most, chosen, steps)

    yield "全部", searcher
    for step in STEPS:
        yield f"不做：{_STEP_NAMES[step]}", way(steps=tuple(other for other in STEPS if other != step))
    yield "不理解问题(五步都不做)", way(steps=())
    yield "不逐词比较", way(replace(weights, late=0.0))
    yield "不重排前六段", way(replace(weights, rerank=0.0))
    yield "不用 BM25", way(replace(weights, lexical=0.0))


def gains_of(asked: list[Asked], task: Task) -> Gains:
    """Return the gains of the final ranking."""
    grades = {query.id: query.grades for query in task.answerable}
    return measure({row.query.id: row.rankings["final"] for row in asked if row.query.grades}, grades)


def compute(folder: Path | None, settings: Settings) -> dict[str, dict[str, Row]]:
    """Return the figures by variant and task."""
    table: dict[str, dict[str, Row]] = {}
    report = ConsoleReport(quiet=True)
    for name, task in tasks_of(folder):
        full: Gains | None = None

        def note(variant: str, searcher: Searcher, name: str = name, task: Task = task) -> Gains:
            gains = gains_of(ask_all(searcher, task, report), task)
            change = difference(gains["mrr@10"], full["mrr@10"]) if full is not None else None  # noqa: B023
            table.setdefault(variant, {})[name] = Row(
                float(gains["hit@1"].mean()), float(gains["mrr@10"].mean()), change
            )
            return gains

        with searcher_over(settings, task, open_model(settings), report) as searcher:
            for variant, way in variants(searcher, settings):
                gains = note(variant, way)
                full = full or gains
        untrained = settings.model_copy(update={"model": "base"})
        with searcher_over(untrained, task, open_model(untrained), report) as searcher:
            note("未训练的编码模型", searcher)
        print(name, {variant: round(row[name].mrr, 3) for variant, row in table.items() if name in row}, flush=True)
    return table


def markdown(table: dict[str, dict[str, Row]]) -> str:
    """Return the table: hit@1 / MRR@10, with a star where the change of MRR@10 is beyond its 95% interval."""
    names = list(next(iter(table.values())))
    lines = ["| 做法 | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
    for variant, row in table.items():
        cells = []
        for name in names:
            cell = row.get(name)
            mark = "*" if cell and cell.change and cell.change["real"] else ""
            cells.append(f"{cell.hit:.3f} / {cell.mrr:.3f}{mark}" if cell else "–")
        lines.append(f"| {variant} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Compute, print, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", type=Path, nargs="?")
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    text = markdown(compute(args.tasks, load_settings()))
    print(text)
    if args.write:
        before, rest = DOCUMENT.read_text("utf-8").split(BEGIN)
        DOCUMENT.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", "utf-8")


if __name__ == "__main__":
    main()
