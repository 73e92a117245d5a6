"""The late-interaction side: a question's tokens against a passage's tokens, read from the disk where they lie.

Source: ColBERT, Khattab and Zaharia, SIGIR 2020 (arXiv:2004.12832). The token vectors come out of the same run of the
same encoder as the text's vector. They are kept at 8 bits with a scale for each (some 40 kB a passage of 150
characters), mapped, not loaded: only the candidates of a question are ever read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.errors import IndexFormatError

Floats = NDArray[np.float32]
_REBUILD = "请重新建索引：python build_index.py"


@dataclass(frozen=True, slots=True)
class Packed:
    """Token vectors at 8 bits: ``steps`` int8 [t, e], of which ``scales`` float32 [t] makes unit vectors again."""

    steps: NDArray[np.int8]
    scales: Floats


def pack(tokens: Floats) -> Packed:
    """Return unit vectors [t, e] at 8 bits."""
    scales = np.maximum(np.abs(tokens).max(axis=1), 1e-9).astype(np.float32) / np.float32(127)
    return Packed(np.rint(tokens / scales[:, None]).astype(np.int8), scales)


class TokenIndex:
    """The token vectors of all passages one after another; those of passage ``i`` begin at ``starts[i]``."""

    def __init__(self, packed: Packed, starts: NDArray[np.int64]) -> None:
        self._steps, self._scales, self._starts = packed.steps, packed.scales, starts

    def __len__(self) -> int:
        return len(self._starts) - 1

    @property
    def dimension(self) -> int:
        """The length of a token's vector."""
        return int(self._steps.shape[1])

    def best(self, question: Floats, numbers: Sequence[int]) -> Floats:
        """Return, for each token of a question and each passage, the best cosine with any of its tokens [t, m].

        Args:
            question: Unit vectors of the question's own tokens [t, e].
            numbers: The m passages by number.
        """
        places = [slice(self._starts[number], self._starts[number + 1]) for number in numbers]
        lengths = np.array([place.stop - place.start for place in places])
        stored = np.concatenate([self._steps[place] for place in places], dtype=np.float32)
        cosines = (question @ stored.T) * np.concatenate([self._scales[place] for place in places])
        return np.asarray(np.maximum.reduceat(cosines, np.cumsum(lengths) - lengths, axis=1), dtype=np.float32)

    def vectors(self, number: int) -> Floats:
        """Return the unit vectors of a passage's tokens [t, e]."""
        place = slice(self._starts[number], self._starts[number + 1])
        return np.asarray(self._steps[place] * self._scales[place, None], dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Write the index as ``.npy`` files into a new folder."""
        folder.mkdir()
        for name, values in (("steps", self._steps), ("scales", self._scales), ("starts", self._starts)):
            np.save(folder / f"{name}.npy", values, allow_pickle=False)


def build_tokens(passages: Sequence[Packed]) -> TokenIndex:
    """Put the token vectors of all passages together; each has at least one."""
    starts = np.concatenate([[0], np.cumsum([len(part.scales) for part in passages])]).astype(np.int64)
    steps, scales = (np.concatenate([getattr(part, name) for part in passages]) for name in ("steps", "scales"))
    return TokenIndex(Packed(steps, scales), starts)


def load_tokens(folder: Path) -> TokenIndex:
    """Open a folder written by :meth:`TokenIndex.save`; the token vectors stay on the disk.

    Raises:
        IndexFormatError: a file is missing, damaged, or does not fit the others.
    """
    try:
        steps = np.load(folder / "steps.npy", mmap_mode="r", allow_pickle=False)
        scales, starts = (np.load(folder / f"{name}.npy", allow_pickle=False) for name in ("scales", "starts"))
    except (OSError, ValueError) as error:
        raise IndexFormatError(f"词元索引 {folder} 缺失或已损坏。{_REBUILD}") from error
    fits = (
        steps.dtype == np.int8 and steps.ndim == 2 and scales.shape == (len(steps),) and starts.ndim == 1
        and len(starts) > 1 and starts[0] == 0 and starts[-1] == len(steps) and bool((np.diff(starts) > 0).all())
    )  # fmt: skip
    if not fits:
        raise IndexFormatError(f"词元索引 {folder} 的各部分对不上。{_REBUILD}")
    return TokenIndex(Packed(steps, scales), starts)
