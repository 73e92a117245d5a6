"""The lexical side: BM25 (Lucene's variant) with bm25s over jieba's tokens."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import bm25s  # type: ignore[import-untyped]
import numpy as np
from numpy.typing import NDArray

from bot.errors import IndexFormatError

logging.getLogger("bm25s").setLevel(logging.WARNING)  # its default is DEBUG


class LexicalIndex(Protocol):
    """Scores every text against a question's tokens."""

    def scores(self, tokens: Sequence[str]) -> NDArray[np.float32]:
        """Return one BM25 score a text ``[n]``; unknown tokens count nothing."""
        ...


class Bm25Index:
    """bm25s' sparse matrix, with the document frequencies that coverage needs."""

    def __init__(self, bm25: bm25s.BM25) -> None:
        self._bm25 = bm25
        self._vocabulary: dict[str, int] = bm25.vocab_dict
        self._indptr = np.asarray(bm25.scores["indptr"])
        self._indices = np.asarray(bm25.scores["indices"])
        self._size = int(bm25.scores["num_docs"])

    def __len__(self) -> int:
        return self._size

    def scores(self, tokens: Sequence[str]) -> NDArray[np.float32]:
        """Return one BM25 score a text ``[n]``; unknown tokens count nothing."""
        known = [self._vocabulary[token] for token in tokens if token in self._vocabulary]
        if not known:
            return np.zeros(self._size, dtype=np.float32)
        return np.asarray(self._bm25.get_scores_from_ids(known), dtype=np.float32)

    def idf(self, token: str) -> float:
        """Return ``ln(1 + (N - df + 0.5) / (df + 0.5))``, the weight of a token's rarity (highest where unknown)."""
        row = self._vocabulary.get(token)
        df = int(self._indptr[row + 1] - self._indptr[row]) if row is not None else 0
        return math.log1p((self._size - df + 0.5) / (df + 0.5))

    def holders(self, token: str) -> NDArray[np.int32]:
        """Return the numbers of the texts that hold a token, ascending."""
        row = self._vocabulary.get(token)
        if row is None:
            return np.empty(0, dtype=np.int32)
        return np.sort(self._indices[self._indptr[row] : self._indptr[row + 1]])

    def save(self, folder: Path) -> None:
        """Write the index as ``.npy`` and JSON files into a folder."""
        self._bm25.save(str(folder), show_progress=False)


def build_lexical(token_lists: Sequence[Sequence[str]]) -> Bm25Index:
    """Index texts that are already cut into tokens."""
    bm25 = bm25s.BM25(k1=1.2, b=0.75, method="lucene")
    bm25.index([list(tokens) for tokens in token_lists], show_progress=False)
    return Bm25Index(bm25)


def load_lexical(folder: Path) -> Bm25Index:
    """Read an index folder written by :meth:`Bm25Index.save`; never unpickles anything.

    Raises:
        IndexFormatError: a file is missing or unreadable.
    """
    try:
        return Bm25Index(bm25s.BM25.load(str(folder), allow_pickle=False, show_progress=False))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexFormatError(f"词汇索引 {folder} 已损坏。请重新建索引：python build_index.py") from error
