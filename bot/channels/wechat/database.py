"""The small SQLite file that the worker processes share.

The standard library's sqlite3, not SQLAlchemy: the whole point here are a few atomic statements of SQLite's own
(``INSERT … ON CONFLICT DO NOTHING``, ``UPDATE … RETURNING``) on one file; a toolkit for several databases would only
stand between. WAL lets readers pass writers; one connection a process behind a lock is enough for thousands a second.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.errors import SettingsError

_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS turns (
    account TEXT NOT NULL, key TEXT NOT NULL, user TEXT NOT NULL, seq INTEGER NOT NULL DEFAULT 0,
    question BLOB, items BLOB, state TEXT NOT NULL, owner TEXT NOT NULL, lease REAL NOT NULL,
    delivery TEXT NOT NULL DEFAULT '', sent INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0,
    due REAL NOT NULL DEFAULT 0, sending REAL NOT NULL DEFAULT 0, created REAL NOT NULL, PRIMARY KEY (account, key)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS turns_due ON turns (delivery, due);
CREATE INDEX IF NOT EXISTS turns_user ON turns (account, user, created);
CREATE INDEX IF NOT EXISTS turns_state ON turns (state, lease);
CREATE TABLE IF NOT EXISTS users (
    account TEXT NOT NULL, user TEXT NOT NULL, memory BLOB NOT NULL, updated REAL NOT NULL,
    PRIMARY KEY (account, user)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stamps (
    account TEXT NOT NULL, stamp TEXT NOT NULL, key TEXT NOT NULL, created REAL NOT NULL,
    PRIMARY KEY (account, stamp)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tokens (
    account TEXT PRIMARY KEY, token BLOB, expires REAL NOT NULL DEFAULT 0,
    fetched REAL NOT NULL DEFAULT 0, fetching REAL NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cursors (
    account TEXT NOT NULL, open_kfid TEXT NOT NULL, cursor TEXT NOT NULL DEFAULT '', token TEXT NOT NULL DEFAULT '',
    wanted REAL NOT NULL DEFAULT 0, due REAL NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (account, open_kfid)) WITHOUT ROWID;
"""


class Database:
    """One connection to the shared file; thread-safe."""

    def __init__(self, path: Path, wait_seconds: float = 5.0) -> None:
        """Open or make the file.

        Raises:
            SettingsError: it cannot be used; the message says why.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._connection = sqlite3.connect(path, wait_seconds, isolation_level=None, check_same_thread=False)
            self._lock = threading.Lock()
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise
        except (OSError, sqlite3.Error) as error:
            raise SettingsError(f"微信的消息库 {path} 用不了({error})。请检查文件夹是否可写、磁盘是否已满。") from error

    def _prepare(self) -> None:
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")  # a crash of ours loses nothing; a power cut, little
        self._connection.execute("PRAGMA secure_delete=ON")  # what is deleted is overwritten
        with self.transaction() as step:
            (version,) = step.execute("PRAGMA user_version").fetchone()
            if version not in (0, _VERSION):
                raise SettingsError(f"微信的消息库是另一版本({version})写的。请把它移走再启动，会自动新建。")
            for statement in _SCHEMA.split(";"):
                step.execute(statement)
            step.execute(f"PRAGMA user_version={_VERSION}")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Run what is inside as one step that no other process sees half of."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def read(self, statement: str, *values: object) -> list[sqlite3.Row]:
        """Return the rows of one SELECT."""
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._connection.close()
