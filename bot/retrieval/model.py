"""The build's view of the encoding model: encode with it, make its serving form once, know how far the two agree."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bot.encoding.encoder import Agreement, Encoding, agreement
from bot.encoding.onnx_encoder import OnnxEncoder
from bot.encoding.unpacking import file_sha256
from bot.errors import EncoderError, IndexFormatError
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.encoding.torch_encoder import SentenceTransformerEncoder

_SAMPLE = 48


def _folder_key(folder: Path) -> str:
    """Hash a model folder: every file's name and content."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()}\n{file_sha256(path)}\n".encode())
    return digest.hexdigest()


class Model:
    """One model for one build. torch is imported only if something must be encoded or exported."""

    def __init__(self, source: str, name: str, settings: Settings) -> None:
        self._source = source
        self._name = name
        self._settings = settings
        self._loaded: SentenceTransformerEncoder | None = None
        self._agreement: Agreement | None = None
        self.key = _folder_key(Path(source)) if Path(source).is_dir() else self._encoder().content_hash()
        self._serving = settings.cache / "serving" / self.key[:16]

    def _encoder(self) -> SentenceTransformerEncoder:
        if self._loaded is None:
            from bot.encoding.torch_encoder import SentenceTransformerEncoder

            self._loaded = SentenceTransformerEncoder(self._source, batch_size=self._settings.batch_size)
        return self._loaded

    def encode_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode passages with the original model: unit vectors ``[n, d]``."""
        return self._encoder().encode_passages(texts)

    def read_passages(self, texts: Sequence[str]) -> list[Encoding]:
        """Encode passages with the original model, their tokens too."""
        return self._encoder().read_passages(texts)

    def _open_serving(self) -> OnnxEncoder | None:
        try:
            return OnnxEncoder(self._serving)
        except (IndexFormatError, EncoderError):
            return None

    def ensure_serving(self, texts: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Export the int8 form unless it is there, and measure on the corpus how far it agrees with the original.

        Args:
            texts: What was encoded; up to 48 of them, evenly spread, are encoded again with the exported form.
            vectors: The original's vectors of ``texts``, ``[n, d]``.
        """
        served = self._open_serving()
        if served is None:
            shutil.rmtree(self._serving, ignore_errors=True)  # absent, damaged or of an older form
            from bot.encoding.onnx_export import export

            temporary = self._serving.with_name(f".{self._serving.name}.{uuid.uuid4().hex[:8]}")
            try:
                export(self._encoder(), temporary)
                os.replace(temporary, self._serving)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
        chosen = np.unique(np.linspace(0, len(texts) - 1, min(_SAMPLE, len(texts))).astype(int))
        digest = hashlib.sha256(b"".join(texts[i].encode() + b"\0" for i in chosen)).hexdigest()
        kept = self._serving / "agreement.json"
        try:
            stored = json.loads(kept.read_text("utf-8"))
            if stored.pop("sample") == digest:
                self._agreement = Agreement(**stored)
                return
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            pass
        served = served or OnnxEncoder(self._serving)
        self._agreement = agreement(vectors[chosen], served.encode_passages([texts[i] for i in chosen]))
        kept.write_text(json.dumps({**asdict(self._agreement), "sample": digest}, indent=2), encoding="utf-8")

    def copy_serving_files(self, target: Path) -> None:
        """Put the serving form into a build: hard links where the disk allows it, else copies."""
        target.mkdir()
        for path in sorted(self._serving.iterdir()):
            if path.name == "agreement.json":
                continue
            try:
                os.link(path, target / path.name)
            except OSError:
                shutil.copyfile(path, target / path.name)

    def describe(self) -> dict[str, Any]:
        """Return what the manifest says of the model; ``serving`` is the fallback where agreement is too low."""
        if self._agreement is None:
            raise EncoderError("还没有比对 int8 模型与原模型。这是程序的缺陷，请报告。")
        good = self._agreement.mean_cosine >= self._settings.agreement_floor
        return {
            "name": self._name,
            "model": self._source,
            "sha256": self.key,
            "serving": "onnx" if good else "sentence-transformers",
            "agreement": asdict(self._agreement),
        }


def open_model(settings: Settings) -> Model:
    """Return the model that ``YIJU_MODEL`` names; ``default`` is the one that comes with the project, ``base`` the
    untrained one that it was made from; both are unpacked once.

    Raises:
        EncoderError: it cannot be had, or what building needs is not installed.
    """
    if settings.model in ("default", "base"):
        try:  # only here: a machine that serves has not all that building needs
            from bot.encoding.base_model import base_model
            from bot.encoding.default_model import default_model
        except ModuleNotFoundError as error:
            raise EncoderError(
                f"这里没有装建索引所需的依赖(缺少 {error.name})。请运行 python3 deploy/setup_env.py build,"
                "或在另一台机器上建好，把 index/ 里的构建文件夹拷过来。"
            ) from error
        folder = (default_model if settings.model == "default" else base_model)(settings.cache)
        return Model(str(folder), folder.name, settings)
    path = Path(settings.model).expanduser()
    return Model(str(path.resolve()) if path.is_dir() else settings.model, settings.model, settings)
