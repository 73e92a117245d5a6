"""What a patient may ask next: questions in the clinic's own words, each of which the index is known to answer.

They were checked through retrieval when the index was built (``questions.jsonl``); nothing is worded here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import chain, zip_longest
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from bot.language.typeahead import TypeAhead
from bot.language.variants import bare
from bot.records import KnownQuestion, Passage, QuestionKind, ReplyPassage
from bot.retrieval.search import LoadedIndex

STARTERS, NEXT, COMPLETIONS = 6, 3, 6
_ORDER = get_args(QuestionKind)


def _never(text: str) -> bool:
    return False


class Suggestions:
    """Starters, next questions and completions over one loaded index. Safe to share between threads."""

    def __init__(self, index: LoadedIndex, intercepted: Callable[[str], bool] = _never) -> None:
        """Make the known questions of an index ready.

        Args:
            index: The loaded build.
            intercepted: Tells whether a text gets another reply than an answer, such as one to danger: it is then never
                suggested, and nothing is suggested while it is being typed.
        """
        self._index = index
        self._intercepted = intercepted
        self._harmless: dict[str, bool] = {}
        self._places = {passage.id: number for number, passage in enumerate(index.passages)}
        own = [question for question in index.questions if self._document(question.passage_id) in index.documents]
        self._all = sorted(own, key=lambda question: (_ORDER.index(question.kind), -question.probability))
        self._typing = TypeAhead([(question.text, question.pinyin) for question in self._all], index.spellings.readings)
        self._bare = {bare(question.text): question for question in self._all}
        best: dict[str, KnownQuestion] = {}
        for question in self._all:
            best.setdefault(question.passage_id, question)
        self._offered = [question for question in best.values() if question.kind != "variant"]
        answers = [index.passages[self._places[question.passage_id]] for question in self._offered]
        self._numbers: dict[object, int] = {}  # of documents and of sections, so that they are compared at once
        self._documents = np.array([self._number(_document_of(passage)) for passage in answers], dtype=np.int64)
        self._sections = np.array([self._number(_section_of(passage)) for passage in answers], dtype=np.int64)
        self._vectors = self._vectors_of([self._places[passage.id] for passage in answers])

    def _document(self, passage_id: str) -> str:
        return self._index.passages[self._places[passage_id]].document_id

    def knows(self, text: str) -> bool:
        """Tell whether a text is one of the known questions: it is then complete in itself."""
        return bare(text) in self._bare

    def starters(self, count: int = STARTERS) -> tuple[str, ...]:
        """Return questions to begin with: the best of each text in turn, best first."""
        return self._take(self._in_turn(), (), (), count)

    def after(
        self, shown: Sequence[ReplyPassage | Passage], asked: Collection[str] = (), count: int = NEXT,
        seen: Collection[str] = (),
    ) -> tuple[str, ...]:  # fmt: skip
        """Return the next questions after an answer, nearest to it first.

        Args:
            shown: The answer's passages, the best first; with none, starters are returned.
            asked: What was asked in this conversation.
            count: How many at most.
            seen: Ids of passages shown earlier in this conversation.
        """
        place = next((self._places[passage.id] for passage in shown if passage.id in self._places), None)
        order = self._in_turn() if place is None else self._near(place)
        return self._take(order, {passage.id for passage in shown}.union(seen), asked, count)

    def complete(self, typed: str, count: int = COMPLETIONS) -> tuple[str, ...]:
        """Return known questions that what is being typed may become: in characters, pinyin or initials, mixed or not."""
        if not typed.strip() or self._intercepted(typed):
            return ()
        own, found, answered = bare(typed), [], set()
        for number in self._typing.find(typed, 3 * count):
            question = self._all[number]
            again = question.kind == "variant" and question.passage_id in answered
            if not again and bare(question.text) != own and self._is_harmless(question.text):
                found.append(question.text)
                answered.add(question.passage_id)
        return tuple(found[:count])

    def _take(
        self, order: Iterable[KnownQuestion], answered: Collection[str], asked: Collection[str], count: int
    ) -> tuple[str, ...]:
        """Return the first questions whose passage was not shown and which were not asked, in any wording known."""
        before = {bare(text) for text in asked}
        answered = {*answered, *(self._bare[text].passage_id for text in before if text in self._bare)}
        found: list[str] = []
        for question in order:
            if len(found) >= count:
                break
            new = question.passage_id not in answered and bare(question.text) not in before
            if new and self._is_harmless(question.text):
                found.append(question.text)
        return tuple(found)

    def _in_turn(self) -> Iterator[KnownQuestion]:
        """Yield each document's best question, then each one's second, and so on."""
        of_document: dict[str, list[KnownQuestion]] = {}
        for question in self._offered:
            of_document.setdefault(question.document_id, []).append(question)
        turns = chain.from_iterable(zip_longest(*of_document.values()))
        return (question for question in turns if question is not None)

    def _near(self, place: int) -> Iterator[KnownQuestion]:
        """Yield the questions of the same section, then of the same document, then the others, each nearest in meaning."""
        if not self._offered:
            return iter(())
        anchor = self._index.passages[place]
        elsewhere = self._documents != self._numbers.get(_document_of(anchor), -1)
        outside = self._sections != self._numbers.get(_section_of(anchor), -1)
        cosines = self._vectors @ self._vectors_of([place])[0]
        return (self._offered[at] for at in np.lexsort((-cosines, outside, elsewhere)).tolist())

    def _number(self, thing: object) -> int:
        return self._numbers.setdefault(thing, len(self._numbers))

    def _vectors_of(self, places: Sequence[int]) -> NDArray[np.float32]:
        """Return the vectors ``[n, d]`` of whole passages: the first unit of each."""
        return self._index.dense.some(np.searchsorted(self._index.units, np.array(places, dtype=np.int64)))

    def _is_harmless(self, text: str) -> bool:
        if text not in self._harmless:
            self._harmless[text] = not self._intercepted(text)
        return self._harmless[text]


def _document_of(passage: Passage) -> object:
    return passage.document_id


def _section_of(passage: Passage) -> object:
    return (passage.document_id, passage.section)
