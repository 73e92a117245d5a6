"""Take the pictures of the README: ``python docs/make_pictures.py`` with a built index and Chromium installed."""

from __future__ import annotations

import os
import socket
import threading
import time
from pathlib import Path

import uvicorn
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from bot.app import create_app
from bot.settings import load_settings

PICTURES = Path(__file__).resolve().parent / "pictures"
CHROMIUM = os.environ.get("YIJU_TEST_CHROMIUM", "/usr/bin/chromium")
QUESTION = "急性肾损伤有什么新的药物在做临床试验?"
SHOTS = [("chat", 1280, 800, "light"), ("chat-phone", 390, 844, "light"), ("chat-dark", 1280, 800, "dark")]


def serve() -> str:
    """Start the application on a free port in a thread that ends with this program; return its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    app = create_app(load_settings(rate_limit=0, port=port))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.05)
    return f"http://127.0.0.1:{port}"


def shrink(path: Path) -> None:
    """Reduce a picture to a palette of 256 colours: a page of text looks the same in a third of the bytes.

    Coverage counts, not frequency: a rare red stays red.
    """
    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=4, dither=Image.Dither.NONE)
    small.save(path, optimize=True)


def shoot_chat(browser: Browser, address: str, name: str, width: int, height: int, scheme: str) -> str:
    """Ask, take a picture, and return the address of the source link."""
    phone = width < 500
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        is_mobile=phone,
        device_scale_factor=2 if phone else 1,
        locale="zh-CN",
    )
    page = context.new_page()
    page.goto(address)
    page.fill("#yj-box textarea", QUESTION)
    page.press("#yj-box textarea", "Enter")
    page.locator(".yj-card").first.wait_for()
    page.wait_for_timeout(800)
    page.evaluate("document.activeElement.blur()")
    page.screenshot(path=PICTURES / f"{name}.png")
    link = page.locator("a.yj-source").first.get_attribute("href") or ""
    context.close()
    return address + link


def main() -> None:
    """Take them all."""
    PICTURES.mkdir(exist_ok=True)
    address = serve()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for shot in SHOTS:
            link = shoot_chat(browser, address, *shot)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(link)
        page.wait_for_timeout(500)
        page.screenshot(path=PICTURES / "source.png")
        browser.close()
    for name in (*(shot[0] for shot in SHOTS), "source"):
        shrink(PICTURES / f"{name}.png")
    print(f"{len(SHOTS) + 1} pictures in {PICTURES}")


if __name__ == "__main__":
    main()
