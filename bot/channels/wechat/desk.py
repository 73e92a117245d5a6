"""What is answered to one message of one user: the dialogue's reply, the next page, the chosen suggestion, a kind word.

Synchronous and free of the network: given a turn, it returns pages and what to remember.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from bot.channels import wording
from bot.channels.errors import log_failure
from bot.channels.port import DialoguePort
from bot.channels.wechat.accounts import Account
from bot.channels.wechat.handover import handover_of
from bot.channels.wechat.memory import Choice, Item, Memory
from bot.channels.wechat.messages import (
    Incoming,
    IncomingEvent,
    IncomingImage,
    IncomingText,
    IncomingUnknown,
    IncomingVoice,
)
from bot.channels.wechat.plain import quiet
from bot.channels.wechat.render import Look, Style, render, with_choices
from bot.channels.wechat.turns import Turn, Turns
from bot.errors import QuestionError
from bot.language.folding import clean_question, fold

_STYLES: dict[str, Style] = {"official": "links", "wecom": "numbers", "kf": "none"}
_EDGES = re.compile(r"^\W+|\W+$")
_OFFERED_AT_FIRST = 4
_DECLINES = 2  # in a row, then a person takes over


@dataclass(frozen=True, slots=True)
class Answer:
    """What to say (none: nothing) and what to remember (None: leave it as it is)."""

    items: tuple[Item, ...]
    memory: Memory | None


def _said(text: str, memory: Memory | None) -> Answer:
    return Answer((Item(text),), memory)


def question_of(message: Incoming, account: Account) -> dict[str, str] | None:
    """Return what is needed to answer a message, as it is kept in the book; None where there is nothing to say."""
    if isinstance(message, IncomingText):
        return {"kind": "text", "text": message.text}
    if isinstance(message, IncomingVoice):
        said = message.recognised.strip()
        return {"kind": "text", "text": said} if said else {"kind": "voice"}
    if isinstance(message, IncomingImage):
        return {"kind": "image"}
    if isinstance(message, IncomingUnknown):
        return {"kind": "unknown"}
    return _event(message, account)


def _event(message: IncomingEvent, account: Account) -> dict[str, str] | None:
    if message.event in ("subscribe", "enter_session"):
        return {"kind": "welcome"}
    if message.event == "unsubscribe":
        return {"kind": "forget"}
    if message.event == "click":
        text = account.settings.menu.get(message.key, message.key)
        asks = any("\u4e00" <= sign <= "\u9fff" for sign in text)
        return {"kind": "text", "text": text} if asks else {"kind": "welcome"}
    return None


class Desk:
    """Answers messages. Thread-safe."""

    def __init__(
        self, dialogue: DialoguePort, turns: Turns, look_bytes: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._dialogue, self._turns, self._clock = dialogue, turns, clock
        self._most_bytes = look_bytes
        self._url = dialogue.settings.public_url

    def urgent(self, turn: Turn) -> bool:
        """Tell whether a turn speaks of danger."""
        return turn.question.get("kind") == "text" and self._dialogue.urgent(str(turn.question.get("text", "")))

    def answer(self, account: Account, turn: Turn) -> Answer:
        """Answer a turn; whatever goes wrong inside becomes an apology."""
        memory = self._turns.memory(turn.account, turn.user)
        if turn.question.get("kind") == "human-left":
            return Answer((), replace(memory, human_until=0.0))
        if memory.human_until > self._clock():
            return Answer((), None)
        try:
            return self._answer(account, turn, memory)
        except Exception as error:  # the patient must hear something, and the log must not hold their words
            log_failure(error, f"/wechat/{account.name}")
            return _said(wording.WECHAT_FAILED, memory)

    def _answer(self, account: Account, turn: Turn, memory: Memory) -> Answer:
        look = Look(self._most_bytes, _STYLES[account.settings.kind], self._url)
        kind = turn.question.get("kind")
        if kind == "forget":
            if memory.session:
                self._dialogue.forget(memory.session)
            self._turns.forget(turn.account, turn.user)
            return Answer((), None)
        if kind == "welcome":
            return self._welcome(account, look, memory)
        if kind != "text":
            texts = {"voice": wording.WECHAT_VOICE, "image": wording.WECHAT_PICTURE}
            return _said(texts.get(str(kind), wording.WECHAT_TYPE_PLEASE), memory)
        return self._text(account, look, turn, memory, str(turn.question.get("text", "")))

    def _welcome(self, account: Account, look: Look, memory: Memory) -> Answer:
        clinic = self._dialogue.settings.clinic
        text = account.settings.welcome or wording.WECHAT_WELCOME.format(name=clinic.name)
        choices = tuple(Choice(quiet(q), q) for q in self._dialogue.starters()[:_OFFERED_AT_FIRST])
        known = replace(memory, choices=choices, rest=())
        if look.style == "none":  # 微信客服 allows one message on entering: words and menu together
            return Answer((Item(text, tuple(choice.label for choice in choices)),), known)
        return _said(with_choices(text, choices, look), known)

    def _text(self, account: Account, look: Look, turn: Turn, memory: Memory, text: str) -> Answer:
        if self._dialogue.urgent(text):  # before "more", numbers and all else
            return self._ask(account, look, memory, text, False)
        said = _EDGES.sub("", fold(clean_question(text)))
        if said in wording.WECHAT_MORE:
            return self._more(account, look, turn, memory)
        if said in wording.WECHAT_HUMAN and account.settings.kind == "kf":
            return self._person(account, memory, asked=True) or _said(wording.WECHAT_NEXT_STEP, memory)
        chosen = self._chosen(memory, text, said)
        if isinstance(chosen, str):
            return _said(chosen, memory)
        if chosen is not None:
            return self._ask(account, look, memory, chosen.question, chosen.literal)
        return self._ask(account, look, memory, text, False)

    def _chosen(self, memory: Memory, text: str, said: str) -> Choice | str | None:
        """Return the suggestion that a number or its words choose, or what to say to a number that chooses none."""
        typed = quiet(text)
        for choice in memory.choices:
            if typed == choice.label or (typed.endswith("…") and choice.label.startswith(typed[:-1])):
                return choice
        if not memory.choices or not said.isascii() or not said.isdigit() or len(said) > 2:
            return None
        number, count = int(said), len(memory.choices)
        if 1 <= number <= count:
            return memory.choices[number - 1]
        return wording.WECHAT_NO_CHOICE.format(number=number, count=count) if number < 10 else None

    def _more(self, account: Account, look: Look, turn: Turn, memory: Memory) -> Answer:
        working, waiting = self._turns.waiting_for(turn.account, turn.user, turn.key, account.settings.kind == "kf")
        if waiting is not None and waiting.items[waiting.sent :]:
            return Answer(waiting.items[waiting.sent :], memory)
        if working:
            return _said(wording.WECHAT_WAIT, memory)
        if memory.rest:
            return _said(memory.rest[0], replace(memory, rest=memory.rest[1:]))
        return self._ask(account, look, memory, wording.WECHAT_DIALOGUE_MORE, False)

    def _ask(self, account: Account, look: Look, memory: Memory, text: str, literal: bool) -> Answer:
        try:
            reply = self._dialogue.reply(memory.session or None, text, literal, "wechat")
        except QuestionError as error:
            return _said(str(error), memory)
        rendered = render(reply, look, text)
        declines = memory.declines + 1 if reply.kind == "decline" else 0
        choices = rendered.choices if rendered.choices or reply.kind == "emergency" else memory.choices
        known = replace(memory, session=reply.session, choices=choices, rest=rendered.pages[1:], declines=declines)
        if declines >= _DECLINES and account.settings.kind == "kf":
            handed = self._person(account, known, asked=False)
            if handed is not None:
                return handed
        if not rendered.choices:
            return _said(rendered.pages[0], known)
        return self._offered(account, rendered.pages[0], known)

    def _offered(self, account: Account, text: str, memory: Memory) -> Answer:
        """Return a text and, in 微信客服, its suggestions as a menu to tap."""
        if account.settings.kind != "kf" or not memory.choices:
            return _said(text, memory)
        more = (wording.WECHAT_MORE_WORD,) if memory.rest else ()
        menu = Item(wording.WECHAT_MENU, (*(choice.label for choice in memory.choices), *more))
        return Answer((Item(text), menu), memory)

    def _person(self, account: Account, memory: Memory, asked: bool) -> Answer | None:
        """Hand over to a person within the service hours; without being asked, say nothing where none is there."""
        handover, text = handover_of(account.settings, self._clock(), asked, self._dialogue.settings.clinic)
        known = replace(memory, declines=0)
        if handover:
            return Answer((Item(text), Item("", human=True)), known)
        return _said(text, known) if asked else None
