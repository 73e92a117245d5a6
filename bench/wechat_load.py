"""WeChat under load: ``python -m bench.wechat_load [--rate 50] [--seconds 120] [--users 1000] [--json]``.

A real server (the real index, signed and encrypted messages of a 公众号 in secure mode), messages at a fixed rate
whatever the answers take. Each user asks one of twenty questions, and then
"更多"; the next one in that place is somebody new. Goals: every reply within 5 s, none
empty, each the one that belongs to this user's own question.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from bench.timing import QUESTIONS, percentile, server
from bot.channels.wechat.accounts import Account, open_accounts
from bot.channels.wechat.phone import Phone
from bot.settings import load_settings
from tests.wechat_world import secrets_of

ACCOUNTS: list[dict[str, Any]] = [{"name": "load", "app_id": "wx1"}]


class Load:
    """Users who ask, and what each must hear."""

    def __init__(self, account: Account, address: str, users: int, client: httpx.AsyncClient) -> None:
        self._account, self._address, self._client = account, address, client
        self._phones = [Phone(account, address, f"user-{number}") for number in range(users)]
        self._asked: dict[int, str] = {}
        self._busy: set[int] = set()
        self._people = 0
        self._chance = random.Random(1)
        self.expected: dict[str, str] = {}
        self.milliseconds: list[float] = []
        self.wrong = self.empty = self.failed = 0

    async def say(self, phone: Phone, text: str) -> str | None:
        """Say something as a user; return the reply."""
        sent = phone.delivery(Content=text)
        answer = await self._client.post(f"{self._address}/wechat/load", params=sent.query, content=sent.body)
        return phone.read(answer)

    async def learn(self) -> None:
        """Ask every question once as somebody else, and "更多" after it: what a user of their own hears."""
        for number, question in enumerate(QUESTIONS):
            phone = Phone(self._account, self._address, f"teacher-{number}")
            self.expected[question] = said(await self.say(phone, question))
            self.expected[f"更多 {question}"] = said(await self.say(phone, "更多"))

    async def turn(self) -> None:
        """One message of a user who is not waiting for an answer."""
        free = [number for number in range(len(self._phones)) if number not in self._busy]
        if not free:
            raise SystemExit("every user is waiting for an answer: the machine is too slow for this rate")
        user = self._chance.choice(free)
        before = self._asked.pop(user, None)
        if before is None:
            # Somebody new each time: what is heard after another question depends on it, as it should.
            self._people += 1
            self._phones[user].user = f"user-{user}-{self._people}"
            text = self._chance.choice(QUESTIONS)
            self._asked[user], wanted = text, self.expected[text]
        else:
            text, wanted = "更多", self.expected[f"更多 {before}"]
        self._busy.add(user)
        done = False
        started = time.perf_counter()
        try:
            shown = await self.say(self._phones[user], text)
            done = shown is not None
        except Exception:
            self.failed += 1
            return
        finally:
            if done:  # who was not answered in time says nothing more: what "更多" gives would be another thing
                self._busy.discard(user)
            self.milliseconds.append((time.perf_counter() - started) * 1000)
        if shown is None:
            self.empty += 1
        elif said(shown) != wanted:
            self.wrong += 1


def said(shown: str | None) -> str:
    """Return what of a reply depends on the question alone: not the suggestions, which depend on the conversation."""
    return (shown or "").split("\n\n")[0]


async def _run(rate: int, seconds: int, users: int, address: str, account: Account) -> dict[str, object]:
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=200)
    async with httpx.AsyncClient(timeout=10, trust_env=False, limits=limits) as client:
        load = Load(account, address, users, client)
        await load.learn()
        began, jobs = time.perf_counter(), []
        for number in range(rate * seconds):
            await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
            jobs.append(asyncio.ensure_future(load.turn()))
        await asyncio.gather(*jobs)
        lasted = time.perf_counter() - began
    times = load.milliseconds
    return {
        "messages": len(times), "users": users, "seconds": round(lasted, 1), "p50_ms": round(percentile(times, 0.5), 1),
        "p95_ms": round(percentile(times, 0.95), 1), "p99_ms": round(percentile(times, 0.99), 1),
        "slowest_ms": round(max(times), 1), "over_5_s": sum(ms > 5000 for ms in times), "empty": load.empty,
        "wrong": load.wrong, "failed": load.failed,
    }  # fmt: skip


def run(rate: int, seconds: int, users: int) -> dict[str, object]:
    """Return the figures."""
    index = Path(load_settings().index).resolve()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            **secrets_of("load"),
            "YIJU_WECHAT": json.dumps(ACCOUNTS),
            "YIJU_WECHAT_STORE": f"{folder}/wechat.db",
        }
        with server(index) as (address, process, _):
            before = cpu_seconds(process.pid)
            figures = asyncio.run(_run(rate, seconds, users, address, open_accounts(load_settings())["load"]))
            used = cpu_seconds(process.pid) - before
            return {**figures, "server_cpu_ms_a_message": round(used * 1000 / (rate * seconds + 2 * len(QUESTIONS)), 2)}


def cpu_seconds(pid: int) -> float:
    """Return a process's own processor time: unlike the clock, hardly moved by what else the machine does. Linux."""
    path = Path(f"/proc/{pid}/stat")
    if not path.exists():
        return 0.0
    fields = path.read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=50, help="messages a second")
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--users", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    figures = run(args.rate, args.seconds, args.users)
    print(json.dumps(figures, indent=2) if args.json else f"WeChat under load: {figures}")


if __name__ == "__main__":
    main()
