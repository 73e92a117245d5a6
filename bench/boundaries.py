"""How often the kinds of ``tests/eval/boundaries`` are recognised: ``python -m bench.boundaries [FILE] [--split dev] [--wrong]``.

A counter's matter, a decision and small talk must be seen as what they are; abuse, commands to the machine, nonsense and
general questions as none of these. The last line says how long that takes.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections import Counter
from pathlib import Path

from bot.dialogue.boundaries import boundary_of
from bot.dialogue.kinds import kind_model
from bot.dialogue.smalltalk import smalltalk_of
from bot.language.courtesy import courteous
from bot.language.folding import clean_question, fold
from bot.language.variants import simplify

FILE = Path(__file__).resolve().parent.parent / "tests" / "eval" / "boundaries" / "sentences.tsv"
NEITHER = ("abuse", "injection", "nonsense", "general")


def kind_of(text: str) -> str:
    """Return the kind that the dialogue sees in a text, by the names of the file."""
    folded = fold(simplify(clean_question(text)))
    small = smalltalk_of(folded)
    if small is not None:
        return f"smalltalk-{small}"
    return boundary_of(courteous(folded)) or "general"


def main() -> None:
    """Print a line a kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=FILE)
    parser.add_argument("--split", default="dev", choices=("dev", "test"))
    parser.add_argument("--wrong", action="store_true", help="print what is taken for something else")
    args = parser.parse_args()
    with args.file.open(encoding="utf-8", newline="") as file:
        rows = [
            row for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if row["split"] == args.split
        ]
    right, total = Counter[str](), Counter[str]()
    for row in rows:
        wanted = "general" if row["kind"] in NEITHER else row["kind"]
        found = kind_of(row["text"])
        total[row["kind"]] += 1
        right[row["kind"]] += found == wanted
        if args.wrong and found != wanted:
            print(f"{row['kind']:>20} -> {found:<20} {row['text']}")
    for kind in sorted(total):
        print(f"{kind:>20} {right[kind]:4} of {total[kind]}")
    print(f"{'all':>20} {sum(right.values()):4} of {sum(total.values())}")
    print(_speed([row["text"] for row in rows]))


def _speed(texts: list[str]) -> str:
    """Return how long the file takes to read, and one text to judge."""
    kind_model.cache_clear()
    started = time.perf_counter()
    model = kind_model()
    loaded = time.perf_counter()
    for text in texts * 5:
        model.probabilities(text)
    each = (time.perf_counter() - loaded) / (5 * max(1, len(texts)))
    return f"model read in {(loaded - started) * 1e3:.1f} ms, a text judged in {each * 1e3:.3f} ms"


if __name__ == "__main__":
    main()
