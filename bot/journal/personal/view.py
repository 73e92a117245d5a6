"""A text made ready for looking: width, case, traditional characters and Chinese digits evened out, nothing moved."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from bot.language.folding import fold
from bot.language.variants import simplify

Kind = Literal[
    "name", "phone", "id", "social", "card", "email", "address", "wechat", "birth", "record", "qq"
]  # fmt: skip

_DIGITS = str.maketrans("〇零○洞一幺二三四五六七八九壹贰叁肆伍陆柒捌玖", "00001123456789123456789")
_REMEMBERED = 20_000  # characters
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


class _Evened(dict[int, str]):
    """What each character becomes in ``plain``, found once; ``str.translate`` looks it up."""

    def __missing__(self, code: int) -> str:
        character = fold(chr(code))
        if not 0xD800 <= code <= 0xDFFF:  # half a character, which no encoder takes
            # Phrases are not looked at: 沈靜 may be a name, and must not become 沉静.
            simple = simplify(character)
            character = simple if len(simple) == 1 else character
        if len(self) < _REMEMBERED:
            self[code] = character
        return character


_EVENED = _Evened()


def look(text: str) -> View:
    """Return the readings of a text."""
    plain = text.translate(_EVENED)
    return View(text, plain, _LETTER_O.sub("0", plain.translate(_DIGITS)))
