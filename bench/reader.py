"""Learn the second reader of the safety decision (``bot/dialogue/reader.py``): ``python -m bench.reader [--check]``.

From the parts of ``tests/eval/safety`` that may be tuned on, and, as calm words, from the questions, headings and
messages of some of ``bench/clinics`` (not those that follow-ups and retrieval are measured by, nor the one whose questions
speak of self-harm) and of ``bench/kinds``, but for what a rule takes for a danger. The same sentences give the same weights.

``--check`` measures by five-fold cross-validation instead: what rules and reader decide together, by thresholds. Its
recall flatters, since the rules were fitted to these sentences.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from bench.kinds.examples import written
from bench.safety import read_sentences
from bench.tasks.written import ROOT as CLINICS
from bot.dialogue.reader import BUCKETS, FILE, FORMAT, OUTCOMES, Reader, buckets, plain
from bot.dialogue.rules import read_rules
from bot.dialogue.safety import Safety, rules_folder
from bot.settings import load_settings

SETS = Path(__file__).resolve().parent.parent / "tests" / "eval" / "safety"
TABLES = {
    "sentences.tsv": "dev", "second.tsv": "dev", "second-dev.tsv": "all", "calm-dev.tsv": "all", "more-dev.tsv": "all",
    "more-rules.tsv": "all",
}  # fmt: skip
CALM = (
    "cardiology", "dermatology", "endocrinology", "gastroenterology", "hematology", "neurology", "obstetrics", "oncology",
    "orthopedics", "pediatrics", "regenerative", "respiratory",
)  # fmt: skip
STRENGTH, CALM_WEIGHT = 20.0, 0.05  # the calm words are many and easy


def labelled() -> list[tuple[str, str]]:
    """Return the sentences written for the decision, with their labels."""
    return [(text, label) for name, part in TABLES.items() for text, _, label in read_sentences(SETS / name, part)]


def calm(safety: Safety) -> Iterator[str]:
    """Yield ordinary words: patients' questions, headings, small talk, in which no rule sees a danger."""
    for name in CALM:
        for path in sorted((CLINICS / name).glob("*.txt")):
            for line in path.read_text("utf-8").splitlines():
                asked = line.startswith(("?", "##")) or path.stem == "unanswerable"
                text = line.lstrip("?# ").strip()
                if asked and text and not safety.holding(text):
                    yield text
    yield from (text for text, _ in written())


def matrix(texts: Sequence[str], rarity: NDArray[np.float64]) -> csr_matrix:
    """Return the texts' n-grams, each by how rare it is, as rows of unit length ``[n, BUCKETS]``."""
    found = [buckets(plain(text)) for text in texts]
    ends = np.cumsum([0, *(len(places) for places in found)])
    values = [rarity[places] / np.sqrt((rarity[places] ** 2).sum()) for places in found]
    return csr_matrix((np.concatenate(values), np.concatenate(found), ends), shape=(len(texts), BUCKETS))


def rarity_of(texts: Sequence[str]) -> NDArray[np.float64]:
    """Return the inverse document frequency of each bucket, smoothed, at the 16 bits at which it is kept."""
    count = np.zeros(BUCKETS)
    for text in texts:
        count[buckets(plain(text))] += 1
    return (np.log((1 + len(texts)) / (1 + count)) + 1).astype(np.float16).astype(np.float64)


def fitted(rows: csr_matrix, labels: Sequence[str], ordinary: csr_matrix) -> LogisticRegression:
    """Fit the model: labelled rows, and the calm ones."""
    kinds = [*(OUTCOMES.index(label) for label in labels), *[0] * ordinary.shape[0]]
    weights = np.concatenate([np.ones(len(labels)), np.full(ordinary.shape[0], CALM_WEIGHT)])
    return LogisticRegression(C=STRENGTH, max_iter=2000).fit(vstack([rows, ordinary]), kinds, sample_weight=weights)


def rounded(model: LogisticRegression, rarity: NDArray[np.float64], rules: frozenset[str]) -> Reader:
    """Return the reader of a fit, its weights rounded to 8 bits, outcome by outcome."""
    scale = np.abs(model.coef_).max(axis=1) / 127
    steps = np.ascontiguousarray(np.rint(model.coef_ / scale[:, None]).astype(np.int8).T)
    return Reader(
        steps, scale.astype(np.float32), model.intercept_.astype(np.float32), rarity.astype(np.float32), rules
    )


def save(reader: Reader) -> None:
    """Write the reader where the bot reads it."""
    np.savez_compressed(
        FILE, format=np.int64(FORMAT), outcomes=np.array(OUTCOMES), steps=reader.steps, scale=reader.scale,
        bias=reader.bias, rarity=reader.rarity.astype(np.float16), rules=np.array(sorted(reader.rules)),
    )  # fmt: skip


def check(rows: csr_matrix, labels: NDArray[np.str_], ordinary: csr_matrix, held: NDArray[np.bool_]) -> None:
    """Print what rules (``held``) and reader decide together on sentences that the reader did not learn from."""
    grave = np.zeros(len(labels))
    for learned, tested in StratifiedKFold(5, shuffle=True, random_state=0).split(rows, labels):
        model = fitted(rows[learned], labels[learned].tolist(), ordinary)
        grave[tested] = 1 - model.predict_proba(rows[tested])[:, 0]
    decisions = {"rules alone": held}
    for aside in (0.05, 0.1, 0.15, 0.2):
        for alone in (0.6, 0.65, 0.7, 0.8):
            decisions[f"set aside below {aside}, alone above {alone}"] = (held & (grave > aside)) | (grave > alone)
    for name, alarm in decisions.items():
        shares = (f"{label} {alarm[labels == label].sum()}/{(labels == label).sum()}" for label in OUTCOMES)
        print(f"{name:40} {', '.join(shares)}")


def main() -> None:
    """Learn and write, or check."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="measure instead of writing the file")
    args = parser.parse_args()
    book = read_rules(rules_folder(load_settings()))
    safety = Safety(book)
    known, ordinary = labelled(), list(calm(safety))
    texts, labels = [text for text, _ in known], [label for _, label in known]
    rarity = rarity_of([*texts, *ordinary])
    rows, others = matrix(texts, rarity), matrix(ordinary, rarity)
    if args.check:
        check(rows, np.array(labels), others, np.array([bool(safety.holding(text)) for text in texts]))
        return
    reader = rounded(fitted(rows, labels, others), rarity, frozenset(rule.name for rule in book.rules))
    save(reader)
    print(f"{FILE}: {FILE.stat().st_size} bytes from {len(texts)} labelled sentences and {len(ordinary)} calm ones")


if __name__ == "__main__":
    main()
