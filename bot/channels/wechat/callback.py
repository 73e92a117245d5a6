"""``/wechat/{account}``: the console's URL check and the platform's messages."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response

from bot.channels.errors import ApiError
from bot.channels.wechat.accounts import Account
from bot.channels.wechat.door import Opened, check_url, close_reply, open_message
from bot.channels.wechat.messages import IncomingEvent, OutgoingText
from bot.channels.wechat.service import Service
from bot.errors import BadMessageError, ForgedMessageError, MessageTooLargeError

_log = logging.getLogger("yiju.wechat")
_T = TypeVar("_T")
_NOTHING = "success"  # said where there is nothing to say; anything else shows the user an error of the platform's


def make_router(service: Service) -> APIRouter:
    """Build the routes of all accounts."""
    router = APIRouter(include_in_schema=False)
    settings = service.settings

    def account_of(name: str) -> Account:
        account = service.accounts.get(name)
        if account is None:
            raise ApiError(404, "wechat_unknown")
        return account

    @router.get("/wechat/{name}")
    async def check(request: Request, name: str) -> Response:
        account = account_of(name)
        query = dict(request.query_params)
        echo = _guarded(account, lambda: check_url(account, query, settings.wechat_stale_seconds, time.time()))
        return _plain(echo)

    @router.post("/wechat/{name}")
    async def message(request: Request, name: str) -> Response:
        account, body = account_of(name), await request.body()
        query, now = dict(request.query_params), time.time()
        most, stale = settings.body_max_bytes, settings.wechat_stale_seconds
        opened = _guarded(account, lambda: open_message(account, query, body, most, stale, now))
        return await _respond(service, account, opened)

    return router


async def _respond(service: Service, account: Account, opened: Opened) -> Response:
    message = opened.message
    turn = None if account.settings.kind == "kf" else service.turn_of(account, message)
    try:
        if turn is None:
            await run_in_threadpool(service.note, account, message, opened.stamp)
            if isinstance(message, IncomingEvent) and message.event == "kf_msg_or_event":
                await run_in_threadpool(service.want_sync, account, message.open_kfid, message.token)
            return _plain(_NOTHING)
        text = await service.engine.answer(account, turn, opened.stamp)
    except ForgedMessageError as error:
        raise _refusal(account, error) from error
    if text is None:
        return _plain(_NOTHING)
    now = time.time()
    reply = OutgoingText(message.envelope.to, message.envelope.user, text, int(now)).write(opened.as_json)
    media = "application/json" if opened.as_json else "application/xml"
    return Response(close_reply(account, opened, reply, now), media_type=media)


def _plain(text: str) -> Response:
    return PlainTextResponse(text, headers={"Cache-Control": "no-store"})


def _guarded(account: Account, step: Callable[[], _T]) -> _T:
    try:
        return step()
    except (ForgedMessageError, BadMessageError) as error:
        raise _refusal(account, error) from error


def _refusal(account: Account, error: ForgedMessageError | BadMessageError) -> ApiError:
    """Turn a refused message into its status; the log says why, never what it held."""
    _log.info("%s: refused: %s", account.name, error)
    if isinstance(error, ForgedMessageError):
        return ApiError(403, "wechat_forged")
    if isinstance(error, MessageTooLargeError):
        return ApiError(413, "wechat_too_large")
    return ApiError(400, "wechat_bad")
