"""The clinic's word lists: terms that jieba must not split, and groups of words that mean the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from bot.errors import CorpusError
from bot.language.folding import fold
from bot.language.variants import simplify


@dataclass(frozen=True)
class Lexicon:
    """``terms`` holds jieba entries (word, frequency or 0); ``canonical`` maps a folded word to its group's first."""

    terms: tuple[tuple[str, int], ...] = ()
    canonical: dict[str, str] = field(default_factory=dict)
    groups: tuple[tuple[str, ...], ...] = ()

    def same(self, word: str) -> tuple[str, ...]:
        """Return all folded words of ``word``'s group, itself included (only itself outside any group)."""
        folded = simplify(fold(word))
        return self._members.get(self.canonical.get(folded, ""), (folded,))

    @cached_property
    def _members(self) -> dict[str, tuple[str, ...]]:
        members: dict[str, list[str]] = {}
        for name, preferred in self.canonical.items():
            members.setdefault(preferred, []).append(name)
        return {preferred: tuple(sorted(names)) for preferred, names in members.items()}


def _lines(path: Path) -> list[tuple[int, str]]:
    if not path.is_file():
        return []
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise CorpusError(f"{path}:不是 UTF-8 编码(第 {error.start} 字节)。请另存为 UTF-8。") from error
    numbered = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    return [(number, line) for number, line in numbered if line and not line.startswith("#")]


def _read_terms(path: Path) -> list[tuple[str, int]]:
    terms = []
    for number, line in _lines(path):
        parts = line.split()
        if len(parts) > 1 and not parts[1].isdigit():
            raise CorpusError(f"{path}:{number}:词频“{parts[1]}”不是数字。每行应为“词 词频 词性”，词频与词性可省。")
        terms.append((simplify(fold(parts[0])), int(parts[1]) if len(parts) > 1 else 0))
    return terms


def load_lexicon(folder: Path) -> Lexicon:
    """Read ``terms.txt`` and ``synonyms.txt`` of a lexicon folder; absent files are empty lists.

    Raises:
        CorpusError: a file is not UTF-8, or a line cannot be read (the message names it).
    """
    terms = _read_terms(folder / "terms.txt")
    canonical: dict[str, str] = {}
    groups = []
    for number, line in _lines(folder / "synonyms.txt"):
        words = tuple(dict.fromkeys(simplify(fold(word.replace("_", " "))) for word in line.split()))
        if len(words) < 2:
            raise CorpusError(f"{folder / 'synonyms.txt'}:{number}:一组同义词至少要有两个不同的词，以空格分开。")
        taken = [word for word in words if word in canonical]
        if taken:
            raise CorpusError(
                f"{folder / 'synonyms.txt'}:{number}:“{taken[0]}”已在别的组里。请把两组合并，或去掉一处。"
            )
        canonical.update(dict.fromkeys(words, words[0]))
        groups.append(words)
    known = {word for word, _ in terms}
    terms += [(word, 0) for word in canonical if word not in known and " " not in word]
    return Lexicon(tuple(terms), canonical, tuple(groups))
