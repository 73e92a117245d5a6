"""What the journal holds, read straight from its SQLite file."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from typing import Any

from bot.settings import Settings


def rows(settings: Settings, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Return the rows of a query; none where there is no journal yet."""
    if not settings.journal_file.exists():
        return []
    with closing(sqlite3.connect(f"file:{settings.journal_file}?mode=ro", uri=True, timeout=10)) as database:
        return database.execute(query, values).fetchall()


def latest_vote(settings: Settings) -> str:
    """Return the vote on the last turn, empty where there is none."""
    found = rows(
        settings,
        "select coalesce(votes.vote, '') from turns left join votes on votes.reply = turns.reply order by turns.time desc limit 1",
    )
    return str(found[0][0]) if found else ""


def becomes(settings: Settings, vote: str, seconds: float = 10.0) -> bool:
    """Wait until the last turn's vote is ``vote``; tell whether it came to that."""
    until = time.monotonic() + seconds
    while latest_vote(settings) != vote and time.monotonic() < until:
        time.sleep(0.05)
    return latest_vote(settings) == vote
