"""Encodes with an exported int8 graph on onnxruntime: for serving, without torch or transformers."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bot.encoding.encoder import Encoding, Progress, Vectors, clean, normalise, own
from bot.encoding.unigram import UnigramTokenizer
from bot.encoding.unpacking import file_sha256
from bot.errors import EncoderError, IndexFormatError

if TYPE_CHECKING:
    import onnxruntime

FORMAT = "yiju-encoder 4"
MANIFEST, MODEL, WEIGHTS = "encoder.json", "model.onnx", "model.weights"
TOKENIZER, PIECES = "tokenizer.json", "tokenizer.pieces"
HASHES = {MODEL: "model_sha256", WEIGHTS: "weights_sha256", TOKENIZER: "tokenizer_sha256", PIECES: "pieces_sha256"}
INPUTS = ("input_ids", "attention_mask", "token_type_ids")

_REBUILD = "请重新运行 python build_index.py 生成索引。"


class OnnxEncoder:
    """An ``Encoder`` over a folder written by ``onnx_export.export``; may be used from many threads at once."""

    def __init__(self, folder: Path, threads: int = 0) -> None:
        """Load and check ``folder``; ``threads`` per text, 0 for one a core but at most 4.

        Raises:
            IndexFormatError: a file is missing, damaged or of another format.
            EncoderError: onnxruntime cannot run the graph.
        """
        manifest = _read_manifest(folder)
        self.name = str(manifest["name"])
        self.dimension = int(manifest["dimension"])
        self.max_tokens = int(manifest["max_tokens"])
        self._query = str(manifest["prompts"]["query"])
        self._passage = str(manifest["prompts"]["passage"])
        self._around = {side: (int(n[0]), int(n[1])) for side, n in manifest["own_tokens"].items()}
        self._ids = _load_tokenizer(folder, manifest, self.max_tokens)
        self._session = _load_session(folder / MODEL, threads)
        self._inputs = [entry.name for entry in self._session.get_inputs()]

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Encode questions: float32 [n, dimension], L2-normalised."""
        return self._encode(self._query, texts, None)

    def encode_passages(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        """Encode passages: float32 [n, dimension], L2-normalised; texts beyond ``max_tokens`` are cut."""
        return self._encode(self._passage, texts, progress)

    def read_queries(self, texts: Sequence[str]) -> list[Encoding]:
        """Encode questions, their tokens too."""
        return [self._read(self._query, "query", text) for text in clean(texts)]

    def read_passages(self, texts: Sequence[str], *, progress: Progress | None = None) -> list[Encoding]:
        """Encode passages, their tokens too."""
        found = []
        for text in clean(texts):
            found.append(self._read(self._passage, "passage", text))
            if progress is not None:
                progress(len(found))
        return found

    def _read(self, prompt: str, side: str, text: str) -> Encoding:
        ids = self._ids(prompt + text)
        vector, states = self._session.run(["embedding", "tokens"], self._feeds(ids))
        return Encoding(normalise(vector)[0], own(states[0], *self._around[side]))

    def _encode(self, prompt: str, texts: Sequence[str], progress: Progress | None) -> Vectors:
        """Encode one text after another.

        Not in batches: int8 products have one scale for their whole input, so a text's vector would depend on its
        neighbours', and on a CPU batches are slower besides (26 passages a second singly, 14 in eights).
        """
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(clean(texts)):
            vectors[row] = self._run(self._ids(prompt + text))
            if progress is not None:
                progress(row + 1)
        return normalise(vectors)

    def _run(self, ids: list[int]) -> Vectors:
        """Return one vector [dimension]."""
        return np.asarray(self._session.run(["embedding"], self._feeds(ids))[0][0], dtype=np.float32)

    def _feeds(self, ids: list[int]) -> dict[str, Any]:
        row = np.array([ids], dtype=np.int64)
        feeds = dict(zip(INPUTS, (row, np.ones_like(row), np.zeros_like(row)), strict=True))
        return {name: feeds[name] for name in self._inputs}


def _read_manifest(folder: Path) -> dict[str, Any]:
    """Read ``encoder.json`` and check the format and the hashes of the other files."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise IndexFormatError(f"读不到编码模型说明 {folder / MANIFEST}:{error}。{_REBUILD}") from error
    found = manifest.get("format") if isinstance(manifest, dict) else None
    if found != FORMAT:
        raise IndexFormatError(f"{folder / MANIFEST} 的格式是 {found!r}，本程序只认 {FORMAT!r}。{_REBUILD}")
    missing = {"name", "dimension", "max_tokens", "prompts", "own_tokens", "model_sha256", "tokenizer_sha256"} - set(
        manifest
    )
    if missing:
        raise IndexFormatError(f"{folder / MANIFEST} 缺少 {'、'.join(sorted(missing))}。{_REBUILD}")
    for name, key in HASHES.items():
        if key not in manifest:  # only Unigram tokenisers have their pieces in a file of their own
            continue
        expected = manifest[key]
        try:
            actual = file_sha256(folder / name)
        except OSError as error:
            raise IndexFormatError(f"读不到编码模型文件 {folder / name}:{error}。{_REBUILD}") from error
        if actual != expected:
            raise IndexFormatError(f"{folder / name} 已损坏：SHA-256 应为 {expected}，实为 {actual}。{_REBUILD}")
    return dict(manifest)


def _load_tokenizer(folder: Path, manifest: dict[str, Any], max_tokens: int) -> Callable[[str], list[int]]:
    """Return what turns a text into ids."""
    path = folder / TOKENIZER
    # Its own thread pool is of no use for single questions, and warns when a process forks.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from tokenizers import Tokenizer

    try:
        if "pieces_sha256" in manifest:
            before, after = ([int(i) for i in manifest["around"][side]] for side in ("before", "after"))
            return UnigramTokenizer(path, folder / PIECES, before, after, max_tokens).ids
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises plain Exception
        raise EncoderError(f"无法载入分词器 {path}:{error}。请升级 tokenizers，或重新生成索引。") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    return lambda text: list(tokenizer.encode(text).ids)


def _load_session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or min(os.cpu_count() or 1, 4)
    options.inter_op_num_threads = 1
    # Spinning between operators saves 1 ms on an idle machine, but doubles the time of every question as soon as
    # anything else (another question, jieba, the web server) wants the core that is spun on.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own errors have no common base
        raise EncoderError(f"onnxruntime 无法载入 {path}:{error}。请升级 onnxruntime，或重新生成索引。") from error
