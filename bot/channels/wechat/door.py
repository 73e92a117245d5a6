"""Open what the platform sends: signature, freshness, decryption, parsing; and close the reply the same way.

Pure apart from the clock, which is given: nothing is stored and no work is done for a message that does not pass.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from bot.channels.wechat.accounts import Account
from bot.channels.wechat.crypto import AesKey, decrypt, encrypt, signature, signer_of
from bot.channels.wechat.messages import Incoming, digest, read_message
from bot.channels.wechat.replays import check_fresh
from bot.channels.wechat.xml import read_json, read_xml, write_json, write_xml
from bot.errors import BadMessageError, ForgedMessageError

_LONGEST_PARAMETER = 256
_LONGEST_ECHO = 2048


@dataclass(frozen=True, slots=True)
class Opened:
    """A message that passed; ``key`` is what it was encrypted with (None: plain), ``token`` what signed it.

    During a rotation the reply must use the same two. ``stamp`` is the mark of its signature.
    """

    message: Incoming
    key: AesKey | None
    token: str
    as_json: bool
    stamp: str


def check_url(account: Account, query: Mapping[str, str], stale_seconds: int, now: float) -> str:
    """Return what the console's URL check wants to hear: the echo, decrypted for 企业微信, bare.

    Raises:
        ForgedMessageError: the signature or the time is wrong.
        BadMessageError: the echo is missing or does not decrypt.
    """
    timestamp, nonce, echo = _part(query, "timestamp"), _part(query, "nonce"), query.get("echostr", "")
    if not echo or len(echo) > _LONGEST_ECHO:
        raise BadMessageError("缺少 echostr。")
    check_fresh(timestamp, stale_seconds, now)
    if account.settings.kind == "official":
        _check(account, _part(query, "signature"), timestamp, nonce)
        return echo
    _check(account, _part(query, "msg_signature"), timestamp, nonce, echo)
    return decrypt(account.keys, echo, account.receiver)[0]


def open_message(
    account: Account, query: Mapping[str, str], body: bytes, most_bytes: int, stale_seconds: int, now: float
) -> Opened:
    """Return the message of a callback.

    Raises:
        ForgedMessageError: the signature or the time is wrong.
        BadMessageError: it cannot be read or decrypted, or is not encrypted although the account is in secure mode.
    """
    timestamp, nonce = _part(query, "timestamp"), _part(query, "nonce")
    check_fresh(timestamp, stale_seconds, now)
    mode = account.settings.mode
    token = ""
    if mode != "secure":  # else the signature over the cipher text counts, which covers the body as well
        token = _check(account, _part(query, "signature"), timestamp, nonce)
    as_json = body.lstrip()[:1] == b"{"
    read = read_json if as_json else read_xml
    fields = read(body, most_bytes)
    stamp = digest(timestamp, nonce)
    sealed = fields.get("Encrypt") or fields.get("encrypt") or ""
    if not sealed or mode == "plain":
        if mode == "secure":
            raise ForgedMessageError("安全模式下收到了未加密的消息。若后台是明文或兼容模式，请把 mode 改成一致。")
        if not fields.get("MsgType"):
            raise BadMessageError("收到了加密的消息，而 mode 是 plain。请把 mode 改成与后台一致。")
        return Opened(read_message(fields), None, token, as_json, stamp)
    token = _check(account, _part(query, "msg_signature"), timestamp, nonce, sealed)
    text, key = decrypt(account.keys, sealed, account.receiver)
    inner = text.encode("utf-8")
    inner_json = text.lstrip()[:1] == "{"
    fields = read_json(inner, most_bytes) if inner_json else read_xml(inner, most_bytes)
    return Opened(read_message(fields), key, token, as_json, stamp)


def close_reply(account: Account, opened: Opened, reply: str, now: float) -> str:
    """Return a reply encrypted and signed as its question was; a plain one stays plain."""
    if opened.key is None:
        return reply
    sealed = encrypt(opened.key, reply, account.receiver)
    timestamp, nonce = int(now), secrets.token_hex(8)
    signed = signature(opened.token, str(timestamp), nonce, sealed)
    if opened.as_json:
        return write_json({"encrypt": sealed, "msgsignature": signed, "timestamp": timestamp, "nonce": nonce})
    return write_xml({"Encrypt": sealed, "MsgSignature": signed, "TimeStamp": timestamp, "Nonce": nonce})


def _part(query: Mapping[str, str], name: str) -> str:
    value = query.get(name, "")
    if len(value) > _LONGEST_PARAMETER:
        raise ForgedMessageError("参数太长。")
    return value


def _check(account: Account, given: str, *parts: str) -> str:
    """Return the token that signed; raise ForgedMessageError for none."""
    token = signer_of(account.tokens, given, *parts)
    if token is None:
        raise ForgedMessageError("签名不对：请核对 Token 是否与后台填写的一致。")
    return token
