"""A process that writes turns until it has written enough or is killed, and tells which ones ``flush`` acknowledged."""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path

import alembic.command  # noqa: F401 - all that a writer imports later: a forked one need not do it again
import psycopg  # noqa: F401

import bot.journal.store  # noqa: F401
from bot.journal.masking import mask
from bot.journal.turn import Turn
from bot.journal.writer import WritingJournal

_EACH = 3  # turns to a flush


class Writer:
    """A process of its own, forked from one that has everything imported."""

    def __init__(self, address: str | Path, name: str, count: int) -> None:
        """Start writing ``count`` turns with ids ``r_NAME_0``, ``r_NAME_1`` …"""
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__])
        self._receiver, sender = context.Pipe(duplex=False)
        self._process = context.Process(target=write, args=(address, name, count, sender))
        self._process.start()
        sender.close()
        self.acknowledged: set[str] = set()

    def wait_for_one(self) -> None:
        """Wait until it has written something."""
        assert self._receiver.poll(30)
        self.acknowledged |= self._receiver.recv()

    def finish(self, kill: bool = False) -> int:
        """Wait for its end, or bring it about; return the exit code."""
        if kill:
            self._process.kill()
        while True:
            try:
                self.acknowledged |= self._receiver.recv()
            except (EOFError, OSError):  # a message that was cut short was not received, and counts for nothing
                break
        self._process.join(30)
        code = self._process.exitcode
        self._receiver.close()
        self._process.close()
        assert code is not None
        return code


def write(address: str | Path, name: str, count: int, sender: Connection) -> None:
    """Write, and send the ids of what is on the disk."""
    journal = WritingJournal(address, 36500)
    for number in range(0, count, _EACH):
        ids = [f"r_{name}_{number + offset}" for offset in range(_EACH)]
        for reply in ids:
            journal.add(Turn(reply, f"s_{name}", "decline", f"我叫王芳,第{number}个问题,肌酐320"))
        if not journal.flush(30):
            raise SystemExit("not flushed")
        sender.send(set(ids))
    journal.close()


mask("我叫王芳")  # what is made at the first call
