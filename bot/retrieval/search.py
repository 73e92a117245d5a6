"""Find passages for a question: dense and lexical candidates, fused, every hit with the reasons for its place."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.encoding.encoder import Encoder
from bot.language.folding import fold
from bot.language.segmentation import Segmenter, stopwords
from bot.language.spellings import Spellings
from bot.language.understanding import STEPS, QuestionReader, SubjectWord, Understood
from bot.language.variants import simplify_in_place
from bot.records import Document, Hit, KnownQuestion, Passage, Span
from bot.retrieval.aspects import RIVALS, Meeting, aspects_for, meet
from bot.retrieval.confidence import ASPECT, Looked, background_of, confidence, focus, wording
from bot.retrieval.dense import FaissIndex
from bot.retrieval.fusion import FusionWeights, linear_combination, ranks
from bot.retrieval.late import TokenIndex
from bot.retrieval.lexical import Bm25Index
from bot.settings import Settings


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
    questions: tuple[KnownQuestion, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidates:
    """Passage numbers with each side's scores (NaN: not found, or not looked at, by that side).

    ``lexical`` is BM25's score, ``mass`` the most that it could be for this question; ``late`` is the mean over the
    question's tokens of the best cosine in the passage. ``looked`` holds the places of the candidates that were compared
    token by token, ``met`` [t, len(looked)] what came out, ``tokens`` [t, e] the question's vectors.
    """

    numbers: NDArray[np.int64]
    dense: NDArray[np.float32]
    lexical: NDArray[np.float32]
    late: NDArray[np.float32]
    fused: NDArray[np.float32]
    mass: float
    looked: NDArray[np.int64]
    met: NDArray[np.float32]
    tokens: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Found:
    """The hits for a question, best first, and how the question was understood."""

    hits: tuple[Hit, ...]
    understood: Understood
    candidates: Candidates | None = None


@dataclass(frozen=True, slots=True)
class Examined:
    """The best passage for a question, by number, with its signals and the probability that it answers."""

    number: int
    signals: dict[str, float]
    probability: float
    meeting: Meeting


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


def _absent(words: Sequence[_Word]) -> float:
    """Return the share of the words' weight whose words, and their synonyms, no passage holds."""
    total = sum(word.weight for word in words) or 1.0
    return sum(word.weight for word in words if not any(map(len, word.holders))) / total


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
        self._background = background_of(index.manifest.get("background"))
        self._aspects = aspects_for(index.encoder)
        self._units_per_passage = max(1, -(-len(index.units) // max(1, len(index.passages))))
        self._among: NDArray[np.bool_] | None = None  # which passages may be found; None for all

    def only(self, documents: Collection[str]) -> Searcher:
        """Return a searcher over some documents only, which shares everything that is loaded."""
        index = self.index
        known = {name: document for name, document in index.documents.items() if name in documents}
        among = np.array([passage.document_id in known for passage in index.passages], dtype=np.bool_)
        narrowed = copy(self)
        narrowed.index = replace(index, documents=known, dense=index.dense.only(among[index.units]))
        narrowed._among = among
        return narrowed

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
        if not len(found.numbers):  # only documents that are not in this index
            return Found((), understood, found)
        order = np.lexsort((found.numbers, -found.fused))[:count]
        dense_ranks, lexical_ranks, late_ranks = ranks(found.dense), ranks(found.lexical), ranks(found.late)
        words = self._informative(understood.text)
        absent = _absent(words)
        background = float(np.median(found.fused))
        judged = self._judged(found)
        aspects = self._aspects_of(judged, found, order)
        hits = []
        for place, at in enumerate(order.tolist(), 1):
            number = int(found.numbers[at])
            passage = self.index.passages[number]
            coverage, matched = self._coverage(words, number)
            signals, probability = self._confidence(judged, found, at, understood, number, coverage, absent, aspects)
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
                    lexical_share=(_known(found.lexical[at]) or 0.0) / max(found.mass, 1e-9),
                    coverage=coverage,
                    matched=matched,
                    highlights=self._highlights(passage.text, matched),
                    signals=signals,
                    probability=probability,
                )
            )
        return Found(tuple(hits), understood, found)

    def examine(self, question: str, without: Container[int] = ()) -> Examined | None:
        """Return the best passage for a question with its signals, as if the passages ``without`` were not there.

        None where no passage is left that was compared token by token.
        """
        understood = self._reader.read(question)
        found = self.candidates(understood)
        kept = np.array(
            [at for at, n in enumerate(found.numbers[found.looked].tolist()) if n not in without], dtype=int
        )
        if not len(kept):
            return None
        judged = self._judged(found)
        judged = Looked(
            judged.dense[kept], judged.late[kept], judged.share[kept], judged.fused[kept], judged.met[:, kept]
        )
        best = int(judged.fused.argmax())
        number = int(found.numbers[found.looked[kept[best]]])
        words = self._informative(understood.text)
        coverage, _ = self._coverage(words, number)
        meeting = self._meeting(judged, best, number, found.tokens)
        aspect = float(self._aspects.logits([meeting])[0]) if self._aspects else None
        signals, probability = self._judge(judged, best, number, understood, coverage, _absent(words), aspect)
        return Examined(number, signals, probability, meeting)

    def subject(self, text: str) -> list[SubjectWord]:
        """Return the words of a text that carry its subject, with how typical of the corpus each is."""
        return self._reader.subject(text)

    def likeness(self, text: str, others: Sequence[str]) -> list[float]:
        """Return the cosine of a text with each of some others: how alike in kind two names are."""
        if not others:
            return []
        vectors = self.index.encoder.encode_queries([text, *others])
        return [float(value) for value in vectors[1:] @ vectors[0]]

    def cosines(self, question: str) -> dict[str, float]:
        """Return the raw cosine signals of the best passage for a question."""
        found = self.candidates(self._reader.read(question))
        judged = self._judged(found)
        return judged.cosines(int(judged.fused.argmax()))

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
        if self._among is not None:
            lexical = np.where(self._among, lexical, np.float32(0))
        take = min(self._candidates, len(lexical))
        top = np.argpartition(-lexical, take - 1)[:take]
        top = top[lexical[top] > 0]
        numbers = np.array(sorted({*dense, *top.tolist()}), dtype=np.int64)
        dense_scores = np.array([dense.get(n, np.nan) for n in numbers.tolist()], dtype=np.float32)
        lexical_scores = lexical[numbers].astype(np.float32)
        lexical_scores[lexical_scores <= 0] = np.nan
        mass = max(sum(index.lexical.idf(token) for token in tokens), 1e-9)
        looked, met = self._late(question.tokens, numbers, dense_scores, lexical_scores / mass)
        late = np.full(len(numbers), np.nan, dtype=np.float32)
        late[looked] = met.mean(axis=0)
        fused = linear_combination(dense_scores, lexical_scores / mass, late, self.weights)
        return Candidates(numbers, dense_scores, lexical_scores, late, fused, mass, looked, met, question.tokens)

    def _late(
        self, tokens: NDArray[np.float32], numbers: NDArray[np.int64], dense: NDArray[np.float32],
        share: NDArray[np.float32],
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:  # fmt: skip
        """Compare a question token by token with the passages that the other two sides put first."""
        if not len(numbers):  # the confidence needs it even where the ranking does not
            return np.empty(0, dtype=np.int64), np.empty((len(tokens), 0), dtype=np.float32)
        nothing = np.full(len(numbers), np.nan, dtype=np.float32)
        first = linear_combination(dense, share, nothing, FusionWeights(self.weights.lexical, 0.0, 1.0))
        looked = np.sort(np.argsort(-first, kind="stable")[: self._candidates]).astype(np.int64)
        return looked, self.index.tokens.best(tokens, numbers[looked].tolist())

    def _judged(self, found: Candidates) -> Looked:
        """Return the candidates that were compared token by token, as the confidence wants them."""
        at, weakest = found.looked, np.nanmin(found.dense) if not np.isnan(found.dense).all() else 0.0
        share = np.nan_to_num(found.lexical[at]) / found.mass
        dense = np.nan_to_num(found.dense[at], nan=float(weakest))
        return Looked(dense, found.late[at], share.astype(np.float32), found.fused[at], found.met)

    def _confidence(
        self, judged: Looked, found: Candidates, at: int, understood: Understood, number: int, coverage: float,
        absent: float, aspects: Mapping[int, float],
    ) -> tuple[dict[str, float], float]:  # fmt: skip
        """Return a candidate's signals and the probability that it answers; none were it not compared by tokens."""
        place = _place(found.looked, at)
        if place is None:
            return {}, 0.0
        return self._judge(judged, place, number, understood, coverage, absent, aspects.get(at))

    def _aspects_of(self, judged: Looked, found: Candidates, chosen: NDArray[np.int64]) -> dict[int, float]:
        """Return what the network says of some candidates, those that were compared by tokens."""
        if self._aspects is None:
            return {}
        places = {at: place for at in chosen.tolist() if (place := _place(found.looked, at)) is not None}
        meetings = [self._meeting(judged, place, int(found.numbers[at]), found.tokens) for at, place in places.items()]
        logits = self._aspects.logits(meetings).tolist() if meetings else []
        return dict(zip(places, logits, strict=True))

    def _meeting(self, judged: Looked, place: int, number: int, tokens: NDArray[np.float32]) -> Meeting:
        """Return how the tokens of a question meet those of a candidate."""
        vectors = self.index.tokens.vectors(number)
        return meet(tokens, vectors, judged.met, judged.usual, place, judged.order[:RIVALS])

    def _judge(
        self, judged: Looked, place: int, number: int, understood: Understood, coverage: float, absent: float,
        aspect: float | None,
    ) -> tuple[dict[str, float], float]:  # fmt: skip
        """Return a candidate's signals and the probability that it answers."""
        text = self.index.passages[number].index_texts[0]
        signals = judged.signals(place, self._background, coverage, absent) | wording(understood.text, text)
        if aspect is not None:
            signals[ASPECT] = aspect
        model = confidence(aspect is not None)
        return signals, model.probability(signals, focus(understood.text, text))

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
            words[word] = _Word(word, weight, tuple(self._found(lexical.holders(name)) for name in names))
        return list(words.values())

    def _found(self, numbers: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return those of some passages that may be found."""
        return numbers if self._among is None else numbers[self._among[numbers]]

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


def _place(looked: NDArray[np.int64], at: int) -> int | None:
    """Return where a candidate stands among those that were compared by tokens."""
    place = int(np.searchsorted(looked, at))
    return place if place < len(looked) and looked[place] == at else None


def open_searcher(index: LoadedIndex, settings: Settings) -> Searcher:
    """Return a searcher with the settings' weights and steps."""
    weights = FusionWeights(settings.lexical_weight, settings.late_weight, settings.dense_weight)
    return Searcher(index, settings.candidates, weights, settings.understand)
