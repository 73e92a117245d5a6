"""Answer in time: the work is done once, by one process, and whoever asks waits for it until the deadline.

The work goes on after the deadline; its answer is kept in the book, for the platform's retry, for "更多", or for the
customer-service interface.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from bot.channels import wording
from bot.channels.errors import log_failure
from bot.channels.wechat.accounts import Account
from bot.channels.wechat.desk import Answer, Desk
from bot.channels.wechat.turns import Held, Turn, Turns
from bot.errors import ChannelBusyError
from bot.settings import Settings

_log = logging.getLogger("yiju.wechat")
_POLL_SECONDS = 0.04
_T = TypeVar("_T")


class Job:
    """One piece of work and who waits for it: settled just before it is kept, or abandoned at the deadline."""

    def __init__(self, account: Account, turn: Turn) -> None:
        self.account, self.turn = account, turn
        self.text: str | None = None
        self.kept = False
        self._lock = threading.Lock()
        self._settled = self._abandoned = False

    def settle(self) -> bool:
        """Tell whether somebody still waits, who will then be answered."""
        with self._lock:
            self._settled = not self._abandoned
            return self._settled

    def abandon(self) -> bool:
        """Stop waiting; False where the answer is being kept at this moment, and so is about to come."""
        with self._lock:
            self._abandoned = not self._settled
            return self._abandoned


class Engine:
    """Runs the desk in threads, under the book's claims."""

    def __init__(self, desk: Desk, turns: Turns, settings: Settings) -> None:
        self._desk, self._turns = desk, turns
        self._deadline = settings.wechat_deadline_seconds
        self._workers = ThreadPoolExecutor(settings.wechat_threads, "wechat")
        self._front = ThreadPoolExecutor(1, "wechat-urgent")  # an emergency never queues behind questions
        self._book = ThreadPoolExecutor(2, "wechat-book")
        self._held: set[Held] = set()
        self._lock = threading.Lock()

    async def answer(self, account: Account, turn: Turn, stamp: str) -> str | None:
        """Return what to respond to the platform; None for ``success``.

        Raises:
            ForgedMessageError: the request's stamp was used for another message.
            ChannelBusyError: the message could not be noted in time; the platform is to deliver it again.
        """
        noted = asyncio.Event()
        end = asyncio.get_running_loop().time() + self._deadline
        try:
            return await asyncio.wait_for(self._answer_by(end, account, turn, stamp, noted), self._deadline + 0.5)
        except (asyncio.TimeoutError, sqlite3.Error) as error:  # the book is late, or the disk full
            _log.warning("%s: the book does not answer: %s", account.name, type(error).__name__)
            if noted.is_set():  # what is in the book will be answered, now or later
                return None
            raise ChannelBusyError("消息没能记下，请平台重发。请检查 wechat_store 所在的磁盘。") from error

    async def _answer_by(
        self, end: float, account: Account, turn: Turn, stamp: str, noted: asyncio.Event
    ) -> str | None:
        claim = await self._noted(self._turns.claim, turn, stamp)
        noted.set()
        while True:
            if claim == "mine":
                job = Job(account, turn)
                if await self._wait(job, end) and job.kept:
                    return job.text
            elif claim == "done":
                return (await self._noted(self._turns.take_passive, turn.account, turn.key))[1]
            if self._left(end) <= 0.0:
                return await self._late(account, turn)
            if claim == "theirs":
                await asyncio.sleep(min(_POLL_SECONDS, self._left(end)))
            claim = await self._noted(self._turns.claim, turn)

    async def _wait(self, job: Job, end: float) -> bool:
        """Have a job done; tell whether it was in time."""
        self._hold(job.turn)
        future = asyncio.wrap_future(self._pool(job.turn).submit(self._work_for, job))
        await asyncio.wait({future}, timeout=self._left(end))
        if not future.done() and not job.abandon():
            await asyncio.wait({future})
        return future.done()

    async def _late(self, account: Account, turn: Turn) -> str | None:
        if account.calls_out:
            await self._noted(self._turns.send_later, turn.account, turn.key)
            return None
        return wording.WECHAT_WAIT if account.settings.late_notice else None

    def _left(self, end: float) -> float:
        return max(0.0, end - asyncio.get_running_loop().time())

    async def _noted(self, step: Callable[..., _T], *values: object) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._book, step, *values)

    def _pool(self, turn: Turn) -> ThreadPoolExecutor:
        return self._front if self._desk.urgent(turn) else self._workers

    @property
    def held(self) -> set[Held]:
        """Return what this process works on now."""
        with self._lock:
            return set(self._held)

    def _hold(self, turn: Turn) -> None:
        with self._lock:
            self._held.add((turn.account, turn.key))

    def in_order(self, turns: Sequence[Turn]) -> list[Turn]:
        """Return turns with emergencies first."""
        return sorted(turns, key=lambda turn: not self._desk.urgent(turn))

    def _work_for(self, job: Job) -> None:
        """Answer a claimed turn; the answer goes to who waits, if anybody still does."""
        answer = self._desk.answer(job.account, job.turn)
        delivery = "none" if not answer.items else "passive" if job.settle() else ""
        job.kept = self._keep(job.account, job.turn, answer, delivery)
        job.text = answer.items[0].text if answer.items else None

    def work(self, account: Account, turn: Turn) -> None:
        """Answer a claimed turn for which nobody waits."""
        self._hold(turn)
        answer = self._desk.answer(account, turn)
        self._keep(account, turn, answer, "" if answer.items else "none")

    def _keep(self, account: Account, turn: Turn, answer: Answer, delivery: str) -> bool:
        try:
            return self._turns.finish(turn, answer.items, answer.memory, delivery)
        except Exception as error:
            log_failure(error, f"/wechat/{account.name}")
        finally:
            with self._lock:  # not kept: its lease runs out, and it is tried again
                self._held.discard((turn.account, turn.key))
        return False

    def close(self) -> None:
        """Finish what was begun."""
        for pool in (self._front, self._workers, self._book):
            pool.shutdown(wait=True, cancel_futures=True)
