"""The dense side: nearest vectors by inner product with FAISS."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import faiss
import numpy as np
from numpy.typing import NDArray

from bot.errors import IndexFormatError

_FAISS: Any = faiss  # its type stubs lack what its Python wrapper adds
FLAT_UP_TO = 50_000
_HNSW_LINKS = 32
_HNSW_SEARCH = 128
_HNSW_SEARCH_AMONG = 512  # wider where not every row counts


class DenseIndex(Protocol):
    """Finds the nearest rows of a matrix of unit vectors."""

    def search(self, query: NDArray[np.float32], count: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return up to ``count`` row numbers and their cosines, best first, for one query ``[d]``."""
        ...


class FaissIndex:
    """A FAISS index whose rows are units: texts of which several may belong to one passage."""

    def __init__(self, index: faiss.Index, parameters: Any = None) -> None:
        self._index = index
        self._parameters = parameters

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._index.d)

    def search(self, query: NDArray[np.float32], count: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return up to ``count`` row numbers and their cosines, best first, for one query ``[d]``."""
        if not len(self):  # a selection of nothing
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        scores, rows = self._index.search(query.reshape(1, -1), min(count, len(self)), params=self._parameters)
        found = rows[0] >= 0
        return rows[0][found], scores[0][found]

    def only(self, among: NDArray[np.bool_]) -> FaissIndex:
        """Return an index that finds some rows only (a mask ``[n]``), by the same numbers, out of the same memory.

        A graph finds a few rows among many badly and slowly, so those are copied and looked through one by one.
        """
        if not isinstance(faiss.downcast_index(self._index), faiss.IndexHNSW):
            return FaissIndex(self._index, _FAISS.SearchParameters(sel=_selector(among)))
        numbers = np.flatnonzero(among)
        if len(numbers) > FLAT_UP_TO:
            return FaissIndex(
                self._index, _FAISS.SearchParametersHNSW(sel=_selector(among), efSearch=_HNSW_SEARCH_AMONG)
            )
        few = faiss.IndexIDMap(faiss.IndexFlatIP(self.dimension))
        few.add_with_ids(self._index.reconstruct_batch(numbers), numbers)
        return FaissIndex(few)

    def rows(self) -> NDArray[np.float32]:
        """Return all vectors ``[n, d]`` (approximate where the index stores them quantised)."""
        return np.asarray(self._index.reconstruct_n(0, len(self)), dtype=np.float32)

    def some(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the vectors ``[n, d]`` of some rows."""
        return np.asarray(self._index.reconstruct_batch(np.ascontiguousarray(rows, dtype=np.int64)), dtype=np.float32)


def _selector(among: NDArray[np.bool_]) -> Any:
    return _FAISS.IDSelectorBitmap(np.packbits(among, bitorder="little"))


def build_dense(vectors: NDArray[np.float32]) -> FaissIndex:
    """Index unit vectors ``[n, d]``: exact up to 50,000 rows, HNSW over 8-bit vectors above."""
    rows = np.ascontiguousarray(vectors, dtype=np.float32)
    if len(rows) <= FLAT_UP_TO:
        index = faiss.index_factory(rows.shape[1], "Flat", faiss.METRIC_INNER_PRODUCT)
    else:
        index = faiss.index_factory(rows.shape[1], f"HNSW{_HNSW_LINKS},SQ8", faiss.METRIC_INNER_PRODUCT)
        graph: Any = faiss.downcast_index(index)
        graph.hnsw.efSearch = _HNSW_SEARCH
        index.train(rows)
    index.add(rows)
    return FaissIndex(index)


def save_dense(index: FaissIndex, path: Path) -> None:
    """Write the index to a file that any FAISS can read."""
    faiss.write_index(index._index, str(path))


def load_dense(path: Path) -> FaissIndex:
    """Read an index file.

    Raises:
        IndexFormatError: FAISS cannot read it.
    """
    try:
        return FaissIndex(faiss.read_index(str(path)))
    except RuntimeError as error:
        raise IndexFormatError(f"向量索引 {path} 已损坏。请重新建索引：python build_index.py") from error
