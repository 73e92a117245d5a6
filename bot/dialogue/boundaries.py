"""What no text can settle: a decision about one person, or a matter of the clinic's own counter (price, appointment …).

It changes what is said around the passages, never which ones are found.
"""

from __future__ import annotations

from typing import Literal, get_args

from bot.dialogue.kinds import probabilities

Boundary = Literal["decision", "price", "address", "appointment", "insurance"]

_BOUNDARIES: tuple[Boundary, ...] = get_args(Boundary)
_LEAST = 0.4  # probability from which a question is taken for such a matter, if it is likelier than any other kind


def boundary_of(question: str) -> Boundary | None:
    """Return which matter of one's own doctor, or of the clinic's counter, a question is; None for an ordinary one.

    Args:
        question: Simplified and folded.
    """
    found = probabilities(question)
    best = max(found, key=found.__getitem__)
    return next((name for name in _BOUNDARIES if name == best and found[name] >= _LEAST), None)
