"""Many widgets at once: ``python -m bench.widgets [--widgets 200] [--every 5] [--seconds 180] [--json]``.

A real server with a configured website and its journal on. Each widget has connections of its own, opens the light page
as its frame does, gets a token, and asks a question every few seconds in one conversation, whatever the answers take.
Goals: no error, the 95th percentile within ten times the median, memory steady (last minute against the first).
Requests go to this machine only, and their number is bounded.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import tempfile
import time
from collections import Counter
from pathlib import Path

import httpx

from bench.timing import QUESTIONS, percentile, rss_mb, server
from bot.settings import load_settings

SITE = {"name": "clinic", "origins": ["https://www.clinic.example"]}
_SAMPLE = 5.0  # seconds between two looks at the memory


class Load:
    """What all widgets met."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.milliseconds: list[float] = []
        self.opening: list[float] = []
        self.errors: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()

    async def widget(self, number: int, every: float, seconds: float) -> None:
        """Open a widget and ask until the time is over."""
        chance = random.Random(number)
        began = time.perf_counter()
        await asyncio.sleep(chance.random() * every)
        own = {"Origin": self.address}  # the frame is a page of the server's own
        async with httpx.AsyncClient(base_url=self.address, timeout=60, trust_env=False, headers=own) as client:
            started = time.perf_counter()
            page = await client.get("/m", params={"site": SITE["name"]})
            issued = await client.post("/api/session", json={"site": SITE["name"]})
            self.opening.append((time.perf_counter() - started) * 1000)
            if page.status_code != 200 or issued.status_code != 200:
                self.errors[f"opening {page.status_code} {issued.status_code}"] += 1
                return
            token = {"X-Yiju-Token": issued.json()["token"]}
            session: str | None = None
            asking = time.perf_counter()
            while time.perf_counter() - began < seconds:
                session = await self._ask(client, token, session, chance.choice(QUESTIONS))
                asking += every
                await asyncio.sleep(max(0.0, asking - time.perf_counter()))

    async def _ask(
        self, client: httpx.AsyncClient, token: dict[str, str], session: str | None, question: str
    ) -> str | None:
        started = time.perf_counter()
        try:
            answer = await client.post("/api/ask", json={"question": question, "session": session}, headers=token)
        except httpx.HTTPError as error:
            self.errors[type(error).__name__] += 1
            return session
        self.milliseconds.append((time.perf_counter() - started) * 1000)
        if answer.status_code != 200:
            self.errors[str(answer.status_code)] += 1
            return session
        reply = answer.json()
        self.kinds[reply["kind"]] += 1
        if session is not None and reply["session"] != session:
            self.errors["another session"] += 1
        return str(reply["session"])


async def _run(address: str, pid: int, widgets: int, every: float, seconds: float) -> dict[str, object]:
    load, memory = Load(address), []
    jobs = [asyncio.create_task(load.widget(number, every, seconds)) for number in range(widgets)]
    waiting = asyncio.gather(*jobs)
    while not waiting.done():
        memory.append(rss_mb(pid))
        await asyncio.wait([waiting], timeout=_SAMPLE)
    await waiting
    third = max(1, len(memory) // 3)
    median, p95 = (percentile(load.milliseconds, share) for share in (0.5, 0.95))
    return {
        "widgets": widgets, "questions": len(load.milliseconds), "errors": dict(load.errors), "kinds": dict(load.kinds),
        "p50_ms": round(median, 1), "p95_ms": round(p95, 1), "p99_ms": round(percentile(load.milliseconds, 0.99), 1),
        "slowest_ms": round(max(load.milliseconds), 1), "p95_over_p50": round(p95 / median, 2),
        "opening_p95_ms": round(percentile(load.opening, 0.95), 1),
        "rss_mb_first_third": round(max(memory[:third]), 1), "rss_mb_last_third": round(max(memory[-third:]), 1),
        "goals": {"errors": 0, "p95_over_p50": 10},
    }  # fmt: skip


def run(widgets: int = 200, every: float = 5.0, seconds: float = 180.0) -> dict[str, object]:
    """Return the figures."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"YIJU_SITES": json.dumps([SITE]), "YIJU_JOURNAL_FILE": f"{folder}/journal.sqlite3"}
        with server(Path(load_settings().index).resolve()) as (address, process, _):
            return asyncio.run(_run(address, process.pid, widgets, every, seconds))


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--widgets", type=int, default=200)
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two questions of a widget")
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    figures = run(args.widgets, args.every, args.seconds)
    print(json.dumps(figures, indent=2) if args.json else f"widgets: {figures}")


if __name__ == "__main__":
    main()
