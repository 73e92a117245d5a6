"""Who may call the interface: the origin that a browser names, the token of an opened page, the key of a program."""

from __future__ import annotations

import logging

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.channels.errors import ApiError, error_response
from bot.channels.keys import Keys, presented
from bot.channels.proxies import HOST, LOCAL_KEY
from bot.channels.tokens import TokenError, Tokens
from bot.channels.visitor import SCOPE_KEY, Visitor
from bot.settings import Settings
from bot.sites import ApiKey

log = logging.getLogger("yiju.gate")

TOKEN_HEADER = "X-Yiju-Token"  # noqa: S105
_PUBLIC = "/api/passages/"  # published words, for anyone to read
_READING = ("GET", "HEAD")
_MOST_LOGGED = 50  # distinct origins
_DEFAULT_PORT = {"http": ":80", "https": ":443"}


class Gate:
    """ASGI layer before every route of ``/api`` (one added later is closed too) and before Gradio's own queue."""

    def __init__(self, app: ASGIApp, settings: Settings, tokens: Tokens, keys: Keys) -> None:
        self.app = app
        self.settings = settings
        self.tokens = tokens
        self.keys = keys
        self.own = frozenset(settings.own_origins)
        self.sites = {site.name: site for site in settings.sites}
        self.names: dict[str, frozenset[str]] = {}
        for site in settings.sites:
            for origin in site.origins:
                self.names[origin] = self.names.get(origin, frozenset()) | {site.name}
        self.logged: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, with who sent it, or refuse it before its body is read."""
        if scope["type"] == "http":
            try:
                visitor = self._admit(scope)
            except ApiError as refusal:
                await error_response(refusal, scope)(scope, receive, send)
                return
            scope[SCOPE_KEY] = visitor
        await self.app(scope, receive, send)

    def _admit(self, scope: Scope) -> Visitor:
        """Return who may go on.

        Raises:
            ApiError: 403 for a foreign origin, 401 for a token or key that is missing or does not count.
        """
        path, method = scope["path"], scope["method"]
        anyone = Visitor(scope["client"][0] if scope.get("client") else None)
        if path.startswith("/gradio_api/") and method not in (*_READING, "OPTIONS"):
            return self._chat(scope, anyone)
        if not path.startswith("/api/") or method == "OPTIONS" or (path.startswith(_PUBLIC) and method in _READING):
            return anyone
        if path == "/api/session":
            return self._opening(scope, anyone)
        return self._calling(scope, anyone)

    def _calling(self, scope: Scope, anyone: Visitor) -> Visitor:
        headers = Headers(scope=scope)
        origin = self._origin(headers)
        if origin is None:
            return self._program(scope, headers, anyone, self._key(headers))
        own, names = self._placed(origin, scope, headers)
        if own and (key := self._key(headers)):
            return self._keyed(key, anyone)
        try:
            return self._page(headers, anyone, None if own else names)
        except ApiError as refusal:
            if scope["path"] != "/api/ask":
                raise
            return Visitor(anyone.address, refusal=refusal)  # to be answered all the same where a life is in danger

    def _opening(self, scope: Scope, anyone: Visitor) -> Visitor:
        """Let in who may ask for a token."""
        headers = Headers(scope=scope)
        origin = self._origin(headers)
        if origin is None:
            return self._program(scope, headers, anyone, self._key(headers))
        own, names = self._placed(origin, scope, headers)
        return Visitor(anyone.address, sites=None if own else names)

    def _chat(self, scope: Scope, anyone: Visitor) -> Visitor:
        """Let in what the Gradio page sends, which has a queue of its own and no tokens."""
        headers = Headers(scope=scope)
        origin = self._origin(headers)
        if origin is None:
            return self._program(scope, headers, anyone, self._key(headers))
        if not self._is_own(origin, scope, headers):
            raise self._foreign(origin)
        return anyone

    def _program(self, scope: Scope, headers: Headers, anyone: Visitor, key: ApiKey | None) -> Visitor:
        """Let in a caller without an origin: a program with a key or on this machine, or a page that reads from its own.

        A token or key that is shown and does not count is refused wherever it comes from.
        """
        fetch = headers.get("sec-fetch-site")
        if fetch not in (None, "same-origin", "none"):  # a browser on behalf of another page
            raise ApiError(403, "origin_forbidden")
        if key:
            return self._keyed(key, anyone)
        read_by_page = fetch == "same-origin" and scope["method"] in _READING
        if TOKEN_HEADER in headers and (read_by_page or scope.get(LOCAL_KEY)):
            return self._page(headers, anyone, None)
        if scope.get(LOCAL_KEY):
            return anyone
        if read_by_page:
            raise ApiError(401, "token_missing", headers={"WWW-Authenticate": "YijuToken"})
        raise ApiError(401, "key_missing", headers={"WWW-Authenticate": "Bearer"})

    def _page(self, headers: Headers, anyone: Visitor, names: frozenset[str] | None) -> Visitor:
        """Let in an opened page by its token, which must be for one of ``names`` (None: for any website)."""
        given = headers.getlist(TOKEN_HEADER)
        code = "token_missing" if not given else "token_invalid"
        if len(given) == 1:
            try:
                token = self.tokens.read(given[0])
            except TokenError as error:
                code = error.code
            else:
                known = not token.site or token.site in self.sites
                if known and (names is None or token.site in names):
                    return Visitor(anyone.address, self.sites.get(token.site), token.client)
                code = "token_foreign" if known else "token_invalid"
        raise ApiError(401, code, headers={"WWW-Authenticate": "YijuToken"})

    def _key(self, headers: Headers) -> ApiKey | None:
        """Return the key that is shown, None where none is.

        Raises:
            ApiError: 401, it is none of ours.
        """
        shown = presented(headers)
        if shown is None:
            return None
        key = self.keys.find(shown)
        if key is None:
            raise ApiError(401, "key_invalid", headers={"WWW-Authenticate": "Bearer"})
        return key

    def _keyed(self, key: ApiKey, anyone: Visitor) -> Visitor:
        return Visitor(anyone.address, self.sites.get(key.site), key=key)

    def _origin(self, headers: Headers) -> str | None:
        given = headers.getlist("origin")
        if len(given) > 1:
            raise ApiError(403, "origin_forbidden")
        return given[0] if given else None

    def _placed(self, origin: str, scope: Scope, headers: Headers) -> tuple[bool, frozenset[str]]:
        """Return whether an origin is our own, and for which websites it is listed.

        Raises:
            ApiError: 403, it is neither.
        """
        own, names = self._is_own(origin, scope, headers), self.names.get(origin, frozenset())
        if not own and not names:
            raise self._foreign(origin)
        return own, names

    def _is_own(self, origin: str, scope: Scope, headers: Headers) -> bool:
        """Say whether an origin is ours: as configured, else the scheme and host that this request was sent to."""
        if self.own:
            return origin in self.own
        host = headers.get("host", "").lower()
        if not HOST.fullmatch(host):
            return False
        return origin == f"{scope['scheme']}://{host.removesuffix(_DEFAULT_PORT.get(scope['scheme'], ':80'))}"

    def _foreign(self, origin: str) -> ApiError:
        if origin not in self.logged and len(self.logged) < _MOST_LOGGED:
            self.logged.add(origin)
            log.warning(
                "拒绝了来源 %.120r 的请求。如果它是自己的网站，请写进 [[sites]] 的 origins 或 own_origins。", origin
            )
        return ApiError(403, "origin_forbidden")
