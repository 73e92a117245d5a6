"""The whole text behind an answer, on one printable page, with the cited passage marked."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse

from bot.channels import wording
from bot.channels.card import safe_url
from bot.channels.errors import ApiError
from bot.channels.pages import render
from bot.channels.port import DialoguePort
from bot.channels.source_text import SourceText
from bot.errors import UnknownPassageError
from bot.language.folding import strip_unsafe
from bot.records import Document, Evidence
from bot.settings import Settings


def make_router(dialogue: DialoguePort, settings: Settings) -> APIRouter:
    """Build ``GET /source/{document}``; ``#{passage}`` in the address marks that passage."""
    router = APIRouter()

    @router.get("/source/{document_id}", response_class=HTMLResponse, summary="全文", tags=["资料"])
    async def source(document_id: str) -> HTMLResponse:
        """整篇资料的网页；地址后加 #段落id 则标出该段。"""
        try:
            page = await run_in_threadpool(_page, dialogue, settings, strip_unsafe(document_id))
        except UnknownPassageError as error:
            raise ApiError(404, "unknown_document") from error
        return HTMLResponse(page, headers={"Cache-Control": "no-cache"})

    return router


def _page(dialogue: DialoguePort, settings: Settings, document_id: str) -> str:
    document = dialogue.document(document_id)
    return render(
        "source.html",
        clinic=settings.clinic,
        document=document,
        document_url=safe_url(document.url),
        body=SourceText(document, dialogue.passages_of(document_id)).html(),
        references=_references(document),
    )


def _references(document: Document) -> list[dict[str, str | None]]:
    return [
        {
            "id": reference.id,
            "citation": reference.citation,
            "url": safe_url(reference.url or (f"https://doi.org/{reference.doi}" if reference.doi else None)),
            "doi": reference.doi,
            "evidence": evidence_label(reference.evidence),
        }
        for reference in document.references
    ]


def evidence_label(evidence: Evidence | None) -> str:
    """Return the Chinese name of an evidence grade."""
    return wording.EVIDENCE[evidence] if evidence else wording.EVIDENCE_UNKNOWN
