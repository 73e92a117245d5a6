"""Against a stand-in for WeChat's servers, over real HTTP and with real processes: no question lost, none answered twice."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bot.channels import wording
from bot.channels.wechat.phone import Phone
from tests.wechat_stand_in import StandIn
from tests.wechat_world import AES, AES_OLD, EMERGENCY, World, wait_until, world


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    made = StandIn()
    yield made
    made.down()


def official(base: str = "", **fields: Any) -> dict[str, Any]:
    return {"name": "main", "app_id": "wx1", "api_base": base, **fields}


def phone_of(made: World, address: str, user: str = "o_user", **changed: str) -> Phone:
    return Phone(made.account("main", **changed), address, user, made.client)


def clean(made: World) -> None:
    assert "Traceback" not in made.errors()


# In time, without the customer-service interface


def test_a_late_answer_waits_for_more_and_is_given_once(tmp_path: Path) -> None:
    with world(tmp_path, [official()], wechat_deadline_seconds=0.5) as made:
        address, _ = made.start()
        phone = phone_of(made, address)
        delivery = phone.delivery(Content="慢2 水果")
        assert phone.read(phone.post(delivery)) is None
        assert phone.ask("更多") == wording.WECHAT_WAIT
        assert phone_of(made, address, "o_other").ask("更多") is not None  # nobody else gets it
        time.sleep(2.0)
        assert "关于“慢2 水果”" in (phone.ask("更多") or "")
        assert phone.read(phone.post(delivery)) is None  # a late retry says nothing a second time
        assert "关于“还有吗”" in (phone.ask("更多") or "")
        assert made.turns() == ["慢2 水果", "还有吗", "还有吗"]
        clean(made)


def test_the_platforms_retry_gets_the_kept_answer(tmp_path: Path) -> None:
    with world(tmp_path, [official(late_notice=True)], wechat_deadline_seconds=0.5) as made:
        address, _ = made.start()
        phone = phone_of(made, address)
        delivery = phone.delivery(Content="慢1.2 水果")
        assert phone.read(phone.post(delivery)) == wording.WECHAT_WAIT
        time.sleep(1.2)
        kept = {phone.read(phone.post(delivery)) for _ in range(2)}
        assert len(kept) == 1
        assert "关于“慢1.2 水果”" in str(kept)
        assert made.turns() == ["慢1.2 水果"]


def test_duplicates_to_two_processes_at_once_are_one_turn(tmp_path: Path) -> None:
    with world(tmp_path, [official()]) as made, ThreadPoolExecutor(8) as pool:
        phones = [phone_of(made, made.start()[0]) for _ in range(2)]
        for number in range(12):
            delivery = phones[0].delivery(Content=f"慢0.1 第{number}问", number=str(number + 1))
            shown = set(pool.map(lambda phone, sent=delivery: phone.read(phone.post(sent)), phones * 3))
            assert len(shown) == 1
            assert f"第{number}问" in str(shown)
        assert made.turns() == [f"慢0.1 第{number}问" for number in range(12)]
        clean(made)


def test_a_process_that_dies_between_two_tries_loses_nothing(tmp_path: Path) -> None:
    with world(tmp_path, [official()]) as made, ThreadPoolExecutor(1) as pool:
        address, process = made.start()
        phone = phone_of(made, address)
        delivery = phone.delivery(Content="慢1 水果")
        first = pool.submit(lambda: phone.post(delivery))
        wait_until(lambda: made.turns() == ["慢1 水果"])
        process.kill()
        assert first.exception() is not None
        address, _ = made.start()
        text, tries = phone_of(made, address).deliver(delivery)
        assert "关于“慢1 水果”" in (text or "")
        assert tries == 1
        assert made.turns() == ["慢1 水果", "慢1 水果"]  # worked on again, for the first work died with its process


def test_a_process_that_dies_after_success_still_answers_later(tmp_path: Path, stand_in: StandIn) -> None:
    with world(tmp_path, [official(stand_in.base)], wechat_deadline_seconds=0.3) as made:
        address, process = made.start()
        stand_in.wrote("o_user")
        phone = phone_of(made, address)
        assert phone.ask("慢2 水果") is None
        process.kill()
        assert stand_in.texts_to("o_user") == []
        made.start()
        wait_until(lambda: stand_in.texts_to("o_user"))
        assert "关于“慢2 水果”" in stand_in.texts_to("o_user")[0]


def test_an_emergency_overtakes_a_queue(tmp_path: Path) -> None:
    with (
        world(tmp_path, [official()], wechat_deadline_seconds=1.0, wechat_threads=1) as made,
        ThreadPoolExecutor(6) as pool,
    ):
        address, _ = made.start()
        slow = [phone_of(made, address, f"u{n}") for n in range(4)]
        jobs = [pool.submit(phone.ask, "慢1.5 水果") for phone in slow]
        wait_until(lambda: made.turns())
        assert phone_of(made, address, "hurt").ask("危险 胸口痛") == EMERGENCY
        assert [job.result() for job in jobs] == [None] * 4


def test_keys_are_rotated_without_downtime(tmp_path: Path) -> None:
    old = {"YIJU_WECHAT_MAIN_AES_KEY": AES_OLD}
    both = {"YIJU_WECHAT_MAIN_AES_KEY": AES, "YIJU_WECHAT_MAIN_AES_KEY_PREVIOUS": AES_OLD}
    with world(tmp_path, [official()]) as made:
        first, _ = made.start(**old)
        second, _ = made.start(**both)  # one process is restarted after the other, the console switches at any time
        assert phone_of(made, first, **old).ask("一") is not None
        assert phone_of(made, second, **old).ask("二") is not None
        assert phone_of(made, second, **both).ask("三") is not None


# With the customer-service interface


def test_late_answers_go_out_by_the_interface_once(tmp_path: Path, stand_in: StandIn) -> None:
    with world(tmp_path, [official(stand_in.base)], wechat_deadline_seconds=0.3) as made:
        for _ in range(2):
            address, _process = made.start()
        stand_in.wrote("o_user")
        phone = phone_of(made, address)
        delivery = phone.delivery(Content="慢1 水果")
        assert phone.read(phone.post(delivery)) is None
        wait_until(lambda: stand_in.texts_to("o_user"))
        assert phone.read(phone.post(delivery)) is None
        assert phone.ask("快") is not None  # in time: not by the interface
        time.sleep(2.5)
        assert len(stand_in.texts_to("o_user")) == 1
        assert stand_in.state.fetched == 1
        clean(made)


@pytest.mark.parametrize("code", [40001, 42001, 40014])
def test_a_dead_token_is_renewed_at_once(tmp_path: Path, stand_in: StandIn, code: int) -> None:
    with world(tmp_path, [official(stand_in.base)], wechat_deadline_seconds=0.3) as made:
        address, _ = made.start()
        stand_in.wrote("o_user")
        stand_in.state.refuse.append(("custom/send", code))
        phone_of(made, address).ask("慢0.6 水果")
        wait_until(lambda: stand_in.texts_to("o_user"))
        assert stand_in.state.fetched == 2
        stand_in.kill_tokens()
        phone_of(made, address).ask("慢0.6 蔬菜")
        wait_until(lambda: len(stand_in.texts_to("o_user")) == 2)
        assert stand_in.state.fetched == 3


def test_a_token_is_renewed_early(tmp_path: Path, stand_in: StandIn) -> None:
    stand_in.state.token_seconds = 2.0
    with world(tmp_path, [official(stand_in.base)], wechat_deadline_seconds=0.3) as made:
        address, _ = made.start()
        stand_in.wrote("o_user")
        phone_of(made, address).ask("慢0.6 一")
        wait_until(lambda: len(stand_in.texts_to("o_user")) == 1)
        time.sleep(2.2)
        phone_of(made, address).ask("慢0.6 二")
        wait_until(lambda: len(stand_in.texts_to("o_user")) == 2)
        assert stand_in.state.fetched == 2
        assert len([path for path in stand_in.state.calls if "custom/send" in path]) == 2  # no call with a dead one


@pytest.mark.parametrize("code", [-1])
def test_a_busy_interface_is_asked_again(tmp_path: Path, stand_in: StandIn, code: int) -> None:
    stand_in.state.refuse += [("custom/send", code)] * 2
    with world(tmp_path, [official(stand_in.base)], wechat_deadline_seconds=0.3) as made:
        address, _ = made.start()
        stand_in.wrote("o_user")
        phone_of(made, address).ask("慢0.6 水果")
        wait_until(lambda: stand_in.texts_to("o_user"))
        assert len(stand_in.texts_to("o_user")) == 1


@pytest.mark.parametrize("code", [45009, 45011])
def test_too_many_calls_are_not_repeated_soon_and_more_still_gives_the_answer(
    tmp_path: Path, stand_in: StandIn, code: int
) -> None:
    stand_in.state.refuse.append(("custom/send", code))
    with world(tmp_path, [official(stand_in.base)], wechat_deadline_seconds=0.3) as made:
        address, _ = made.start()
        stand_in.wrote("o_user")
        phone = phone_of(made, address)
        phone.ask("慢0.6 水果")
        wait_until(lambda: "/cgi-bin/message/custom/send" in stand_in.state.calls)
        time.sleep(2.0)
        assert stand_in.state.calls.count("/cgi-bin/message/custom/send") == 1
        assert "关于“慢0.6 水果”" in (phone.ask("更多") or "")
        assert stand_in.texts_to("o_user") == []


@pytest.mark.parametrize("allowed", [None, 0])
def test_what_the_interface_will_not_take_waits_for_more(
    tmp_path: Path, stand_in: StandIn, allowed: int | None
) -> None:
    with world(tmp_path, [official(stand_in.base)], wechat_deadline_seconds=0.3) as made:
        address, _ = made.start()
        if allowed is not None:
            stand_in.state.allowed["o_user"] = allowed  # 45047; else 45015
        phone = phone_of(made, address)
        phone.ask("慢0.6 水果")
        wait_until(lambda: "/cgi-bin/message/custom/send" in stand_in.state.calls)
        time.sleep(0.3)
        assert "关于“慢0.6 水果”" in (phone.ask("更多") or "")
        time.sleep(1.5)
        assert stand_in.texts_to("o_user") == []


def test_the_stand_in_goes_down_and_comes_back(tmp_path: Path, stand_in: StandIn) -> None:
    with world(tmp_path, [official(stand_in.base)], wechat_deadline_seconds=0.3) as made:
        address, process = made.start()
        stand_in.wrote("o_user")
        stand_in.down()
        phone_of(made, address).ask("慢0.6 水果")
        time.sleep(1.5)
        process.terminate()
        process.wait(20)
        made.start()
        stand_in.up()
        wait_until(lambda: stand_in.texts_to("o_user"))
        time.sleep(1.5)
        assert len(stand_in.texts_to("o_user")) == 1


def test_a_call_of_unknown_outcome_is_not_made_again(tmp_path: Path, stand_in: StandIn) -> None:
    with world(tmp_path, [official(stand_in.base)], wechat_deadline_seconds=0.3) as made:
        address, _ = made.start()
        stand_in.wrote("o_user")
        phone = phone_of(made, address)
        phone.ask("慢0.5 预热")
        wait_until(lambda: stand_in.texts_to("o_user"))
        stand_in.state.silent_seconds = 7.0
        phone.ask("慢0.5 水果")
        wait_until(lambda: len(stand_in.texts_to("o_user")) == 2)
        time.sleep(7.0)
        stand_in.state.silent_seconds = 0.0
        time.sleep(2.0)
        assert len(stand_in.texts_to("o_user")) == 2


def test_nothing_is_called_unless_configured(tmp_path: Path, stand_in: StandIn) -> None:
    with world(tmp_path, [official()], wechat_deadline_seconds=0.3) as made:
        address, _ = made.start()
        phone_of(made, address).ask("慢0.6 水果")
        time.sleep(1.5)
        assert stand_in.state.calls == []


def test_the_work_application_sends_by_its_own_interface(tmp_path: Path, stand_in: StandIn) -> None:
    account = {"name": "main", "kind": "wecom", "corp_id": "ww1", "agent_id": "1000002", "api_base": stand_in.base}
    with world(tmp_path, [account], wechat_deadline_seconds=0.3) as made:
        address, _ = made.start()
        stand_in.wrote("zhang")
        phone = phone_of(made, address, "zhang")
        phone.check_url()
        assert phone.ask("慢0.6 水果") is None
        wait_until(lambda: stand_in.texts_to("zhang"))
        assert stand_in.state.sent[0]["agentid"] == "1000002"


def test_simulate_plays_a_conversation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.__main__ import main

    with world(tmp_path, [official()]) as made:
        address, _ = made.start()
        for name, value in made.variables.items():
            monkeypatch.setenv(name, value)
        assert main(["wechat", "simulate", "--account", "main", "--url", address, "长 水果", "更多", "1"]) == 0
        shown = capsys.readouterr().out
        assert "第1段原文" in shown
        assert "第2段原文" in shown
        assert "【1. 甲能吃吗?】" in shown
        assert "<a " not in shown
        assert main(["wechat", "simulate", "--account", "main", "--url", address, "--json", "水果"]) == 0
        assert json.loads(capsys.readouterr().out)[0]["bytes"] > 100
        assert main(["wechat", "simulate", "--account", "nobody", "水果"]) == 1
        assert "main" in capsys.readouterr().err
        assert main(["wechat", "simulate", "--account", "main", "--url", "http://127.0.0.1:9", "水果"]) == 1
        assert "连不上" in capsys.readouterr().err
