"""A small world for WeChat's tests: a scripted dialogue, and real server processes with it behind WeChat's door.

``python -m tests.wechat_world PORT`` serves; settings and secrets come from the environment as for the real server.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from bot.channels import errors, security
from bot.channels.tokens import Tokens
from bot.channels.wechat import callback
from bot.channels.wechat.accounts import Account, open_accounts
from bot.channels.wechat.service import open_service
from bot.records import Reply, ReplyDocument, ReplyPassage, ReplyReference
from bot.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parent.parent
AES = b64encode(bytes(range(32))).decode().rstrip("=")
AES_OLD = b64encode(bytes(range(100, 132))).decode().rstrip("=")
TOKEN = "token123"
DISCLAIMER = "免责说明:仅供参考。"
SOURCE = ReplyDocument("doc", "须知", "", "", "0" * 64)
EMERGENCY = "请立即拨打 120。"


class ScriptedDialogue:
    """Answers with words that tell what it was asked; notes every turn in a file that all processes share.

    "慢2 …" takes two seconds, "没有 …" is declined, "危险 …" an emergency, "长 …" has three passages, "记得吗" tells the
    session's first question.
    """

    ready = True

    def __init__(self, settings: Settings, log: Path) -> None:
        self.settings, self._log = settings, log
        self._first: dict[str, str] = {}
        self._lock = threading.Lock()

    def reply(self, session: str | None, text: str, literal: bool = False, channel: str = "") -> Reply:
        with self._lock, self._log.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"text": text, "pid": os.getpid(), "literal": literal}) + "\n")
        if text.startswith("慢"):
            time.sleep(float(text[1:].split()[0]))
        if "炸" in text:
            raise RuntimeError(f"broke on {text}")
        with self._lock:
            session = session if session in self._first else f"s_{secrets.token_hex(8)}"
            first = self._first.setdefault(session, text)
        name = f"r_{secrets.token_hex(4)}"
        if self.urgent(text):
            return Reply(name, session, "emergency", EMERGENCY)
        if text.startswith("没有"):
            return Reply(name, session, "decline", "抱歉,没有找到。", suggestions=("甲能吃吗?", "乙能吃吗?"))
        said = first if text == "记得吗" else text
        passages = tuple(
            _passage(f"关于“{said}”的第{n}段原文]]>&<b>。") for n in range(1, 4 if text.startswith("长") else 2)
        )
        return Reply(name, session, "answer", "原文如下：", passages, ("甲能吃吗?", "乙能吃吗?"), DISCLAIMER, 0.9)

    def urgent(self, text: str) -> bool:
        return text.startswith("危险")

    def forget(self, session: str) -> None:
        with self._lock:
            self._first.pop(session, None)

    def starters(self) -> tuple[str, ...]:
        return ("甲能吃吗?", "乙能吃吗?")

    def close(self) -> None:
        pass


def _passage(text: str) -> ReplyPassage:
    reference = ReplyReference("r", "张三. 须知[J]. 2025.", None, None)
    return ReplyPassage("doc.1", text, 0.9, (), SOURCE, (), 0, len(text), None, (reference,), ())


def make_app(settings: Settings, log: Path) -> FastAPI:
    """The real door over the scripted dialogue, guarded as in the real application."""
    service = open_service(ScriptedDialogue(settings, log), settings)  # type: ignore[arg-type]

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.start()
        yield
        service.stop()

    app = FastAPI(lifespan=lifespan)
    errors.install(app)
    app.include_router(callback.make_router(service))
    app.add_api_route("/readyz", lambda: {"status": "ok"})
    security.install(app, settings, Tokens(("k" * 32,), 60))
    return app


def secrets_of(*names: str, **extra: str) -> dict[str, str]:
    """Environment variables for accounts of these names."""
    found: dict[str, str] = {}
    for name in names:
        prefix = f"YIJU_WECHAT_{name.upper()}_"
        found |= {f"{prefix}TOKEN": TOKEN, f"{prefix}AES_KEY": AES, f"{prefix}SECRET": "appsecret"}
    return found | extra


class World:
    """A folder with settings, the shared store, and server processes over it."""

    def __init__(self, folder: Path, accounts: list[dict[str, Any]], **settings: Any) -> None:
        self.folder, self.log = folder, folder / "turns.jsonl"
        self.variables = {
            "YIJU_CONFIG": str(ROOT / "tests" / "data" / "empty.toml"), "YIJU_WECHAT": json.dumps(accounts),
            "YIJU_WECHAT_STORE": str(folder / "wechat.db"), "YIJU_TEST_LOG": str(self.log),
            **{f"YIJU_{name.upper()}": str(value) for name, value in settings.items()},
            **secrets_of(*(account["name"] for account in accounts)),
        }  # fmt: skip
        self._accounts = accounts
        self.processes: list[subprocess.Popen[bytes]] = []
        self.client = httpx.Client(timeout=5.0, trust_env=False)  # as long as the platform waits

    def account(self, name: str, **changed: str) -> Account:
        settings = load_settings(wechat=self._accounts)
        return open_accounts(settings, {**self.variables, **changed})[name]

    def turns(self) -> list[str]:
        """All questions that any process worked on, in their order."""
        if not self.log.exists():
            return []
        return [json.loads(line)["text"] for line in self.log.read_text("utf-8").splitlines()]

    def start(self, **changed: str) -> tuple[str, subprocess.Popen[bytes]]:
        """Start a server process; return its address once it answers."""
        from bench.timing import free_port

        port = free_port()
        with (self.folder / f"err{port}.txt").open("wb") as errors_file:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.wechat_world", str(port)], cwd=ROOT,
                env={**os.environ, **self.variables, **changed}, stderr=errors_file,
            )  # fmt: skip
        self.processes.append(process)
        address = f"http://127.0.0.1:{port}"
        wait_until(lambda: process.poll() is None and _answers(address), 30.0)
        return address, process

    def errors(self) -> str:
        return "".join(path.read_text("utf-8", "replace") for path in self.folder.glob("err*.txt"))

    def close(self) -> None:
        self.client.close()
        for process in self.processes:
            if process.poll() is None:
                process.terminate()
        for process in self.processes:
            process.wait(timeout=20)


@contextmanager
def world(folder: Path, accounts: list[dict[str, Any]], **settings: Any) -> Iterator[World]:
    made = World(folder, accounts, **settings)
    try:
        yield made
    finally:
        made.close()


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz", timeout=1, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def wait_until(true: Any, seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)


if __name__ == "__main__":
    import uvicorn

    application = make_app(load_settings(), Path(os.environ["YIJU_TEST_LOG"]))
    uvicorn.run(application, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
