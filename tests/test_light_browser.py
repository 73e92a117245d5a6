"""The light page as a patient has it: a real browser over the real article, phone to desktop, light and dark."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from bot.channels import card, wording
from bot.channels.tokens import TOKEN_MARK
from bot.dialogue.dialogue import Dialogue
from bot.records import ReplyDocument, ReplyNote, ReplyPassage, ReplyReference
from bot.settings import Clinic, Settings
from bot.sites import Site
from tests.browsing import (
    CHROMIUM,
    FLAGS,
    SCREENS,
    Visit,
    application,
    axe_findings,
    in_view,
    launched,
    needs_chromium,
    overflow,
    serving,
    until,
)
from tests.noted import becomes

pytest.importorskip("playwright.sync_api", reason="pip install playwright to run the browser tests")
pytestmark = needs_chromium

QUESTION = "急性肾损伤有什么新的药物在做临床试验?"
ANOTHER = "糖尿病肾病用干细胞治疗效果怎么样?"
DANGER = "我胸口剧痛喘不上气"
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script> # 标 **粗** [链](javascript:alert(3)) \u202e倒"
ALL_SCREENS = [(width, height, scheme) for width, height in SCREENS for scheme in ("light", "dark")]


@pytest.fixture(scope="module")
def address(settings: Settings, dialogue: Dialogue) -> Iterator[str]:
    sites = (Site(name="clinic", origins=("https://www.clinic.example",)),)
    with serving(application(settings.model_copy(update={"sites": sites}), dialogue)) as served:
        yield served


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched() as opened:
        yield opened


@pytest.fixture(params=ALL_SCREENS, ids=lambda screen: f"{screen[0]}x{screen[1]}-{screen[2]}")
def visit(request: pytest.FixtureRequest, browser: Any, address: str) -> Iterator[Visit]:
    made = Visit(browser, (address,), *request.param)
    yield made
    made.end()


@pytest.fixture
def phone(browser: Any, address: str) -> Iterator[Visit]:
    made = Visit(browser, (address,), 360, 740)
    yield made
    made.end()


@pytest.fixture
def desktop(browser: Any, address: str) -> Iterator[Visit]:
    made = Visit(browser, (address,), 1440, 900)
    yield made
    made.end()


def opened(visit: Visit, path: str = "/m") -> Any:
    visit.page.goto(visit.hosts[0] + path)
    visit.page.locator("html[data-ready]").wait_for()
    return visit.page


def asked(page: Any, question: str) -> Any:
    """Type and send; return the new reply."""
    before = page.locator(".reply").count()
    page.fill("#box", question)
    page.press("#box", "Enter")
    reply = page.locator(".reply").nth(before)
    reply.wait_for()
    return reply


def answer_with(page: Any, **fields: Any) -> None:
    """Let the server's next replies be these."""
    reply = {
        "id": "r_test", "session": "s_test", "kind": "answer", "text": "", "passages": [], "suggestions": [],
        "disclaimer": "", "reading": "", **fields,
    }  # fmt: skip
    page.route("**/api/ask", lambda route: route.fulfill(status=200, json=reply))


def test_ask_read_follow_vote_ask_on_reload(visit: Visit, settings: Settings, dialogue: Dialogue) -> None:
    page = opened(visit)
    assert in_view(page.locator(".always"))
    reply = asked(page, QUESTION)
    first = reply.locator(".card").first
    assert "艾米迈托赛" in first.locator(".text").inner_text()
    assert first.locator("mark").count() > 0
    assert first.locator(".reference li").first.inner_text().strip()
    assert wording.NOTE_PREFIX + wording.NOTES["erratum"] in first.locator(".note").first.inner_text()
    assert first.locator(".grade").inner_text() in {*wording.EVIDENCE.values(), wording.EVIDENCE_UNKNOWN}
    assert "免责说明" in reply.locator(".disclaimer").inner_text()
    page.wait_for_timeout(100)
    for part in (page.locator(".question"), first, page.locator("#box"), page.locator(".always")):
        assert in_view(part)
    assert page.locator("#box").input_value() == ""
    assert overflow(page) == 0

    with visit.context.expect_page() as follow:
        first.locator(".actions a").click()
    source = follow.value
    source.locator(".marked").first.wait_for()
    assert "艾米迈托赛" in "".join(source.locator(".marked").all_inner_texts())
    source.close()

    for choice, expected in (("up", "up"), ("down", "down"), ("down", "")):
        thumb = reply.locator(f"[data-vote={choice}]")
        thumb.click()
        assert becomes(settings, expected)
        assert thumb.get_attribute("aria-pressed") == str(expected != "").lower()

    asked(page, ANOTHER)
    page.reload()
    page.locator("html[data-ready]").wait_for()
    assert [text.split("\n")[-1] for text in page.locator(".question bdi").all_inner_texts()] == [QUESTION, ANOTHER]
    assert page.locator(".card").count() >= 2
    assert overflow(page) == 0


def test_cards_are_word_for_word_and_copied_with_their_reference(desktop: Visit, dialogue: Dialogue) -> None:
    page = opened(desktop)
    reply = asked(page, QUESTION)
    for shown in reply.locator(".card").all():
        passage = dialogue.passage(shown.get_attribute("data-passage"))
        disclaimer = reply.locator(".disclaimer").inner_text()
        squeeze = re.compile(r"\s+")
        text = squeeze.sub("", passage.text)
        assert squeeze.sub("", shown.locator(".text").inner_text()) in (
            text,
            re.sub(r"(?<=[。:：])\d[.、]|[-•]", "", text),
        )
        shown.locator(".copy").click()
        page.wait_for_timeout(100)
        assert page.evaluate("navigator.clipboard.readText()") == card.card_text(passage, disclaimer)
        assert shown.locator(".copy").inner_text() == wording.LIGHT["copied"]


ASTRAL = "𠮷先生😀说：\n1. 干细胞𠀋可以\n2. 不可以\n\n甲 | 乙肾\n丙 | 丁\n最后一行肾"


def passage_of(text: str, highlights: tuple[tuple[int, int], ...], **more: Any) -> dict[str, Any]:
    from bot.records import Reply

    made = ReplyPassage(
        id=more.get("id", "doc.12345678"), text=text, score=1.0, highlights=highlights,
        document=ReplyDocument("doc", more.get("title", "标题"), "", "2025", "", "机构"),
        section=more.get("section", ("节",)), start=0, end=len(text), evidence=more.get("evidence", "review"),
        references=more.get("references", ()), notes=more.get("notes", ()), lead=more.get("lead", ""),
    )  # fmt: skip
    return dict(Reply("r", "s", "answer", "", (made,)).to_json()["passages"][0])


def test_marks_stand_on_the_same_characters_as_in_the_chat(desktop: Visit) -> None:
    spans = ((0, 1), (3, 5), (10, 14), (27, 28), (ASTRAL.index("最后"), len(ASTRAL)))
    page = opened(desktop)
    answer_with(page, passages=[passage_of(ASTRAL, spans)])
    shown = asked(page, QUESTION).locator(".text")
    expected = card.marked_text(ASTRAL, spans)
    marks = [html.unescape(mark) for mark in re.findall("<mark>(.*?)</mark>", expected)]
    assert shown.locator("mark").all_inner_texts() == marks
    assert "𠮷" in marks[0]
    for tag in ("p", "ol", "li", "table", "tr", "td"):
        texts = [
            html.unescape(re.sub("<[^>]+>", "", part)) for part in re.findall(rf"<{tag}\b[^>]*>(.*?)</{tag}>", expected)
        ]
        assert shown.locator(tag).evaluate_all("all => all.map(one => one.textContent)") == texts


def test_nothing_that_comes_from_outside_becomes_markup(visit: Visit) -> None:
    page = opened(visit)
    reference = ReplyReference("x", HOSTILE, HOSTILE, "javascript:alert(4)")
    answer_with(
        page, text=HOSTILE, disclaimer=HOSTILE, suggestions=[HOSTILE], reading=HOSTILE,
        passages=[passage_of(HOSTILE, ((0, 9),), title=HOSTILE, section=(HOSTILE,), lead=HOSTILE,
                             references=(reference,), notes=(ReplyNote("caveat", HOSTILE),))],
    )  # fmt: skip
    reply = asked(page, HOSTILE)
    assert page.locator("main img, main script, main iframe, main [onerror]").count() == 0
    clean = HOSTILE.replace("\u202e", "")
    for part in (".question bdi", ".said p", ".lead", ".disclaimer", ".more .chip"):
        assert page.locator(part).inner_text().strip() == clean
    assert reply.locator(".reference a").count() == 0
    assert overflow(page) == 0
    page.unroute("**/api/ask")


def test_danger_puts_large_telephone_buttons_first(phone: Visit) -> None:
    page = opened(phone)
    alarm = asked(page, DANGER).locator(".alarm")
    assert alarm.get_attribute("role") == "alert"
    call = alarm.locator("a.call").first
    assert call.get_attribute("href") == "tel:120"
    assert call.bounding_box()["height"] >= 60
    assert alarm.evaluate("element => element.firstElementChild.className") == "calls"
    assert in_view(call)
    page.reload()
    page.locator(".alarm").wait_for()
    assert page.locator(".alarm").get_attribute("role") is None  # what was said before must not alarm again


def test_a_decline_offers_the_nearest_questions_and_a_tap_asks_one(phone: Visit) -> None:
    page = opened(phone)
    reply = asked(page, "阑尾炎手术要住院几天?")
    assert reply.locator(".card").count() == 0
    chip = reply.locator(".chip").first
    text = chip.inner_text()
    chip.tap()
    page.locator(".question").nth(1).wait_for()
    assert page.locator(".question bdi").nth(1).inner_text() == text


def test_a_decline_makes_the_telephone_tappable(browser: Any, settings: Settings, dialogue: Dialogue) -> None:
    clinic = Clinic(name="某某诊所", phone="010-5555 1234", address="某路 1 号", url="https://clinic.example.cn")
    with serving(application(settings.model_copy(update={"clinic": clinic}), dialogue)) as own:
        visit = Visit(browser, (own,), 360, 740)
        page = opened(visit)
        contact = asked(page, "阑尾炎手术要住院几天?").locator(".contact")
        links = contact.locator("a").evaluate_all("all => all.map(one => one.getAttribute('href'))")
        assert links == ["tel:01055551234", "https://clinic.example.cn"]
        assert "某路 1 号" in page.locator(".reply").inner_text()
        visit.end()


def test_by_keyboard_alone(desktop: Visit) -> None:
    page = opened(desktop)
    keys = page.keyboard
    for _ in range(20):
        keys.press("Tab")
        if page.evaluate("document.activeElement.id") == "box":
            break
    assert page.evaluate("document.activeElement.id") == "box"
    keys.type("急性肾损伤")
    keys.press("Shift+Enter")
    keys.insert_text("有什么新药?")
    keys.press("Enter")
    page.locator(".card").first.wait_for()
    page.wait_for_timeout(150)
    assert page.evaluate("document.activeElement.id") == "box"
    seen = set()
    for _ in range(40):  # backwards from the box through the newest reply
        keys.press("Shift+Tab")
        seen.add(page.evaluate("document.activeElement.className || document.activeElement.textContent"))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none" or page.evaluate("document.activeElement === document.body")
        if page.evaluate("document.activeElement.matches('[data-vote=up]')"):
            break
    assert {"share", "thumb"} <= seen
    keys.press("Space")
    until(page, "document.activeElement.getAttribute('aria-pressed') === 'true'")


def test_type_ahead_by_arrow_keys_and_by_touch(desktop: Visit, dialogue: Dialogue) -> None:
    page = opened(desktop)
    box, options = page.locator("#box"), page.locator("#options [role=option]")
    box.press_sequentially("干细胞")
    options.first.wait_for()
    expected = options.all_inner_texts()
    assert expected
    box.press("Escape")
    assert page.locator("#options").is_hidden()
    assert box.input_value() == "干细胞"
    box.press_sequentially("治")
    options.first.wait_for()
    box.press("ArrowDown")
    assert box.get_attribute("aria-activedescendant") == "option-0"
    assert options.first.get_attribute("aria-selected") == "true"
    text = options.first.inner_text()
    assert axe_findings(page) == []
    box.press("Enter")
    page.locator(".question").wait_for()
    assert page.locator(".question bdi").inner_text() == text
    page.locator(".reply").first.wait_for()
    box.press_sequentially("肾病")
    options.first.wait_for()
    text = options.first.inner_text()
    options.first.click()
    page.locator(".question").nth(1).wait_for()
    assert page.locator(".question bdi").nth(1).inner_text() == text


def test_choosing_a_chinese_candidate_does_not_send(desktop: Visit) -> None:
    page = opened(desktop)
    page.fill("#box", "急性肾损伤")
    page.locator("#box").evaluate(
        "element => element.dispatchEvent(new KeyboardEvent('keydown',"
        " {key: 'Enter', isComposing: true, bubbles: true, cancelable: true}))"
    )
    page.wait_for_timeout(300)
    assert page.locator(".question").count() == 0


def test_a_completed_question_is_named_and_can_be_asked_as_typed(desktop: Visit) -> None:
    page = opened(desktop)
    bodies: list[dict[str, Any]] = []

    def complete(route: Any) -> None:
        bodies.append(route.request.post_data_json)
        reply = route.fetch(post_data=json.dumps({"question": QUESTION})).json()
        reply["reading"] = "" if bodies[-1].get("literal") else "急性肾损伤的新药呢？"
        route.fulfill(status=200, json=reply)

    page.route("**/api/ask", complete)
    reply = asked(page, "那新药呢")
    assert wording.LIGHT["reading"].format(question="急性肾损伤的新药呢？") in reply.locator(".reading").inner_text()
    reply.locator(".reading button").click()
    page.locator(".reading").wait_for(state="detached")
    assert page.locator(".question").count() == 1
    assert [body.get("literal") for body in bodies] == [None, True]
    assert {body["question"] for body in bodies} == {"那新药呢"}
    assert bodies[1]["session"]
    page.unroute("**/api/ask")


def test_too_often_and_no_network_keep_the_words(phone: Visit) -> None:
    phone.forgiven = ("429", "ERR_FAILED", "ERR_INTERNET_DISCONNECTED")
    page = opened(phone)
    refusal = {"error": {"code": "rate_limited", "message": "x"}}
    page.route("**/api/ask", lambda route: route.fulfill(status=429, headers={"Retry-After": "17"}, json=refusal))
    page.fill("#box", QUESTION)
    page.press("#box", "Enter")
    notice = page.locator("#notice")
    notice.wait_for()
    assert "17" in notice.inner_text()
    assert wording.LIGHT["kept"] in notice.inner_text()
    assert page.locator("#box").input_value() == QUESTION
    assert page.locator(".turn").count() == 0
    page.unroute("**/api/ask")
    phone.context.set_offline(True)
    page.locator("#network").wait_for()
    assert page.locator("#network").inner_text() == wording.LIGHT["offline"]
    page.press("#box", "Enter")
    until(page, "document.querySelector('#notice').textContent.includes('网络不通')")
    assert page.locator("#box").input_value() == QUESTION
    phone.context.set_offline(False)
    page.locator("#network").wait_for(state="hidden")
    notice.locator("button").tap()
    page.locator(".card").first.wait_for()
    assert notice.is_hidden()
    assert page.locator("#box").input_value() == ""


def test_danger_is_answered_also_where_no_token_is_to_be_had(phone: Visit) -> None:
    phone.forgiven = ("429", "401")
    refusal = {"error": {"code": "rate_limited", "message": "x"}}
    phone.page.route(
        "**/api/session", lambda route: route.fulfill(status=429, headers={"Retry-After": "17"}, json=refusal)
    )
    page = opened(phone)
    page.fill("#box", QUESTION)
    page.press("#box", "Enter")
    page.locator("#notice").wait_for()
    assert "17" in page.locator("#notice").inner_text()
    assert asked(page, DANGER).locator("a[href^='tel:120']").count() >= 1
    page.unroute("**/api/session")


def test_a_question_that_is_too_long_is_refused_kindly(phone: Visit, settings: Settings) -> None:
    phone.forgiven = ("422",)
    page = opened(phone)
    text = "肾" * (settings.question_max_chars + 1)
    page.fill("#box", text)
    page.press("#box", "Enter")
    page.locator("#notice").wait_for()
    assert str(settings.question_max_chars) in page.locator("#notice").inner_text()
    assert page.locator("#notice button").count() == 0  # trying again would not help
    assert page.locator("#box").input_value() == text


def test_a_token_goes_in_a_header_and_is_renewed_when_refused(desktop: Visit) -> None:
    desktop.forgiven = ("401",)
    page = desktop.page
    made: list[dict[str, Any]] = []
    sent: list[str | None] = []

    def session(route: Any) -> None:
        made.append(route.request.post_data_json)
        if len(made) == 1:
            route.fulfill(status=200, json={"token": "t-1", "expires_in": 600})
        else:
            route.continue_()

    def watched(route: Any) -> None:
        sent.append(route.request.headers.get("x-yiju-token"))
        route.continue_()  # the server itself refuses the first

    page.route("**/api/session", session)
    page.route("**/api/ask", watched)
    opened(desktop, "/m?site=clinic")
    asked(page, QUESTION)
    assert made == [{"site": "clinic"}, {"site": "clinic"}]
    assert len(sent) == 2
    assert sent[0] == "t-1"
    assert str(sent[1]).startswith(TOKEN_MARK)
    assert not [url for url in desktop.requests if "t-1" in url or TOKEN_MARK in url]
    page.unroute("**/api/ask")
    page.unroute("**/api/session")


def test_clearing_asks_first_and_leaves_nothing(desktop: Visit) -> None:
    page = opened(desktop)
    assert page.locator("#clear").is_hidden()
    asked(page, QUESTION)
    page.click("#clear")
    assert axe_findings(page) == []
    page.locator("#confirm button[value=no]").click()
    assert page.locator(".card").count() > 0
    page.click("#clear")
    with page.expect_request("**/api/forget") as forgotten:
        page.locator("#confirm button[value=yes]").click()
    assert forgotten.value.post_data_json["session"].startswith("s_")
    page.locator(".turn").first.wait_for(state="detached")
    kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])")
    assert "肾" not in kept
    assert "s_" not in kept
    page.reload()
    page.locator("html[data-ready]").wait_for()
    assert page.locator(".turn").count() == 0
    assert page.evaluate("indexedDB.databases().then(found => found.length)") == 0
    assert desktop.context.cookies() == []


def test_it_works_where_storage_is_blocked_and_where_it_is_damaged(desktop: Visit) -> None:
    page = desktop.page
    page.add_init_script(
        "for (const name of ['sessionStorage', 'localStorage'])"
        " Object.defineProperty(window, name, {get() { throw new DOMException('', 'SecurityError'); }});"
    )
    opened(desktop)
    asked(page, QUESTION)
    page.locator("#theme").click()
    other = desktop.context.new_page()
    other.goto(desktop.hosts[0] + "/m")
    other.evaluate("sessionStorage.setItem('yiju-talk:', '{\"turns\": [{\"question\": 1}, null, 7]}')")
    other.reload()
    other.locator("html[data-ready]").wait_for()
    assert other.locator(".turn").count() == 0


def test_sharing_gives_a_link_that_shows_the_passages_and_nothing_of_the_question(desktop: Visit, browser: Any) -> None:
    page = opened(desktop)
    reply = asked(page, QUESTION)
    reply.locator(".share").click()
    page.wait_for_timeout(100)
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(desktop.hosts[0] + "/a/")
    assert len(link) < 200
    texts = reply.locator(".card .text").all_inner_texts()
    other = Visit(browser, desktop.hosts, 360, 740, "dark", java_script_enabled=False)
    other.page.goto(link)
    assert other.page.locator(".card .text").all_inner_texts() == texts
    assert QUESTION not in other.page.content()
    other.page.locator(".actions a").first.click()
    assert "/source/" in other.page.url
    other.end()


def test_axe_finds_nothing(visit: Visit) -> None:
    page = opened(visit)
    assert axe_findings(page) == []
    reply = asked(page, QUESTION)
    reply.locator("[data-vote=up]").click()
    page.wait_for_timeout(250)  # colours change gently
    asked(page, DANGER)
    asked(page, "阑尾炎手术要住院几天?")
    answer_with(page, kind="clarify", text="您想问的是不是下面这些？", suggestions=["一", "二"], reading="完整的问题")
    asked(page, "那")
    page.unroute("**/api/ask")
    assert axe_findings(page) == []
    source = reply.locator(".actions a").first.get_attribute("href")
    reply.locator(".share").click()
    page.wait_for_timeout(100)
    link = page.evaluate("navigator.clipboard.readText()") if visit.page.viewport_size["width"] > 500 else None
    other = visit.context.new_page()
    for url in filter(None, (visit.hosts[0] + source, link)):
        other.goto(url)
        other.wait_for_timeout(100)
        assert axe_findings(other) == [], url


def test_every_control_is_large_enough_and_no_input_zooms(phone: Visit) -> None:
    page = opened(phone)
    asked(page, QUESTION)
    controls = page.locator(
        "header button:visible, footer button:visible, #box, .card .actions > *, .tools button, .chip"
    ).all()
    assert len(controls) >= 10
    for control in controls:
        box = control.bounding_box()
        assert box["height"] >= 44, control.inner_text()
        assert box["width"] >= 44, control.inner_text()
    assert page.locator("#box").evaluate("element => parseFloat(getComputedStyle(element).fontSize)") >= 16


def test_letters_twice_as_large_stay_usable(browser: Any, address: str) -> None:
    flags = [*FLAGS, "--blink-settings=defaultFontSize=32"]
    large = browser.browser_type.launch(executable_path=str(CHROMIUM), args=flags)
    visit = Visit(large, (address,), 360, 740)
    page = opened(visit)
    asked(page, QUESTION)
    assert page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") == 34
    assert overflow(page) == 0
    assert page.locator("main").bounding_box()["height"] > 370  # half of the screen is left for the words
    assert in_view(page.locator("#box"))
    visit.end()
    large.close()


def test_printed_it_is_the_whole_conversation_and_no_controls(desktop: Visit) -> None:
    page = opened(desktop)
    asked(page, QUESTION)
    asked(page, ANOTHER)
    page.emulate_media(media="print")
    for part in ("#ask", ".tools", ".actions", "#clear", ".welcome"):
        assert page.locator(part).first.is_hidden()
    main = page.locator("main")
    assert main.evaluate("element => element.scrollHeight - element.clientHeight") <= 1
    assert main.bounding_box()["height"] > 900


def test_without_motion_nothing_moves(browser: Any, address: str) -> None:
    still = Visit(browser, (address,), 1440, 900, reduced_motion="reduce")
    page = opened(still)
    held: list[Any] = []
    page.route("**/api/ask", lambda route: held.append(route))
    page.fill("#box", QUESTION)
    page.press("#box", "Enter")
    page.locator(".wait").wait_for()
    assert page.evaluate("document.getAnimations().length") == 0
    while not held:
        page.wait_for_timeout(20)
    held[0].continue_()
    page.locator(".card").first.wait_for()
    still.end()


def test_the_theme_choice_is_remembered_and_applied_before_the_page_shows(desktop: Visit) -> None:
    page = opened(desktop)
    page.locator("#theme").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(14, 22, 24)"
    page.goto(desktop.hosts[0] + "/m", wait_until="commit")
    page.locator("header").wait_for()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(14, 22, 24)"
    page.locator("html[data-ready]").wait_for()
