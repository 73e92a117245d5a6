"""A real server: seconds until ready, memory after 200 questions, 500 requests from 32 clients at once.

``python -m bench.serving [--json]``. Requests go to this machine only, and their number is bounded.
"""

from __future__ import annotations

import argparse
import json
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.timing import QUESTIONS, percentile, rss_mb, server
from bot.settings import load_settings


def ask(address: str, question: str) -> tuple[list[str], float]:
    """Ask over REST; return the passages' ids and the milliseconds."""
    body = json.dumps({"question": question}).encode()
    request = urllib.request.Request(f"{address}/api/ask", body, {"Content-Type": "application/json"})
    started = time.perf_counter()
    with urllib.request.urlopen(request, timeout=60) as answer:
        reply = json.load(answer)
    return [passage["id"] for passage in reply["passages"]], (time.perf_counter() - started) * 1000


def run() -> dict[str, object]:
    """Return the figures; goals: ready within 5 s, at most 450 MB, no lost or different answer, memory steady."""
    index = Path(load_settings().index).resolve()
    with server(index) as (address, process, ready_seconds):
        with urllib.request.urlopen(address, timeout=30) as page:  # the chat page, as a patient would open it
            page.read()
        expected = {question: ask(address, question)[0] for question in QUESTIONS}
        for number in range(200 - len(QUESTIONS)):
            ask(address, QUESTIONS[number % len(QUESTIONS)])
        after_200 = rss_mb(process.pid)
        started = time.perf_counter()
        with ThreadPoolExecutor(32) as pool:
            jobs = [(q, pool.submit(ask, address, q)) for q in (QUESTIONS * 25)]
            results = [(q, *job.result()) for q, job in jobs]
        seconds = time.perf_counter() - started
        wrong = sum(found != expected[q] for q, found, _ in results)
        times = [ms for _, _, ms in results]
        after_load = rss_mb(process.pid)
    return {
        "ready_seconds": round(ready_seconds, 2), "rss_mb_after_200": round(after_200, 1), "requests": len(results),
        "wrong": wrong, "seconds": round(seconds, 2), "p50_ms": round(percentile(times, 0.5), 1),
        "p95_ms": round(percentile(times, 0.95), 1), "rss_mb_after_load": round(after_load, 1),
        "goals": {"ready_seconds": 5, "rss_mb_after_200": 450, "wrong": 0},
    }  # fmt: skip


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    figures = run()
    print(json.dumps(figures, indent=2) if args.json else f"a real server: {figures}")


if __name__ == "__main__":
    main()
