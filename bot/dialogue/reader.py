"""A second reader beside the safety rules: does somebody speak of a danger now, or is this calm?

A linear model over hashed character n-grams, learned by ``python -m bench.reader`` from sentences written for it and
from ordinary patients' questions. It hears the tone that no list of words holds: rules find words and how they stand to
each other, it weighs everything else that is said. How the two decide together: :class:`bot.dialogue.safety.Safety`.
"""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.dialogue.kinds import alike
from bot.errors import YijuError
from bot.language.folding import fold
from bot.language.variants import simplify

FILE = Path(__file__).with_name("reader.npz")
FORMAT = 1
OUTCOMES = ("harmless", "danger", "selfharm")
BUCKETS = 1 << 16
LONGEST_GRAM = 4
_LONG = 100  # characters from which on a message could drown what is urgent in it
_WINDOW, _STEP = 80, 40  # characters of each stretch of such a message that is read alone too
_LATIN = re.compile("[a-z]{2,}")
_HAN = re.compile("[\u4e00-\u9fff]")
_PRIME, _MIX = np.uint64(0x100000001B3), np.uint64(0xBF58476D1CE4E5B9)


class Read(NamedTuple):
    """How likely each is, 0..1; they add up to 1."""

    calm: float
    danger: float
    self_harm: float


def plain(text: str) -> str:
    """Return a text as it is read: simplified, folded, numbers and marks alike."""
    return alike(fold(simplify(text.encode("utf-8", "ignore").decode())))  # half a surrogate pair is no character


def buckets(said: str) -> NDArray[np.int64]:
    """Return the distinct buckets of the character n-grams of a plain text, its ends marked."""
    letters = np.frombuffer(f"^{said}$".encode("utf-32-le"), dtype="<u4").astype(np.uint64)
    found = []
    for size in range(1, min(LONGEST_GRAM, len(letters)) + 1):
        count = len(letters) - size + 1
        hashed = np.full(count, size * 0x12345, dtype=np.uint64)
        for at in range(size):
            hashed = (hashed * _PRIME) ^ letters[at : at + count]
        hashed ^= hashed >> np.uint64(29)
        hashed *= _MIX
        found.append((hashed >> np.uint64(32)) % np.uint64(BUCKETS))
    return np.unique(np.concatenate(found)).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Reader:
    """Weights ``[BUCKETS, 3]`` in steps of ``scale``, how rare each bucket is, and the rules whose sentences it knows."""

    steps: NDArray[np.int8]
    scale: NDArray[np.float32]
    bias: NDArray[np.float32]
    rarity: NDArray[np.float32]
    rules: frozenset[str]

    def read(self, text: str) -> Read | None:
        """Return how a message sounds; None where too little of it is Chinese (pinyin, English) for this reader."""
        said = plain(text)
        if sum(map(len, _LATIN.findall(said))) > len(_HAN.findall(said)):
            return None
        return self._of(said)

    def calmest(self, text: str) -> float:
        """Return how calm the least calm part of a message sounds: all of it, and every stretch of a long one."""
        said = plain(text)
        starts = range(0, len(said) - _WINDOW + _STEP, _STEP) if len(said) > _LONG else ()
        return min(self._of(part).calm for part in (said, *(said[at : at + _WINDOW] for at in starts)))

    def _of(self, said: str) -> Read:
        found = buckets(said)
        rare = self.rarity[found]
        scores = (rare @ self.steps[found].astype(np.float32)) * self.scale / np.sqrt(rare @ rare) + self.bias
        raised = np.exp(scores - scores.max())
        return Read(*(raised / raised.sum()).tolist())


@lru_cache(maxsize=1)
def second_reader() -> Reader:
    """Return the reader that comes with the bot, read once.

    Raises:
        YijuError: the file is missing or damaged.
    """
    try:
        with np.load(io.BytesIO(FILE.read_bytes()), allow_pickle=False) as stored:
            version, outcomes = int(stored["format"]), tuple(stored["outcomes"].tolist())
            rarity, rules = stored["rarity"].astype(np.float32), frozenset(stored["rules"].tolist())
            reader = Reader(stored["steps"], stored["scale"], stored["bias"], rarity, rules)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise YijuError(f"读不到危急判断的模型 {FILE}：{error}。请重新取得程序文件。") from error
    if version != FORMAT or outcomes != OUTCOMES or reader.steps.shape != (BUCKETS, len(OUTCOMES)):
        raise YijuError(f"危急判断的模型 {FILE} 与程序不符（格式 {version}）。请重新取得程序文件。")
    return reader
