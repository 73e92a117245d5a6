"""What the dialogue derives from one loaded index, once, when it is opened or swapped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.dialogue.answerability import Thresholds, thresholds_of
from bot.dialogue.suggestions import Suggestions
from bot.records import Passage
from bot.retrieval.search import LoadedIndex, Searcher


@dataclass(frozen=True, slots=True)
class View:
    """One loaded index: its passages by id, by document in their order, its thresholds and what to suggest."""

    searcher: Searcher
    by_id: dict[str, Passage]
    of_document: dict[str, tuple[Passage, ...]]
    thresholds: Thresholds
    suggestions: Suggestions

    def section(self, passage: Passage) -> list[Passage]:
        """Return the passages under a passage's heading, in order."""
        return [other for other in self.of_document[passage.document_id] if other.section == passage.section]

    def following(self, passage: Passage) -> list[Passage]:
        """Return the passages that stand after one under the same heading, in order."""
        return [other for other in self.section(passage) if other.start > passage.start]


def view_of(searcher: Searcher, intercepted: Callable[[str], bool]) -> View:
    """Derive the view of a searcher's index; questions that are ``intercepted`` before a search are not suggested."""
    index: LoadedIndex = searcher.index
    of_document: dict[str, list[Passage]] = {}
    passages = [passage for passage in index.passages if passage.document_id in index.documents]
    for passage in passages:
        of_document.setdefault(passage.document_id, []).append(passage)
    return View(
        searcher,
        {passage.id: passage for passage in passages},
        {name: tuple(passages) for name, passages in of_document.items()},
        thresholds_of(index.manifest),
        Suggestions(index, intercepted),
    )
