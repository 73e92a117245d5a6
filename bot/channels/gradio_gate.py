"""Gradio behind a gate: a quicker import, only the routes the chat page calls, and a page head of our own."""

from __future__ import annotations

import html
import importlib.abc
import importlib.machinery
import os
import re
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

from fastapi import FastAPI
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.channels.errors import ApiError, error_response
from bot.channels.security import frame_sources

# Method and path of everything the chat page needs. Uploads, the file proxy, direct calls without the queue,
# deep links, monitoring, login and whatever a later Gradio adds stay closed.
_OPEN = re.compile(
    r"(?:GET|HEAD) (?:/|/theme\.css|/(?:static|assets)/.*"
    r"|/gradio_api/(?:queue/data|app_id|heartbeat/[A-Za-z0-9_-]{1,64}))"
    r"|POST /gradio_api/queue/join"
)
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors {frames}"
)
_FOREIGN_HEAD = re.compile(r'\s*(?:<meta\s+(?:property="og:|name="twitter:)|<link rel="manifest")[^>]*?/>')


class _QuickImport(importlib.abc.MetaPathFinder):
    """Spares Gradio the writing of type stubs for its 80 components on every start: half of its import time.

    ``gradio.component_meta.create_or_modify_pyi`` parses every component's source and writes ``.pyi`` files into
    site-packages. Only editors want them. Where a later Gradio names it otherwise, nothing happens but a slower start.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find ``gradio.component_meta`` as usual, and take out the stub writer once it has run."""
        if fullname != "gradio.component_meta":
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.loader is None:
            return None
        run = spec.loader.exec_module

        def run_without_stubs(module: ModuleType) -> None:
            run(module)
            if hasattr(module, "create_or_modify_pyi"):
                vars(module)["create_or_modify_pyi"] = lambda *_args, **_kwargs: None

        spec.loader.exec_module = run_without_stubs  # type: ignore[method-assign]
        return spec


def prepare_import() -> None:
    """Call before the first ``import gradio``: no telemetry, no calls home, no stub writing."""
    for name, value in {
        "GRADIO_ANALYTICS_ENABLED": "False",
        "GRADIO_ANALYTICS_CACHE_FREQUENCY": "1000000000",  # else statistics with pandas after every single event
        "GRADIO_RUN_HISTORY": "False",
        "GRADIO_SHARE": "False",
        "GRADIO_MCP_SERVER": "False",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }.items():
        os.environ[name] = value
    if "gradio" not in sys.modules:
        sys.meta_path.insert(0, _QuickImport())


class GradioGate:
    """ASGI layer around the Gradio app: lets the chat page work and nothing else."""

    def __init__(self, app: ASGIApp, parent: FastAPI, frame_ancestors: str, title: str, description: str) -> None:
        self.app = app
        self.parent = parent
        self.policy = _POLICY.format(frames=frame_sources(frame_ancestors)).encode("latin-1", "replace")
        self.head = (
            f'<meta property="og:title" content="{html.escape(title)}" />'
            f'<meta name="description" content="{html.escape(description)}" />'
            '<link rel="icon" href="/ui/favicon.svg" />'
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass what the page needs, answer 405 or 404 for the rest."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if not _OPEN.fullmatch(f"{scope['method']} {scope['path']}"):
            await error_response(self._refusal(scope), scope)(scope, receive, send)
            return
        scope = {**scope, "query_string": _without_deep_link(scope["query_string"])}
        await self.app(scope, receive, self._page_sender(send) if scope["path"] == "/" else self._sender(send))

    def _refusal(self, scope: Scope) -> ApiError:
        for route in self.parent.routes:
            if route.matches(scope)[0] is Match.PARTIAL:
                allowed = [name for name in _METHODS if route.matches({**scope, "method": name})[0] is Match.FULL]
                return ApiError(405, "method_not_allowed", headers={"Allow": ", ".join(allowed)})
        return ApiError(404, "not_found")

    def _sender(self, send: Send) -> Send:
        async def with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], (b"content-security-policy", self.policy)]}
            await send(message)

        return with_policy

    def _page_sender(self, send: Send) -> Send:
        """Hold the page back until it is whole, then give it a Chinese ``lang`` and our own description."""
        start: Message = {}
        parts: list[bytes] = []
        forward = self._sender(send)

        async def rewritten(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            if message["type"] != "http.response.body":
                await send(message)
                return
            parts.append(message.get("body", b""))
            if message.get("more_body"):
                return
            page = b"".join(parts)
            if page:
                page = self._localised(page.decode("utf-8")).encode("utf-8")
            headers = [pair for pair in start["headers"] if pair[0].lower() != b"content-length" or not page]
            if page:
                headers += [(b"content-length", str(len(page)).encode()), (b"cache-control", b"no-cache")]
            await forward({**start, "headers": headers})
            await forward({"type": "http.response.body", "body": page})

        return rewritten

    def _localised(self, page: str) -> str:
        head, separator, rest = page.partition("</head>")
        head = _FOREIGN_HEAD.sub("", head).replace('lang="en"', 'lang="zh-CN"', 1)
        return head + self.head + separator + rest


def _without_deep_link(query: bytes) -> bytes:
    return b"&".join(part for part in query.split(b"&") if not part.startswith(b"deep_link"))
