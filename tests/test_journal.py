"""The journal keeps what it should, masked, and stays out of the way when it cannot. On SQLite and on PostgreSQL."""

from __future__ import annotations

import hashlib
import itertools
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from bot.errors import JournalError, SettingsError
from bot.journal import database, writer
from bot.journal.journal import Journal, NoJournal, open_journal
from bot.journal.schema import HEAD, metadata
from bot.journal.store import Record, read_turns
from bot.journal.turn import Turn
from bot.journal.writer import WritingJournal
from bot.settings import load_settings
from tests import postgresql
from tests.journal_writer import Writer

Address = str | Path
TURN = Turn(
    reply="r_1", session="s_abc", kind="answer", asked="我叫王建国,电话13800138000,狼疮性肾炎能治吗",
    reading="狼疮性肾炎能治吗", passages=("a.1", "a.2"), suggestions=3, confidence=0.75, took_ms=12.5, channel="rest",
    site="clinic.example", time=datetime(2026, 11, 1, 8, 30, tzinfo=timezone(timedelta(hours=8))),
)  # fmt: skip
NAMES = itertools.count()


@pytest.fixture(scope="module")
def server() -> Iterator[Path]:
    with postgresql.cluster() as folder:
        yield folder


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Address:
    if request.param == "sqlite":
        return tmp_path / "data" / "journal.sqlite3"
    return postgresql.new_database(request.getfixturevalue("server"), f"journal{next(NAMES)}")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., WritingJournal]]:
    """Open journals that are closed after the test, and that do not wait long for a lock."""
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.1)
    journals = []

    def open_one(address: Address, days: int = 36500) -> WritingJournal:
        journals.append(WritingJournal(address, days))
        return journals[-1]

    yield open_one
    for journal in journals:
        journal.close()


def kept(address: Address) -> list[Record]:
    engine = database.open_database(address)
    try:
        return list(read_turns(engine))
    finally:
        engine.dispose()


def wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(1000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it did not happen")


def test_a_turn_is_kept_with_all_it_has_and_masked(address: Address, opened: Callable[..., WritingJournal]) -> None:
    journal = opened(address)
    journal.add(TURN)
    assert journal.flush(20)
    assert kept(address) == [
        Record(
            reply="r_1", session=hashlib.sha256(b"s_abc").hexdigest(),
            time=datetime(2026, 11, 1, 0, 30, tzinfo=timezone.utc), channel="rest", site="clinic.example", kind="answer",
            rule="", asked="我叫〔姓名〕,电话〔电话〕,狼疮性肾炎能治吗", reading="狼疮性肾炎能治吗", passages=("a.1", "a.2"),
            suggestions=3, confidence=0.75, took_ms=12.5, vote="", vote_time=None,
        )
    ]  # fmt: skip


def test_of_an_emergency_only_the_rules_name_is_kept(address: Address, opened: Callable[..., WritingJournal]) -> None:
    journal = opened(address)
    journal.add(Turn("r_1", "s", "emergency", "爸爸昏迷了", reading="爸爸昏迷了", rule="unconscious"))
    assert journal.flush(20)
    (record,) = kept(address)
    assert (record.kind, record.rule, record.asked, record.reading) == ("emergency", "unconscious", "", "")


def test_the_time_is_now_where_none_is_given(address: Address, opened: Callable[..., WritingJournal]) -> None:
    before = datetime.now(timezone.utc)
    journal = opened(address)
    journal.add(replace(TURN, time=None))
    assert journal.flush(20)
    assert before <= kept(address)[0].time <= datetime.now(timezone.utc)


def test_votes_belong_to_their_turn(address: Address, opened: Callable[..., WritingJournal]) -> None:
    journal = opened(address)
    journal.add(TURN)  # not flushed: the vote waits for it
    assert journal.vote("r_1", "up")
    assert journal.vote("r_1", "down")
    assert not journal.vote("r_2", "up")
    (record,) = kept(address)
    assert record.vote == "down"
    assert record.vote_time is not None
    assert journal.vote("r_1", "none")
    assert (kept(address)[0].vote, kept(address)[0].vote_time) == ("", None)


def test_forgetting_deletes_one_session_whole(address: Address, opened: Callable[..., WritingJournal]) -> None:
    journal = opened(address)
    for number in range(3):
        journal.add(replace(TURN, reply=f"r_{number}"))
    journal.add(replace(TURN, reply="r_other", session="s_other"))
    assert journal.vote("r_1", "up")
    assert journal.forget("s_abc") == 3
    assert [record.reply for record in kept(address)] == ["r_other"]
    assert not journal.vote("r_1", "up")
    assert journal.forget("s_abc") == 0


def test_what_is_older_than_the_days_is_purged_on_opening(
    address: Address, opened: Callable[..., WritingJournal], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(timezone.utc)
    first = opened(address)
    for number, days in enumerate((0, 6, 8, 400)):
        first.add(replace(TURN, reply=f"r_{number}", time=now - timedelta(days=days)))
    assert first.vote("r_3", "up")
    assert first.flush(20)
    monkeypatch.setattr(writer, "_FIRST_SECONDS", 0.0)
    opened(address, days=7)
    wait_for(lambda: len(kept(address)) == 2)
    assert {record.reply for record in kept(address)} == {"r_0", "r_1"}


def test_many_threads_lose_nothing(address: Address, opened: Callable[..., WritingJournal]) -> None:
    journal = opened(address)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: journal.add(replace(TURN, reply=f"r_{n}", session=f"s_{n % 7}")), range(400)))
    assert journal.flush(20)
    assert {record.reply for record in kept(address)} == {f"r_{number}" for number in range(400)}
    assert len({record.session for record in kept(address)}) == 7


def test_the_same_turn_twice_is_kept_once(address: Address, opened: Callable[..., WritingJournal]) -> None:
    journal = opened(address)
    journal.add(TURN)
    journal.add(replace(TURN, asked="另一句"))
    assert journal.flush(20)
    (record,) = kept(address)
    assert record.asked.startswith("我叫")


def test_what_no_database_takes_keeps_nobody_waiting(
    address: Address, opened: Callable[..., WritingJournal], caplog: pytest.LogCaptureFixture
) -> None:
    journal = opened(address)
    journal.add(replace(TURN, reply="r_0"))
    assert not journal.vote("r_\ud800", "up")
    assert not journal.vote("r_\0", "up")
    journal.add(replace(TURN, reply="r_\ud800"))
    journal.add(replace(TURN, reply="r_2", asked="问\0题\ud800", channel="c" * 900, site="s" * 900))
    assert journal.flush(20)
    assert [(record.reply, len(record.channel), len(record.site)) for record in kept(address)] == [
        ("r_0", 4, 14), ("r_2", 32, 255),
    ]  # fmt: skip
    assert kept(address)[1].asked == "问题"
    assert "问题" not in caplog.text


def test_two_processes_that_start_at_once_lose_nothing(address: Address) -> None:
    writers = [Writer(address, name, 150) for name in "abc"]
    assert [process.finish() for process in writers] == [0, 0, 0]
    assert [len(process.acknowledged) for process in writers] == [150, 150, 150]
    assert {record.reply for record in kept(address)} == set().union(*(process.acknowledged for process in writers))


@pytest.mark.parametrize("steps", [True, False], ids=["all steps", "made at once"])
def test_the_tables_are_those_of_the_schema(address: Address, steps: bool) -> None:
    if steps:
        engine = database.connect(address)
        with engine.begin() as connection:
            database.upgrade(connection, "head")
    else:
        engine = database.open_database(address)
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == HEAD
        database.upgrade(connection, "head")  # finds nothing to do
    engine.dispose()


def test_an_older_journal_is_brought_to_the_present_form(
    address: Address, opened: Callable[..., WritingJournal]
) -> None:
    engine = database.connect(address)
    with engine.begin() as connection:
        database.upgrade(connection, "0001")
        columns = "reply, session, time, channel, site, kind, rule, asked, reading, passages, confidence, took_ms"
        connection.execute(
            text(
                f"INSERT INTO turns ({columns}) VALUES ('r_old', 'k', '2026-10-01 00:00:00.000000', '', '', 'answer', '', '旧', '', '[\"a.1\"]', 0.5, 1)"
            )
        )
    engine.dispose()
    journal = opened(address)
    assert journal.vote("r_old", "up")
    (record,) = kept(address)
    assert (record.reply, record.asked, record.passages, record.suggestions, record.vote) == (
        "r_old",
        "旧",
        ("a.1",),
        0,
        "up",
    )


def test_a_newer_journal_is_left_alone(
    address: Address, opened: Callable[..., WritingJournal], caplog: pytest.LogCaptureFixture
) -> None:
    engine = database.open_database(address)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(JournalError, match="更新版本"):
        database.open_database(address)
    journal = opened(address)
    journal.add(TURN)
    assert not journal.flush(0.5)
    assert "更新版本" in caplog.text


def test_a_lock_is_waited_out_and_answers_go_on(
    tmp_path: Path, opened: Callable[..., WritingJournal], caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "journal.sqlite3"
    journal = opened(path)
    journal.add(replace(TURN, reply="r_0"))
    assert journal.flush(20)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    for number in range(1, 300):
        journal.add(replace(TURN, reply=f"r_{number}", asked="不能进日志的话"))
    wait_for(lambda: bool(caplog.records))
    assert journal.vote("r_1", "up")  # nobody knows yet whether there is such a turn
    with pytest.raises(JournalError):
        journal.forget("s_nobody")
    other.execute("ROLLBACK")
    other.close()
    assert journal.flush(20)
    assert len(kept(path)) == 300
    assert next(record.vote for record in kept(path) if record.reply == "r_1") == "up"
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
    assert "不能进日志的话" not in caplog.text


def test_a_file_that_is_taken_away_is_made_anew(tmp_path: Path, opened: Callable[..., WritingJournal]) -> None:
    path = tmp_path / "journal.sqlite3"
    journal = opened(path)
    journal.add(TURN)
    assert journal.flush(20)
    for file in tmp_path.iterdir():
        file.unlink()
    journal.add(replace(TURN, reply="r_2"))
    assert journal.flush(20)
    assert [record.reply for record in kept(path)] == ["r_2"]


def test_a_place_that_cannot_be_written_is_said_once_and_recovers(
    tmp_path: Path,
    opened: Callable[..., WritingJournal],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writer, "_RETRY_SECONDS", (0.05,))
    monkeypatch.setattr(writer, "_QUEUE", 20)
    blocker = tmp_path / "data"
    blocker.write_text("a file where the folder should be", encoding="utf-8")
    journal = opened(blocker / "journal.sqlite3")
    for number in range(30):
        journal.add(replace(TURN, reply=f"r_{number:02}"))
    wait_for(lambda: bool(caplog.records))
    time.sleep(0.2)  # some more tries
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    blocker.unlink()
    wait_for(lambda: journal.flush(0.1))
    assert [record.reply for record in kept(blocker / "journal.sqlite3")] == [f"r_{number:02}" for number in range(20)]
    assert "10" in caplog.records[-1].getMessage()  # as many did not fit into the queue


def test_a_database_that_is_no_database_harms_nobody(
    tmp_path: Path, opened: Callable[..., WritingJournal], caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "journal.sqlite3"
    path.write_bytes(b"not a database at all" * 100)
    journal = opened(path)
    journal.add(TURN)
    assert not journal.flush(0.5)
    assert journal.vote("r_1", "up")
    assert path.read_bytes() == b"not a database at all" * 100
    assert len(caplog.records) == 1


def test_a_server_that_is_away_harms_nobody(
    opened: Callable[..., WritingJournal], caplog: pytest.LogCaptureFixture
) -> None:
    journal = opened("postgresql+psycopg://yiju:geheim@/yiju?host=/nowhere")
    journal.add(TURN)
    assert not journal.flush(1.0)
    assert len(caplog.records) == 1
    assert "geheim" not in caplog.text
    assert "王建国" not in caplog.text


def test_the_file_is_for_its_owner_alone_and_holds_nothing_that_was_masked_or_forgotten(
    tmp_path: Path, opened: Callable[..., WritingJournal]
) -> None:
    path = tmp_path / "data" / "journal.sqlite3"
    journal = opened(path)
    journal.add(TURN)
    journal.add(replace(TURN, reply="r_2", session="s_two", asked="干细胞治疗会不会排斥"))
    assert journal.flush(20)
    files = list(path.parent.iterdir())
    assert {file.name for file in files} >= {"journal.sqlite3", "journal.sqlite3-wal"}
    assert [file.stat().st_mode & 0o777 for file in files] == [0o600] * len(files)
    whole = b"".join(file.read_bytes() for file in files)
    assert "干细胞治疗会不会排斥".encode() in whole
    for secret in ("王建国", "13800138000", "s_abc", "s_two"):
        assert secret.encode() not in whole
    assert journal.forget("s_two") == 1
    assert "干细胞治疗会不会排斥".encode() not in b"".join(file.read_bytes() for file in path.parent.iterdir())


def test_switched_off_it_keeps_nothing(tmp_path: Path) -> None:
    journal: Journal = open_journal(load_settings(journal=False, journal_file=tmp_path / "journal.sqlite3"))
    assert isinstance(journal, NoJournal)
    journal.add(TURN)
    assert journal.flush(1)
    assert not journal.vote("r_1", "up")
    assert journal.forget("s_abc") == 0
    journal.close()
    assert list(tmp_path.iterdir()) == []


def test_the_settings_open_a_file_or_a_server(server: Path, tmp_path: Path) -> None:
    url = postgresql.new_database(server, "by_settings")
    for settings in (
        load_settings(journal_file=tmp_path / "journal.sqlite3"),
        load_settings(journal_url=url, journal_file=tmp_path / "unused.sqlite3"),
    ):
        journal = open_journal(settings)
        journal.add(TURN)
        assert journal.flush(20)
        journal.close()
    assert [record.reply for record in kept(url)] == ["r_1"]
    assert not (tmp_path / "unused.sqlite3").exists()
    assert "yiju@" not in str(load_settings(journal_url=url).journal_url)


def test_an_address_that_cannot_be_right_is_refused() -> None:
    with pytest.raises(SettingsError, match="postgresql"):
        open_journal(load_settings(journal_url="mysql://root:geheim@db/yiju"))
    with pytest.raises(SettingsError, match="journal_days"):
        load_settings(journal_days=0)


def test_after_closing_nothing_is_taken(
    tmp_path: Path, opened: Callable[..., WritingJournal], caplog: pytest.LogCaptureFixture
) -> None:
    journal = opened(tmp_path / "journal.sqlite3")
    journal.add(TURN)
    journal.close()
    assert [record.reply for record in kept(tmp_path / "journal.sqlite3")] == ["r_1"]
    journal.add(replace(TURN, reply="r_2"))
    assert not journal.flush(1)
    assert len(kept(tmp_path / "journal.sqlite3")) == 1
    assert "yiju-journal" not in {thread.name for thread in threading.enumerate() if thread is journal._thread}
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
