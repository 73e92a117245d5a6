"""微信客服: the callback only says that there is something; the messages are fetched page by page, each once.

The cursor and a page's messages are kept in one transaction, so that a crash between two pages neither loses nor
repeats one.
"""

from __future__ import annotations

import logging
import re
import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.channels.wechat.accounts import Account
from bot.channels.wechat.api import Api
from bot.channels.wechat.database import Database
from bot.channels.wechat.turns import Turn, Turns
from bot.channels.wechat.vault import Vault
from bot.errors import PlatformError

_log = logging.getLogger("yiju.wechat")
_PAGE = 1000
_SYNC_SECONDS = 30.0  # how long one process keeps an account's fetching to itself without news of it
_SLOWEST_SECONDS = 120.0
_FROM_CUSTOMER, _FROM_SYSTEM = 3, 4
_SESSION_ENDED = 3
_NUMBERED = re.compile(r"^\d{1,2}\.\s*")


@dataclass(frozen=True, slots=True)
class Place:
    """Where fetching stands for one 客服 account."""

    account: str
    open_kfid: str
    cursor: str
    token: str
    wanted: float
    attempts: int


class Sync:
    """Fetches messages into the book."""

    def __init__(
        self,
        accounts: Mapping[str, Account],
        database: Database,
        vault: Vault,
        turns: Turns,
        api: Api,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._accounts, self._database, self._vault = accounts, database, vault
        self._turns, self._api, self._clock = turns, api, clock

    def want(self, account: str, open_kfid: str, token: str) -> None:
        """Note that there is something to fetch; kept on disk, so that a restart forgets nothing."""
        now = self._clock()
        with self._database.transaction() as step:
            step.execute(
                "INSERT INTO cursors (account, open_kfid, token, wanted) VALUES (?, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET token = excluded.token, wanted = excluded.wanted",
                (account, open_kfid[:64], token[:128], now),
            )

    def run(self) -> bool:
        """Fetch all that is wanted now; tell whether anything came."""
        came = False
        while (place := self._take()) is not None:
            account = self._accounts.get(place.account)
            if account is None:
                self._done(place, 0.0)
                continue
            try:
                while self._page(account, place.open_kfid):
                    came = True
                came = True
                self._done(place, 0.0)
            except PlatformError as error:
                _log.warning("%s: not fetched: %s", account.name, error)
                self._done(place, min(_SLOWEST_SECONDS, 0.5 * 2.0 ** min(place.attempts, 10)))
        return came

    def _take(self) -> Place | None:
        now = self._clock()
        with self._database.transaction() as step:
            row = step.execute(
                "SELECT * FROM cursors WHERE wanted > 0 AND due <= ? ORDER BY wanted LIMIT 1", (now,)
            ).fetchone()
            if row is None:
                return None
            step.execute(
                "UPDATE cursors SET due = ? WHERE account = ? AND open_kfid = ?",
                (now + _SYNC_SECONDS, row["account"], row["open_kfid"]),
            )
        return Place(
            row["account"], row["open_kfid"], row["cursor"], row["token"], row["wanted"], row["attempts"]
        )  # fmt: skip

    def _done(self, place: Place, again_in: float) -> None:
        """Note the end of fetching; what was announced meanwhile is still wanted."""
        now = self._clock()
        with self._database.transaction() as step:
            if again_in:
                step.execute(
                    "UPDATE cursors SET due = ?, attempts = attempts + 1 WHERE account = ? AND open_kfid = ?",
                    (now + again_in, place.account, place.open_kfid),
                )
                return
            step.execute(
                "UPDATE cursors SET due = 0, attempts = 0, wanted = CASE WHEN wanted > ? THEN wanted ELSE 0 END "
                "WHERE account = ? AND open_kfid = ?",
                (place.wanted, place.account, place.open_kfid),
            )

    def _page(self, account: Account, open_kfid: str) -> bool:
        """Fetch and keep one page; tell whether there is another."""
        rows = self._database.read(
            "SELECT cursor, token FROM cursors WHERE account = ? AND open_kfid = ?", account.name, open_kfid
        )
        cursor, token = (rows[0]["cursor"], rows[0]["token"]) if rows else ("", "")
        body: dict[str, Any] = {"limit": _PAGE, "voice_format": 0, "open_kfid": open_kfid}
        body |= {"cursor": cursor} if cursor else {}
        body |= {"token": token} if token else {}
        answer = self._api.call(account, "/cgi-bin/kf/sync_msg", body)
        messages = answer.get("msg_list")
        following = str(answer.get("next_cursor") or cursor)[:128]
        with self._database.transaction() as step:
            moved = step.execute(
                "UPDATE cursors SET cursor = ?, due = ? WHERE account = ? AND open_kfid = ? AND cursor = ?",
                (following, self._clock() + _SYNC_SECONDS, account.name, open_kfid, cursor),
            )
            if not moved.rowcount:  # another process went on from here meanwhile
                return False
            for number, message in enumerate(messages if isinstance(messages, list) else ()):
                if isinstance(message, dict):
                    self._keep(step, account, open_kfid, message, number)
        return bool(answer.get("has_more")) and following != cursor

    def _keep(
        self, step: sqlite3.Connection, account: Account, open_kfid: str, message: dict[str, Any], number: int
    ) -> None:
        """Keep one message to be answered; what a person or an event said needs no answer."""
        event = message.get("event") if isinstance(message.get("event"), dict) else {}
        assert isinstance(event, dict)
        user = str(message.get("external_userid") or event.get("external_userid") or "")
        name = str(message.get("msgid") or "")
        if not user or not name or len(user) > 128:
            return
        hashed = self._vault.name(account.name, user)
        question = _question(message, event)
        if question is None:
            return
        question |= {"to": user, "open_kfid": str(message.get("open_kfid") or event.get("open_kfid") or open_kfid)}
        turn = Turn(account.name, self._vault.name(account.name, "kf", name), hashed, question)
        self._turns.add(step, turn, number)


def _question(message: dict[str, Any], event: dict[str, Any]) -> dict[str, Any] | None:
    kind, origin = message.get("msgtype"), message.get("origin")
    if kind == "event":
        if event.get("event_type") == "enter_session" and event.get("welcome_code"):
            return {"kind": "welcome", "welcome_code": str(event["welcome_code"])[:128]}
        if event.get("event_type") == "session_status_change" and event.get("change_type") == _SESSION_ENDED:
            return {"kind": "human-left"}
        return None
    if origin != _FROM_CUSTOMER:
        return None
    if kind == "text":
        text = message.get("text") if isinstance(message.get("text"), dict) else {}
        assert isinstance(text, dict)
        content = str(text.get("content") or "")
        tapped = bool(text.get("menu_id"))  # an entry of our menu comes back with the number that we gave it
        return {"kind": "text", "text": _NUMBERED.sub("", content) if tapped else content}
    return {"kind": kind if kind in ("voice", "image") else "unknown"}
