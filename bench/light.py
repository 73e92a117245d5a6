"""What a patient on a slow phone waits for: the widget's light page, and the Gradio page in a frame, side by side in one run.

``python -m bench.light [--runs 5] [--json]`` with a built index and Chromium installed. Each run is a fresh browser profile on
a 360x740 screen: tap the launcher, wait until a question can be typed, send one, wait until its passage is drawn. The slow
profile has a CPU four times slower, 1.6 Mbit/s and 150 ms of latency a request; the ordinary one 10 Mbit/s and 40 ms.
Chromium's throttling delays requests, not the setting up of connections, so a real phone waits a few round trips longer.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from playwright.sync_api import Browser, Error, sync_playwright

from bench.timing import server
from bot.settings import load_settings

CHROMIUM = os.environ.get("YIJU_TEST_CHROMIUM", "/usr/bin/chromium")
QUESTION = "急性肾损伤有什么新的药物在做临床试验?"
GOALS = {"usable_ms": 2500.0, "kilobytes": 250.0, "answer_ms (ordinary)": 300.0}
# Resolves with the milliseconds from the Enter key until the element is laid out and the frame after it is drawn.
WATCH = """selector => { window.benchAnswer = new Promise(done => {
  let sent = 0;
  addEventListener("keydown", event => { if (event.key === "Enter") sent = performance.now(); }, true);
  const look = () => {
    const found = document.querySelector(selector);
    if (sent && found && found.getClientRects().length) requestAnimationFrame(() => setTimeout(() => done(performance.now() - sent)));
    else requestAnimationFrame(look);
  };
  look();
}); }"""


@dataclass(frozen=True, slots=True)
class Line:
    """A network and a processor: bytes a second, milliseconds a request, how many times slower the CPU is."""

    name: str
    down: float
    up: float
    latency: float
    slower: float


SLOW = Line("slow", 1.6e6 / 8, 0.75e6 / 8, 150, 4)
ORDINARY = Line("ordinary", 10e6 / 8, 5e6 / 8, 40, 1)


@dataclass(frozen=True, slots=True)
class Panel:
    """One way to fill the panel: what to tap, where the frame is, and when it can be used."""

    name: str
    tap: str
    frame: str
    ready: str
    box: str
    answer: str


LIGHT = Panel("light page", "yiju-widget .launch", "yiju-widget iframe", "html[data-ready] #box", "#box", ".card")
GRADIO = Panel("Gradio page", "#gradio", "#frame", "#yj-box textarea", "#yj-box textarea", ".yj-card")


@contextmanager
def host_page(port_of: dict[str, str]) -> Iterator[str]:
    """Serve a page on another origin with the widget's line and a button that opens the Gradio page in a frame."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            bot = port_of["bot"]
            page = (
                f'<!doctype html><html lang="zh"><meta name="viewport" content="width=device-width">'
                f'<script src="{bot}/widget.js" defer></script><button id="gradio">Gradio</button><script>'
                f'document.getElementById("gradio").onclick = () => {{ const frame = document.createElement("iframe");'
                f'frame.id = "frame"; frame.src = "{bot}/"; frame.style.cssText = "position:fixed;inset:0;width:100%;height:100%;border:0";'
                f"document.body.append(frame); }};</script>"
            ).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            pass

    site = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=site.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{site.server_address[1]}"
    site.shutdown()
    thread.join()
    site.server_close()


def throttle(session: Any, line: Line, received: list[float]) -> None:
    """Slow a page down and note the bytes that each of its requests brings."""
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    session.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": line.latency, "downloadThroughput": line.down, "uploadThroughput": line.up},
    )
    session.send("Emulation.setCPUThrottlingRate", {"rate": line.slower})


def visit(browser: Browser, host: str, panel: Panel, line: Line) -> dict[str, float]:
    """Open one panel in a fresh profile and ask one question; return the figures."""
    context = browser.new_context(
        viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True, locale="zh-CN"
    )
    page = context.new_page()
    received: list[float] = []
    throttle(context.new_cdp_session(page), line, received)
    page.goto(host)
    page.locator("yiju-widget .launch").wait_for()
    page.wait_for_timeout(500)
    loader = sum(received)
    received.clear()
    started = time.perf_counter()
    page.locator(panel.tap).tap()
    inside = page.frame_locator(panel.frame)
    inside.locator(panel.ready).wait_for(timeout=120_000)
    usable = (time.perf_counter() - started) * 1000
    frame = page.locator(panel.frame).element_handle().content_frame()
    assert frame
    with suppress(Error):  # a frame in a process of its own would escape; Playwright says so by not refusing a session
        context.new_cdp_session(frame)
        raise SystemExit(
            "the frame runs in another process and is not throttled: start Chromium without site isolation"
        )
    page.wait_for_timeout(1500)  # what still comes in belongs to opening it
    opened = sum(received)
    frame.evaluate(WATCH, panel.answer)
    frame.fill(panel.box, QUESTION)
    frame.press(panel.box, "Enter")
    answer = float(frame.evaluate("window.benchAnswer"))
    context.close()
    return {"usable_ms": usable, "kilobytes": opened / 1000, "loader_kb": loader / 1000, "answer_ms": answer}


def measured(browser: Browser, host: str, runs: int) -> dict[str, dict[str, float]]:
    """Return the medians of all panels on all lines, the panels in turn."""
    rows: dict[str, list[dict[str, float]]] = {}
    for _ in range(runs):
        for line in (SLOW, ORDINARY):
            for panel in (LIGHT, GRADIO):
                rows.setdefault(f"{panel.name}, {line.name}", []).append(visit(browser, host, panel, line))
    return {
        name: {key: round(statistics.median(one[key] for one in found), 1) for key in found[0]}
        for name, found in rows.items()
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="fresh visits a panel and line (default 5)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    args = parser.parse_args()
    where: dict[str, str] = {}
    with host_page(where) as host:
        os.environ["YIJU_FRAME_ANCESTORS"] = f"'self' {host}"
        with server(load_settings().index) as (address, _, _), sync_playwright() as playwright:
            where["bot"] = address
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
            figures = measured(browser, host, args.runs)
            browser.close()
    if args.json:
        print(json.dumps(figures, indent=2))
        return
    print(f"medians of {args.runs} fresh visits; goals: {GOALS}")
    for name, row in figures.items():
        print(f"  {name:<24}" + "  ".join(f"{key} {value}" for key, value in row.items()))


if __name__ == "__main__":
    main()
