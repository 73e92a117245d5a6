"""What the journal is told of one turn of a conversation, and by which key a session is known in it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.records import ReplyKind

Vote = Literal["up", "down", "none"]
UNANSWERED: tuple[ReplyKind, ...] = ("decline", "clarify")
_KEY = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and what came of it.

    ``reply`` and ``session`` are the ids of the :class:`~bot.records.Reply`; ``asked`` is what was typed, ``reading`` how a
    follow-up was completed. ``rule`` names the safety rule of an emergency, of which no text is kept. ``passages`` are the
    ids shown. ``channel`` and ``site`` tell by which door it came in. ``time`` is now where it is None.
    """

    reply: str
    session: str
    kind: ReplyKind
    asked: str
    reading: str = ""
    rule: str = ""
    passages: tuple[str, ...] = ()
    suggestions: int = 0
    confidence: float = 0.0
    took_ms: float = 0.0
    channel: str = ""
    site: str = ""
    time: datetime | None = None


def session_key(session: str) -> str:
    """Return what stands for a session in the journal: its SHA-256, from which the id cannot be had back."""
    return hashlib.sha256(session.encode("utf-8", "replace")).hexdigest()


def is_session_key(text: str) -> bool:
    """Tell whether a text is such a key already, as an export shows it."""
    return _KEY.fullmatch(text) is not None
