"""Keep embeddings by the hash of their text, so that a rebuild encodes only what changed."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.retrieval.store import write_atomically

_CHUNK = 1024


def text_key(text: str) -> bytes:
    """Return the SHA-256 of a text, 32 bytes."""
    return hashlib.sha256(text.encode("utf-8")).digest()


class EmbeddingCache:
    """A file of vectors by text hash, for one model."""

    def __init__(self, path: Path, dimension: int | None = None) -> None:
        """Open the cache; an unreadable or foreign file counts as empty (it only saves time)."""
        self._path = path
        self._vectors: dict[bytes, NDArray[np.float32]] = {}
        try:
            with np.load(path, allow_pickle=False) as stored:
                keys, vectors = stored["keys"], stored["vectors"]
            if keys.dtype == np.uint8 and vectors.dtype == np.float32 and len(keys) == len(vectors):
                self._vectors = {bytes(key): row for key, row in zip(keys, vectors, strict=True)}
        except (OSError, ValueError, KeyError, EOFError):
            pass
        if dimension is not None and any(row.shape != (dimension,) for row in self._vectors.values()):
            self._vectors = {}

    def missing(self, texts: Sequence[str]) -> list[str]:
        """Return the distinct texts that have no vector yet, in order."""
        return [text for text in dict.fromkeys(texts) if text_key(text) not in self._vectors]

    def fill(
        self, texts: Sequence[str], encode: Callable[[Sequence[str]], NDArray[np.float32]], done: Callable[[int], None]
    ) -> int:
        """Encode what is missing, saving after each thousand so that a killed build loses little.

        Args:
            texts: All texts of the build.
            encode: Gives unit vectors ``[n, d]``.
            done: Is told how many texts were encoded since it was last called.

        Returns:
            How many were encoded.
        """
        missing = self.missing(texts)
        for start in range(0, len(missing), _CHUNK):
            chunk = missing[start : start + _CHUNK]
            for text, row in zip(chunk, encode(chunk), strict=True):
                self._vectors[text_key(text)] = row
            done(len(chunk))
            if start + _CHUNK < len(missing):
                self._save()
        return len(missing)

    def matrix(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors of ``texts`` as rows ``[n, d]``; all must be there."""
        return np.stack([self._vectors[text_key(text)] for text in texts])

    def keep_only(self, texts: Sequence[str]) -> None:
        """Forget what no text uses any more, and write the file."""
        wanted = {text_key(text) for text in texts}
        self._vectors = {key: row for key, row in self._vectors.items() if key in wanted}
        self._save()

    def _save(self) -> None:
        if not self._vectors:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        keys = np.frombuffer(b"".join(self._vectors), dtype=np.uint8).reshape(-1, 32)
        buffer = io.BytesIO()
        np.savez(buffer, keys=keys, vectors=np.stack(list(self._vectors.values())))
        write_atomically(self._path, buffer.getvalue())
