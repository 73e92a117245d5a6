"""One question encoded: sentence-transformers on torch against int8 on onnxruntime. ``python -m bench.encoding [--json]``.

Both run in one process, question by question in turns, so that whatever else the machine does hits both alike.
"""

from __future__ import annotations

import argparse
import json

from bench.timing import QUESTIONS, interleaved, summary
from bot.encoding.torch_encoder import SentenceTransformerEncoder
from bot.retrieval.loading import load_encoder
from bot.retrieval.store import current_build, read_manifest
from bot.settings import load_settings


def run(rounds: int = 5) -> dict[str, object]:
    """Return both sides' figures and how many times faster int8 is; the goal is at least 3."""
    settings = load_settings()
    folder = current_build(settings.index)
    manifest = read_manifest(folder)
    served = load_encoder(folder, manifest, settings.threads)
    original = SentenceTransformerEncoder(manifest["encoder"]["model"])
    sides = {"torch": lambda q: original.encode_queries([q]), "onnx_int8": lambda q: served.encode_queries([q])}
    figures = {name: summary(values) for name, values in interleaved(sides, QUESTIONS, rounds).items()}
    speedup = figures["torch"]["median_ms"] / figures["onnx_int8"]["median_ms"]
    return {**figures, "times_faster": round(speedup, 2), "goal": 3.0}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    figures = run()
    print(json.dumps(figures, indent=2) if args.json else f"int8 ONNX against torch: {figures}")


if __name__ == "__main__":
    main()
