"""Traditional characters to simplified ones, with OpenCC's tables (phrases first, then single characters)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import opencc

from bot.language.folding import fold

_MARKS = re.compile(r"[\W_]+")


@lru_cache(maxsize=1)
def _converter() -> Any:
    return opencc.OpenCC("t2s")


def simplify(text: str) -> str:
    """Return ``text`` in simplified characters; what is simplified already stays as it is."""
    return text if text.isascii() else str(_converter().convert(text)).replace("甚么", "什么")


def simplify_in_place(text: str) -> str:
    """Return ``text`` in simplified characters, of exactly the same length (for matching)."""
    simple = simplify(text)
    return simple if len(simple) == len(text) else "".join(map(_one, text))


@lru_cache(maxsize=65536)
def _one(character: str) -> str:
    simple = simplify(character)
    return simple if len(simple) == 1 else character


def bare(text: str) -> str:
    """Return only the letters, digits and characters of a text, folded and simplified: equal for the same question."""
    return _MARKS.sub("", simplify(fold(text)))
