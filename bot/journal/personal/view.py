"""A text made ready for looking: width, case, traditional characters and Chinese digits evened out, nothing moved."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from bot.language.folding import fold
from bot.language.variants import simplify

Kind = Literal[
    "name", "phone", "id", "social", "card", "email", "address", "wechat", "birth", "record", "qq"
]  # fmt: skip

_DIGITS = str.maketrans("〇零○洞一幺二三四五六七八九壹贰叁肆伍陆柒捌玖", "00001123456789123456789")
_LETTER_O = re.compile(r"(?<=\d)o(?=[\do])")
SEPARATOR = (
    r"[ \t_\-\u2010-\u2015\u2212\u00b7.\u200b-\u200f\u2060\ufeff\ufe0f\u20e3]"  # what people type between digits
)
IS = r"[\s:=是为的填写了叫\-—(\"“'「【\[]"  # what stands between "身份证号" and the number


@dataclass(frozen=True, slots=True)
class Masked:
    """A stretch of the original text that must not be kept: ``text[start:end]``."""

    start: int
    end: int
    kind: Kind


@dataclass(frozen=True, slots=True)
class View:
    """One text in three readings of the same length, so that an offset into one is an offset into all.

    ``plain`` has width, case and traditional characters evened out; in ``digits`` Chinese numerals are digits too.
    """

    text: str
    plain: str
    digits: str


@lru_cache(maxsize=16384)
def _simple(character: str) -> str:
    """Return one character simplified. Phrases are not looked at: 沈靜 may be a name, and must not become 沉静."""
    if "\ud800" <= character <= "\udfff":  # half a character, which no encoder takes
        return character
    simple = simplify(character)
    return simple if len(simple) == 1 else character


def look(text: str) -> View:
    """Return the readings of a text."""
    plain = "".join(map(_simple, fold(text)))
    return View(text, plain, _LETTER_O.sub("0", plain.translate(_DIGITS)))
