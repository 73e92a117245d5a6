"""Find passages for a question: dense and lexical candidates, fused, every hit with the reasons for its place."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.encoding.encoder import Encoder
from bot.language.segmentation import Segmenter, stopwords
from bot.language.spellings import Spellings
from bot.language.understanding import STEPS, QuestionReader, SubjectWord, Understood
from bot.language.variants import bare
from bot.records import Document, Hit, KnownQuestion, Passage
from bot.retrieval.candidates import Candidates, best_per_passage, compare_tokens
from bot.retrieval.confidence import ASPECT, Looked, background_of, confidence, focus, wording
from bot.retrieval.coverage import QuestionWords, highlights
from bot.retrieval.dense import FaissIndex
from bot.retrieval.fusion import FusionWeights, linear_combination, ranks
from bot.retrieval.late import TokenIndex
from bot.retrieval.lexical import Bm25Index
from bot.retrieval.meetings import Meeting, MeetingNetwork, networks_for
from bot.retrieval.naming import NAMED, by_name
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
        self._aspects, reranker = networks_for(index.encoder)
        self._reranker = reranker if weights.late and weights.rerank else None
        self._units_per_passage = max(1, -(-len(index.units) // max(1, len(index.passages))))
        self._named = by_name(index.passages)
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

    def reranked_by(self, network: MeetingNetwork | None) -> Searcher:
        """Return a searcher that puts the first few candidates in order with another network, or with none."""
        other = copy(self)
        other._reranker = network
        return other

    def understand(self, question: str) -> Understood:
        """Return how a question is understood."""
        return self._reader.read(question)

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
        words = self._words(understood.text)
        absent = words.absent
        background = float(np.median(found.fused))
        judged = found.judged()
        aspects = self._aspects_of(judged, found, order)
        hits = []
        for place, at in enumerate(order.tolist(), 1):
            number = int(found.numbers[at])
            passage = self.index.passages[number]
            coverage, matched = words.covered_by(number)
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
                    highlights=highlights(passage.text, matched, self.index.segmenter.lexicon),
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
        found = self._reranked(self._proposed(understood).without(without))
        if not len(found.looked):
            return None
        judged = found.judged()
        best = int(judged.fused.argmax())
        number = int(found.numbers[found.looked[best]])
        words = self._words(understood.text)
        coverage, _ = words.covered_by(number)
        meeting = found.meeting(judged, best, self.index.tokens)
        aspect = float(self._aspects.logits([meeting])[0]) if self._aspects else None
        signals, probability = self._judge(judged, best, number, understood, coverage, words.absent, aspect)
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
        judged = found.judged()
        return judged.cosines(int(judged.fused.argmax()))

    def candidates(self, understood: Understood) -> Candidates:
        """Return every passage that a side proposes for a question, with all sides' scores."""
        return self._reranked(self._proposed(understood))

    def _reranked(self, found: Candidates) -> Candidates:
        if self._reranker is None:
            return found
        return found.reranked(self._reranker, self.weights.rerank, self.index.tokens)

    def _proposed(self, understood: Understood) -> Candidates:
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
        share, most = lexical_scores / mass, self._candidates
        looked, met = compare_tokens(
            index.tokens, question.tokens, numbers, dense_scores, share, self.weights.lexical, most
        )
        late = np.full(len(numbers), np.nan, dtype=np.float32)
        late[looked] = met.mean(axis=0)
        fused = linear_combination(dense_scores, share, late, self.weights)
        fused[np.isin(numbers, self._named.get(bare(understood.text), []))] += NAMED
        return Candidates(numbers, dense_scores, lexical_scores, late, fused, mass, looked, met, question.tokens)

    def _words(self, question: str) -> QuestionWords:
        return QuestionWords(question, self.index.segmenter, self.index.lexical, self._among)

    def _confidence(
        self, judged: Looked, found: Candidates, at: int, understood: Understood, number: int, coverage: float,
        absent: float, aspects: Mapping[int, float],
    ) -> tuple[dict[str, float], float]:  # fmt: skip
        """Return a candidate's signals and the probability that it answers; none were it not compared by tokens."""
        place = found.place(at)
        if place is None:
            return {}, 0.0
        return self._judge(judged, place, number, understood, coverage, absent, aspects.get(at))

    def _aspects_of(self, judged: Looked, found: Candidates, chosen: NDArray[np.int64]) -> dict[int, float]:
        """Return what the network says of some candidates, those that were compared by tokens."""
        if self._aspects is None:
            return {}
        places = {at: place for at in chosen.tolist() if (place := found.place(at)) is not None}
        meetings = [found.meeting(judged, place, self.index.tokens) for place in places.values()]
        logits = self._aspects.logits(meetings).tolist() if meetings else []
        return dict(zip(places, logits, strict=True))

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


def open_searcher(index: LoadedIndex, settings: Settings) -> Searcher:
    """Return a searcher with the settings' weights and steps."""
    weights = FusionWeights(
        settings.lexical_weight, settings.late_weight, settings.dense_weight, settings.rerank_weight
    )
    return Searcher(index, settings.candidates, weights, settings.understand)
