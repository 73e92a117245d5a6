"""The chat as a patient has it: a real browser, phone and desktop, light and dark, over the real article."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn

from bot.app import create_app
from bot.channels import wording
from bot.dialogue.dialogue import Dialogue
from bot.settings import Settings
from tests.browsing import axe_findings
from tests.noted import becomes

sync_api = pytest.importorskip("playwright.sync_api", reason="pip install playwright to run the browser tests")

CHROMIUM = Path(os.environ.get("YIJU_TEST_CHROMIUM", "/usr/bin/chromium"))
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
QUESTION = "急性肾损伤有什么新的药物在做临床试验?"
HOSTILE = (
    "<img src=x onerror=alert(1)><script>alert(2)</script> # 标题 **粗** $$x^2$$ [链](javascript:alert(3)) `码`\n\n"
    "|a|b|\n|-|-|\n|1|2|\n![图](http://evil.example/x.png)"
)
SCREENS = [(1280, 800, "light"), (1280, 800, "dark"), (390, 844, "light"), (390, 844, "dark"), (360, 640, "light")]

pytestmark = pytest.mark.skipif(
    not CHROMIUM.exists() and os.environ.get("CI") != "true",
    reason=f"NO BROWSER TESTS: {CHROMIUM} is missing; install Chromium or name it in YIJU_TEST_CHROMIUM",
)


@pytest.fixture(scope="module")
def address(settings: Settings, dialogue: Dialogue) -> Iterator[str]:
    """Serve the application on a free port."""
    config = uvicorn.Config(create_app(settings, dialogue), host="127.0.0.1", port=0, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    until = time.monotonic() + 30
    while not server.started and time.monotonic() < until:
        time.sleep(0.05)
    assert server.started
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    server.force_exit = True  # the pages' event streams stay open otherwise
    thread.join(10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield opened
        opened.close()


class Visit:
    """One browser with one screen, watched for foreign requests, console errors and dialogs."""

    def __init__(self, browser: Any, address: str, width: int, height: int, scheme: str) -> None:
        self.address = address
        self.faults: list[str] = []
        phone = width < 500
        self.context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            is_mobile=phone,
            has_touch=phone,
            locale="zh-CN",
            permissions=["clipboard-read", "clipboard-write"],
        )
        self.context.on("page", self._watch)
        self.page = self.context.new_page()

    def _watch(self, page: Any) -> None:
        page.on("console", lambda m: self.faults.append(f"console: {m.text}") if m.type == "error" else None)
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (self.faults.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", self._check_host)
        page.on("response", lambda r: self.faults.append(f"{r.status} {r.url}") if r.status >= 400 else None)

    def _check_host(self, request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and f"{parts.scheme}://{parts.netloc}" != self.address:
            self.faults.append(f"foreign request: {request.url}")

    def open(self) -> Any:
        self.page.goto(self.address)
        self.page.locator(".yj-welcome").wait_for()
        return self.page

    def ask(self, question: str) -> Any:
        """Type and send a question; return the new answer."""
        before = self.page.locator("#yj-chat .bot-row").count()
        self.page.fill("#yj-box textarea", question)
        self.page.press("#yj-box textarea", "Enter")
        answer = self.page.locator("#yj-chat .bot-row").nth(before)
        answer.wait_for()
        return answer

    def in_view(self, locator: Any) -> bool:
        box, size = locator.bounding_box(), locator.page.viewport_size
        return bool(box and box["y"] >= 0 and box["y"] + min(box["height"], 40) <= size["height"])

    def overflow(self, page: Any) -> int:
        """Return how many pixels the page is wider than the screen."""
        return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@pytest.fixture(params=SCREENS, ids=lambda screen: f"{screen[0]}x{screen[1]}-{screen[2]}")
def visit(request: pytest.FixtureRequest, browser: Any, address: str) -> Iterator[Visit]:
    made = Visit(browser, address, *request.param)
    yield made
    made.context.close()
    assert made.faults == []


@pytest.fixture
def phone(browser: Any, address: str) -> Iterator[Visit]:
    made = Visit(browser, address, 390, 844, "light")
    yield made
    made.context.close()
    assert made.faults == []


@pytest.fixture
def desktop(browser: Any, address: str) -> Iterator[Visit]:
    made = Visit(browser, address, 1280, 800, "light")
    yield made
    made.context.close()
    assert made.faults == []


def test_a_question_leads_to_passage_reference_disclaimer_and_the_marked_source(visit: Visit) -> None:
    page = visit.open()
    disclaimer = page.locator("#yj-footer")
    assert visit.in_view(disclaimer)
    answer = visit.ask(QUESTION)
    card = answer.locator(".yj-card").first
    assert "艾米迈托赛" in card.locator(".yj-text").inner_text()
    assert card.locator("mark").count() > 0
    assert card.locator(".yj-reference li").first.inner_text().strip()
    assert wording.NOTES["erratum"] in card.locator(".yj-note").first.inner_text()
    assert card.locator(".yj-grade").inner_text() in {*wording.EVIDENCE.values(), wording.EVIDENCE_UNKNOWN}
    assert "免责说明" in answer.locator(".yj-disclaimer").inner_text()
    assert wording.FOOTER in disclaimer.inner_text()
    assert visit.in_view(disclaimer)
    assert visit.in_view(page.locator("#yj-box textarea"))
    page.wait_for_timeout(300)  # the page scrolls to the question on the next frame
    assert visit.in_view(page.locator(".yj-question"))
    assert visit.in_view(card)
    assert visit.overflow(page) == 0
    assert page.locator("#yj-box textarea").input_value() == ""

    with visit.context.expect_page() as opened:
        card.locator("a.yj-source").click()
    source = opened.value
    source.locator(".marked").first.wait_for()
    assert "艾米迈托赛" in "".join(source.locator(".marked").all_inner_texts())
    source.wait_for_timeout(200)
    assert visit.in_view(source.locator(".marked").first)
    assert source.locator(".hint").inner_text() == wording.MARKED_HINT
    assert visit.overflow(source) == 0


def test_axe_finds_nothing_before_and_after_an_answer(visit: Visit) -> None:
    page = visit.open()
    assert axe_findings(page) == []
    visit.ask(QUESTION)
    assert axe_findings(page) == []
    visit.ask("今天晚上吃什么好")
    assert axe_findings(page) == []


def test_every_control_is_large_enough_and_no_input_zooms(phone: Visit) -> None:
    page = phone.open()
    answer = phone.ask(QUESTION)
    controls = [
        *page.locator("#yj-clear, .yj-theme, #yj-box button, #yj-box textarea").all(),
        *answer.locator("a.yj-source, .yj-copy").all(),
        *page.locator("#yj-chat .option:visible, #yj-chat .message-buttons button:visible").all(),
    ]
    assert len(controls) >= 8
    for control in controls:
        box = control.bounding_box()
        assert box["height"] >= 44, control.inner_text()
        assert box["width"] >= 44, control.inner_text()
    size = page.locator("#yj-box textarea").evaluate("element => parseFloat(getComputedStyle(element).fontSize)")
    assert size >= 16


def test_tapping_a_starter_asks_it(visit: Visit, dialogue: Dialogue) -> None:
    page = visit.open()
    starter = page.locator("#yj-chat .option").first
    text = starter.inner_text()
    assert text == dialogue.starters()[0]
    starter.click()
    page.locator(".yj-question").wait_for()
    assert page.locator(".yj-question").inner_text() == text
    page.locator(".yj-card").first.wait_for()


def test_a_hostile_question_is_shown_as_typed(visit: Visit) -> None:
    page = visit.open()
    visit.ask(HOSTILE)
    shown = page.locator(".yj-question")
    assert shown.inner_text().replace("\n", "") == HOSTILE.replace("\n", "")
    inside = shown.evaluate("element => [...element.querySelectorAll('*')].map(child => child.tagName).sort()")
    assert set(inside) <= {"BDI", "BR"}
    assert visit.overflow(page) == 0


def test_thumbs_are_recorded(desktop: Visit, settings: Settings) -> None:
    page = desktop.open()
    assert page.locator("#yj-chat .message-buttons button:visible").count() == 0  # none on the welcome
    desktop.ask(QUESTION)
    buttons = page.locator("#yj-chat .message-buttons button:visible")
    assert buttons.count() == 2
    down, up = buttons.nth(0), buttons.nth(1)
    for button, vote in ((up, "up"), (down, "down")):
        button.click()
        assert becomes(settings, vote)


def test_copying_a_card_gives_words_with_their_reference(desktop: Visit) -> None:
    page = desktop.open()
    card = desktop.ask(QUESTION).locator(".yj-card").first
    card.locator(".yj-copy").click()
    page.wait_for_timeout(200)
    copied = page.evaluate("navigator.clipboard.readText()")
    assert card.locator(".yj-text").inner_text().strip() in copied
    assert wording.REFERENCE_LABEL in copied
    assert "免责说明" in copied
    assert "<" not in copied


def test_enter_sends_shift_enter_breaks_the_line_and_choosing_a_candidate_does_not_send(desktop: Visit) -> None:
    page = desktop.open()
    box = page.locator("#yj-box textarea")
    box.fill("急性肾损伤")
    box.press("Shift+Enter")
    assert box.input_value() == "急性肾损伤\n"
    box.evaluate(
        "element => element.dispatchEvent(new KeyboardEvent('keydown',"
        " {key: 'Enter', isComposing: true, bubbles: true, cancelable: true}))"
    )
    page.wait_for_timeout(500)
    assert page.locator(".yj-question").count() == 0
    box.press_sequentially("新药")
    box.press("Enter")
    page.locator(".yj-question").wait_for()
    page.wait_for_timeout(300)
    assert box.evaluate("element => element === document.activeElement")


def test_a_question_that_is_too_long_stays_in_the_box(phone: Visit, settings: Settings) -> None:
    page = phone.open()
    text = "肾" * (settings.question_max_chars + 1)
    answer = phone.ask(text)
    assert str(settings.question_max_chars) in answer.locator(".yj-notice").inner_text()
    assert page.locator("#yj-box textarea").input_value() == text
    phone.page.fill("#yj-box textarea", QUESTION)
    phone.page.press("#yj-box textarea", "Enter")
    page.locator(".yj-card").first.wait_for()
    assert page.locator(".yj-notice").count() == 0


def test_clearing_leaves_nothing_of_the_conversation(desktop: Visit) -> None:
    page = desktop.open()
    desktop.ask(QUESTION)
    page.locator("#yj-clear").click()
    page.locator(".yj-question").wait_for(state="detached")
    assert page.locator(".yj-card").count() == 0
    assert page.locator(".yj-welcome").count() == 1
    kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])")
    assert "肾" not in kept
    assert "s_" not in kept
    desktop.ask(QUESTION)
    page.reload()
    page.locator(".yj-welcome").wait_for()
    assert page.locator(".yj-question").count() == 0
    databases = page.evaluate("indexedDB.databases().then(found => found.length)")
    assert databases == 0


def test_the_theme_choice_is_remembered(desktop: Visit) -> None:
    page = desktop.open()
    assert not page.evaluate("document.body.classList.contains('dark')")
    page.locator(".yj-theme").click()
    assert page.evaluate("document.body.classList.contains('dark')")
    page.reload()
    page.locator(".yj-welcome").wait_for()
    assert page.evaluate("document.body.classList.contains('dark')")


def test_text_has_enough_contrast(visit: Visit) -> None:
    """WCAG AA: 4.5 to 1 for the text of every part of a card and of the page."""
    page = visit.open()
    visit.ask(QUESTION)
    selectors = [
        ".yj-names p", "#yj-clear", ".yj-question bdi", ".yj-path", ".yj-text p", ".yj-text mark", ".yj-note",
        ".yj-evidence", ".yj-grade", ".yj-reference li", ".yj-source", ".yj-copy", ".yj-disclaimer", "#yj-footer p",
        "#yj-box button", "#yj-footer a",
    ]  # fmt: skip
    for selector in selectors:
        ratio = page.locator(selector).first.evaluate(CONTRAST)
        assert ratio >= 4.5, f"{selector}: {ratio:.2f}"


CONTRAST = """element => {
  const parse = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const luminance = rgb => rgb.slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  let ground = [255, 255, 255];
  for (let at = element; at; at = at.parentElement) {
    const colour = parse(getComputedStyle(at).backgroundColor);
    if (colour.length && (colour.length < 4 || colour[3] > 0.99)) { ground = colour; break; }
  }
  const [low, high] = [luminance(parse(getComputedStyle(element).color)), luminance(ground)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}"""


def test_the_manual_opens_without_any_other_host(desktop: Visit) -> None:
    desktop.page.goto(f"{desktop.address}/docs")
    desktop.page.locator(".opblock").first.wait_for()
    assert desktop.page.locator(".opblock").count() >= 5


OPTIONS = "#yj-suggest [role=option]"


def test_known_questions_are_offered_while_typing_and_chosen_by_keyboard(desktop: Visit, dialogue: Dialogue) -> None:
    page = desktop.open()
    box = page.locator("#yj-box textarea")
    where = "selectors => JSON.stringify(selectors.map(s => document.querySelector(s).getBoundingClientRect()))"
    before = page.evaluate(where, ["#yj-header", "#yj-chat", "#yj-box", "#yj-footer"])
    box.press_sequentially("gxb")
    page.locator(OPTIONS).first.wait_for()
    assert page.evaluate(where, ["#yj-header", "#yj-chat", "#yj-box", "#yj-footer"]) == before  # nothing moved
    texts = page.locator(OPTIONS).all_inner_texts()
    assert texts == list(dialogue.complete("gxb"))
    assert box.get_attribute("aria-controls") == page.locator("#yj-suggest").get_attribute("id")
    assert axe_findings(page) == []
    assert page.locator(f"#{box.get_attribute('aria-controls')}").get_attribute("role") == "listbox"
    assert page.locator("#yj-suggest").get_attribute("aria-label") == wording.SUGGEST_LABEL
    assert page.locator("#yj-box [role=status]").inner_text() == wording.SUGGEST_COUNT.format(count=len(texts))
    assert box.get_attribute("aria-activedescendant") is None
    marked = page.locator(f"{OPTIONS}[aria-selected=true]")
    assert marked.count() == 0
    box.press("ArrowUp")
    assert marked.inner_text() == texts[-1]
    for expected in (None, texts[0], texts[1]):
        box.press("ArrowDown")
        assert (marked.inner_text() if marked.count() else None) == expected
    assert page.locator(f"#{box.get_attribute('aria-activedescendant')}").inner_text() == texts[1]
    box.press("Escape")
    assert not page.locator("#yj-suggest").is_visible()
    assert (box.input_value(), page.locator("#yj-suggest").is_visible()) == ("gxb", False)
    box.press_sequentially("z")
    page.locator(OPTIONS).first.wait_for()
    chosen = page.locator(OPTIONS).first.inner_text()
    box.press("ArrowDown")
    box.press("Enter")
    page.locator(".yj-card").first.wait_for()
    assert page.locator(".yj-question").all_inner_texts() == [chosen]
    assert box.input_value() == ""
    page.wait_for_timeout(400)
    assert not page.locator("#yj-suggest").is_visible()


def test_a_tap_chooses_and_every_option_is_large_enough(phone: Visit) -> None:
    page = phone.open()
    page.locator("#yj-box textarea").tap()
    page.locator("#yj-box textarea").press_sequentially("肾")
    page.locator(OPTIONS).first.wait_for()
    box, place = page.locator("#yj-box").bounding_box(), page.locator("#yj-suggest").bounding_box()
    assert place["y"] >= 0
    assert place["y"] + place["height"] <= box["y"]  # above what is being typed
    assert 0 <= place["x"] < place["x"] + place["width"] <= 390
    for option in page.locator(OPTIONS).all():
        assert option.bounding_box()["height"] >= 44
    text = page.locator(OPTIONS).nth(1).inner_text()
    page.locator(OPTIONS).nth(1).tap()
    page.locator(".yj-card").first.wait_for()
    assert page.locator(".yj-question").all_inner_texts() == [text]
    assert phone.overflow(page) == 0


def test_enter_sends_what_was_typed_where_nothing_is_marked(desktop: Visit) -> None:
    page = desktop.open()
    box = page.locator("#yj-box textarea")
    box.press_sequentially("糖尿病")
    page.locator(OPTIONS).first.wait_for()
    box.press("Enter")
    page.locator(".yj-question").wait_for()
    assert page.locator(".yj-question").inner_text() == "糖尿病"
    box.press_sequentially("肾")
    box.press("Enter")  # before any suggestion came: none may come after it
    page.locator(".yj-question").nth(1).wait_for()
    page.wait_for_timeout(500)
    assert not page.locator("#yj-suggest").is_visible()


def test_the_input_method_has_the_keys_while_it_composes(desktop: Visit) -> None:
    page = desktop.open()
    box = page.locator("#yj-box textarea")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/suggest" in request.url else None)
    box.focus()
    compose = """(element, [type, text]) => {
      element.value = text;
      element.dispatchEvent(new CompositionEvent(type, {bubbles: true}));
      element.dispatchEvent(new InputEvent("input", {bubbles: true, isComposing: type !== "compositionend"}));
    }"""
    box.evaluate(compose, ["compositionstart", "t"])
    box.evaluate(compose, ["compositionupdate", "tang'niao"])
    page.wait_for_timeout(400)
    assert asked == []
    box.evaluate(compose, ["compositionend", "糖尿"])
    page.locator(OPTIONS).first.wait_for()
    assert len(asked) == 1
    box.press("ArrowDown")
    box.evaluate(
        "element => element.dispatchEvent(new KeyboardEvent('keydown',"
        " {key: 'Enter', isComposing: true, bubbles: true, cancelable: true}))"
    )
    page.wait_for_timeout(300)
    assert page.locator(".yj-question").count() == 0


def test_late_answers_are_dropped_and_words_from_outside_stay_words(desktop: Visit) -> None:
    page = desktop.open()
    evil = "<img src=x onerror=alert(1)>&lt;b&gt;"

    def answer(route: Any) -> None:
        slow = route.request.url.endswith("q=a")
        if slow:
            page.wait_for_timeout(700)
        route.fulfill(json={"questions": ["late"] if slow else [evil]})

    page.route("**/api/suggest**", answer)
    box = page.locator("#yj-box textarea")
    box.press("a")
    page.wait_for_timeout(200)
    box.press("b")
    page.locator(OPTIONS).first.wait_for()
    page.wait_for_timeout(1000)
    assert page.locator(OPTIONS).all_inner_texts() == [evil]
    assert page.locator(f"{OPTIONS} *").count() == 0


def test_the_list_has_enough_contrast(visit: Visit) -> None:
    page = visit.open()
    box = page.locator("#yj-box textarea")
    box.press_sequentially("gxb")
    page.locator(OPTIONS).first.wait_for()
    box.press("ArrowDown")
    for place in (0, 1):
        assert page.locator(OPTIONS).nth(place).evaluate(CONTRAST) >= 4.5
    assert visit.overflow(page) == 0


def test_a_wide_screen_is_used_evenly(browser: Any, address: str) -> None:
    made = Visit(browser, address, 1600, 900, "light")
    box = made.open().locator("#yj-box .input-container").bounding_box()
    made.context.close()
    assert abs(box["x"] - (1600 - box["x"] - box["width"])) < 2
