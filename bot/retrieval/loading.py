"""Load a build into memory, checked, ready to search. Serving needs no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from bot.encoding.encoder import Encoder
from bot.encoding.onnx_encoder import OnnxEncoder
from bot.errors import EncoderError, IndexFormatError
from bot.language.lexicon import load_lexicon
from bot.language.segmentation import Segmenter
from bot.language.spellings import load_spellings
from bot.retrieval.dense import load_dense
from bot.retrieval.late import load_tokens
from bot.retrieval.lexical import load_lexical
from bot.retrieval.rows import read_documents, read_passages, read_questions
from bot.retrieval.search import LoadedIndex
from bot.retrieval.store import read_manifest


def load_encoder(folder: Path, manifest: dict[str, Any], threads: int) -> Encoder:
    """Return the encoder that a build says to serve with: int8 ONNX, or the original where they disagree too much.

    Raises:
        EncoderError: it cannot be loaded.
    """
    encoder = manifest.get("encoder")
    if not isinstance(encoder, dict) or encoder.get("serving") not in ("onnx", "sentence-transformers"):
        raise IndexFormatError(f"{folder / 'manifest.json'} 没有说明用哪个编码器。请重新建索引：python build_index.py")
    if encoder["serving"] == "onnx":
        return OnnxEncoder(folder / "encoder", threads=threads)
    from bot.encoding.torch_encoder import SentenceTransformerEncoder  # seconds and 350 MB: only where it must be

    return SentenceTransformerEncoder(encoder["model"])


def load_build(folder: Path, cache: Path, threads: int = 0, segmenter: Segmenter | None = None) -> LoadedIndex:
    """Load one build folder.

    Args:
        folder: The build.
        cache: A private folder for jieba's cache.
        threads: How many threads encode one question; 0 lets the encoder choose.
        segmenter: One that was made from the same lexicon, where the caller has it already.

    Raises:
        IndexFormatError: the build is damaged, of another format, or its parts do not fit together.
    """
    manifest = read_manifest(folder)
    documents = read_documents(folder / "documents.jsonl")
    passages = read_passages(folder / "passages.jsonl")
    questions = read_questions(folder / "questions.jsonl")
    dense = load_dense(folder / "vectors.faiss")
    lexical = load_lexical(folder / "lexical")
    tokens = load_tokens(folder / "tokens")
    spellings = load_spellings(folder / "spellings.json")
    try:
        units = np.load(folder / "units.npy", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise IndexFormatError(f"{folder / 'units.npy'} 缺失或已损坏。请重新建索引：python build_index.py") from error
    count = len(passages)
    fits = len(units) == len(dense) and len(lexical) == len(tokens) == count and units.max(initial=-1) < count
    named = {passage.id for passage in passages}
    fits = fits and all(question.passage_id in named for question in questions)
    if not fits or any(passage.document_id not in documents for passage in passages):
        raise IndexFormatError(f"索引 {folder} 的各部分对不上。请重新建索引：python build_index.py")
    try:
        encoder = load_encoder(folder, manifest, threads)
    except EncoderError as error:
        raise IndexFormatError(f"索引里的编码器不能用：{error}") from error
    if encoder.dimension != dense.dimension:
        raise IndexFormatError(f"索引的向量是 {dense.dimension} 维，编码器是 {encoder.dimension} 维。请重新建索引。")
    segmenter = segmenter or Segmenter(load_lexicon(folder / "lexicon"), cache)
    return LoadedIndex(
        folder, manifest, documents, passages, units, dense, lexical, tokens, spellings, segmenter, encoder, questions
    )
