"""The index folder: the switch, the lock, what is refused, what a failed or killed build leaves behind."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bot.errors import BuildBusyError, IndexFormatError
from bot.retrieval.store import (
    build_lock,
    current_build,
    new_build,
    read_manifest,
    write_atomically,
    write_manifest,
)
from tests.conftest import ROOT


def make_build(index: Path, text: str = "甲") -> Path:
    with new_build(index, "0123456789abcdef") as folder:
        (folder / "passages.jsonl").write_text(text, encoding="utf-8")
        write_manifest(folder, {"counts": {}})
    return current_build(index)


def test_a_build_becomes_current_and_two_are_kept(tmp_path: Path) -> None:
    made = [make_build(tmp_path, str(n)) for n in range(4)]
    assert current_build(tmp_path) == made[-1]
    assert sorted(p.name for p in tmp_path.glob("build-*")) == [made[-2].name, made[-1].name]
    assert read_manifest(made[-1])["format_version"] == 3
    (tmp_path / "CURRENT").write_text(made[-2].name, encoding="utf-8")  # the rollback that the README tells
    assert current_build(tmp_path) == made[-2]


def test_a_failed_build_leaves_the_running_one(tmp_path: Path) -> None:
    first = make_build(tmp_path)
    with pytest.raises(ZeroDivisionError), new_build(tmp_path, "ffff0000") as folder:
        (folder / "half").write_text("x")
        raise ZeroDivisionError
    assert current_build(tmp_path) == first
    assert not list(tmp_path.glob(".building-*"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "不是本程序写的"),
        ("../../etc", "不是本程序写的"),
        ("build-20260101-000000-01234567", "不存在"),
        ("\xff", "读不出来|不是本程序"),
    ],
)
def test_a_bad_pointer_is_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "CURRENT").write_bytes(content.encode("latin-1"))
    with pytest.raises(IndexFormatError, match=message):
        current_build(tmp_path)


def test_no_index_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(IndexFormatError, match=r"python build_index\.py"):
        current_build(tmp_path)


def change(folder: Path, **values: object) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **values}), encoding="utf-8")


def test_damaged_older_newer_and_foreign_builds_are_refused(tmp_path: Path) -> None:
    folder = make_build(tmp_path)
    (folder / "passages.jsonl").write_text("乙", encoding="utf-8")
    with pytest.raises(IndexFormatError, match="校验和"):
        read_manifest(folder)
    (folder / "passages.jsonl").unlink()
    with pytest.raises(IndexFormatError, match="缺少文件"):
        read_manifest(folder)
    change(folder, files={"../../outside": "0"})
    with pytest.raises(IndexFormatError, match="缺少文件"):
        read_manifest(folder)
    change(folder, format_version=0)
    with pytest.raises(IndexFormatError, match=r"格式版本是 0.*重新建索引"):
        read_manifest(folder)
    change(folder, format_version=99)
    with pytest.raises(IndexFormatError, match="升级程序"):
        read_manifest(folder)
    change(folder, format="other")
    with pytest.raises(IndexFormatError, match="不是医据的索引"):
        read_manifest(folder)
    (folder / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(IndexFormatError, match="损坏"):
        read_manifest(folder)


def hold_lock(index: str, ready: object) -> None:
    with build_lock(Path(index), 0):
        ready.set()  # type: ignore[attr-defined]
        time.sleep(30)


def test_two_builds_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    other = context.Process(target=hold_lock, args=(str(tmp_path), ready))
    other.start()
    assert ready.wait(30)
    with pytest.raises(BuildBusyError, match="另一个"), build_lock(tmp_path, 0):
        pass
    os.kill(other.pid or 0, signal.SIGKILL)  # a killed holder does not keep the lock
    other.join()
    with build_lock(tmp_path, 10):
        pass
    other.close()


def test_write_atomically_replaces_and_leaves_nothing_else(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", b"1")
    write_atomically(tmp_path / "a", b"2")
    assert (tmp_path / "a").read_bytes() == b"2"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_killed_build_leaves_no_trace(tmp_path: Path) -> None:
    first = make_build(tmp_path)
    code = (
        "import sys,time;from pathlib import Path;from bot.retrieval.store import *\n"
        "with build_lock(Path(sys.argv[1]),0), new_build(Path(sys.argv[1]),'deadbeef') as f:\n"
        " (f/'half').write_text('x'); print('in',flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"in\n"
    process.kill()
    process.wait()
    process.stdout.close()
    assert current_build(tmp_path) == first
    second = make_build(tmp_path)
    assert current_build(tmp_path) == second
    assert not list(tmp_path.glob(".building-*"))
