"""General retrieval, to see that nothing is unlearned: xquad.zh, a question -> the encyclopaedia's paragraph."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench.tasks.beir import write_task

FILE = Path("general") / "xquad.zh.json"


def everyday(data: Path) -> list[tuple[str, list[str]]]:
    """Return the paragraphs with their questions."""
    articles = json.loads((data / FILE).read_text("utf-8"))["data"]
    return [
        (paragraph["context"], [qa["question"] for qa in paragraph["qas"]])
        for article in articles
        for paragraph in article["paragraphs"]
    ]


def make_general(data: Path, out: Path) -> dict[str, int]:
    """Write ``xquad``: never train on it."""
    corpus: dict[str, tuple[str, str]] = {}
    queries: dict[str, dict[str, Any]] = {}
    judged: dict[str, dict[str, int]] = {}
    for number, (context, questions) in enumerate(everyday(data)):
        corpus[f"x{number:03d}"] = ("", context)
        for question in questions:
            name = f"g{len(queries):04d}"
            queries[name] = {"text": question, "kind": "general"}
            judged[name] = {f"x{number:03d}": 1}
    write_task(out / "xquad", corpus, queries, {"test": judged})
    return {"xquad texts": len(corpus), "xquad queries": len(queries)}
