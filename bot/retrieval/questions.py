"""Find out what an index can be asked: the corpus's own questions, each kept only if asking it finds its own answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from itertools import chain, islice, zip_longest
from typing import get_args

from bot.corpus.questions import Candidate, candidates_of
from bot.corpus.topics import Topics
from bot.language.segmentation import stopwords
from bot.language.variants import bare
from bot.records import KnownQuestion, Passage, QuestionKind
from bot.retrieval.search import LoadedIndex, Searcher
from bot.settings import Settings

Progress = AbstractContextManager[Callable[[int], None]]

ORDER: tuple[QuestionKind, ...] = get_args(QuestionKind)
MARGIN = 0.05  # of probability, above what an answer needs: numbers differ a little from machine to machine


def chosen_candidates(index: LoadedIndex, most: int) -> list[Candidate]:
    """Return up to ``most`` candidates, each document's best in turn, so that a long text does not crowd out the others."""
    if not most:
        return []
    topics = Topics(index.documents.values(), index.segmenter)
    lexicon = index.segmenter.lexicon
    each = (candidates_of(document, topics, lexicon) for document in index.documents.values())
    ordered = [sorted(found, key=lambda candidate: ORDER.index(candidate.kind)) for found in each]
    turns = chain.from_iterable(zip_longest(*ordered))
    return list(islice((candidate for candidate in turns if candidate is not None), most))


def known_questions(
    searcher: Searcher, least: float, settings: Settings, progress: Callable[[str, int], Progress]
) -> list[KnownQuestion]:
    """Ask a finished index the questions of its own corpus and return those that it answers, in the order of the corpus.

    Args:
        searcher: Over the index.
        least: The probability from which a question is answered.
        settings: How many may be asked, and how long they may be.
        progress: Opens a progress bar.
    """
    candidates = chosen_candidates(searcher.index, settings.known_questions)
    with progress("核对可问的问题", len(candidates)) as advance:
        return ask_all(searcher, candidates, least, settings.question_max_chars, advance)


def ask_all(
    searcher: Searcher, candidates: Sequence[Candidate], least: float, longest: int, done: Callable[[int], None]
) -> list[KnownQuestion]:
    """Return the candidates that find their own answer, each once, in the order of the corpus."""
    index = searcher.index
    places = {passage.id: number for number, passage in enumerate(index.passages)}
    of_document: dict[str, list[Passage]] = {}
    for passage in index.passages:
        of_document.setdefault(passage.document_id, []).append(passage)
    found: list[KnownQuestion] = []
    for candidate in candidates:
        answers = {
            passage.id
            for passage in of_document.get(candidate.document_id, ())
            if passage.start < candidate.end and candidate.start < passage.end
        }
        known = _first_known(searcher, candidate, answers, least, longest)
        if known is not None:
            found.append(known)
        done(1)
    return sorted(_distinct(index, found), key=lambda question: places[question.passage_id])


def _first_known(
    searcher: Searcher, candidate: Candidate, answers: set[str], least: float, longest: int
) -> KnownQuestion | None:
    """Return the first form of a candidate that finds one of its own passages first, and surely enough."""
    for text in candidate.forms:
        if not bare(text) or len(text) > longest:
            continue
        found = searcher.find(text, 1)
        best = found.hits[0] if found.hits else None
        if best is None or best.passage.id not in answers or best.probability < min(1.0, least + MARGIN):
            continue
        if found.understood.corrected or bare(text) in map(bare, best.passage.excluded):
            continue  # asking it would look wrong, or the editor says that it is not answered there
        syllables = _syllables(bare(text))
        return KnownQuestion(
            text=text, kind=candidate.kind, document_id=candidate.document_id, passage_id=best.passage.id,
            probability=round(best.probability, 4), pinyin=" ".join(syllables),
            initials="".join(syllable[0] for syllable in syllables),
        )  # fmt: skip
    return None


def _syllables(plain: str) -> list[str]:
    """Return how each character is read, without tones; letters and digits stand for themselves (needs pypinyin)."""
    from pypinyin import lazy_pinyin

    return lazy_pinyin(plain, errors=list)  # type: ignore[arg-type, unused-ignore]  # one for each sign


def _distinct(index: LoadedIndex, questions: Iterable[KnownQuestion]) -> list[KnownQuestion]:
    """Leave out what differs from an earlier question only in marks, or in small words where the answer is the same."""
    common, kept = stopwords(), []
    seen: set[object] = set()
    for question in sorted(questions, key=lambda question: ORDER.index(question.kind)):
        plain = bare(question.text)
        words = frozenset(word for word, _, _ in index.segmenter.words(plain) if word not in common)
        same = (question.passage_id, words)
        if plain not in seen and (not words or same not in seen):
            kept.append(question)
        seen.update((plain, same))
    return kept
