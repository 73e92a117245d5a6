"""Bodies of requests: bounded in size and in time before any of our code sees them."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import anyio
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.channels.errors import ApiError, error_response

_DRAIN = 8  # how many times the limit is read and dropped, so that the client gets to see the refusal
_CLOSE = {"Connection": "close"}  # what is left of the body is never read


class Bodies:
    """ASGI layer that reads a whole body, chunked or not, before it calls the application."""

    def __init__(self, app: ASGIApp, most: int, seconds: float) -> None:
        """Allow bodies of ``most`` bytes that arrive within ``seconds``."""
        self.app = app
        self.most = most
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self.app(scope, receive, send)
            return
        try:
            with anyio.fail_after(self.seconds):
                body = await self._read(receive)
        except TimeoutError:
            refusal = ApiError(408, "body_too_slow", headers=_CLOSE)
            await error_response(refusal, scope)(scope, receive, send)
            return
        except ApiError as refusal:
            await error_response(refusal, scope)(scope, receive, send)
            return
        await self.app(scope, _replay(body, receive), send)

    async def _read(self, receive: Receive) -> list[Message]:
        chunks: list[bytes] = []
        size, more = 0, True
        while more and size <= self.most * _DRAIN:
            message = await receive()
            if message["type"] == "http.disconnect":
                return [message]
            chunk = message.get("body", b"")
            size += len(chunk)
            if size <= self.most:
                chunks.append(chunk)
            more = message.get("more_body", False)
        if size > self.most:
            raise ApiError(413, "body_too_large", headers=_CLOSE, limit=self.most)
        return [{"type": "http.request", "body": b"".join(chunks), "more_body": False}]


def json_only(request: Request) -> None:
    """Refuse other media types: a form on a foreign page can post text/plain without asking, never JSON."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise ApiError(415, "bad_media_type")


def _replay(messages: list[Message], receive: Receive) -> Receive:
    """Return a ``receive`` that first gives what was already read, then what really comes."""
    pending: list[MutableMapping[str, Any]] = list(messages)

    async def replayed() -> Message:
        return pending.pop(0) if pending else await receive()

    return replayed
