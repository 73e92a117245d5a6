"""WeChat's signature and message encryption, as its platforms document them.

Source: 微信公众平台《消息加解密说明》 and 企业微信《加解密方案说明》. The key is AES-256 from 43 characters of base64, the
mode CBC with the key's first 16 bytes as the initial vector, the padding PKCS#7 to 32 bytes; the plain text is 16
random bytes, the message's length (4 bytes, big-endian), the message and the receiver's id.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bot.errors import BadMessageError

_BLOCK = 32
_RANDOM = 16
_AES_KEY = re.compile(r"[A-Za-z0-9+/]{43}")


@dataclass(frozen=True, slots=True)
class AesKey:
    """A decoded EncodingAESKey; never printed."""

    raw: bytes = field(repr=False)

    @classmethod
    def decode(cls, text: str) -> AesKey:
        """Read the console's 43 characters.

        Raises:
            ValueError: they are no EncodingAESKey.
        """
        if not _AES_KEY.fullmatch(text):
            raise ValueError("EncodingAESKey")
        return cls(base64.b64decode(text + "="))


def signature(*parts: str) -> str:
    """Return SHA-1 over the sorted parts (token, timestamp, nonce and, where encrypted, the cipher text), in hex."""
    return hashlib.sha1("".join(sorted(parts)).encode("utf-8"), usedforsecurity=False).hexdigest()


def signer_of(tokens: Sequence[str], given: str, *parts: str) -> str | None:
    """Return the token under which ``given`` is the signature of ``parts``, None for none; compares in constant time."""
    claimed = given.encode("utf-8", "replace")
    found = None
    for token in tokens:
        if hmac.compare_digest(signature(token, *parts).encode("ascii"), claimed) and found is None:
            found = token
    return found


def encrypt(key: AesKey, message: str, receiver: str) -> str:
    """Return a message encrypted for a receiver id, as base64."""
    body = message.encode("utf-8")
    plain = secrets.token_bytes(_RANDOM) + struct.pack("!I", len(body)) + body + receiver.encode("utf-8")
    pad = _BLOCK - len(plain) % _BLOCK
    encryptor = Cipher(algorithms.AES(key.raw), modes.CBC(key.raw[:16])).encryptor()
    return base64.b64encode(encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()).decode("ascii")


def decrypt(keys: Sequence[AesKey], text: str, receiver: str) -> tuple[str, AesKey]:
    """Return the message of a cipher text and the key that opened it; during a rotation there are two.

    Call only after the signature over ``text`` has been checked, so that no one learns from how this fails.

    Raises:
        BadMessageError: no key opens it, or it was meant for another receiver.
    """
    try:
        sealed = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadMessageError("密文不是有效的 base64。") from error
    if not sealed or len(sealed) % 16:
        raise BadMessageError("密文的长度不对。")
    for key in keys:
        message = _opened(key, sealed, receiver.encode("utf-8"))
        if message is not None:
            return message, key
    raise BadMessageError("密文解不开：请核对 EncodingAESKey 和 AppID(企业 ID)是否与后台一致。")


def _opened(key: AesKey, sealed: bytes, receiver: bytes) -> str | None:
    decryptor = Cipher(algorithms.AES(key.raw), modes.CBC(key.raw[:16])).decryptor()
    plain = decryptor.update(sealed) + decryptor.finalize()
    pad = plain[-1]
    if not 1 <= pad <= _BLOCK or plain[-pad:] != bytes([pad]) * pad:
        return None
    plain = plain[:-pad]
    if len(plain) < _RANDOM + 4:
        return None
    (length,) = struct.unpack("!I", plain[_RANDOM : _RANDOM + 4])
    body, to = plain[_RANDOM + 4 : _RANDOM + 4 + length], plain[_RANDOM + 4 + length :]
    if len(body) != length or not hmac.compare_digest(to, receiver):
        return None
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return None
