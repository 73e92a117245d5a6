"""``python -m bot eval DIR``: measure retrieval and answerability; ``--compare A B``: is a difference real?"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bot.errors import CorpusError, EncoderError
from bot.evaluation.ranking import MEASURES, difference


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options to a parser."""
    parser.add_argument("folder", nargs="?", type=Path, help="评测文件夹(corpus.jsonl、queries.jsonl、qrels/*.tsv)")
    parser.add_argument("--split", help="用哪一份评判(默认 test)")
    parser.add_argument("--grade", type=int, default=1, help="评分不低于此值才算对(默认 1)")
    parser.add_argument("--kinds", help="只问这些种类的问题，逗号分开(没有答案的总是问)")
    parser.add_argument("--model", help="编码模型(默认 YIJU_MODEL)")
    parser.add_argument("--corpus", type=Path, help="取其 lexicon 词表的语料文件夹(默认 YIJU_CORPUS 或 corpus)")
    parser.add_argument("--naive", nargs="?", const="base", help="同时测朴素做法：BM25、未训练的模型(可指定)和 RRF")
    parser.add_argument("--json", action="store_true", help="输出 JSON")
    parser.add_argument("--output", type=Path, help="把 JSON 写到文件，供 --compare 使用")
    parser.add_argument("--report", type=Path, help="写出 HTML 报告")
    parser.add_argument("--compare", nargs=2, type=Path, metavar=("A", "B"), help="比较两次评测的 JSON：差别是否真实")


def run(args: argparse.Namespace) -> int:
    """Run the command for parsed arguments."""
    if args.compare:
        result = compare(*args.compare)
        print(json.dumps(result, ensure_ascii=False, indent=2) if args.json else _compared(result))  # noqa: T201
        return 0
    if args.folder is None:
        raise CorpusError("请给出评测文件夹，或用 --compare 比较两次评测。")
    content = evaluate_folder(args)
    text = json.dumps(content, ensure_ascii=False, indent=1)
    if args.output:
        args.output.parent.mkdir(parents=True, exist_ok=True)
        args.output.write_text(text + "\n", encoding="utf-8")
    if args.report:
        from bot.evaluation.report import report_page

        args.report.parent.mkdir(parents=True, exist_ok=True)
        args.report.write_text(report_page(content), encoding="utf-8")
    print(text if args.json else summary(content))  # noqa: T201
    return 0


def evaluate_folder(args: argparse.Namespace) -> dict[str, Any]:
    """Evaluate the folder that the arguments name; return the content of its JSON."""
    from bot.console import ConsoleReport
    from bot.evaluation.evaluate import evaluate
    from bot.evaluation.folder import read_task
    from bot.retrieval.model import open_model
    from bot.settings import load_settings

    try:
        import ir_measures  # type: ignore[import-untyped, unused-ignore]  # noqa: F401
    except ImportError as error:
        raise EncoderError(f"评测需要的包缺失：{error}。请运行 pip install 'yiju[eval]'") from error
    settings = load_settings(model=args.model, corpus=args.corpus)
    task = read_task(args.folder, args.split, args.grade)
    if args.kinds:
        wanted = set(args.kinds.split(","))
        kept = tuple(query for query in task.queries if not query.grades or query.kind in wanted)
        task = type(task)(task.name, task.split, task.texts, kept)
    naive = None
    if args.naive:
        naive = open_model(settings.model_copy(update={"model": args.naive}))
    return evaluate(settings, task, ConsoleReport(quiet=args.json), naive=naive).to_json()


def summary(content: dict[str, Any]) -> str:
    """Return the figures as lines of text."""
    lines = [f"{content['task']} / {content['split']}：{content['texts']} 篇，{content['answerable']} 个有答案的问题"]
    lines.append(f"{'':<10}" + "".join(f"{name:>24}" for name in MEASURES))
    for system, intervals in content["intervals"].items():
        cells = [f"{content[system][m]:.3f} [{intervals[m][0]:.3f}, {intervals[m][1]:.3f}]" for m in MEASURES]
        lines.append(f"{system:<10}" + "".join(f"{cell:>24}" for cell in cells))
    for kind, row in content.get("kinds", {}).items():
        lines.append(f"  {kind} ({row['questions']}): " + "  ".join(f"{m} {row['final'][m]:.3f}" for m in MEASURES))
    for system, row in content.get("gain_over_naive", {}).items():
        gain = row["mrr@10"]
        lines.append(
            f"naive {system}: mrr@10 {content['naive'][system]['mrr@10']:.3f}, final {gain['difference']:+.3f} "
            f"[{gain['low']:+.3f}, {gain['high']:+.3f}]"
            + (f" {gain['relative']:+.1%}" if gain["relative"] is not None else "")
        )
    answers = content["answerability"]
    for coverage, row in answers["false_answers"].items():
        shares = "  ".join(
            f"{kind} {value:.3f}" for kind, value in row.items() if kind != "threshold" and value is not None
        )
        if shares:
            lines.append(f"false answers at {coverage}: {shares}")
    lines.append("AUROC: " + "  ".join(f"{kind} {value:.3f}" for kind, value in answers["auroc"].items()))
    lines.append(f"ECE {answers['ece']:.3f}; answered: {answers['answered_by_kind']}")
    return "\n".join(lines)


def compare(first: Path, second: Path) -> dict[str, Any]:
    """Return, by way of ranking, how much better the second evaluation's MRR@10 is on the questions both asked.

    Raises:
        CorpusError: a file cannot be read, or they have no question in common.
    """
    contents = []
    for path in (first, second):
        try:
            contents.append(json.loads(path.read_text(encoding="utf-8"))["per_question"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CorpusError(f"{path} 不是评测的 JSON({error})。请用 eval --output 生成。") from error
    before, after = contents
    systems = ("dense", "lexical", "fused", "final")
    common = [name for name in before if name in after and all(s in before[name] and s in after[name] for s in systems)]
    if not common:
        raise CorpusError("两次评测没有共同的问题，无法比较。")
    return {
        "questions": len(common),
        **{
            system: difference(
                np.array([after[name][system] for name in common]), np.array([before[name][system] for name in common])
            )
            for system in systems
        },
    }


def _compared(result: dict[str, Any]) -> str:
    lines = [f"共同的问题 {result['questions']} 个；mrr@10，后者减前者："]
    for system, row in result.items():
        if isinstance(row, dict):
            verdict = "差别真实" if row["real"] else "在误差之内"
            lines.append(f"  {system:<8}{row['difference']:+.4f} [{row['low']:+.4f}, {row['high']:+.4f}]  {verdict}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``python -m bot eval`` with the words after ``eval``."""
    parser = argparse.ArgumentParser(prog="python -m bot eval", description="评测检索与可答性(BEIR 布局的文件夹)。")
    add_arguments(parser)
    return run(parser.parse_args(arguments))
