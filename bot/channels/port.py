"""What a channel may ask of the dialogue: the one seam between the doors and the core."""

from __future__ import annotations

from typing import Literal, Protocol

from bot.records import Document, Passage, Reply, ReplyPassage
from bot.settings import Settings
from bot.sites import Site


class DialoguePort(Protocol):
    """A thread-safe, synchronous dialogue; call it off the event loop."""

    settings: Settings

    @property
    def ready(self) -> bool:
        """Say whether an index is loaded and a first answer is possible."""
        ...

    def reply(
        self, session: str | None, text: str, literal: bool = False, channel: str = "", site: Site | None = None
    ) -> Reply:
        """Answer ``text``; raise QuestionError, whose message the patient may read, where it cannot be taken.

        ``literal`` takes the words as they stand, and undoes the session's last turn where that completed them.
        ``channel`` says, for the journal, where the question came in; ``site`` on which website: its documents and its
        contact card count.
        """
        ...

    def urgent(self, text: str) -> bool:
        """Say whether ``text`` speaks of danger: it is answered whatever limits the caller has used up."""
        ...

    def forget(self, session: str) -> None:
        """Forget a session and what was noted of it; raise JournalError where that cannot be done now."""
        ...

    def passage(self, passage_id: str) -> ReplyPassage:
        """Return one passage; raise UnknownPassageError."""
        ...

    def document(self, document_id: str) -> Document:
        """Return a whole text; raise UnknownPassageError."""
        ...

    def passages_of(self, document_id: str) -> tuple[Passage, ...]:
        """Return the passages of a text in their order; raise UnknownPassageError."""
        ...

    def starters(self, site: Site | None = None) -> tuple[str, ...]:
        """Return a few questions to begin with, all of which the corpus answers."""
        ...

    def complete(self, typed: str, site: Site | None = None) -> tuple[str, ...]:
        """Return a few known questions that what is being typed may become, all of which the corpus answers."""
        ...

    def coverage(self, site: Site | None = None) -> tuple[str, ...]:
        """Return the titles of what the bot covers."""
        ...

    def feedback(self, reply_id: str, vote: Literal["up", "down", "none"]) -> None:
        """Record "up", "down" or "none" (taken back); raise UnknownPassageError for an unknown reply."""
        ...

    def close(self) -> None:
        """Release the index and stop watching for a new one."""
        ...
