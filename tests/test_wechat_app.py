"""WeChat in the real application: the real article, encrypted messages, what a phone would show."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from bot.app import create_app
from bot.channels.wechat.accounts import open_accounts
from bot.channels.wechat.fitting import size
from bot.channels.wechat.phone import Phone
from bot.channels.wechat.plain import spoken
from bot.channels.wechat.render import Look, render
from bot.dialogue.dialogue import Dialogue
from bot.records import Reply
from bot.settings import Settings, load_settings
from tests.wechat_world import secrets_of

ACCOUNTS = [{"name": "main", "app_id": "wx1"}]
QUESTION = "急性肾损伤有什么新的药物在做临床试验?"
BROAD = "间充质干细胞有什么优势"


@pytest.fixture(scope="module")
def phone(settings: Settings, dialogue: Dialogue, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    folder = tmp_path_factory.mktemp("wechat")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in secrets_of("main").items():
            patch.setenv(name, value)
        given = settings.model_dump() | {"wechat": ACCOUNTS, "wechat_store": folder / "wechat.db"}
        own = load_settings(**given)
        with TestClient(create_app(own, dialogue), raise_server_exceptions=False) as client:
            yield Phone(open_accounts(own)["main"], "http://testserver", client=client)  # type: ignore[arg-type]


def test_an_answer_of_the_article(phone: Phone, dialogue: Dialogue) -> None:
    shown = phone.ask(QUESTION) or ""
    first = dialogue.reply(None, QUESTION).passages[0]
    assert first.text in shown
    assert all(note.text in shown for note in first.notes)
    assert all(reference.citation in shown for reference in first.references)
    assert dialogue.reply(None, QUESTION).disclaimer in shown
    assert size(shown) <= 2048
    phone.check_url()


def test_a_conversation(phone: Phone, dialogue: Dialogue) -> None:
    phone.user = "o_conversation"
    phone.ask(BROAD)
    shown = [passage.text for passage in dialogue.reply(None, BROAD).passages]
    assert len(shown) > 1
    assert shown[1] in (phone.ask("更多") or "")
    phone.ask(QUESTION)
    assert "您是想问" in (phone.ask("那狼疮性肾炎呢") or "")  # the session is kept
    completed = phone.ask("那糖尿病肾病呢") or ""
    assert "您是想问" in completed
    assert "请回复 1，按您的原话查" in completed
    assert "您是想问" not in (phone.ask("1") or "")


def test_an_emergency(phone: Phone) -> None:
    shown = phone.ask("我爸突然胸口剧痛喘不上气") or ""
    assert shown.startswith("请立即拨打 120")
    assert "weixin://" not in shown


def test_every_passage_of_the_article_fits_whole(settings: Settings, dialogue: Dialogue) -> None:
    for passage in dialogue.passages_of("stem-cells-kidney"):
        shown = dialogue.passage(passage.id)
        document = dialogue.document(passage.document_id)
        reply = Reply(
            "r", "s", "answer", "下面这段原文与您的问题最相关：", (shown,), dialogue.starters(), document.disclaimer
        )
        pages = render(reply, Look(2048, "links", "https://ask.example.cn")).pages
        assert all(size(page) <= 2048 for page in pages)
        assert any(spoken(shown.text) in page or len(pages) > 1 for page in pages)
        for page in pages:
            assert document.disclaimer in page
        for line in [note.text for note in shown.notes] + [reference.citation for reference in shown.references]:
            assert any(line in page for page in pages)
