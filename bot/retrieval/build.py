"""Build an index from a corpus: read, cut, encode, index, check, switch. Fails or is killed without a trace."""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from bot.corpus.check import Finding, check_corpus
from bot.corpus.passages import Limits, cut_document
from bot.corpus.reader import read_corpus, sha256_text
from bot.errors import CorpusError, EncoderError, IndexFormatError
from bot.language.lexicon import load_lexicon
from bot.language.segmentation import Segmenter
from bot.language.spellings import make_spellings
from bot.records import Document, Passage
from bot.retrieval.dense import build_dense, save_dense
from bot.retrieval.embeddings import EmbeddingCache
from bot.retrieval.late import TokenIndex, build_tokens
from bot.retrieval.lexical import build_lexical
from bot.retrieval.loading import load_build, load_encoder
from bot.retrieval.model import Model, open_model
from bot.retrieval.questions import known_questions
from bot.retrieval.rows import write_rows
from bot.retrieval.search import LoadedIndex, open_searcher
from bot.retrieval.settle import measure, thresholds
from bot.retrieval.store import add_to_manifest, build_lock, current_build, new_build, read_manifest, write_manifest
from bot.settings import Settings

QUESTIONS = "questions.jsonl"
_LIBRARIES = ("numpy", "faiss-cpu", "bm25s", "jieba", "onnxruntime", "tokenizers")


class Report(Protocol):
    """Where a build says how far it is."""

    def stage(self, text: str) -> None:
        """Say what happens now."""
        ...

    def progress(self, text: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
        """Open a progress bar; the callable advances it."""
        ...


@dataclass(frozen=True, slots=True)
class BuildSummary:
    """What a build made; ``seconds`` is wall time, ``encoded`` counts the texts that were not in the cache."""

    folder: str
    documents: int
    passages: int
    vectors: int
    references: int
    questions: int
    encoded: int
    seconds: float
    serving: str
    agreement: dict[str, float]
    findings: tuple[Finding, ...]

    def count(self, level: str) -> int:
        """Return how many findings are of a level."""
        return sum(finding.level == level for finding in self.findings)


def limits_of(settings: Settings) -> Limits:
    """Return the passage lengths that the settings ask for."""
    return Limits(settings.passage_min_chars, settings.passage_max_chars, settings.list_max_chars)


def units_of(passages: Sequence[Passage], sentences_up_to: int) -> tuple[list[str], list[int]]:
    """Return every text to encode and the number of the passage it belongs to.

    Args:
        passages: All passages.
        sentences_up_to: With more passages than this, only each passage's first text is encoded.
    """
    texts, owners = [], []
    for number, passage in enumerate(passages):
        chosen = passage.index_texts if len(passages) <= sentences_up_to else passage.index_texts[:1]
        for text in chosen:
            texts.append(text)
            owners.append(number)
    return texts, owners


def _corpus_hash(documents: Sequence[Document], passages: Sequence[Passage], corpus: Path) -> str:
    """Hash all that the index is made from: the texts, how they are cut, and the word lists."""
    rows: list[Any] = [asdict(document) for document in documents]
    rows += [passage.index_texts for passage in passages]
    lists = sorted((corpus / "lexicon").glob("*.txt"))
    return sha256_text(json.dumps(rows, ensure_ascii=False) + "".join(path.read_text("utf-8") for path in lists))


def _write(
    folder: Path, settings: Settings, documents: Sequence[Document], passages: Sequence[Passage], segmenter: Segmenter,
    vectors: np.ndarray[Any, np.dtype[np.float32]], owners: Sequence[int], tokens: TokenIndex, model: Model, corpus_hash: str, report: Report,
) -> None:  # fmt: skip
    """Write every file of a build; the manifest, with the checksums, last."""
    write_rows(folder / "documents.jsonl", documents)
    write_rows(folder / "passages.jsonl", passages)
    write_rows(folder / QUESTIONS, ())  # until the finished index has been asked
    np.save(folder / "units.npy", np.asarray(owners, dtype=np.int32), allow_pickle=False)
    save_dense(build_dense(vectors), folder / "vectors.faiss")
    tokens.save(folder / "tokens")
    words = []
    with report.progress("分词与词汇索引", len(passages)) as advance:
        for passage in passages:
            words.append(segmenter.tokens(passage.index_texts[0]))
            advance(1)
    build_lexical(words).save(folder / "lexical")
    make_spellings((passage.index_texts[0] for passage in passages), segmenter).save(folder / "spellings.json")
    (folder / "lexicon").mkdir()
    for path in sorted((settings.corpus / "lexicon").glob("*.txt")):
        shutil.copyfile(path, folder / "lexicon" / path.name)
    model.copy_serving_files(folder / "encoder")
    write_manifest(
        folder,
        {
            "created": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "corpus_sha256": corpus_hash,
            "counts": {"documents": len(documents), "passages": len(passages), "vectors": len(vectors),
                       "references": sum(len(document.references) for document in documents)},
            "bodies": {document.id: document.sha256 for document in documents},
            "dimension": int(vectors.shape[1]),
            "encoder": model.describe(),
            "limits": asdict(limits_of(settings)),
            "libraries": _versions(),
        },
    )  # fmt: skip


def up_to_date(settings: Settings) -> Path | None:
    """Return the build in use if a new one would be the same: texts, word lists, cutting, model, thresholds, versions.

    Raises:
        CorpusError: a text cannot be read.
    """
    try:
        folder = current_build(settings.index)
        manifest = read_manifest(folder)
        load_encoder(folder, manifest, threads=1)
    except (IndexFormatError, EncoderError):
        return None
    segmenter = Segmenter(load_lexicon(settings.corpus / "lexicon"), settings.cache)
    documents = read_corpus(settings.corpus)
    passages = [p for document in documents for p in cut_document(document, segmenter, limits_of(settings))]
    same = (
        manifest.get("corpus_sha256") == _corpus_hash(documents, passages, settings.corpus)
        and manifest.get("encoder", {}).get("sha256") == open_model(settings).key
        and manifest.get("thresholds", {}).get("policy") == settings.caution
        and manifest.get("confidence_sha256") == _confidence_hash()
        and manifest.get("questions", {}).get("most") == settings.known_questions
        and manifest.get("libraries") == _versions()
    )
    return folder if same else None


def _confidence_hash() -> str:
    """Hash what the confidence is computed with: the models' weights and the probes."""
    folder, files = Path(__file__).parent, ("confidence.json", "aspects.json", "reranker.json", "probes.txt")
    return sha256_text("".join((folder / name).read_text("utf-8") for name in files))


def _versions() -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in _LIBRARIES}


def _check(index: LoadedIndex) -> None:
    """Prove a written build before it is used: bodies, passages, and that vectors find their own passage."""
    for passage in index.passages:
        body = index.documents[passage.document_id].body
        if passage.text != body[passage.start : passage.end]:
            raise IndexFormatError(
                f"自检失败：段落 {passage.id} 与原文不一致。这是程序的缺陷，请报告；现有索引未改动。"
            )
    stored = index.dense.rows()
    for row in range(0, len(stored), max(1, len(stored) // 50)):
        rows, scores = index.dense.search(stored[row], 3)
        if not len(rows) or scores[0] < 0.98:
            raise IndexFormatError("自检失败：向量索引找不回自己的段落。请重试；若仍出现请报告。现有索引未改动。")


@dataclass(frozen=True, slots=True)
class Indexed:
    """What was put into an index: its folder, how many vectors it has and how many of them had to be computed.

    ``questions`` is how many of the corpus's own questions it is known to answer.
    """

    folder: Path
    vectors: int
    encoded: int
    questions: int


def index_passages(
    settings: Settings, documents: Sequence[Document], passages: Sequence[Passage], segmenter: Segmenter, model: Model,
    report: Report, embeddings: Path,
) -> Indexed:  # fmt: skip
    """Encode, index, check, and switch ``settings.index`` to the new build; the caller holds its lock.

    Args:
        settings: Where to, and how.
        documents: What the passages were cut from.
        passages: What can be found.
        segmenter: With the lexicon of ``settings.corpus``.
        model: The encoder.
        report: Told how far it is.
        embeddings: The file in which vectors are kept for the next time.

    Raises:
        EncoderError: the model cannot be had.
        IndexFormatError: the finished build failed its own check (the index in use is untouched).
    """
    texts, owners = units_of(passages, settings.sentence_vectors_up_to)
    whole = [passage.index_texts[0] for passage in passages]
    cache = EmbeddingCache(embeddings)
    missing = {*cache.missing(texts), *cache.unread(whole)}
    encoded = 0
    if missing:
        with report.progress("编码", len(missing)) as advance:
            encoded = cache.read(whole, model.read_passages, advance)
            encoded += cache.fill(texts, model.encode_passages, advance)
    report.stage("导出并比对 int8 模型")
    vectors = cache.matrix(texts)
    model.ensure_serving(texts, vectors)
    corpus_hash = _corpus_hash(documents, passages, settings.corpus)
    with new_build(settings.index, corpus_hash) as folder:
        tokens = build_tokens(cache.tokens(whole))
        _write(folder, settings, documents, passages, segmenter, vectors, owners, tokens, model, corpus_hash, report)
        report.stage("自检")
        index = load_build(folder, settings.cache, segmenter=segmenter)
        _check(index)
        report.stage("定回答的把握")
        background = measure(open_searcher(index, settings))
        index.manifest["background"] = background
        limits = thresholds(open_searcher(index, settings), settings.caution)
        found = {"background": background, "thresholds": limits, "confidence_sha256": _confidence_hash()}
        known = known_questions(open_searcher(index, settings), limits["answer"], settings, report.progress)
        write_rows(folder / QUESTIONS, known)
        questions = {"most": settings.known_questions, "known": len(known)}
        add_to_manifest(folder, found | {"questions": questions}, files=(QUESTIONS,))
    cache.keep_only(texts)
    return Indexed(current_build(settings.index), len(texts), encoded, len(known))


def build_index(settings: Settings, report: Report, model: Model | None = None) -> BuildSummary:
    """Build, check and switch to a new index; ``model`` saves loading one that the caller has already.

    Raises:
        CorpusError: a text cannot be read.
        EncoderError: the model cannot be had.
        BuildBusyError: another build is running in the same folder.
        IndexFormatError: the finished build failed its own check (the index in use is untouched).
    """
    started = time.perf_counter()
    with build_lock(settings.index, settings.build_wait_seconds):
        report.stage("读取语料")
        lexicon = load_lexicon(settings.corpus / "lexicon")
        segmenter = Segmenter(lexicon, settings.cache)
        limits = limits_of(settings)
        documents = read_corpus(settings.corpus)
        passages = [passage for document in documents for passage in cut_document(document, segmenter, limits)]
        if not passages:
            raise CorpusError(f"语料 {settings.corpus} 里没有可用来回答的正文。请检查文章是否只有标题。")
        findings = tuple(check_corpus(settings.corpus, segmenter, limits))
        report.stage("准备编码模型")
        model = model or open_model(settings)
        embeddings = settings.index / "cache" / f"embeddings-{model.key[:16]}.npz"
        made = index_passages(settings, documents, passages, segmenter, model, report, embeddings)
        return BuildSummary(
            folder=str(made.folder),
            documents=len(documents),
            passages=len(passages),
            vectors=made.vectors,
            references=sum(len(document.references) for document in documents),
            questions=made.questions,
            encoded=made.encoded,
            seconds=time.perf_counter() - started,
            serving=model.describe()["serving"],
            agreement=model.describe()["agreement"],
            findings=findings,
        )
