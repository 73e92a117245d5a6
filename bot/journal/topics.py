"""What patients asked in vain, put together by meaning: what a clinic might write next."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from bot.journal.grouping import LIKENESS, central, centred, group
from bot.journal.store import Question
from bot.language.folding import fold

Encode = Callable[[list[str]], NDArray[np.float32]]
AT_MOST = 5000  # different questions that are compared; the most frequent ones, then the newest
_TAG = re.compile(r"〔[^〕]{1,6}〕")
_MARKS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Topic:
    """Questions of one meaning: ``count`` times asked by ``people`` sessions, ``declined`` of them with no offer at all.

    ``question`` is the most typical wording, ``examples`` are others, the most typical first.
    """

    count: int
    people: int
    declined: int
    question: str
    examples: tuple[str, ...]
    first: datetime
    last: datetime


def _plain(text: str) -> str:
    return _MARKS.sub("", fold(_TAG.sub("", text)))


def topics(
    questions: Sequence[Question],
    encode: Encode,
    background: NDArray[np.float32],
    likeness: float = LIKENESS,
    examples: int = 5,
) -> list[Topic]:
    """Return the topics of unanswered questions, most frequent first, then the most recent.

    Args:
        questions: What was asked in vain, oldest first.
        encode: Turns questions into vectors of length 1 [n, d].
        background: The mean vector [d] of texts on the clinic's matters (see :func:`bot.journal.grouping.centred`).
        likeness: How alike questions of one topic are at least, -1 to 1.
        examples: How many other wordings to name.
    """
    same: dict[str, list[Question]] = {}
    for question in questions:
        if key := _plain(question.text):
            same.setdefault(key, []).append(question)
    ordered = sorted(same.values(), key=lambda asked: (len(asked), asked[-1].time), reverse=True)[:AT_MOST]
    if not ordered:
        return []
    texts = [_TAG.sub("", asked[-1].text).strip() for asked in ordered]
    vectors = centred(encode(texts), background)
    found = []
    for rows in group(vectors, likeness):
        typical = central(vectors, rows, [len(ordered[row]) for row in rows])
        found.append(_topic([ordered[row] for row in typical], examples))
    return sorted(found, key=lambda topic: (topic.count, topic.last), reverse=True)


def _topic(wordings: Sequence[Sequence[Question]], examples: int) -> Topic:
    asked = [question for same in wordings for question in same]
    shown = [same[-1].text for same in wordings]
    return Topic(
        count=len(asked),
        people=len({question.session for question in asked}),
        declined=sum(question.kind == "decline" for question in asked),
        question=shown[0],
        examples=tuple(shown[1 : examples + 1]),
        first=min(question.time for question in asked),
        last=max(question.time for question in asked),
    )
