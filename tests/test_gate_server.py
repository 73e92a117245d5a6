"""The real server on a real socket: who the peer is, slow and odd requests, proxies, frames, headers."""

from __future__ import annotations

import json
import re
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

import httpx
import pytest
import uvicorn
from pydantic import SecretStr
from starlette.testclient import TestClient

from bot.app import create_app, server_config
from bot.channels.tokens import Tokens
from bot.dialogue.dialogue import Dialogue
from bot.settings import Settings
from bot.sites import Site

SECRET = "a secret for tests only, 32 characters or more"
QUESTION = {"question": "急性肾损伤有什么新的药物在做临床试验?"}
BODY = json.dumps(QUESTION).encode()
SITES = (
    Site(name="main", origins=("https://www.clinic.example", "https://clinic.example")),
    Site(name="other", origins=("https://other.example",)),
)
CHINESE = re.compile("[\u4e00-\u9fff]")
PATIENCE = 20.0  # seconds until a test gives up, not what is measured

Opener = Callable[..., TestClient]


@dataclass(frozen=True)
class Served:
    """A running server."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def raw(self, *parts: bytes, pause: float = 0.0) -> bytes:
        """Send bytes as they are and return all that comes back until the server hangs up."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as connection:
            received = b""
            for part in parts:
                with suppress(ConnectionError):  # it may have hung up already
                    connection.sendall(part)
                if select.select([connection], [], [], pause)[0]:
                    received += connection.recv(65536)
                    time.sleep(pause)
            with suppress(ConnectionResetError):
                while chunk := connection.recv(65536):
                    received += chunk
            return received


@contextmanager
def running(settings: Settings, dialogue: Dialogue) -> Iterator[Served]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(server_config(create_app(settings, dialogue), settings))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield Served(listener.getsockname()[1])
        server.should_exit = True
        thread.join(PATIENCE)


@pytest.fixture(scope="module")
def impatient(settings: Settings, dialogue: Dialogue) -> Iterator[Served]:
    """A server that waits for nobody, with websites and a token secret."""
    changes = {"secret": SecretStr(SECRET), "sites": SITES, "header_seconds": 1.0, "body_seconds": 0.5}
    with running(settings.model_copy(update=changes), dialogue) as served:
        yield served


@pytest.fixture(scope="module")
def proxied(settings: Settings, dialogue: Dialogue) -> Iterator[Served]:
    """A server behind a proxy on the same machine and another one in front of that."""
    changes = {"secret": SecretStr(SECRET), "trusted_proxies": ("127.0.0.1", "10.0.0.0/8"), "rate_limit": 3}
    with running(settings.model_copy(update=changes), dialogue) as served:
        yield served


def request(path: str, *headers: str, method: str = "GET", body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", *headers]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def status_of(response: bytes) -> int:
    return int(response.split(b" ", 2)[1])


def code_of(response: bytes) -> str:
    error = json.loads(response.partition(b"\r\n\r\n")[2])["error"]
    assert CHINESE.search(error["message"])
    return str(error["code"])


# Slow and huge


def test_a_slow_body_is_refused_and_the_connection_closed(impatient: Served) -> None:
    head = request("/api/ask", "Content-Type: application/json", "Content-Length: 1000", method="POST")
    head = head.replace(b"Connection: close\r\n", b"")
    response = impatient.raw(head, b'{"question": "')
    assert (status_of(response), code_of(response)) == (408, "body_too_slow")
    assert b"connection: close" in response.lower()


def test_a_body_that_trickles_is_refused_too(impatient: Served) -> None:
    head = request("/api/ask", "Content-Type: application/json", "Transfer-Encoding: chunked", method="POST")
    response = impatient.raw(head, *[b"1\r\na\r\n"] * 8, pause=0.1)
    assert (status_of(response), code_of(response)) == (408, "body_too_slow")


def test_slow_lines_are_hung_up_on(impatient: Served) -> None:
    assert impatient.raw() == b""
    assert impatient.raw(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ") == b""
    # Also the second request on a connection, and also where something trickles.
    first = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    response = impatient.raw(first, b"GET /healthz HTTP/1.1\r\n", b"X-Slow: a\r\n", b"X-Slower: b\r\n", pause=0.3)
    assert response.count(b"HTTP/1.1 200") == 1


def test_a_patient_connection_is_kept(impatient: Served) -> None:
    connection = HTTPConnection("127.0.0.1", impatient.port, timeout=PATIENCE)
    connection.connect()
    connection.auto_open = 0  # a closed connection shall not be opened anew
    for pause in (0.0, 1.3):  # longer than the lines of a request may take
        time.sleep(pause)
        connection.request("GET", "/healthz")
        response = connection.getresponse()
        assert (response.status, json.loads(response.read())) == (200, {"status": "ok"})
    connection.close()


def test_an_oversized_body_is_refused(impatient: Served, settings: Settings) -> None:
    body = json.dumps({"question": "a" * settings.body_max_bytes}).encode()
    response = impatient.raw(request("/api/ask", method="POST", body=body))
    assert (status_of(response), code_of(response)) == (413, "body_too_large")


def test_huge_lines_are_refused(impatient: Served, settings: Settings) -> None:
    response = impatient.raw(request("/api/passages/" + "a" * settings.url_max_bytes))
    assert (status_of(response), code_of(response)) == (414, "url_too_long")
    response = impatient.raw(request("/healthz?q=" + "a" * settings.url_max_bytes))
    assert (status_of(response), code_of(response)) == (414, "url_too_long")
    response = impatient.raw(request("/healthz", "X-Long: " + "a" * settings.header_max_bytes))
    assert (status_of(response), code_of(response)) == (431, "headers_too_large")
    assert b" 200 " not in impatient.raw(request("/healthz", "X-Long: " + "a" * 200_000))
    assert httpx.get(f"{impatient.url}/healthz").status_code == 200


# Paths


@pytest.mark.parametrize(
    "path",
    [
        "/../etc/passwd",
        "/ui/../rest.py",
        "/ui/%2e%2e/rest.py",
        "/ui/%2E%2E%2Frest.py",
        "/ui/..%2frest.py",
        "/ui/..%5crest.py",
        "/ui/..\\rest.py",
        "/ui/%252e%252e/rest.py",
        "/ui/.%2e/rest.py",
        "/./api/ask",
        "/api/./ask",
        "/api/ask/..",
        "//api/ask",
        "/api//ask",
        "/%2fapi/ask",
        "/api%2fask",
        "/api/passages/%00",
        "/api/passages/a%00.json",
        "/api/passages/a%0d%0aSet-Cookie:x",
        "/api/passages/%2500",
        "/source/a%5cb",
        "http://evil.example/api/ask",
        "*",
    ],
)
def test_path_tricks_are_refused(impatient: Served, path: str) -> None:
    for method in ("GET", "POST"):
        response = impatient.raw(request(path, method=method, body=BODY if method == "POST" else b""))
        assert (status_of(response), code_of(response)) == (400, "bad_path")
        assert b"Set-Cookie" not in response


def test_ordinary_odd_paths_are_not_tricks(impatient: Served) -> None:
    for path in ("/source/..a", "/source/%E8%82%BE", "/source/a%20b", "/source/a.b", "/source/100%25"):
        assert status_of(impatient.raw(request(path))) == 404, path
    assert status_of(impatient.raw(request("/healthz?next=//a/../b%00"))) == 200


# Where a request comes from


def test_loopback_is_the_true_peer(impatient: Served) -> None:
    assert httpx.post(f"{impatient.url}/api/ask", json=QUESTION).status_code == 200
    # One who came through a proxy that nobody trusts is not from here, whatever it says.
    for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "Via", "X-Forwarded-Host", "X-Forwarded-Proto"):
        response = httpx.post(f"{impatient.url}/api/ask", json=QUESTION, headers={name: "127.0.0.1"})
        assert (response.status_code, response.json()["error"]["code"]) == (401, "key_missing"), name


def test_a_proxy_speaks_for_nobody_on_this_machine(proxied: Served) -> None:
    for spoofed in ("127.0.0.1", "::1", "203.0.113.9, 127.0.0.1", "localhost", "unknown"):
        response = httpx.post(f"{proxied.url}/api/ask", json=QUESTION, headers={"X-Forwarded-For": spoofed})
        assert response.json()["error"]["code"] == "key_missing", spoofed
    assert httpx.get(f"{proxied.url}/healthz").status_code == 200


def test_the_address_is_the_last_one_that_no_trusted_proxy_has(proxied: Served) -> None:
    token = Tokens([SECRET], 60)

    def ask(forwarded: str) -> int:
        headers = {
            "X-Forwarded-For": forwarded,
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": "bot.example.cn",
            "Origin": "https://bot.example.cn",
            "X-Yiju-Token": token.issue(""),
        }
        return httpx.post(f"{proxied.url}/api/ask", json=QUESTION, headers=headers).status_code

    # Whatever a client puts before it, its own address is what the proxies add.
    assert [ask(f"198.51.100.{number}, 203.0.113.9, 10.1.2.3") for number in range(4)] == [200, 200, 200, 429]
    assert ask("203.0.113.9, 203.0.113.10") == 200
    assert ask("203.0.113.10, 203.0.113.9") == 429


def test_an_untrusted_peer_cannot_spoof_its_address(settings: Settings, dialogue: Dialogue) -> None:
    app = create_app(settings.model_copy(update={"rate_limit": 2, "secret": SecretStr(SECRET)}), dialogue)
    page = {"Origin": "http://testserver", "X-Yiju-Token": Tokens([SECRET], 60).issue("")}
    with TestClient(app, client=("203.0.113.5", 1)) as client:
        headers = [{**page, "X-Forwarded-For": f"198.51.100.{number}"} for number in range(3)]
        codes = [client.post("/api/ask", json=QUESTION, headers=spoofed).status_code for spoofed in headers]
        assert codes == [200, 200, 429]
        pretended = {**page, "Origin": "https://evil.example", "X-Forwarded-Host": "evil.example"}
        response = client.post("/api/ask", json=QUESTION, headers={**pretended, "X-Forwarded-Proto": "https"})
        assert response.json()["error"]["code"] == "origin_forbidden"
        assert "strict-transport-security" not in response.headers


# Frames and headers


@pytest.mark.parametrize(
    ("query", "frames"),
    [
        ("site=main", "https://www.clinic.example https://clinic.example"),
        ("embed=1&site=other", "https://other.example"),
        ("site=nowhere", "'none'"),
        ("site=main&site=other", "'none'"),
        ("site=main%3b%20script-src%20*", "'none'"),
        ("site=MAIN", "'none'"),
        ("site=", "'self'"),
        ("", "'self'"),
    ],
)
def test_the_light_page_is_framed_by_its_website_only(impatient: Served, query: str, frames: str) -> None:
    policy = httpx.get(f"{impatient.url}/m?{query}").headers["content-security-policy"]
    assert policy.count("frame-ancestors") == 1
    assert policy.endswith(f"frame-ancestors {frames}")


def test_other_pages_are_framed_by_no_website(impatient: Served) -> None:
    for path in ("/?site=main", "/source/stem-cells-kidney?site=main", "/docs?site=main", "/m/?site=main"):
        policy = httpx.get(f"{impatient.url}{path}").headers["content-security-policy"]
        assert "clinic.example" not in policy


def test_tls_is_insisted_on_only_where_there_is_tls(proxied: Served, settings: Settings, dialogue: Dialogue) -> None:
    through = httpx.get(f"{proxied.url}/healthz", headers={"X-Forwarded-Proto": "https"}).headers
    assert through["strict-transport-security"] == "max-age=31536000"
    assert "strict-transport-security" not in httpx.get(f"{proxied.url}/healthz").headers
    with TestClient(create_app(settings.model_copy(update={"behind_tls": True}), dialogue)) as client:
        assert "strict-transport-security" in client.get("/healthz").headers
    with TestClient(
        create_app(settings.model_copy(update={"behind_tls": True, "hsts_seconds": 0}), dialogue)
    ) as client:
        assert "strict-transport-security" not in client.get("/healthz").headers


def test_every_response_has_its_headers_refusals_too(impatient: Served) -> None:
    responses: list[Any] = [
        httpx.get(f"{impatient.url}{path}") for path in ("/", "/m", "/healthz", "/nothing", "/api/suggest", "/docs")
    ]
    responses.append(httpx.post(f"{impatient.url}/api/ask", json=QUESTION, headers={"Origin": "https://evil.example"}))
    for response in responses:
        headers = response.headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "camera=()" in headers["permissions-policy"]
        assert "unsafe-eval" not in headers["content-security-policy"]
        assert "access-control-allow-origin" not in headers
        assert "server" not in headers
    framed = httpx.get(f"{impatient.url}/m?site=main").headers
    assert framed["cross-origin-resource-policy"] == "cross-origin"
