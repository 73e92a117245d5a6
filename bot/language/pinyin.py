"""Questions typed in pinyin: letters back to words, by the likeliest cut into words that the spellings know."""

from __future__ import annotations

import re
from collections.abc import Callable

from bot.language.spellings import Spellings, Syllables

_RUN = re.compile(r"[a-z\u00fc]+(?:[ '\u2019][a-z\u00fc]+)*", re.IGNORECASE)
_SHORTEST = 4  # letters: shorter runs are abbreviations more often than pinyin
_LONGEST = 40
_PARTICLES, _PARTICLE = frozenset("吗呢啊吧"), 4.0  # a question's last syllable is most likely one of these
_MOST_WORDS = 0.9  # words a character, at most
_WORD_COST = -4.0  # per word, so that one long word beats two short ones of the same sound


def decode(text: str, spellings: Spellings, known: Callable[[str], bool]) -> str:
    """Return ``text`` with every run of letters that reads as pinyin put into characters; the rest stays.

    Args:
        text: A question.
        spellings: The corpus's and everyday words with their readings.
        known: Tells whether a word in Latin letters (lower case) is one of the corpus's: it is never pinyin.
    """

    def words(match: re.Match[str]) -> str:
        run = match.group()
        if sum(map(str.isalpha, run)) < _SHORTEST or any(known(part) for part in re.split(r"[ '\u2019]", run.lower())):
            return run
        return _read(run.lower().replace("\u00fc", "v"), spellings) or run

    return _RUN.sub(words, text)


def _read(run: str, spellings: Spellings) -> str | None:
    """Return the likeliest words for a run of pinyin, or None where it cannot be read as pinyin to its end."""
    letters, gaps = "", {0}
    for character in run:
        if character.isalpha():
            letters += character
        else:
            gaps.add(len(letters))
    gaps.add(len(letters))
    best: list[tuple[float, str, int] | None] = [(0.0, "", 0), *[None] * len(letters)]
    for start in range(len(letters)):
        so_far = best[start]
        if so_far is None:
            continue
        for end in range(start + 1, min(len(letters), start + _LONGEST) + 1):
            for word, reading, chance in spellings.by_letters.get(letters[start:end], ()):
                if not _keeps(gaps, start, end, reading):
                    continue
                score = so_far[0] + chance + (_PARTICLE if word in _PARTICLES and end == len(letters) else _WORD_COST)
                there = best[end]
                if there is None or score > there[0]:
                    best[end] = (score, so_far[1] + word, so_far[2] + 1)
    found = best[-1]
    if found is None or (len(found[1]) >= 4 and found[2] > _MOST_WORDS * len(found[1])):
        return None  # a foreign word, cut into syllables that make no words
    return found[1]


def _keeps(gaps: set[int], start: int, end: int, reading: Syllables) -> bool:
    """Tell whether every gap that was typed inside a word falls between two of its syllables."""
    inside = {gap for gap in gaps if start < gap < end}
    borders, at = set(), start
    for syllable in reading:
        at += len(syllable)
        borders.add(at)
    return inside <= borders
