"""Every message once: who works on it, what was answered, and how the answer reached the patient.

A turn is claimed by inserting its row; the claim is a lease, renewed while its process lives, so that another process
takes over what a dead one left. ``delivery`` says how the answer goes: '' not yet, ``passive`` as a response, ``api``
waiting for the customer-service interface, ``sent``, ``given`` by "更多", ``stuck`` where the interface will not take
it any more (it waits for "更多"), ``none`` where there is nothing to say.
"""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from bot.channels.wechat.database import Database
from bot.channels.wechat.memory import Item, Memory, items_from_json, items_to_json
from bot.channels.wechat.replays import bind_stamp
from bot.channels.wechat.vault import Vault

Claim = Literal["mine", "done", "theirs"]
Held = tuple[str, str]  # account and key of a turn
LEASE_SECONDS = 3.0
SENDING_SECONDS = 60.0  # longer than any batch of calls takes


@dataclass(frozen=True, slots=True)
class Turn:
    """One message in the book. ``user`` is a keyed hash; ``question`` what is needed to answer and send."""

    account: str
    key: str
    user: str
    question: dict[str, Any]
    items: tuple[Item, ...] = ()
    sent: int = 0
    attempts: int = 0
    created: float = 0.0


class Turns:
    """The book of turns, shared by processes. Thread-safe."""

    def __init__(self, database: Database, vault: Vault, clock: Callable[[], float] = time.time) -> None:
        self._database, self._vault, self._clock = database, vault, clock
        self.owner = secrets.token_hex(8)

    def claim(self, turn: Turn, stamp: str = "") -> Claim:
        """Claim a turn, or learn that it is answered or being worked on by another.

        Raises:
            ForgedMessageError: the request's ``stamp`` was used for another message.
        """
        now = self._clock()
        with self._database.transaction() as step:
            if stamp:
                bind_stamp(step, turn.account, stamp, turn.key, now)
            done = step.execute(
                "INSERT INTO turns (account, key, user, question, state, owner, lease, created) "
                "VALUES (?, ?, ?, ?, 'working', ?, ?, ?) ON CONFLICT DO NOTHING",
                (turn.account, turn.key, turn.user, self._vault.seal(turn.question), self.owner, now + LEASE_SECONDS, now),
            )  # fmt: skip
            if done.rowcount:
                return "mine"
            taken = step.execute(
                "UPDATE turns SET owner = ?, lease = ? WHERE account = ? AND key = ? AND state = 'working' "
                "AND lease < ? AND owner != ?",
                (self.owner, now + LEASE_SECONDS, turn.account, turn.key, now, self.owner),
            )
            if taken.rowcount:
                return "mine"
            row = step.execute(
                "SELECT state FROM turns WHERE account = ? AND key = ?", (turn.account, turn.key)
            ).fetchone()
        return "done" if row["state"] == "done" else "theirs"

    def renew(self, held: Collection[Held]) -> None:
        """Renew the leases of what this process works on."""
        lease = self._clock() + LEASE_SECONDS
        with self._database.transaction() as step:
            step.executemany(
                "UPDATE turns SET lease = ? WHERE account = ? AND key = ? AND state = 'working' AND owner = ?",
                [(lease, account, key, self.owner) for account, key in held],
            )

    def orphans(self, held: Collection[Held], most: int = 50) -> list[Turn]:
        """Take over turns that nobody works on any more, oldest first; ``held`` are this process's own."""
        now = self._clock()
        with self._database.transaction() as step:
            rows = step.execute(
                "SELECT * FROM turns WHERE state = 'working' AND lease < ? ORDER BY created, seq LIMIT ?",
                (now, most + len(held)),
            ).fetchall()
            rows = [row for row in rows if (row["account"], row["key"]) not in held][:most]
            for row in rows:
                step.execute(
                    "UPDATE turns SET owner = ?, lease = ? WHERE account = ? AND key = ?",
                    (self.owner, now + LEASE_SECONDS, row["account"], row["key"]),
                )
        return [self._turn(row) for row in rows]

    def finish(self, turn: Turn, items: Sequence[Item], memory: Memory | None, delivery: str = "") -> bool:
        """Keep a turn's answer and what its user is remembered by, in one step.

        Returns False, and keeps nothing, where another process took the turn over in the meantime.
        """
        with self._database.transaction() as step:
            kept = step.execute(
                "UPDATE turns SET state = 'done', items = ?, delivery = CASE WHEN delivery = '' THEN ? ELSE delivery END, "
                "question = CASE WHEN ? IN ('passive', 'none') THEN NULL ELSE question END "
                "WHERE account = ? AND key = ? AND state = 'working' AND owner = ?",
                (self._vault.seal(items_to_json(items)), delivery, delivery, turn.account, turn.key, self.owner),
            )
            if not kept.rowcount:
                return False
            if memory is not None:
                self._remember(step, turn.account, turn.user, memory)
        return True

    def take_passive(self, account: str, key: str) -> tuple[bool, str | None]:
        """Take an answer as the response to the platform's request.

        Returns whether the turn is finished and what to answer; nothing where it goes, or went, another way. The same
        request made again gets the same answer again: the platform asks twice only where the first did not reach it.
        """
        with self._database.transaction() as step:
            row = step.execute("SELECT * FROM turns WHERE account = ? AND key = ?", (account, key)).fetchone()
            if row is None or row["state"] != "done":
                return False, None
            if row["delivery"] not in ("", "passive"):
                return True, None
            step.execute("UPDATE turns SET delivery = 'passive' WHERE account = ? AND key = ?", (account, key))
        items = items_from_json(self._vault.open_sealed(row["items"]))
        return True, items[0].text if items else None

    def send_later(self, account: str, key: str) -> bool:
        """Let the customer-service interface send the answer; False where it is out already."""
        with self._database.transaction() as step:
            moved = step.execute(
                "UPDATE turns SET delivery = 'api', due = ? WHERE account = ? AND key = ? AND delivery = ''",
                (self._clock(), account, key),
            )
        return bool(moved.rowcount)

    def waiting_for(self, account: str, user: str, but: str, only_stuck: bool) -> tuple[bool, Turn | None]:
        """Take a user's oldest answer that has not gone out, as "更多" asks for it.

        Args:
            account: Whose.
            user: Keyed hash.
            but: The key of the turn that asks.
            only_stuck: Leave what the interface is about to send anyway (微信客服, where all goes by it).

        Returns:
            Whether one is still being worked on, and the taken one.
        """
        now = self._clock()
        with self._database.transaction() as step:
            rows = step.execute(
                "SELECT * FROM turns WHERE account = ? AND user = ? AND key != ? AND delivery IN ('', 'stuck', 'api') "
                "AND sending < ? ORDER BY created, seq",
                (account, user, but, now),
            ).fetchall()
            rows = [row for row in rows if row["delivery"] == "stuck" or not only_stuck]
            ready = next((row for row in rows if row["state"] == "done"), None)
            if ready is not None:
                step.execute(
                    "UPDATE turns SET delivery = 'given' WHERE account = ? AND key = ?", (account, ready["key"])
                )
        return any(row["state"] == "working" for row in rows), None if ready is None else self._turn(ready)

    def add(self, step: sqlite3.Connection, turn: Turn, seq: int) -> None:
        """Put a fetched message into the book within the caller's transaction, to be worked on by whoever comes."""
        step.execute(
            "INSERT INTO turns (account, key, user, seq, question, state, owner, lease, delivery, created) "
            "VALUES (?, ?, ?, ?, ?, 'working', '', 0, 'api', ?) ON CONFLICT DO NOTHING",
            (turn.account, turn.key, turn.user, seq, self._vault.seal(turn.question), self._clock()),
        )

    def due(self, most: int = 20) -> list[Turn]:
        """Lease answers that the interface should send now; the lease passes if this process dies."""
        now = self._clock()
        with self._database.transaction() as step:
            rows = step.execute(
                "SELECT * FROM turns WHERE delivery = 'api' AND state = 'done' AND due <= ? AND sending < ? "
                "ORDER BY due, created, seq LIMIT ?",
                (now, now, most),
            ).fetchall()
            for row in rows:
                step.execute(
                    "UPDATE turns SET sending = ? WHERE account = ? AND key = ?",
                    (now + SENDING_SECONDS, row["account"], row["key"]),
                )
        return [self._turn(row) for row in rows]

    def sent(self, turn: Turn, count: int, last: bool) -> None:
        """Note that the first ``count`` items of an answer were sent."""
        with self._database.transaction() as step:
            step.execute(
                "UPDATE turns SET sent = ?, attempts = 0, sending = CASE WHEN ? THEN 0 ELSE sending END, delivery = ? "
                "WHERE account = ? AND key = ?",
                (count, last, "sent" if last else "api", turn.account, turn.key),
            )

    def postpone(self, turn: Turn, seconds: float) -> None:
        """Try again to send an answer after some seconds."""
        with self._database.transaction() as step:
            step.execute(
                "UPDATE turns SET attempts = attempts + 1, due = ?, sending = 0 WHERE account = ? AND key = ?",
                (self._clock() + seconds, turn.account, turn.key),
            )

    def stick(self, turn: Turn) -> None:
        """Give up sending an answer: it waits for "更多"."""
        with self._database.transaction() as step:
            step.execute(
                "UPDATE turns SET delivery = 'stuck', sending = 0 WHERE account = ? AND key = ?",
                (turn.account, turn.key),
            )

    def replace_items(self, turn: Turn, items: Sequence[Item]) -> None:
        """Send other items, of which those before ``turn.sent`` are out already."""
        with self._database.transaction() as step:
            step.execute(
                "UPDATE turns SET items = ?, due = ?, attempts = 0, sending = 0 WHERE account = ? AND key = ?",
                (self._vault.seal(items_to_json(items)), self._clock(), turn.account, turn.key),
            )

    def memory(self, account: str, user: str) -> Memory:
        """Return what a user is remembered by."""
        rows = self._database.read("SELECT memory FROM users WHERE account = ? AND user = ?", account, user)
        return Memory.from_json(self._vault.open_sealed(rows[0]["memory"]) if rows else None)

    def silence(self, account: str, user: str, until: float) -> None:
        """Keep the bot silent towards a user until a moment (0: it may speak again): a person is answering."""
        memory = replace(self.memory(account, user), human_until=until)
        with self._database.transaction() as step:
            self._remember(step, account, user, memory)

    def _remember(self, step: sqlite3.Connection, account: str, user: str, memory: Memory) -> None:
        updated = max(self._clock(), memory.human_until)
        step.execute(
            "INSERT INTO users VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET memory = excluded.memory, "
            "updated = excluded.updated",
            (account, user, self._vault.seal(memory.to_json()), updated),
        )

    def forget(self, account: str, user: str) -> None:
        """Delete what is kept of a user, but for the keys by which a delivery is known again."""
        with self._database.transaction() as step:
            step.execute("DELETE FROM users WHERE account = ? AND user = ?", (account, user))
            step.execute(
                "UPDATE turns SET question = NULL, items = NULL, delivery = 'none' "
                "WHERE account = ? AND user = ? AND state = 'done'",
                (account, user),
            )

    def _turn(self, row: sqlite3.Row) -> Turn:
        return Turn(
            row["account"], row["key"], row["user"], self._vault.open_sealed(row["question"]) or {},
            items_from_json(self._vault.open_sealed(row["items"])), row["sent"], row["attempts"], row["created"],
        )  # fmt: skip
