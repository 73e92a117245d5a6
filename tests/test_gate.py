"""Who may ask: origins, tokens, keys and limits, through the whole application's real door."""

from __future__ import annotations

import json
import logging
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from bot.app import create_app
from bot.channels.keys import hash_of, new_key, open_keys
from bot.channels.tokens import Tokens, open_tokens
from bot.dialogue.dialogue import Dialogue
from bot.errors import SettingsError
from bot.settings import Settings
from bot.sites import ApiKey, Site

QUESTION = "急性肾损伤有什么新的药物在做临床试验?"
EMERGENCY = "我爸突然胸口剧痛,喘不上气,怎么办"
OWN = "http://testserver"
LISTED = "https://www.clinic.example"
OTHER = "https://other.example"
SECRET = "a secret for tests only, 32 characters or more"
OLD_SECRET = "the secret of last year, also long enough for it"
KEY = new_key()
SITES = (Site(name="main", origins=(LISTED, "http://localhost:8123")), Site(name="other", origins=(OTHER,)))
CHINESE = re.compile("[\u4e00-\u9fff]")
OUTSIDE = ("203.0.113.5", 40000)
JSON = {"Content-Type": "application/json"}

Opener = Callable[..., TestClient]


@pytest.fixture(scope="module")
def guarded(settings: Settings) -> Settings:
    """Two websites, a program's key, a secret and the one before it."""
    return settings.model_copy(
        update={
            "sites": SITES,
            "api_keys": (ApiKey(name="mini", sha256=hash_of(KEY), site="other"),),
            "secret": SecretStr(SECRET),
            "secret_previous": SecretStr(OLD_SECRET),
        }
    )


@pytest.fixture(scope="module")
def open_client(guarded: Settings, dialogue: Dialogue) -> Iterator[Opener]:
    """Open clients of applications with some settings changed, standing outside unless told."""
    opened: list[TestClient] = []
    apps: dict[str, Any] = {}

    def make(client: tuple[str, int] = OUTSIDE, base_url: str = OWN, fresh: str = "", **changes: object) -> TestClient:
        name = f"{fresh}{changes}"
        apps.setdefault(name, create_app(guarded.model_copy(update=changes), dialogue))
        opened.append(TestClient(apps[name], base_url, raise_server_exceptions=False, client=client))
        return opened[-1].__enter__()

    yield make
    for client in opened:
        client.__exit__(None, None, None)


@pytest.fixture(scope="module")
def browser(open_client: Opener) -> TestClient:
    return open_client()


def token_of(client: TestClient, site: str = "", origin: str = OWN) -> str:
    response = client.post("/api/session", json={"site": site}, headers={"Origin": origin})
    assert response.status_code == 200, response.text
    assert set(response.json()) == {"token", "expires_in"}
    assert response.json()["expires_in"] == 3600
    assert response.headers["cache-control"] == "no-store"
    return str(response.json()["token"])


def ask(client: TestClient, question: str = QUESTION, path: str = "/api/ask", **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(path, json={"question": question}, headers=named)


def refused(response: Any) -> tuple[int, str]:
    """Return status and code of a refusal, which is said in Chinese and tells nothing of the inside."""
    assert set(response.json()) == {"error"}, response.text
    error = response.json()["error"]
    assert set(error) == {"code", "message"}
    assert CHINESE.search(error["message"])
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors" in response.headers["content-security-policy"]
    return response.status_code, error["code"]


# Origins


def test_our_own_page_asks_with_its_token(browser: TestClient) -> None:
    token = token_of(browser)
    assert ask(browser, Origin=OWN, X_Yiju_Token=token).json()["kind"] == "answer"
    assert refused(ask(browser, Origin=OWN)) == (401, "token_missing")


def test_a_listed_website_asks_with_a_token_of_its_own(browser: TestClient) -> None:
    token = token_of(browser, "main", LISTED)
    response = ask(browser, Origin=LISTED, X_Yiju_Token=token)
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == LISTED
    assert "access-control-allow-credentials" not in response.headers
    # A refusal can be read by the page too, or it could not tell the patient.
    late = ask(browser, Origin=LISTED)
    assert refused(late) == (401, "token_missing")
    assert late.headers["access-control-allow-origin"] == LISTED


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "",
        "https://testserver",
        "http://testserver:8080",
        "http://testserver.evil.example",
        "http://evil.example/http://testserver",
        "HTTP://TESTSERVER",
        "http://testserver/",
        "http://testserver,http://evil.example",
        "http://user@testserver",
        "https://www.clinic.example.evil.example",
        "https://www.clinic.example:8443",
        "http://www.clinic.example",
        "https://clinic.example",
        "*",
    ],
)
def test_any_other_origin_is_refused(browser: TestClient, origin: str) -> None:
    token = token_of(browser)
    for path in ("/api/ask", "/api/feedback", "/api/forget", "/api/session", "/api/suggest", "/api/of-tomorrow"):
        response = browser.post(path, json={}, headers={"Origin": origin, "X-Yiju-Token": token, "X-API-Key": KEY})
        assert refused(response) == (403, "origin_forbidden"), path
        assert "access-control-allow-origin" not in response.headers
    assert refused(browser.get("/api/suggest?q=a", headers={"Origin": origin, "X-Yiju-Token": token}))[0] == 403
    assert refused(browser.post("/gradio_api/queue/join", json={}, headers={"Origin": origin}))[0] == 403


def test_two_origins_are_none(browser: TestClient) -> None:
    headers = [("Origin", OWN), ("Origin", LISTED), ("Content-Type", "application/json")]
    response = browser.post("/api/ask", content=b"{}", headers=headers)
    assert refused(response) == (403, "origin_forbidden")


def test_with_no_websites_only_our_own_pages_may_ask(open_client: Opener) -> None:
    client = open_client(sites=(), api_keys=())
    assert refused(ask(client, Origin=LISTED, X_Yiju_Token=token_of(client))) == (403, "origin_forbidden")
    assert ask(client, Origin=OWN, X_Yiju_Token=token_of(client)).status_code == 200
    assert client.get("/docs").status_code == 200


def test_a_configured_own_origin_is_the_only_one(open_client: Opener) -> None:
    client = open_client(own_origins=("https://bot.example.cn",))
    token = token_of(client, origin="https://bot.example.cn")
    assert ask(client, Origin="https://bot.example.cn", X_Yiju_Token=token).status_code == 200
    assert refused(ask(client, Origin=OWN, X_Yiju_Token=token)) == (403, "origin_forbidden")


def test_the_operator_learns_of_a_refused_origin_once(open_client: Opener, caplog: pytest.LogCaptureFixture) -> None:
    client = open_client(fresh="log")
    with caplog.at_level(logging.WARNING, "yiju.gate"):
        for _ in range(3):
            ask(client, Origin="https://forgotten.example")
        for number in range(200):
            ask(client, Origin=f"https://flood{number}.example")
    assert caplog.text.count("forgotten.example") == 1
    assert len([record for record in caplog.records if record.name == "yiju.gate"]) == 50
    assert QUESTION not in caplog.text


def test_other_websites_may_not_ask_before_asking(browser: TestClient) -> None:
    wanted = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-yiju-token"}
    allowed = browser.options("/api/ask", headers={"Origin": LISTED, **wanted})
    assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, LISTED)
    for origin in ("https://evil.example", "null"):
        denied = browser.options("/api/ask", headers={"Origin": origin, **wanted})
        assert denied.status_code == 400
        assert "access-control-allow-origin" not in denied.headers


def test_published_words_are_for_everyone(browser: TestClient, dialogue: Dialogue) -> None:
    passage = dialogue.passages_of("stem-cells-kidney")[0].id
    for headers in ({}, {"Origin": "https://evil.example"}):
        assert browser.get(f"/api/passages/{passage}", headers=headers).status_code == 200
    assert browser.get("/healthz").status_code == 200
    assert refused(browser.post(f"/api/passages/{passage}", json={}))[0] == 401


# Tokens


def test_stale_foreign_and_broken_tokens_are_refused(browser: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = Tokens([SECRET], 60)
    with monkeypatch.context() as earlier:
        now = time.time()
        earlier.setattr(time, "time", lambda: now - 3700)
        stale = ours.issue("")
        earlier.setattr(time, "time", lambda: now + 3700)
        early = ours.issue("")
    good = token_of(browser)
    cases = {
        stale: "token_expired",
        early: "token_expired",
        Tokens(["quite another secret of thirty-two characters"], 60).issue(""): "token_invalid",
        ours.issue("a-site-of-last-year"): "token_invalid",
        good[:-1] + ("A" if good[-1] != "A" else "B"): "token_invalid",
        good.replace(".", "", 1): "token_invalid",
        good + "." + good: "token_invalid",
        "": "token_invalid",
        "yj1.": "token_invalid",
        "yj1." + "A" * 100_0: "token_invalid",
        "eyJhbGciOiJub25lIn0.e30.": "token_invalid",
        KEY: "token_invalid",
    }
    for token, code in cases.items():
        response = ask(browser, Origin=OWN, X_Yiju_Token=token)
        assert refused(response) == (401, code), token
        assert response.headers["www-authenticate"] == "YijuToken"
    two = [("Origin", OWN), ("X-Yiju-Token", good), ("X-Yiju-Token", good)]
    assert refused(browser.post("/api/ask", json={"question": QUESTION}, headers=two)) == (401, "token_invalid")


def test_a_token_counts_on_its_own_website_only(browser: TestClient) -> None:
    other = token_of(browser, "other", OTHER)
    assert refused(ask(browser, Origin=LISTED, X_Yiju_Token=other)) == (401, "token_foreign")
    assert refused(ask(browser, Origin=LISTED, X_Yiju_Token=token_of(browser))) == (401, "token_foreign")
    assert ask(browser, Origin=OTHER, X_Yiju_Token=other).status_code == 200
    assert ask(browser, Origin=OWN, X_Yiju_Token=other).status_code == 200  # our own page in that website's frame


@pytest.mark.parametrize(
    ("site", "origin"), [("nowhere", OWN), ("other", LISTED), ("", LISTED), ("main", OTHER), ("<b>", OWN)]
)
def test_no_token_for_another_website(browser: TestClient, site: str, origin: str) -> None:
    response = browser.post("/api/session", json={"site": site}, headers={"Origin": origin})
    assert refused(response) == (403, "unknown_site")
    assert "<b>" not in response.text


def test_a_token_is_asked_for_in_json_only(browser: TestClient) -> None:
    response = browser.post("/api/session", data={"site": "main"}, headers={"Origin": OWN})
    assert refused(response) == (415, "bad_media_type")
    assert refused(browser.post("/api/session", json={"site": 5}, headers={"Origin": OWN})) == (422, "bad_fields")


@pytest.mark.parametrize("name", ["token", "TOKEN", "x-yiju-token", "access_token", "api_key", "authorization", "q"])
def test_a_token_in_the_address_is_refused(browser: TestClient, name: str) -> None:
    token = token_of(browser)
    for path in (f"/api/ask?{name}={token}", f"/api/ask?a=b&{name}={KEY}", f"/m?{name}={token}", f"/source/{token}"):
        response = ask(browser, path=path, Origin=OWN, X_Yiju_Token=token)
        assert refused(response) == (401, "token_in_url"), path
        assert token not in response.text
    if name != "q":
        assert refused(ask(browser, path=f"/api/ask?{name}=x", Origin=OWN, X_Yiju_Token=token))[1] == "token_in_url"


def test_the_secret_before_still_counts(browser: TestClient) -> None:
    old = Tokens([OLD_SECRET], 60).issue("")
    assert ask(browser, Origin=OWN, X_Yiju_Token=old).status_code == 200


def test_every_page_has_an_id_of_its_own(browser: TestClient) -> None:
    tokens = Tokens([SECRET], 60)
    held = [tokens.read(token_of(browser, "main")) for _ in range(20)]
    assert {token.site for token in held} == {"main"}
    assert len({token.client for token in held}) == 20


def test_the_secret_is_made_once_for_all_workers(settings: Settings, tmp_path: Path) -> None:
    own = settings.model_copy(update={"secret_file": tmp_path / "data" / "secret"})
    first, second = open_tokens(own), open_tokens(own)
    assert second.read(first.issue("main")).site == "main"
    assert own.secret_file.stat().st_mode & 0o777 == 0o600
    assert len(own.secret_file.read_text().strip()) >= 32
    assert [path.name for path in own.secret_file.parent.iterdir()] == ["secret"]
    own.secret_file.write_text(f"{'n' * 40}\n{own.secret_file.read_text()}")
    assert open_tokens(own).read(first.issue("main")).site == "main"


@pytest.mark.parametrize("content", ["", "short\n", "päss" * 20])
def test_a_bad_secret_file_stops_the_start_and_is_not_shown(settings: Settings, tmp_path: Path, content: str) -> None:
    own = settings.model_copy(update={"secret_file": tmp_path / "secret"})
    own.secret_file.write_text(content, encoding="utf-8")
    own.secret_file.chmod(0o600)
    with pytest.raises(SettingsError) as error:
        open_tokens(own)
    assert "päss" not in str(error.value)
    assert str(own.secret_file) in str(error.value)


def test_a_secret_that_others_can_read_stops_the_start(settings: Settings, tmp_path: Path) -> None:
    own = settings.model_copy(update={"secret_file": tmp_path / "secret"})
    own.secret_file.write_text("x" * 40)
    own.secret_file.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        open_tokens(own)


# Programs


def test_a_program_on_this_machine_needs_nothing(open_client: Opener) -> None:
    for address in ("127.0.0.1", "127.0.0.9", "::1", "::ffff:127.0.0.1"):
        assert ask(open_client((address, 1))).status_code == 200, address


@pytest.mark.parametrize("headers", [{"X_API_Key": KEY}, {"Authorization": f"Bearer {KEY}"}])
def test_a_program_elsewhere_shows_its_key(browser: TestClient, headers: dict[str, str]) -> None:
    assert ask(browser, **headers).status_code == 200
    response = ask(browser)
    assert refused(response) == (401, "key_missing")
    assert response.headers["www-authenticate"] == "Bearer"
    assert refused(browser.post("/gradio_api/queue/join", json={})) == (401, "key_missing")


def test_wrong_keys_are_refused_also_on_this_machine(browser: TestClient, open_client: Opener) -> None:
    local = open_client(("127.0.0.1", 1))
    for key in ("", "x", KEY[:-1], KEY + "x", new_key(), hash_of(KEY), KEY.upper(), "钥匙".encode().decode("latin-1")):
        for client in (browser, local):
            headers = {b"X-API-Key": key.encode("latin-1"), b"Content-Type": b"application/json"}
            response = client.post("/api/ask", content=b'{"question": "a"}', headers=headers)
            assert refused(response) == (401, "key_invalid"), key
    stale = Tokens(["another secret that is long enough to be one"], 60).issue("")
    assert refused(ask(local, X_Yiju_Token=stale)) == (401, "token_invalid")


def test_a_browser_that_hides_its_origin_is_no_program(open_client: Opener) -> None:
    local = open_client(("127.0.0.1", 1))
    for site in ("cross-site", "same-site", "odd"):
        assert refused(ask(local, Sec_Fetch_Site=site)) == (403, "origin_forbidden")


def test_our_own_page_reads_without_an_origin_but_with_its_token(browser: TestClient) -> None:
    headers = {"Sec-Fetch-Site": "same-origin"}
    assert refused(browser.get("/api/suggest?q=a", headers=headers)) == (401, "token_missing")
    assert refused(browser.get("/api/suggest?q=a", headers={"X-Yiju-Token": token_of(browser)})) == (401, "key_missing")
    passed = browser.get("/api/suggest?q=a", headers={**headers, "X-Yiju-Token": token_of(browser)})
    assert passed.status_code not in (401, 403)
    posted = ask(browser, Sec_Fetch_Site="same-origin", X_Yiju_Token=token_of(browser))
    assert refused(posted) == (401, "key_missing")


def test_keys_come_from_a_file_that_only_its_owner_may_change(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "keys"
    key = new_key()
    file.write_text(f"# programs\n\nmini {hash_of(key)}  # the mini program\n")
    file.chmod(0o640)
    keys = open_keys(settings.model_copy(update={"api_keys_file": file}))
    assert (found := keys.find(key)) and found.name == "mini"
    assert keys.find(new_key()) is None
    file.chmod(0o660)
    with pytest.raises(SettingsError, match="chmod 640"):
        open_keys(settings.model_copy(update={"api_keys_file": file}))
    file.chmod(0o640)
    file.write_text(f"mini {key}\n")
    with pytest.raises(SettingsError, match="第 1 行") as error:
        open_keys(settings.model_copy(update={"api_keys_file": file}))
    assert key not in str(error.value)
    if os.geteuid() != 0:
        file.chmod(0)
        with pytest.raises(SettingsError, match="读不了"):
            open_keys(settings.model_copy(update={"api_keys_file": file}))


# Danger to life


def test_an_emergency_is_answered_without_a_token(browser: TestClient) -> None:
    for headers in ({}, {"X_Yiju_Token": "yj1.broken"}):
        response = ask(browser, EMERGENCY, Origin=OWN, **headers)
        assert response.status_code == 200, response.text
        assert response.json()["kind"] == "emergency"
    assert refused(ask(browser, EMERGENCY, Origin="https://evil.example"))[0] == 403


# Nothing that a page sends becomes markup


def test_refusals_repeat_nothing_of_the_request(browser: TestClient) -> None:
    evil = "<script>alert(1)</script>"
    headers = {"Origin": f"https://x.example/{evil}", "X-Yiju-Token": evil, "Accept": "text/html"}
    for path in (f"/api/{evil}", f"/{evil}", f"/source/{evil}", f"/m?site={evil}", f"/a/{evil}?token={evil}"):
        for method in ("GET", "POST"):
            response = browser.request(method, path, json={evil: evil, "question": evil}, headers=headers)
            assert evil not in response.text, path
            assert "unsafe-eval" not in response.headers["content-security-policy"]
    assert evil not in ask(browser, evil, Origin=OWN, X_Yiju_Token=token_of(browser)).text
    odd = browser.post("/api/ask", json={evil: 1}, headers={"Origin": OWN, "X-Yiju-Token": token_of(browser)})
    assert odd.status_code == 422
    assert odd.headers["content-type"] == "application/json"  # and nosniff: no browser takes it for a page


def test_the_command_line_makes_a_key_that_works(capsys: pytest.CaptureFixture[str], settings: Settings) -> None:
    from bot.__main__ import main

    assert main(["key", "mini", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["name"], made["sha256"]) == ("mini", hash_of(made["key"]))
    known = open_keys(settings.model_copy(update={"api_keys": (ApiKey(name="mini", sha256=made["sha256"]),)}))
    assert known.find(made["key"]) is not None
    assert main(["key"]) == 0
    shown = capsys.readouterr().out
    assert shown.count("yk_") == 1
    assert "[[api_keys]]" in shown
