"""Cut Chinese text into words with jieba and the clinic's lexicon, and name synonyms by one word.

One :class:`Segmenter` belongs to one corpus: its dictionary is private, so two clinics in one process never mix.
"""

from __future__ import annotations

import logging
import re
from functools import lru_cache
from pathlib import Path

import jieba  # type: ignore[import-untyped]

from bot.language.folding import fold
from bot.language.lexicon import Lexicon

jieba.setLogLevel(logging.WARNING)

_WORD = re.compile(r"[0-9a-z\u00c0-\u024f\u0370-\u03ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
_DEFAULT_STRENGTH = 30_000


@lru_cache(maxsize=1)
def stopwords() -> frozenset[str]:
    """Return the words that carry a question's grammar, folded."""
    text = (Path(__file__).parent / "stopwords.txt").read_text(encoding="utf-8")
    return frozenset(fold(line.strip()) for line in text.splitlines() if line.strip() and not line.startswith("#"))


class Segmenter:
    """jieba with a lexicon: tokens for BM25, terms with places for highlights."""

    def __init__(self, lexicon: Lexicon, cache: Path) -> None:
        """Load the dictionaries at once (about half a second), never at the first question.

        Args:
            lexicon: The corpus's own terms and synonyms.
            cache: A private folder for jieba's cache, which jieba reads back with ``marshal``.
        """
        self.lexicon = lexicon
        self._jieba = jieba.Tokenizer()
        try:
            cache.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._jieba.tmp_dir = str(cache)
        except OSError:  # a read-only machine only loses the cache
            pass
        self._jieba.cache_file = "jieba-main.cache"
        self._jieba.initialize()
        self._ordinary = {word: self._jieba.FREQ.get(word) for word, _ in lexicon.terms}
        for word, frequency in lexicon.terms:
            self._jieba.add_word(word, frequency or _DEFAULT_STRENGTH)
        phrases = sorted((word for word in lexicon.canonical if " " in word), key=len, reverse=True)
        self._phrases = re.compile("|".join(map(re.escape, phrases))) if phrases else None

    def words(self, text: str) -> list[tuple[str, int, int]]:
        """Cut into whole words: ``(folded word, start, end)``, punctuation left out, offsets into ``text``."""
        folded = fold(text)
        found = []
        position = 0
        for word in self._jieba.cut(folded, HMM=False):
            if _WORD.search(word):
                found.append((word, position, position + len(word)))
            position += len(word)
        return found

    def tokens(self, text: str) -> list[str]:
        """Cut into search-mode tokens for BM25: words, their sub-words and each synonym group's first word."""
        folded = fold(text)
        tokens: list[str] = []
        canonical = self.lexicon.canonical
        for word in self._jieba.cut_for_search(folded, HMM=False):
            if not _WORD.search(word):
                continue
            tokens.append(word)
            preferred = canonical.get(word)
            if preferred is not None and preferred != word:
                tokens.append(preferred)
        if self._phrases is not None:
            tokens.extend(canonical[match] for match in self._phrases.findall(folded))
        return tokens

    def phrases(self, folded: str) -> list[tuple[str, int, int]]:
        """Return the lexicon's phrases (names with spaces) in a folded text with their places."""
        if self._phrases is None:
            return []
        return [(match.group(), match.start(), match.end()) for match in self._phrases.finditer(folded)]

    def everyday(self) -> dict[str, int]:
        """Return the words of jieba's own dictionary with their frequencies, the lexicon's terms as they were in it."""
        known = {word: frequency for word, frequency in self._jieba.FREQ.items() if frequency}
        for word, frequency in self._ordinary.items():
            known.pop(word, None)
            if frequency:
                known[word] = frequency
        return known

    def boundaries(self, text: str) -> set[int]:
        """Return the offsets at which a word ends: a text may be cut there and nowhere else."""
        ends = set()
        position = 0
        for word in self._jieba.cut(fold(text), HMM=False):
            position += len(word)
            ends.add(position)
        return ends
