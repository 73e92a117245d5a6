"""Keep embeddings by the hash of their text, so that a rebuild encodes only what changed."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.encoding.encoder import Encoding
from bot.retrieval.late import Packed, pack
from bot.retrieval.store import write_atomically

_CHUNK = 1024


def text_key(text: str) -> bytes:
    """Return the SHA-256 of a text, 32 bytes."""
    return hashlib.sha256(text.encode("utf-8")).digest()


class EmbeddingCache:
    """Vectors by text hash, for one model, and for whole passages their tokens' vectors too, in a file beside."""

    def __init__(self, path: Path, dimension: int | None = None) -> None:
        """Open the cache; an unreadable or foreign file counts as empty (it only saves time)."""
        self._path = path
        self._token_path = path.with_name(f"tokens-{path.name}")
        self._tokens = _load_tokens(self._token_path)
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

    def unread(self, texts: Sequence[str]) -> list[str]:
        """Return the distinct texts whose tokens have no vectors yet, in order."""
        return [text for text in dict.fromkeys(texts) if text_key(text) not in self._tokens]

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

    def read(
        self, texts: Sequence[str], read: Callable[[Sequence[str]], list[Encoding]], done: Callable[[int], None]
    ) -> int:
        """Encode the texts whose tokens are missing: both their vector and their tokens'. Like :meth:`fill`."""
        unread = self.unread(texts)
        for start in range(0, len(unread), _CHUNK):
            chunk = unread[start : start + _CHUNK]
            for text, encoding in zip(chunk, read(chunk), strict=True):
                self._vectors[text_key(text)] = encoding.vector
                self._tokens[text_key(text)] = pack(encoding.tokens)
            done(len(chunk))
            if start + _CHUNK < len(unread):
                self._save()
        return len(unread)

    def tokens(self, texts: Sequence[str]) -> list[Packed]:
        """Return the token vectors of each text; all must be there."""
        return [self._tokens[text_key(text)] for text in texts]

    def matrix(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors of ``texts`` as rows ``[n, d]``; all must be there."""
        return np.stack([self._vectors[text_key(text)] for text in texts])

    def keep_only(self, texts: Sequence[str]) -> None:
        """Forget what no text uses any more, and write the file."""
        wanted = {text_key(text) for text in texts}
        self._vectors = {key: row for key, row in self._vectors.items() if key in wanted}
        self._tokens = {key: packed for key, packed in self._tokens.items() if key in wanted}
        self._save()

    def _save(self) -> None:
        if not self._vectors:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        _write(self._path, self._vectors, vectors=np.stack(list(self._vectors.values())))
        if self._tokens:
            parts = list(self._tokens.values())
            _write(
                self._token_path,
                self._tokens,
                lengths=np.array([len(part.scales) for part in parts], dtype=np.int64),
                steps=np.concatenate([part.steps for part in parts]),
                scales=np.concatenate([part.scales for part in parts]),
            )


def _write(path: Path, keyed: Mapping[bytes, object], **arrays: NDArray[Any]) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, keys=np.frombuffer(b"".join(keyed), dtype=np.uint8).reshape(-1, 32), **arrays)  # type: ignore[arg-type]
    write_atomically(path, buffer.getvalue())


def _load_tokens(path: Path) -> dict[bytes, Packed]:
    try:
        with np.load(path, allow_pickle=False) as stored:
            keys, lengths, steps, scales = (stored[name] for name in ("keys", "lengths", "steps", "scales"))
        fits = keys.dtype == np.uint8 and steps.dtype == np.int8 and lengths.sum() == len(steps) == len(scales)
        if not fits or len(keys) != len(lengths):
            return {}
    except (OSError, ValueError, KeyError, EOFError):
        return {}
    ends = np.cumsum(lengths)
    slices = [slice(end - length, end) for end, length in zip(ends.tolist(), lengths.tolist(), strict=True)]
    return {bytes(key): Packed(steps[part], scales[part]) for key, part in zip(keys, slices, strict=True)}
