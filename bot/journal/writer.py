"""The journal that keeps turns in a database, by one thread of its own.

A turn is masked at once and put into a queue. What cannot be written now (a full disk, a lock, a database that is away)
waits there and is written later, in order; only when the queue is full are turns lost. It is said once when writing
fails, and once when it works again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.errors import JournalError
from bot.journal.masking import mask
from bot.journal.turn import Turn, Vote, session_key
from bot.language.folding import strip_unsafe

if TYPE_CHECKING:  # SQLAlchemy is imported by the writer's thread: it costs a tenth of a second and 13 MB
    from sqlalchemy import Connection, Engine

_log = logging.getLogger("yiju.journal")
_QUEUE = 2000  # what waits at most while nothing can be written: a few MB
_BATCH = 200
_FIRST_SECONDS = 1.0  # a server that starts has better things to do than to open the journal
_RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_VOTE_SECONDS = 2.0
_FORGET_SECONDS = 5.0
_DAY_SECONDS = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class _Job:
    """One thing to do in the writer's transaction; ``done``, where somebody waits, gets what came of it."""

    run: Callable[[Connection], Any]
    done: Future[Any] | None = None
    is_turn: bool = False
    wipes: bool = False


def masked(turn: Turn) -> Turn:
    """Return a turn as it may be kept: personal data masked, and no text at all of an emergency."""
    if turn.kind == "emergency":
        return replace(turn, asked="", reading="")
    return replace(turn, asked=mask(strip_unsafe(turn.asked)), reading=mask(strip_unsafe(turn.reading)))


class WritingJournal:
    """Keeps turns in a database (see :class:`bot.journal.journal.Journal`)."""

    def __init__(self, address: str | Path, days: int) -> None:
        """Start the writer; it opens the database, and purges what is older than ``days``, in its own time."""
        self._address = address
        self._days = days
        self._jobs: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._stopping = False
        self._failing = False
        self._lost = 0
        self._engine: Engine | None = None
        self._inode = 0
        self._purge_at = time.monotonic() + _FIRST_SECONDS
        self._thread = threading.Thread(target=self._work, name="yiju-journal", daemon=True)
        self._thread.start()

    def add(self, turn: Turn) -> None:
        """Mask a turn and hand it to the writer."""
        try:
            kept = masked(turn)
        except Exception as error:  # rather no record than one with personal data in it
            _log.error("一轮对话没有记下：%s", type(error).__name__)
            return
        now = kept.time or datetime.now(timezone.utc)

        def run(connection: Connection) -> None:
            from bot.journal.store import add_turn

            add_turn(connection, kept, now)

        self._put(_Job(run, is_turn=True))

    def vote(self, reply: str, vote: Vote) -> bool:
        """Keep, change or take back a vote; False: there is no such turn."""
        now = datetime.now(timezone.utc)

        def run(connection: Connection) -> bool:
            from bot.journal.store import set_vote

            return set_vote(connection, reply, vote, now)

        done: Future[bool] = Future()
        if not self._put(_Job(run, done)) or self._failing:
            return True
        try:
            return done.result(_VOTE_SECONDS)
        except Exception:  # too slow: it is not known; or an id that no database takes: there is none
            return not done.done()

    def forget(self, session: str) -> int:
        """Delete what is kept of a session.

        Raises:
            JournalError: it could not be done now.
        """
        key = session_key(session)

        def run(connection: Connection) -> int:
            from bot.journal.store import forget_session

            return forget_session(connection, key)

        done: Future[int] = Future()
        if not self._put(_Job(run, done, wipes=True)):
            raise JournalError("记录暂时清除不了，请稍后再试。")
        try:
            return done.result(_RETRY_SECONDS[0] if self._failing else _FORGET_SECONDS)
        except Exception as error:
            raise JournalError("记录暂时清除不了，稍后会自动清除。") from error

    def flush(self, timeout: float) -> bool:
        """Wait until all that was added before is on the disk."""
        done: Future[None] = Future()
        if not self._put(_Job(lambda _: None, done)):
            return False
        try:
            done.result(timeout)
        except Exception:
            return False
        return True

    def close(self, timeout: float = 5.0) -> None:
        """Write what is left and stop the writer."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join(timeout)
        left = sum(job.is_turn for job in tuple(self._jobs))
        if left:
            _log.error("对话日志写不进去，停止时有 %d 轮对话没有保存。", left)

    def _put(self, job: _Job) -> bool:
        with self._changed:
            if self._stopping or len(self._jobs) >= _QUEUE:
                self._lost += job.is_turn
                return False
            self._jobs.append(job)
            self._changed.notify_all()
            return True

    # What follows runs in the writer's thread.

    def _work(self) -> None:
        failures = 0
        while batch := self._next(failures):
            error = self._attempt(batch)
            failures = 0 if error is None else failures + 1
            if error is not None and self._stopping:
                break
        self._close_database()

    def _next(self, failures: int) -> list[_Job]:
        """Wait for something to do, after failures for a while; return nothing when it is time to stop."""
        wait_until = time.monotonic() + (_RETRY_SECONDS[min(failures, len(_RETRY_SECONDS)) - 1] if failures else 0.0)
        with self._changed:
            while not self._stopping:
                now = time.monotonic()
                if now >= self._purge_at:
                    self._purge_at = now + _DAY_SECONDS
                    self._jobs.append(_Job(self._purge, wipes=True))
                if self._jobs and now >= wait_until:
                    break
                self._changed.wait(max(wait_until - now, 0.01) if self._jobs else self._purge_at - now)
            return [self._jobs[number] for number in range(min(_BATCH, len(self._jobs)))]

    def _attempt(self, batch: Sequence[_Job]) -> Exception | None:
        """Do a batch in one transaction and take it off the queue; return why that failed, where it may work later."""
        from bot.journal.database import cause_of, is_temporary

        try:
            results = self._write(batch)
        except Exception as error:
            if is_temporary(error):
                self._failed(cause_of(error))
                return error
            if len(batch) > 1:  # one of them cannot be written at all: find out which
                for job in batch:
                    if (failed := self._attempt([job])) is not None:
                        return failed
                return None
            _log.error("一条对话日志写不进去，已丢弃：%s", cause_of(error))
            self._taken(batch)
            if batch[0].done is not None:
                batch[0].done.set_exception(error)
            return None
        self._taken(batch)
        for job, result in zip(batch, results, strict=True):
            if job.done is not None:
                job.done.set_result(result)
        return None

    def _write(self, batch: Sequence[_Job]) -> list[Any]:
        from bot.journal.store import wipe_deleted

        engine = self._database()
        with engine.begin() as connection:
            results = [job.run(connection) for job in batch]
        if any(job.wipes and result for job, result in zip(batch, results, strict=True)):
            wipe_deleted(engine)
        return results

    def _taken(self, batch: Sequence[_Job]) -> None:
        with self._changed:
            for _ in batch:
                self._jobs.popleft()
            lost, self._lost = self._lost, 0
        if self._failing:
            self._failing = False
            _log.warning("对话日志恢复写入，期间有 %d 轮没有记下。", lost)

    def _failed(self, cause: str) -> None:
        self._close_database()
        if not self._failing:
            self._failing = True
            _log.error("对话日志写不进去，回答照常，恢复后补写：%s", cause)

    def _database(self) -> Engine:
        """Return the open database; opened anew where its file is no longer the one that was opened."""
        from bot.journal.database import open_database

        if self._engine is not None and self._inode != self._inode_now():
            self._close_database()
        if self._engine is None:
            self._engine = open_database(self._address)
            self._inode = self._inode_now()
        return self._engine

    def _inode_now(self) -> int:
        try:
            return self._address.stat().st_ino if isinstance(self._address, Path) else 0
        except FileNotFoundError:
            return -1

    def _close_database(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def _purge(self, connection: Connection) -> int:
        from bot.journal.store import purge_before

        return purge_before(connection, datetime.now(timezone.utc) - timedelta(days=self._days))
