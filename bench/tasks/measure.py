"""Compare encoders on tasks: ``python -m bench.tasks.measure TASK... --model FOLDER [--model FOLDER] [--split test]``.

For each task and style of question: BM25, each model alone, and their fusions at several weights, with MRR@10 and
hit@1/3/10, 95% bootstrap intervals, and the paired difference of later models to the best of the first and BM25.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.language.lexicon import load_lexicon
from bot.language.segmentation import Segmenter
from bot.retrieval.fusion import reciprocal_rank_fusion
from bot.retrieval.lexical import build_lexical

Scores = NDArray[np.float32]
WEIGHTS = (0.3, 0.5, 0.7, 0.8, 0.9)
DEPTH = 100
_LEXICON = Path(__file__).resolve().parents[2] / "corpus" / "lexicon"


@dataclass(frozen=True, slots=True)
class Task:
    """Texts, questions, their styles, and for each question the numbers of the right texts."""

    name: str
    texts: list[str]
    queries: list[str]
    kinds: list[str]
    right: list[set[int]]


def read_task(folder: Path, split: str, grade: int = 1) -> Task:
    """Read a BEIR folder's split; texts judged at least ``grade`` are right. Titles are put before texts."""
    rows = [json.loads(line) for line in (folder / "corpus.jsonl").read_text("utf-8").strip().split("\n")]
    number = {row["_id"]: n for n, row in enumerate(rows)}
    judged: dict[str, set[int]] = {}
    with (folder / "qrels" / f"{split}.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if int(row["score"]) >= grade:
                judged.setdefault(row["query-id"], set()).add(number[row["corpus-id"]])
    asked = [json.loads(line) for line in (folder / "queries.jsonl").read_text("utf-8").strip().split("\n")]
    asked = [row for row in asked if row["_id"] in judged]
    texts = [f"{row['title']}\n{row['text']}" if row.get("title") else row["text"] for row in rows]
    kinds = [row.get("kind", "all") for row in asked]
    return Task(folder.name, texts, [row["text"] for row in asked], kinds, [judged[row["_id"]] for row in asked])


class Vectors:
    """A model's vectors, kept on disk by model, role and texts."""

    def __init__(self, model: Path, cache: Path, threads: int) -> None:
        self.model, self.cache, self.threads = model, cache, threads
        self._encoder: Any = None

    def __call__(self, texts: Sequence[str], role: str) -> Scores:
        """Return unit vectors [n, d]; ``role`` is ``query`` or ``passage``."""
        weights = next(self.model.glob("model.*"))
        key = [self.model.name, weights.stat().st_size, weights.stat().st_mtime_ns, role, *texts]
        path = self.cache / f"{hashlib.sha256(json.dumps(key).encode()).hexdigest()[:24]}.npy"
        if not path.exists():
            encoder = self._open()
            vectors = encoder.encode_queries(texts) if role == "query" else encoder.encode_passages(texts)
            self.cache.mkdir(parents=True, exist_ok=True)
            np.save(path, vectors)
        return np.asarray(np.load(path, allow_pickle=False), dtype=np.float32)

    def _open(self) -> Any:
        if self._encoder is None:
            if (self.model / "model.onnx").exists():
                from bot.encoding.onnx_encoder import OnnxEncoder

                self._encoder = OnnxEncoder(self.model, self.threads)
            else:
                import torch

                from bot.encoding.torch_encoder import SentenceTransformerEncoder

                torch.set_num_threads(self.threads)
                self._encoder = SentenceTransformerEncoder(self.model)
        return self._encoder


def convex_combination(dense: Scores, lexical: Scores, weight: float) -> Scores:
    """Return ``weight * dense + (1 - weight) * lexical``, each scaled to 0..1 within one question's candidates.

    BM25 is scaled from 0, cosines from the weakest candidate. Source: Bruch, Gai and Ingber, ACM TOIS 42(1), 2023.
    """
    low, high, top = float(dense.min()), float(dense.max()), float(lexical.max())
    similar = (dense - low) / max(high - low, 1e-9)
    return np.asarray(weight * similar + (1.0 - weight) * lexical / max(top, 1e-9), dtype=np.float32)


def places(scores: Scores, right: set[int]) -> int:
    """Return the rank (from 1) of the best right text, 0 beyond the tenth; texts at -inf are not found."""
    best = max(float(scores[n]) for n in right)
    if best == -np.inf:
        return 0
    rank = 1 + int((scores > best).sum())
    return rank if rank <= 10 else 0


def rank_all(task: Task, vectors: Vectors | None, lexical: Sequence[Scores]) -> dict[str, list[int]]:
    """Return the rank of the right text for each question, by way of ranking."""
    if vectors is None:
        return {"bm25": [places(np.where(s > 0, s, -np.inf), r) for s, r in zip(lexical, task.right, strict=True)]}
    similar = vectors(task.queries, "query") @ vectors(task.texts, "passage").T
    found: dict[str, list[int]] = {"dense": [], "rrf": [], **{f"fused {weight}": [] for weight in WEIGHTS}}
    depth = min(DEPTH, len(task.texts))
    for dense, words, right in zip(similar, lexical, task.right, strict=True):
        found["dense"].append(places(dense, right))
        kept = np.union1d(np.argpartition(-dense, depth - 1)[:depth], np.argpartition(-words, depth - 1)[:depth])
        mixed = {"rrf": reciprocal_rank_fusion(dense[kept], words[kept])}
        mixed |= {f"fused {weight}": convex_combination(dense[kept], words[kept], weight) for weight in WEIGHTS}
        for way, values in mixed.items():
            whole = np.full(len(dense), -np.inf, dtype=np.float32)
            whole[kept] = values
            found[way].append(places(whole, right))
    return found


def figures(ranks: Sequence[int], seed: int = 0) -> dict[str, Any]:
    """Return MRR@10 and hit@1/3/10, each with its 95% bootstrap interval (1,000 resamples of the questions)."""
    place = np.asarray(ranks)
    gains = {"mrr@10": np.where(place > 0, 1.0 / np.maximum(place, 1), 0.0)}
    gains |= {f"hit@{k}": ((place > 0) & (place <= k)).astype(float) for k in (1, 3, 10)}
    draws = np.random.default_rng(seed).integers(0, len(place), (1000, len(place)))
    result: dict[str, Any] = {"queries": len(place)}
    for name, gain in gains.items():
        low, high = np.percentile(gain[draws].mean(axis=1), [2.5, 97.5])
        result[name] = [round(float(gain.mean()), 4), round(float(low), 4), round(float(high), 4)]
    return result


def gain(ranks: Sequence[int], others: Sequence[int], seed: int = 0) -> dict[str, Any]:
    """Return the difference in MRR@10 to another ranking of the same questions, with its paired 95% interval."""
    own, other = (np.where((p := np.asarray(r)) > 0, 1.0 / np.maximum(p, 1), 0.0) for r in (ranks, others))
    draws = np.random.default_rng(seed).integers(0, len(own), (1000, len(own)))
    low, high = np.percentile((own - other)[draws].mean(axis=1), [2.5, 97.5])
    difference = float((own - other).mean())
    relative = difference / max(float(other.mean()), 1e-9)
    return {"difference": [round(x, 4) for x in (difference, float(low), float(high))], "relative": round(relative, 4)}


def best(ranks: dict[str, list[int]], names: Sequence[str]) -> str:
    """Return the name of the ranking with the highest MRR@10."""
    return max(names, key=lambda name: figures(ranks[name])["mrr@10"][0])


def compare(ranks: dict[str, list[int]], models: Sequence[str]) -> dict[str, Any]:
    """Compare each later model with the best single ranking and the best fusion of the first model and BM25."""
    first = models[0]
    single = best(ranks, ["bm25", f"{first} dense"])
    fused = best(ranks, [name for name in ranks if name.startswith(f"{first} ") and not name.endswith("dense")])
    result = {}
    for model in models[1:]:
        ways = [
            f"{model} dense",
            best(ranks, [n for n in ranks if n.startswith(f"{model} ") and not n.endswith("dense")]),
        ]
        for way in ways:
            result[f"{way} - {single}"] = gain(ranks[way], ranks[single])
            result[f"{way} - {fused}"] = gain(ranks[way], ranks[fused])
    return result


def measure(task: Task, models: Sequence[Vectors], segmenter: Segmenter) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the figures by ``style | way`` (ways of a model start with its folder's name) and the comparisons."""
    index = build_lexical([segmenter.tokens(text) for text in task.texts])
    lexical = [index.scores(segmenter.tokens(query)) for query in task.queries]
    ranks = rank_all(task, None, lexical)
    for vectors in models:
        ranks |= {f"{vectors.model.name} {way}": places for way, places in rank_all(task, vectors, lexical).items()}
    styles = {"all": list(range(len(task.queries)))}
    if len(set(task.kinds)) > 1:
        styles |= {kind: [n for n, k in enumerate(task.kinds) if k == kind] for kind in sorted(set(task.kinds))}
    rows: dict[str, Any] = {}
    gains: dict[str, Any] = {}
    for style, chosen in styles.items():
        some = {way: [found[n] for n in chosen] for way, found in ranks.items()}
        rows |= {f"{style} | {way}": figures(found) for way, found in some.items()}
        if len(models) > 1:
            names = compare(some, [vectors.model.name for vectors in models])
            gains |= {f"{style} | {name}": row for name, row in names.items()}
    return rows, gains


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", nargs="+", type=Path)
    parser.add_argument("--model", action="append", type=Path, default=[])
    parser.add_argument("--split", default="test")
    parser.add_argument("--grade", type=int, default=1)
    parser.add_argument("--cache", type=Path, default=Path(".cache") / "tasks")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    segmenter = Segmenter(load_lexicon(_LEXICON), args.cache)
    models = [Vectors(model, args.cache, args.threads) for model in args.model]
    results = {}
    for folder in args.tasks:
        rows, gains = measure(read_task(folder, args.split, args.grade), models, segmenter)
        results[folder.name] = {"figures": rows, "gains": gains}
        for name, row in rows.items():
            cells = "  ".join(
                f"{key} {row[key][0]:.3f} [{row[key][1]:.3f}, {row[key][2]:.3f}]" for key in row if "@" in key
            )
            print(f"{folder.name} | {name} (n={row['queries']}): {cells}")
        for name, row in gains.items():
            print(f"{folder.name} | {name}: {row['relative']:+.1%} {row['difference']}")
        sys.stdout.flush()
    if args.json:
        args.json.write_text(json.dumps(results, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
