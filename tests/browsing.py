"""What the browser tests of the light page and the widget share: servers, a watched browser, and axe."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bot.app import create_app
from bot.dialogue.dialogue import Dialogue
from bot.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
CLINIC = ROOT / "examples" / "clinic"
CHROMIUM = Path(os.environ.get("YIJU_TEST_CHROMIUM", "/usr/bin/chromium"))
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
SCREENS = [(360, 740), (768, 1024), (1440, 900)]
needs_chromium = pytest.mark.skipif(
    not CHROMIUM.exists() and os.environ.get("CI") != "true",
    reason=f"NO BROWSER TESTS: {CHROMIUM} is missing; install Chromium or name it in YIJU_TEST_CHROMIUM",
)


@contextmanager
def launched() -> Iterator[Any]:
    """Open a browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """Serve an application on a free port; give its address."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    until = time.monotonic() + 30
    while not server.started and time.monotonic() < until:
        time.sleep(0.05)
    assert server.started
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    server.force_exit = True
    thread.join(10)


def application(settings: Settings, dialogue: Dialogue) -> Any:
    """Return the whole application; what of the page's contract it does not serve yet is stood in for, simply."""
    app = create_app(settings, dialogue)
    served = {str(getattr(route, "path", "")) for route in app.routes} | set(app.openapi()["paths"])

    async def session(_: Request) -> JSONResponse:
        return JSONResponse({"token": "t-1", "expires_in": 600})

    async def forget(_: Request) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    async def suggest(request: Request) -> JSONResponse:
        text = request.query_params.get("q", "")
        return JSONResponse({"questions": [found for found in dialogue.starters() if text in found]})

    stand_ins = {"session": (session, "POST"), "forget": (forget, "POST"), "suggest": (suggest, "GET")}
    for name, (endpoint, method) in stand_ins.items():
        if f"/api/{name}" not in served:
            app.router.routes.insert(0, Route(f"/api/{name}", endpoint, methods=[method]))
    return app


class ClinicSite:
    """``examples/clinic`` on another origin, under a strict policy. ``extra`` goes into each page's head."""

    def __init__(self) -> None:
        site = self

        class Handler(SimpleHTTPRequestHandler):
            def do_GET(self) -> None:
                site.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.bot = ""
        self.extra = ""
        self.hostile = ""
        self.loader = ""  # replaces the attributes of the widget's line

    def policy(self) -> str:
        return (
            f"default-src 'none'; script-src 'self' {self.bot}; style-src 'self'; img-src 'self'; frame-src {self.bot}; "
            "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
        )

    def answer(self, handler: SimpleHTTPRequestHandler) -> None:
        name = urlsplit(handler.path).path.lstrip("/") or "index.html"
        path = CLINIC / name
        if name == "hostile.css":
            content = self.hostile.encode()
        elif path.is_file() and path.parent == CLINIC:
            content = path.read_bytes()
        else:
            handler.send_error(404)
            return
        if name.endswith(".html"):
            page = content.decode().replace("http://127.0.0.1:7860", self.bot)
            if self.loader:
                page = page.replace('data-site="clinic"', f'data-site="clinic" {self.loader}', 1)
            content = page.replace("</head>", f"{self.extra}</head>").encode()
        handler.send_response(200)
        handler.send_header("Content-Type", handler.guess_type(name))
        handler.send_header("Content-Length", str(len(content)))
        handler.send_header("Content-Security-Policy", self.policy())
        handler.end_headers()
        handler.wfile.write(content)

    @contextmanager
    def open(self) -> Iterator[ClinicSite]:
        thread = threading.Thread(target=self.server.serve_forever)
        thread.start()
        yield self
        self.server.shutdown()
        thread.join(10)
        self.server.server_close()


class Visit:
    """One browser context, watched for requests to third hosts, console errors and dialogs."""

    def __init__(
        self, browser: Any, hosts: tuple[str, ...], width: int, height: int, scheme: str = "light", **more: Any
    ) -> None:
        self.hosts = hosts
        self.faults: list[str] = []
        self.forgiven: tuple[str, ...] = ()  # parts of faults that a test provokes
        self.requests: list[str] = []
        phone = width < 500
        self.context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            is_mobile=phone,
            has_touch=phone,
            locale="zh-CN",
            permissions=["clipboard-read", "clipboard-write"],
            **more,
        )
        self.context.on("page", self._watch)
        self.page = self.context.new_page()

    def _watch(self, page: Any) -> None:
        page.on("console", lambda m: self._fault(f"console: {m.text}") if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self._fault(f"error: {error}"))
        page.on("dialog", lambda dialog: (self._fault(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", self._asked)

    def _asked(self, request: Any) -> None:
        parts = urlsplit(request.url)
        self.requests.append(request.url)
        if parts.scheme not in ("data", "blob") and f"{parts.scheme}://{parts.netloc}" not in self.hosts:
            self._fault(f"foreign request: {request.url}")

    def _fault(self, text: str) -> None:
        if not any(part in text for part in self.forgiven):
            self.faults.append(text)

    def end(self) -> None:
        self.context.close()
        assert self.faults == []


@cache
def _axe() -> str:
    spec = find_spec("axe_playwright_python")
    assert spec and spec.submodule_search_locations, "pip install axe-playwright-python"
    return (Path(next(iter(spec.submodule_search_locations))) / "axe.min.js").read_text("utf-8")


def axe_findings(frame: Any, *, whole_page: bool = True) -> list[str]:
    """Return what axe-core finds wrong in a page or frame (WCAG 2.2 A and AA, and its best practices)."""
    frame.evaluate(f"() => {{ {_axe()}; return Boolean(window.axe) }}")
    found = frame.evaluate(
        """async whole => {
          const result = await axe.run(document, {
            iframes: false,
            runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
            rules: whole ? {} : {"page-has-heading-one": {enabled: false}},
          });
          return result.violations.map(({id, nodes}) => `${id}: ` + nodes.map(node =>
            node.target.join(" ") + " " + (node.any.concat(node.all, node.none)[0]?.message ?? "")).join("; "));
        }""",
        whole_page,
    )
    return list(found)


def until(frame: Any, expression: str) -> None:
    """Wait until an expression holds. (``wait_for_function`` evaluates in the page, which its policy forbids.)"""
    end = time.monotonic() + 10
    while not frame.evaluate(expression):
        assert time.monotonic() < end, expression
        time.sleep(0.03)


def in_view(locator: Any) -> bool:
    """Tell whether the beginning of an element is on the screen."""
    box, size = locator.bounding_box(), locator.page.viewport_size
    return bool(box and box["y"] >= -1 and box["y"] + min(box["height"], 40) <= size["height"])


def overflow(page: Any) -> int:
    """Return how many pixels a page is wider than its screen."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
