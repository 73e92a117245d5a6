"""How often one may ask: by opened page, by address, by program, by website and day; and what is never counted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from bot.app import create_app
from bot.channels.keys import hash_of, new_key
from bot.channels.limit import RateLimiter
from bot.channels.visitor import Visitor
from bot.dialogue.dialogue import Dialogue
from bot.settings import Settings
from bot.sites import ApiKey, Site

QUESTION = "急性肾损伤有什么新的药物在做临床试验?"
EMERGENCY = "我爸突然胸口剧痛,喘不上气,怎么办"
OWN = "http://testserver"
CHINESE = re.compile("[\u4e00-\u9fff]")
SHANGHAI = timezone(timedelta(hours=8))

Opener = Callable[..., TestClient]


@pytest.fixture
def open_client(settings: Settings, dialogue: Dialogue) -> Iterator[Opener]:
    """Open clients of one application; the first call sets it up."""
    app: Any = None
    opened: list[TestClient] = []

    def make(address: str, **changes: object) -> TestClient:
        nonlocal app
        fixed = {"secret": SecretStr("a secret for tests only, 32 characters or more")}
        app = app or create_app(settings.model_copy(update={**fixed, **changes}), dialogue)
        opened.append(TestClient(app, client=(address, 40000)))
        return opened[-1].__enter__()

    yield make
    for client in opened:
        client.__exit__(None, None, None)


def opened_page(client: TestClient, site: str = "") -> dict[str, str]:
    """Return the headers of a page that was just opened."""
    token = client.post("/api/session", json={"site": site}, headers={"Origin": OWN}).json()["token"]
    return {"Origin": OWN, "X-Yiju-Token": token}


def ask(client: TestClient, headers: dict[str, str], question: str = QUESTION) -> Any:
    return client.post("/api/ask", json={"question": question}, headers=headers)


def statuses(client: TestClient, headers: dict[str, str], count: int) -> list[int]:
    return [ask(client, headers).status_code for _ in range(count)]


def assert_kind_refusal(response: Any, code: str, most: int) -> None:
    assert response.status_code == 429
    assert response.json()["error"]["code"] == code
    assert CHINESE.search(response.json()["error"]["message"])
    assert 1 <= int(response.headers["retry-after"]) <= most


def test_one_opened_page_may_ask_so_often(open_client: Opener) -> None:
    client = open_client("203.0.113.5", rate_limit=100, client_rate_limit=2)
    page = opened_page(client)
    assert statuses(client, page, 3) == [200, 200, 429]
    assert_kind_refusal(ask(client, page), "rate_limited", 60)
    assert ask(client, opened_page(client)).status_code == 200  # the next patient in the same waiting room


def test_one_address_may_ask_so_often_however_many_pages_it_opens(open_client: Opener) -> None:
    client = open_client("2001:db8:1:2::1", rate_limit=4, client_rate_limit=2)
    pages = [opened_page(client) for _ in range(3)]
    assert [code for page in pages for code in statuses(client, page, 2)] == [200, 200, 200, 200, 429, 429]
    neighbour = open_client("2001:db8:1:2:ffff::9")  # the same household
    assert_kind_refusal(ask(neighbour, pages[2]), "rate_limited", 60)
    assert ask(open_client("2001:db8:1:3::1"), opened_page(open_client("2001:db8:1:3::1"))).status_code == 200


def test_one_address_may_open_so_many_pages(open_client: Opener) -> None:
    client = open_client("203.0.113.5", rate_limit=2)
    codes = [client.post("/api/session", json={}, headers={"Origin": OWN}).status_code for _ in range(3)]
    assert codes == [200, 200, 429]


def test_a_website_has_so_many_questions_a_day(open_client: Opener) -> None:
    sites = (
        Site(name="small", origins=("https://small.example",), daily_limit=2),
        Site(name="large", origins=("https://large.example",)),
    )
    client = open_client("203.0.113.5", rate_limit=100, sites=sites)
    assert statuses(client, opened_page(client, "small"), 2) == [200, 200]
    late = open_client("203.0.113.77")
    page = opened_page(late, "small")
    refused = ask(late, page)
    assert_kind_refusal(refused, "site_limited", 86_400)
    assert "120" in refused.json()["error"]["message"]
    assert ask(late, opened_page(late, "large")).status_code == 200
    assert ask(late, opened_page(late)).status_code == 200
    feedback = late.post("/api/feedback", json={"reply": "r_none", "vote": "up"}, headers=page)
    assert feedback.status_code == 404  # only questions count


def test_an_emergency_is_answered_whatever_was_used_up(open_client: Opener) -> None:
    site = Site(name="small", origins=("https://small.example",), daily_limit=1)
    client = open_client("203.0.113.5", rate_limit=2, client_rate_limit=1, sites=(site,))
    page = opened_page(client, "small")
    assert statuses(client, page, 4) == [200, 429, 429, 429]
    for _ in range(3):
        reply = ask(client, page, EMERGENCY)
        assert reply.status_code == 200
        assert reply.json()["kind"] == "emergency"
    for long in (EMERGENCY + "。" * 20_000, "。" * 20_000 + EMERGENCY):  # however much stands around it
        assert ask(client, page, long).json()["kind"] == "emergency"
    assert ask(client, page, "肾" * 20_000).status_code == 429


def test_a_program_is_counted_by_its_key_not_by_its_address(open_client: Opener) -> None:
    one, two = new_key(), new_key()
    keys = (
        ApiKey(name="one", sha256=hash_of(one), per_minute=3),
        ApiKey(name="two", sha256=hash_of(two), per_minute=0),
    )
    client = open_client("203.0.113.5", rate_limit=1, api_keys=keys)
    assert statuses(client, {"X-API-Key": one}, 4) == [200, 200, 200, 429]
    assert statuses(client, {"X-API-Key": two}, 6) == [200] * 6
    assert_kind_refusal(ask(open_client("198.51.100.7"), {"X-API-Key": one}), "rate_limited", 60)


def test_zero_switches_every_limit_off(open_client: Opener) -> None:
    site = Site(name="small", origins=("https://small.example",), daily_limit=1)
    client = open_client("203.0.113.5", rate_limit=0, client_rate_limit=1, sites=(site,))
    assert statuses(client, opened_page(client, "small"), 5) == [200] * 5


def test_a_day_ends_at_local_midnight() -> None:
    clock = [datetime(2025, 3, 1, 23, 59, 30, tzinfo=SHANGHAI)]
    limiter = RateLimiter(100, now=lambda: clock[0])
    visitor = Visitor("203.0.113.5", Site(name="a", origins=("https://a.example",), daily_limit=2))
    assert [limiter.refusal("ask", visitor) for _ in range(2)] == [None, None]
    wait = limiter.refusal("ask", visitor)
    assert wait is not None
    assert (wait.seconds, wait.code) == (30, "site_limited")
    clock[0] += timedelta(seconds=31)
    assert limiter.refusal("ask", visitor) is None


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ("203.0.113.5", "::ffff:203.0.113.5", True),
        ("203.0.113.5", "203.0.113.6", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("nonsense", None, True),
    ],
)
def test_what_counts_as_one_address(one: str, two: str | None, same: bool) -> None:
    limiter = RateLimiter(1)
    assert limiter.wait("ask", one) == 0
    assert (limiter.wait("ask", two) > 0) is same
