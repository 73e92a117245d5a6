"""Write a task in the layout of BEIR: ``corpus.jsonl``, ``queries.jsonl``, ``qrels/<split>.tsv``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Judgements = Mapping[str, Mapping[str, int]]  # query id -> text id -> grade


def write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write one JSON object a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def write_task(
    folder: Path,
    corpus: Mapping[str, tuple[str, str]],
    queries: Mapping[str, Mapping[str, Any]],
    qrels: Mapping[str, Judgements],
) -> None:
    """Write a task.

    Args:
        folder: Where to; made if absent.
        corpus: Title and text by id.
        queries: ``text`` and whatever else is known (``kind``, ``group``) by id.
        qrels: Judgements by split; a query without an answer has an empty mapping and goes to ``unanswerable.tsv``.
    """
    write_lines(folder / "corpus.jsonl", ({"_id": k, "title": t, "text": x} for k, (t, x) in corpus.items()))
    write_lines(folder / "queries.jsonl", ({"_id": key, **row} for key, row in queries.items()))
    (folder / "qrels").mkdir(exist_ok=True)
    without: list[str] = []
    for split, judged in qrels.items():
        lines = ["query-id\tcorpus-id\tscore\n"]
        for query, grades in judged.items():
            lines.extend(f"{query}\t{text}\t{grade}\n" for text, grade in grades.items())
            if not grades:
                without.append(f"{query}\t{split}\n")
        (folder / "qrels" / f"{split}.tsv").write_text("".join(lines), encoding="utf-8")
    if without:
        (folder / "unanswerable.tsv").write_text("query-id\tsplit\n" + "".join(without), encoding="utf-8")
