"""Model folders in the cache: unpacked once, checked at every use, safe with several processes."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from bot.errors import EncoderError

WEIGHTS = "model.safetensors"
PROVENANCE = "yiju.json"  # says whose the model is; its "files" are the hashes that vouch for the folder
_log = logging.getLogger(__name__)


def unpacked(cache: Path, name: str, fill: Callable[[Path], None]) -> Path:
    """Return the model folder ``name`` inside ``cache``; where it is not there or damaged, ``fill`` an empty one.

    Raises:
        EncoderError: the folder cannot be written, or what ``fill`` raises.
    """
    folder = cache / name
    if folder.is_dir():
        if verify(folder):
            return folder
        _log.warning("模型文件夹已损坏，正在重新解包：%s", folder)
        _discard(folder)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=cache))
    except OSError as error:
        raise EncoderError(f"无法在 {cache} 写入模型：{error}。请检查磁盘空间和权限，或换一个缓存文件夹。") from error
    try:
        fill(temporary)
        # Temporary folders and safetensors files are private to their owner; the server may run as another user.
        temporary.chmod(0o755)
        (temporary / WEIGHTS).chmod(0o644)
        _settle(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def verify(folder: Path) -> bool:
    """Tell whether the folder is complete and its weights and tokeniser are those that were written."""
    try:
        recorded = json.loads((folder / PROVENANCE).read_text(encoding="utf-8"))["files"]
        return bool(recorded) and all(file_sha256(folder / name) == value for name, value in recorded.items())
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return False


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _settle(temporary: Path, folder: Path) -> None:
    """Move the finished folder into place, unless another process was faster."""
    try:
        temporary.replace(folder)
    except OSError as error:
        if not verify(folder):
            raise EncoderError(f"无法写入模型 {folder}：{error}。请删除该文件夹后重试。") from error


def _discard(folder: Path) -> None:
    """Take a damaged folder out of the way in one step; another process may be doing the same."""
    grave = Path(tempfile.mkdtemp(prefix=".discarded-", dir=folder.parent))
    try:
        folder.replace(grave / "model")
    except FileNotFoundError:
        pass
    except OSError as error:
        raise EncoderError(f"模型文件夹已损坏，又无法移走：{folder}({error})。请手动删除它后重试。") from error
    finally:
        shutil.rmtree(grave, ignore_errors=True)
