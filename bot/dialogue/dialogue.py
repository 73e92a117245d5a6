"""The one door for every channel: a question goes in, a reply comes out. Safe to share between threads."""

from __future__ import annotations

import logging
import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from functools import partial

from bot.dialogue import wording
from bot.dialogue.composing import Composer
from bot.dialogue.context import resolve
from bot.dialogue.cues import cue_of
from bot.dialogue.kinds import kind_model
from bot.dialogue.memory import Session, Sessions, is_session
from bot.dialogue.presenting import present
from bot.dialogue.safety import Danger, open_safety
from bot.dialogue.smalltalk import SmallTalk, smalltalk_of
from bot.dialogue.view import View, view_of
from bot.errors import JournalError, QuestionError, UnknownPassageError
from bot.journal.journal import Journal, NoJournal
from bot.journal.turn import Turn, Vote
from bot.language.folding import clean_question, fold
from bot.language.variants import simplify
from bot.records import Document, Hit, Passage, Reply, ReplyPassage
from bot.retrieval.live import LiveIndex
from bot.settings import Settings
from bot.sites import Site

_log = logging.getLogger("yiju.safety")
_sites_log = logging.getLogger("yiju.sites")
_REMEMBERED_REPLIES = 20_000
_HOW_TO_USE = re.compile("(?:那|这个|它|具体|请问)*(?:怎么|怎样|如何|咋)(?:使?用|操作|弄)[啊呀呢的?\uff1f]*")


class Dialogue:
    """Turns questions into replies over the live index."""

    def __init__(self, settings: Settings, journal: Journal | None = None) -> None:
        """Read the safety rules and open the index; turns are kept in ``journal``, which is the dialogue's to close.

        Raises:
            SafetyError: there are no usable safety rules; without them nothing is answered.
            IndexFormatError: there is no usable index.
            YijuError: the classifier's file is missing or damaged.
        """
        self.settings = settings
        self._safety = open_safety(settings)
        kind_model()  # read now, so that the first patient does not wait for it
        self._live = LiveIndex(settings)
        self._current = view_of(self._live.searcher, self._intercepted)
        self._narrowed: dict[frozenset[str], tuple[View, View]] = {}
        self._journal = journal or NoJournal()
        self._sessions = Sessions(settings.session_minutes, settings.session_most)
        self._replies: OrderedDict[str, None] = OrderedDict()  # ids given out lately, which may be voted on
        self._lock = threading.Lock()

    def _now(self, site: Site | None = None) -> View:
        """Return the view of the index in use, or of a site's documents in it, renewed after a swap."""
        searcher = self._live.searcher
        if self._current.searcher is not searcher:
            self._current = view_of(searcher, self._intercepted)
        whole = self._current
        if site is None or not site.documents:
            return whole
        names = frozenset(site.documents)
        base, narrowed = self._narrowed.get(names, (None, None))
        if narrowed is None or base is not whole:
            narrowed = view_of(whole.searcher.only(names), self._intercepted)
            self._narrowed[names] = whole, narrowed
            if missing := sorted(names - whole.searcher.index.documents.keys()):
                _sites_log.warning("网站 %s 的文章 %s 不在索引里，请检查 documents。", site.name, missing)
        return narrowed

    def _intercepted(self, text: str) -> bool:
        """Tell whether a text would be answered before any search: such a one is never suggested."""
        return self._safety.assess(text) is not None or smalltalk_of(fold(simplify(text))) is not None

    @property
    def ready(self) -> bool:
        """Whether an answer is possible now."""
        return bool(self._now().searcher.index.passages)

    def reply(
        self, session: str | None, text: str, literal: bool = False, channel: str = "", site: Site | None = None
    ) -> Reply:
        """Answer one question.

        Args:
            session: The id that an earlier reply gave; anything else starts a new session.
            text: The patient's words.
            literal: Take the words as they stand: "no, that is not what I meant" after a completed follow-up.
            channel: By which door the question came in, for the journal.
            site: On which website it is asked: its documents and contact card count; None for the whole corpus and the
                clinic's own.

        Raises:
            QuestionError: the question is empty or too long; the message is fit for the patient.
        """
        started = time.perf_counter()
        danger = self._safety.assess(text)  # before anything can fail or be refused
        if danger is not None:
            _log.info("emergency reply: %s", danger.rule)
            reply = self._emergency(danger, session, started)
        else:
            reply = self._ordinary(session, self._question(text), literal, site, started)
        self._remember(reply)
        asked, rule = ("", danger.rule) if danger is not None else (text, "")
        self._journal.add(
            Turn(
                reply=reply.id,
                session=reply.session,
                kind=reply.kind,
                asked=asked,
                reading=reply.reading,
                rule=rule,
                passages=tuple(passage.id for passage in reply.passages),
                suggestions=len(reply.suggestions),
                confidence=reply.confidence,
                took_ms=reply.took_ms,
                channel=channel,
                site=site.name if site else "",
            )
        )
        return reply

    def _ordinary(self, session: str | None, question: str, literal: bool, site: Site | None, started: float) -> Reply:
        """Return the reply to a question in which there is no danger."""
        view = self._now(site)
        settings = self.settings.for_site(site)
        known = self._sessions.get(session)
        if literal:
            known = known.undone(question)
        small = smalltalk_of(fold(simplify(question)))
        if small is not None and not (small == "who" and _on_the_last(known, question)):
            return self._small(small, known, started, settings.clinic.name, view.suggestions.starters(3))
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
        latest = tuple(passage.id for passage in reply.passages)
        self._sessions.keep(known.after(question, resolved.question, reply.kind, latest, resolved.cue is not None))
        return reply

    def _small(self, kind: SmallTalk, known: Session, started: float, name: str, starters: tuple[str, ...]) -> Reply:
        """Return the reply to small talk; the session stays as it was, unless it is to be forgotten."""
        text = wording.SMALLTALK[kind].format(name=name)
        if kind == "forget":
            try:
                self.forget(known.id)
            except JournalError as error:  # do not say that it was done
                text = str(error)
            known = self._sessions.get(None)
        else:
            self._sessions.keep(known)
        suggestions = () if kind in ("bye", "thanks", "ack") else starters
        took_ms = (time.perf_counter() - started) * 1000.0
        return Reply(new_id(), known.id, "smalltalk", text, suggestions=suggestions, took_ms=took_ms)

    def _emergency(self, danger: Danger, session: str | None, started: float) -> Reply:
        """Return the reply to danger: what to do now, and nothing beside it. What was said is not kept."""
        took_ms = (time.perf_counter() - started) * 1000.0
        known = self._sessions.get(session)
        self._sessions.keep(known)
        return Reply(new_id(), known.id, "emergency", danger.wording, took_ms=took_ms)

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
            self._replies[reply.id] = None
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
        return self._now(site).suggestions.starters()

    def complete(self, typed: str, site: Site | None = None) -> tuple[str, ...]:
        """Return known questions that begin with, or hold, what is typed so far: characters, pinyin or initials."""
        return self._now(site).suggestions.complete(typed)

    def coverage(self, site: Site | None = None) -> tuple[str, ...]:
        """Return the titles of what the bot can answer from, on a site or at all."""
        return tuple(document.title for document in self._now(site).searcher.index.documents.values())

    def feedback(self, reply_id: str, vote: Vote) -> None:
        """Note a thumb for a reply: ``up``, ``down`` or ``none`` (taken back).

        Raises:
            UnknownPassageError: no recent reply has that id, and the journal has no such turn.
        """
        with self._lock:
            known = reply_id in self._replies
        if not self._journal.vote(reply_id, vote) and not known:
            raise UnknownPassageError("这条回答已经过期，不能再评价。")

    def forget(self, session: str) -> None:
        """Forget a session and delete its turns from the journal; silent about ids that are none.

        Raises:
            JournalError: the journal cannot delete now; the message is fit for the patient.
        """
        if is_session(session):  # nobody but who was in it can know its id
            self._sessions.forget(session)
            self._journal.forget(session)

    def urgent(self, text: str) -> bool:
        """Tell whether a text speaks of danger: such a one is answered whatever limits a caller has used up."""
        return self._safety.assess(text) is not None

    def close(self) -> None:
        """Stop the thread that watches for new builds, and close the journal."""
        self._live.close()
        self._journal.close()


def _on_the_last(known: Session, question: str) -> bool:
    """Tell whether what seems to be about the bot is about its last answer ("谁说的") or that one's subject ("怎么用")."""
    said = fold(simplify(question))
    return known.last(answered=True) is not None and bool(cue_of(said) or _HOW_TO_USE.fullmatch(said))


def _following(view: View, passages: Sequence[ReplyPassage], session: Session) -> tuple[str, ...]:
    """Return up to three questions that the corpus answers, near what is shown, neither asked nor answered yet."""
    seen = {name for turn in session.turns for name in turn.shown}
    return view.suggestions.after(passages, session.asked, 3, seen)


def new_id() -> str:
    """Return the id of a reply."""
    return f"r_{secrets.token_urlsafe(12)}"


def open_dialogue(settings: Settings, journal: Journal | None = None) -> Dialogue:
    """Open the dialogue over the index that the settings name; no journal, no trace.

    Raises:
        SafetyError: there are no usable safety rules.
        IndexFormatError: there is no usable index.
    """
    return Dialogue(settings, journal)
