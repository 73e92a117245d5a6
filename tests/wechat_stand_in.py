"""A local stand-in for WeChat's servers, made from the platforms' documented behaviour, over real HTTP.

Interfaces: 公众号 ``stable_token`` and ``message/custom/send``; 企业微信 ``gettoken`` and ``message/send``; 微信客服
``kf/sync_msg`` (with paging), ``kf/send_msg``, ``kf/send_msg_on_event``, ``kf/service_state/trans``. It keeps the rules:
a token lives as long as it says unless it dies early (40001, 42001), five messages in 48 hours after each of the
user's (45047, for 客服 95001), none without one (45015), and scripted refusals (45009, 45011, -1). It can go down and
come back on the same port.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

ALLOWED_AFTER_A_MESSAGE = 5


@dataclass
class State:
    """What the stand-in knows and is told to do."""

    tokens: dict[str, float] = field(default_factory=dict)
    token_seconds: float = 7200.0
    fetched: int = 0
    sent: list[dict[str, Any]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    refuse: list[tuple[str, int]] = field(default_factory=list)  # (path part, code), each used once
    allowed: dict[str, int] = field(default_factory=dict)
    messages: list[dict[str, Any]] = field(default_factory=list)  # of 微信客服, in order
    page: int = 3
    sync_cursors: list[str] = field(default_factory=list)
    human: dict[str, int] = field(default_factory=dict)
    said_ids: set[str] = field(default_factory=set)
    silent_seconds: float = 0.0
    counter: int = 0


class StandIn:
    """The servers; ``base`` is what stands in ``api_base``."""

    def __init__(self) -> None:
        self.state = State()
        self.lock = threading.Lock()
        self._server: ThreadingHTTPServer | None = None
        self.port = 0
        self.up()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def up(self) -> None:
        """Come (back) up on the same port."""
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                self._answer({})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self._answer(json.loads(body or b"{}"))

            def _answer(self, body: dict[str, Any]) -> None:
                parts = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                answer = json.dumps(stand_in.handle(parts.path, query, body), ensure_ascii=False).encode()
                if stand_in.state.silent_seconds:
                    time.sleep(stand_in.state.silent_seconds)
                try:
                    self.send_response(200)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)
                except OSError:
                    pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

        self._server = Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def down(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def handle(self, path: str, query: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
        """Answer one call."""
        with self.lock:
            state = self.state
            state.calls.append(path)
            for entry in state.refuse:
                if entry[0] in path:
                    state.refuse.remove(entry)
                    return {"errcode": entry[1], "errmsg": "scripted"}
            if path in ("/cgi-bin/stable_token", "/cgi-bin/gettoken"):
                return self._token(body, query)
            ends = state.tokens.get(query.get("access_token", ""))
            if ends is None:
                return {"errcode": 40001, "errmsg": "invalid credential"}
            if ends < time.time():
                return {"errcode": 42001, "errmsg": "access_token expired"}
            kinds = {
                "/cgi-bin/message/custom/send": self._send, "/cgi-bin/message/send": self._send,
                "/cgi-bin/kf/send_msg": self._send_kf, "/cgi-bin/kf/send_msg_on_event": self._send_event,
                "/cgi-bin/kf/sync_msg": self._sync, "/cgi-bin/kf/service_state/trans": self._trans,
            }  # fmt: skip
            return kinds[path](body) if path in kinds else {"errcode": 40066, "errmsg": "invalid url"}

    def _token(self, body: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
        if "appsecret" not in (body.get("secret"), query.get("corpsecret")):
            return {"errcode": 40125, "errmsg": "invalid appsecret"}
        state = self.state
        alive = [token for token, ends in state.tokens.items() if ends > time.time()]
        if not alive or body.get("force_refresh") or query:
            state.fetched += 1
            alive = [f"token-{state.fetched}"]
            state.tokens[alive[0]] = time.time() + state.token_seconds
        return {"access_token": alive[-1], "expires_in": state.token_seconds}

    def _send(self, body: dict[str, Any]) -> dict[str, Any]:
        user = body["touser"]
        left = self.state.allowed.get(user)
        if left is None:
            return {"errcode": 45015, "errmsg": "response out of time limit"}
        if left <= 0:
            return {"errcode": 45047, "errmsg": "out of response count limit"}
        if len(body["text"]["content"].encode()) > 2048:
            return {"errcode": 45002, "errmsg": "content size out of limit"}
        self.state.allowed[user] = left - 1
        self.state.sent.append(body)
        return {"errcode": 0, "errmsg": "ok"}

    def _send_kf(self, body: dict[str, Any]) -> dict[str, Any]:
        if self.state.human.get(body["touser"]) in (2, 3):
            return {"errcode": 95018, "errmsg": "send msg session status invalid"}
        if self.state.allowed.get(body["touser"], 0) <= 0:
            return {"errcode": 95001, "errmsg": "send msg count limit"}
        if body["msgid"] in self.state.said_ids or len(body["msgid"].encode()) > 32:
            return {"errcode": 40058, "errmsg": "invalid msgid"}
        if body["msgtype"] == "text":
            assert len(body["text"]["content"].encode()) <= 2048
        else:
            menu = body["msgmenu"]
            assert len(menu["head_content"].encode()) <= 1024
            assert 1 <= len(menu["list"]) <= 10
            assert all(1 <= len(entry["click"]["content"].encode()) <= 128 for entry in menu["list"])
        self.state.said_ids.add(body["msgid"])
        self.state.allowed[body["touser"]] -= 1
        self.state.sent.append(body)
        return {"errcode": 0, "errmsg": "ok", "msgid": body["msgid"]}

    def _send_event(self, body: dict[str, Any]) -> dict[str, Any]:
        if body["code"] in self.state.said_ids:
            return {"errcode": 95014, "errmsg": "welcome code used"}
        self.state.said_ids.add(body["code"])
        self.state.sent.append(body)
        return {"errcode": 0, "errmsg": "ok"}

    def _trans(self, body: dict[str, Any]) -> dict[str, Any]:
        self.state.human[body["external_userid"]] = body["service_state"]
        return {"errcode": 0, "errmsg": "ok"}

    def _sync(self, body: dict[str, Any]) -> dict[str, Any]:
        state = self.state
        state.sync_cursors.append(body.get("cursor", ""))
        start = int(body.get("cursor") or "0")
        found = state.messages[start : start + state.page]
        end = start + len(found)
        return {"errcode": 0, "next_cursor": str(end), "has_more": int(end < len(state.messages)), "msg_list": found}

    # What a test tells it

    def wrote(self, user: str) -> None:
        """A user wrote: five answers are allowed."""
        with self.lock:
            self.state.allowed[user] = ALLOWED_AFTER_A_MESSAGE

    def customer(self, user: str, content: str = "", **fields: Any) -> None:
        """A customer of 微信客服 wrote."""
        with self.lock:
            self.state.counter += 1
            message = {"msgid": f"m{self.state.counter}", "open_kfid": "wk1", "external_userid": user, "origin": 3,
                       "send_time": int(time.time()), "msgtype": "text", "text": {"content": content}}  # fmt: skip
            self.state.messages.append({**message, **fields})
            self.state.allowed[user] = ALLOWED_AFTER_A_MESSAGE

    def kill_tokens(self) -> None:
        """All tokens die before their time."""
        with self.lock:
            self.state.tokens.clear()

    def texts_to(self, user: str) -> list[str]:
        """What a user received as text."""
        with self.lock:
            return [
                body["text"]["content"] for body in self.state.sent if body.get("touser") == user and "text" in body
            ]
