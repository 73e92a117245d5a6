"""The widget on a clinic's own site: another origin, a strict policy, hostile styles; phone to desktop, light and dark."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from bot.channels import wording
from bot.dialogue.dialogue import Dialogue
from bot.settings import Settings
from bot.sites import Site
from tests.browsing import (
    SCREENS,
    ClinicSite,
    Visit,
    application,
    axe_findings,
    launched,
    needs_chromium,
    serving,
    until,
)
from tests.noted import becomes

pytest.importorskip("playwright.sync_api", reason="pip install playwright to run the browser tests")
pytestmark = needs_chromium

QUESTION = "急性肾损伤有什么新的药物在做临床试验?"
ANOTHER = "糖尿病肾病用干细胞治疗效果怎么样?"
WORDS = wording.WIDGET["zh-CN"]
ALL_SCREENS = [(width, height, scheme) for width, height in SCREENS for scheme in ("light", "dark")]
HOSTILE = {
    "unset": "* { all: unset !important; }",
    "every property": "* { display: inline !important; position: static !important; visibility: visible !important;"
    " transform: none !important; opacity: .3 !important; font: 5px serif !important; color: red !important;"
    " background: lime !important; width: 1px !important; height: 1px !important; }",
    "z-index": "body > * { position: relative; z-index: 2147483647 !important; } html { isolation: isolate; }"
    " main { position: fixed !important; inset: 0; z-index: 2147483647 !important; background: #fff; }",
    "rem": "html { font-size: 62.5% !important; line-height: 3 !important; letter-spacing: 9px !important; }"
    " button, dialog, iframe { all: unset; display: none !important; } :root { --back: red; --ink: red; --height: 3px; }",
    "transform": "html { filter: grayscale(1); } body { transform: translateX(-300px) scale(.5); overflow: hidden; }"
    " yiju-widget { display: none !important; direction: rtl; z-index: -1 !important; }",
}


@pytest.fixture(scope="module")
def site(settings: Settings, dialogue: Dialogue) -> Iterator[ClinicSite]:
    made = ClinicSite()
    allowed = settings.model_copy(update={"sites": (Site(name="clinic", origins=(made.address,)),)})
    with serving(application(allowed, dialogue)) as bot, made.open():
        made.bot = bot
        yield made


@pytest.fixture(autouse=True)
def plain(site: ClinicSite) -> Iterator[None]:
    yield
    site.extra = site.hostile = site.loader = ""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched() as opened:
        yield opened


def visiting(browser: Any, site: ClinicSite, width: int, height: int, scheme: str = "light", **more: Any) -> Visit:
    return Visit(browser, (site.address, site.bot), width, height, scheme, **more)


@pytest.fixture(params=ALL_SCREENS, ids=lambda screen: f"{screen[0]}x{screen[1]}-{screen[2]}")
def visit(request: pytest.FixtureRequest, browser: Any, site: ClinicSite) -> Iterator[Visit]:
    made = visiting(browser, site, *request.param)
    yield made
    made.end()


@pytest.fixture
def desktop(browser: Any, site: ClinicSite) -> Iterator[Visit]:
    made = visiting(browser, site, 1440, 900)
    yield made
    made.end()


@pytest.fixture
def phone(browser: Any, site: ClinicSite) -> Iterator[Visit]:
    made = visiting(browser, site, 360, 740)
    yield made
    made.end()


def arrived(visit: Visit, path: str = "/index.html") -> Any:
    visit.page.goto(visit.hosts[0] + path)
    visit.page.locator("yiju-widget .launch").wait_for()
    return visit.page


def panel_of(page: Any) -> Any:
    """Return the panel's frame once its page can be used."""
    page.frame_locator("yiju-widget iframe").locator("html[data-ready]").wait_for()
    return page.locator("yiju-widget iframe").element_handle().content_frame()


def opened(page: Any) -> Any:
    page.locator("yiju-widget .launch").click()
    return panel_of(page)


def asked(frame: Any, question: str) -> Any:
    before = frame.locator(".reply").count()
    frame.fill("#box", question)
    frame.press("#box", "Enter")
    reply = frame.locator(".reply").nth(before)
    reply.wait_for()
    return reply


def is_open(page: Any) -> bool:
    return bool(page.evaluate("document.querySelector('yiju-widget').shadowRoot.querySelector('dialog').open"))


def expanded(page: Any) -> str | None:
    return str(page.locator("yiju-widget .launch").get_attribute("aria-expanded"))


def test_open_ask_read_follow_vote_ask_on_close_reload_reopen(visit: Visit, settings: Settings) -> None:
    page = arrived(visit)
    own = [url for url in visit.requests if url.startswith(visit.hosts[1])]
    assert [url.rsplit("/", 1)[1] for url in own] == ["widget.js"]  # nothing more until it is opened
    frame = opened(page)
    reply = asked(frame, QUESTION)
    first = reply.locator(".card").first
    assert "艾米迈托赛" in first.locator(".text").inner_text()
    assert first.locator(".reference li").first.inner_text().strip()
    with visit.context.expect_page() as follow:
        first.locator(".actions a").click()
    source = follow.value
    source.locator(".marked").first.wait_for()
    assert "艾米迈托赛" in "".join(source.locator(".marked").all_inner_texts())
    source.close()
    reply.locator("[data-vote=up]").click()
    assert becomes(settings, "up")
    asked(frame, ANOTHER)

    frame.click("#close")
    until(page, "!document.querySelector('yiju-widget').shadowRoot.querySelector('dialog').open")
    assert expanded(page) == "false"
    page.reload()
    page.locator("yiju-widget .launch").wait_for()
    assert not is_open(page)
    frame = opened(page)
    assert [text.split("\n")[-1] for text in frame.locator(".question bdi").all_inner_texts()] == [QUESTION, ANOTHER]
    assert frame.locator("[data-vote=up]").first.get_attribute("aria-pressed") == "true"
    page.reload()  # this time it was open
    panel_of(page)
    assert is_open(page)
    assert visit.context.cookies() == []
    assert page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}, document.cookie])").count("肾") == 0


def test_on_a_phone_it_takes_the_whole_screen_and_nothing_behind_moves(phone: Visit) -> None:
    page = arrived(phone)
    opened(page)
    panel = page.locator("yiju-widget dialog")
    panel.evaluate("element => Promise.all(element.getAnimations().map(animation => animation.finished))")  # it rises
    box = panel.bounding_box()
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 360, 740)
    assert page.evaluate("getComputedStyle(document.documentElement).overflow") == "hidden"
    assert page.evaluate("document.querySelector('yiju-widget').shadowRoot.querySelector('dialog').matches(':modal')")
    page.evaluate("Yiju.close()")
    assert page.evaluate("getComputedStyle(document.documentElement).overflow") == "visible"


def test_on_a_desktop_it_leaves_the_page_usable_and_follows_a_change_of_size(desktop: Visit) -> None:
    page = arrived(desktop)
    opened(page)
    box = page.locator("yiju-widget dialog").bounding_box()
    assert 380 <= box["width"] <= 440
    assert box["x"] + box["width"] == 1420
    assert 0 < box["y"] < box["y"] + box["height"] < 900
    page.locator("a", has_text="怎样就诊").hover()  # not covered, not inert
    frame = panel_of(page)
    frame.evaluate("window.mine = 1")
    page.set_viewport_size({"width": 400, "height": 800})
    until(page, "document.querySelector('yiju-widget').shadowRoot.querySelector('dialog').matches(':modal')")
    page.set_viewport_size({"width": 1440, "height": 900})
    until(page, "!document.querySelector('yiju-widget').shadowRoot.querySelector('dialog').matches(':modal')")
    page.wait_for_timeout(200)
    assert is_open(page)
    assert frame.evaluate("window.mine") == 1  # the conversation was not loaded anew


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize(("width", "height"), [(360, 740), (1440, 900)])
def test_the_pages_styles_do_not_reach_it(browser: Any, site: ClinicSite, name: str, width: int, height: int) -> None:
    look = """() => {
      const root = document.querySelector('yiju-widget').shadowRoot;
      return [...root.querySelectorAll('button, dialog, iframe, span')].map(element => {
        const box = element.getBoundingClientRect(), style = getComputedStyle(element);
        return [element.className, Math.round(box.x), Math.round(box.y), Math.round(box.width), Math.round(box.height),
          style.color, style.backgroundColor, style.fontSize, style.letterSpacing, style.opacity, style.lineHeight].join(' ');
      });
    }"""
    looks = []
    for hostile in ("", HOSTILE[name]):
        site.hostile = hostile
        site.extra = '<link rel="stylesheet" href="hostile.css">' if hostile else ""
        visit = visiting(browser, site, width, height, reduced_motion="reduce")
        page = arrived(visit)
        closed = page.evaluate(look)
        place = page.locator("yiju-widget .launch").bounding_box()
        top = "([x, y]) => document.elementFromPoint(x, y)?.localName"
        assert page.evaluate(top, [place["x"] + 20, place["y"] + 20]) == "yiju-widget"
        frame = opened(page)
        asked(frame, QUESTION)
        looks.append((closed, page.evaluate(look), frame.locator(".card").first.bounding_box()["width"]))
        frame.click("#close")
        visit.end()
    assert looks[0] == looks[1]


def test_its_styles_do_not_reach_the_page(desktop: Visit, site: ClinicSite) -> None:
    look = """() => [...document.querySelectorAll('body, body *')].map(element => {
      const box = element.getBoundingClientRect(), style = getComputedStyle(element);
      return [element.localName, box.x, box.y, box.width, box.height, style.color, style.font, style.position].join(' ');
    })"""
    page = desktop.page
    page.route("**/widget.js", lambda route: route.fulfill(status=200, content_type="text/javascript", body=""))
    page.goto(site.address)
    before = page.evaluate(look)
    page.unroute("**/widget.js")
    arrived(desktop)
    opened(page)
    assert page.evaluate(look) == before
    assert page.evaluate("[document.styleSheets.length, document.adoptedStyleSheets.length]") == [1, 0]
    names = "Object.keys(window).filter(name => /yiju/i.test(name))"
    assert page.evaluate(names) == ["Yiju"]


def test_by_keyboard_alone(desktop: Visit) -> None:
    page = arrived(desktop, "/visit.html")
    keys = page.keyboard
    active = "document.activeElement.localName"
    for _ in range(20):
        keys.press("Tab")
        inner = "document.activeElement.shadowRoot?.activeElement?.className"
        if page.evaluate(active) == "yiju-widget" and page.evaluate(inner) == "launch":
            break
    assert page.evaluate(inner) == "launch"
    keys.press("Enter")
    frame = panel_of(page)
    until(frame, "document.activeElement.id === 'box'")
    keys.type("急性肾损伤有什么新药")
    keys.press("Enter")
    frame.locator(".card").first.wait_for()
    for _ in range(30):
        keys.press("Shift+Tab")
        if frame.evaluate("document.activeElement.matches('.card a')"):
            break
    with desktop.context.expect_page() as follow:
        keys.press("Enter")
    follow.value.locator(".marked").first.wait_for()
    follow.value.close()
    keys.press("Escape")
    until(page, "document.querySelector('yiju-widget').shadowRoot.activeElement?.className === 'launch'")
    assert not is_open(page)
    keys.press("Space")
    until(frame, "document.hasFocus() && document.activeElement.id === 'box'")
    assert is_open(page)


def test_escape_closes_what_is_innermost(desktop: Visit) -> None:
    page = arrived(desktop)
    frame = opened(page)
    asked(frame, QUESTION)
    frame.click("#clear")
    page.keyboard.press("Escape")
    frame.locator("#confirm").wait_for(state="hidden")
    assert is_open(page)
    frame.locator("#box").press_sequentially("干细胞")
    frame.locator("[role=option]").first.wait_for()
    page.keyboard.press("Escape")
    frame.locator("#options").wait_for(state="hidden")
    assert is_open(page)
    page.keyboard.press("Escape")
    until(page, "!document.querySelector('yiju-widget').shadowRoot.querySelector('dialog').open")


def test_the_interface_for_scripts(desktop: Visit) -> None:
    page = arrived(desktop)
    page.evaluate(
        "window.heard = []; window.stop = Yiju.on('answer', detail => heard.push(['answer', detail]));"
        " for (const name of ['open', 'close']) Yiju.on(name, () => heard.push([name])); 0"
    )
    page.evaluate("question => Yiju.ask(question)", QUESTION)
    frame = panel_of(page)
    frame.locator(".card").first.wait_for()
    assert frame.locator(".question bdi").inner_text() == QUESTION
    count = frame.locator(".card").count()
    until(page, "heard.length === 2")
    heard = page.evaluate("heard")
    assert heard == [["open"], ["answer", {"kind": "answer", "passages": count}]]  # what was asked stays inside
    page.evaluate("stop(); Yiju.open(); Yiju.ask('  '); Yiju.ask(5); Yiju.ask()")
    page.evaluate("question => Yiju.ask(question)", ANOTHER)
    frame.locator(".reply").nth(1).wait_for()
    assert frame.locator(".question").count() == 2
    page.evaluate("Yiju.close(); Yiju.close(); Yiju.toggle()")
    assert page.evaluate("heard.map(one => one[0])") == ["open", "answer", "close", "open"]
    assert (
        page.evaluate("(() => { try { Yiju.on('cookie', () => 0) } catch (error) { return error.name } })()")
        == "TypeError"
    )
    assert page.evaluate("Object.isFrozen(Yiju)")


def test_links_ask_and_get_the_focus_back(desktop: Visit) -> None:
    page = arrived(desktop, "/therapy.html")
    for link in page.locator("a.ask").all()[:2]:
        question = link.get_attribute("data-yiju-ask") or link.get_attribute("data-ask")
        link.click()
        frame = panel_of(page)
        frame.locator("bdi", has_text=question).wait_for()
        frame.locator(".reply").last.wait_for()
        page.wait_for_timeout(100)
        frame.click("#close")
        until(page, "document.activeElement.matches('a.ask')")
        assert link.evaluate("element => element === document.activeElement")
    assert page.url.endswith("/therapy.html")


def test_a_call_before_the_page_is_there_is_kept(desktop: Visit) -> None:
    page = desktop.page
    page.add_init_script(
        "let given; Object.defineProperty(window, 'Yiju', {configurable: true, get: () => given,"
        f" set: value => {{ given = value; value.ask({json.dumps(QUESTION)}); }}}});"
    )
    page.goto(desktop.hosts[0])
    frame = panel_of(page)
    frame.locator(".card").first.wait_for()
    assert is_open(page)


def test_pasted_twice_it_is_there_once(desktop: Visit, site: ClinicSite) -> None:
    line = f'<script src="{site.bot}/widget.js" data-site="other" defer></script>'
    site.extra = line + line
    page = arrived(desktop)
    page.wait_for_timeout(200)
    assert page.locator("yiju-widget").count() == 1
    assert page.locator("yiju-widget .launch").count() == 1


def test_messages_of_others_are_not_heard(desktop: Visit) -> None:
    page = arrived(desktop)
    frame = opened(page)
    page.evaluate("window.postMessage({yiju: 'close'}, '*')")
    page.evaluate("dispatchEvent(new MessageEvent('message', {data: {yiju: 'close'}, origin: 'https://evil.example'}))")
    page.evaluate(
        "dispatchEvent(new MessageEvent('message', {data: {yiju: 'close'}, origin: location.origin, source: window}))"
    )
    frame.evaluate("window.postMessage({yiju: 'ask', text: '一'}, '*')")  # itself, not its parent
    frame.evaluate(
        "dispatchEvent(new MessageEvent('message', {data: {yiju: 'ask', text: '二'}, origin: 'https://evil.example', source: parent}))"
    )
    for odd in (
        "null",
        "7",
        "{}",
        "{yiju: 'constructor'}",
        "{yiju: '__proto__'}",
        "{yiju: 'ask', text: {}}",
        "{yiju: {}}",
    ):
        page.evaluate(
            f"document.querySelector('yiju-widget').shadowRoot.querySelector('iframe').contentWindow.postMessage({odd}, '*')"
        )
    page.wait_for_timeout(300)
    assert is_open(page)
    assert frame.locator(".turn").count() == 0


def test_a_page_that_names_another_origin_hears_nothing(desktop: Visit, site: ClinicSite) -> None:
    desktop.forgiven = ("postMessage",)
    page = arrived(desktop)
    page.route(
        "**/m?*", lambda route: route.continue_(url=route.request.url.replace("origin=", "origin=http://a.example&o="))
    )
    page.evaluate("window.got = []; addEventListener('message', event => got.push(event.data))")
    page.locator("yiju-widget .launch").click()
    page.frame_locator("yiju-widget iframe").locator("html[data-ready]").wait_for()
    page.wait_for_timeout(300)
    assert page.evaluate("got") == []
    page.unroute("**/m?*")


def test_a_site_that_is_not_listed_sees_a_kind_word_and_a_way_out(browser: Any, site: ClinicSite) -> None:
    other = ClinicSite()
    other.bot = site.bot
    with other.open():
        visit = Visit(browser, (other.address, site.bot), 1440, 900)
        visit.forgiven = ("frame-ancestors", "Framing", "chrome-error")
        page = arrived(visit)
        page.locator("yiju-widget .launch").click()
        note = page.locator("yiju-widget .note [role=alert]")
        note.wait_for()
        assert note.inner_text() == WORDS["failed"]
        assert page.locator("yiju-widget .note a").get_attribute("href") == f"{site.bot}/m?site=clinic"
        page.locator("yiju-widget .bar button").click()
        assert not is_open(page)
        visit.end()


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('data-color="#ffd54a"', ("rgb(255, 213, 74)", "rgb(0, 0, 0)", "right", WORDS["label"])),
        ('data-color="#123" data-position="left"', ("rgb(17, 34, 51)", "rgb(255, 255, 255)", "left", WORDS["label"])),
        ('data-lang="zh-HK" data-color="#0b6b64"', ("rgb(11, 107, 100)", "rgb(255, 255, 255)", "right", "問一問")),
        ('data-lang="en-GB" data-color="#0b6b64"', ("rgb(11, 107, 100)", "rgb(255, 255, 255)", "right", "Ask us")),
    ],
)
def test_the_launcher_as_configured(
    desktop: Visit, site: ClinicSite, attributes: str, expected: tuple[str, ...]
) -> None:
    site.loader = attributes  # before the example's own data-color, and the first one counts
    page = arrived(desktop)
    launcher = page.locator("yiju-widget .launch")
    style = launcher.evaluate("e => { const s = getComputedStyle(e); return [s.backgroundColor, s.color] }")
    box = launcher.bounding_box()
    assert (*style, "left" if box["x"] < 720 else "right", launcher.inner_text()) == expected
    assert box["height"] >= 44
    assert launcher.get_attribute("aria-label").startswith(launcher.inner_text())


@pytest.mark.parametrize(
    "attributes",
    [
        'data-color="red;background:url(https://evil.example/x)"', 'data-color="url(#a)"', 'data-color="#12"',
        'data-position="left;inset:0"', 'data-offset="1e9,5"', 'data-site="a b&origin=x" data-theme="x"',
        'data-avatar="javascript:alert(1)"', 'data-avatar="http://evil.example/x.png"',
    ],
)  # fmt: skip
def test_unusable_attributes_are_refused_and_told(desktop: Visit, site: ClinicSite, attributes: str) -> None:
    site.loader = attributes
    desktop.forgiven = ("Yiju: data-",)
    told: list[str] = []
    desktop.page.on("console", lambda message: told.append(message.text))
    page = arrived(desktop)
    assert len([text for text in told if text.startswith("Yiju: data-")]) >= 1
    launcher = page.locator("yiju-widget .launch")
    box = launcher.bounding_box()
    assert (round(box["x"] + box["width"]), round(box["y"] + box["height"])) == (1420, 880)
    ground = launcher.evaluate("element => getComputedStyle(element).backgroundColor")
    assert ground == ("rgb(11, 107, 100)" if "color" in attributes else "rgb(15, 106, 138)")
    assert page.locator("yiju-widget .launch img").count() == 0


def test_greeting_and_avatar(phone: Visit, site: ClinicSite) -> None:
    site.loader = 'data-avatar="mark.svg" data-greeting="<b>您好</b>"'
    page = arrived(phone)
    assert page.locator("yiju-widget .launch img").evaluate("image => image.complete && image.naturalWidth > 0")
    assert page.locator("yiju-widget .say").inner_text() == "<b>您好</b>"
    page.locator("yiju-widget .dismiss").tap()
    assert page.locator("yiju-widget .greet").count() == 0
    page.reload()
    page.locator("yiju-widget .launch").wait_for()
    assert page.locator("yiju-widget .greet").count() == 0


def test_a_remembered_panel_does_not_take_the_focus(desktop: Visit) -> None:
    page = arrived(desktop)
    opened(page)
    page.goto(desktop.hosts[0] + "/visit.html")
    panel_of(page)
    page.wait_for_timeout(200)
    assert page.evaluate("document.activeElement.localName") == "body"


def test_print_and_motion(browser: Any, site: ClinicSite) -> None:
    visit = visiting(browser, site, 1440, 900, reduced_motion="reduce")
    page = arrived(visit)
    opened(page)
    assert page.evaluate("document.getAnimations().length") == 0
    page.emulate_media(media="print", reduced_motion="reduce")
    assert page.locator("yiju-widget .launch").is_hidden()
    assert page.locator("yiju-widget dialog").is_hidden()
    visit.end()


def test_axe_finds_nothing(visit: Visit) -> None:
    page = arrived(visit)
    assert axe_findings(page) == []
    frame = opened(page)
    page.wait_for_timeout(300)  # it has risen
    assert axe_findings(page) == []
    assert axe_findings(frame) == []
    asked(frame, QUESTION)
    assert axe_findings(frame) == []
    for path in ("/therapy.html", "/visit.html"):
        arrived(visit, path)
        page.evaluate("Yiju.close()")
        assert axe_findings(page) == [], path
