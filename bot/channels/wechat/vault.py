"""Keep people's ids and words unreadable on disk: a keyed hash to know someone again, sealing for what must be sent.

The key lies in a file of its own beside the database (0600), made at the first start. A copy of the database alone
therefore tells nothing; with the key lost, what was waiting is lost, and nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import secrets
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot.errors import SettingsError

_KEY_BYTES = 32
_NONCE_BYTES = 12


class Vault:
    """Hashes and seals under one key. Thread-safe."""

    def __init__(self, key: bytes) -> None:
        self._hash_key = hashlib.sha256(b"hash" + key).digest()
        self._cipher = AESGCM(hashlib.sha256(b"seal" + key).digest())

    @classmethod
    def open(cls, path: Path) -> Vault:
        """Open the vault of a key file, which is made where there is none; several processes may do so at once.

        Raises:
            SettingsError: the file cannot be made, read or trusted.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                _make(path)
            if os.name == "posix" and path.stat().st_mode & 0o077:
                raise SettingsError(f"{path} 的权限太宽，别人也能读写。请运行 chmod 600 {path}。")
            key = path.read_bytes()
        except OSError as error:
            raise SettingsError(f"微信的密钥文件 {path} 用不了({error.strerror})。请检查文件夹是否可写。") from error
        if len(key) != _KEY_BYTES:
            raise SettingsError(f"微信的密钥文件 {path} 已损坏(应为 {_KEY_BYTES} 字节)。请删去它和同名的 .db 后重启。")
        return cls(key)

    def name(self, *parts: str) -> str:
        """Return what stands for someone in the database: a keyed hash, useless without the key."""
        return hmac.new(self._hash_key, "\0".join(parts).encode("utf-8", "replace"), "sha256").hexdigest()[:32]

    def seal(self, value: Any) -> bytes:
        """Return a JSON value as sealed bytes."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, json.dumps(value, ensure_ascii=True).encode("ascii"), None)

    def open_sealed(self, sealed: bytes | None) -> Any:
        """Return the value of sealed bytes, None where there is none or the key is another."""
        if not sealed:
            return None
        with contextlib.suppress(InvalidTag, ValueError):
            return json.loads(self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None))
        return None


def _make(path: Path) -> None:
    """Write a new key; of several processes one wins, whole."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, secrets.token_bytes(_KEY_BYTES))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
