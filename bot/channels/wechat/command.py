"""``python -m bot wechat simulate``: play a signed, encrypted conversation against a running server."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence

from bot.channels import wording
from bot.channels.wechat.accounts import Account, open_accounts
from bot.channels.wechat.fitting import size
from bot.channels.wechat.phone import Phone, on_screen
from bot.errors import SettingsError
from bot.settings import Settings

_WAIT_SECONDS = 3.0


def main(words: Sequence[str], settings: Settings) -> int:
    """Run the command; return its exit code.

    Raises:
        SettingsError: there is no such account, or it cannot be played from here.
        PlatformError: the server does not answer as the platform needs it.
    """
    args = _parser().parse_args(words)
    account = _account(settings, args.account)
    phone = Phone(account, args.url or f"http://127.0.0.1:{settings.port}", args.user)
    try:
        phone.check_url()
        turns = [_play(phone, question, args.json) for question in args.question]
    finally:
        phone.close()
    if args.json:
        print(json.dumps(turns, ensure_ascii=False, indent=2))  # noqa: T201
    return 0 if all(turn["shown"] for turn in turns) else 1


def _play(phone: Phone, question: str, quiet: bool) -> dict[str, object]:
    """Ask one question; where the answer is late, ask for it as a patient would."""
    started = time.perf_counter()
    shown = phone.ask(question)
    seconds = time.perf_counter() - started
    if shown is None:
        time.sleep(_WAIT_SECONDS)
        shown = phone.ask(wording.WECHAT_MORE_WORD)
    if not quiet:
        _print_turn(question, shown, seconds)
    return {"question": question, "shown": shown, "bytes": size(shown or ""), "seconds": round(seconds, 3)}


def _print_turn(question: str, shown: str | None, seconds: float) -> None:
    print(f"我:{question}")  # noqa: T201
    print(f"号({size(shown or '')} 字节，{seconds:.2f} 秒):\n{on_screen(shown or '(没有回应)')}\n")  # noqa: T201


def _parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(prog="python -m bot wechat", description="微信：在本机试一试接入是否正常")
    commands = root.add_subparsers(dest="command", required=True, metavar="命令")
    text = "扮作微信服务器，向正在运行的服务发送签名、加密的消息，打印手机上会看到什么"
    simulate = commands.add_parser("simulate", help=text, description=text)
    simulate.add_argument("question", nargs="+", help="问题；写几个就依次发送，可以是“更多”或数字")
    simulate.add_argument("--account", required=True, help="yiju.toml 里 [[wechat]] 的 name")
    simulate.add_argument("--url", help="服务的网址(默认 http://127.0.0.1:端口)")
    simulate.add_argument("--user", default="", help="用户的 openid(默认每次新造一个)")
    simulate.add_argument("--json", action="store_true", help="输出 JSON")
    return root


def _account(settings: Settings, name: str) -> Account:
    accounts = open_accounts(settings)
    if name not in accounts:
        known = "、".join(accounts) or "(一个也没有)"
        raise SettingsError(f"没有叫 {name!r} 的微信帐号。yiju.toml 里有：{known}。")
    if accounts[name].settings.kind == "kf":
        raise SettingsError("微信客服的消息要由企业微信的服务器取送，不能这样试。请在微信里直接试。")
    return accounts[name]
