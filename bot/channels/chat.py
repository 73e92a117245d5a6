"""The chat page at ``/``: made for a worried person on a phone."""

from __future__ import annotations

import asyncio
import html
from typing import Any

import gradio as gr
from fastapi import FastAPI
from starlette.middleware import Middleware

from bot.channels import wording
from bot.channels.conversation import Conversation, opening
from bot.channels.errors import log_failure
from bot.channels.gradio_gate import GradioGate
from bot.channels.limit import RateLimiter
from bot.channels.pages import STATIC, render
from bot.channels.port import DialoguePort
from bot.channels.theme import clinic_theme
from bot.errors import JournalError, QuestionError, UnknownPassageError
from bot.language.folding import strip_unsafe
from bot.settings import Settings

CONCURRENT_TURNS = 8  # a turn takes milliseconds of CPU; more would only queue inside the encoder
WAITING_TURNS = 256

Shown = tuple[Any, str, Conversation]


class ChatPage:
    """The event handlers: plain functions of what came in and the tab's own conversation."""

    def __init__(self, dialogue: DialoguePort, settings: Settings, limiter: RateLimiter) -> None:
        self.dialogue = dialogue
        self.settings = settings
        self.limiter = limiter

    def open(self) -> Conversation:
        """Return a fresh conversation."""
        return opening(self.dialogue.coverage(), self.dialogue.starters())

    def ask(self, text: object, conversation: Conversation, address: str | None, literal: bool = False) -> Shown:
        """Answer a question; whatever cannot be answered leaves the words in the input box."""
        typed = strip_unsafe(text) if isinstance(text, str) else ""
        if not typed.strip():
            return conversation.shown(), "", conversation
        try:
            if not self.dialogue.urgent(typed) and self.limiter.wait("ask", address):
                return conversation.shown(wording.BUSY), typed, conversation
            reply = self.dialogue.reply(conversation.session, typed, literal, "chat")
        except QuestionError as error:
            return conversation.shown(str(error)), typed, conversation
        except Exception as error:  # the page must say something kind whatever happened
            log_failure(error, "chat")
            return conversation.shown(wording.CHAT_FAILED), typed, conversation
        conversation = conversation.added(typed, reply, self.settings.clinic)
        return conversation.shown(), "", conversation

    def tap(self, option: object, conversation: Conversation, address: str | None) -> Shown:
        """Answer a tapped question, or take back how the last one was completed."""
        if option == wording.LITERALLY and conversation.typed:
            return self.ask(conversation.typed, conversation.undone(), address, literal=True)
        return self.ask(option, conversation, address)

    def clear(self, conversation: Conversation) -> Shown:
        """Forget a conversation and show a fresh one; where the journal cannot delete now, say so and keep it."""
        try:
            if conversation.session:
                self.dialogue.forget(conversation.session)
        except JournalError as error:
            return conversation.shown(str(error)), "", conversation
        fresh = self.open()
        return fresh.shown(), "", fresh

    def vote(self, index: object, liked: object, conversation: Conversation) -> None:
        """Record a thumb on the message at ``index``; True is up, False down, anything else taken back."""
        reply = conversation.reply_at(index)
        if not reply:
            return
        try:
            self.dialogue.feedback(reply, "up" if liked is True else "down" if liked is False else "none")
        except UnknownPassageError:  # too long ago
            return


def build_blocks(page: ChatPage) -> gr.Blocks:
    """Lay out the page and wire its events."""
    clinic = page.settings.clinic
    first = page.open()
    with gr.Blocks(title=clinic.name, analytics_enabled=False, fill_height=True) as blocks:
        state = gr.State(first)
        with gr.Row(elem_id="yj-header"):
            _markup("header.html", "yj-brand", clinic=clinic)
            clear = gr.Button(wording.CLEAR, elem_id="yj-clear", size="sm")
        chatbot = gr.Chatbot(
            first.shown(),
            elem_id="yj-chat",
            label=wording.CHAT_LABEL,
            show_label=False,
            container=False,
            height="100%",
            layout="bubble",
            buttons=[],
            latex_delimiters=[],
            line_breaks=False,
            allow_tags=False,
            sanitize_html=True,
            allow_file_downloads=False,
            autoscroll=False,
            group_consecutive_messages=False,
            scale=1,
        )
        box = gr.Textbox(
            elem_id="yj-box",
            label=wording.INPUT_LABEL,
            show_label=False,
            container=False,
            placeholder=wording.PLACEHOLDER,
            lines=1,
            max_lines=5,
            max_length=page.settings.question_max_chars * 3,
            submit_btn=wording.SEND,
            autofocus=False,
        )
        _markup("footer.html", "yj-footer")
        _wire(page, state, chatbot, box, clear)
    return blocks.queue(default_concurrency_limit=CONCURRENT_TURNS, max_size=WAITING_TURNS)


def _markup(template: str, elem_id: str, **values: object) -> gr.Markdown:
    """Place HTML of our own. ``gr.HTML`` evaluates its text as a JavaScript template, which the CSP forbids."""
    line = "".join(part.strip() for part in render(template, **values).splitlines())
    return gr.Markdown(line, elem_id=elem_id, latex_delimiters=[])


def _scripts() -> str:
    """Return the page's own scripts, with the words that one of them shows."""
    label, count = html.escape(wording.SUGGEST_LABEL), html.escape(wording.SUGGEST_COUNT)
    return (
        '<script src="/ui/chat.js"></script>'
        f'<script src="/ui/typeahead.js" data-label="{label}" data-count="{count}"></script>'
    )


def _wire(page: ChatPage, state: gr.State, chatbot: gr.Chatbot, box: gr.Textbox, clear: gr.Button) -> None:
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}

    def submitted(text: object, conversation: Conversation, request: gr.Request) -> Shown:
        return page.ask(text, conversation, request.client.host if request.client else None)

    def tapped(conversation: Conversation, chosen: gr.SelectData, request: gr.Request) -> Shown:
        return page.tap(chosen.value, conversation, request.client.host if request.client else None)

    def liked(conversation: Conversation, like: gr.LikeData) -> None:
        page.vote(like.index, like.liked, conversation)

    def cleared(conversation: Conversation) -> Shown:
        return page.clear(conversation)

    shown = [chatbot, box, state]
    box.submit(submitted, [box, state], shown, **quiet)
    chatbot.option_select(tapped, [state], shown, **quiet)
    chatbot.like(liked, [state], None, **quiet)
    clear.click(cleared, [state], shown, **quiet)


def mount(app: FastAPI, dialogue: DialoguePort, settings: Settings, limiter: RateLimiter) -> None:
    """Mount the chat at ``/``; call last, because it takes every address that no one else has."""

    async def mounted() -> None:
        _mount(app, ChatPage(dialogue, settings, limiter))

    # Gradio opens event loops, which it never closes, wherever none is running.
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(mounted())
    else:
        _mount(app, ChatPage(dialogue, settings, limiter))


def _mount(app: FastAPI, page: ChatPage) -> None:
    settings = page.settings
    gate = Middleware(
        GradioGate,
        parent=app,
        frame_ancestors=settings.frame_ancestors,
        title=settings.clinic.name,
        description=settings.clinic.tagline,
    )
    gr.mount_gradio_app(
        app,
        build_blocks(page),
        path="/",
        run_history=False,
        footer_links=[],
        show_error=False,
        enable_monitoring=False,
        max_file_size="1mb",
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        theme=clinic_theme(),
        css_paths=[STATIC / "chat.css"],
        head=_scripts(),
        app_kwargs={"middleware": [gate], "docs_url": None, "redoc_url": None, "openapi_url": None},
    )
