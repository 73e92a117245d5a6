"""Where our own pages get the short-lived token that they show with every call."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from bot.channels.bodies import json_only
from bot.channels.errors import ApiError, ErrorBody
from bot.channels.limit import RateLimiter
from bot.channels.tokens import Tokens
from bot.channels.visitor import visitor_of
from bot.settings import Settings


class Opened(BaseModel):
    """A page that was opened."""

    model_config = ConfigDict(extra="forbid", strict=True)

    site: str = Field("", max_length=64, description="网页嵌在哪个网站(yiju.toml 里的代号)；不填为本服务自己的网页")


class Issued(BaseModel):
    """A token and how long it lasts."""

    token: str = Field(description="之后每次调用放在请求头 X-Yiju-Token 里；不要写进网址")
    expires_in: int = Field(description="有效期(秒)", examples=[3600])


def make_router(settings: Settings, tokens: Tokens, limiter: RateLimiter) -> APIRouter:
    """Build ``POST /api/session``; the gate let in only who may have a token at all."""
    router = APIRouter()

    @router.post(
        "/api/session",
        response_model=Issued,
        responses={status: {"model": ErrorBody} for status in (400, 401, 403, 408, 413, 415, 422, 429)},
        dependencies=[Depends(json_only)],
        summary="取得网页凭证",
        tags=["问答"],
    )
    async def session(request: Request, body: Opened) -> Response:
        """网页打开时取得短期凭证；过期(401)后再取。程序用密钥，不需要它。"""
        visitor = visitor_of(request)
        if visitor.sites is not None and body.site not in visitor.sites:
            raise ApiError(403, "unknown_site")
        if body.site and settings.site(body.site) is None:
            raise ApiError(403, "unknown_site")
        wait = limiter.refusal("session", visitor)
        if wait:
            raise ApiError(429, wait.code, headers={"Retry-After": str(wait.seconds)}, seconds=wait.seconds)
        issued = {"token": tokens.issue(body.site), "expires_in": tokens.seconds}
        return JSONResponse(issued, headers={"Cache-Control": "no-store"})

    return router
