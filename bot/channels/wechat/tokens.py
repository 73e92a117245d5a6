"""Access tokens, one for each account, shared by all processes: renewed early, by one of them, and at once when dead."""

from __future__ import annotations

import time
from collections.abc import Callable

from bot.channels.wechat.database import Database
from bot.channels.wechat.vault import Vault
from bot.errors import PlatformError

_EARLY_SECONDS = 300.0  # platforms keep an old token alive for five minutes after a new one is given out
_FETCH_SECONDS = 15.0
_WAIT_SECONDS = 0.1

Fetch = Callable[[bool], tuple[str, float]]


class Tokens:
    """The shared store. Thread-safe."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._database, self._vault, self._clock, self._sleep = database, vault, clock, sleep

    def get(self, account: str, fetch: Fetch, dead: str = "") -> str:
        """Return a token that is not ``dead`` (one that the platform just refused).

        Args:
            account: Whose.
            fetch: Gets a new one from the platform (told whether the old one is dead) with its lifetime in seconds.
            dead: The refused token; where another process has replaced it already, that one's is returned.

        Raises:
            PlatformError: none can be had.
        """
        end = self._clock() + _FETCH_SECONDS
        while True:
            token, expires, mine = self._look(account, dead)
            if token and not mine:
                return token
            if mine:
                return self._renew(account, fetch, dead, token if expires > self._clock() else "")
            if self._clock() >= end:
                raise PlatformError("别的进程取 access_token 迟迟没有结果。")
            self._sleep(_WAIT_SECONDS)

    def _look(self, account: str, dead: str) -> tuple[str, float, bool]:
        """Return the kept token (empty where it is dead or over), when it ends, and whether we are to renew it."""
        now = self._clock()
        with self._database.transaction() as step:
            step.execute("INSERT INTO tokens (account) VALUES (?) ON CONFLICT DO NOTHING", (account,))
            row = step.execute("SELECT * FROM tokens WHERE account = ?", (account,)).fetchone()
            token = str(self._vault.open_sealed(row["token"]) or "")
            usable = bool(token) and token != dead and row["expires"] > now
            if usable and row["expires"] - _margin(row["expires"] - row["fetched"]) > now:
                return token, row["expires"], False
            if row["fetching"] > now:  # another process is at it
                return token if usable else "", row["expires"], False
            step.execute("UPDATE tokens SET fetching = ? WHERE account = ?", (now + _FETCH_SECONDS, account))
        return token if usable else "", row["expires"], True

    def _renew(self, account: str, fetch: Fetch, dead: str, still_good: str) -> str:
        try:
            token, seconds = fetch(bool(dead))
        except PlatformError:
            with self._database.transaction() as step:
                step.execute("UPDATE tokens SET fetching = 0 WHERE account = ?", (account,))
            if still_good:
                return still_good
            raise
        now = self._clock()
        with self._database.transaction() as step:
            step.execute(
                "UPDATE tokens SET token = ?, expires = ?, fetched = ?, fetching = 0 WHERE account = ?",
                (self._vault.seal(token), now + seconds, now, account),
            )
        return token


def _margin(lifetime: float) -> float:
    """Return how long before its end a token is renewed: five minutes, less for a short-lived one."""
    return min(_EARLY_SECONDS, lifetime / 10.0)
