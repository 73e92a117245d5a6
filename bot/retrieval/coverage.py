"""The words of a question that carry its subject: which of them a passage holds, and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bot.language.folding import fold
from bot.language.lexicon import Lexicon
from bot.language.segmentation import Segmenter, stopwords
from bot.language.variants import simplify_in_place
from bot.records import Span
from bot.retrieval.lexical import Bm25Index


@dataclass(frozen=True, slots=True)
class _Word:
    """An informative word of a question, its rarity, and the sorted numbers of the passages that hold it or a synonym."""

    text: str
    weight: float
    holders: tuple[NDArray[np.int32], ...]

    def is_in(self, number: int) -> bool:
        for holders in self.holders:
            at = int(holders.searchsorted(number))
            if at < len(holders) and holders[at] == number:
                return True
        return False


class QuestionWords:
    """The informative words of one question, each once, in order, with the passages that hold them."""

    def __init__(
        self, question: str, segmenter: Segmenter, lexical: Bm25Index, among: NDArray[np.bool_] | None = None
    ) -> None:
        """Look the words up.

        Args:
            question: The question as it was understood.
            segmenter: What cuts it into words and knows their synonyms.
            lexical: Which passages hold a word, and how rare it is.
            among: Which passages may be found, by number; None for all.
        """
        common, canonical = stopwords(), segmenter.lexicon.canonical
        words: dict[str, _Word] = {}
        for word, _, _ in segmenter.words(question):
            if word in common or word in words:
                continue
            names = dict.fromkeys((word, canonical.get(word, word)))
            holders = (lexical.holders(name) for name in names)
            found = tuple(numbers if among is None else numbers[among[numbers]] for numbers in holders)
            words[word] = _Word(word, min(lexical.idf(name) for name in names), found)
        self._words = tuple(words.values())
        self._total = sum(word.weight for word in self._words)

    @property
    def absent(self) -> float:
        """Return the share of the words' weight (idf) whose words, and their synonyms, no passage holds."""
        missing = sum(word.weight for word in self._words if not any(map(len, word.holders)))
        return missing / (self._total or 1.0)

    def covered_by(self, number: int) -> tuple[float, tuple[str, ...]]:
        """Return the share of the words' weight (idf) that a passage holds, and those words."""
        matched = [word for word in self._words if word.is_in(number)]
        share = sum(word.weight for word in matched) / self._total if self._total else 0.0
        return share, tuple(word.text for word in matched)


def highlights(text: str, words: Iterable[str], lexicon: Lexicon) -> tuple[Span, ...]:
    """Return where words, or their synonyms, stand in a passage: disjoint spans in order."""
    folded = _folded(text)
    names = {name for word in words for name in lexicon.same(word)}
    spans: list[Span] = []
    for name in sorted(names, key=len, reverse=True):
        if len(name) < 2:
            continue
        at = folded.find(name)
        while at >= 0:
            end = at + len(name)
            if not any(start < end and at < stop for start, stop in spans):
                spans.append((at, end))
            at = folded.find(name, end)
    return tuple(sorted(spans))


@lru_cache(maxsize=4096)
def _folded(text: str) -> str:
    return fold(simplify_in_place(text))
