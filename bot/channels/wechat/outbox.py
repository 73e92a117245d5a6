"""Send what could not be said in time: one item after the other, with back-off, never twice.

A call whose outcome is unknown (sent, but no answer came) is not made again: the answer then waits for "更多".
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Mapping
from typing import Any

from bot.channels import wording
from bot.channels.wechat.accounts import Account
from bot.channels.wechat.api import RETRIED, TOO_OFTEN, Api
from bot.channels.wechat.fitting import size, split_long
from bot.channels.wechat.memory import Item
from bot.channels.wechat.messages import digest
from bot.channels.wechat.turns import Turn, Turns
from bot.errors import PlatformError

_log = logging.getLogger("yiju.wechat")
_SLOWEST_SECONDS = 300.0
_OFTEN_SECONDS = 60.0
_HUMAN_SECONDS = 12 * 3600.0  # a person's conversation that was never ended, ends for us after this
_OPTION_BYTES = 128
_OPTIONS = 10


class Outbox:
    """Sends waiting answers by the customer-service interfaces."""

    def __init__(
        self, accounts: Mapping[str, Account], turns: Turns, api: Api, clock: Callable[[], float] = time.time
    ) -> None:
        self._accounts, self._turns, self._api, self._clock = accounts, turns, api, clock

    def run(self) -> None:
        """Send all that is due now."""
        while True:
            due = self._turns.due()
            for turn in due:
                account = self._accounts.get(turn.account)
                if account is None or not account.calls_out:
                    self._turns.stick(turn)
                else:
                    self._send(account, turn)
            if not due:
                return

    def _send(self, account: Account, turn: Turn) -> None:
        if not turn.items:
            self._turns.sent(turn, 0, True)
            return
        for number, item in enumerate(turn.items):
            if number < turn.sent:
                continue
            try:
                self._say(account, turn, number, item)
            except PlatformError as error:
                self._failed(account, turn, number, error)
                return
            self._turns.sent(turn, number + 1, number + 1 == len(turn.items))

    def _failed(self, account: Account, turn: Turn, number: int, error: PlatformError) -> None:
        _log.warning("%s: not sent: %s", account.name, error)
        if turn.items[number].human:
            self._turns.silence(turn.account, turn.user, 0.0)
            self._turns.replace_items(turn, (*turn.items[:number], Item(wording.WECHAT_HUMAN_FAILED)))
        elif error.maybe_done or error.code not in RETRIED:
            self._turns.stick(turn)
        elif error.code in TOO_OFTEN:
            self._turns.postpone(turn, _OFTEN_SECONDS * (1.0 + random.random()))  # noqa: S311 - to spread, not to hide
        else:
            seconds = min(_SLOWEST_SECONDS, 0.5 * 2.0 ** min(turn.attempts, 12))
            self._turns.postpone(turn, seconds * (0.5 + random.random() / 2.0))  # noqa: S311

    def _say(self, account: Account, turn: Turn, number: int, item: Item) -> None:
        kind, to = account.settings.kind, str(turn.question.get("to", ""))
        if kind == "kf":
            self._say_kf(account, turn, number, item, to)
            return
        body: dict[str, Any] = {"touser": to, "msgtype": "text", "text": {"content": item.text}}
        if kind == "official":
            self._api.call(account, "/cgi-bin/message/custom/send", body)
        else:
            self._api.call(account, "/cgi-bin/message/send", {**body, "agentid": account.settings.agent_id})

    def _say_kf(self, account: Account, turn: Turn, number: int, item: Item, to: str) -> None:
        open_kfid = str(turn.question.get("open_kfid", ""))
        if item.human:
            self._turns.silence(turn.account, turn.user, self._clock() + _HUMAN_SECONDS)
            body: dict[str, Any] = {"open_kfid": open_kfid, "external_userid": to, "service_state": 2}
            self._api.call(account, "/cgi-bin/kf/service_state/trans", body)
            return
        # The same id again is the same message: the platform's own guard against saying something twice.
        name = digest(turn.account, turn.key, str(number))
        said: dict[str, Any] = {"msgtype": "text", "text": {"content": item.text}}
        if item.options:
            said = {"msgtype": "msgmenu", "msgmenu": menu_of(item)}
        code = str(turn.question.get("welcome_code", ""))
        if code:
            self._api.call(account, "/cgi-bin/kf/send_msg_on_event", {"code": code, "msgid": name, **said})
        else:
            body = {"touser": to, "open_kfid": open_kfid, "msgid": name, **said}
            self._api.call(account, "/cgi-bin/kf/send_msg", body)


def menu_of(item: Item) -> dict[str, Any]:
    """Return an item's options as 微信客服's menu; one too long for a button is chosen by its number, as text."""
    entries: list[dict[str, Any]] = []
    for number, option in enumerate(item.options[:_OPTIONS], 1):
        content = wording.WECHAT_CHOICE.format(number=number, text=option)
        if size(content) > _OPTION_BYTES:
            content = split_long(content, _OPTION_BYTES - 3)[0] + "…"
        entries.append({"type": "click", "click": {"id": str(number), "content": content}})
    return {"head_content": item.text, "list": entries}
