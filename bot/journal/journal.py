"""The journal as the dialogue knows it: nothing here waits for a disk, and no fault of it reaches a patient."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Protocol

from bot.errors import SettingsError
from bot.journal.turn import Turn, Vote
from bot.settings import Settings

_POSTGRESQL = re.compile(r"postgres(?:ql)?(?:\+psycopg)?://.+")


class Journal(Protocol):
    """Keeps turns. Safe to share between threads."""

    def add(self, turn: Turn) -> None:
        """Keep a turn, masked. Never raises, never waits for the disk."""
        ...

    def vote(self, reply: str, vote: Vote) -> bool:
        """Keep, change or (``none``) take back the vote on a turn; False: there is no such turn.

        Waits up to two seconds for the writer. While the database cannot be written the vote waits in the queue, nobody
        knows yet whether there is such a turn, and True is returned.
        """
        ...

    def forget(self, session: str) -> int:
        """Delete what is kept of a session (its id) and return how many turns that was.

        Raises:
            JournalError: it could not be done now, so do not say that it was; fit for the patient.
        """
        ...

    def flush(self, timeout: float) -> bool:
        """Wait until all that was added before is on the disk; False: it is not, after ``timeout`` seconds."""
        ...

    def close(self) -> None:
        """Write what is left, if some seconds are enough for that, and stop."""
        ...


class NoJournal:
    """The journal that is switched off: it keeps nothing, and so knows of no turn."""

    def add(self, turn: Turn) -> None:
        """Keep nothing."""

    def vote(self, reply: str, vote: Vote) -> bool:
        """Know of no turn."""
        return False

    def forget(self, session: str) -> int:
        """Have nothing to forget."""
        return 0

    def flush(self, timeout: float) -> bool:
        """Have nothing to write."""
        return True

    def close(self) -> None:
        """Have nothing to stop."""


def address_of(settings: Settings) -> str | Path:
    """Return where the journal lies: a PostgreSQL URL, or the path of a SQLite file.

    Raises:
        SettingsError: the URL is not one of PostgreSQL, or its driver is missing.
    """
    url = settings.journal_url.get_secret_value()
    if not url:
        return settings.journal_file
    if not _POSTGRESQL.fullmatch(url):  # the value may hold a password: it is not shown
        raise SettingsError(
            "journal_url 应写成 postgresql+psycopg://用户:密码@主机/数据库；留空则用 SQLite 文件 journal_file。"
        )
    if importlib.util.find_spec("psycopg") is None:
        raise SettingsError("journal_url 指向 PostgreSQL，但没有装它的驱动。请运行 pip install 'yiju[postgres]'。")
    return url


def open_journal(settings: Settings) -> Journal:
    """Return the journal that the settings ask for; its database is opened in the background.

    Raises:
        SettingsError: the database's address cannot be right.
    """
    if not settings.journal:
        return NoJournal()
    from bot.journal.writer import WritingJournal

    return WritingJournal(address_of(settings), settings.journal_days)
