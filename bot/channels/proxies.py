"""Where a request really comes from: what trusted proxies say of it, and nothing that anyone else says."""

from __future__ import annotations

import ipaddress
import logging
import re
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

log = logging.getLogger("yiju.gate")

LOCAL_KEY = "yiju.local"
HOST = re.compile(r"(?:[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
# What proxies add. A request that bears one did not start on this machine, whatever address it comes from.
_FORWARDED = frozenset(
    (b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-real-ip", b"forwarded", b"via")
)


class Proxies:
    """Outermost ASGI layer: sets the client's address, the scheme and the host by the proxies that are trusted.

    The address is the right-most one in ``X-Forwarded-For`` that is no trusted proxy (uvicorn's own code). Notes in the
    scope whether the request was made on this machine itself, by its true peer and without any proxy.
    """

    def __init__(self, app: ASGIApp, trusted: Sequence[str], behind_tls: bool) -> None:
        self.app = app
        self.behind_tls = behind_tls
        self.forwarded = ProxyHeadersMiddleware(self._renamed, list(trusted))  # type: ignore[arg-type]
        self.warned = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        peer = unmapped(scope["client"][0]) if scope.get("client") else ""
        if peer:
            scope["client"] = (peer, scope["client"][1])
        forwarded = any(name in _FORWARDED for name, _ in scope["headers"])
        scope[LOCAL_KEY] = is_loopback(peer) and not forwarded
        if self.behind_tls:
            scope["scheme"] = "https"
        if peer in self.forwarded.trusted_hosts:
            await self.forwarded(scope, receive, send)  # type: ignore[arg-type]
            return
        if forwarded and not self.warned and is_private(peer):
            self.warned = True  # once: the operator's own proxy, most likely
            log.warning("%s 转来的请求带有代理的请求头，但 trusted_proxies 里没有它，这些请求头不算数。", peer)
        await self.app(scope, receive, send)

    async def _renamed(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what a trusted proxy sent, under the host name that it was asked for."""
        if self.behind_tls:
            scope["scheme"] = "https"
        host = Headers(scope=scope).getlist("x-forwarded-host")
        name = host[-1].rsplit(",", 1)[-1].strip() if host else ""
        if HOST.fullmatch(name):
            others = [pair for pair in scope["headers"] if pair[0] != b"host"]
            scope["headers"] = [*others, (b"host", name.encode("ascii"))]
        await self.app(scope, receive, send)


def unmapped(address: str) -> str:
    """Return an address, one of IPv4 that came in through an IPv6 socket as what it is."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return str(mapped or parsed)


def is_loopback(address: str) -> bool:
    """Say whether an address is this machine's own."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def is_private(address: str) -> bool:
    """Say whether an address is of this machine or its local network."""
    try:
        return ipaddress.ip_address(address).is_private
    except ValueError:
        return False
