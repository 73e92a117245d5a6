"""Short-lived tokens for our own pages: signed, timed, for one website and one opened page. They travel in a header."""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from itsdangerous import BadData, SignatureExpired, URLSafeTimedSerializer

from bot.errors import SettingsError
from bot.settings import Settings

log = logging.getLogger("yiju.gate")

TOKEN_MARK = "yj1."  # noqa: S105 (how a token begins, so that one in an address is known at sight)
_SALT = "yiju.session.1"
_LONGEST = 400
_SHORTEST_SECRET = 32


@dataclass(frozen=True, slots=True)
class Token:
    """Who holds a token: the website's name ("" for our own pages) and the opened page's random id."""

    site: str
    client: str


class TokenError(Exception):
    """A token that does not count; ``code`` is ``token_expired`` or ``token_invalid``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Tokens:
    """Signs and reads tokens (itsdangerous, HMAC-SHA-256)."""

    def __init__(self, keys: Sequence[str], minutes: float) -> None:
        """Sign with the first of ``keys`` and accept all of them; a token lasts ``minutes``."""
        self.seconds = round(minutes * 60)
        self._signer = URLSafeTimedSerializer(
            list(reversed(keys)),  # the library wants the newest last
            salt=_SALT,
            signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
        )

    def issue(self, site: str) -> str:
        """Return a new token for a page that was opened on a website."""
        return TOKEN_MARK + str(self._signer.dumps([site, secrets.token_urlsafe(12)]))

    def read(self, text: str) -> Token:
        """Return whose token it is.

        Raises:
            TokenError: it is none of ours, or its time is over.
        """
        if not text.startswith(TOKEN_MARK) or len(text) > _LONGEST:
            raise TokenError("token_invalid")
        try:
            content = self._signer.loads(text.removeprefix(TOKEN_MARK), max_age=self.seconds)
        except SignatureExpired as error:
            raise TokenError("token_expired") from error
        except BadData as error:
            raise TokenError("token_invalid") from error
        match content:
            case [str(site), str(client)] if client:
                return Token(site, client)
        raise TokenError("token_invalid")


def open_tokens(settings: Settings) -> Tokens:
    """Return the signer that the settings describe.

    Raises:
        SettingsError: a secret is too short, or others can read the file that holds it.
    """
    given = settings.secret.get_secret_value()
    keys = [given] if given else _from_file(settings.secret_file)
    if previous := settings.secret_previous.get_secret_value():
        keys.append(previous)
    if any(len(key) < _SHORTEST_SECRET for key in keys):
        raise SettingsError(
            f"签名密文太短(YIJU_SECRET、YIJU_SECRET_PREVIOUS 或文件 {settings.secret_file})：至少 {_SHORTEST_SECRET} 个字符。"
            '可以这样生成：python -c "import secrets; print(secrets.token_urlsafe(32))"'
        )
    return Tokens(keys, settings.token_minutes)


def _from_file(path: Path) -> list[str]:
    """Return the secrets of a file, made now where there is none; all workers end up with the same one."""
    try:
        if not path.exists():
            _make(path)
    except FileExistsError:  # another worker was quicker
        pass
    except OSError as error:
        log.warning("签名密文不能写入 %s(%s)，本次只在内存里：重启后网页会自动更换凭证。", path, error.strerror)
        return [secrets.token_urlsafe(32)]
    try:
        refuse_others(path, stat.S_IRWXG | stat.S_IRWXO, "600")
        lines = [line.strip() for line in path.read_text("ascii").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"签名密文文件 {path} 读不了({error})。请改正权限或内容，或删掉它，会自动生成新的。"
        ) from error
    keys = [line for line in lines if line]
    if not keys:
        raise SettingsError(f"签名密文文件 {path} 是空的。请删掉它，会自动生成新的。")
    return keys


def _make(path: Path) -> None:
    """Write a new secret under a name of its own, then give it the real one.

    Raises:
        FileExistsError: another worker was quicker.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
        os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def refuse_others(path: Path, forbidden: int, right: str) -> None:
    """Refuse a file that other users of this machine may read or write.

    Args:
        path: The file.
        forbidden: Permission bits that it must not have.
        right: What ``chmod`` should be told.

    Raises:
        SettingsError: it has one of them.
    """
    if os.name == "posix" and path.stat().st_mode & forbidden:
        raise SettingsError(f"文件 {path} 的权限太宽，别的用户也能访问。请运行 chmod {right} {path}")
