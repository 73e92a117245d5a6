"""Clinics written for measuring: ``bench/clinics/<speciality>/NN.txt``, a patient article each, with its questions.

A line ``# …`` is the article's title, ``## …`` a heading, ``? …`` a question that the passage before it answers; every
other line is a passage. ``unanswerable.txt`` holds questions of the same speciality that no article answers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.tasks.beir import write_lines, write_task
from bench.tasks.general import everyday
from bot.retrieval.lexical import build_lexical

ROOT = Path(__file__).resolve().parents[1] / "clinics"
# The default model is trained on these, first on the earlier ones.
EARLIER = ("cardiology", "respiratory", "gastroenterology", "pediatrics", "neurology", "oncology", "orthopedics")
LATER = (
    "dentistry", "hepatology", "ophthalmology", "prevention", "rehabilitation", "rheumatology", "surgery", "urology",
)  # fmt: skip
TRAINED_ON = (*EARLIER, *LATER)
# What ranks and judges the encoder's findings is trained on these; on the rest nothing is.
UNSEEN = ("dermatology", "endocrinology", "hematology", "obstetrics", "psychiatry", "regenerative")
NEAR = 4  # passages beside which a question without an answer is put


def passages(folder: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Yield each passage as (title and heading, text, questions)."""
    for path in sorted(folder.glob("[0-9]*.txt")):
        title = heading = text = ""
        questions: list[str] = []
        for line in [*path.read_text("utf-8").split("\n"), "#"]:
            line = line.strip()
            if line.startswith("?"):
                questions.append(line[1:].strip())
                continue
            if text and line:
                yield f"{title} {heading}".strip(), text, questions
                text, questions = "", []
            if line.startswith("##"):
                heading = line[2:].strip()
            elif line.startswith("#"):
                title, heading = line[1:].strip(), ""
            elif line:
                text = line


def make_written(data: Path, out: Path) -> dict[str, int]:
    """Write a task for each written clinic; return their sizes. Everyday questions come from ``data``."""
    sizes = {}
    for folder in sorted(path for path in ROOT.iterdir() if path.is_dir()):
        corpus: dict[str, tuple[str, str]] = {}
        queries: dict[str, dict[str, Any]] = {}
        judged: dict[str, dict[str, int]] = {}

        def ask(text: str, kind: str, right: dict[str, int], into: dict[str, Any] = queries, of: Any = judged) -> None:
            name = f"q{len(into):04d}"
            into[name], of[name] = {"text": text, "kind": kind}, right

        for title, text, questions in passages(folder):
            name = f"p{len(corpus):03d}"
            corpus[name] = (title, text)
            for question in questions:
                ask(question, "natural", {name: 1})
        near = folder / "unanswerable.txt"
        for question in near.read_text("utf-8").split("\n") if near.is_file() else ():
            if question.strip():
                ask(question.strip(), "near", {})
        for _, questions in everyday(data)[:: max(1, len(everyday(data)) // 30)]:
            ask(questions[0], "chat", {})
        write_task(out / f"written-{folder.name}", corpus, queries, {"dev": judged})
        sizes[f"written-{folder.name}"] = len(queries)
    return sizes


def written_pairs(path: Path, clinics: Sequence[str], tokens: Callable[[str], list[str]] | None = None) -> int:
    """Write the training pairs of some clinics, texts as they are indexed; return how many.

    ``tokens`` cuts texts into words: with it, questions that no article answers stand beside the passages nearest to them.
    """
    pairs = []
    for clinic in clinics:
        near = _nearest(ROOT / clinic, tokens) if tokens else {}
        for number, (title, text, questions) in enumerate(passages(ROOT / clinic)):
            group = f"{clinic} {number}"
            for asked in (questions[:2], questions[2:]):
                if asked:
                    pair = {"query": asked, "positive": f"{title}\n{text}", "group": group}
                    pairs.append(pair | ({"unanswered": near[number]} if number in near else {}))
    write_lines(path, pairs)
    return len(pairs)


def _nearest(folder: Path, tokens: Callable[[str], list[str]]) -> dict[int, list[str]]:
    """Return the questions that no article of a clinic answers, by the numbers of the passages nearest by their words."""
    index = build_lexical([tokens(f"{title}\n{text}") for title, text, _ in passages(folder)])
    found: dict[int, list[str]] = {}
    for question in filter(str.strip, (folder / "unanswerable.txt").read_text("utf-8").split("\n")):
        for number in np.argsort(-index.scores(tokens(question)), kind="stable")[:NEAR]:
            found.setdefault(int(number), []).append(question.strip())
    return found


def main() -> None:
    """Print the sizes of the written clinics."""
    print(json.dumps({path.name: len(list(passages(path))) for path in sorted(ROOT.iterdir()) if path.is_dir()}))


if __name__ == "__main__":
    main()
