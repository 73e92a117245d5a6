"""The loader at ``/widget.js`` that a clinic's web editor pastes into a page."""

from __future__ import annotations

import json

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from bot.channels import wording
from bot.channels.assets import make_asset
from bot.channels.pages import STATIC

_WORDS = '"__YIJU_WORDS__"'
# One file for every site, so any page may load it, also one that isolates itself or checks its hash.
_HEADERS = {"Cross-Origin-Resource-Policy": "cross-origin", "Access-Control-Allow-Origin": "*"}
_CACHE = "public, max-age=600, stale-while-revalidate=86400"


def loader() -> str:
    """Return the script with its words in it."""
    source = (STATIC / "widget.js").read_text("utf-8")
    return source.replace(_WORDS, json.dumps(wording.WIDGET, ensure_ascii=False, separators=(",", ":")), 1)


def make_router() -> APIRouter:
    """Build ``GET /widget.js``."""
    router = APIRouter()
    asset = make_asset(loader(), ".js")

    @router.get("/widget.js", include_in_schema=False)
    async def widget(request: Request) -> Response:
        return asset.response(request, _CACHE, _HEADERS)

    return router
