"""What WeChat's processes share on disk: turns, tokens, keys, and what is deleted when."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.channels.wechat.database import Database
from bot.channels.wechat.memory import Choice, Item, Memory
from bot.channels.wechat.replays import purge
from bot.channels.wechat.tokens import Tokens
from bot.channels.wechat.turns import LEASE_SECONDS, Turn, Turns
from bot.channels.wechat.vault import Vault
from bot.errors import ForgedMessageError, PlatformError, SettingsError
from bot.settings import load_settings
from tests.conftest import ROOT

MEMORY = Memory("s_1", (Choice("甲", "甲?", True),), ("第二页",), 1)


class Clock:
    """A clock that a test moves."""

    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        time.sleep(0.001)  # who waits for another does not move the clock


class Store:
    """Two processes' views of one file."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.databases = [Database(folder / "w.db") for _ in range(2)]
        self.vault = Vault.open(folder / "w.key")
        self.first, self.second = (Turns(database, self.vault, self.clock) for database in self.databases)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path)
    yield made
    for database in made.databases:
        database.close()


def turn(key: str = "k", user: str = "u") -> Turn:
    return Turn("main", key, user, {"kind": "text", "text": "水果", "to": "o_1"})


def test_a_turn_is_claimed_once_and_taken_over_from_the_dead(store: Store) -> None:
    assert store.first.claim(turn()) == "mine"
    assert store.second.claim(turn()) == "theirs"
    store.clock.now += LEASE_SECONDS - 0.1
    store.first.renew({("main", "k")})
    store.clock.now += LEASE_SECONDS - 0.1
    assert store.second.claim(turn()) == "theirs"
    assert store.second.orphans(set()) == []
    store.clock.now += 0.2
    assert store.first.orphans({("main", "k")}) == []  # its own, only late
    assert store.second.claim(turn()) == "mine"
    assert not store.first.finish(turn(), (Item("zu spät"),), None)
    assert store.second.finish(turn(), (Item("水果"),), MEMORY)
    assert store.first.claim(turn()) == "done"
    assert store.first.take_passive("main", "k") == (True, "水果")
    assert store.second.take_passive("main", "k") == (True, "水果")
    assert store.first.memory("main", "u") == MEMORY


def test_orphans_come_back_whole_and_in_order(store: Store) -> None:
    for key in ("b", "a", "c"):
        store.first.claim(turn(key))
        store.clock.now += 0.1
    store.clock.now += LEASE_SECONDS
    assert [found.key for found in store.second.orphans(set())] == ["b", "a", "c"]
    assert store.second.orphans(set()) == []
    store.clock.now += LEASE_SECONDS + 1
    assert store.first.orphans(set())[0].question == turn().question


def test_a_stamp_is_bound_to_one_message(store: Store) -> None:
    assert store.first.claim(turn("k1"), "stamp") == "mine"
    assert store.second.claim(turn("k1"), "stamp") == "theirs"
    with pytest.raises(ForgedMessageError):
        store.second.claim(turn("k2"), "stamp")
    assert store.second.take_passive("main", "k2") == (False, None)  # nothing of it was kept


def test_an_answer_goes_one_way_only(store: Store) -> None:
    store.first.claim(turn())
    assert store.first.send_later("main", "k")
    assert store.second.due() == []  # not answered yet
    store.first.finish(turn(), (Item("一"), Item("二")), None)
    assert store.first.take_passive("main", "k") == (True, None)
    (due,) = store.second.due()
    assert (due.items, due.question["to"]) == ((Item("一"), Item("二")), "o_1")
    assert store.first.due() == []  # the other process is sending it
    assert store.first.waiting_for("main", "u", "other", False) == (False, None)
    store.second.sent(due, 1, False)
    store.second.postpone(due, 10.0)
    assert store.first.due() == []
    store.clock.now += 11
    (again,) = store.first.due()
    assert (again.sent, again.attempts) == (1, 1)
    store.first.stick(again)
    assert store.second.waiting_for("main", "u", "other", True)[1] is not None
    assert store.second.waiting_for("main", "u", "other", True) == (False, None)
    assert store.first.take_passive("main", "k") == (True, None)


def test_what_is_deleted_when(store: Store) -> None:
    settings = load_settings(wechat_keep_minutes=10, wechat_unsent_hours=2, session_minutes=30)
    for key, delivery in (("given", "passive"), ("kept", ""), ("nothing", "none")):
        store.first.claim(turn(key), f"s-{key}")
        store.first.finish(turn(key), (Item("x"),), MEMORY, delivery)

    def left(table: str) -> int:
        return int(store.databases[0].read(f"SELECT COUNT(*) FROM {table}")[0][0])

    purge(store.databases[0], settings, store.clock.now + 9 * 60)
    assert (left("turns"), left("users"), left("stamps")) == (3, 1, 3)
    purge(store.databases[0], settings, store.clock.now + 11 * 60)
    assert (left("turns"), left("users"), left("stamps")) == (1, 1, 0)
    purge(store.databases[0], settings, store.clock.now + 31 * 60)
    assert (left("turns"), left("users")) == (1, 0)
    purge(store.databases[0], settings, store.clock.now + 121 * 60)
    assert left("turns") == 0


def test_a_person_who_answers_is_remembered_beyond_the_conversation(store: Store) -> None:
    settings = load_settings()
    store.first.silence("main", "u", store.clock.now + 12 * 3600)
    purge(store.databases[0], settings, store.clock.now + 6 * 3600)
    assert store.second.memory("main", "u").human_until > store.clock.now


# Tokens


def test_one_process_fetches_and_all_use_it(store: Store) -> None:
    fetched: list[bool] = []

    def fetch(anew: bool) -> tuple[str, float]:
        fetched.append(anew)
        return f"token-{len(fetched)}", 7200.0

    views = [Tokens(database, store.vault, store.clock, store.clock.sleep) for database in store.databases]
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda n: views[n % 2].get("main", fetch), range(16))) == {"token-1"}
    assert fetched == [False]
    store.clock.now += 7200 - 301
    assert views[1].get("main", fetch) == "token-1"
    store.clock.now += 2
    assert views[0].get("main", fetch) == "token-2"  # early
    assert views[1].get("main", fetch, dead="token-2") == "token-3"
    assert views[0].get("main", fetch, dead="token-2") == "token-3"  # replaced already
    assert fetched == [False, False, True]


def test_a_renewal_that_fails_leaves_the_old_token_in_use(store: Store) -> None:
    tokens = Tokens(store.databases[0], store.vault, store.clock, store.clock.sleep)

    def down(anew: bool) -> tuple[str, float]:
        raise PlatformError("down")

    with pytest.raises(PlatformError):
        tokens.get("main", down)
    tokens.get("main", lambda anew: ("good", 7200.0))
    store.clock.now += 7000
    assert tokens.get("main", down) == "good"
    store.clock.now += 201
    with pytest.raises(PlatformError):
        tokens.get("main", down)


# The vault and the file


def test_the_vault_hides_and_recognises(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path / "k")
    assert (tmp_path / "k").stat().st_mode & 0o777 == 0o600
    sealed = vault.seal({"to": "oUser", "text": "问\ud800"})
    assert b"oUser" not in sealed
    assert Vault.open(tmp_path / "k").open_sealed(sealed) == {"to": "oUser", "text": "问\ud800"}
    assert Vault.open(tmp_path / "other").open_sealed(sealed) is None
    assert vault.open_sealed(sealed[:-1] + bytes([sealed[-1] ^ 1])) is None
    assert vault.name("a", "b") == Vault.open(tmp_path / "k").name("a", "b") != vault.name("ab", "")


def test_processes_that_start_together_agree_on_the_key(tmp_path: Path) -> None:
    code = f"from pathlib import Path; from bot.channels.wechat.vault import Vault; print(Vault.open(Path({str(tmp_path / 'k')!r})).name('x'))"
    running = [subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE) for _ in range(4)]
    assert len({process.communicate()[0] for process in running}) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["k"]


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    (tmp_path / "k").write_bytes(b"x" * 32)
    (tmp_path / "k").chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        Vault.open(tmp_path / "k")
    (tmp_path / "short").write_bytes(b"x")
    (tmp_path / "short").chmod(0o600)
    with pytest.raises(SettingsError, match="已损坏"):
        Vault.open(tmp_path / "short")
    (tmp_path / "bad.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(SettingsError, match=r"bad\.db"):
        Database(tmp_path / "bad.db")
    later = sqlite3.connect(tmp_path / "later.db")
    later.execute("PRAGMA user_version=99")
    later.close()
    with pytest.raises(SettingsError, match="另一版本"):
        Database(tmp_path / "later.db")
