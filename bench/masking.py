"""Measure the masking of personal data: ``python -m bench.masking [FILE] [--split dev|test|all] [--wrong]``.

The table has the columns ``text``, ``spans`` and ``split``; ``spans`` is ``kind:value|kind:value``, the values that must
be gone from the masked text. A sentence without any is harmless and must come out unchanged. Prints the recall kind by
kind, how many harmless sentences were changed, and how long a text of 200 characters takes. ``--wrong`` names what went
wrong; leave it out for a part that is kept aside.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from bench.safety import interval
from bot.journal.masking import mask

FILE = Path(__file__).resolve().parent.parent / "tests" / "eval" / "masking" / "sentences.tsv"
_ROUNDS = 300
_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence with the values (kind, value) that must not be in its masked form."""

    text: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Values and how many of them are gone, kind by kind; harmless sentences, and those that were changed."""

    count: Counter[str]
    gone: Counter[str]
    harmless: int
    changed: int
    wrong: tuple[str, ...]


def read_sentences(path: Path, split: str) -> list[Sentence]:
    """Return the sentences of one split (all of them for "all")."""
    sentences = []
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        if not line.strip():
            continue
        text, spans, part = ([*line.split("\t"), "", ""])[:3]
        if split in (part.strip(), "all"):
            pairs = [span.partition(":") for span in spans.split("|") if span]
            sentences.append(Sentence(text, tuple((kind, value) for kind, _, value in pairs)))
    return sentences


def measure(sentences: list[Sentence]) -> Outcome:
    """Mask every sentence and compare."""
    count: Counter[str] = Counter()
    gone: Counter[str] = Counter()
    wrong = []
    harmless = changed = 0
    for sentence in sentences:
        masked = mask(sentence.text)
        left = [value for _, value in sentence.values if value in masked]
        for kind, value in sentence.values:
            count[kind] += 1
            gone[kind] += value not in masked
        if not sentence.values:
            harmless += 1
            changed += masked != sentence.text
        if left or (not sentence.values and masked != sentence.text):
            wrong.append(f"{'、'.join(left) or '-'}\t{sentence.text}\t{masked}")
    return Outcome(count, gone, harmless, changed, tuple(wrong))


def milliseconds(sentences: list[Sentence]) -> tuple[float, float]:
    """Return the median and the 99th percentile for texts of 200 characters, made of the sentences."""
    whole = ",".join(sentence.text for sentence in sentences) or "问"
    whole *= _LENGTH * _ROUNDS // len(whole) + 1
    taken = []
    for number in range(_ROUNDS):
        text = whole[number * _LENGTH : (number + 1) * _LENGTH]
        started = time.perf_counter()
        mask(text)
        taken.append((time.perf_counter() - started) * 1e3)
    taken.sort()
    return taken[len(taken) // 2], taken[int(len(taken) * 0.99)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, nargs="?", default=FILE)
    parser.add_argument("--split", default="dev", help="dev, test or all")
    parser.add_argument("--wrong", action="store_true", help="name what went wrong")
    args = parser.parse_args()
    sentences = read_sentences(args.file, args.split)
    outcome = measure(sentences)
    print(f"recall: {interval(sum(outcome.gone.values()), sum(outcome.count.values()))}")
    for kind in sorted(outcome.count):
        print(f"  {kind:10} {outcome.gone[kind]:4} of {outcome.count[kind]}")
    print(f"harmless changed: {interval(outcome.changed, outcome.harmless)}")
    median, high = milliseconds(sentences)
    print(f"{_LENGTH} characters: median {median:.2f} ms, 99th percentile {high:.2f} ms")
    if args.wrong and outcome.wrong:
        print("\nleft\ttext\tmasked\n" + "\n".join(outcome.wrong))


if __name__ == "__main__":
    main()
