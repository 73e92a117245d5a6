"""The figures of ``docs/retrieval.md``: ``python -m bench.results TASKS [--write]`` (``TASKS``: what ``bench.tasks`` made).

Only parts that nothing was trained on: the test parts of the article's questions and of the public tasks, and three written
clinics (looked at when BM25's weight, the later stages of training and the reranking were decided on). Every row measures
the naive way (whole texts, the untrained model, BM25, reciprocal rank fusion, questions as they are typed) on the same
questions in the same run.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.ablation import DOCUMENT, ROOT
from bot.console import ConsoleReport
from bot.evaluation.answering import Judged, measure_answering
from bot.evaluation.evaluate import Evaluation, evaluate, judged
from bot.evaluation.folder import Task, read_task
from bot.evaluation.ranking import difference
from bot.retrieval.model import Model, open_model
from bot.settings import load_settings

BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"
ALL = ("article", "clinics", "public", "simulated")


@dataclass(frozen=True, slots=True)
class Measured:
    """One task, measured both ways."""

    name: str
    content: dict[str, Any]
    judged: list[Judged]


def tasks_of(folder: Path, chosen: tuple[str, ...]) -> Iterator[tuple[str, Task]]:
    """Yield the tasks by the names that the table gives them."""
    if "article" in chosen:
        seed = read_task(ROOT / "tests" / "eval" / "seed", "test", 2)
        for name, noisy in (("文章，自然口吻", False), ("文章，错字繁体拼音等", True)):
            kept = tuple(q for q in seed.queries if q.kind.startswith("noisy") == noisy or not q.grades)
            yield name, replace(seed, queries=kept)
    if "clinics" in chosen:
        yield "另一家机构（肾内科 1）", read_task(folder / "written-nephrology", "dev")
        yield "另一家机构（肾内科 2）", read_task(folder / "written-nephrology-large", "dev")
        yield "另一家机构（透析与移植）", read_task(folder / "written-dialysis", "dev")
    if "public" in chosen:
        yield "问诊回答（没见过的回答）", read_task(folder / "toyhom-fresh", "test")
        yield "百科段落", read_task(folder / "xquad", "test")
        yield "问句匹配", read_task(folder / "cmedqq", "test")


def measured(settings: Any, name: str, task: Task, model: Model, naive: Model | None) -> Measured:
    """Measure one task."""
    found: Evaluation = evaluate(settings, task, ConsoleReport(quiet=True), model=model, naive=naive)
    content = found.to_json()
    if found.naive:
        best = max(found.naive, key=lambda side: float(found.naive[side]["mrr@10"].mean()))
        singles = max(("dense", "lexical"), key=lambda side: float(found.naive[side]["mrr@10"].mean()))
        for key, side in (("best", best), ("single", singles)):
            gain = difference(found.gains["final"]["mrr@10"], found.naive[side]["mrr@10"])
            content[key] = {"side": side, **content["naive"][side], "gain": gain}
    print(name, {k: content["final"][k] for k in ("hit@1", "hit@3", "mrr@10")}, content.get("best"), flush=True)
    return Measured(name, content, [judged(asked) for asked in found.asked])


def simulated(settings: Any, folder: Path, model: Model) -> Measured:
    """Measure answerability over all simulated clinics for testing, their questions pooled."""
    rows: list[Judged] = []
    for place in sorted((folder / "clinics" / "test").iterdir()):
        rows += measured(settings, place.name, read_task(place, "test"), model, None).judged
    return Measured("模拟机构（问诊）", {"answerability": measure_answering(rows)}, rows)


def ranking_table(rows: list[Measured]) -> str:
    """Return the ranking figures, naive beside ours."""
    names = {"dense": "向量", "lexical": "BM25", "fused": "RRF"}
    lines = [
        "| 任务 | 问题 | 朴素做法中最好的：hit@1 / hit@3 / MRR@10 | 医据：hit@1 / hit@3 / MRR@10 | MRR@10 相对提高（95% 区间） |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        best, own = row.content["best"], row.content["final"]
        gain, base = best["gain"], best["mrr@10"]
        lines.append(
            f"| {row.name} | {row.content['answerable']} | {names[best['side']]} {_three(best)} | {_three(own)} | "
            f"{gain['relative']:+.0%}（{gain['low'] / base:+.0%} 到 {gain['high'] / base:+.0%}） |"
        )
    return "\n".join(lines)


def _three(row: dict[str, Any]) -> str:
    return f"{row['hit@1']:.3f} / {row['hit@3']:.3f} / {row['mrr@10']:.3f}"


def answering_table(rows: list[Measured]) -> str:
    """Return the answerability figures."""
    lines = [
        "| 任务 | AUROC 全部 / 同专科 | 95% 覆盖时误答：全部 / 同专科 | 校准误差 | 默认阈值下：有答案的答了 / 同专科没有答案的答了 |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        found = row.content["answerability"]
        if len(found["auroc"]) < 2:
            continue
        near = next(kind for kind in ("near", "unanswerable-near") if kind in found["auroc"])
        wrong = found["false_answers"]["95%"]
        lines.append(
            f"| {row.name} | {found['auroc']['all']:.3f} / {found['auroc'][near]:.3f} | {wrong['all']:.2f} / "
            f"{wrong[near]:.2f} | {found['ece']:.3f} | {found['answered']['answerable']:.2f} / "
            f"{found['answered_by_kind'][near]:.2f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", type=Path)
    parser.add_argument("--only", default=",".join(ALL), help=f"a part of {','.join(ALL)}")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/retrieval.md")
    parser.add_argument("--output", type=Path, help="write everything as JSON")
    args = parser.parse_args()
    chosen = tuple(args.only.split(","))
    settings = load_settings()
    model, naive = open_model(settings), open_model(settings.model_copy(update={"model": "base"}))
    ranked = [measured(settings, name, task, model, naive) for name, task in tasks_of(args.tasks, chosen)]
    rows = [*ranked, simulated(settings, args.tasks, model)] if "simulated" in chosen else ranked
    text = ranking_table(ranked) + "\n\n" + answering_table(rows)
    print(text)
    if args.output:
        args.output.write_text(json.dumps({row.name: row.content for row in rows}, ensure_ascii=False), "utf-8")
    if args.write:
        before, rest = DOCUMENT.read_text("utf-8").split(BEGIN)
        DOCUMENT.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", "utf-8")


if __name__ == "__main__":
    main()
