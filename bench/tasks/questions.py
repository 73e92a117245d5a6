"""Question matching (cMedQQ) and title retrieval (cMedIR), as BEIR tasks and as training pairs.

cMedQQ keeps its own train, dev and test files; a training question that also occurs in dev or test is dropped. cMedIR
is split by query, its titles freed of the leading ":" that makes near-duplicates of them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from bench.tasks.beir import write_lines, write_task
from bench.tasks.toyhom import plain, side

_RELEVANT = 2  # titles judged 2 or more are about the query; 0 is not


def _matches(data: Path, split: str) -> list[tuple[int, str, str]]:
    lines = (data / "chineseblue" / f"cMedQQ_{split}.txt").read_text("utf-8-sig").split("\n")
    rows = [line.split("\t") for line in lines]
    return [(int(row[0]), row[1].strip(), row[2].strip()) for row in rows if len(row) == 3 and row[0] in "01"]


def make_questions(data: Path, out: Path) -> dict[str, int]:
    """Write ``cmedqq``: a question -> the question of the same meaning, among all second questions of dev and test."""
    ids: dict[str, str] = {}
    texts: dict[str, str] = {}
    queries: dict[str, dict[str, Any]] = {}
    qrels: dict[str, dict[str, dict[str, int]]] = {}
    for split in ("dev", "test"):
        judged: dict[str, dict[str, int]] = defaultdict(dict)
        names: dict[str, str] = {}
        for label, first, second in _matches(data, split):
            name = ids.setdefault(plain(second), f"q{len(ids):05d}")
            texts[name] = second
            if label and plain(first) != plain(second):
                query = names.setdefault(first, f"{split}{len(names):05d}")
                queries[query] = {"text": first, "kind": "question"}
                judged[query][name] = 1
        qrels[split] = dict(judged)
    write_task(out / "cmedqq", {name: ("", text) for name, text in texts.items()}, queries, qrels)
    return {"cmedqq texts": len(texts), "cmedqq queries": len(queries)}


def question_pairs(data: Path, path: Path) -> int:
    """Write cMedQQ's training pairs with the pairs of other meaning as known negatives; return how many."""
    held = {plain(text) for split in ("dev", "test") for _, *pair in _matches(data, split) for text in pair}
    rows = [row for row in _matches(data, "train") if plain(row[1]) not in held and plain(row[2]) not in held]
    parent: dict[str, str] = {}

    def root(text: str) -> str:
        while parent.setdefault(text, text) != text:
            text = parent[text]
        return text

    negatives: dict[str, list[str]] = defaultdict(list)
    for label, first, second in rows:
        if label:
            parent[root(first)] = root(second)
    for label, first, second in rows:
        if not label and root(first) != root(second):
            negatives[first].append(second)
            negatives[second].append(first)
    pairs = [
        {
            "query": first,
            "positive": second,
            "group": root(first),
            "negatives": (negatives[first] + negatives[second])[:2],
            "kind": "question",
        }
        for label, first, second in rows
        if label and plain(first) != plain(second)
    ]
    write_lines(path, pairs)
    return len(pairs)


def _titles(data: Path) -> dict[str, dict[str, int]]:
    """Return cMedIR's judged titles by query; of near-duplicate titles the higher judgement counts."""
    judged: dict[str, dict[str, int]] = defaultdict(dict)
    for split in ("dev", "test"):
        for line in (data / "chineseblue" / f"cMedIR_{split}.json").read_text("utf-8").strip().split("\n"):
            row = json.loads(line)
            for document in row["documents"]:
                title = document["title"].lstrip(":： ").strip()
                if len(plain(title)) >= 4:
                    grade = int(document["label"])
                    judged[row["query"]][title] = max(grade, judged[row["query"]].get(title, 0))
    return dict(judged)


def make_titles(data: Path, out: Path) -> dict[str, int]:
    """Write ``cmedir``: a search query -> page titles about it, among all titles."""
    judged = _titles(data)
    names: dict[str, str] = {}
    corpus: dict[str, tuple[str, str]] = {}
    for title in (title for grades in judged.values() for title in grades):
        if plain(title) not in names:
            names[plain(title)] = f"t{len(names):05d}"
            corpus[names[plain(title)]] = ("", title)
    queries: dict[str, dict[str, Any]] = {}
    qrels: dict[str, dict[str, dict[str, int]]] = {"dev": {}, "test": {}}
    for number, (query, grades) in enumerate(judged.items()):
        split = side(plain(query))
        good = {names[plain(title)]: grade - 1 for title, grade in grades.items() if grade >= _RELEVANT}
        if split != "train" and good:
            queries[f"s{number:05d}"] = {"text": query, "kind": "search"}
            qrels[split][f"s{number:05d}"] = good
    write_task(out / "cmedir", corpus, queries, qrels)
    return {"cmedir texts": len(corpus), "cmedir queries": len(queries)}


def title_pairs(data: Path, path: Path) -> int:
    """Write cMedIR's training pairs (titles judged 0 are known negatives); return how many."""
    judged = _titles(data)
    held = {plain(t) for query, grades in judged.items() if side(plain(query)) != "train" for t in grades}
    pairs = []
    for query, grades in judged.items():
        if side(plain(query)) != "train" or len(plain(query)) < 2:
            continue
        negatives = [title for title, grade in grades.items() if grade == 0]
        for title, grade in grades.items():
            if grade >= _RELEVANT and plain(title) not in held:
                pairs.append({"query": query, "positive": title, "group": plain(query), "negatives": negatives[:2]})
    write_lines(path, pairs)
    return len(pairs)
