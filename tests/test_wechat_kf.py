"""微信客服 against the stand-in: fetched by pages, answered once, handed over to a person."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from datetime import time as clock
from pathlib import Path
from typing import Any

import pytest

from bot.channels import wording
from bot.channels.wechat.handover import within_hours
from bot.channels.wechat.phone import Phone
from bot.channels.wechat.xml import write_xml
from bot.settings import WechatAccount
from tests.wechat_stand_in import StandIn
from tests.wechat_world import World, wait_until, world


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    made = StandIn()
    yield made
    made.down()


def kf(base: str, **fields: Any) -> dict[str, Any]:
    return {"name": "kf", "kind": "kf", "corp_id": "ww1", "api_base": base, **fields}


def clean(made: World) -> None:
    assert "Traceback" not in made.errors()


def announce(made: World, address: str) -> None:
    phone = Phone(made.account("kf"), address, "", made.client)
    body = write_xml(
        {"ToUserName": "ww1", "CreateTime": int(time.time()), "MsgType": "event", "Event": "kf_msg_or_event",
         "Token": "T", "OpenKfId": "wk1"}
    )  # fmt: skip
    delivery = phone.seal(body)
    answer = phone.post(delivery)
    assert (answer.status_code, answer.text) == (200, "success")


def test_messages_are_fetched_by_pages_and_each_answered_once(tmp_path: Path, stand_in: StandIn) -> None:
    with world(tmp_path, [kf(stand_in.base)]) as made:
        addresses = [made.start()[0] for _ in range(2)]
        for number in range(10):
            stand_in.customer(f"wm{number}", f"第{number}问")
        for address in addresses * 2:
            announce(made, address)
        wait_until(lambda: all(stand_in.texts_to(f"wm{n}") for n in range(10)))
        stand_in.customer("wm0", "再问")
        announce(made, addresses[0])
        wait_until(lambda: len(stand_in.texts_to("wm0")) == 2)
        time.sleep(1.5)
        assert sorted(made.turns()) == sorted([*(f"第{n}问" for n in range(10)), "再问"])
        assert [len(stand_in.texts_to(f"wm{n}")) for n in range(10)] == [2, *[1] * 9]
        for number in range(1, 10):
            assert f"关于“第{number}问”" in stand_in.texts_to(f"wm{number}")[0]
            assert "weixin://" not in stand_in.texts_to(f"wm{number}")[0]
        menus = [body for body in stand_in.state.sent if body["msgtype"] == "msgmenu"]
        assert len(menus) == 11
        assert menus[0]["msgmenu"]["list"][0]["click"]["content"] == "1. 甲能吃吗?"
        clean(made)


def test_the_cursor_survives_a_restart_and_a_stand_in_that_was_away(tmp_path: Path, stand_in: StandIn) -> None:
    with world(tmp_path, [kf(stand_in.base)]) as made:
        address, process = made.start()
        stand_in.customer("wm1", "一")
        announce(made, address)
        wait_until(lambda: stand_in.texts_to("wm1"))
        stand_in.down()
        stand_in.customer("wm1", "二")
        announce(made, address)  # noted, though nothing can be fetched now
        time.sleep(0.5)
        process.kill()
        stand_in.up()
        made.start()
        wait_until(lambda: len(stand_in.texts_to("wm1")) == 2)
        assert made.turns() == ["一", "二"]
        assert stand_in.state.sync_cursors[-1] == "1"


def test_a_tapped_entry_of_the_menu_is_the_question(tmp_path: Path, stand_in: StandIn) -> None:
    with world(tmp_path, [kf(stand_in.base)]) as made:
        address, _ = made.start()
        stand_in.customer("wm1", "水果")
        announce(made, address)
        wait_until(lambda: stand_in.texts_to("wm1"))
        stand_in.customer("wm1", text={"content": "1. 甲能吃吗?", "menu_id": "1"})
        announce(made, address)
        wait_until(lambda: len(stand_in.texts_to("wm1")) == 2)
        assert made.turns() == ["水果", "甲能吃吗?"]


def test_entering_is_welcomed_with_one_message(tmp_path: Path, stand_in: StandIn) -> None:
    with world(tmp_path, [kf(stand_in.base)]) as made:
        address, _ = made.start()
        entered = {"event_type": "enter_session", "external_userid": "wm1", "open_kfid": "wk1", "welcome_code": "W1"}
        stand_in.customer("", msgtype="event", origin=4, event=entered)
        announce(made, address)
        wait_until(lambda: stand_in.state.sent)
        time.sleep(1.0)
        assert [body["code"] for body in stand_in.state.sent] == ["W1"]
        menu = stand_in.state.sent[0]["msgmenu"]
        assert "欢迎" in menu["head_content"]
        assert [entry["click"]["content"] for entry in menu["list"]] == ["1. 甲能吃吗?", "2. 乙能吃吗?"]
        stand_in.customer("wm1", "长 问题")
        announce(made, address)
        wait_until(lambda: stand_in.texts_to("wm1"))
        wait_until(lambda: len(stand_in.state.sent) == 3)
        assert stand_in.state.sent[-1]["msgmenu"]["list"][-1]["click"]["content"] == "3. 更多"
        stand_in.customer("wm1", text={"content": "3. 更多", "menu_id": "3"})
        announce(made, address)
        wait_until(lambda: len(stand_in.texts_to("wm1")) == 2)
        assert "第2段" in stand_in.texts_to("wm1")[1]


ALWAYS = {
    "handover": True,
    "handover_days": [1, 2, 3, 4, 5, 6, 7],
    "handover_from": "00:00",
    "handover_to": "23:59:59.999999",
}
NEVER = {**ALWAYS, "handover_days": []}


def test_a_person_takes_over_when_asked_and_the_bot_keeps_silent(tmp_path: Path, stand_in: StandIn) -> None:
    with world(tmp_path, [kf(stand_in.base, **ALWAYS)]) as made:
        address, _ = made.start()
        stand_in.customer("wm1", "转人工")
        announce(made, address)
        wait_until(lambda: stand_in.state.human.get("wm1") == 2)
        assert stand_in.texts_to("wm1") == [wording.WECHAT_HANDED_OVER]
        stand_in.customer("wm1", "水果")
        announce(made, address)
        time.sleep(1.5)
        assert made.turns() == []
        stand_in.state.human.clear()
        ended = {"event_type": "session_status_change", "external_userid": "wm1", "open_kfid": "wk1", "change_type": 3}
        stand_in.customer("", msgtype="event", origin=4, event=ended)
        stand_in.customer("wm1", "蔬菜")
        announce(made, address)
        wait_until(lambda: len(stand_in.texts_to("wm1")) == 2)
        assert made.turns() == ["蔬菜"]


def test_two_declines_in_a_row_bring_a_person(tmp_path: Path, stand_in: StandIn) -> None:
    with world(tmp_path, [kf(stand_in.base, **ALWAYS)]) as made:
        address, _ = made.start()
        for number, text in enumerate(("没有一", "水果", "没有二", "没有三"), 1):
            assert "wm1" not in stand_in.state.human
            stand_in.customer("wm1", text)
            announce(made, address)
            wait_until(lambda count=number: len(stand_in.texts_to("wm1")) == count)
        wait_until(lambda: stand_in.state.human.get("wm1") == 2)
        assert stand_in.texts_to("wm1")[-1] == wording.WECHAT_HANDED_OVER_DECLINED


def test_out_of_hours_nobody_is_promised(tmp_path: Path, stand_in: StandIn) -> None:
    with world(tmp_path, [kf(stand_in.base, **NEVER)]) as made:
        address, _ = made.start()
        for number, text in enumerate(("没有一", "没有二", "转人工"), 1):
            stand_in.customer("wm1", text)
            announce(made, address)
            wait_until(lambda count=number: len(stand_in.texts_to("wm1")) == count)
        assert "不在人工服务时间" in stand_in.texts_to("wm1")[-1]
        assert stand_in.state.human == {}


def test_a_failed_handover_is_said(tmp_path: Path, stand_in: StandIn) -> None:
    stand_in.state.refuse.append(("service_state/trans", 95014))
    with world(tmp_path, [kf(stand_in.base, **ALWAYS)]) as made:
        address, _ = made.start()
        stand_in.customer("wm1", "转人工")
        announce(made, address)
        wait_until(lambda: len(stand_in.texts_to("wm1")) == 2)
        assert stand_in.texts_to("wm1")[1] == wording.WECHAT_HUMAN_FAILED
        stand_in.customer("wm1", "水果")
        announce(made, address)
        wait_until(lambda: len(stand_in.texts_to("wm1")) == 3)


@pytest.mark.parametrize(
    ("moment", "open_"),
    [
        ("2026-11-23T07:59:59+08:00", False), ("2026-11-23T08:00:00+08:00", True), ("2026-11-23T17:29:59+08:00", True),
        ("2026-11-23T17:30:00+08:00", False), ("2026-11-22T12:00:00+08:00", False), ("2026-11-23T00:30:00+00:00", True),
    ],
)  # fmt: skip
def test_service_hours_are_those_of_china(moment: str, open_: bool) -> None:
    account = WechatAccount(name="kf", kind="kf")  # Monday to Friday, 08:00-17:30
    assert within_hours(account, datetime.fromisoformat(moment).timestamp()) is open_


def test_hours_past_midnight_belong_to_the_evening_before() -> None:
    account = WechatAccount(name="kf", kind="kf", handover_days=(5,), handover_from=clock(20), handover_to=clock(2))
    for moment, open_ in (
        ("2026-11-27T21:00+08:00", True),
        ("2026-11-28T01:00+08:00", True),
        ("2026-11-27T01:00+08:00", False),
    ):
        assert within_hours(account, datetime.fromisoformat(moment).timestamp()) is open_
