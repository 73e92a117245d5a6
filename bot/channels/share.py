"""One answer as a page of its own at ``/a/{key}``, to be sent to someone else.

The key is made of nothing but the shown passages' ids, so nothing is stored, the link works for as long as the texts
do, and neither the question nor who asked it can be read from it.
"""

from __future__ import annotations

import re

from fastapi import APIRouter
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse

from bot.channels.assets import read_assets, version_of
from bot.channels.card import marked_text, safe_url, source_path
from bot.channels.errors import ApiError
from bot.channels.pages import STATIC, render
from bot.channels.port import DialoguePort
from bot.channels.source import evidence_label
from bot.dialogue.wording import DISCLAIMER
from bot.errors import UnknownPassageError
from bot.records import ReplyPassage
from bot.settings import Settings

MOST_PASSAGES = 10  # as many as an answer can have (settings.max_passages)
_KEY = re.compile(r"[A-Za-z0-9._~-]{1,900}")


def share_key(passage_ids: tuple[str, ...]) -> str:
    """Return the passages' ids as one short word: joined by ``~``, a document that repeats left out.

    ``kidney.1a2b3c4d`` and ``kidney.5e6f7a8b`` become ``kidney.1a2b3c4d~.5e6f7a8b``.
    """
    parts, last = [], None
    for name in passage_ids:
        document, _, digest = name.rpartition(".")
        parts.append(f".{digest}" if document and document == last else name)
        last = document
    return "~".join(parts)


def shared_ids(key: str) -> tuple[str, ...]:
    """Return the ids in a key, each once, in order; none where it is not such a key."""
    if not _KEY.fullmatch(key):
        return ()
    names, document = [], ""
    for part in key.split("~"):
        name = f"{document}{part}" if part.startswith(".") and part.count(".") == 1 else part
        document = name.rpartition(".")[0]
        names.append(name)
    return tuple(dict.fromkeys(name for name in names if name))[:MOST_PASSAGES]


def make_router(dialogue: DialoguePort, settings: Settings) -> APIRouter:
    """Build ``GET /a/{key}``."""
    router = APIRouter()
    version = version_of(read_assets(STATIC / "light"))

    @router.get("/a/{key}", response_class=HTMLResponse, summary="分享的一条回答", tags=["资料"])
    async def shared(key: str) -> HTMLResponse:
        """几段原文及其出处、编者注的网页；链接里只有段落 id，没有提问。"""
        ids = shared_ids(key)
        found = await run_in_threadpool(_known, dialogue, ids)
        if not found:
            raise ApiError(404, "unknown_share")
        page = await run_in_threadpool(_page, dialogue, settings, found, len(ids) - len(found), version)
        return HTMLResponse(page, headers={"Cache-Control": "no-cache"})

    return router


def _known(dialogue: DialoguePort, ids: tuple[str, ...]) -> list[ReplyPassage]:
    found = []
    for name in ids:
        try:
            found.append(dialogue.passage(name))
        except UnknownPassageError:  # the text was changed since
            continue
    return found


def _page(dialogue: DialoguePort, settings: Settings, found: list[ReplyPassage], missing: int, version: str) -> str:
    own = dict.fromkeys(dialogue.document(passage.document.id).disclaimer for passage in found)
    return render(
        "share.html",
        clinic=settings.clinic,
        files=f"/light/{version}",
        passages=[_shown(passage) for passage in found],
        missing=missing,
        disclaimer="\n".join(text for text in own if text) or DISCLAIMER,
        title=f"《{found[0].document.title}》",
        summary=found[0].text[:80],
    )


def _shown(passage: ReplyPassage) -> dict[str, object]:
    return {
        "passage": passage,
        "text": Markup(marked_text(passage.text)),  # noqa: S704 - every word in it was escaped there
        "evidence": evidence_label(passage.evidence),
        "grade": passage.evidence or "unknown",
        "source": source_path(passage.document.id, passage.id),
        "references": [(reference, safe_url(reference.url)) for reference in passage.references],
    }
