"""The JSON interface and the pages through their real door: the whole application over the real article."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from bot.app import create_app
from bot.dialogue.dialogue import Dialogue
from bot.records import Reply
from bot.settings import Settings
from tests.noted import becomes, rows

QUESTION = "急性肾损伤有什么新的药物在做临床试验?"
DOCUMENT = "stem-cells-kidney"
CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def app(settings: Settings, dialogue: Dialogue) -> FastAPI:
    return create_app(settings, dialogue)


@pytest.fixture(scope="module")
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False) as opened:
        yield opened


def ask(client: TestClient, question: object = QUESTION, **fields: object) -> Any:
    return client.post("/api/ask", json={"question": question, **fields})


def assert_refused(response: Any, status: int, code: str) -> None:
    assert response.status_code == status, response.text
    assert set(response.json()) == {"error"}
    error = response.json()["error"]
    assert set(error) == {"code", "message"}
    assert error["code"] == code
    assert CHINESE.search(error["message"])
    assert "Traceback" not in response.text


# The contract


def test_an_answer_has_every_field_of_the_contract(client: TestClient, dialogue: Dialogue) -> None:
    response = ask(client)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    reply = response.json()
    assert set(reply) == {
        "id", "session", "kind", "text", "passages", "suggestions", "disclaimer", "confidence", "took_ms",
        "reading",
    }  # fmt: skip
    assert reply["id"].startswith("r_")
    assert reply["session"].startswith("s_")
    assert reply["kind"] == "answer"
    assert "免责说明" in reply["disclaimer"]
    assert 0.0 < reply["confidence"] <= 1.0
    assert reply["took_ms"] > 0.0
    assert all(isinstance(text, str) and text for text in reply["suggestions"])
    body = dialogue.document(DOCUMENT).body
    for passage in reply["passages"]:
        assert {
            "id", "text", "score", "highlights", "document", "section", "start", "end", "evidence", "references",
            "notes", "lead",
        } == set(passage)  # fmt: skip
        assert passage["text"] == body[passage["start"] : passage["end"]]
        assert 0.0 <= passage["score"] <= 1.0
        assert {"id", "title", "url", "published", "sha256"} <= set(passage["document"])
        assert passage["document"]["id"] == DOCUMENT
        assert passage["document"]["sha256"] == dialogue.document(DOCUMENT).sha256
        assert passage["references"]
        for reference in passage["references"]:
            assert set(reference) == {"id", "citation", "doi", "url"}
        for note in passage["notes"]:
            assert set(note) == {"kind", "text"}
        for start, end in passage["highlights"]:
            assert 0 <= start < end <= len(passage["text"])
    assert "艾米迈托赛" in reply["passages"][0]["text"]
    assert "erratum" in {note["kind"] for note in reply["passages"][0]["notes"]}


def test_a_session_is_kept_when_given_back(client: TestClient) -> None:
    session = ask(client).json()["session"]
    assert ask(client, session=session).json()["session"] == session
    assert ask(client).json()["session"] != session


def test_a_passage_can_be_read_again_by_its_id(client: TestClient) -> None:
    shown = ask(client).json()["passages"][0]
    response = client.get(f"/api/passages/{shown['id']}")
    assert response.status_code == 200
    again = response.json()
    for field in ("id", "text", "document", "section", "start", "end", "evidence", "references", "notes", "lead"):
        assert again[field] == shown[field]


def test_feedback_belongs_to_its_turn_in_the_journal(client: TestClient, settings: Settings) -> None:
    reply = ask(client, "我叫张三丰，手机13812345678，干细胞治疗安全吗").json()
    for vote, kept in (("up", "up"), ("down", "down"), ("none", "")):
        response = client.post("/api/feedback", json={"reply": reply["id"], "vote": vote})
        assert (response.status_code, response.json()) == (200, {"status": "ok"})
        assert becomes(settings, kept)
    ((asked, passages, channel),) = rows(
        settings, "select asked, passages, channel from turns where reply = ?", reply["id"]
    )
    assert asked == "我叫〔姓名〕，手机〔电话〕，干细胞治疗安全吗"
    assert json.loads(passages) == [passage["id"] for passage in reply["passages"]]
    assert channel == "api"


def test_an_emergency_is_journalled_without_its_text(client: TestClient, settings: Settings) -> None:
    reply = ask(client, "我爸突然昏迷叫不醒了").json()
    assert reply["kind"] == "emergency"
    client.post("/api/feedback", json={"reply": reply["id"], "vote": "up"})  # waits until the turn is written
    ((asked, rule),) = rows(settings, "select asked, rule from turns where reply = ?", reply["id"])
    assert asked == ""
    assert rule


def test_a_forgotten_session_is_gone_from_the_journal(client: TestClient, settings: Settings) -> None:
    reply = ask(client).json()
    client.post("/api/feedback", json={"reply": reply["id"], "vote": "up"})
    assert len(rows(settings, "select 1 from turns where reply = ?", reply["id"])) == 1
    response = client.post("/api/forget", json={"session": reply["session"]})
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert rows(settings, "select 1 from turns where reply = ?", reply["id"]) == []
    assert rows(settings, "select 1 from votes where reply = ?", reply["id"]) == []
    assert client.post("/api/forget", json={"session": "s_" + "A" * 32}).status_code == 200


def test_health_and_readiness(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ok"}


def test_not_ready_is_503(app: FastAPI, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dialogue, "ready", property(lambda self: False))
    assert_refused(client.get("/readyz"), 503, "not_ready")
    assert client.get("/healthz").status_code == 200


def test_openapi_describes_the_replies(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    assert {"/api/ask", "/api/passages/{passage_id}", "/api/feedback", "/healthz", "/readyz"} <= set(described["paths"])
    schema = described["components"]["schemas"]["Reply"]["properties"]
    assert set(schema) == set(Reply.__dataclass_fields__)
    answers = described["paths"]["/api/ask"]["post"]["responses"]
    assert {"200", "400", "413", "415", "422", "429"} <= set(answers)
    assert answers["422"]["content"]["application/json"]["schema"]["$ref"].endswith("/ErrorBody")
    assert described["paths"]["/api/ask"]["post"]["security"] == [
        {"网页凭证": []},
        {"程序密钥": []},
    ]  # one or the other
    assert "security" not in described["paths"]["/healthz"]["get"]


def test_the_manual_needs_no_other_host(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    files = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert files
    for file in files:
        assert file.startswith("/")
        assert client.get(file).status_code == 200
    assert "unsafe-eval" not in page.headers["content-security-policy"]


# Bad input


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 422, "bad_fields"),
        (b"{", 400, "bad_json"),
        (b'{"question": "\xff\xfe"}', 400, "bad_json"),
        (b"[" * 30_000, 400, "bad_json"),
        (b'{"question": ' + b"9" * 20_000 + b"}", 400, "bad_json"),
        (b"[]", 422, "bad_fields"),
        (b"null", 422, "bad_fields"),
        (b'"question"', 422, "bad_fields"),
        (b"{}", 422, "bad_fields"),
        (b'{"question": null}', 422, "bad_fields"),
        (b'{"question": 5}', 422, "bad_fields"),
        (b'{"question": NaN}', 422, "bad_fields"),
        (b'{"question": true}', 422, "bad_fields"),
        (b'{"question": ["a"]}', 422, "bad_fields"),
        (b'{"question": {"a": 1}}', 422, "bad_fields"),
        (b'{"question": "a", "session": 5}', 422, "bad_fields"),
        (b'{"question": "a", "session": "' + b"s" * 129 + b'"}', 422, "bad_fields"),
        (b'{"question": "a", "model": "x"}', 422, "bad_fields"),
        (b'{"question": ""}', 422, "question_empty"),
        (b'{"question": " \\n\\t "}', 422, "question_empty"),
        (b'{"question": "\\u0000\\u0001"}', 422, "question_empty"),
        (b'{"question": "\\ud800"}', 422, "question_empty"),
    ],
)
def test_bad_bodies_are_refused_in_chinese(client: TestClient, body: bytes, status: int, code: str) -> None:
    response = client.post("/api/ask", content=body, headers={"Content-Type": "application/json"})
    assert_refused(response, status, code)


def test_a_question_may_be_too_long_or_far_too_long(client: TestClient, settings: Settings) -> None:
    assert_refused(ask(client, "肾" * (settings.question_max_chars + 1)), 422, "question_too_long")
    assert ask(client, "肾" * settings.question_max_chars).status_code == 200
    assert_refused(ask(client, "肾" * 100_000), 413, "body_too_large")


def test_a_chunked_body_cannot_slip_past_the_limit(client: TestClient, settings: Settings) -> None:
    sent = 0

    def chunks() -> Iterator[bytes]:
        nonlocal sent
        yield b'{"question": "'
        for _ in range(10_000):
            sent += 1000
            yield b"a" * 1000

    response = client.post("/api/ask", content=chunks(), headers={"Content-Type": "application/json"})
    assert_refused(response, 413, "body_too_large")
    for path in ("/gradio_api/queue/join", "/api/feedback", "/anything"):
        assert client.post(path, content=b"x" * (settings.body_max_bytes + 1)).status_code == 413


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_other_media_types_are_refused(client: TestClient, media_type: str) -> None:
    body = json.dumps({"question": QUESTION})
    response = client.post("/api/ask", content=body, headers={"Content-Type": media_type})
    assert_refused(response, 415, "bad_media_type")


@pytest.mark.parametrize(
    "question",
    [
        "急性肾损伤\x00有\x07什么\x1b[31m新药?",
        "急性肾损伤有什么新药?\ud83d",
        "\udfff急性肾损伤有什么新药?",
        "\u202e急性肾损伤\u2066有什么新药?",
        "<script>alert(1)</script>急性肾损伤有什么新药?",
        "# 急性肾损伤\n\n| a | b |\n|---|---|\n**有什么**新药?$$x$$",
        "' OR 1=1; DROP TABLE passages; -- 急性肾损伤有什么新药?",
        "{{7*7}} ${7*7} %s %n 急性肾损伤有什么新药?",
        "😀" * 100,
        "a" * 400,
        "?",
    ],
)
def test_odd_questions_get_a_harmless_reply(client: TestClient, question: str) -> None:
    body = json.dumps({"question": question, "session": question[:20]})
    response = client.post("/api/ask", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code in (200, 422)
    assert "Traceback" not in response.text
    response.content.decode("utf-8")
    if response.status_code == 200:
        assert "script" not in response.text  # nothing of the question comes back
        assert response.json()["session"].startswith("s_")


@pytest.mark.parametrize(
    "address",
    [
        "/api/passages/none.00000000",
        "/api/passages/%ED%A0%80",
        "/api/passages/%FF%FE",
        "/api/passages/<script>alert(1)",
        "/api/passages/" + "a" * 5000,
    ],
)
def test_unknown_passages_are_404(client: TestClient, address: str) -> None:
    assert_refused(client.get(address), 404, "unknown_passage")


def test_unknown_documents_replies_and_addresses_are_404(client: TestClient) -> None:
    assert_refused(client.get("/source/none"), 404, "unknown_document")
    assert_refused(client.post("/api/feedback", json={"reply": "r_none", "vote": "up"}), 404, "unknown_reply")
    assert_refused(client.post("/api/feedback", json={"reply": "r", "vote": "sideways"}), 422, "bad_fields")
    for address in ("/nothing", "/api/nothing", "/source/../app.py", "/ui/../rest.py", "/source/a/b"):
        assert client.get(address).status_code == 404, address
    page = client.get("/source/<script>", headers={"Accept": "text/html"})
    assert page.status_code == 404
    assert CHINESE.search(page.text)
    assert "<script>" not in page.text


def test_wrong_methods_are_405(client: TestClient) -> None:
    response = client.get("/api/ask")
    assert_refused(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "POST"
    assert_refused(client.delete("/healthz"), 405, "method_not_allowed")


def test_an_unexpected_error_tells_nobody_anything(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(self: Dialogue, session: str | None, text: str, *_: object) -> Reply:
        raise RuntimeError(f"secret {text}")

    monkeypatch.setattr(Dialogue, "reply", broken)
    with caplog.at_level(logging.DEBUG):
        response = ask(client, "我的秘密")
    assert_refused(response, 500, "internal")
    assert "RuntimeError" in caplog.text
    assert "我的秘密" not in caplog.text
    assert "secret" not in response.text


# Guarding


def test_every_answer_carries_the_security_headers(client: TestClient) -> None:
    for address in ("/", "/api/passages/x", f"/source/{DOCUMENT}", "/docs", "/healthz", "/ui/chat.js", "/nothing"):
        headers = client.get(address).headers
        policy = headers["content-security-policy"]
        assert "unsafe-eval" not in policy
        assert "frame-ancestors" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert "camera=()" in headers["permissions-policy"]
    assert "unsafe-inline" not in client.get(f"/source/{DOCUMENT}").headers["content-security-policy"]


def test_no_foreign_origin_is_let_in(client: TestClient) -> None:
    for address in ("/", "/healthz", "/theme.css"):
        headers = client.get(address, headers={"Origin": "https://evil.example"}).headers
        assert "access-control-allow-origin" not in headers
        assert "access-control-allow-credentials" not in headers


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("POST", "/gradio_api/upload"),
        ("GET", "/gradio_api/file=https://example.com/"),
        ("HEAD", "/gradio_api/file=https://example.com/"),
        ("GET", "/gradio_api/file=/etc/passwd"),
        ("GET", "/gradio_api/file/etc/passwd"),
        ("GET", "/gradio_api/proxy=https://x.hf.space/"),
        ("POST", "/gradio_api/api/predict"),
        ("POST", "/gradio_api/run/predict"),
        ("POST", "/gradio_api/call/submitted"),
        ("POST", "/gradio_api/component_server"),
        ("GET", "/gradio_api/info"),
        ("GET", "/gradio_api/deep_link"),
        ("GET", "/gradio_api/runs"),
        ("GET", "/gradio_api/openapi.json"),
        ("GET", "/gradio_api//upload"),
        ("GET", "/monitoring"),
        ("POST", "/login"),
        ("GET", "/config"),
        ("POST", "/gradio_api/vibe-edit"),
        ("POST", "/gradio_api/stream/x"),
    ],
)
def test_gradio_offers_nothing_but_the_chat(client: TestClient, method: str, address: str) -> None:
    assert client.request(method, address).status_code in (400, 404, 405)


def test_the_chat_page_speaks_chinese_and_names_no_one_else(client: TestClient, settings: Settings) -> None:
    head = client.get("/").text.split("</head>")[0]
    assert 'lang="zh-CN"' in head
    assert "teamGradio" not in head
    assert "raw.githubusercontent.com" not in head
    assert settings.clinic.name in head


def test_the_rate_limit_counts_by_address_and_says_when(settings: Settings, dialogue: Dialogue) -> None:
    limited = create_app(settings.model_copy(update={"rate_limit": 2}), dialogue)
    with TestClient(limited, client=("127.0.0.5", 1)) as one, TestClient(limited, client=("127.0.0.6", 1)) as two:
        assert [ask(one).status_code for _ in range(3)] == [200, 200, 429]
        refused = ask(one)
        assert_refused(refused, 429, "rate_limited")
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert ask(two).status_code == 200
        assert one.get("/healthz").status_code == 200


def test_many_clients_at_once_all_get_their_own_answer(client: TestClient) -> None:
    with ThreadPoolExecutor(8) as pool:
        replies = [response.json() for response in pool.map(lambda _: ask(client), range(40))]
    assert len({reply["id"] for reply in replies}) == 40
    assert {reply["passages"][0]["id"] for reply in replies} == {replies[0]["passages"][0]["id"]}


# The source page


def test_the_source_page_is_whole_and_marks_by_address(client: TestClient, dialogue: Dialogue) -> None:
    response = client.get(f"/source/{DOCUMENT}")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    document = dialogue.document(DOCUMENT)
    for passage in dialogue.passages_of(DOCUMENT):
        assert f'id="{passage.id}"' in response.text
    for reference in document.references:
        assert f'id="ref-{reference.id}"' in response.text
        if reference.doi:
            assert f'href="https://doi.org/{reference.doi}" target="_blank" rel="noopener noreferrer"' in response.text
    assert response.text.count('role="note"') == len(document.notes)
    assert response.text.count("<h1>") == 1


def test_markup_in_the_corpus_is_shown_as_text(tmp_path: Path, settings: Settings, corpus_of: Any) -> None:
    from bot.dialogue.dialogue import open_dialogue
    from bot.retrieval.build import build_index
    from tests.conftest import SilentReport

    evil = "<script>alert(1)</script>"
    text = (
        f'---\nid: evil\ntitle: "{evil}"\ndisclaimer: "{evil}"\npublished: "{evil}"\n---\n\n## 青霉素过敏 {evil}\n\n'
        f"青霉素过敏的人要告诉医生。`{evil}` 皮试阳性的人不能使用青霉素,"
        "&lt;img src=x onerror=alert(1)&gt; 应当换用别的药物。\n"
    )
    folder = corpus_of({"evil.md": text})
    made = settings.model_copy(update={"corpus": folder, "index": tmp_path / "index"})
    build_index(made, SilentReport())
    opened = open_dialogue(made)
    with TestClient(create_app(made, opened)) as evil_client:
        page = evil_client.get("/source/evil")
        welcome = evil_client.get("/")
    opened.close()
    assert page.status_code == 200
    assert evil not in page.text
    assert "<img src=x" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert evil not in welcome.text
