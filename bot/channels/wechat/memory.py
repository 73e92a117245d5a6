"""What one WeChat user is remembered by between two messages, and what is said: plain data that the store seals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Choice:
    """A suggestion that a number chooses: the words shown, the words asked, and whether they are taken literally."""

    label: str
    question: str
    literal: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One message to say: a text, a menu (``options`` below the text), or the moment a person takes over."""

    text: str
    options: tuple[str, ...] = ()
    human: bool = False


def items_to_json(items: Sequence[Item]) -> list[list[Any]]:
    """Return items as plain JSON."""
    return [[item.text, list(item.options), item.human] for item in items]


def items_from_json(given: list[list[Any]] | None) -> tuple[Item, ...]:
    """Read items back; none from None."""
    return tuple(Item(text, tuple(options), human) for text, options, human in given or ())


@dataclass(frozen=True, slots=True)
class Memory:
    """The dialogue's session, what "1", "2" choose, what "更多" gives, and how often in a row nothing was found.

    ``human_until`` (Unix seconds): until then a person answers, and the bot keeps silent.
    """

    session: str = ""
    choices: tuple[Choice, ...] = ()
    rest: tuple[str, ...] = ()
    declines: int = 0
    human_until: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, given: dict[str, Any] | None) -> Memory:
        """Read it back; an empty one from None."""
        if not given:
            return cls()
        choices = tuple(Choice(**choice) for choice in given["choices"])
        return cls(given["session"], choices, tuple(given["rest"]), given["declines"], given["human_until"])
