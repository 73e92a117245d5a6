"""WeChat's signing, encryption and XML, with wechatpy as the oracle: what it makes we accept, what we make it reads."""

from __future__ import annotations

import base64
import json
import random

import pytest
from hypothesis import example, given
from hypothesis import settings as rules
from hypothesis import strategies as st
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.enterprise.crypto import WeChatCrypto as WorkCrypto
from wechatpy.utils import WeChatSigner

from bot.channels.wechat.crypto import AesKey, decrypt, encrypt, signature, signer_of
from bot.channels.wechat.messages import (
    IncomingEvent,
    IncomingImage,
    IncomingText,
    IncomingUnknown,
    IncomingVoice,
    OutgoingText,
    read_message,
)
from bot.channels.wechat.xml import legal, read_json, read_xml, write_json, write_xml
from bot.errors import BadMessageError, MessageTooLargeError

TOKEN, APP = "token123", "wx1234567890abcdef"
AES_TEXT = base64.b64encode(bytes(range(32))).decode().rstrip("=")
KEY = AesKey.decode(AES_TEXT)
OTHER = AesKey.decode(base64.b64encode(bytes(range(1, 33))).decode().rstrip("="))
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
XML_TEXT = ANY_TEXT.map(legal)
EDGES = [
    "",
    "]]>",
    "<![CDATA[x]]>",
    "&lt;",
    "👩‍⚕️💊",
    "\U0001f600" * 512,
    "汉" * 682 + "ab",
    "a\r\nb\rc",
    "\u0000\ufffe",
]


@rules(deadline=None)
@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_signatures_are_those_of_the_oracle(token: str, timestamp: str, nonce: str) -> None:
    parts = [legal(part) for part in (token, timestamp, nonce)]
    signer = WeChatSigner()
    signer.add_data(*parts)
    assert signature(*parts) == signer.signature
    assert signer_of(("another", parts[0]), signer.signature, *parts[1:]) == parts[0]
    assert signer_of((parts[0] + "x",), signer.signature, *parts[1:]) is None


def test_a_signature_that_is_no_ascii_is_only_wrong() -> None:
    assert signer_of((TOKEN,), "签名\ud800", "1", "2") is None


@rules(deadline=None)
@given(XML_TEXT)
@example("")
@example("]]>")
@example("\U0001f600" * 512)
@example("汉" * 682 + "ab")
def test_the_oracle_opens_what_we_encrypt(text: str) -> None:
    sealed = encrypt(KEY, text, APP)
    signed = signature(TOKEN, "1700000000", "n", sealed)
    body = write_xml({"Encrypt": sealed, "MsgSignature": signed, "TimeStamp": 1700000000, "Nonce": "n"})
    opened = WeChatCrypto(TOKEN, AES_TEXT, APP).decrypt_message(body, signed, "1700000000", "n")
    assert (opened if isinstance(opened, str) else opened.decode("utf-8")) == text


@rules(deadline=None)
@given(XML_TEXT)
@example("]]>")
@example("\U0001f600" * 512)
def test_we_open_what_the_oracle_encrypts(text: str) -> None:
    for oracle in (WeChatCrypto(TOKEN, AES_TEXT, APP), WorkCrypto(TOKEN, AES_TEXT, APP)):
        fields = read_xml(oracle.encrypt_message(text, "n", "1700000000").encode(), 1_000_000)
        assert signer_of((TOKEN,), fields["MsgSignature"], "1700000000", "n", fields["Encrypt"]) == TOKEN
        assert decrypt((KEY,), fields["Encrypt"], APP) == (text, KEY)


@rules(deadline=None)
@given(ANY_TEXT)
@example("]]>")
@example("a]]>b<b>&amp;")
def test_the_oracle_reads_our_replies(text: str) -> None:
    written = OutgoingText("gh_1", "o_user", text, 1700000000).write()
    message = parse_message(written)
    # The oracle's own parser drops white space around a text, and gives None for an empty one.
    assert (message.content or "").strip() == legal(text).strip()
    assert (message.source, message.target, message.type) == ("gh_1", "o_user", "text")
    assert read_xml(written.encode(), 1_000_000)["Content"] == legal(text)


@rules(deadline=None)
@given(ANY_TEXT)
def test_json_replies_carry_any_text(text: str) -> None:
    assert json.loads(OutgoingText("gh_1", "o", text, 1).write(as_json=True))["Content"] == text
    assert read_json(write_json({"a": text}).encode(), 100_000) == {"a": text}


@pytest.mark.parametrize("text", EDGES)
def test_edges_survive_encryption_and_xml(text: str) -> None:
    assert decrypt((OTHER, KEY), encrypt(KEY, text, APP), APP) == (text, KEY)
    assert read_xml(write_xml({"Content": text}).encode(), 100_000) == {"Content": legal(text)}


def test_every_length_is_padded_to_32() -> None:
    for length in range(70):
        text = "x" * length
        assert len(base64.b64decode(encrypt(KEY, text, APP))) % 32 == 0
        assert decrypt((KEY,), encrypt(KEY, text, APP), APP)[0] == text


def test_the_previous_key_opens_and_is_named_during_a_rotation() -> None:
    sealed = encrypt(OTHER, "旧密钥", APP)
    assert decrypt((KEY, OTHER), sealed, APP) == ("旧密钥", OTHER)
    with pytest.raises(BadMessageError):
        decrypt((KEY,), sealed, APP)


def test_wrongly_encrypted_is_one_error_whatever_is_wrong() -> None:
    good = base64.b64decode(encrypt(KEY, "问题", APP))
    wrong = [
        "",
        "!",
        "AAAA",
        base64.b64encode(good[:-16]).decode(),
        encrypt(KEY, "问题", "wx-other"),
        encrypt(OTHER, "问题", APP),
    ]
    chance = random.Random(1)
    wrong += [base64.b64encode(good[:-1] + bytes([good[-1] ^ (1 << bit)])).decode() for bit in range(8)]
    wrong += [base64.b64encode(chance.randbytes(64)).decode() for _ in range(200)]
    for sealed in wrong:
        with pytest.raises(BadMessageError):
            decrypt((KEY,), sealed, APP)


@pytest.mark.parametrize("text", ["", "short", "x" * 44, "x" * 42 + "!", "x" * 43 + "\n"])
def test_a_key_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        AesKey.decode(text)


def test_keys_are_not_printed() -> None:
    assert "raw" not in repr(KEY)


BOMB = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><xml><Content>&b;</Content></xml>'


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<", b"<xml>", b"<xml><A>1</B></xml>", b"\xff\xfe<\x00x\x00/\x00>\x00", b"<xml>\xff</xml>", BOMB,
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><xml/>', b'<!DOCTYPE xml><xml><A>1</A></xml>',
        b'<?xml version="1.0" encoding="nowhere"?><xml/><xml/>', b"<xml><A>1</A><A>2</A></xml>",
        b"<xml>" + b"<a>" * 500 + b"</a>" * 500 + b"</xml>", b"<xml>" + b"<a/>" * 500 + b"</xml>", b"<xml>&unknown;</xml>",
        b"<xml>\x00</xml>", b"a" * 100,
    ],
)  # fmt: skip
def test_bad_xml_is_one_error(body: bytes) -> None:
    with pytest.raises(BadMessageError):
        read_xml(body, 10_000)


def test_oversized_is_told_apart() -> None:
    with pytest.raises(MessageTooLargeError):
        read_xml(b"<xml>" + b"x" * 2000 + b"</xml>", 1000)
    with pytest.raises(MessageTooLargeError):
        read_json(b"{}" + b" " * 2000, 1000)


@pytest.mark.parametrize("body", [b"", b"[1]", b"{", b"\xff", b"[" * 100_000, b"null"])
def test_bad_json_is_one_error(body: bytes) -> None:
    with pytest.raises(BadMessageError):
        read_json(body, 1_000_000)


def message(**fields: str) -> object:
    base = {"ToUserName": "gh_1", "FromUserName": "o_user", "CreateTime": "1700000000"}
    return read_message({**base, **fields})


def test_kinds_of_messages() -> None:
    text = message(MsgType="text", Content="肾不好", MsgId="12345678901234567")
    assert isinstance(text, IncomingText)
    assert text.text == "肾不好"
    assert text.envelope.key.startswith("m:")
    voice = message(MsgType="voice", MsgId="2", Recognition="头疼")
    assert isinstance(voice, IncomingVoice)
    assert voice.recognised == "头疼"
    assert isinstance(message(MsgType="image", MsgId="3", PicUrl="http://x"), IncomingImage)
    event = message(MsgType="event", Event="CLICK", EventKey="HELP")
    assert isinstance(event, IncomingEvent)
    assert (event.event, event.key) == ("click", "HELP")
    assert event.envelope.key.startswith("e:")
    unknown = message(MsgType="hologram", MsgId="4")
    assert isinstance(unknown, IncomingUnknown)
    assert unknown.type == "hologram"


def test_events_are_told_apart_by_sender_and_time() -> None:
    def key(user: str, created: str) -> str:
        found = read_message({"FromUserName": user, "CreateTime": created, "MsgType": "event", "Event": "subscribe"})
        return found.envelope.key

    assert key("a", "1") == key("a", "1")
    assert len({key("a", "1"), key("a", "2"), key("b", "1")}) == 3


def test_a_message_from_nobody_is_refused() -> None:
    for fields in ({"MsgType": "text"}, {"FromUserName": "a"}, {"FromUserName": "a" * 500, "MsgType": "text"}, {}):
        with pytest.raises(BadMessageError):
            read_message(fields)


def test_the_work_platforms_json_form() -> None:
    body = json.dumps({"msgid": "9", "msgtype": "text", "from": {"userid": "zhang"}, "text": {"content": "你好"}})
    found = read_message(read_json(body.encode(), 10_000))
    assert isinstance(found, IncomingText)
    assert (found.envelope.user, found.text) == ("zhang", "你好")
