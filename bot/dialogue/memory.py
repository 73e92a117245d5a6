"""What a session remembers for follow-ups: the last turns, for a set time, in memory only, gone when told to forget."""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from bot.language.folding import fold
from bot.records import ReplyKind

_ID = re.compile(r"s_[A-Za-z0-9_-]{32}")
_TURNS = 6
_MARKS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Remembered:
    """One turn: what was typed, the whole question it stood for, what was shown and what was offered.

    ``shown`` holds the ids of all passages shown for this question so far, ``latest`` those of the last reply in its
    order. A turn that asked nothing (thanks) is not remembered.
    """

    typed: str
    question: str
    kind: ReplyKind
    shown: tuple[str, ...] = ()
    latest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Session:
    """A conversation so far, oldest turn first; ``asked`` holds all its questions, bare."""

    id: str
    turns: tuple[Remembered, ...] = ()
    asked: frozenset[str] = field(default_factory=frozenset)

    def last(self, answered: bool = False) -> Remembered | None:
        """Return the last turn, or the last one that showed passages."""
        return next((turn for turn in reversed(self.turns) if turn.latest or not answered), None)

    def after(self, typed: str, question: str, kind: ReplyKind, latest: tuple[str, ...], on_last: bool) -> Session:
        """Return the session with one more turn.

        Args:
            typed: What was typed.
            question: The whole question that it stood for.
            kind: Of the reply.
            latest: Ids of the passages shown.
            on_last: Whether the turn was on the last answer itself ("more", "the source"): its question goes on.
        """
        before = self.last(answered=True)
        if on_last and before is not None:
            shown = tuple(dict.fromkeys((*before.shown, *latest)))
            turn = Remembered(typed, before.question, kind, shown, latest or before.latest)
        else:
            turn = Remembered(typed, question, kind, latest, latest)
        asked = self.asked | {plain(typed), plain(question)}
        return replace(self, turns=(*self.turns, turn)[-_TURNS:], asked=asked)

    def undone(self, typed: str) -> Session:
        """Return the session without its last turn, where that is what was typed."""
        if self.turns and self.turns[-1].typed == typed:
            return replace(self, turns=self.turns[:-1])
        return self


def is_session(name: str) -> bool:
    """Tell whether a text has the form of a session's id."""
    return _ID.fullmatch(name) is not None


def plain(text: str) -> str:
    """Return a question by which two are told to be the same: folded, without marks and spaces."""
    return _MARKS.sub("", fold(text))


class Sessions:
    """The sessions of one server: only ids that it gave out itself mean anything. Safe to share between threads."""

    def __init__(self, minutes: float, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Keep at most ``most`` sessions, each for ``minutes`` after its last turn (0: nothing is remembered)."""
        self._seconds, self._most, self._clock = minutes * 60.0, most, clock
        self._kept: OrderedDict[str, tuple[float, Session]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: str | None) -> Session:
        """Return the session of that id, or a new one with an id of its own: a guessed id opens nothing."""
        with self._lock:
            self._expire()
            found = self._kept.get(name) if name and is_session(name) else None
        return found[1] if found else Session(f"s_{secrets.token_urlsafe(24)}")

    def keep(self, session: Session) -> None:
        """Remember a session as it is now."""
        with self._lock:
            self._kept[session.id] = (self._clock() + self._seconds, session)
            self._kept.move_to_end(session.id)
            self._expire()
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def forget(self, name: str) -> bool:
        """Forget a session; tell whether there was one."""
        with self._lock:
            return self._kept.pop(name, None) is not None

    def _expire(self) -> None:
        now = self._clock()
        while self._kept and next(iter(self._kept.values()))[0] <= now:
            self._kept.popitem(last=False)
