"""The table that misspelt and pinyin questions are read with: what the corpus's words sound like.

Made when an index is built (pypinyin knows the readings), stored as JSON in the build, read without pypinyin.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from bot.errors import IndexFormatError
from bot.language.folding import fold
from bot.language.segmentation import Segmenter

FORMAT = "yiju-spellings 1"
COMMON_WORDS = 30_000  # of jieba's dictionary, for the everyday words around a term
_HAN = re.compile("[\u4e00-\u9fff]+")
_LONGEST = 8  # characters of a word
_CORPUS_SHARE = 0.5  # of a pinyin question's words, how many are taken to be the corpus's own

Syllables = tuple[str, ...]


@dataclass(frozen=True)
class Spellings:
    """What the words of a corpus sound like.

    ``readings``: character -> syllables; ``words``: word -> (reading, weight in the corpus, everyday frequency), where a
    word that only the lexicon has weighs 1; ``used``: how often the corpus itself uses each name of the synonym lists.
    """

    readings: Mapping[str, tuple[str, ...]]
    words: Mapping[str, tuple[Syllables, int, int]]
    used: Mapping[str, int]

    @cached_property
    def own(self) -> frozenset[str]:
        """The words of the corpus and its lexicon: corrections lead only to these."""
        return frozenset(word for word, (_, count, _) in self.words.items() if count > 0)

    @cached_property
    def by_letters(self) -> dict[str, list[tuple[str, Syllables, float]]]:
        """Words by their pinyin without spaces, with the logarithm of their probability, likeliest first."""
        own = sum(count for _, count, _ in self.words.values()) or 1
        common = sum(frequency for _, _, frequency in self.words.values()) or 1
        inside = Counter(character for word, (_, count, _) in self.words.items() if count for character in word)
        found: dict[str, list[tuple[str, Syllables, float]]] = {}
        for word, (reading, count, frequency) in self.words.items():
            weight = count or (inside[word] / 2 if len(word) == 1 else 0)  # "治" is likely where "治疗" is
            chance = _CORPUS_SHARE * weight / own + (1 - _CORPUS_SHARE) * frequency / common
            if chance > 0:
                found.setdefault("".join(reading), []).append((word, reading, math.log(chance)))
        return {letters: sorted(entries, key=lambda entry: -entry[2])[:3] for letters, entries in found.items()}

    @cached_property
    def by_sound(self) -> dict[Syllables, list[str]]:
        """The corpus's words of two and more characters by their blurred reading, the most frequent first."""
        found: dict[Syllables, list[str]] = {}
        for word in sorted(self.own, key=lambda word: -self.words[word][1]):
            if len(word) > 1:
                found.setdefault(blur(self.words[word][0]), []).append(word)
        return found

    def sounds(self, text: str) -> list[Syllables]:
        """Return the blurred readings of a text (several where a character has several), none with unread characters."""
        options: list[Syllables] = [()]
        for character in text:
            syllables = dict.fromkeys(blur(self.readings.get(character, ())))
            options = [(*option, syllable) for option in options for syllable in syllables][:16]
        return options

    def save(self, path: Path) -> None:
        """Write the table as JSON."""
        words = [[word, " ".join(reading), count, common] for word, (reading, count, common) in self.words.items()]
        readings = {character: " ".join(syllables) for character, syllables in self.readings.items()}
        content = {"format": FORMAT, "readings": readings, "words": words, "used": dict(self.used)}
        path.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def blur(syllables: Iterable[str]) -> Syllables:
    """Return syllables with what many speakers do not tell apart made equal: zh/z, ch/c, sh/s, -ng/-n, l/n."""
    return tuple(
        re.sub("^l", "n", re.sub("^([zcs])h", r"\1", re.sub("([aei])ng$", r"\1n", syllable))) for syllable in syllables
    )


def make_spellings(texts: Iterable[str], segmenter: Segmenter) -> Spellings:
    """Read aloud the corpus's and lexicon's words and the most frequent everyday ones (needs pypinyin: build time only).

    Args:
        texts: What is indexed.
        segmenter: With the corpus's lexicon.
    """
    from pypinyin import Style, lazy_pinyin, pinyin

    lexicon, everyday = segmenter.lexicon, segmenter.everyday()
    words: Counter[str] = Counter()
    used: Counter[str] = Counter()
    for text in texts:
        cut = [word for word, _, _ in segmenter.words(text)]
        words.update(cut)
        used.update(word for word in cut if word in lexicon.canonical)
        used.update(name for name, _, _ in segmenter.phrases(fold(text)))
    words.update([*lexicon.canonical, *(word for word, _ in lexicon.terms)])
    frequent = dict(Counter({w: f for w, f in everyday.items() if _fits(w)}).most_common(COMMON_WORDS))
    chosen = dict.fromkeys([*(word for word in words if _fits(word)), *frequent])
    table = {w: (tuple(lazy_pinyin(w, v_to_u=False)), words.get(w, 0), everyday.get(w, 0)) for w in chosen}
    characters = sorted({character for word in (*everyday, *words) for character in word if _HAN.fullmatch(character)})
    readings = {c: tuple(dict.fromkeys(pinyin(c, style=Style.NORMAL, heteronym=True)[0])) for c in characters}
    return Spellings(readings, table, dict(used))


def _fits(word: str) -> bool:
    return 0 < len(word) <= _LONGEST and _HAN.fullmatch(word) is not None


def load_spellings(path: Path) -> Spellings:
    """Read a table written by :meth:`Spellings.save`.

    Raises:
        IndexFormatError: the file is missing, damaged or of another format.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError(content["format"])
        readings = {character: tuple(text.split()) for character, text in content["readings"].items()}
        words = {word: (tuple(text.split()), int(own), int(rest)) for word, text, own, rest in content["words"]}
        used = {str(name): int(count) for name, count in content["used"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise IndexFormatError(f"拼写表 {path} 缺失或已损坏。请重新建索引：python build_index.py") from error
    return Spellings(readings, words, used)
