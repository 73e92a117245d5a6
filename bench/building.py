"""Build throughput against the bare encoder on the same texts: ``python -m bench.building [--passages N] [--json]``.

Writes a corpus of its own (sentences put together from the bundled article's clauses, every passage different), builds
an index from it with an empty embedding cache, and encodes the same texts with the bare model before and after.
The one-time export of the serving model is done before, as on any machine that has built before.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.corpus.passages import cut_document
from bot.corpus.reader import read_corpus
from bot.language.lexicon import load_lexicon
from bot.language.segmentation import Segmenter
from bot.retrieval.build import build_index, limits_of, units_of
from bot.retrieval.loading import load_build
from bot.retrieval.model import Model, open_model
from bot.retrieval.store import current_build
from bot.settings import load_settings

ROOT = Path(__file__).resolve().parent.parent


class _Silent:
    def stage(self, text: str) -> None:
        pass

    @contextmanager
    def progress(self, text: str, total: int) -> Iterator[Callable[[int], None]]:
        yield lambda count: None


def write_corpus(folder: Path, passages: int) -> None:
    """Write an invented corpus of about ``passages`` passages, fifty to a text."""
    body = (ROOT / "corpus" / "stem-cells-kidney.md").read_text("utf-8").split("---", 2)[2]
    parts = re.findall(r"[\u4e00-\u9fff、]{6,30}", body)
    chance = random.Random(1)
    for number in range(-(-passages // 50)):
        lines = [f"---\nid: t{number}\ntitle: 第{number}篇\n---\n"]
        for section in range(10):
            lines.append(f"## {chance.choice(parts)}第{section}节")
            lines += ["。".join(",".join(chance.sample(parts, 3)) for _ in range(2)) + "。" for _ in range(5)]
        (folder / f"t{number}.md").write_text("\n\n".join(lines), "utf-8")


def _bare_seconds(model: Model, corpus: Path) -> float:
    """Return how long the bare encoder takes for the texts that a build of ``corpus`` encodes."""
    settings = load_settings(corpus=corpus)
    segmenter = Segmenter(load_lexicon(corpus / "lexicon"), settings.cache)
    cut = [p for document in read_corpus(corpus) for p in cut_document(document, segmenter, limits_of(settings))]
    texts, _ = units_of(cut, settings.sentence_vectors_up_to)
    started = time.perf_counter()
    model.encode_passages(texts)
    return time.perf_counter() - started


def run(passages: int = 700) -> dict[str, float]:
    """Return seconds and texts a second of both sides; the goal is at least 0.85 of the bare encoder's throughput."""
    with tempfile.TemporaryDirectory() as name:
        corpus, index = Path(name) / "corpus", Path(name) / "index"
        corpus.mkdir()
        write_corpus(corpus, passages)
        settings = load_settings(corpus=corpus, index=index)
        model = open_model(settings)
        warm = ["预热用的一句话"]
        model.ensure_serving(warm, model.encode_passages(warm))  # loads torch and exports once, outside the timing
        before = _bare_seconds(model, corpus)
        started = time.perf_counter()
        summary = build_index(settings, _Silent(), model=model)
        build_seconds = time.perf_counter() - started
        built = load_build(current_build(index), settings.cache)
        texts, _ = units_of(built.passages, settings.sentence_vectors_up_to)
        bare_seconds = (before + _bare_seconds(model, corpus)) / 2
    return {
        "passages": summary.passages, "texts": len(texts), "build_seconds": round(build_seconds, 2),
        "bare_encoder_seconds": round(bare_seconds, 2), "throughput_ratio": round(bare_seconds / build_seconds, 3), "goal": 0.85,
    }  # fmt: skip


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=700)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    figures = run(args.passages)
    print(json.dumps(figures, indent=2) if args.json else f"build against bare encoder: {figures}")


if __name__ == "__main__":
    main()
