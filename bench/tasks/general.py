"""Encyclopaedic prose (xquad.zh, a question -> its paragraph): three articles in four to train on, one to measure by.

Its paragraphs come five to an article: neighbours on one topic, of which only careful reading tells which one answers.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench.tasks.beir import write_lines, write_task

FILE = Path("general") / "xquad.zh.json"
_PARAGRAPHS = 5  # of an article


def everyday(data: Path) -> list[tuple[str, list[str]]]:
    """Return the paragraphs with their questions."""
    articles = json.loads((data / FILE).read_text("utf-8"))["data"]
    return [
        (paragraph["context"], [qa["question"] for qa in paragraph["qas"]])
        for article in articles
        for paragraph in article["paragraphs"]
    ]


def _held_out(paragraph: int) -> bool:
    """Tell whether a paragraph belongs to an article that is measured by: every fourth one."""
    return paragraph // _PARAGRAPHS % 4 == 3


def general_pairs(data: Path, path: Path) -> int:
    """Write the training pairs: a question -> its paragraph; return how many."""
    pairs = []
    for number, (context, questions) in enumerate(everyday(data)):
        if not _held_out(number):
            pairs.extend({"query": question, "positive": context, "group": f"x{number:03d}"} for question in questions)
    write_lines(path, pairs)
    return len(pairs)


def make_general(data: Path, out: Path) -> dict[str, int]:
    """Write ``xquad``: all paragraphs; ``test`` asks about the articles that are never trained on, ``train`` the others."""
    corpus: dict[str, tuple[str, str]] = {}
    queries: dict[str, dict[str, Any]] = {}
    judged: dict[str, dict[str, dict[str, int]]] = {"train": {}, "test": {}}
    for number, (context, questions) in enumerate(everyday(data)):
        corpus[f"x{number:03d}"] = ("", context)
        for question in questions:
            name = f"g{len(queries):04d}"
            queries[name] = {"text": question, "kind": "general"}
            judged["test" if _held_out(number) else "train"][name] = {f"x{number:03d}": 1}
    write_task(out / "xquad", corpus, queries, judged)
    return {"xquad texts": len(corpus), "xquad queries": len(queries)}
