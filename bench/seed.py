"""How well the right passage of the bundled article is found: ``python -m bench.seed [--split dev] [--json]``.

The judged set lies in ``tests/eval/seed`` (BEIR's files). A passage counts as relevant where it and a judged paragraph
overlap by at least half of the shorter one.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.dialogue.dialogue import Dialogue, open_dialogue
from bot.records import Document, Passage
from bot.retrieval.fusion import ranks, reciprocal_rank_fusion
from bot.retrieval.search import Searcher
from bot.settings import load_settings

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "eval" / "seed"
DOCUMENT = "stem-cells-kidney"


@dataclass(frozen=True, slots=True)
class Query:
    """One judged question; ``relevant`` holds judged paragraph ids with their grades (empty: the text has no answer)."""

    id: str
    text: str
    kind: str
    relevant: dict[str, int]


def read_queries(split: str) -> list[Query]:
    """Return the questions of a split (``dev`` or ``test``), those without an answer included."""
    rows = [json.loads(line) for line in (FOLDER / "queries.jsonl").read_text("utf-8").splitlines() if line]
    judged: dict[str, dict[str, int]] = {}
    with (FOLDER / "qrels" / f"{split}.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            judged.setdefault(row["query-id"], {})[row["corpus-id"]] = int(row["score"])
    with (FOLDER / "unanswerable.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row["split"] == split:
                judged[row["query-id"]] = {}
    return [Query(r["_id"], r["text"], r["kind"], judged[r["_id"]]) for r in rows if r["_id"] in judged]


def _squeezed(text: str) -> tuple[str, list[int]]:
    places = [n for n, character in enumerate(text) if not character.isspace()]
    return "".join(text[n] for n in places), places


def paragraph_spans(document: Document) -> dict[str, tuple[int, int]]:
    """Return where each judged paragraph stands in the body (white space aside)."""
    body, places = _squeezed(document.body)
    spans = {}
    for line in (FOLDER / "corpus.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        text, _ = _squeezed(row["text"].removeprefix("- "))
        at = body.find(text)
        if at < 0:
            raise SystemExit(f"judged paragraph {row['_id']} is not in the article")
        spans[row["_id"]] = (places[at], places[at + len(text) - 1] + 1)
    return spans


def relevant_numbers(query: Query, passages: Sequence[Passage], spans: dict[str, tuple[int, int]]) -> set[int]:
    """Return the numbers of the passages that answer best (grade 2) a question."""
    found = set()
    for name, grade in query.relevant.items():
        start, end = spans[name]
        for number, passage in enumerate(passages):
            overlap = min(end, passage.end) - max(start, passage.start)
            if grade >= 2 and overlap >= 0.5 * min(end - start, passage.end - passage.start):
                found.add(number)
    return found


def measure(orders: Sequence[Sequence[int]], relevant: Sequence[set[int]]) -> dict[str, float]:
    """Return hit@1, hit@3 and MRR@10 over rankings of passage numbers."""
    places = [next((n for n, p in enumerate(order[:10], 1) if p in good), 0) for order, good in zip(orders, relevant, strict=True)]  # fmt: skip
    return {
        "hit@1": float(np.mean([place == 1 for place in places])),
        "hit@3": float(np.mean([0 < place <= 3 for place in places])),
        "mrr@10": float(np.mean([1 / place if place else 0.0 for place in places])),
    }


def rankings(searcher: Searcher, question: str) -> dict[str, list[int]]:
    """Return the passage numbers by each way of ranking, best first."""
    number = {passage.id: n for n, passage in enumerate(searcher.index.passages)}
    hits = searcher.search(question, len(number))
    nan = float("nan")
    dense = np.array([nan if h.dense_score is None else h.dense_score for h in hits], dtype=np.float32)
    lexical = np.array([nan if h.lexical_score is None else h.lexical_score for h in hits], dtype=np.float32)

    def order(scores: np.ndarray) -> list[int]:
        place = ranks(scores)
        known = [n for n in np.argsort(place, kind="stable").tolist() if place[n] > 0]
        return [number[hits[n].passage.id] for n in known]

    return {
        "dense": order(dense),
        "lexical": order(lexical),
        "rrf": order(reciprocal_rank_fusion(dense, lexical)),
        "fused": [number[h.passage.id] for h in hits],
    }


def evaluate(dialogue: Dialogue, split: str) -> dict[str, dict[str, dict[str, float]]]:
    """Return the figures by group of questions (natural, noisy, each kind) and way of ranking."""
    searcher = dialogue._now().searcher
    passages = searcher.index.passages
    spans = paragraph_spans(searcher.index.documents[DOCUMENT])
    queries = [query for query in read_queries(split) if query.relevant]
    found = [rankings(searcher, query.text) for query in queries]
    good = [relevant_numbers(query, passages, spans) for query in queries]
    groups = {"natural": [q.kind == "natural" for q in queries], "noisy": [q.kind.startswith("noisy") for q in queries]}
    for kind in sorted({q.kind for q in queries if q.kind.startswith("noisy")}):
        groups[kind] = [q.kind == kind for q in queries]
    result = {}
    for name, chosen in groups.items():
        at = [n for n, take in enumerate(chosen) if take]
        result[name] = {
            way: measure([found[n][way] for n in at], [good[n] for n in at]) | {"queries": float(len(at))}
            for way in ("dense", "lexical", "rrf", "fused")
        }
    return result


def answering(dialogue: Dialogue, split: str) -> dict[str, float]:
    """Return the share of questions answered, by kind: high is good for natural and noisy, low for unanswerable."""
    shares: dict[str, list[bool]] = {}
    for query in read_queries(split):
        shares.setdefault(query.kind, []).append(dialogue.reply(None, query.text).kind == "answer")
    return {kind: float(np.mean(values)) for kind, values in sorted(shares.items())}


def main() -> None:
    """Print the figures as a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--split", choices=("dev", "test"), default="dev")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    dialogue = open_dialogue(load_settings())
    try:
        figures, answered = evaluate(dialogue, args.split), answering(dialogue, args.split)
    finally:
        dialogue.close()
    if args.json:
        print(json.dumps({"ranking": figures, "answered": answered}, ensure_ascii=False, indent=2))
        return
    print(f"{'group':<20}{'n':>4}  {'way':<9}{'hit@1':>7}{'hit@3':>7}{'MRR@10':>8}")
    for group, ways in figures.items():
        for way, row in ways.items():
            print(
                f"{group:<20}{row['queries']:>4.0f}  {way:<9}{row['hit@1']:>7.3f}{row['hit@3']:>7.3f}{row['mrr@10']:>8.3f}"
            )
    print("\nshare answered: " + ", ".join(f"{kind} {share:.2f}" for kind, share in answered.items()))


if __name__ == "__main__":
    main()
