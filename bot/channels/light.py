"""The light page at ``/m``: the same answers as the chat in a hundredth of its weight, alone or inside the widget."""

from __future__ import annotations

import re
from urllib.parse import quote

from fastapi import APIRouter
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Mount

from bot.channels import wording
from bot.channels.assets import ASK_AGAIN, FOR_EVER, make_asset, read_assets, version_of
from bot.channels.card import safe_url
from bot.channels.errors import ApiError
from bot.channels.pages import STATIC, render
from bot.channels.port import DialoguePort
from bot.settings import Clinic, Settings

_SITE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]{1,253}(?::\d{1,5})?|https?://\[[0-9A-Fa-f:.]{2,45}\](?::\d{1,5})?")
_THEMES = ("light", "dark")
# A website's own colour. Weaker than the rules of the dark look, which keeps its colours: they are made to be read.
_COLOURS = (
    "@media screen {{ :root {{ --brand: {colour}; --user: {colour}; "
    "--brand-soft: color-mix(in srgb, {colour} 10%, #ffffff); }} }}\n"
)
# What the page may call beside /api/ask and /api/feedback, where this server has it.
_OPTIONAL = {"session": "POST", "forget": "POST", "suggest": "GET"}


def make_router(dialogue: DialoguePort, settings: Settings) -> APIRouter:
    """Build ``GET /m`` and ``GET /light/{version}/{file}``."""
    router = APIRouter()
    assets = read_assets(STATIC / "light")
    version = version_of(assets)

    @router.get("/light/site/{name}.css", include_in_schema=False)
    async def colours(request: Request, name: str) -> Response:
        site = settings.site(name)
        if site is None or not site.theme.colour:
            raise ApiError(404, "not_found")
        return make_asset(_COLOURS.format(colour=site.theme.colour), ".css").response(request, ASK_AGAIN)

    @router.get("/light/{named}/{file}", include_in_schema=False)
    async def file(request: Request, named: str, file: str) -> Response:
        if file not in assets:
            raise ApiError(404, "not_found")
        return assets[file].response(request, FOR_EVER if named == version else ASK_AGAIN)

    @router.get("/m", include_in_schema=False)
    async def page(request: Request) -> Response:
        text = await run_in_threadpool(_page, dialogue, settings, version, request)
        return make_asset(text, ".html").response(request, ASK_AGAIN)

    return router


def _page(dialogue: DialoguePort, settings: Settings, version: str, request: Request) -> str:
    given = request.query_params
    embed = given.get("embed") == "1"
    site = settings.site(given.get("site", ""))
    theme = given.get("theme", "") or (site.theme.mode if site else "")
    clinic = settings.for_site(site).clinic
    config = {
        "site": _matching(_SITE, given.get("site", "")),
        "origin": _matching(_ORIGIN, given.get("origin", "")) if embed else "",
        "embed": embed,
        "api": [name for name, method in _OPTIONAL.items() if serves(request.app, f"/api/{name}", method)],
        "contact": contact_rows(clinic),
        "words": wording.LIGHT,
    }
    return render(
        "light.html",
        clinic=clinic,
        embed=embed,
        colours=f"/light/site/{quote(site.name)}.css" if site and site.theme.colour else "",
        theme=theme if theme in _THEMES else "",
        files=f"/light/{version}",
        coverage=dialogue.coverage(site),
        starters=dialogue.starters(site),
        config=config,
        alone=f"/m?site={quote(str(config['site']))}" if config["site"] else "/m",
    )


def _matching(pattern: re.Pattern[str], text: str) -> str:
    return text if pattern.fullmatch(text) else ""


def serves(app: Starlette, path: str, method: str) -> bool:
    """Tell whether an address of our own is served; Gradio, mounted at ``/``, takes any and does not count."""
    scope = {"type": "http", "path": path, "root_path": "", "method": method, "headers": [], "query_string": b""}
    return any(route.matches(scope)[0] is Match.FULL for route in app.routes if not isinstance(route, Mount))


def contact_rows(clinic: Clinic) -> list[dict[str, str]]:
    """Return the ways to reach the clinic, each with its name, what is shown and, where there is one, a link."""
    digits = re.sub(r"[^\d+]", "", clinic.phone)
    url = safe_url(clinic.url)
    rows = [
        (wording.CONTACT_PHONE, clinic.phone, f"tel:{digits}" if digits else ""),
        (wording.CONTACT_ADDRESS, clinic.address, ""),
        (wording.CONTACT_HOURS, clinic.hours, ""),
        (wording.CONTACT_URL, clinic.url if url else "", url or ""),
    ]
    return [{"name": name, "value": value, "href": href} for name, value, href in rows if value]
