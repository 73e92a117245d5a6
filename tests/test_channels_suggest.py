"""``GET /api/suggest`` through its real door: values, limits, nothing kept."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from bot.app import create_app
from bot.channels import wording
from bot.dialogue.dialogue import Dialogue
from bot.settings import Settings


@pytest.fixture(scope="module")
def client(settings: Settings, dialogue: Dialogue) -> Iterator[TestClient]:
    with TestClient(create_app(settings, dialogue), raise_server_exceptions=False) as opened:
        yield opened


def suggest(client: TestClient, typed: str) -> Any:
    return client.get("/api/suggest", params={"q": typed})


@pytest.mark.parametrize("typed", ["糖尿病", "tnb", "tangniao", "tang niao b", "糖niao", "糖尿病腎", "ＴＮＢ"])
def test_typed_beginnings_become_known_questions(client: TestClient, typed: str) -> None:
    response = suggest(client, typed)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    assert response.json() == {"questions": ["糖尿病肾病"]}


@pytest.mark.parametrize(
    "typed",
    ["", " ", "zzz", "股票", "我突然胸口压着疼喘不上气", "肾" * 501, "a " * 800, "%", "<b>", "(?:", "\x00", "\u202e"],
)
def test_nothing_fits(client: TestClient, typed: str) -> None:
    response = suggest(client, typed)
    assert (response.status_code, response.json()) == (200, {"questions": []})


def test_no_word_typed_and_other_methods(client: TestClient) -> None:
    assert client.get("/api/suggest").json() == {"questions": []}
    response = client.post("/api/suggest", json={"q": "糖"})
    assert (response.status_code, response.headers["allow"]) == (405, "GET")


def test_its_own_wider_limit_by_address(settings: Settings, dialogue: Dialogue) -> None:
    limited = create_app(settings.model_copy(update={"rate_limit": 1, "suggest_share": 3}), dialogue)
    with TestClient(limited, client=("127.0.0.5", 1)) as one, TestClient(limited, client=("127.0.0.6", 1)) as two:
        assert one.post("/api/ask", json={"question": "糖尿病肾病"}).status_code == 200
        assert [suggest(one, "糖").status_code for _ in range(4)] == [200, 200, 200, 429]
        refused = suggest(one, "糖")
        assert refused.json()["error"]["code"] == "rate_limited"
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert suggest(two, "糖").status_code == 200
        assert one.post("/api/ask", json={"question": "糖尿病肾病"}).status_code == 429


def test_what_is_typed_is_not_logged(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        suggest(client, "昏迷叫不醒怎么办糖尿病")
        suggest(client, "糖尿病")
    ours = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore", "asyncio"))]
    assert not any("糖" in record.getMessage() or "昏迷" in record.getMessage() for record in ours)


def test_the_page_brings_its_list_and_the_list_its_words(client: TestClient) -> None:
    page = client.get("/").text
    assert "/ui/typeahead.js" in page
    assert wording.SUGGEST_LABEL in page
    assert client.get("/ui/typeahead.js").status_code == 200
    assert "/api/suggest" in client.get("/openapi.json").json()["paths"]
