"""The journal's reading and writing, one transaction each, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, select

from bot.journal.database import reading
from bot.journal.schema import CHANNEL, REPLY, RULE, SITE, turns, votes
from bot.journal.turn import UNANSWERED, Turn, Vote, session_key

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Record:
    """A turn as it is kept: ``session`` is the key, never the id; ``vote`` is empty where nobody voted."""

    reply: str
    session: str
    time: datetime
    channel: str
    site: str
    kind: str
    rule: str
    asked: str
    reading: str
    passages: tuple[str, ...]
    suggestions: int
    confidence: float
    took_ms: float
    vote: str
    vote_time: datetime | None


@dataclass(frozen=True, slots=True)
class Question:
    """A question that got no answer: declined, or asked back about."""

    text: str
    kind: str
    session: str
    time: datetime


def _insert(connection: Connection) -> Any:
    """Return the insert that knows ON CONFLICT; the other database's takes 2 MB and stays unloaded."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as postgresql_insert

        return postgresql_insert
    from sqlalchemy.dialects.sqlite import insert as sqlite_insert

    return sqlite_insert


def add_turn(connection: Connection, turn: Turn, time: datetime) -> None:
    """Write a turn; one that is there already stays as it is (a write whose answer was lost is tried again)."""
    row = {
        "reply": turn.reply[:REPLY], "session": session_key(turn.session), "time": turn.time or time,
        "channel": turn.channel[:CHANNEL], "site": turn.site[:SITE], "kind": turn.kind, "rule": turn.rule[:RULE],
        "asked": turn.asked, "reading": turn.reading, "passages": list(turn.passages), "suggestions": turn.suggestions,
        "confidence": turn.confidence, "took_ms": turn.took_ms,
    }  # fmt: skip
    connection.execute(_insert(connection)(turns).values(row).on_conflict_do_nothing())


def set_vote(connection: Connection, reply: str, vote: Vote, time: datetime) -> bool:
    """Note, change or take back the vote on a turn; False where there is no such turn."""
    if connection.execute(select(turns.c.reply).where(turns.c.reply == reply)).first() is None:
        return False
    if vote == "none":
        connection.execute(delete(votes).where(votes.c.reply == reply))
        return True
    row = {"reply": reply, "vote": vote, "time": time}
    statement = _insert(connection)(votes).values(row)
    connection.execute(
        statement.on_conflict_do_update(index_elements=[votes.c.reply], set_={"vote": vote, "time": time})
    )
    return True


def forget_session(connection: Connection, key: str) -> int:
    """Delete a session's turns, with their votes; return how many turns there were."""
    return connection.execute(delete(turns).where(turns.c.session == key)).rowcount


def purge_before(connection: Connection, moment: datetime | None) -> int:
    """Delete the turns before a moment (all for None), with their votes; return how many."""
    statement = delete(turns) if moment is None else delete(turns).where(turns.c.time < moment)
    return connection.execute(statement).rowcount


def wipe_deleted(engine: Engine) -> None:
    """Empty SQLite's write-ahead log, where what was just deleted may still stand; no matter if somebody is reading."""
    if engine.dialect.name != "sqlite":
        return
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        cursor.close()
    finally:
        connection.close()


def count_turns(engine: Engine, before: datetime | None = None) -> int:
    """Return how many turns there are before a moment (all for None)."""
    statement = select(func.count()).select_from(turns)
    if before is not None:
        statement = statement.where(turns.c.time < before)
    with reading(engine).connect() as connection:
        return int(connection.execute(statement).scalar_one())


def read_turns(engine: Engine, since: datetime | None = None) -> Iterator[Record]:
    """Yield the turns since a moment, oldest first; few at a time are in memory."""
    statement = (
        select(turns, votes.c.vote, votes.c.time.label("vote_time"))
        .outerjoin(votes, votes.c.reply == turns.c.reply)
        .order_by(turns.c.time, turns.c.reply)
    )
    if since is not None:
        statement = statement.where(turns.c.time >= since)
    with reading(engine).connect() as connection:
        for row in connection.execution_options(yield_per=_BATCH).execute(statement).mappings():
            yield Record(**{**row, "passages": tuple(row["passages"]), "vote": row["vote"] or ""})


def read_unanswered(engine: Engine, since: datetime | None = None) -> Sequence[Question]:
    """Return the questions since a moment that got no answer, oldest first, follow-ups as they were completed."""
    statement = select(turns.c.asked, turns.c.reading, turns.c.kind, turns.c.session, turns.c.time)
    statement = statement.where(turns.c.kind.in_(UNANSWERED)).order_by(turns.c.time, turns.c.reply)
    if since is not None:
        statement = statement.where(turns.c.time >= since)
    with reading(engine).connect() as connection:
        rows = connection.execute(statement).all()
    return [
        Question(row.reading or row.asked, row.kind, row.session, row.time) for row in rows if row.reading or row.asked
    ]
