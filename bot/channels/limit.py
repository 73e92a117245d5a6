"""How often one may ask: moving windows of a minute by opened page, program and address, a count a day by website."""

from __future__ import annotations

import ipaddress
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter, MovingWindowRateLimiter

from bot.channels.visitor import Visitor
from bot.sites import Site


@dataclass(frozen=True, slots=True)
class Wait:
    """That a caller has to wait: how long, and which wording says why."""

    seconds: int
    code: str


class RateLimiter:
    """Counts requests in memory, for one process; thread-safe. ``per_minute`` 0 switches all limits off."""

    def __init__(
        self,
        per_minute: int,
        per_client: int = 0,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        """Allow ``per_minute`` requests an address and ``per_client`` (0: any number) a page; ``now`` is local time."""
        self._per_minute, self._per_client, self._now = per_minute, per_client, now
        storage = MemoryStorage()
        self._window = MovingWindowRateLimiter(storage)
        self._days = FixedWindowRateLimiter(storage)

    def wait(self, purpose: str, address: str | None) -> int:
        """Count one request of an address; return 0 if it may pass, else the whole seconds to wait."""
        return self._minute(self._per_minute, purpose, network_of(address)) if self._per_minute else 0

    def refusal(self, purpose: str, visitor: Visitor) -> Wait | None:
        """Count one request of a visitor; return None if it may pass. The narrowest limit counts first."""
        if not self._per_minute:
            return None
        if visitor.key is not None:  # many patients ask through one program
            seconds = self._minute(visitor.key.per_minute, purpose, f"key {visitor.key.name}")
        else:
            seconds = self._minute(self._per_client, purpose, f"client {visitor.client}") if visitor.client else 0
            seconds = seconds or self.wait(purpose, visitor.address)
        if seconds:
            return Wait(seconds, "rate_limited")
        if visitor.site is None or not visitor.site.daily_limit or purpose != "ask":
            return None
        return self._day(visitor.site)

    def _minute(self, amount: int, purpose: str, who: str) -> int:
        if not amount:
            return 0
        item: RateLimitItem = RateLimitItemPerMinute(amount)
        if self._window.hit(item, purpose, who):
            return 0
        reset = self._window.get_window_stats(item, purpose, who).reset_time
        return max(1, math.ceil(reset - time.time()))

    def _day(self, site: Site) -> Wait | None:
        """Count one question of a website's day, which ends at local midnight."""
        now = self._now()
        if self._days.hit(RateLimitItemPerDay(site.daily_limit), "site", site.name, now.date().isoformat()):
            return None
        midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return Wait(max(1, math.ceil((midnight - now).total_seconds())), "site_limited")


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
