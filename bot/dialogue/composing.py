"""Compose a reply: which passages are shown, under which of the bot's own words, with what to ask next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.dialogue import wording
from bot.dialogue.answerability import choose, outcome
from bot.dialogue.boundaries import Boundary, boundary_of
from bot.dialogue.context import Resolved
from bot.dialogue.memory import Session, plain
from bot.dialogue.nearest import nearest_questions
from bot.dialogue.presenting import present
from bot.dialogue.view import View
from bot.language.folding import fold
from bot.language.variants import simplify
from bot.records import Document, Hit, ReplyKind, ReplyPassage
from bot.settings import Clinic, Settings

NextQuestions = Callable[[Sequence[ReplyPassage], Session], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Composed:
    """What a reply says and shows."""

    kind: ReplyKind
    text: str
    passages: tuple[ReplyPassage, ...] = ()
    suggestions: tuple[str, ...] = ()
    disclaimer: str = ""
    confidence: float = 0.0


class Composer:
    """Composes replies over one index."""

    def __init__(self, view: View, settings: Settings, following: NextQuestions) -> None:
        """Take the index, the settings, and what gives the next questions for what is shown."""
        self._view, self._settings, self._following = view, settings, following
        self._documents: dict[str, Document] = view.searcher.index.documents

    def compose(self, session: Session, typed: str, resolved: Resolved) -> Composed:
        """Return the reply to a resolved turn."""
        if resolved.cue is not None:
            return self._on_the_last(session, resolved)
        hits = [hit for hit in resolved.found.hits if not _excluded(resolved.question, hit)]
        boundary = boundary_of(fold(simplify(typed))) or boundary_of(fold(resolved.found.understood.text))
        kind = outcome(hits, self._view.thresholds)
        confidence = hits[0].probability if hits else 0.0
        if kind == "clarify" and boundary in wording.COUNTER:
            kind = "decline"  # who asks the way or the price is not helped by questions about illness
        if kind == "clarify":
            nearest = nearest_questions(hits, self._documents, resolved.question)
            if nearest:
                return Composed(kind, self._said(resolved, self._clarify(boundary)), (), nearest, "", confidence)
            kind = "decline"
        if kind == "decline":
            text = self._said(resolved, self._decline(boundary))
            return Composed(kind, text, (), self._following((), session), "", confidence)
        chosen = choose(hits, self._view.thresholds, self._settings.passage_share, self._settings.max_passages)
        passages = self._shown(chosen)
        text = self._said(resolved, self._around(boundary) + _opening(len(passages), boundary))
        return self._answer(session, text, passages)

    def _on_the_last(self, session: Session, resolved: Resolved) -> Composed:
        """Return the reply to a remark on the last answer."""
        most = self._settings.max_passages
        hits = (
            resolved.fixed[:most]
            if resolved.cue in ("source", "simpler", "more", "where")
            else resolved.fixed[: min(2, most)]
        )
        if not hits:
            return Composed("decline", wording.NO_MORE, (), self._following((), session))
        lines = {
            "more": wording.MORE.format(count=len(hits)),
            "source": wording.SOURCE,
            "where": wording.WHERE,
            "simpler": wording.SIMPLER,
            "detail": wording.DETAIL,
            "position": wording.POSITION,
        }
        return self._answer(session, lines[resolved.cue or "more"], self._shown(hits))

    def _answer(self, session: Session, text: str, passages: tuple[ReplyPassage, ...]) -> Composed:
        return Composed(
            "answer",
            text,
            passages,
            self._following(passages, session),
            _disclaimer(passages, self._documents),
            passages[0].score,
        )

    def _shown(self, hits: Sequence[Hit]) -> tuple[ReplyPassage, ...]:
        return tuple(
            present(hit.passage, self._documents[hit.passage.document_id], hit.probability, hit.highlights)
            for hit in hits
        )

    def _said(self, resolved: Resolved, text: str) -> str:
        """Return the bot's words after what tells the patient which question was searched for."""
        corrected = resolved.found.understood.corrected
        if resolved.reading:
            return f"{wording.READING.format(question=resolved.reading)}\n{text}"
        return (wording.CORRECTED.format(question=corrected) if corrected else "") + text

    def _around(self, boundary: Boundary | None) -> str:
        """Return the line that stands over general passages where the question is not one that a text can settle."""
        if boundary is None:
            return ""
        if boundary == "decision":
            return f"{wording.DECISION}{self._contact()}\n"
        return f"{wording.COUNTER[boundary]}{self._contact() or wording.ASK_THERE}\n"

    def _clarify(self, boundary: Boundary | None) -> str:
        return self._around(boundary) + wording.CLARIFY

    def _decline(self, boundary: Boundary | None) -> str:
        if boundary == "decision":
            return wording.DECISION_DECLINE + self._contact()
        if boundary is not None:
            line = wording.COUNTER[boundary]
            return wording.COUNTER_DECLINE.format(line=line) + (self._contact() or wording.ASK_THERE)
        parts = [wording.DECLINE]
        titles = [document.title for document in self._documents.values()]
        if titles:
            parts.append(wording.DECLINE_COVERS.format(titles="、".join(f"《{title}》" for title in titles[:3])))
        return "".join((*parts, wording.DECLINE_CONTACT, self._contact()))

    def _contact(self) -> str:
        contact = contact_of(self._settings.clinic)
        return wording.CONTACT_US.format(contact=contact) if contact else ""


def contact_of(clinic: Clinic) -> str:
    """Return how to reach the clinic, on one line; empty where it gives no way."""
    return "，".join(part for part in (clinic.phone, clinic.address, clinic.hours, clinic.url) if part)


def _opening(count: int, boundary: Boundary | None) -> str:
    if boundary == "decision":
        return wording.ANSWER_GENERAL
    return wording.ANSWER_ONE if count == 1 else wording.ANSWER_MANY.format(count=count)


def _excluded(question: str, hit: Hit) -> bool:
    """Tell whether the editor said that a passage does not answer this very question."""
    return bool(hit.passage.excluded) and plain(question) in {plain(text) for text in hit.passage.excluded}


def _disclaimer(passages: tuple[ReplyPassage, ...], documents: dict[str, Document]) -> str:
    """Return the shown documents' own disclaimers, or the general one where they have none."""
    own = dict.fromkeys(documents[passage.document.id].disclaimer for passage in passages)
    return "\n".join(text for text in own if text) or wording.DISCLAIMER
