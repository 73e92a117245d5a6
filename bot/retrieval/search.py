"""Find passages for a question: dense and lexical candidates, fused, every hit with the reasons for its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.encoding.encoder import Encoder
from bot.language.folding import fold
from bot.language.segmentation import Segmenter, stopwords
from bot.records import Document, Hit, Passage, Span
from bot.retrieval.dense import FaissIndex
from bot.retrieval.fusion import linear_combination, ranks
from bot.retrieval.lexical import Bm25Index


@dataclass(frozen=True, slots=True)
class LoadedIndex:
    """Everything of one build, in memory; ``units[r]`` is the passage to which vector row ``r`` belongs."""

    folder: Path
    manifest: dict[str, Any]
    documents: dict[str, Document]
    passages: tuple[Passage, ...]
    units: NDArray[np.int32]
    dense: FaissIndex
    lexical: Bm25Index
    segmenter: Segmenter
    encoder: Encoder


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Passage numbers with both sides' scores (NaN: not found by that side); ``mass`` is the most BM25 could give."""

    numbers: NDArray[np.int64]
    dense: NDArray[np.float32]
    lexical: NDArray[np.float32]
    mass: float


@lru_cache(maxsize=4096)
def _folded(text: str) -> str:
    return fold(text)


def best_per_passage(
    rows: NDArray[np.int64], scores: NDArray[np.float32], units: NDArray[np.int32]
) -> dict[int, float]:
    """Return each passage's best score among the unit rows found (best first, so its first one)."""
    best: dict[int, float] = {}
    for row, score in zip(rows.tolist(), scores.tolist(), strict=True):
        best.setdefault(int(units[row]), score)
    return best


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


class Searcher:
    """Answers "which passages, and why" over one loaded index. Stateless and safe to share between threads."""

    def __init__(self, index: LoadedIndex, candidates: int, lexical_weight: float) -> None:
        self.index = index
        self._candidates = candidates
        self._weight = lexical_weight
        self._units_per_passage = max(1, -(-len(index.units) // max(1, len(index.passages))))

    def search(self, question: str, count: int) -> list[Hit]:
        """Return up to ``count`` hits, best first; none where the question has no word at all.

        Args:
            question: The cleaned question.
            count: How many hits are wanted.
        """
        if not question.strip() or not self.index.passages:
            return []
        found = self._find(question)
        if not len(found.numbers):
            return []
        fused = linear_combination(found.dense, found.lexical / max(found.mass, 1e-9), self._weight)
        order = np.lexsort((found.numbers, -fused))[:count]
        dense_ranks, lexical_ranks = ranks(found.dense), ranks(found.lexical)
        words = self._informative(question)
        background = float(np.median(fused))
        hits = []
        for place, at in enumerate(order.tolist(), 1):
            number = int(found.numbers[at])
            passage = self.index.passages[number]
            coverage, matched = self._coverage(words, number)
            dense_found, lexical_found = dense_ranks[at] > 0, lexical_ranks[at] > 0
            hits.append(
                Hit(
                    passage=passage,
                    rank=place,
                    fused=float(fused[at]),
                    background=background,
                    dense_rank=int(dense_ranks[at]) if dense_found else None,
                    dense_score=float(found.dense[at]) if dense_found else None,
                    lexical_rank=int(lexical_ranks[at]) if lexical_found else None,
                    lexical_score=float(found.lexical[at]) if lexical_found else None,
                    lexical_share=float(found.lexical[at]) / max(found.mass, 1e-9) if lexical_found else 0.0,
                    coverage=coverage,
                    matched=matched,
                    highlights=self._highlights(passage.text, matched),
                )
            )
        return hits

    def _find(self, question: str) -> _Candidates:
        index = self.index
        vector = index.encoder.encode_queries([question])[0]
        rows, cosines = index.dense.search(vector, self._candidates * self._units_per_passage)
        dense = best_per_passage(rows, cosines, index.units)
        common = stopwords()
        all_tokens = index.segmenter.tokens(question)
        tokens = [token for token in all_tokens if token not in common] or all_tokens
        lexical = index.lexical.scores(tokens)
        take = min(self._candidates, len(lexical))
        top = np.argpartition(-lexical, take - 1)[:take]
        top = top[lexical[top] > 0]
        numbers = np.array(sorted({*dense, *top.tolist()}), dtype=np.int64)
        dense_scores = np.array([dense.get(n, np.nan) for n in numbers.tolist()], dtype=np.float32)
        lexical_scores = lexical[numbers].astype(np.float32)
        lexical_scores[lexical_scores <= 0] = np.nan
        mass = sum(index.lexical.idf(token) for token in tokens)
        return _Candidates(numbers, dense_scores, lexical_scores, mass)

    def _informative(self, question: str) -> list[_Word]:
        """Return the question's words that carry its subject, each once, in order, with who holds them."""
        common, lexical = stopwords(), self.index.lexical
        canonical = self.index.segmenter.lexicon.canonical
        words: dict[str, _Word] = {}
        for word, _, _ in self.index.segmenter.words(question):
            if word in common or word in words:
                continue
            names = dict.fromkeys((word, canonical.get(word, word)))
            weight = min(lexical.idf(name) for name in names)
            words[word] = _Word(word, weight, tuple(lexical.holders(name) for name in names))
        return list(words.values())

    def _coverage(self, words: Sequence[_Word], number: int) -> tuple[float, tuple[str, ...]]:
        """Return the share of the question's informative weight (idf) that a passage holds, and those words."""
        matched = [word for word in words if word.is_in(number)]
        total = sum(word.weight for word in words)
        return (sum(word.weight for word in matched) / total if total else 0.0), tuple(word.text for word in matched)

    def _highlights(self, text: str, words: Sequence[str]) -> tuple[Span, ...]:
        """Return where the matched words, or their synonyms, stand in a passage: disjoint spans in order."""
        lexicon = self.index.segmenter.lexicon
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
