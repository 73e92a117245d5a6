"""What a corpus is about: the words that name its topics, and the part of a title that does.

A heading such as "随访" or "什么时候要去医院？" is clear only under its title; one that names a topic stands alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from bot.language.folding import fold
from bot.language.segmentation import Segmenter, stopwords
from bot.records import Document

_SEEN = 3  # times that a corpus uses a word of its topics, at least
_TYPICAL = 25.0  # how many times more frequent than in everyday language such a word is, at least
_LONGEST = 8  # characters of a topic word that is looked for inside other words
_PART_LONGEST = 16  # characters of a title's part that can stand before a heading
_PARTS = re.compile("[:：?？!！—|｜，,]+|\\s+-\\s+")
_AMOUNT = re.compile("[0-9].*|[一两三四五六七八九十半每几数]+(?:[个周天年月次成类剂项节晚]|半年|小时|分钟|千克|分之.*)")
_QUOTED = re.compile('[“「『"]([^”」』"]{2,8})[”」』"]')
_KIND_OF_TEXT = re.compile("(?:(?:患者|病人|门诊)?(?:诊疗|就诊)?(?:须知|指南|手册)|的?(?:一问一答|问答|科普))$")
# A part of a title that talks, or that is a figure of speech, names no topic.
_TALKS = re.compile(
    "[了吗呢吧啊呀么别总“”\"'‘’「」…]|怎么|怎样|到底|为什么|如何|什么|哪些|[是能会要]不[是能会要]|有没有|这件事|那些|那点|希望|真相|秘密"
    "|^[从和与当让把]|^关于|不起来|个(疑问|问题)|一文|一张|聊|谈|前世今生|医生|室友|不等于|不是|欲裂"
)


@lru_cache(maxsize=1)
def general_words() -> frozenset[str]:
    """Return the words that name no topic, folded."""
    lines = (Path(__file__).parent / "general_words.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(fold(word) for line in lines if not line.startswith("#") for word in line.split())


class Topics:
    """The topic words of one corpus: used often there, rarely elsewhere."""

    def __init__(self, documents: Iterable[Document], segmenter: Segmenter) -> None:
        """Count the words of all bodies."""
        self._segmenter = segmenter
        self._of_document = {
            document.id: Counter(word for word, _, _ in segmenter.words(document.body)) for document in documents
        }
        self._counts: Counter[str] = Counter()
        for counts in self._of_document.values():
            self._counts.update(counts)
        everyday = segmenter.everyday()
        scale = (sum(everyday.values()) or 1) / (sum(self._counts.values()) or 1)
        terms = {word for word, _ in segmenter.lexicon.terms} | set(segmenter.lexicon.canonical)
        self._words = frozenset(
            word
            for word, count in self._counts.items()
            if _names_something(word)
            and (word in terms or (count >= _SEEN and count * scale >= _TYPICAL * everyday.get(word, 0)))
        )

    def named_in(self, text: str) -> list[str]:
        """Return the topic words in a text, also those inside longer words, and its quoted words that the corpus uses."""
        folded = fold(text)
        ends = range(2, _LONGEST + 1)
        found = dict.fromkeys(
            word for start in range(len(folded)) for end in ends if (word := folded[start : start + end]) in self._words
        )
        found.update(dict.fromkeys(word for word in _QUOTED.findall(folded) if self._counts[word] >= _SEEN))
        return list(found)

    def share(self, text: str, other: str) -> bool:
        """Tell whether two texts have a topic word in common."""
        folded, beside = fold(text), fold(other)
        return any(word in beside for word in self.named_in(text)) or any(
            word in folded for word in self.named_in(other)
        )

    def is_general(self, text: str) -> bool:
        """Tell whether a text says what kind of thing a section tells ("随访"), rather than playing with words."""
        folded = fold(text)
        return any(word in folded for word in general_words())

    def is_term(self, text: str) -> bool:
        """Tell whether a label is a name that the corpus uses again and again, not a remark made once."""
        folded = fold(text)
        return bool(self.named_in(text)) and (folded in self._words or self._often(folded))

    def _often(self, folded: str) -> bool:
        words = [word for word, _, _ in self._segmenter.words(folded)]
        return len(words) <= 3 and all(self._counts[word] >= _SEEN for word in words)

    def of_title(self, document: Document) -> str:
        """Return the part of a document's title that says what it is about (empty where no part plainly does)."""
        counts = self._of_document[document.id]
        best, most = "", 0.0
        for part in _PARTS.split(document.title):
            part = _KIND_OF_TEXT.sub("", part.strip()).strip()
            named = self.named_in(part)
            if not 2 <= len(part) <= _PART_LONGEST or not named or _TALKS.search(part):
                continue
            said = sum(counts[word] for word in named) / (4.0 if "、" in part else 1.0)  # a list is a table of contents
            if said > most:
                best, most = part, said
        return best


def _names_something(word: str) -> bool:
    return len(word) >= 2 and word not in stopwords() and word not in general_words() and not _AMOUNT.fullmatch(word)
