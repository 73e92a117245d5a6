"""Fixtures: the real article, the real model and a real index, built once a session; a fake encoder for unit tests."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from starlette.testclient import TestClient

from bot.encoding.encoder import Encoding
from bot.language.lexicon import Lexicon, load_lexicon
from bot.language.segmentation import Segmenter
from bot.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "corpus"
CACHE = Path(os.environ.get("YIJU_CACHE", ROOT / ".cache"))

for name in [name for name in os.environ if name.startswith("YIJU_") and name != "YIJU_CACHE"]:
    del os.environ[name]  # a developer's own settings must not decide what tests see
os.environ["YIJU_CONFIG"] = str(ROOT / "tests" / "data" / "empty.toml")


# A test's client stands on this machine, like any program without an origin that needs no key ("testclient" stands nowhere).
TestClient.__init__.__defaults__ = tuple(  # type: ignore[misc]
    ("127.0.0.1", 50000) if value == ("testclient", 50000) else value
    for value in TestClient.__init__.__defaults__ or ()
)


class HashEncoder:
    """A fake encoder: instant and deterministic; texts that share characters lie close together."""

    name = "hash"
    dimension = 64
    max_tokens = 512

    def _encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for character in text:
                row[int(hashlib.md5(character.encode("utf-8", "replace")).hexdigest(), 16) % self.dimension] += 1
            row /= max(float(np.linalg.norm(row)), 1e-9)
        return rows

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self._encode(texts)

    def encode_passages(self, texts: Sequence[str], *, progress: object = None) -> NDArray[np.float32]:
        return self._encode(texts)

    def read_queries(self, texts: Sequence[str]) -> list[Encoding]:
        return [Encoding(self._encode([text])[0], self._encode(list(text) or [" "])) for text in texts]

    def read_passages(self, texts: Sequence[str], *, progress: object = None) -> list[Encoding]:
        return self.read_queries(texts)


class SilentReport:
    """A build report that nobody reads."""

    def stage(self, text: str) -> None:
        pass

    @contextmanager
    def progress(self, text: str, total: int) -> Iterator[object]:
        yield lambda count: None


@pytest.fixture(scope="session")
def lexicon() -> Lexicon:
    return load_lexicon(CORPUS / "lexicon")


@pytest.fixture(scope="session")
def segmenter(lexicon: Lexicon) -> Segmenter:
    return Segmenter(lexicon, CACHE)


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The real article, indexed with the real model into a temporary folder."""
    from bot.retrieval.build import build_index

    folder = tmp_path_factory.mktemp("index")
    made = load_settings(
        corpus=CORPUS,
        index=folder / "index",
        cache=CACHE,
        rate_limit=0,
        journal_file=folder / "journal.sqlite3",
        secret_file=folder / "secret",
    )
    build_index(made, SilentReport())
    return made


@pytest.fixture(scope="session")
def dialogue(settings: Settings) -> Iterator[object]:
    from bot.dialogue.dialogue import open_dialogue
    from bot.journal.journal import open_journal

    opened = open_dialogue(settings, open_journal(settings))
    yield opened
    opened.close()


@pytest.fixture
def corpus_of(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Write texts into a fresh corpus folder: ``corpus_of({"a.md": "…"})`` returns the folder."""

    def write(files: dict[str, str | bytes]) -> Path:
        folder = tmp_path / "corpus"
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return folder

    return write
