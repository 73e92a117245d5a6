"""Which kind of message a patient's words are: a linear model over hashed character n-grams, learned from examples.

It knows nothing of the corpus and needs no encoder, so it can be asked before any search and stays the same whatever
model a clinic uses. ``python -m bench.kinds`` learns it anew from the sentences in ``bench/kinds``.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.errors import YijuError

KINDS = (
    "general",
    "decision",
    "price",
    "address",
    "appointment",
    "insurance",
    "greeting",
    "thanks",
    "bye",
    "who",
    "ack",
    "forget",
)
BUCKETS = 16384
LONGEST_GRAM = 4
FILE = Path(__file__).with_name("kinds.npz")
FORMAT = 1
_HEAD, _TAIL = 40, 80  # characters of a long message that are read: who speaks stands first, what is asked last
_DIGITS = re.compile(r"\d+(?:[./]\d+)*")
_MARKS = re.compile(r"[^\w]+|_+")


def alike(text: str) -> str:
    """Return simplified, folded words with numbers alike, marks alike and none at the ends."""
    return _MARKS.sub(",", _DIGITS.sub("0", text)).strip(",") or text.strip()


def normal(text: str) -> str:
    """Return simplified, folded words as they are cut into n-grams: the ends of a long message."""
    if text.isdigit():  # "88", "666": said for their sound
        return text
    plain = alike(text)
    return plain if len(plain) <= _HEAD + _TAIL else f"{plain[:_HEAD]},{plain[-_TAIL:]}"


def buckets(text: str) -> NDArray[np.int64]:
    """Return the distinct buckets of the character n-grams of a text, its ends marked."""
    said = f"^{normal(text)}$"
    grams = {said[at : at + size] for size in range(1, LONGEST_GRAM + 1) for at in range(len(said) - size + 1)}
    return np.array(sorted({zlib.crc32(gram.encode()) % BUCKETS for gram in grams}), dtype=np.int64)


def pairs(text: str) -> list[int]:
    """Return the hashes of the pairs of neighbouring letters of a text, its ends and the places of its marks counted."""
    said = f",{normal(text)},"
    return [zlib.crc32(said[at : at + 2].encode()) for at in range(len(said) - 1)]


@dataclass(frozen=True, slots=True)
class KindModel:
    """Weights ``[BUCKETS, kinds]`` in steps of ``scale``, what each kind begins with, and the pairs small talk is made of."""

    steps: NDArray[np.int8]
    scale: NDArray[np.float32]
    bias: NDArray[np.float32]
    familiar: frozenset[int]

    def probabilities(self, text: str) -> dict[str, float]:
        """Return the probability of each kind for simplified, folded words."""
        found = buckets(text)
        summed = self.steps[found].sum(axis=0, dtype=np.int32)
        scores = summed * self.scale / np.sqrt(len(found)) + self.bias
        raised = np.exp(scores - scores.max())
        return dict(zip(KINDS, (raised / raised.sum()).tolist(), strict=True))

    def foreign(self, text: str) -> int:
        """Return how many letters of a text stand in no pair that occurs in small talk: names of things, as a rule."""
        known = [pair in self.familiar for pair in pairs(text)]
        said = normal(text)
        return sum(
            letter != "," and not (before or after)
            for letter, before, after in zip(said, known[:-1], known[1:], strict=True)
        )


@lru_cache(maxsize=1)
def kind_model() -> KindModel:
    """Return the model that comes with the bot, read once.

    Raises:
        YijuError: the file is missing or damaged.
    """
    try:
        with np.load(FILE, allow_pickle=False) as stored:
            version, names = int(stored["format"]), tuple(stored["kinds"].tolist())
            familiar = frozenset(stored["familiar"].tolist())
            model = KindModel(stored["steps"], stored["scale"], stored["bias"], familiar)
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise YijuError(f"读不到消息分类的模型 {FILE}：{error}。请重新取得程序文件。") from error
    if version != FORMAT or names != KINDS or model.steps.shape != (BUCKETS, len(KINDS)):
        raise YijuError(f"消息分类的模型 {FILE} 与程序不符（格式 {version}）。请重新取得程序文件。")
    return model


@lru_cache(maxsize=1024)
def probabilities(text: str) -> dict[str, float]:
    """Return the probability of each kind for simplified, folded words; not to be changed by the caller."""
    return kind_model().probabilities(text)
