"""Small talk: remarks that are no question about an illness. A question after a greeting is a question."""

from __future__ import annotations

from typing import Literal, get_args

from bot.dialogue.kinds import kind_model, probabilities

SmallTalk = Literal["greeting", "thanks", "bye", "who", "ack", "forget"]

_KINDS: tuple[SmallTalk, ...] = get_args(SmallTalk)
_LEAST = 0.5  # more likely small talk than everything else together: what is swallowed here is never searched for
_PER_FOREIGN = 7  # so many characters for each letter that small talk does not use: a short remark holds none
_LONGEST = 30  # characters; who writes more than that has something to ask


def smalltalk_of(text: str) -> SmallTalk | None:
    """Return what kind of small talk a remark (simplified, folded) is, None where it says more than that."""
    if not text.strip() or len(text) > _LONGEST:
        return None
    found = probabilities(text)
    kind = next((name for name in _KINDS if found[name] >= _LEAST), None)
    if kind is None or kind_model().foreign(text) > len(text) // _PER_FOREIGN:
        return None
    return kind
