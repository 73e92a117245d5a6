"""How often one address may ask: a moving window of one minute, kept in memory."""

from __future__ import annotations

import ipaddress
import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter


class RateLimiter:
    """Counts requests by client address; thread-safe. ``per_minute`` 0 switches it off."""

    def __init__(self, per_minute: int) -> None:
        self._item = RateLimitItemPerMinute(per_minute) if per_minute else None
        self._window = MovingWindowRateLimiter(MemoryStorage())

    def wait(self, purpose: str, address: str | None) -> int:
        """Count one request; return 0 if it may pass, else the whole seconds to wait."""
        if self._item is None:
            return 0
        key = network_of(address)
        if self._window.hit(self._item, purpose, key):
            return 0
        reset = self._window.get_window_stats(self._item, purpose, key).reset_time
        return max(1, math.ceil(reset - time.time()))


def network_of(address: str | None) -> str:
    """Return what stands for one household: the IPv4 address, or the /64 network of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
