"""Understand a question as it was typed: script, courtesy and life story, pinyin, misspellings, the clinic's own words.

Each step can be switched off; what it is worth is measured (``docs/retrieval.md``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from bot.language.courtesy import core, courteous
from bot.language.folding import fold
from bot.language.pinyin import decode
from bot.language.segmentation import Segmenter, stopwords
from bot.language.spelling import correct
from bot.language.spellings import Spellings
from bot.language.variants import simplify

STEPS = ("traditional", "courtesy", "pinyin", "spelling", "synonyms")
_EMOJI = re.compile(
    "[\u2190-\u21ff\u2300-\u23ff\u2460-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d\ufe0e\ufe0f\U0001f000-\U0001faff]+"
)


@dataclass(frozen=True, slots=True)
class Understood:
    """A question as it is searched for.

    ``text`` is what the words are matched with, ``meaning`` what is encoded: the same with the clinic's own names for
    things. ``corrected`` is the whole question put right, empty where nothing was misspelt: patients are shown it.
    """

    text: str
    meaning: str
    corrected: str = ""


@dataclass(frozen=True, slots=True)
class SubjectWord:
    """A word of a question that carries its subject: ``text`` (folded) at ``start:end``.

    ``weight`` is how much more frequent it is in the corpus than in everyday language (log ratio; 0 where it is not).
    """

    text: str
    start: int
    end: int
    weight: float


class QuestionReader:
    """Reads questions for one corpus. Stateless and safe to share between threads."""

    def __init__(self, segmenter: Segmenter, spellings: Spellings, steps: Iterable[str] = STEPS) -> None:
        """Take the corpus's words, and which of :data:`STEPS` to do."""
        self._segmenter, self._spellings, self._steps = segmenter, spellings, frozenset(steps)
        self._all = sum(count for _, count, _ in spellings.words.values()) or 1
        self._everyday = sum(frequency for _, _, frequency in spellings.words.values()) or 1

    def read(self, question: str) -> Understood:
        """Return the cleaned question as it is to be searched for."""
        text = " ".join(_EMOJI.sub(" ", question).split()) or question
        if "traditional" in self._steps:
            text = simplify(text)
        asked = text
        if "courtesy" in self._steps:
            text = courteous(text)
        before = text
        if "pinyin" in self._steps:
            text = decode(text, self._spellings, self._known)
        if "spelling" in self._steps:
            text, _ = correct(text, self._segmenter, self._spellings)
        corrected = asked.replace(before, text) if text != before else ""
        if "courtesy" in self._steps:
            text = core(text, self._typical)
        meaning = self._renamed(text) if "synonyms" in self._steps else text
        return Understood(text, meaning, corrected)

    def _known(self, word: str) -> bool:
        lexicon = self._segmenter.lexicon
        return word in lexicon.canonical or word in self._spellings.own

    def _typical(self, text: str) -> float:
        """Return how much more frequent a text's words are in the corpus than elsewhere (sum of log ratios above 0)."""
        return sum(word.weight for word in self.subject(text))

    def subject(self, text: str) -> list[SubjectWord]:
        """Return the words of a text that carry its subject, in order."""
        found = []
        for word, start, end in self._segmenter.words(text):
            if word in stopwords() or (word[0] in "不没" and len(word) <= 3):  # "不会" of "会不会" is no subject
                continue
            _, count, frequency = self._spellings.words.get(word, ((), 0, 0))
            weight = math.log(count / self._all * self._everyday / max(frequency, 1)) if count else 0.0
            found.append(SubjectWord(word, start, end, max(0.0, weight)))
        return found

    def _renamed(self, text: str) -> str:
        """Put the name that the corpus uses in the place of a synonym that it never uses."""
        lexicon = self._segmenter.lexicon
        changes: list[tuple[int, int, str]] = []
        for name, start, end in self._named(fold(text)):
            used = [other for other in lexicon.same(name) if self._count(other) > 0]
            if used and self._count(name) == 0:
                changes.append((start, end, max(used, key=self._count)))
        for start, end, other in reversed(changes):
            text = text[:start] + other + text[end:]
        return text

    def _count(self, word: str) -> int:
        return self._spellings.used.get(word, 0)

    def _named(self, folded: str) -> list[tuple[str, int, int]]:
        """Return the words of the synonym lists in a text with their places: disjoint, in order, phrases first."""
        found = self._segmenter.phrases(folded)
        for word, start, end in self._segmenter.words(folded):
            if word in self._segmenter.lexicon.canonical and not any(start < e and s < end for _, s, e in found):
                found.append((word, start, end))
        return sorted(found, key=lambda place: place[1])
