"""The journal after the worst: killed at any moment, and a disk without room."""

from __future__ import annotations

import itertools
import os
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.journal import database, writer
from bot.journal.writer import WritingJournal
from tests import postgresql
from tests.conftest import ROOT
from tests.journal_writer import Writer
from tests.test_journal import TURN, Address, kept, wait_for

KILLS = 12
NAMES = itertools.count()


@pytest.fixture(scope="module")
def server() -> Iterator[Path]:
    with postgresql.cluster() as folder:
        yield folder


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_was_acknowledged_survives_every_kill(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    address: Address = tmp_path / "journal.sqlite3"
    if kind == "postgresql":
        address = postgresql.new_database(request.getfixturevalue("server"), f"kills{next(NAMES)}")
    chance = random.Random(4)
    acknowledged: set[str] = set()
    for number in range(KILLS):
        process = Writer(address, str(number), 100_000)
        process.wait_for_one()
        time.sleep(chance.uniform(0.0, 0.15))
        assert process.finish(kill=True) == -signal.SIGKILL
        acknowledged |= process.acknowledged
        assert acknowledged <= {record.reply for record in kept(address)}
    assert len(acknowledged) >= 3 * KILLS
    if isinstance(address, Path):
        connection = sqlite3.connect(address)
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.close()


def test_a_first_start_that_is_killed_leaves_no_half_made_journal(tmp_path: Path) -> None:
    chance = random.Random(5)
    for number in range(KILLS):
        path = tmp_path / f"{number}.sqlite3"
        process = Writer(path, "first", 1)
        wait_for(path.exists)
        time.sleep(chance.uniform(0.0, 0.03))
        process.finish(kill=True)
        engine = database.open_database(path)
        with engine.connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM turns LEFT JOIN votes USING (reply)")).scalar() in (
                0,
                3,
            )
        engine.dispose()


@contextmanager
def _small_disk(folder: Path) -> Iterator[Path]:
    """Mount a file system of 1 MB."""
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(words, capture_output=True).returncode != 0:
        pytest.skip("no right to mount a small file system here; the next test limits a process instead")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_stops_no_answer_and_loses_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_RETRY_SECONDS", (0.05,))
    with _small_disk(tmp_path / "disk") as disk:
        path = disk / "journal.sqlite3"
        journal = WritingJournal(path, 36500)
        journal.add(replace(TURN, reply="r_0"))
        assert journal.flush(20)
        filler = disk / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"\0" * 4096)
            except OSError:
                pass
        for number in range(1, 400):
            journal.add(replace(TURN, reply=f"r_{number}", asked="不能进日志的话" * 20))
        assert not journal.flush(0.5)
        assert [record.levelname for record in caplog.records] == ["ERROR"]
        assert journal.vote("r_1", "down")
        filler.unlink()
        wait_for(lambda: journal.flush(0.2))
        journal.close()
        records = kept(path)
        assert {record.reply for record in records} == {f"r_{number}" for number in range(400)}
        assert next(record.vote for record in records if record.reply == "r_1") == "down"
        assert "不能进日志的话" not in caplog.text


def test_a_file_that_may_not_grow_stops_no_answer_and_loses_nothing(tmp_path: Path) -> None:
    script = """
        import resource, sys
        from dataclasses import replace
        from pathlib import Path
        from bot.journal import writer
        from tests.test_journal import TURN, kept
        writer._RETRY_SECONDS = (0.05,)
        path = Path(sys.argv[1])
        journal = writer.WritingJournal(path, 36500)
        journal.add(replace(TURN, reply="r_0"))
        assert journal.flush(20)
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, hard))
        for number in range(1, 400):
            journal.add(replace(TURN, reply=f"r_{number}", asked="长" * 300))
        assert not journal.flush(0.5)
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        assert journal.flush(20)
        journal.close()
        print(len(kept(path)))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(tmp_path / "journal.sqlite3")],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.stdout.strip(), done.returncode) == ("400", 0), done.stderr
    assert done.stderr.count("恢复后补写") == 1


def test_a_server_that_restarts_loses_nothing(
    server: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_RETRY_SECONDS", (0.05,))
    address = postgresql.new_database(server, "restarted")
    journal = WritingJournal(address, 36500)
    journal.add(replace(TURN, reply="r_0"))
    assert journal.flush(20)
    postgresql.stop(server)
    for number in range(1, 50):
        journal.add(replace(TURN, reply=f"r_{number}"))
    assert not journal.flush(0.5)
    assert len(caplog.records) == 1
    postgresql.start(server)
    wait_for(lambda: journal.flush(0.2))
    journal.close()
    assert len(kept(address)) == 50
