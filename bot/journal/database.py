"""Open the journal's database: a SQLite file that only we may read, or PostgreSQL, brought to the present form."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, select, text
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError, SQLAlchemyError, StatementError

from bot.errors import JournalError
from bot.journal.schema import HEAD, metadata, revisions, turns

_BUSY_SECONDS = 10  # how long one process waits for another's write
_MIGRATION_LOCK = 7_235_921  # any number, the same in all our processes
_READING = "yiju_reading"


def open_database(address: str | Path) -> Engine:
    """Return an engine on a database that is in the present form; it is made, or brought to it, where need be.

    Args:
        address: The path of a SQLite file, or the URL of a PostgreSQL database.

    Raises:
        SQLAlchemyError, OSError: it cannot be reached or written.
        JournalError: a newer program has changed its form.
    """
    engine = connect(address)
    try:
        _migrate(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def connect(address: str | Path) -> Engine:
    """Return an engine on a database as it is."""
    return _sqlite(address) if isinstance(address, Path) else _postgresql(make_url(address))


def reading(engine: Engine) -> Engine:
    """Return the engine for transactions that only read, and so keep no writer waiting."""
    return engine.execution_options(**{_READING: True})


def cause_of(error: BaseException) -> str:
    """Return what went wrong in a few words, without any text that was to be written."""
    original = getattr(error, "orig", None) or error
    name = type(original).__name__
    if isinstance(original, JournalError | sqlite3.Error | OSError):
        return f"{name}:{original}"
    state = getattr(original, "sqlstate", None)
    if state is None and isinstance(error, OperationalError):  # no connection: the message names host and port
        return f"{name}:{str(original).splitlines()[0] if str(original) else ''}"
    return f"{name} {state or ''}".strip()


def _sqlite(path: Path) -> Engine:
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite gives its other files the mode of this one
    url = URL.create("sqlite", database=str(path))
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": _BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def connected(connection: sqlite3.Connection, _: Any) -> None:
        connection.isolation_level = (
            None  # we begin transactions ourselves: the module's own way leaves DDL out of them
        )
        _use_wal(connection)
        connection.execute("PRAGMA synchronous=FULL")  # what is acknowledged survives a power failure
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA secure_delete=ON")  # what is deleted is overwritten

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        mode = "DEFERRED" if connection.get_execution_options().get(_READING) else "IMMEDIATE"
        connection.exec_driver_sql(f"BEGIN {mode}")

    return engine


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to write-ahead logging; SQLite does not wait by itself where another process is doing just that."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").fetchone()
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _postgresql(url: URL) -> Engine:
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        hide_parameters=True,
        pool_size=1,
        max_overflow=1,
        pool_pre_ping=True,
        connect_args={"connect_timeout": 5, "options": "-c lock_timeout=10000 -c statement_timeout=60000"},
    )


def _revision(connection: Connection) -> str | None:
    """Return the form that a database is in; None for one without a journal."""
    if not inspect(connection).has_table(revisions.name):
        return None
    return connection.execute(select(revisions.c.version_num)).scalar()


def _migrate(engine: Engine) -> None:
    """Bring the tables to the present form; of several processes that open at once, one does and the others wait."""
    with reading(engine).connect() as connection:
        if _revision(connection) == HEAD:
            return
    with engine.begin() as connection:  # SQLite: BEGIN IMMEDIATE, so that there is one of us
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        found = _revision(connection)
        if found is None and not inspect(connection).has_table(turns.name):
            metadata.create_all(connection)  # the same tables as all steps make, without the 10 MB that Alembic takes
            connection.execute(revisions.insert().values(version_num=HEAD))
        elif found != HEAD:
            upgrade(connection, HEAD)


def upgrade(connection: Connection, revision: str) -> None:
    """Run the steps up to a revision within the transaction that is open on ``connection``.

    Raises:
        JournalError: the database is in a form that this program does not know.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, revision)
    except CommandError as error:
        raise JournalError(
            "对话日志的数据库是更新版本的程序建的，这个版本不认识。请换回较新的程序，或把 YIJU_JOURNAL_FILE(YIJU_JOURNAL_URL)指向别处。"
        ) from error


def is_temporary(error: BaseException) -> bool:
    """Tell whether the same write may succeed later: a full disk, a lock, a lost connection, and not a faulty value."""
    if isinstance(error, StatementError):
        return isinstance(error, DBAPIError) and not isinstance(error, DataError | IntegrityError)
    return isinstance(error, OSError | JournalError | SQLAlchemyError | sqlite3.Error)
