"""Take the pictures of the light page, the widget and the share page: ``python docs/make_widget_pictures.py``.

With a built index and Chromium installed; ports 7860 (the bot) and 8080 (``examples/clinic``) must be free, because the
example names them.
"""

from __future__ import annotations

import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import uvicorn
from make_pictures import CHROMIUM, PICTURES, QUESTION, shrink
from playwright.sync_api import sync_playwright

from bot.app import create_app
from bot.settings import load_settings

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "clinic"
BOT, CLINIC = "http://127.0.0.1:7860", "http://127.0.0.1:8080"
SCREENS = (("phone", 360, 740, "light"), ("phone-dark", 360, 740, "dark"), ("desktop", 1440, 900, "light"))


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def serve() -> None:
    """Start the bot and the example site in threads that end with this program."""
    site = ThreadingHTTPServer(("127.0.0.1", 8080), partial(_Quiet, directory=str(EXAMPLE)))
    threading.Thread(target=site.serve_forever, daemon=True).start()
    sites = [{"name": "clinic", "origins": [CLINIC]}]
    app = create_app(load_settings(rate_limit=0, port=7860, sites=sites))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=7860, log_level="warning"))
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.05)


def shoot(page: Any, name: str) -> None:
    """Take one picture, once nothing moves any more."""
    page.wait_for_timeout(500)
    page.screenshot(path=PICTURES / f"{name}.png")
    shrink(PICTURES / f"{name}.png")


def ask(frame: Any, question: str, part: str) -> None:
    """Ask in the light page and wait for a part of the reply."""
    frame.locator("#box").fill(question)
    frame.locator("#box").press("Enter")
    frame.locator(part).last.wait_for()


def shoot_light(page: Any, screen: str) -> str:
    """Take the light page's states; return the address of the answer's share page."""
    page.goto(f"{BOT}/m")
    page.locator("html[data-ready]").wait_for()
    shoot(page, f"light-welcome-{screen}")
    ask(page, QUESTION, ".card")
    shoot(page, f"light-answer-{screen}")
    page.locator(".share").click()
    page.wait_for_timeout(200)
    shared = str(page.evaluate("navigator.clipboard.readText()"))
    ask(page, "我胸口剧痛喘不上气", ".alarm")
    shoot(page, f"light-emergency-{screen}")
    page.locator("#clear").click()  # a decline on its own, not a follow-up
    page.locator("#confirm button[value=yes]").click()
    ask(page, "阑尾炎手术要住院几天?", ".decline")
    shoot(page, f"light-decline-{screen}")
    return shared


def shoot_widget(page: Any, screen: str) -> None:
    """Take the widget closed and open."""
    page.goto(f"{CLINIC}/index.html")
    page.locator("yiju-widget .launch").wait_for()
    shoot(page, f"widget-closed-{screen}")
    page.locator("yiju-widget .launch").click()
    frame = page.frame_locator("yiju-widget iframe")
    frame.locator("html[data-ready]").wait_for()
    ask(frame, QUESTION, ".card")
    shoot(page, f"widget-open-{screen}")


def main() -> None:
    """Take them all."""
    PICTURES.mkdir(exist_ok=True)
    serve()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for screen, width, height, scheme in SCREENS:
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme="dark" if scheme == "dark" else "light",
                is_mobile=width < 500,
                locale="zh-CN",
                permissions=["clipboard-read", "clipboard-write"],
            )
            page = context.new_page()
            shared = shoot_light(page, screen)
            page.goto(shared)
            shoot(page, f"share-{screen}")
            shoot_widget(page, screen)
            context.close()
        browser.close()
    print(f"pictures in {PICTURES}")


if __name__ == "__main__":
    main()
