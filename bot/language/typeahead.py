"""Find known texts while they are being typed: in characters, in pinyin, in initials, or in any mixture of these.

Every text is a line of units ``'`` + character + reading (``'肾shen'病bing``), and so is each of its later clauses. What
was typed becomes one regular expression in which a letter either goes on with the reading of the current character or
begins that of the next, as input methods read it: ``shenb``, ``sb`` and ``肾b`` all find 肾病. One search runs over all.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from bot.language.courtesy import courteous
from bot.language.folding import strip_unsafe
from bot.language.variants import bare, simplify

_MARKS = re.compile(r"[\W_]+")
_BREAKS = " '\u2019"  # between letters these say that a syllable ends
_CLAUSE = re.compile("(?<=[,.:;?!\uff0c\u3002\uff1a\uff1b\uff1f\uff01])")
_LETTERS_A_SIGN = 6  # at most, of pinyin
_HEARD, _WORDS = 12, 4  # characters that are matched by sound, words that are matched each for itself, at most
_LOOKED_AT = 200  # matches that are compared; the texts come best first, so the rest are worse


class TypeAhead:
    """Lines of readings over a fixed list of texts. Stateless afterwards and safe to share between threads."""

    def __init__(self, texts: Sequence[tuple[str, str]], readings: Mapping[str, Sequence[str]] | None = None) -> None:
        """Take the texts, best first.

        Args:
            texts: Each with its syllables joined by spaces, one for each character of ``bare(text)``.
            readings: How single characters are read, so that a wrong one of the same sound can be put up with.

        Raises:
            ValueError: a text has more or fewer syllables than characters.
        """
        self._readings = readings or {}
        self._lines = ""
        self._starts: list[int] = []
        self._owners: list[int] = []
        lines = []
        position = longest = 0
        for number, (text, pinyin) in enumerate(texts):
            signs = [f"'{sign}{heard}" for sign, heard in zip(bare(text), pinyin.split(" "), strict=True)]
            longest = max(longest, len(signs))
            for first in (start for start in _clauses(text) if start < len(signs)):
                line = "\n" + "".join(signs[first:])
                self._starts.append(position)
                self._owners.append(number)
                lines.append(line)
                position += len(line)
        self._lines = "".join(lines)
        self._longest = longest

    def find(self, typed: str, count: int) -> list[int]:
        """Return the numbers of up to ``count`` texts that fit what was typed, best first.

        Texts, or clauses of them, that begin with it come before those that hold it; whole syllables before initials.
        Where nothing fits, it is tried without greetings, then by its sound, then each of its words for itself.
        """
        if len(typed) > _LETTERS_A_SIGN * self._longest + 20:  # spares the work: nothing so long can fit
            return []
        plain = simplify(unicodedata.normalize("NFKC", strip_unsafe(typed)).lower()).replace("ü", "v")
        asked = courteous(plain)
        return (
            self._fitting(_units(plain), count)
            or (self._fitting(_units(asked), count) if asked != plain else [])
            or self._sounding(_units(asked))[:count]
            or self._holding(plain.split())[:count]
        )

    def _fitting(self, units: Sequence[str], count: int) -> list[int]:
        if not units:
            return []
        pattern = self._pattern(units)
        found = self._ranked("\n" + pattern)
        if len(found) < count and (len(units) > 1 or not _is_letter(units[0])):  # a letter alone fits nearly everything
            found = list(dict.fromkeys((*found, *self._ranked(pattern))))
        return found[:count]

    def _sounding(self, units: Sequence[str]) -> list[int]:
        """Return the texts that hold what was typed with other characters of the same sound."""
        characters = sum(unit in self._readings for unit in units)
        if not 2 <= characters <= _HEARD:
            return []
        return self._ranked(self._pattern(units, heard=True))

    def _holding(self, words: Sequence[str]) -> list[int]:
        """Return the texts that hold every one of several words, in any order, in the order of the texts."""
        each = sorted(map(_units, words[: _WORDS + 1]), key=len, reverse=True)
        if not 2 <= len(each) <= _WORDS or not all(
            len(units) > (2 if all(map(_is_letter, units)) else 0) for units in each
        ):
            return []  # two letters fit nearly everything
        others = [re.compile(self._pattern(units)) for units in each[1:]]
        found: dict[int, None] = {}
        for match in islice(re.compile(self._pattern(each[0])).finditer(self._lines), 2 * _LOOKED_AT):
            line = bisect_right(self._starts, match.start()) - 1
            end = self._starts[line + 1] if line + 1 < len(self._starts) else len(self._lines)
            if all(other.search(self._lines, self._starts[line], end) for other in others):
                found[self._owners[line]] = None
        return list(found)

    def _ranked(self, pattern: str) -> list[int]:
        """Return the numbers of the texts that a pattern matches: those with the fewest characters matched first."""
        best: dict[int, int] = {}
        for number, units in islice(self._matches(pattern), _LOOKED_AT):
            best[number] = min(units, best.get(number, units))
        return sorted(best, key=lambda number: (best[number], number))

    def _matches(self, pattern: str) -> Iterator[tuple[int, int]]:
        for match in re.compile(pattern).finditer(self._lines):
            number = self._owners[bisect_right(self._starts, match.start()) - 1]
            yield number, match.group().count("'")

    def _pattern(self, units: Sequence[str], heard: bool = False) -> str:
        """Return the regular expression for the signs that were typed; ``heard`` takes characters by their sound."""
        pattern, before, ended = "", "", False
        for unit in units:
            if unit == " ":
                ended = True
                continue
            letter = _is_letter(unit)
            if not before:
                step = "'"
            elif letter and _is_letter(before) and not ended:
                step = "(?:[^'\n]*'.)??"  # the same syllable goes on, or the next begins
            else:
                step = "[^'\n]*'"
            pattern += step + ("." if letter and step[-1] == "'" else "") + self._sign(unit, heard and not letter)
            before, ended = unit, False
        return pattern

    def _sign(self, unit: str, heard: bool) -> str:
        sounds = self._readings.get(unit, ()) if heard else ()
        if not sounds:
            return re.escape(unit)
        return f"(?:{re.escape(unit)}|.(?:{'|'.join(map(re.escape, sounds))})(?=['\n]))"


def _clauses(text: str) -> list[int]:
    """Return where the clauses of a text begin, counted in its letters, digits and characters."""
    starts, at = [], 0
    for clause in _CLAUSE.split(text):
        length = len(_MARKS.sub("", clause))
        if length:
            starts.append(at)
        at += length
    return starts or [0]


def _units(plain: str) -> list[str]:
    """Return the signs of a folded text, with a space where a syllable was ended on purpose."""
    units: list[str] = []
    for part in re.split(f"([{_BREAKS}]+)", plain):
        if part and part[0] in _BREAKS:
            units += [" "] if units and units[-1] != " " else []
        else:
            units += _MARKS.sub("", part)
    return units[:-1] if units and units[-1] == " " else units


def _is_letter(unit: str) -> bool:
    return "a" <= unit <= "z"
