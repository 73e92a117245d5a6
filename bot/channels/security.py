"""What stands before every route, outermost first: proxies, response headers and addresses, origins, keys, bodies."""

from __future__ import annotations

from urllib.parse import parse_qs

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.channels.addresses import check_address
from bot.channels.bodies import Bodies
from bot.channels.errors import ApiError, error_response, log_failure
from bot.channels.gate import TOKEN_HEADER, Gate
from bot.channels.keys import open_keys
from bot.channels.proxies import Proxies
from bot.channels.tokens import Tokens
from bot.settings import Settings

_STRICT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors {frames}"
)
_PERMISSIONS = "camera=(), microphone=(), geolocation=(), payment=(), usb=()"
_EMBEDDED = "/m"  # the one page that websites put into a frame


def install(app: FastAPI, settings: Settings, tokens: Tokens) -> None:
    """Wrap the app. Call before Gradio is mounted: it adds a CORS policy of its own unless the app has one.

    Raises:
        SettingsError: the file of keys is missing, wrong or open to others.
    """
    app.add_middleware(Bodies, most=settings.body_max_bytes, seconds=settings.body_seconds)
    app.add_middleware(Gate, settings=settings, tokens=tokens, keys=open_keys(settings))
    app.add_middleware(
        CORSMiddleware,
        allow_origins=sorted({origin for site in settings.sites for origin in site.origins}),
        allow_methods=["GET", "POST"],
        allow_headers=["Content-Type", TOKEN_HEADER],
        expose_headers=["Retry-After"],
    )
    app.add_middleware(Guard, settings=settings)
    app.add_middleware(Proxies, trusted=settings.trusted_proxies, behind_tls=settings.behind_tls)


def frame_sources(setting: str) -> str:
    """Return a setting as the sources of ``frame-ancestors``, unable to break out of that directive."""
    return " ".join(setting.replace(";", " ").replace(",", " ").split()) or "'none'"


class Guard:
    """Gives every response its security headers; plain ASGI, so that streamed answers pass through untouched."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.url_most, self.headers_most = settings.url_max_bytes, settings.header_max_bytes
        self.frames = frame_sources(settings.frame_ancestors)
        self.framing = {site.name: " ".join(site.origins) for site in settings.sites}
        self.hsts = f"max-age={settings.hsts_seconds}" if settings.hsts_seconds else ""
        self.headers = {
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
                for name, value in self._headers(scope).items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            check_address(scope, self.url_most, self.headers_most)
            await self.app(scope, receive, send_guarded)
        except ApiError as refusal:
            await error_response(refusal, scope)(scope, receive, send_guarded)
        except Exception as error:
            log_failure(error, str(scope.get("path", "")))
            if not started:
                await error_response(ApiError(500, "internal"), scope)(scope, receive, send_guarded)

    def _headers(self, scope: Scope) -> dict[str, str]:
        """Return the headers of a response that its route did not set itself."""
        frames = self._frames(scope)
        headers = {
            "Content-Security-Policy": _STRICT_POLICY.format(frames=frames),
            # A page that isolates itself (COEP) can frame only what says that it may be used elsewhere.
            "Cross-Origin-Resource-Policy": "same-origin" if frames == self.frames else "cross-origin",
            **self.headers,
        }
        if self.hsts and scope["scheme"] == "https":
            headers["Strict-Transport-Security"] = self.hsts
        return headers

    def _frames(self, scope: Scope) -> str:
        """Return who may frame a page: for the light page the origins of the website that its address names."""
        if scope["path"] != _EMBEDDED:
            return self.frames
        names = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True).get("site", [""])
        if len(names) != 1:
            return "'none'"
        return self.framing.get(names[0], "'none'") if names[0] else self.frames
