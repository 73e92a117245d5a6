"""What comes in from WeChat and what goes out, as named data."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from bot.channels.wechat.xml import write_json, write_xml
from bot.errors import BadMessageError

_LONGEST_ID = 128


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who wrote to whom, when (Unix seconds as sent), and the key by which the same delivery is known again."""

    to: str
    user: str
    created: str
    key: str


@dataclass(frozen=True, slots=True)
class IncomingText:
    """A typed question or a tapped suggestion."""

    envelope: Envelope
    text: str


@dataclass(frozen=True, slots=True)
class IncomingVoice:
    """A voice message; ``recognised`` is the platform's own transcript, empty as a rule nowadays."""

    envelope: Envelope
    recognised: str


@dataclass(frozen=True, slots=True)
class IncomingImage:
    """A picture; its content is never fetched."""

    envelope: Envelope


@dataclass(frozen=True, slots=True)
class IncomingEvent:
    """Something that happened: ``subscribe``, ``unsubscribe``, ``click`` with its ``key``, and more."""

    envelope: Envelope
    event: str
    key: str = ""
    token: str = ""
    open_kfid: str = ""


@dataclass(frozen=True, slots=True)
class IncomingUnknown:
    """A kind of message that this bot cannot read (video, place, link, file, one not yet invented)."""

    envelope: Envelope
    type: str


Incoming = IncomingText | IncomingVoice | IncomingImage | IncomingEvent | IncomingUnknown


@dataclass(frozen=True, slots=True)
class OutgoingText:
    """A passive reply."""

    to: str
    user: str
    text: str
    created: int

    def write(self, as_json: bool = False) -> str:
        """Return the reply as the platform reads it."""
        fields: dict[str, str | int] = {
            "ToUserName": self.user,
            "FromUserName": self.to,
            "CreateTime": self.created,
            "MsgType": "text",
            "Content": self.text,
        }
        return write_json(fields) if as_json else write_xml(fields)


def read_message(fields: Mapping[str, str]) -> Incoming:
    """Return a message from its fields, whatever their case.

    Raises:
        BadMessageError: it names no sender, or a name too long to be one.
    """
    given = {name.lower(): value for name, value in fields.items()}
    user = given.get("fromusername") or given.get("from.userid") or ""
    kind = (given.get("msgtype") or "").lower()
    platform_event = kind == "event" and not user  # 微信客服 announces messages without naming anyone
    if (not user and not platform_event) or not kind or len(user) > _LONGEST_ID:
        raise BadMessageError("消息没有写明发送者或类型。")
    to, created = given.get("tousername", ""), given.get("createtime", "")
    if len(to) > _LONGEST_ID or len(created) > 20:
        raise BadMessageError("消息的收件人或时间不对。")
    envelope = Envelope(to, user, created, _key(given, user, created))
    if kind == "text":
        return IncomingText(envelope, given.get("content") or given.get("text.content") or "")
    if kind == "voice":
        return IncomingVoice(envelope, given.get("recognition") or given.get("voice.content") or "")
    if kind == "image":
        return IncomingImage(envelope)
    if kind == "event":
        event = (given.get("event") or given.get("event.eventtype") or "").lower()
        return IncomingEvent(
            envelope, event, given.get("eventkey", ""), given.get("token", ""), given.get("openkfid", "")
        )
    return IncomingUnknown(envelope, kind[:20])


def _key(given: Mapping[str, str], user: str, created: str) -> str:
    """Return the key of a delivery: its MsgId, for events sender and time (and what happened, which costs nothing)."""
    number = given.get("msgid", "")
    if number:
        return "m:" + digest(number)
    parts = (user, created, given.get("event", ""), given.get("eventkey", ""), given.get("token", ""))
    return "e:" + digest(*parts)


def digest(*parts: str) -> str:
    """Return a short fingerprint of texts."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:32]
