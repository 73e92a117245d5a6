"""Questions to choose from while one is being typed: asked for by the chat at every pause, answered at once, kept nowhere."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from bot.channels.errors import ApiError, ErrorBody
from bot.channels.limit import RateLimiter
from bot.channels.port import DialoguePort
from bot.channels.visitor import visitor_of
from bot.language.folding import strip_unsafe
from bot.settings import Settings


class Completions(BaseModel):
    """Known questions that fit what was typed, best first."""

    questions: list[str] = Field(
        description="可问的问题，最合适的在前；没有则为空", examples=[["什么是人工干细胞治疗肾病?"]]
    )


def make_router(dialogue: DialoguePort, settings: Settings) -> APIRouter:
    """Build ``GET /api/suggest``. It has a limit of its own, wider than that of questions: one is typed in many steps."""
    router = APIRouter()
    share = settings.suggest_share
    limiter = RateLimiter(settings.rate_limit * share, settings.client_rate_limit * share)

    @router.get(
        "/api/suggest",
        response_model=Completions,
        responses={status: {"model": ErrorBody} for status in (422, 429, 503)},
        summary="输入联想",
        tags=["问答"],
    )
    async def suggest(
        request: Request,
        q: Annotated[str, Query(description="已输入的文字：汉字、拼音、拼音首字母或混用；太长则没有联想")] = "",
    ) -> Response:
        """返回资料里确有答案、且与已输入文字相符的问题；不记录输入的文字。"""
        visitor = visitor_of(request)
        wait = limiter.refusal("suggest", visitor)
        if wait:
            raise ApiError(429, wait.code, headers={"Retry-After": str(wait.seconds)}, seconds=wait.seconds)
        fits = len(q) <= settings.question_max_chars
        found = await run_in_threadpool(dialogue.complete, strip_unsafe(q), visitor.site) if fits else ()
        return JSONResponse({"questions": list(found)}, headers={"Cache-Control": "no-store"})

    return router
