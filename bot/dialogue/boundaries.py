"""What no text can settle: a decision about one person, or a matter of the clinic's own counter (price, appointment …).

It changes what is said around the passages, never which ones are found.
"""

from __future__ import annotations

from typing import Literal

from bot.dialogue.kinds import probabilities

Boundary = Literal["decision", "price", "address", "appointment", "insurance"]

COUNTER: frozenset[Boundary] = frozenset(("price", "address", "appointment", "insurance"))

# Probabilities from which a question is taken for such a matter, where it is the likeliest special kind. They are low:
# a general question that gets the line in vain loses nothing, a decision without it might be acted on.
_LEAST: dict[Boundary, float] = {"decision": 0.3, "price": 0.4, "address": 0.4, "appointment": 0.4, "insurance": 0.4}


def boundary_of(question: str) -> Boundary | None:
    """Return which matter of one's own doctor, or of the clinic's counter, a question is; None for an ordinary one.

    Args:
        question: Simplified and folded.
    """
    found = probabilities(question)
    best = max((kind for kind in found if kind != "general"), key=found.__getitem__)
    return next((name for name, least in _LEAST.items() if name == best and found[name] >= least), None)
