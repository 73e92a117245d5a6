"""The JSON interface for other programs: ask, read a passage, give feedback, and the two health checks."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Security
from fastapi.security import APIKeyHeader
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from bot.channels.bodies import json_only
from bot.channels.errors import ApiError, ErrorBody
from bot.channels.gate import TOKEN_HEADER
from bot.channels.limit import RateLimiter
from bot.channels.port import DialoguePort
from bot.channels.visitor import visitor_of
from bot.errors import JournalError, QuestionError, UnknownPassageError
from bot.language.folding import strip_unsafe
from bot.records import Reply, ReplyPassage
from bot.settings import Settings


def _cleaned(value: object) -> object:
    return strip_unsafe(value) if isinstance(value, str) else value


Text = Annotated[str, BeforeValidator(_cleaned)]
Errors = dict[int | str, dict[str, object]]


# For the manual only: the gate has read both before a request comes here.
_TOKEN = APIKeyHeader(name=TOKEN_HEADER, scheme_name="网页凭证", auto_error=False, description="见 /api/session")
_KEY = APIKeyHeader(name="X-API-Key", scheme_name="程序密钥", auto_error=False, description="python -m bot key 生成")


class Question(BaseModel):
    """A patient's question."""

    model_config = ConfigDict(extra="forbid", strict=True)

    question: Text = Field(description="用户的问题", examples=["干细胞能治糖尿病肾病吗？"])
    session: Text | None = Field(
        None, max_length=128, description="上一条回答里的 session；不填则开始新的对话", examples=[None]
    )
    literal: bool = Field(
        False, description="按原话查找，不从上文补全；用于撤回上一条回答里的 reading(“您是想问：…”)", examples=[False]
    )


class Forgotten(BaseModel):
    """A conversation to be forgotten."""

    model_config = ConfigDict(extra="forbid", strict=True)

    session: Text = Field(max_length=128, description="要清除的对话")


class Vote(BaseModel):
    """An opinion on one reply."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reply: Text = Field(max_length=128, description="回答的 id")
    vote: Literal["up", "down", "none"] = Field(description="up 有用，down 没用，none 撤回")


class Status(BaseModel):
    """A short answer of success or health."""

    status: str = Field(examples=["ok"])


def _errors(*statuses: int) -> Errors:
    return {status: {"model": ErrorBody} for status in statuses}


def _limited(limiter: RateLimiter, purpose: str, request: Request) -> None:
    """Count this request against its page, program, address and website; raise 429 where one is used up."""
    wait = limiter.refusal(purpose, visitor_of(request))
    if wait:
        raise ApiError(429, wait.code, headers={"Retry-After": str(wait.seconds)}, seconds=wait.seconds)


def _ends(question: str, most: int) -> str:
    """Return a question, of one far too long its two ends: reading it all costs time, and nobody has paid for it yet."""
    return question if len(question) <= 2 * most else f"{question[:most]}\n{question[-most:]}"


def _question_refusal(question: str, error: QuestionError, settings: Settings) -> ApiError:
    if not question.strip():
        code = "question_empty"
    elif len(question) > settings.question_max_chars:
        code = "question_too_long"
    else:
        code = "question_unusable"
    return ApiError(422, code, str(error))


def make_router(dialogue: DialoguePort, settings: Settings, limiter: RateLimiter) -> APIRouter:
    """Build the routes. Who may call was decided at the gate, before the request came here."""
    router = APIRouter(dependencies=[Security(_TOKEN), Security(_KEY)])
    _add_asking(router, dialogue, settings, limiter)
    public = APIRouter()
    _add_reading(public, dialogue, limiter)
    _add_health(public, dialogue)
    whole = APIRouter()
    whole.include_router(router)
    whole.include_router(public)
    return whole


def _add_asking(router: APIRouter, dialogue: DialoguePort, settings: Settings, limiter: RateLimiter) -> None:
    @router.post(
        "/api/ask",
        response_model=Reply,
        responses=_errors(400, 401, 403, 408, 413, 415, 422, 429, 503),
        dependencies=[Depends(json_only)],
        summary="提问",
        tags=["问答"],
    )
    async def ask(request: Request, body: Question) -> Response:
        """逐字给出相关原文，每段附出处、证据类型、编者注和免责说明；无合适原文时说明并给出可问的问题。"""
        visitor = visitor_of(request)
        if not await run_in_threadpool(dialogue.urgent, _ends(body.question, settings.question_max_chars * 2)):
            if visitor.refusal:
                raise visitor.refusal
            _limited(limiter, "ask", request)
        try:
            reply = await run_in_threadpool(
                dialogue.reply, body.session or None, body.question, body.literal, "api", visitor.site
            )
        except QuestionError as error:
            raise _question_refusal(body.question, error, settings) from error
        return JSONResponse(reply.to_json(), headers={"Cache-Control": "no-store"})

    @router.post(
        "/api/feedback",
        response_model=Status,
        responses=_errors(400, 401, 403, 404, 408, 413, 415, 422, 429),
        dependencies=[Depends(json_only)],
        summary="评价一条回答",
        tags=["问答"],
    )
    async def feedback(request: Request, body: Vote) -> Response:
        """记录有用或没用；不保存问题原文。"""
        _limited(limiter, "feedback", request)
        try:
            await run_in_threadpool(dialogue.feedback, body.reply, body.vote)
        except UnknownPassageError as error:
            raise ApiError(404, "unknown_reply") from error
        return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})

    @router.post(
        "/api/forget",
        response_model=Status,
        responses=_errors(400, 401, 403, 408, 413, 415, 422, 429, 503),
        dependencies=[Depends(json_only)],
        summary="清除一次对话的记录",
        tags=["问答"],
    )
    async def forget(request: Request, body: Forgotten) -> Response:
        """忘掉这次对话，并删除它的记录；不存在的对话也回答 ok。"""
        _limited(limiter, "forget", request)
        try:
            await run_in_threadpool(dialogue.forget, body.session)
        except JournalError as error:
            raise ApiError(503, "not_forgotten", str(error), headers={"Retry-After": "60"}) from error
        return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


def _add_reading(router: APIRouter, dialogue: DialoguePort, limiter: RateLimiter) -> None:
    @router.get(
        "/api/passages/{passage_id}",
        response_model=ReplyPassage,
        responses=_errors(404, 429, 503),
        summary="读取一段原文",
        tags=["资料"],
    )
    async def passage(request: Request, passage_id: str) -> Response:
        """按 id 返回一段原文及其出处；与问题无关，故 highlights 为空，score 无意义。"""
        _limited(limiter, "read", request)
        try:
            found = await run_in_threadpool(dialogue.passage, strip_unsafe(passage_id))
        except UnknownPassageError as error:
            raise ApiError(404, "unknown_passage") from error
        return JSONResponse(Reply("", "", "answer", "", (found,)).to_json()["passages"][0])


def _add_health(router: APIRouter, dialogue: DialoguePort) -> None:
    @router.get("/healthz", response_model=Status, summary="进程是否存活", tags=["运维"])
    async def healthz() -> Response:
        """总是 200。"""
        return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})

    @router.get("/readyz", response_model=Status, responses=_errors(503), summary="能否回答问题", tags=["运维"])
    async def readyz() -> Response:
        """索引已载入则 200，否则 503。"""
        if not dialogue.ready:
            raise ApiError(503, "not_ready", headers={"Retry-After": "2"})
        return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})
