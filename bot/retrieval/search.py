"""Find passages for a question: dense and lexical candidates, fused, every hit with the reasons for its place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.encoding.encoder import Encoder
from bot.language.folding import fold
from bot.language.segmentation import Segmenter, stopwords
from bot.language.spellings import Spellings
from bot.language.understanding import STEPS, QuestionReader, Understood
from bot.language.variants import simplify_in_place
from bot.records import Document, Hit, Passage, Span
from bot.retrieval.dense import FaissIndex
from bot.retrieval.fusion import FusionWeights, linear_combination, ranks
from bot.retrieval.late import TokenIndex
from bot.retrieval.lexical import Bm25Index
from bot.settings import Settings

_WEAKEST = 2  # tokens of a question that a passage meets least, averaged


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
    tokens: TokenIndex
    spellings: Spellings
    segmenter: Segmenter
    encoder: Encoder


@dataclass(frozen=True, slots=True)
class Candidates:
    """Passage numbers with each side's scores (NaN: not found, or not looked at, by that side).

    ``lexical`` is BM25's score, ``mass`` the most that it could be for this question; ``late`` and ``weakest`` are the
    mean over all, and over the least met, tokens of the question of the best cosine in the passage.
    """

    numbers: NDArray[np.int64]
    dense: NDArray[np.float32]
    lexical: NDArray[np.float32]
    late: NDArray[np.float32]
    weakest: NDArray[np.float32]
    fused: NDArray[np.float32]
    mass: float


@dataclass(frozen=True, slots=True)
class Found:
    """The hits for a question, best first, and how the question was understood."""

    hits: tuple[Hit, ...]
    understood: Understood
    candidates: Candidates | None = None


@lru_cache(maxsize=4096)
def _folded(text: str) -> str:
    return fold(simplify_in_place(text))


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


def _known(score: np.float32) -> float | None:
    return None if np.isnan(score) else float(score)


class Searcher:
    """Answers "which passages, and why" over one loaded index. Stateless and safe to share between threads."""

    def __init__(
        self, index: LoadedIndex, candidates: int, weights: FusionWeights, steps: Iterable[str] = STEPS
    ) -> None:
        """Search an index.

        Args:
            index: The loaded build.
            candidates: How many passages the dense and the lexical side each may propose.
            weights: How the sides are added up.
            steps: What is done to understand a question.
        """
        self.index = index
        self.weights = weights
        self._candidates = candidates
        self._reader = QuestionReader(index.segmenter, index.spellings, steps)
        self._units_per_passage = max(1, -(-len(index.units) // max(1, len(index.passages))))

    def search(self, question: str, count: int) -> list[Hit]:
        """Return up to ``count`` hits, best first; none where the question has no word at all."""
        return list(self.find(question, count).hits)

    def find(self, question: str, count: int) -> Found:
        """Return up to ``count`` hits and how the question was understood.

        Args:
            question: The cleaned question.
            count: How many hits are wanted.
        """
        if not question.strip() or not self.index.passages:
            return Found((), Understood(question, question))
        understood = self._reader.read(question)
        found = self.candidates(understood)
        order = np.lexsort((found.numbers, -found.fused))[:count]
        dense_ranks, lexical_ranks, late_ranks = ranks(found.dense), ranks(found.lexical), ranks(found.late)
        words = self._informative(understood.text)
        background = float(np.median(found.fused))
        hits = []
        for place, at in enumerate(order.tolist(), 1):
            number = int(found.numbers[at])
            passage = self.index.passages[number]
            coverage, matched = self._coverage(words, number)
            hits.append(
                Hit(
                    passage=passage,
                    rank=place,
                    fused=float(found.fused[at]),
                    background=background,
                    dense_rank=int(dense_ranks[at]) or None,
                    dense_score=_known(found.dense[at]),
                    lexical_rank=int(lexical_ranks[at]) or None,
                    lexical_score=_known(found.lexical[at]),
                    late_rank=int(late_ranks[at]) or None,
                    late_score=_known(found.late[at]),
                    late_weakest=_known(found.weakest[at]),
                    lexical_share=(_known(found.lexical[at]) or 0.0) / max(found.mass, 1e-9),
                    coverage=coverage,
                    matched=matched,
                    highlights=self._highlights(passage.text, matched),
                )
            )
        return Found(tuple(hits), understood, found)

    def candidates(self, understood: Understood) -> Candidates:
        """Return every passage that a side proposes for a question, with all sides' scores."""
        index = self.index
        question = index.encoder.read_queries([understood.meaning])[0]
        rows, cosines = index.dense.search(question.vector, self._candidates * self._units_per_passage)
        dense = best_per_passage(rows, cosines, index.units)
        common = stopwords()
        all_tokens = index.segmenter.tokens(understood.text)
        tokens = [token for token in all_tokens if token not in common] or all_tokens
        lexical = index.lexical.scores(tokens)
        take = min(self._candidates, len(lexical))
        top = np.argpartition(-lexical, take - 1)[:take]
        top = top[lexical[top] > 0]
        numbers = np.array(sorted({*dense, *top.tolist()}), dtype=np.int64)
        dense_scores = np.array([dense.get(n, np.nan) for n in numbers.tolist()], dtype=np.float32)
        lexical_scores = lexical[numbers].astype(np.float32)
        lexical_scores[lexical_scores <= 0] = np.nan
        mass = max(sum(index.lexical.idf(token) for token in tokens), 1e-9)
        late, weakest = self._late(question.tokens, numbers, dense_scores, lexical_scores / mass)
        fused = linear_combination(dense_scores, lexical_scores / mass, late, self.weights)
        return Candidates(numbers, dense_scores, lexical_scores, late, weakest, fused, mass)

    def _late(
        self, tokens: NDArray[np.float32], numbers: NDArray[np.int64], dense: NDArray[np.float32],
        share: NDArray[np.float32],
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:  # fmt: skip
        """Compare a question token by token with the passages that the other two sides put first."""
        late = np.full(len(numbers), np.nan, dtype=np.float32)
        weakest = late.copy()
        if self.weights.late and len(numbers):
            first = linear_combination(dense, share, late, FusionWeights(self.weights.lexical, 0.0, 1.0))
            chosen = np.sort(np.argsort(-first, kind="stable")[: self._candidates])
            best = self.index.tokens.best(tokens, numbers[chosen].tolist())
            late[chosen] = best.mean(axis=0)
            weakest[chosen] = np.sort(best, axis=0)[:_WEAKEST].mean(axis=0)
        return late, weakest

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


def open_searcher(index: LoadedIndex, settings: Settings) -> Searcher:
    """Return a searcher with the settings' weights and steps."""
    weights = FusionWeights(settings.lexical_weight, settings.late_weight, settings.dense_weight)
    return Searcher(index, settings.candidates, weights, settings.understand)
