"""The index folder: builds side by side, ``CURRENT`` naming the one in use, switched by one atomic replace."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from bot.encoding.unpacking import file_sha256
from bot.errors import BuildBusyError, IndexFormatError

FORMAT = "yiju-index"
FORMAT_VERSION = 3
_BUILD_NAME = re.compile(r"build-[0-9]{8}-[0-9]{6}-[0-9a-f]{8}")
_REBUILD = "请重新建索引：python build_index.py(或 make index)。"


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees the old or the new one, never half; survives a crash of the machine."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def current_build(index: Path) -> Path:
    """Return the folder of the build in use.

    Raises:
        IndexFormatError: there is no index, or ``CURRENT`` names nothing usable.
    """
    pointer = index / "CURRENT"
    try:
        name = pointer.read_text(encoding="utf-8").strip()
    except FileNotFoundError as error:
        raise IndexFormatError(f"还没有索引：{index}。请先建索引：python build_index.py(或 make index)。") from error
    except (OSError, UnicodeDecodeError) as error:
        raise IndexFormatError(f"{pointer} 读不出来。{_REBUILD}") from error
    if not _BUILD_NAME.fullmatch(name):
        raise IndexFormatError(f"{pointer} 的内容“{name[:60]}”不是本程序写的。{_REBUILD}")
    folder = index / name
    if not folder.is_dir():
        raise IndexFormatError(f"{pointer} 指向的 {name} 不存在。{_REBUILD}")
    return folder


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Add the checksums of all files of a build and write ``manifest.json``."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "manifest.json")
    manifest = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        **manifest,
        "files": {path.relative_to(folder).as_posix(): file_sha256(path) for path in files},
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
    (folder / "manifest.json").write_text(text, encoding="utf-8")


def add_to_manifest(folder: Path, content: dict[str, Any], files: Iterable[str] = ()) -> None:
    """Add to the manifest of a build that is not in use yet, also the checksums of ``files`` written since."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8")) | content
    manifest["files"] |= {name: file_sha256(folder / name) for name in files}
    path.write_text(json.dumps(manifest, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read and check a build's manifest and every file's checksum.

    Raises:
        IndexFormatError: the build is damaged, of another format version, or not ours; the message says what to do.
    """
    path = folder / "manifest.json"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise IndexFormatError(f"{path} 缺失或已损坏。{_REBUILD}") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise IndexFormatError(f"{folder} 不是医据的索引。请检查 YIJU_INDEX，或换一个空文件夹重新建索引。")
    version = manifest.get("format_version")
    if version != FORMAT_VERSION:
        newer = isinstance(version, int) and version > FORMAT_VERSION
        remedy = "请升级程序，或用本版本重新建索引。" if newer else _REBUILD
        raise IndexFormatError(f"索引的格式版本是 {version}，本程序需要 {FORMAT_VERSION}。{remedy}")
    files = manifest.get("files")
    if not isinstance(files, dict):
        raise IndexFormatError(f"{path} 缺少文件清单。{_REBUILD}")
    for name, digest in files.items():
        target = folder / name
        if folder.resolve() not in target.resolve().parents or not target.is_file():
            raise IndexFormatError(f"索引缺少文件 {name}。{_REBUILD}")
        if file_sha256(target) != digest:
            raise IndexFormatError(f"索引文件 {target} 已损坏(校验和不符)。{_REBUILD}")
    return manifest


@contextmanager
def build_lock(index: Path, wait_seconds: float) -> Iterator[None]:
    """Hold the only right to build in a folder; freed by the system even if the holder is killed.

    Raises:
        BuildBusyError: another build still holds it after ``wait_seconds``.
    """
    index.mkdir(parents=True, exist_ok=True)
    lock = FileLock(index / ".lock")
    try:
        lock.acquire(timeout=wait_seconds)
    except Timeout as error:
        raise BuildBusyError(
            f"另一个建索引的进程正在使用 {index}。请等它结束再试，或设 YIJU_BUILD_WAIT_SECONDS=600 让本次排队等待。"
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def new_build(index: Path, corpus_hash: str) -> Iterator[Path]:
    """Give a hidden folder to write a build into; on success rename it to its final name, on failure remove it.

    Yields the temporary folder. Left-overs of killed builds are swept first (the caller holds the lock).
    """
    for left_over in index.glob(".building-*"):
        shutil.rmtree(left_over, ignore_errors=True)
    temporary = index / f".building-{uuid.uuid4().hex[:8]}"
    temporary.mkdir(parents=True)
    try:
        yield temporary
        name = f"build-{time.strftime('%Y%m%d-%H%M%S')}-{corpus_hash[:8]}"
        while (index / name).exists():  # two builds of the same text within one second
            time.sleep(0.2)
            name = f"build-{time.strftime('%Y%m%d-%H%M%S')}-{corpus_hash[:8]}"
        os.replace(temporary, index / name)
        write_atomically(index / "CURRENT", f"{name}\n".encode())
        prune(index, keep=2)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def prune(index: Path, keep: int) -> None:
    """Remove all but the newest ``keep`` builds (the current one always stays)."""
    current = (index / "CURRENT").read_text(encoding="utf-8").strip()
    builds = sorted(p for p in index.iterdir() if p.is_dir() and _BUILD_NAME.fullmatch(p.name))
    others = [path for path in builds if path.name != current]
    for path in others[: max(0, len(others) - (keep - 1))]:
        shutil.rmtree(path, ignore_errors=True)
