"""Make texts comparable: width, case and compatibility forms, without moving a single character.

``fold`` keeps the length, so an offset into a folded text is an offset into the original.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_UNSAFE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


@lru_cache(maxsize=65536)
def _fold_character(character: str) -> str:
    folded = unicodedata.normalize("NFKC", character).lower()
    return folded if len(folded) == 1 else character


def fold(text: str) -> str:
    """Return ``text`` with width and case folded, of exactly the same length (for matching, never for showing)."""
    return "".join(map(_fold_character, text))


def clean_question(text: str) -> str:
    """Return a question without control, invisible and unpaired surrogate characters, white space collapsed."""
    return " ".join(_UNSAFE.sub(" ", text).split())


def has_unsafe(text: str) -> bool:
    """Tell whether a text holds characters that no honest text needs: controls, direction overrides, surrogates."""
    return _UNSAFE.search(text) is not None


def strip_unsafe(text: str) -> str:
    """Remove what :func:`has_unsafe` finds; tabs and newlines stay."""
    return _UNSAFE.sub("", text)
