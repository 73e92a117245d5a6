"""Signed requests are good once: the same timestamp and nonce may come again only with the same message."""

from __future__ import annotations

import sqlite3

from bot.channels.wechat.database import Database
from bot.errors import ForgedMessageError
from bot.settings import Settings


def check_fresh(timestamp: str, stale_seconds: int, now: float) -> None:
    """Refuse a timestamp that is none, or too far from this machine's clock.

    Raises:
        ForgedMessageError: so it is; a wrong clock of this machine looks the same, and the message says so.
    """
    fresh = timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12
    if not fresh or abs(now - int(timestamp)) > stale_seconds:
        raise ForgedMessageError("时间戳不在允许的范围内。若是平台发来的，请校准本机时钟。")


def bind_stamp(step: sqlite3.Connection, account: str, stamp: str, key: str, now: float) -> None:
    """Bind a request's stamp to its message, within the caller's transaction.

    Raises:
        ForgedMessageError: the stamp was used for another message.
    """
    step.execute("INSERT INTO stamps VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", (account, stamp, key, now))
    row = step.execute("SELECT key FROM stamps WHERE account = ? AND stamp = ?", (account, stamp)).fetchone()
    if row["key"] != key:
        raise ForgedMessageError("这个签名已经用于另一条消息。")


def purge(database: Database, settings: Settings, now: float) -> None:
    """Delete what has served its time: answers after minutes, unsent ones after hours, people after a conversation."""
    kept = now - max(settings.wechat_keep_minutes * 60.0, settings.wechat_stale_seconds * 2.0)
    unsent = now - settings.wechat_unsent_hours * 3600.0
    users = now - max(settings.session_minutes, settings.wechat_keep_minutes) * 60.0
    with database.transaction() as step:
        step.execute(
            "DELETE FROM turns WHERE created < ? AND (created < ? OR delivery IN ('passive', 'sent', 'given', 'none'))",
            (kept, min(unsent, kept)),
        )
        step.execute("DELETE FROM users WHERE updated < ?", (users,))
        step.execute("DELETE FROM stamps WHERE created < ?", (now - settings.wechat_stale_seconds * 2.0,))
