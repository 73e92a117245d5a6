"""Answer retrieval: patients' questions -> doctors' answers (Toyhom), two styles of question.

The corpus holds every unique answer: those of the held-out split and, as distractors, all others. A model that was
trained on the distractors has learned to push them away from *their* questions only; an untrained model and BM25 rank
the same texts. ``fresh`` is the stricter corpus: the held-out (dev and test) answers alone, none ever seen in training;
``small`` is the dev answers alone, quick enough to choose among models by.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.tasks.beir import write_lines, write_task
from bench.tasks.toyhom import Consultation, plain, read_consultations, side


def make_answers(data: Path, out: Path) -> dict[str, int]:
    """Write ``toyhom`` and ``toyhom-fresh`` under ``out``; return their sizes."""
    rows = read_consultations(data)
    held = [row for row in rows if side(row.group) != "train"]
    small = [row for row in rows if side(row.group) == "dev"]
    sizes = {**_write(out / "toyhom", rows, rows), **_write(out / "toyhom-fresh", held, held)}
    return {**sizes, **_write(out / "toyhom-small", small, small)}


def _write(folder: Path, corpus_rows: list[Consultation], query_rows: list[Consultation]) -> dict[str, int]:
    ids: dict[str, str] = {}
    corpus: dict[str, tuple[str, str]] = {}
    by_group: dict[str, dict[str, int]] = {}
    for row in corpus_rows:
        key = plain(row.answer)
        if key not in ids:
            ids[key] = f"a{row.number:05d}"
            corpus[ids[key]] = ("", row.answer)
        by_group.setdefault(row.group, {})[ids[key]] = 1
    queries: dict[str, dict[str, Any]] = {}
    qrels: dict[str, dict[str, dict[str, int]]] = {"dev": {}, "test": {}}
    for row in query_rows:
        split = side(row.group)
        if split == "train":
            continue
        for kind, text in (("title", row.title), ("ask", row.ask)):
            if len(plain(text)) >= 4:
                name = f"{kind[0]}{row.number:05d}"
                queries[name] = {"text": text, "kind": kind, "department": row.department}
                qrels[split][name] = by_group[row.group]
    write_task(folder, corpus, queries, qrels)
    return {f"{folder.name} texts": len(corpus), f"{folder.name} queries": len(queries)}


def answer_pairs(data: Path, path: Path) -> int:
    """Write the training pairs: both wordings of a question -> its answer; return how many."""
    rows = [row for row in read_consultations(data) if side(row.group) == "train"]
    pairs = []
    for row in rows:
        wordings = list(dict.fromkeys(text for text in (row.title, row.ask) if len(plain(text)) >= 4))
        if wordings:
            pairs.append({"query": wordings, "positive": row.answer, "group": row.group})
    write_lines(path, pairs)
    return len(pairs)
