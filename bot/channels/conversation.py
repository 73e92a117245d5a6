"""What one browser tab has on its screen: kept on the server for as long as the tab lives, then forgotten."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from bot.channels import card, wording
from bot.records import Reply
from bot.settings import Clinic

KEPT_MESSAGES = 60  # older ones leave the screen, so that a tab left open for days stays small

Message = dict[str, Any]


@dataclass(frozen=True)
class Conversation:
    """Messages as Gradio shows them, and which reply each answer came from; ``typed`` is the last question."""

    session: str | None = None
    messages: tuple[Message, ...] = ()
    replies: tuple[str, ...] = field(default=())
    typed: str = ""

    def shown(self, notice: str = "") -> list[Message]:
        """Return the messages to show; ``notice`` is a passing remark at the end that is not kept."""
        extra = [message("assistant", card.notice_html(notice))] if notice else []
        return [*self.messages, *extra]

    def reply_at(self, index: object) -> str:
        """Return the id of the reply shown at a message index, or "" where there is none."""
        if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < len(self.replies):
            return ""
        return self.replies[index]

    def added(self, question: str, reply: Reply, clinic: Clinic) -> Conversation:
        """Return the conversation with one more turn."""
        messages = (
            *self.messages,
            message("user", card.question_html(question)),
            message("assistant", card.reply_html(reply, clinic), _options(reply)),
        )
        replies = (*self.replies, "", reply.id)
        return replace(
            self,
            session=reply.session,
            messages=messages[-KEPT_MESSAGES:],
            replies=replies[-KEPT_MESSAGES:],
            typed=question,
        )

    def undone(self) -> Conversation:
        """Return the conversation without its last turn on the screen."""
        return replace(self, messages=self.messages[:-2], replies=self.replies[:-2], typed="")


def _options(reply: Reply) -> tuple[str, ...]:
    """Return what can be tapped below a reply: first of all "no, my words as they stand" where they were completed."""
    return (*((wording.LITERALLY,) if reply.reading else ()), *reply.suggestions)


def opening(coverage: tuple[str, ...], starters: tuple[str, ...]) -> Conversation:
    """Return a conversation that has only been opened: the welcome and a few questions to tap."""
    return Conversation(messages=(message("assistant", card.welcome_html(coverage), starters),), replies=("",))


def message(role: str, content: str, options: tuple[str, ...] = ()) -> Message:
    """Return one message as Gradio takes it; ``options`` become buttons below it."""
    shown: Message = {"role": role, "content": content}
    if options:
        shown["options"] = [{"value": option, "label": option} for option in options]
    return shown
