"""The journal's tables. What is changed here needs a step in ``migrations/versions`` too, and ``HEAD`` its name."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator

HEAD = "0002"
REPLY, SESSION, KIND, RULE, CHANNEL, SITE, VOTE = 64, 64, 16, 100, 32, 255, 8  # characters at most


class UtcTime(TypeDecorator[datetime]):
    """A moment in UTC, with its zone; SQLite keeps it without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the moment in UTC."""
        return None if value is None else value.astimezone(timezone.utc)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return the moment with its zone."""
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment.astimezone(timezone.utc)


metadata = MetaData()
turns = Table(
    "turns",
    metadata,
    Column("reply", String(REPLY), primary_key=True),
    Column("session", String(SESSION), nullable=False, index=True),
    Column("time", UtcTime, nullable=False, index=True),
    Column("channel", String(CHANNEL), nullable=False),
    Column("site", String(SITE), nullable=False),
    Column("kind", String(KIND), nullable=False, index=True),
    Column("rule", String(RULE), nullable=False),
    Column("asked", Text, nullable=False),
    Column("reading", Text, nullable=False),
    Column("passages", JSON, nullable=False),
    Column("suggestions", Integer, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("took_ms", Float, nullable=False),
)
votes = Table(
    "votes",
    metadata,
    Column("reply", String(REPLY), ForeignKey("turns.reply", ondelete="CASCADE"), primary_key=True),
    Column("vote", String(VOTE), nullable=False),
    Column("time", UtcTime, nullable=False),
)
# Alembic's own table, in its own form: it tells which step a database is at.
revisions = Table(
    "alembic_version",
    metadata,
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
