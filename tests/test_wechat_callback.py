"""WeChat's callback through its real door: modes, refusals, duplicates, "更多", numbers, events."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from bot.channels import wording
from bot.channels.wechat.accounts import Account, open_accounts
from bot.channels.wechat.crypto import encrypt, signature
from bot.channels.wechat.phone import Delivery, Phone
from bot.channels.wechat.xml import write_xml
from bot.settings import load_settings
from tests.wechat_world import AES_OLD, DISCLAIMER, EMERGENCY, TOKEN, make_app, secrets_of, wait_until

ACCOUNTS: list[dict[str, Any]] = [
    {"name": "secure", "app_id": "wx1", "menu": {"ASK": "透析要注意什么?"}},
    {"name": "plain", "app_id": "wx2", "mode": "plain"},
    {"name": "compat", "app_id": "wx3", "mode": "compatible"},
    {"name": "work", "kind": "wecom", "corp_id": "ww1", "agent_id": "1000002"},
]
VARIABLES = secrets_of(
    *(a["name"] for a in ACCOUNTS),
    YIJU_WECHAT_SECURE_AES_KEY_PREVIOUS=AES_OLD,
    YIJU_WECHAT_SECURE_TOKEN_PREVIOUS="oldtoken",
)


class Door:
    """The application, its accounts and the turns it worked on."""

    def __init__(self, client: TestClient, folder: Path) -> None:
        self.client, self.folder = client, folder
        self.accounts: dict[str, Account] = open_accounts(load_settings(wechat=ACCOUNTS), VARIABLES)

    def phone(self, name: str, user: str = "") -> Phone:
        return Phone(self.accounts[name], "http://testserver", user, self.client)

    def turns(self) -> list[str]:
        log = self.folder / "turns.jsonl"
        return [json.loads(line)["text"] for line in log.read_text("utf-8").splitlines()] if log.exists() else []


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    settings = load_settings(wechat=ACCOUNTS, wechat_store=tmp_path / "wechat.db", public_url="https://ask.example.cn")
    with TestClient(make_app(settings, tmp_path / "turns.jsonl"), raise_server_exceptions=False) as client:
        yield Door(client, tmp_path)


@pytest.mark.parametrize("name", ["secure", "plain", "compat", "work"])
def test_every_mode_checks_its_url_and_answers_in_kind(door: Door, name: str) -> None:
    phone = door.phone(name)
    phone.check_url()
    delivery = phone.delivery(Content="透析能吃水果吗")
    answer = phone.post(delivery)
    assert answer.headers["content-type"] == "application/xml"
    assert (b"<Encrypt>" in answer.content) == (name != "plain")
    text = phone.read(answer)
    assert text is not None
    assert "关于“透析能吃水果吗”的第1段原文]]>&＜b>。" in text
    assert "出处：张三. 须知[J]. 2025." in text
    assert DISCLAIMER in text
    assert "https://ask.example.cn/source/doc#doc.1" in text
    assert ("weixin://bizmsgmenu" in text) == (name != "work")
    assert "1. 甲能吃吗?" in text


def test_the_work_platforms_echo_is_bare(door: Door) -> None:
    account = door.accounts["work"]
    now, sealed = str(int(time.time())), encrypt(account.keys[0], "12345", "ww1")
    query = {"timestamp": now, "nonce": "n", "echostr": sealed, "msg_signature": signature(TOKEN, now, "n", sealed)}
    answer = door.client.get("/wechat/work", params=query)
    assert (answer.status_code, answer.content) == (200, b"12345")


def test_json_is_answered_in_json(door: Door) -> None:
    account, phone = door.accounts["work"], door.phone("work", "zhang")
    inner = json.dumps(
        {
            "FromUserName": "zhang",
            "ToUserName": "ww1",
            "CreateTime": 1,
            "MsgType": "text",
            "Content": "水果",
            "MsgId": 5,
        }
    )
    now, sealed = str(int(time.time())), encrypt(account.keys[0], inner, "ww1")
    query = {"timestamp": now, "nonce": "n1", "msg_signature": signature(TOKEN, now, "n1", sealed)}
    answer = phone.post(Delivery(query, json.dumps({"encrypt": sealed}).encode()))
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.json()) == {"encrypt", "msgsignature", "timestamp", "nonce"}


def test_compatible_mode_also_takes_plain_messages(door: Door) -> None:
    now = str(int(time.time()))
    body = write_xml(
        {"ToUserName": "gh", "FromUserName": "u", "CreateTime": now, "MsgType": "text", "Content": "水果", "MsgId": "1"}
    )
    query = {"timestamp": now, "nonce": "n", "signature": signature(TOKEN, now, "n")}
    answer = door.client.post("/wechat/compat", params=query, content=body.encode())
    assert answer.status_code == 200
    assert "关于“水果”" in answer.text
    assert "<Encrypt>" not in answer.text


def test_the_old_key_and_token_still_work_during_a_rotation(door: Door) -> None:
    old = open_accounts(
        load_settings(wechat=ACCOUNTS),
        {**VARIABLES, "YIJU_WECHAT_SECURE_AES_KEY": AES_OLD, "YIJU_WECHAT_SECURE_TOKEN": "oldtoken"},
    )["secure"]
    phone = Phone(old, "http://testserver", "u", door.client)  # its replies must be of the old token and key, too
    assert "旧钥匙" in (phone.ask("旧钥匙") or "")
    assert "新钥匙" in (door.phone("secure").ask("新钥匙") or "")


# Refusals


def refused(door: Door, delivery: Delivery, status: int, name: str = "secure") -> None:
    before = door.turns()
    answer = door.client.post(f"/wechat/{name}", params=delivery.query, content=delivery.body)
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"error"}
    assert "Traceback" not in answer.text
    assert door.turns() == before


def test_forged_and_stale_are_403(door: Door) -> None:
    good = door.phone("secure").delivery(Content="水果")
    refused(door, Delivery({**good.query, "msg_signature": "0" * 40}, good.body), 403)
    refused(door, Delivery({**good.query, "msg_signature": ""}, good.body), 403)
    refused(door, Delivery({**good.query, "nonce": "other"}, good.body), 403)
    refused(door, Delivery({**good.query, "nonce": "n" * 5000}, good.body), 403)
    refused(door, Delivery({}, good.body), 403)
    for shift in (-400, 400):
        refused(door, door.phone("secure").seal("<xml/>", time.time() + shift), 403)
    for wrong in ("", "abc", "-1", "9" * 30, "١٢٣"):
        refused(door, Delivery({**good.query, "timestamp": wrong}, good.body), 403)
    plain = door.phone("plain").delivery(Content="水果")
    refused(door, Delivery({**plain.query, "signature": "x"}, plain.body), 403, "plain")
    refused(door, Delivery(plain.query, plain.body), 403)  # secure mode takes nothing in the clear


def test_a_signature_is_good_for_one_message(door: Door) -> None:
    first = door.phone("plain", "u1").delivery(Content="水果")
    assert door.client.post("/wechat/plain", params=first.query, content=first.body).status_code == 200
    other = door.phone("plain", "u2").delivery(Content="蔬菜")
    refused(door, Delivery(first.query, other.body), 403, "plain")
    again = door.client.post("/wechat/plain", params=first.query, content=first.body)
    assert again.status_code == 200  # the platform's own retry
    assert door.turns() == ["水果"]


@pytest.mark.parametrize(
    "body",
    [b"", b"<xml>", b"\xff\xfe", b"{", b"[]", b"<xml><Encrypt>x", b'<!DOCTYPE a [<!ENTITY b "c">]><xml>&b;</xml>'],
)
def test_what_cannot_be_read_is_400(door: Door, body: bytes) -> None:
    query = door.phone("secure").delivery(Content="x").query
    refused(door, Delivery(query, body), 400)


def test_wrongly_encrypted_is_400(door: Door) -> None:
    account, now = door.accounts["secure"], str(int(time.time()))
    for sealed in (encrypt(account.keys[0], "<xml/>", "wx-other"), "AAAA", encrypt(account.keys[0], "no xml", "wx1")):
        query = {"timestamp": now, "nonce": "n", "msg_signature": signature(TOKEN, now, "n", sealed)}
        refused(door, Delivery(query, write_xml({"Encrypt": sealed}).encode()), 400)
    refused(door, door.phone("secure").seal('<!DOCTYPE a [<!ENTITY b "c">]><xml>&b;</xml>'), 400)
    refused(door, door.phone("secure").seal("<xml><MsgType>text</MsgType></xml>"), 400)


def test_oversized_is_413_and_unknown_accounts_404(door: Door) -> None:
    refused(door, Delivery({}, b"x" * 70_000), 413)
    phone = door.phone("secure")
    delivery = phone.delivery(Content="x")
    assert door.client.post("/wechat/nobody", params=delivery.query, content=delivery.body).status_code == 404
    assert door.client.get("/wechat/nobody").status_code == 404
    assert door.client.get("/wechat/secure").status_code == 400
    assert door.client.get("/wechat/secure", params={"echostr": "1"}).status_code == 403
    assert door.client.put("/wechat/secure").status_code == 405


# The conversation


def test_one_question_gives_one_turn_and_the_same_answer(door: Door) -> None:
    phone = door.phone("secure")
    delivery = phone.delivery(Content="水果", number="77")
    shown = {phone.read(phone.post(delivery)) for _ in range(3)}
    other = phone.delivery(Content="水果", number="77")  # the platform's retry may be signed anew
    shown.add(phone.read(phone.post(other)))
    assert len(shown) == 1
    assert door.turns() == ["水果"]
    assert phone.read(phone.post(phone.delivery(Content="水果", number="78"))) is not None
    assert door.turns() == ["水果", "水果"]


def test_a_user_keeps_a_session_and_users_never_share_one(door: Door) -> None:
    first, second = door.phone("secure", "u1"), door.phone("secure", "u2")
    first.ask("苹果")
    second.ask("香蕉")
    assert "关于“苹果”" in (first.ask("记得吗") or "")
    assert "关于“香蕉”" in (second.ask("记得吗") or "")
    assert "关于“记得吗”" in (door.phone("plain", "u1").ask("记得吗") or "")  # another account, another conversation


@pytest.mark.parametrize("typed", ["1", "１", " 1 ", "1.", "甲能吃吗?", "甲能吃吗？"])
def test_numbers_and_words_choose_a_suggestion(door: Door, typed: str) -> None:
    phone = door.phone("secure")
    phone.ask("水果")
    assert "关于“甲能吃吗" in (phone.ask(typed) or "")


def test_a_number_that_chooses_nothing(door: Door) -> None:
    phone = door.phone("secure")
    assert "关于“7”" in (phone.ask("7") or "")  # nothing was offered: it is what it is
    assert phone.ask("7") == wording.WECHAT_NO_CHOICE.format(number=7, count=2)
    assert "关于“120”" in (phone.ask("120") or "")


def test_more_gives_the_other_passages_and_then_asks_the_dialogue(door: Door) -> None:
    phone = door.phone("secure")
    assert "第1段" in (phone.ask("长 问题") or "")
    assert "第2段" in (phone.ask("更多") or "")
    assert "第3段" in (phone.ask("还有吗?") or "")
    assert door.turns() == ["长 问题"]
    assert "关于“还有吗”" in (phone.ask("更多") or "")
    delivery = phone.delivery(Content="长 问题二")
    phone.post(delivery)
    more = phone.delivery(Content="更多", number="99")
    assert {phone.read(phone.post(more)) for _ in range(3)} == {phone.read(phone.post(more))}
    assert "第2段" in (phone.read(phone.post(more)) or "")


def test_an_emergency_comes_first_and_alone(door: Door) -> None:
    assert door.phone("secure").ask("危险 胸口痛") == EMERGENCY


def test_kind_words_for_what_cannot_be_read(door: Door) -> None:
    phone = door.phone("secure")

    def shown(kind: str, **fields: str) -> str | None:
        return phone.read(phone.post(phone.delivery(kind, **fields)))

    assert shown("voice", MediaId="m") == wording.WECHAT_VOICE
    assert "关于“头疼”" in (shown("voice", Recognition="头疼") or "")
    assert shown("image", PicUrl="http://x") == wording.WECHAT_PICTURE
    for kind in ("video", "location", "link", "file", "never-heard-of"):
        assert shown(kind) == wording.WECHAT_TYPE_PLEASE
    assert door.turns() == ["头疼"]


def test_events(door: Door) -> None:
    phone = door.phone("secure")

    def event(name: str, created: str = "", **fields: str) -> str | None:
        return phone.read(phone.post(phone.delivery("event", created=created, Event=name, **fields)))

    welcome = event("subscribe") or ""
    assert "欢迎关注" in welcome
    assert "1. 甲能吃吗?" in welcome
    assert "关于“甲能吃吗?”" in (phone.ask("1") or "")
    assert "透析要注意什么?" in (event("CLICK", EventKey="ASK") or "")
    assert "关于“什么是肾病”" in (event("CLICK", EventKey="什么是肾病") or "")
    assert "欢迎" in (event("CLICK", EventKey="V1") or "")
    for name in ("VIEW", "LOCATION", "TEMPLATESENDJOBFINISH", "unheard"):
        assert event(name) is None
    before = len(door.turns())
    created = str(int(time.time()) - 100)  # a second in which nothing else was clicked
    assert event("CLICK", created, EventKey="ASK") == event("CLICK", created, EventKey="ASK")
    assert len(door.turns()) == before + 1


def test_unsubscribing_forgets(door: Door) -> None:
    phone = door.phone("secure")
    phone.ask("苹果")
    assert phone.read(phone.post(phone.delivery("event", Event="unsubscribe"))) is None
    with sqlite3.connect(door.folder / "wechat.db") as store:
        assert store.execute("SELECT COUNT(*) FROM users").fetchone() == (0,)
        assert (
            store.execute("SELECT COUNT(*) FROM turns WHERE question IS NOT NULL AND state = 'done'").fetchone()[0] <= 1
        )
    store.close()
    assert "关于“记得吗”" in (phone.ask("记得吗") or "")


def test_what_goes_wrong_inside_is_an_apology(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    assert door.phone("secure").ask("炸药方子") == wording.WECHAT_FAILED
    assert "炸药方子" not in caplog.text


def test_a_message_that_cannot_be_noted_is_to_be_sent_again(door: Door) -> None:
    phone = door.phone("secure")
    delivery = phone.delivery(Content="水果")
    blocker = sqlite3.connect(door.folder / "wechat.db", isolation_level=None)
    try:
        blocker.execute("BEGIN EXCLUSIVE")
        answer = phone.post(delivery)
        assert (answer.status_code, set(answer.json())) == (503, {"error"})
        assert door.turns() == []
    finally:
        blocker.execute("ROLLBACK")
        blocker.close()
    wait_until(lambda: "关于“水果”" in (phone.read(phone.post(delivery)) or ""))
    assert door.turns() == ["水果"]


def test_nobodys_id_or_words_stand_readable_on_disk(door: Door) -> None:
    door.phone("secure", "oVeryPersonalId").ask("非常私密的问题")
    for path in door.folder.glob("wechat.*"):
        content = path.read_bytes()
        assert b"oVeryPersonalId" not in content
        assert "非常私密".encode() not in content
        assert b"\\u975e\\u5e38" not in content
        assert path.stat().st_mode & 0o077 == 0
