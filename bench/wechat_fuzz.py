"""Mutated callbacks at WeChat's door: ``python -m bench.wechat_fuzz [--count 100000] [--seed 1] [--json]``.

Honest messages of every mode are cut, doubled, bit-flipped, re-encoded, re-signed or not, and posted to the real
routes in this process. Goals: no status of 500 or above, and no work (no turn of the dialogue) unless the signature
holds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx

from bot.channels.wechat.accounts import Account, open_accounts
from bot.channels.wechat.crypto import encrypt, signature
from bot.channels.wechat.phone import Delivery, Phone
from bot.channels.wechat.xml import write_xml
from bot.settings import load_settings
from tests.wechat_world import make_app, secrets_of

ACCOUNTS: list[dict[str, Any]] = [
    {"name": "secure", "app_id": "wx1"},
    {"name": "plain", "app_id": "wx2", "mode": "plain"},
    {"name": "compat", "app_id": "wx3", "mode": "compatible"},
    {"name": "work", "kind": "wecom", "corp_id": "ww1"},
]
PARTS = (
    b"<![CDATA[", b"]]>", b"<!DOCTYPE x>", b'<!ENTITY a "b">', b"&a;", b"&#0;", b"&#x110000;", b"\x00", b"\xff\xfe", b"\xed\xa0\x80",
    b"<Encrypt>", b"</xml>", b"<xml>", b"<?xml version='1.0' encoding='utf-16'?>", b"{", b"}", b"[" * 500, b"<a>" * 200, b"1" * 5000,
    "汉".encode(), "😀".encode(), b"-1", b"1e999", b"<MsgType>event</MsgType>", b"<MsgId>1</MsgId>", b"%s%n", b"'; DROP TABLE turns;--",
)  # fmt: skip


class Mutator:
    """Makes requests from honest ones. ``signed`` of a request says whether its signature still holds."""

    def __init__(self, accounts: dict[str, Account], seed: int) -> None:
        self._chance = random.Random(seed)
        self._accounts = accounts
        self._phones = {name: Phone(account, "http://fuzz", f"u_{name}") for name, account in accounts.items()}

    def request(self) -> tuple[str, Delivery]:
        """Return an account's name and a request to it."""
        chance = self._chance
        name = chance.choice(list(self._accounts))
        account, phone = self._accounts[name], self._phones[name]
        kind = chance.choice(("text", "voice", "image", "event", "video"))
        extra = {"text": {"Content": "水果]]>"}, "event": {"Event": "CLICK", "EventKey": "什么是肾病"}}.get(kind, {})
        way = chance.randrange(4)
        if way == 0:  # the body is damaged, the query is not
            honest = phone.delivery(kind, **extra)
            return name, Delivery(self._query(honest.query, 0.2), self._mangled(honest.body))
        if way == 1:  # what is encrypted is damaged, and well signed
            inner = self._mangled(
                write_xml(
                    {"FromUserName": phone.user, "MsgType": kind, "MsgId": str(chance.random()), **extra}
                ).encode()
            )
            return name, self._sealed(account, phone, inner.decode("utf-8", "replace"))
        if way == 2:  # random bytes, well signed
            return name, self._sealed(account, phone, chance.randbytes(chance.randrange(200)).decode("latin-1"))
        sealed = self._mangled(encrypt(account.keys[0], "<xml/>", account.receiver).encode()).decode("latin-1")
        now, nonce = str(int(time.time())), str(chance.random())
        query = {"timestamp": now, "nonce": nonce, "signature": signature(account.tokens[0], now, nonce)}
        query["msg_signature"] = signature(account.tokens[0], now, nonce, sealed)
        return name, Delivery(self._query(query, 0.1), write_xml({"Encrypt": sealed}).encode("utf-8", "replace"))

    def _sealed(self, account: Account, phone: Phone, text: str) -> Delivery:
        return phone.seal(text)

    def _query(self, query: dict[str, str], share: float) -> dict[str, str]:
        if self._chance.random() > share:
            return query
        changed = dict(query)
        name = self._chance.choice(list(changed))
        changed[name] = self._chance.choice(("", "x" * 3000, "\u0000", "签名", "-1", "９", changed[name][::-1]))
        return changed

    def _mangled(self, body: bytes) -> bytes:
        chance, found = self._chance, bytearray(body)
        for _ in range(chance.randrange(1, 4)):
            place = chance.randrange(len(found) + 1)
            step = chance.randrange(5)
            if step == 0 and found:
                found[place % len(found)] ^= 1 << chance.randrange(8)
            elif step == 1:
                del found[place:]
            elif step == 2:
                found[place:place] = chance.choice(PARTS)
            elif step == 3:
                del found[place : place + chance.randrange(1, 40)]
            else:
                found[place:place] = found[: chance.randrange(200)]
        return bytes(found)


async def _run(count: int, seed: int, folder: Path) -> dict[str, object]:
    os.environ |= secrets_of(*(account["name"] for account in ACCOUNTS))
    settings = load_settings(wechat=ACCOUNTS, wechat_store=folder / "wechat.db")
    app = make_app(settings, folder / "turns.jsonl")
    mutator, statuses = Mutator(open_accounts(settings), seed), Counter[int]()
    bad: list[str] = []
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://fuzz", timeout=30) as client:
            for _ in range(count):
                name, sent = mutator.request()
                answer = await client.post(f"/wechat/{name}", params=sent.query, content=sent.body)
                statuses[answer.status_code] += 1
                if answer.status_code >= 500 or b"Traceback" in answer.content:
                    bad.append(f"{name} {answer.status_code} {sent.query} {sent.body!r}"[:2000])
    log = folder / "turns.jsonl"
    turns = len(log.read_text("utf-8").splitlines()) if log.exists() else 0
    return {
        "requests": count,
        "statuses": dict(sorted(statuses.items())),
        "turns": turns,
        "bad": bad[:10],
        "bad_count": len(bad),
    }


def run(count: int, seed: int = 1) -> dict[str, object]:
    """Return the counts of statuses and what came out wrong."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_run(count, seed, Path(folder)))


def main() -> int:
    """Print the figures; exit with 1 where a request broke something."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    started = time.perf_counter()
    figures = {**run(args.count, args.seed), "seconds": round(time.perf_counter() - started, 1)}
    print(json.dumps(figures, ensure_ascii=False, indent=2) if args.json else f"WeChat fuzz: {figures}")
    return 1 if figures["bad_count"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
