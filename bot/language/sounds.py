"""What a text sounds like: every character, or every syllable typed in pinyin, as one sign, for matching by ear.

Homophones and pinyin are then found by ordinary string search. No index and no pypinyin is needed: the table of
readings is a file of this package.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, product
from pathlib import Path

from bot.language.folding import strip_unsafe
from bot.language.spellings import blur
from bot.language.variants import simplify

_FIRST_SIGN = 0xE000  # of Unicode's private use area: one sign for each syllable
_TONES = str.maketrans("āáǎàēéěèōóǒòīíǐìūúǔùǖǘǚǜü", "aaaaeeeeooooiiiiuuuuvvvvv")
_TONE_DIGITS = re.compile(r"(?<![a-z])(?:[a-z]{1,6}[1-5] ?){3,}")
_SINGLES = 0.6  # share of single characters from which on a text counts as spaced out
_PINYIN_ROW = 4  # words that could all be pinyin, in a row: hardly another language
_MOST_FORMS = 6  # readings of a word that are kept
_FILE = Path(__file__).parent / "readings.txt"
_SPACED = re.compile(r"(?:[\u4e00-\u9fff] ){3,}[\u4e00-\u9fff]")
_DROPPED = re.compile("['\u2018\u2019\"\u201c\u201d\u300c\u300d\u300e\u300f`\u00b4]")
_END = re.compile(r"[!;\n\u3002]+|(?<!\d)\.(?!\.)|\.(?![\d.])")
_PAUSE = re.compile(r"[^\w ./%?;\u3001\u300a\u300b]+|\.{2,}|(?<![a-z0-9]) +| +(?![a-z0-9])")
_LATIN = re.compile(r"[a-z]+(?: [a-z]+)*")
_SIGN = re.compile("[\ue000-\uf8ff]")
# Single characters of dialects (above all Cantonese) that mean what one standard character means.
_DIALECT = str.maketrans(
    dict(zip("唔冇咗嘅佢喺啲嘢哋睇攞俾畀俺咱恁侬嘞", "不没了的他在些话们看拿被被我我你你了", strict=True))
)
BREAK, END = ",", ";"  # a pause, and the end of a sentence ("?" stays what it is and ends one too)


@dataclass(frozen=True, slots=True)
class Heard:
    """A text made ready for matching.

    ``text`` has one sign per unit: a simplified character, a digit, a Latin letter, :data:`BREAK` for a pause,
    :data:`END` for the end of a sentence, or the sign of a syllable where pinyin was typed. ``sounds`` is as long and
    has blurred syllables for characters and pinyin alike; ``exact`` has them unblurred, and is empty unless any pinyin
    is there.
    """

    text: str
    sounds: str
    exact: str

    @property
    def typed(self) -> bool:
        """Tell whether any pinyin is there."""
        return bool(self.exact)


@dataclass(frozen=True)
class _Readings:
    """``signs``: syllable -> sign; ``all``: character -> signs; ``exact``: character -> its first syllable; ``first``
    and ``blurred``: for translating characters (and signs, too, the latter) to signs, as they are and blurred."""

    signs: dict[str, str]
    all: dict[str, tuple[str, ...]]
    exact: dict[str, str]
    first: dict[int, str]
    blurred: dict[int, str]


@lru_cache(maxsize=1)
def _readings() -> _Readings:
    signs: dict[str, str] = {}
    classes: dict[str, str] = {}
    exact: dict[str, str] = {}
    first: dict[int, str] = {}
    blurred: dict[int, str] = {}
    found: dict[str, list[str]] = {}
    rest: list[tuple[str, str]] = []
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        syllable, main, *more = line.split(" ")
        sign = signs.setdefault(syllable, chr(_FIRST_SIGN + len(signs)))
        blurred[ord(sign)] = alike = classes.setdefault(blur((syllable,))[0], sign)
        for character in main.replace("-", ""):
            first[ord(character)], blurred[ord(character)] = sign, alike
            exact[character] = syllable
            found.setdefault(character, []).append(sign)
        rest += [(character, sign) for text in more for character in text]
    for character, sign in rest:
        if sign not in found.setdefault(character, []):
            found[character].append(sign)
    return _Readings(signs, {character: tuple(values) for character, values in found.items()}, exact, first, blurred)


def is_syllable(sign: str) -> bool:
    """Tell whether a sign of a text stands for a syllable."""
    return "\ue000" <= sign <= "\uf8ff"


def homophones(one: str, other: str) -> bool:
    """Tell whether two characters are read alike, without any blurring."""
    table = _readings().exact
    return one in table and table[one] == table.get(other)


def aloud(text: str) -> str:
    """Return a text with every character replaced by its first reading's sign, blurred; of the same length."""
    return text.translate(_readings().blurred)


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
    """Return a run of Latin words with its pinyin as syllables: all of it, or four and more words in a row."""
    run = match.group()
    if len(run) > 400 or len(run) < 4:
        return run
    parts = [(word, _syllables(word)) for word in run.split(" ")]
    if all(part for _, part in parts):
        return "".join(part or "" for _, part in parts)
    done: list[str] = []
    for typed, group in groupby(parts, lambda part: part[1] is not None):
        words = list(group)
        if typed and len(words) >= _PINYIN_ROW:
            done.append("".join(part or "" for _, part in words))
        else:
            done.append(" ".join(word for word, _ in words))
    return " ".join(done)


def plain_words(text: str) -> str:
    """Return a text in simplified characters, with words of dialects that have one standard counterpart put into it."""
    return simplify(text).translate(_DIALECT)


def _closed_up(text: str) -> str:
    """Return a text without the spaces that someone typed between all characters."""
    parts = text.split()
    if len(parts) > 1 and sum(len(part) == 1 for part in parts) >= _SINGLES * len(parts) and not text.isascii():
        return "".join(parts)
    return _SPACED.sub(lambda match: match.group().replace(" ", ""), text)


def hear(text: str) -> Heard:
    """Make a text ready for matching: width, case, traditional characters, punctuation, pinyin."""
    plain = plain_words(unicodedata.normalize("NFKC", strip_unsafe(text)).lower()).translate(_TONES)
    plain = _TONE_DIGITS.sub(lambda match: re.sub("[1-5]", "", match.group()), _DROPPED.sub("", plain))
    plain = _closed_up(plain)
    done = _LATIN.sub(_latin, _PAUSE.sub(BREAK, _END.sub(END, plain)))
    return Heard(done, aloud(done), done.translate(_readings().first) if _SIGN.search(done) else "")
