"""Keys of programs (servers, mini programs): random, known to us by their SHA-256 only, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import stat
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError
from starlette.datastructures import Headers

from bot.channels.tokens import refuse_others
from bot.errors import SettingsError
from bot.settings import Settings
from bot.sites import ApiKey

KEY_MARK = "yk_"
_LONGEST = 200


def new_key() -> str:
    """Return a fresh key: 256 random bits, so that a plain hash of it is safe to keep."""
    return KEY_MARK + secrets.token_urlsafe(32)


def hash_of(key: str) -> str:
    """Return what is kept of a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


class Keys:
    """The keys that count."""

    def __init__(self, known: Sequence[ApiKey]) -> None:
        self._known = tuple(known)

    def find(self, key: str) -> ApiKey | None:
        """Return whose key it is. All are compared, so that the time taken tells nothing."""
        digest = hash_of(key[:_LONGEST])
        found = [known for known in self._known if hmac.compare_digest(known.sha256, digest)]
        return found[0] if found else None


def presented(headers: Headers) -> str | None:
    """Return the key that a request shows: ``X-API-Key`` or ``Authorization: Bearer``; None where it shows none."""
    if "x-api-key" in headers:
        return headers["x-api-key"]
    scheme, _, value = headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else None


def open_keys(settings: Settings) -> Keys:
    """Return the keys of the settings and of their file.

    Raises:
        SettingsError: the file is missing or wrong, or others may write to it.
    """
    known = [*settings.api_keys, *(_from_file(settings.api_keys_file) if settings.api_keys_file else ())]
    if len({key.name for key in known}) < len(known):
        raise SettingsError(f"api_keys 和 {settings.api_keys_file} 里的代号有重复。请给每个程序不同的代号。")
    return Keys(known)


def _from_file(path: Path) -> list[ApiKey]:
    try:
        refuse_others(path, stat.S_IWGRP | stat.S_IWOTH, "640")
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"密钥文件 {path} 读不了({error})。请改正 api_keys_file 或文件的权限。") from error
    keys = []
    for number, line in enumerate(lines, 1):
        words = line.split("#", 1)[0].split()
        if not words:
            continue
        try:
            name, digest = words
            keys.append(ApiKey(name=name, sha256=digest))
        except (ValueError, ValidationError) as error:
            raise SettingsError(
                f"密钥文件 {path} 第 {number} 行不对：应为“代号 SHA-256”(64 位小写十六进制)。用 python -m bot key 生成。"
            ) from error
    return keys
