"""What a text sounds like: every character, or every syllable typed in pinyin, as one sign, for matching by ear.

Homophones and pinyin are then found by ordinary string search. No index and no pypinyin is needed: the table of
readings is a file of this package.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from pathlib import Path

from bot.language.folding import strip_unsafe
from bot.language.spellings import blur
from bot.language.variants import simplify

_FIRST_SIGN = 0xE000  # of Unicode's private use area: one sign for each syllable
_MOST_FORMS = 6  # readings of a word that are kept
_FILE = Path(__file__).parent / "readings.txt"
_SPACED = re.compile(r"(?:[\u4e00-\u9fff] ){3,}[\u4e00-\u9fff]")
_DROPPED = re.compile("['\u2018\u2019\"\u201c\u201d\u300c\u300d\u300e\u300f`\u00b4]")
_PAUSE = re.compile(r"[^\w ./%?\u3001\u300a\u300b]+|(?<!\d)\.|\.(?!\d)|(?<![a-z0-9]) +| +(?![a-z0-9])")
_LATIN = re.compile(r"[a-z]+(?: [a-z]+)*")
_SIGN = re.compile("[\ue000-\uf8ff]")
BREAK = ","


@dataclass(frozen=True, slots=True)
class Heard:
    """A text made ready for matching.

    ``text`` has one sign per unit: a simplified character, a digit, a Latin letter, :data:`BREAK` for a pause, or the
    sign of a syllable where pinyin was typed. ``sounds`` is as long and has syllables for the characters too.
    ``typed`` tells whether any pinyin is there.
    """

    text: str
    sounds: str
    typed: bool


@dataclass(frozen=True)
class _Readings:
    """``signs``: syllable -> sign; ``first``: ordinal of a character -> sign; ``all``: character -> signs;
    ``exact``: character -> its first syllable."""

    signs: dict[str, str]
    first: dict[int, str]
    all: dict[str, tuple[str, ...]]
    exact: dict[str, str]


@lru_cache(maxsize=1)
def _readings() -> _Readings:
    signs: dict[str, str] = {}
    blurred: dict[str, str] = {}
    first: dict[int, str] = {}
    exact: dict[str, str] = {}
    found: dict[str, list[str]] = {}
    rest: list[tuple[str, str]] = []
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        syllable, main, *more = line.split(" ")
        sign = blurred.setdefault(blur((syllable,))[0], chr(_FIRST_SIGN + len(blurred)))
        signs[syllable] = sign
        for character in main.replace("-", ""):
            first[ord(character)] = sign
            exact[character] = syllable
            found.setdefault(character, []).append(sign)
        rest += [(character, sign) for text in more for character in text]
    for character, sign in rest:
        if sign not in found.setdefault(character, []):
            found[character].append(sign)
    return _Readings(signs, first, {character: tuple(values) for character, values in found.items()}, exact)


def is_syllable(sign: str) -> bool:
    """Tell whether a sign of a text stands for a syllable."""
    return "\ue000" <= sign <= "\uf8ff"


def homophones(one: str, other: str) -> bool:
    """Tell whether two characters are read alike, without any blurring."""
    table = _readings().exact
    return one in table and table[one] == table.get(other)


def aloud(text: str) -> str:
    """Return a text with every character replaced by the sign of its first reading; of the same length."""
    return text.translate(_readings().first)


def spoken(word: str) -> tuple[str, ...]:
    """Return the ways a word of Chinese characters can sound, in signs; none where a character's reading is unknown."""
    table = _readings().all
    if not all(character in table for character in word):
        return ()
    ways = product(*(table[character][:3] for character in word))
    return tuple(dict.fromkeys("".join(way) for way, _ in zip(ways, range(_MOST_FORMS), strict=False)))


@lru_cache(maxsize=4096)
def _syllables(word: str) -> str | None:
    """Return a run of letters as signs of syllables, the fewest that make it up; None where it is not pinyin."""
    signs = _readings().signs
    best: list[str | None] = ["", *[None] * len(word)]
    for end in range(1, len(word) + 1):
        for start in range(max(0, end - 6), end):
            so_far, sign = best[start], signs.get(word[start:end])
            if so_far is None or sign is None:
                continue
            there = best[end]
            if there is None or len(so_far) + 1 < len(there):
                best[end] = so_far + sign
    return best[-1]


def _latin(match: re.Match[str]) -> str:
    """Return a run of Latin words as syllables where all of it is pinyin, else unchanged."""
    run = match.group()
    if len(run) > 400 or len(run) < 4:
        return run
    parts = [_syllables(word) for word in run.split(" ")]
    return run if None in parts else "".join(part or "" for part in parts)


def hear(text: str) -> Heard:
    """Make a text ready for matching: width, case, traditional characters, punctuation, pinyin."""
    plain = _DROPPED.sub("", simplify(unicodedata.normalize("NFKC", strip_unsafe(text)).lower()).replace("\u00fc", "v"))
    plain = _SPACED.sub(lambda match: match.group().replace(" ", ""), plain)
    done = _LATIN.sub(_latin, _PAUSE.sub(BREAK, plain))
    return Heard(done, aloud(done), _SIGN.search(done) is not None)
