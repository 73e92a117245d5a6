"""A whole answer against the encoder alone on the same questions: ``python -m bench.answering [--json]``."""

from __future__ import annotations

import argparse
import json

from bench.timing import QUESTIONS, interleaved, summary
from bot.dialogue.dialogue import open_dialogue
from bot.settings import load_settings


def run(rounds: int = 25) -> dict[str, object]:
    """Return both sides' figures and their ratio; the goal is at most 1.6 at the median."""
    dialogue = open_dialogue(load_settings())
    encoder = dialogue._now().searcher.index.encoder
    sides = {"encoder": lambda q: encoder.encode_queries([q]), "answer": lambda q: dialogue.reply(None, q)}
    try:
        times = interleaved(sides, QUESTIONS, rounds)
    finally:
        dialogue.close()
    figures = {name: summary(values) for name, values in times.items()}
    return {
        **figures,
        "ratio_median": round(figures["answer"]["median_ms"] / figures["encoder"]["median_ms"], 3),
        "goal": 1.6,
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    figures = run()
    print(json.dumps(figures, indent=2) if args.json else f"whole answer against encoder alone: {figures}")


if __name__ == "__main__":
    main()
