"""What stands before every route: response headers, a limit on bodies, and no stack trace for anyone."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.channels.errors import ApiError, error_response, log_failure
from bot.settings import Settings

_DRAIN = 8  # how many times the limit is read and dropped, so that the client gets to see the refusal

_STRICT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors {frames}"
)
_PERMISSIONS = "camera=(), microphone=(), geolocation=(), payment=(), usb=()"


def install(app: FastAPI, settings: Settings) -> None:
    """Wrap the app. Call before Gradio is mounted: it adds a CORS policy of its own unless the app has one."""
    app.add_middleware(CORSMiddleware, allow_origins=[])
    app.add_middleware(Guard, body_max_bytes=settings.body_max_bytes, frame_ancestors=settings.frame_ancestors)


def frame_sources(setting: str) -> str:
    """Return a setting as the sources of ``frame-ancestors``, unable to break out of that directive."""
    return " ".join(setting.replace(";", " ").replace(",", " ").split()) or "'none'"


class Guard:
    """Outermost ASGI layer of ours; plain ASGI, so that streamed answers pass through untouched."""

    def __init__(self, app: ASGIApp, body_max_bytes: int, frame_ancestors: str) -> None:
        self.app = app
        self.body_max_bytes = body_max_bytes
        self.headers = {
            "Content-Security-Policy": _STRICT_POLICY.format(frames=frame_sources(frame_ancestors)),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Permissions-Policy": _PERMISSIONS,
            "Cross-Origin-Opener-Policy": "same-origin",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; whatever goes wrong inside becomes a plain 500 without details."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":  # nothing here speaks it
                await send({"type": "websocket.close", "code": 1008})
                return
            await self.app(scope, receive, send)
            return
        started = False

        async def send_guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            body = await self._read_body(scope, receive)
            await self.app(scope, _replay(body, receive), send_guarded)
        except ApiError as refusal:
            await error_response(refusal, scope)(scope, receive, send_guarded)
        except Exception as error:
            log_failure(error, str(scope.get("path", "")))
            if not started:
                await error_response(ApiError(500, "internal"), scope)(scope, receive, send_guarded)

    async def _read_body(self, scope: Scope, receive: Receive) -> list[Message] | None:
        """Read a whole body of bounded size, chunked or not; None where the request has none."""
        if scope["method"] in ("GET", "HEAD", "OPTIONS"):
            return None
        chunks: list[bytes] = []
        size, more = 0, True
        while more and size <= self.body_max_bytes * _DRAIN:
            message = await receive()
            if message["type"] == "http.disconnect":
                return [message]
            chunk = message.get("body", b"")
            size += len(chunk)
            if size <= self.body_max_bytes:
                chunks.append(chunk)
            more = message.get("more_body", False)
        if size > self.body_max_bytes:
            raise ApiError(413, "body_too_large", headers={"Connection": "close"}, limit=self.body_max_bytes)
        return [{"type": "http.request", "body": b"".join(chunks), "more_body": False}]


def _replay(messages: list[Message] | None, receive: Receive) -> Receive:
    """Return a ``receive`` that first gives what was already read, then what really comes."""
    if messages is None:
        return receive
    pending: list[MutableMapping[str, Any]] = list(messages)

    async def replayed() -> Message:
        return pending.pop(0) if pending else await receive()

    return replayed
