"""Turn passages into what a reply shows: document, references, notes. Nothing is added that the corpus does not say."""

from __future__ import annotations

from collections.abc import Iterable

from bot.corpus.citation import gbt7714
from bot.records import (
    Document,
    Passage,
    Reference,
    ReplyDocument,
    ReplyNote,
    ReplyPassage,
    ReplyReference,
    Span,
)


def own_reference(document: Document) -> ReplyReference:
    """Return the document itself as a reference, for passages that cite nothing."""
    item: dict[str, object] = {"id": document.id, "type": "webpage", "title": document.title}
    if document.publisher:
        item["author"] = [{"literal": document.publisher}]
    if document.published:
        item["issued"] = document.published
    if document.url:
        item["URL"] = document.url
    return ReplyReference(document.id, gbt7714(item), None, document.url or None)


def _shown(reference: Reference) -> ReplyReference:
    return ReplyReference(reference.id, reference.citation, reference.doi, reference.url)


def present(passage: Passage, document: Document, score: float, highlights: Iterable[Span] = ()) -> ReplyPassage:
    """Return a passage as a reply shows it; there is always at least one reference."""
    known = {reference.id: reference for reference in document.references}
    cited = tuple(_shown(known[key]) for key in passage.references if key in known)
    return ReplyPassage(
        id=passage.id,
        text=passage.text,
        score=score,
        highlights=tuple(highlights),
        document=ReplyDocument(
            document.id, document.title, document.url, document.published, document.sha256, document.publisher
        ),
        section=passage.section,
        start=passage.start,
        end=passage.end,
        evidence=passage.evidence,
        references=cited or (own_reference(document),),
        notes=tuple(ReplyNote(note.kind, note.text) for note in passage.notes),
        lead=passage.lead,
    )
