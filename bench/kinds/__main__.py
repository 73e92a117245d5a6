"""Learn the classifier of ``bot/dialogue/kinds.py`` from the sentences beside: ``python -m bench.kinds [--check] [--wrong]``.

The same sentences and seed give the same weights. ``--check`` measures instead: on written sentences, and on ordinary
questions, when neither they nor a variant of them (nor another question of the same clinic) was learned from. The frames
are always learned from.
"""

from __future__ import annotations

import argparse
import zlib
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from bench.kinds.examples import SMALL, Example, examples, written
from bot.dialogue.kinds import BUCKETS, FILE, FORMAT, KINDS, KindModel, buckets, pairs

VARIANTS, PER_FRAME, ORDINARY_WEIGHT, STRENGTH, SEED = 4, 40, 0.25, 10.0, 1
FOLDS = 5


def matrix(texts: Sequence[str]) -> csr_matrix:
    """Return the texts' n-grams as rows of unit length ``[n, BUCKETS]``."""
    found = [buckets(text) for text in texts]
    ends = np.cumsum([0, *(len(places) for places in found)])
    values = np.concatenate([np.full(len(places), 1 / np.sqrt(len(places)), dtype=np.float64) for places in found])
    return csr_matrix((values, np.concatenate(found), ends), shape=(len(texts), BUCKETS))


def learned(rows: Sequence[Example]) -> KindModel:
    """Fit a multinomial logistic regression and round its weights to 8 bits, kind by kind."""
    kinds = np.array([KINDS.index(row.kind) for row in rows])
    weights = np.array([row.weight for row in rows])
    fitted = LogisticRegression(C=STRENGTH, max_iter=1000).fit(
        matrix([row.text for row in rows]), kinds, sample_weight=weights
    )
    scale = np.abs(fitted.coef_).max(axis=1) / 127
    steps = np.rint(fitted.coef_ / scale[:, None]).astype(np.int8)
    said = (row for row in rows if row.kind in SMALL and (row.text == row.family or row.family.startswith("frame ")))
    familiar = frozenset(pair for row in said for pair in pairs(row.text))
    bias = fitted.intercept_.astype(np.float32)
    return KindModel(np.ascontiguousarray(steps.T), scale.astype(np.float32), bias, familiar)


def save(model: KindModel) -> None:
    """Write the model where the bot reads it."""
    np.savez_compressed(
        FILE,
        format=np.int64(FORMAT),
        kinds=np.array(KINDS),
        steps=model.steps,
        scale=model.scale,
        bias=model.bias,
        familiar=np.array(sorted(model.familiar), dtype=np.uint32),
    )


def check(rows: Sequence[Example], wrong: bool) -> None:
    """Print, kind by kind, how many sentences are recognised that were not learned from, and what is taken for it."""
    hand = dict(written())
    clinics = sorted({row.family for row in rows if row.family not in hand and not row.family.startswith("frame ")})
    part = np.array([_part(row.family, clinics) for row in rows])
    right, total, taken = Counter[str](), Counter[str](), Counter[tuple[str, str]]()
    for kept in range(FOLDS):
        model = learned([row for row, its in zip(rows, part, strict=True) if its != kept])
        for row, its in zip(rows, part, strict=True):
            ordinary = row.family in clinics
            if its != kept or not (ordinary or row.text == row.family):
                continue
            found = model.probabilities(row.text)
            best = max(found, key=found.__getitem__)
            name = "ordinary" if ordinary else row.kind
            total[name] += 1
            right[name] += best == row.kind
            taken[best, "ordinary" if ordinary else "others"] += best != row.kind
            if wrong and best != row.kind:
                print(f"{name:>12} -> {best:<12} {found[best]:.2f} {row.text}")
    for name in (*KINDS, "ordinary"):
        falsely = f"taken for it: {taken[name, 'others']} others, {taken[name, 'ordinary']} ordinary"
        print(f"{name:>12} {right[name]:5} of {total[name]:<5} {falsely if name != 'ordinary' else ''}")


def _part(family: str, clinics: Sequence[str]) -> int:
    if family in clinics:
        return clinics.index(family) % FOLDS
    return -1 if family.startswith("frame ") else zlib.crc32(family.encode()) % FOLDS


def main() -> None:
    """Learn and write, or check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="measure instead of writing the file")
    parser.add_argument("--wrong", action="store_true", help="with --check: print what is taken for something else")
    args = parser.parse_args()
    rows = examples(VARIANTS, PER_FRAME, ORDINARY_WEIGHT, SEED)
    if args.check:
        check(rows, args.wrong)
        return
    model = learned(rows)
    save(model)
    kinds: NDArray[np.str_] = np.array([row.kind for row in rows])
    print(f"{FILE}: {FILE.stat().st_size} bytes from {len(rows)} sentences, {Counter(kinds.tolist())}")


if __name__ == "__main__":
    main()
