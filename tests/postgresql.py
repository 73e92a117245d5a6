"""A private PostgreSQL for the tests: its own cluster in a temporary folder, reached by a Unix socket, gone afterwards.

``deploy/test_packages.sh`` installs the server. Where it could not, tests that need it are skipped and say so; in CI
they fail.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_USER = "postgres"  # the server refuses to run as root


def _program(name: str) -> str | None:
    """Return where a program of the server is: Debian keeps them out of PATH."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    return shutil.which(name, path=os.pathsep.join([*map(str, folders), os.environ.get("PATH", "")]))


def missing() -> str:
    """Return why no server can be started here, or an empty text."""
    if _program("initdb") is None or _program("pg_ctl") is None:
        return "PostgreSQL is not installed: run deploy/test_packages.sh as root"
    if os.geteuid() == 0:
        try:
            pwd.getpwnam(_USER)
        except KeyError:
            return f"there is no user {_USER}, and root must not run PostgreSQL"
    return ""


def _run(*words: str) -> None:
    before = ["runuser", "-u", _USER, "--"] if os.geteuid() == 0 else []
    # Not captured through a pipe: the server inherits it, and nobody would ever see its end.
    subprocess.run(
        [*before, *words], cwd="/", check=True, timeout=60, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def start(folder: Path) -> None:
    """Start the server of a folder and wait until it answers."""
    options = f"-c listen_addresses='' -c fsync=off -c unix_socket_directories={folder}"
    log = str(folder / "log")
    _run(str(_program("pg_ctl")), "-D", str(folder / "data"), "-w", "-t", "30", "-l", log, "-o", options, "start")


def stop(folder: Path) -> None:
    """Stop the server of a folder at once."""
    _run(str(_program("pg_ctl")), "-D", str(folder / "data"), "-m", "immediate", "stop")


@contextmanager
def cluster() -> Iterator[Path]:
    """Run a server; yield the folder of its socket."""
    if reason := missing():
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="yiju-pg-", dir="/tmp"))  # a socket's path has at most 107 characters
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, _USER)
        data, initdb = str(folder / "data"), str(_program("initdb"))
        _run(initdb, "-D", data, "-U", "yiju", "--auth=trust", "-E", "UTF8", "--locale=C", "--no-sync")
        start(folder)
        try:
            yield folder
        finally:
            stop(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_database(folder: Path, name: str) -> str:
    """Make an empty database and return its URL."""
    import psycopg

    with psycopg.connect(f"host={folder} user=yiju dbname=postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return f"postgresql+psycopg://yiju@/{name}?host={folder}"
