"""Encodes with any sentence-transformers model: for building, evaluating and training, not for serving.

torch and sentence-transformers are imported when a model is loaded (6-8 s, 350 MB), never by importing this module.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np

from bot.encoding.encoder import Encoding, Progress, Vectors, around, clean, normalise, own
from bot.errors import EncoderError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_LOCAL = "YIJU_MODEL=<本机的模型文件夹>,或去掉 YIJU_MODEL 改用内置模型"


class SentenceTransformerEncoder:
    """An ``Encoder`` over a sentence-transformers model, with the model's own prompts."""

    def __init__(self, model: str | Path, batch_size: int = 32) -> None:
        """Load ``model``: a folder, which is never looked up on the network, or a name on the Hugging Face hub.

        Raises:
            EncoderError: there is no such model, it cannot be reached, or it needs code of its own.
        """
        self.model: SentenceTransformer = _load(model)
        self.batch_size = batch_size
        self.name = Path(model).name if _is_path(model) else str(model)
        self.dimension = _dimension(self.model, self.name)
        self.max_tokens = _max_tokens(self.model)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Encode questions: float32 [n, dimension], L2-normalised."""
        return self._encode(self.model.encode_query, texts, None)

    def encode_passages(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        """Encode passages: float32 [n, dimension], L2-normalised, longest first (progress counts texts done)."""
        return self._encode(self.model.encode_document, texts, progress)

    def read_queries(self, texts: Sequence[str]) -> list[Encoding]:
        """Encode questions, their tokens too."""
        return self._read(self.model.encode_query, self.prompts()[0], texts, None)

    def read_passages(self, texts: Sequence[str], *, progress: Progress | None = None) -> list[Encoding]:
        """Encode passages, their tokens too (longest first; progress counts texts done)."""
        return self._read(self.model.encode_document, self.prompts()[1], texts, progress)

    def around(self, prompt: str) -> tuple[int, int]:
        """Return how many tokens stand before and after a text's own under a prompt."""
        return around(lambda text: self.model.tokenizer(text)["input_ids"], prompt)

    def prompts(self) -> tuple[str, str]:
        """Return what the model wants before a question and before a passage (each may be empty)."""
        prompts, default = self.model.prompts, self.model.default_prompt_name
        fallback = prompts.get(default) if default else ""
        document = next((key for key in ("document", "passage", "corpus") if key in prompts), None)
        return (prompts.get("query", fallback) or "", (prompts[document] if document else fallback) or "")

    def tokenizer_json(self) -> str:
        """Return the tokeniser as Hugging Face ``tokenizer.json``, without truncation or padding.

        Raises:
            EncoderError: the model has no fast tokeniser.
        """
        backend = getattr(self.model.tokenizer, "backend_tokenizer", None)
        if backend is None:
            raise EncoderError(
                f"模型 {self.name} 的分词器({type(self.model.tokenizer).__name__})没有 tokenizer.json 格式,"
                f"无法导出到 onnxruntime。请换用带 tokenizer.json(fast tokenizer)的模型。"
            )
        content = json.loads(backend.to_str())
        content["truncation"] = content["padding"] = None  # state of the last call, not part of the model
        return json.dumps(content, ensure_ascii=False)

    def content_hash(self) -> str:
        """Return a SHA-256 (hex) of everything that shapes a vector: weights, modules, tokeniser, prompts, length."""
        digest = hashlib.sha256()
        modules = [(type(module).__name__, _module_config(module)) for module in self.model]
        digest.update(json.dumps([modules, self.prompts(), self.max_tokens], sort_keys=True, default=str).encode())
        digest.update(self.tokenizer_json().encode())
        for name, tensor in sorted(self.model.state_dict().items()):
            values = tensor.detach().cpu().float().contiguous().numpy()
            digest.update(f"{name}{values.shape}".encode())
            digest.update(memoryview(values).cast("B"))
        return digest.hexdigest()

    def _encode(self, encode: Callable[..., Any], texts: Sequence[str], progress: Progress | None) -> Vectors:
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        cleaned = clean(texts)
        order = sorted(range(len(cleaned)), key=lambda place: -len(cleaned[place]))
        for start in range(0, len(order), self.batch_size):
            batch = order[start : start + self.batch_size]
            chunk = [cleaned[place] for place in batch]
            encoded = encode(chunk, batch_size=self.batch_size, show_progress_bar=False, convert_to_numpy=True)
            vectors[batch] = np.asarray(encoded, dtype=np.float32)
            if progress is not None:
                progress(start + len(batch))
        return normalise(vectors)

    def _read(
        self, encode: Callable[..., Any], prompt: str, texts: Sequence[str], progress: Progress | None
    ) -> list[Encoding]:
        before, after = self.around(prompt)
        cleaned = clean(texts)
        order = sorted(range(len(cleaned)), key=lambda place: -len(cleaned[place]))
        found: dict[int, Encoding] = {}
        for start in range(0, len(order), self.batch_size):
            batch = order[start : start + self.batch_size]
            chunk = [cleaned[place] for place in batch]
            rows = encode(chunk, batch_size=self.batch_size, show_progress_bar=False, output_value=None)
            for place, row in zip(batch, rows, strict=True):
                length = int(row["attention_mask"].sum()) if "attention_mask" in row else len(row["token_embeddings"])
                vector = normalise(row["sentence_embedding"].float().cpu().numpy()[None])[0]
                states = row["token_embeddings"].float().cpu().numpy()[:length]
                found[place] = Encoding(vector, own(states, before, after))
            if progress is not None:
                progress(start + len(batch))
        return [found[place] for place in range(len(cleaned))]


def _load(model: str | Path) -> SentenceTransformer:
    """Load from a folder, else from the hub's local cache, else from the hub."""
    local = _is_path(model)
    if local and not (Path(model) / "config.json").is_file() and not (Path(model) / "modules.json").is_file():
        raise EncoderError(
            f"{model} 不是 sentence-transformers 模型文件夹(不存在，或缺 modules.json / config.json)。请改正：{_LOCAL}。"
        )
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise EncoderError(f"缺少 sentence-transformers:{error}。请运行 pip install sentence-transformers") from error
    with _without_progress_bars():
        try:
            return SentenceTransformer(str(model), local_files_only=True)
        except Exception as error:  # whatever a foreign model's files provoke, the remedy is the same
            if local:
                raise EncoderError(
                    f"无法载入模型文件夹 {model}:{error}\n请检查文件是否完整，或改用 {_LOCAL}。"
                ) from error
        _check_hub(str(model))
        try:
            return SentenceTransformer(str(model))
        except Exception as error:
            raise EncoderError(
                f"无法从 Hugging Face 取得模型 {model}:{error}\n请检查名称和网络，或用 {_LOCAL}。"
            ) from error


def _is_path(model: str | Path) -> bool:
    """Tell a folder from a hub name (``name`` or ``owner/name``)."""
    text = str(model)
    return isinstance(model, Path) or Path(text).exists() or text.startswith((".", "/", "~")) or text.count("/") > 1


def _check_hub(model: str) -> None:
    """Fail at once where the hub's address cannot be resolved: the hub's client would retry for a minute."""
    if any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")):
        return
    host = urlsplit(os.environ.get("HF_ENDPOINT", "https://huggingface.co")).hostname or "huggingface.co"
    try:
        socket.getaddrinfo(host, 443)
    except OSError as error:
        raise EncoderError(
            f"本机没有模型 {model}，又连不上 {host}:{error}。请检查网络(或用 HF_ENDPOINT 指定镜像)，也可以用 {_LOCAL}。"
        ) from error


@contextmanager
def _without_progress_bars() -> Iterator[None]:
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _dimension(model: SentenceTransformer, name: str) -> int:
    dimension = model.get_embedding_dimension()
    if dimension is None:
        raise EncoderError(f"模型 {name} 没有说明向量维数，不能使用。请换一个 sentence-transformers 模型。")
    return int(dimension)


def _max_tokens(model: SentenceTransformer) -> int:
    """Return where the model cuts texts; without a limit of its own, 512."""
    return int(model.max_seq_length or 512)


def _module_config(module: Any) -> dict[str, Any]:
    """Return what configures a module besides its weights; the transformer's is in its weights and tokeniser."""
    keys = [key for key in getattr(module, "config_keys", ()) if type(module).__name__ != "Transformer"]
    return {key: getattr(module, key, None) for key in keys}
