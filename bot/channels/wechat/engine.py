"""Answer in time: the work is done once, by one process, and whoever asks waits for it until the deadline.

The work goes on after the deadline; its answer is kept in the book, for the platform's retry, for "更多", or for the
customer-service interface.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from bot.channels import wording
from bot.channels.errors import log_failure
from bot.channels.wechat.accounts import Account
from bot.channels.wechat.desk import Desk
from bot.channels.wechat.turns import Turn, Turns
from bot.settings import Settings

_log = logging.getLogger("yiju.wechat")
_POLL_SECONDS = 0.04
_T = TypeVar("_T")


class Engine:
    """Runs the desk in threads, under the book's claims."""

    def __init__(self, desk: Desk, turns: Turns, settings: Settings) -> None:
        self._desk, self._turns = desk, turns
        self._deadline = settings.wechat_deadline_seconds
        self._workers = ThreadPoolExecutor(settings.wechat_threads, "wechat")
        self._front = ThreadPoolExecutor(1, "wechat-urgent")  # an emergency never queues behind questions
        self._book = ThreadPoolExecutor(2, "wechat-book")

    async def answer(self, account: Account, turn: Turn) -> str | None:
        """Return what to respond to the platform; None for ``success``."""
        try:
            return await asyncio.wait_for(self._answer_in_time(account, turn), self._deadline + 0.5)
        except asyncio.TimeoutError:  # even the book is late: the platform must not wait
            _log.warning("%s: no time to note that an answer is late", account.name)
            return None

    async def _answer_in_time(self, account: Account, turn: Turn) -> str | None:
        loop = asyncio.get_running_loop()
        end = loop.time() + self._deadline
        job: Future[None] | None = None
        while True:
            if job is None and await self._noted(self._turns.claim, turn) == "mine":
                job = self._submit(account, turn)
            if job is not None:
                await asyncio.wait({asyncio.wrap_future(job)}, timeout=max(0.0, end - loop.time()))
            finished, text = await self._noted(self._turns.take_passive, turn.account, turn.key)
            if finished:
                return text
            if job is not None and job.done():  # taken over by another process in the meantime
                job = None
            if loop.time() >= end:
                break
            await asyncio.sleep(min(_POLL_SECONDS, max(0.0, end - loop.time())))
        if account.calls_out:
            await self._noted(self._turns.send_later, turn.account, turn.key)
            return None
        return wording.WECHAT_WAIT if account.settings.late_notice else None

    async def _noted(self, step: Callable[..., _T], *values: object) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._book, step, *values)

    def _submit(self, account: Account, turn: Turn) -> Future[None]:
        pool = self._front if self._desk.urgent(turn) else self._workers
        return pool.submit(self.work, account, turn)

    def work(self, account: Account, turn: Turn) -> None:
        """Answer a claimed turn and keep the answer."""
        answer = self._desk.answer(account, turn)
        try:
            self._turns.finish(turn, answer.items, answer.memory, "" if answer.items else "none")
        except Exception as error:
            log_failure(error, f"/wechat/{account.name}")

    def close(self) -> None:
        """Finish what was begun."""
        for pool in (self._front, self._workers, self._book):
            pool.shutdown(wait=True, cancel_futures=True)
