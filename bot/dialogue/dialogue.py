"""The one door for every channel: a question goes in, a reply comes out. Safe to share between threads."""

from __future__ import annotations

import logging
import re
import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from bot.dialogue import wording
from bot.dialogue.answerability import Thresholds, choose, outcome, thresholds_of
from bot.dialogue.feedback import FeedbackStore
from bot.dialogue.presenting import present
from bot.dialogue.safety import Danger, load_safety, rules_folder
from bot.dialogue.starters import nearest_questions, starters_of
from bot.errors import QuestionError, UnknownPassageError
from bot.language.folding import clean_question, fold
from bot.language.understanding import Understood
from bot.records import Document, Hit, Passage, Reply, ReplyPassage
from bot.retrieval.live import LiveIndex
from bot.retrieval.search import LoadedIndex, Searcher
from bot.settings import Settings

_log = logging.getLogger("yiju.safety")
_SESSION = re.compile(r"s_[A-Za-z0-9_-]{16,64}")
_REMEMBERED_REPLIES = 20_000
_MARKS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class _View:
    """What is derived from one loaded index."""

    searcher: Searcher
    by_id: dict[str, Passage]
    of_document: dict[str, tuple[Passage, ...]]
    starters: tuple[str, ...]
    thresholds: Thresholds


def _view(searcher: Searcher) -> _View:
    index: LoadedIndex = searcher.index
    of_document: dict[str, list[Passage]] = {}
    for passage in index.passages:
        of_document.setdefault(passage.document_id, []).append(passage)
    return _View(
        searcher,
        {passage.id: passage for passage in index.passages},
        {name: tuple(passages) for name, passages in of_document.items()},
        starters_of(index.documents.values()),
        thresholds_of(index.manifest),
    )


class Dialogue:
    """Turns questions into replies over the live index."""

    def __init__(self, settings: Settings) -> None:
        """Read the safety rules and open the index.

        Raises:
            SafetyError: there are no usable safety rules; without them nothing is answered.
            IndexFormatError: there is no usable index.
        """
        self.settings = settings
        self._safety = load_safety(rules_folder(settings))
        self._live = LiveIndex(settings)
        self._current = _view(self._live.searcher)
        self._feedback = FeedbackStore(settings.feedback_file)
        self._replies: OrderedDict[str, tuple[str, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def _now(self) -> _View:
        """Return the view of the index in use, renewed after a swap."""
        searcher = self._live.searcher
        if self._current.searcher is not searcher:
            self._current = _view(searcher)
        return self._current

    @property
    def ready(self) -> bool:
        """Whether an answer is possible now."""
        return bool(self._now().searcher.index.passages)

    def reply(self, session: str | None, text: str) -> Reply:
        """Answer one question.

        Args:
            session: The id that an earlier reply gave; anything else starts a new session.
            text: The patient's words.

        Raises:
            QuestionError: the question is empty or too long; the message is fit for the patient.
        """
        started = time.perf_counter()
        danger = self._safety.assess(text)  # before anything can fail or be refused
        if danger is not None:
            return self._emergency(danger, session, started)
        question = self._question(text)
        view = self._now()
        found = view.searcher.find(question, self.settings.max_passages + 2)  # room for excluded ones
        hits = [hit for hit in found.hits if not _excluded(question, hit)]
        chosen = choose(hits, view.thresholds, self.settings.passage_share, self.settings.max_passages)
        documents = view.searcher.index.documents
        passages = tuple(
            present(hit.passage, documents[hit.passage.document_id], hit.probability, hit.highlights) for hit in chosen
        )
        kind = outcome(hits, view.thresholds)
        nearest = nearest_questions(hits, documents, question) if kind == "clarify" else ()
        if kind == "clarify" and not nearest:
            kind = "decline"
        text = {"answer": _opening(len(passages)), "clarify": wording.CLARIFY}.get(kind) or self._decline(view)
        reply = Reply(
            id=f"r_{secrets.token_urlsafe(12)}",
            session=_session(session),
            kind=kind,
            text=_corrected(found.understood) + text,
            passages=passages,
            suggestions=nearest or _suggestions(view.starters, question, passages),
            disclaimer=_disclaimer(passages, documents) if passages else "",
            confidence=hits[0].probability if hits else 0.0,
            took_ms=(time.perf_counter() - started) * 1000.0,
        )
        self._remember(reply)
        return reply

    def _emergency(self, danger: Danger, session: str | None, started: float) -> Reply:
        """Return the reply to danger: what to do now, and nothing beside it. What was said is not kept."""
        _log.info("emergency reply: %s", danger.rule)
        took_ms = (time.perf_counter() - started) * 1000.0
        reply = Reply(f"r_{secrets.token_urlsafe(12)}", _session(session), "emergency", danger.wording, took_ms=took_ms)
        self._remember(reply)
        return reply

    def _question(self, text: str) -> str:
        if len(text) > self.settings.question_max_chars * 4:  # cheap refusal before any work on a huge text
            raise QuestionError(wording.TOO_LONG.format(limit=self.settings.question_max_chars))
        question = clean_question(text)
        if not question:
            raise QuestionError(wording.EMPTY_QUESTION)
        if len(question) > self.settings.question_max_chars:
            raise QuestionError(wording.TOO_LONG.format(limit=self.settings.question_max_chars))
        return question

    def _decline(self, view: _View) -> str:
        parts = [wording.DECLINE]
        titles = self.coverage()
        if titles:
            parts.append(wording.DECLINE_COVERS.format(titles="、".join(f"《{title}》" for title in titles[:3])))
        parts.append(wording.DECLINE_CONTACT)
        clinic = self.settings.clinic
        contact = ",".join(part for part in (clinic.phone, clinic.address, clinic.hours, clinic.url) if part)
        if contact:
            parts.append(wording.CONTACT.format(contact=contact))
        return "".join(parts)

    def _remember(self, reply: Reply) -> None:
        with self._lock:
            self._replies[reply.id] = tuple(passage.id for passage in reply.passages)
            while len(self._replies) > _REMEMBERED_REPLIES:
                self._replies.popitem(last=False)

    def search(self, text: str, count: int = 10) -> list[Hit]:
        """Return the hits for a question with their reasons, for debugging.

        Raises:
            QuestionError: the question is empty or too long.
        """
        return self._now().searcher.search(self._question(text), count)

    def passage(self, passage_id: str) -> ReplyPassage:
        """Return one passage by id.

        Raises:
            UnknownPassageError: there is none of that id.
        """
        view = self._now()
        passage = view.by_id.get(passage_id)
        if passage is None:
            raise UnknownPassageError("没有这一段。文章可能已经更新，请重新提问。")
        return present(passage, view.searcher.index.documents[passage.document_id], 1.0)

    def document(self, document_id: str) -> Document:
        """Return one document by id.

        Raises:
            UnknownPassageError: there is none of that id.
        """
        document = self._now().searcher.index.documents.get(document_id)
        if document is None:
            raise UnknownPassageError("没有这篇文章。它可能已经更新或撤下，请重新提问。")
        return document

    def passages_of(self, document_id: str) -> tuple[Passage, ...]:
        """Return a document's passages in order (none where the document is unknown)."""
        return self._now().of_document.get(document_id, ())

    def starters(self) -> tuple[str, ...]:
        """Return questions for an empty chat, from the corpus itself."""
        return self._now().starters[:6]

    def coverage(self) -> tuple[str, ...]:
        """Return the titles of what the bot can answer from."""
        return tuple(document.title for document in self._now().searcher.index.documents.values())

    def feedback(self, reply_id: str, vote: str) -> None:
        """Note a thumb for a reply: ``up``, ``down`` or ``none`` (taken back).

        Raises:
            UnknownPassageError: no recent reply has that id.
        """
        with self._lock:
            passages = self._replies.get(reply_id)
        if passages is None:
            raise UnknownPassageError("这条回答已经过期，不能再评价。")
        self._feedback.add(reply_id, vote, passages)

    def close(self) -> None:
        """Stop the thread that watches for new builds."""
        self._live.close()


def _session(given: str | None) -> str:
    """Return the session that an earlier reply gave, or a new one."""
    return given if given and _SESSION.fullmatch(given) else f"s_{secrets.token_urlsafe(24)}"


def _opening(count: int) -> str:
    return wording.ANSWER_ONE if count == 1 else wording.ANSWER_MANY.format(count=count)


def _corrected(understood: Understood) -> str:
    """Return what tells the patient which question was searched for, where it was put right."""
    return wording.CORRECTED.format(question=understood.corrected) if understood.corrected else ""


def _bare(text: str) -> str:
    return _MARKS.sub("", fold(text))


def _excluded(question: str, hit: Hit) -> bool:
    """Tell whether the editor said that a passage does not answer this very question."""
    return bool(hit.passage.excluded) and _bare(question) in {_bare(text) for text in hit.passage.excluded}


def _disclaimer(passages: tuple[ReplyPassage, ...], documents: dict[str, Document]) -> str:
    """Return the shown documents' own disclaimers, or the general one where they have none."""
    own = dict.fromkeys(documents[passage.document.id].disclaimer for passage in passages)
    return "\n".join(text for text in own if text) or wording.DISCLAIMER


def _suggestions(starters: tuple[str, ...], question: str, passages: tuple[ReplyPassage, ...]) -> tuple[str, ...]:
    """Return up to three starter questions that were neither asked nor just answered."""
    shown = {_bare(title) for passage in passages for title in passage.section}
    return tuple(text for text in starters if _bare(text) != _bare(question) and _bare(text) not in shown)[:3]


def open_dialogue(settings: Settings) -> Dialogue:
    """Open the dialogue over the index that the settings name.

    Raises:
        SafetyError: there are no usable safety rules.
        IndexFormatError: there is no usable index.
    """
    return Dialogue(settings)
