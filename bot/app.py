"""Wires everything once: the dialogue, its doors, and what guards them."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse
from starlette.staticfiles import StaticFiles

from bot.channels import apidocs, errors, light, rest, security, session, share, source, suggest, widget
from bot.channels.gradio_gate import prepare_import
from bot.channels.limit import RateLimiter
from bot.channels.pages import STATIC
from bot.channels.port import DialoguePort
from bot.channels.tokens import open_tokens
from bot.errors import SettingsError
from bot.settings import Settings

if TYPE_CHECKING:
    import uvicorn

    from bot.channels.wechat.service import Service


def _open(settings: Settings) -> DialoguePort:
    from bot.dialogue.dialogue import open_dialogue
    from bot.journal.journal import open_journal

    return open_dialogue(settings, open_journal(settings))


def _open_wechat(dialogue: DialoguePort, settings: Settings) -> Service | None:
    if not settings.wechat:
        return None
    from bot.channels.wechat.service import open_service  # cryptography and httpx: only where they are used

    return open_service(dialogue, settings)


def create_app(settings: Settings, dialogue: DialoguePort | None = None) -> FastAPI:
    """Return the whole application, index loaded; a given ``dialogue`` stays its giver's to close.

    Raises:
        IndexFormatError: no usable index; the message says what to do.
        SettingsError: the secret, the keys or a WeChat account cannot be used.
    """
    tokens = open_tokens(settings)
    owned = dialogue is None
    with ThreadPoolExecutor(1) as pool:  # the index loads while Gradio is imported: a second sooner on two cores
        opening = pool.submit(lambda: _open(settings) if dialogue is None else dialogue)
        prepare_import()
        from bot.channels import chat  # imports Gradio: only now, after its switches are set

        served = opening.result()

    wechat = _open_wechat(served, settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if wechat is not None:
            wechat.start()
        yield
        if wechat is not None:
            await run_in_threadpool(wechat.stop)
        if owned:
            served.close()

    app = FastAPI(
        title=settings.clinic.name,
        description="只用已发布的原文回答问题，逐字给出，附出处、编者注和免责说明。",
        version="1",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    limiter = RateLimiter(settings.rate_limit, settings.client_rate_limit)
    errors.install(app)
    app.include_router(rest.make_router(served, settings, limiter))
    app.include_router(session.make_router(settings, tokens, limiter))
    app.include_router(source.make_router(served, settings))
    app.include_router(suggest.make_router(served, settings))
    app.include_router(share.make_router(served, settings))
    app.include_router(light.make_router(served, settings))
    app.include_router(widget.make_router())
    if wechat is not None:
        from bot.channels.wechat import callback

        app.include_router(callback.make_router(wechat))
    apidocs.install(app)
    app.add_api_route("/favicon.ico", lambda: RedirectResponse("/ui/favicon.svg"), include_in_schema=False)
    app.mount("/ui", StaticFiles(directory=STATIC), name="ui")
    security.install(app, settings, tokens)

    chat.mount(app, served, settings, limiter)
    return app


def server_config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    """Return how the application is served: proxies are believed in one place only, ``bot.channels.proxies``."""
    import uvicorn

    from bot.channels.connection import hurried

    return uvicorn.Config(
        app,
        http=hurried(settings.header_seconds),
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_level="warning",
        timeout_keep_alive=30,
        h11_max_incomplete_event_size=max(65_536, settings.header_max_bytes + settings.url_max_bytes),
    )


def serve(settings: Settings) -> None:
    """Serve until stopped; the address is printed once answers are possible.

    Raises:
        IndexFormatError: no usable index.
        SettingsError: the port is taken or the address cannot be used.
    """
    import socket

    import uvicorn

    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"不能监听 {settings.host}:{settings.port}({error.strerror})。端口可能已被占用：请用 --port 换一个，或停掉占用它的程序。"
        ) from error
    with listener:
        app = create_app(settings)
        gc.freeze()  # what is loaded stays: the collector need not walk it again
        gc.enable()
        shown = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104
        print(f"医据已就绪：http://{shown}:{settings.port}  (按 Ctrl+C 停止)", flush=True)  # noqa: T201
        uvicorn.Server(server_config(app, settings)).run(sockets=[listener])
