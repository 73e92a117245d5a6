"""Misspellings by sound or by shape, corrected only towards words that the corpus or its lexicon knows."""

from __future__ import annotations

from collections.abc import Sequence

from bot.language.segmentation import Segmenter, stopwords
from bot.language.spellings import Spellings

Word = tuple[str, int, int]
Correction = tuple[str, str]
_LONGEST, _SHORTEST_BY_SHAPE = 6, 3


def correct(text: str, segmenter: Segmenter, spellings: Spellings) -> tuple[str, tuple[Correction, ...]]:
    """Return ``text`` with misspelt terms put right, and what was changed (as written, as meant).

    A misspelt term falls apart when it is cut into words: some of its characters stand alone. Only such places are
    looked at, and only a word of the corpus that sounds the same (or, from three characters on, differs in one) takes
    their place.
    """
    words = segmenter.words(text)
    changes: list[tuple[int, int, str]] = []
    place = 0
    while place < len(words):
        found = _at(text, words, place, spellings)
        if found is None:
            place += 1
            continue
        last, meant = found
        changes.append((words[place][1], words[last][2], meant))
        place = last + 1
    for start, end, meant in reversed(changes):
        text = text[:start] + meant + text[end:]
    return text, tuple((_written(words, start, end), meant) for start, end, meant in changes)


def _written(words: Sequence[Word], start: int, end: int) -> str:
    return "".join(word for word, begin, stop in words if start <= begin and stop <= end)


def _at(text: str, words: Sequence[Word], first: int, spellings: Spellings) -> tuple[int, str] | None:
    """Return the last word of the longest misspelt term that begins at ``first``, and what was meant."""
    best = None
    for last in range(first, len(words)):
        start, end = words[first][1], words[last][2]
        span = words[first : last + 1]
        if end - start > _LONGEST or "".join(word for word, _, _ in span) != text[start:end].lower():
            break
        if len(span) > 1 and _suspicious(span, spellings):
            meant = _meant(text[start:end].lower(), span, spellings)
            if meant is not None:
                best = last, meant
    return best


def _suspicious(span: Sequence[Word], spellings: Spellings) -> bool:
    """Tell whether words may be a term fallen apart: a lone character at either end or both, none only grammar."""
    common = stopwords()
    lone = [word for word, _, _ in span if len(word) == 1]
    grammar = [word for word in lone if word in common]
    return bool(lone) and (not grammar or len(grammar) < len(lone)) and span[0][0] not in common


def _meant(written: str, span: Sequence[Word], spellings: Spellings) -> str | None:
    if written in spellings.own:
        return None
    common = stopwords()
    sounds = spellings.sounds(written)
    for sound in sounds[:1] if len(written) == 2 else sounds:
        for word in spellings.by_sound.get(sound, ()):
            if word == written:
                return None
            same = sum(a == b for a, b in zip(word, written, strict=True))
            if len(word) == 2 and (same == 0 or any(part in common for part, _, _ in span)):
                continue  # two characters that share nothing but their sound are chance more often than not
            return word
    return None
