"""The one door for every channel: a question goes in, a reply comes out. Safe to share between threads."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from functools import partial

from bot.dialogue import wording
from bot.dialogue.composing import Composer
from bot.dialogue.context import resolve
from bot.dialogue.feedback import FeedbackStore
from bot.dialogue.memory import Session, Sessions, plain
from bot.dialogue.presenting import present
from bot.dialogue.safety import Danger, load_safety, rules_folder
from bot.dialogue.smalltalk import SmallTalk, smalltalk_of
from bot.dialogue.view import View, view_of
from bot.errors import QuestionError, UnknownPassageError
from bot.language.folding import clean_question, fold
from bot.language.variants import simplify
from bot.records import Document, Hit, Passage, Reply, ReplyPassage
from bot.retrieval.live import LiveIndex
from bot.settings import Settings
from bot.sites import Site

_log = logging.getLogger("yiju.safety")
_sites_log = logging.getLogger("yiju.sites")
_REMEMBERED_REPLIES = 20_000


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
        self._current = view_of(self._live.searcher)
        self._narrowed: dict[frozenset[str], tuple[View, View]] = {}
        self._feedback = FeedbackStore(settings.feedback_file)
        self._sessions = Sessions(settings.session_minutes, settings.session_most)
        self._replies: OrderedDict[str, tuple[str, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def _now(self, site: Site | None = None) -> View:
        """Return the view of the index in use, or of a site's documents in it, renewed after a swap."""
        searcher = self._live.searcher
        if self._current.searcher is not searcher:
            self._current = view_of(searcher)
        whole = self._current
        if site is None or not site.documents:
            return whole
        names = frozenset(site.documents)
        base, narrowed = self._narrowed.get(names, (None, None))
        if narrowed is None or base is not whole:
            narrowed = view_of(whole.searcher.only(names))
            self._narrowed[names] = whole, narrowed
            if missing := sorted(names - whole.searcher.index.documents.keys()):
                _sites_log.warning("网站 %s 的文章 %s 不在索引里，请检查 documents。", site.name, missing)
        return narrowed

    @property
    def ready(self) -> bool:
        """Whether an answer is possible now."""
        return bool(self._now().searcher.index.passages)

    def reply(self, session: str | None, text: str, literal: bool = False, site: Site | None = None) -> Reply:
        """Answer one question.

        Args:
            session: The id that an earlier reply gave; anything else starts a new session.
            text: The patient's words.
            literal: Take the words as they stand: "no, that is not what I meant" after a completed follow-up.
            site: Whose documents and contact card count; None for the whole corpus and the clinic's own.

        Raises:
            QuestionError: the question is empty or too long; the message is fit for the patient.
        """
        started = time.perf_counter()
        danger = self._safety.assess(text)  # before anything can fail or be refused
        if danger is not None:
            return self._emergency(danger, session, started)
        question = self._question(text)
        view = self._now(site)
        settings = self.settings.for_site(site)
        known = self._sessions.get(session)
        if literal:
            known = known.undone(question)
        small = smalltalk_of(fold(simplify(question)))
        if small is not None:
            return self._small(small, known, started, settings.clinic.name, view.starters[:3])
        resolved = resolve(view, known, question, self.settings.max_passages + 2, literal)  # room for excluded ones
        answer = Composer(view, settings, partial(_following, view)).compose(known, question, resolved)
        reply = Reply(
            id=new_id(),
            session=known.id,
            kind=answer.kind,
            text=answer.text,
            passages=answer.passages,
            suggestions=answer.suggestions,
            disclaimer=answer.disclaimer,
            confidence=answer.confidence,
            took_ms=(time.perf_counter() - started) * 1000.0,
            reading=resolved.reading,
        )
        self._remember(reply)
        latest = tuple(passage.id for passage in reply.passages)
        self._sessions.keep(known.after(question, resolved.question, reply.kind, latest, resolved.cue is not None))
        return reply

    def _small(self, kind: SmallTalk, known: Session, started: float, name: str, starters: tuple[str, ...]) -> Reply:
        """Return the reply to small talk; the session stays as it was, unless it is to be forgotten."""
        if kind == "forget":
            self.forget(known.id)
            known = self._sessions.get(None)
        else:
            self._sessions.keep(known)
        text = wording.SMALLTALK[kind].format(name=name)
        suggestions = () if kind in ("bye", "thanks", "ack") else starters
        took_ms = (time.perf_counter() - started) * 1000.0
        reply = Reply(new_id(), known.id, "smalltalk", text, suggestions=suggestions, took_ms=took_ms)
        self._remember(reply)
        return reply

    def _emergency(self, danger: Danger, session: str | None, started: float) -> Reply:
        """Return the reply to danger: what to do now, and nothing beside it. What was said is not kept."""
        _log.info("emergency reply: %s", danger.rule)
        took_ms = (time.perf_counter() - started) * 1000.0
        known = self._sessions.get(session)
        self._sessions.keep(known)
        reply = Reply(new_id(), known.id, "emergency", danger.wording, took_ms=took_ms)
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

    def starters(self, site: Site | None = None) -> tuple[str, ...]:
        """Return questions for an empty chat, from the corpus itself or a site's part of it."""
        return self._now(site).starters[:6]

    def coverage(self, site: Site | None = None) -> tuple[str, ...]:
        """Return the titles of what the bot can answer from, on a site or at all."""
        return tuple(document.title for document in self._now(site).searcher.index.documents.values())

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

    def forget(self, session: str) -> None:
        """Forget what a session remembers; silent about ids that are none."""
        self._sessions.forget(session)

    def urgent(self, text: str) -> bool:
        """Tell whether a text speaks of danger: such a one is answered whatever limits a caller has used up."""
        return self._safety.assess(text) is not None

    def close(self) -> None:
        """Stop the thread that watches for new builds."""
        self._live.close()


def _following(view: View, passages: Sequence[ReplyPassage], session: Session) -> tuple[str, ...]:
    """Return up to three starter questions that were neither asked nor just answered."""
    shown = {plain(title) for passage in passages for title in passage.section}
    return tuple(text for text in view.starters if plain(text) not in session.asked | shown)[:3]


def new_id() -> str:
    """Return the id of a reply."""
    return f"r_{secrets.token_urlsafe(12)}"


def open_dialogue(settings: Settings) -> Dialogue:
    """Open the dialogue over the index that the settings name.

    Raises:
        SafetyError: there are no usable safety rules.
        IndexFormatError: there is no usable index.
    """
    return Dialogue(settings)
