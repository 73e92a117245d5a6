"""Fusion by its formulas, FAISS against brute force, BM25 against its formula, the embedding cache, the search."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from bot.dialogue.dialogue import Dialogue
from bot.errors import IndexFormatError
from bot.language.lexicon import Lexicon
from bot.language.segmentation import Segmenter
from bot.language.spellings import make_spellings
from bot.records import Document, Passage
from bot.retrieval import dense as dense_module
from bot.retrieval.candidates import best_per_passage
from bot.retrieval.dense import build_dense, load_dense, save_dense
from bot.retrieval.embeddings import EmbeddingCache
from bot.retrieval.fusion import FusionWeights, linear_combination, ranks, reciprocal_rank_fusion
from bot.retrieval.late import build_tokens, load_tokens, pack
from bot.retrieval.lexical import build_lexical, load_lexical
from bot.retrieval.naming import by_name
from bot.retrieval.search import LoadedIndex, Searcher
from tests.conftest import CACHE, HashEncoder

NAN = float("nan")


def scores(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32)


def test_ranks_and_reciprocal_rank_fusion() -> None:
    assert ranks(scores(0.2, NAN, 0.9)).tolist() == [2, 0, 1]
    fused = reciprocal_rank_fusion(scores(0.9, 0.2, NAN), scores(NAN, 3.0, 5.0))
    assert fused == pytest.approx([1 / 61, 1 / 62 + 1 / 62, 1 / 61])


def test_linear_combination() -> None:
    sides = scores(0.8, 0.9, NAN), scores(NAN, 0.5, 1.0), scores(0.6, NAN, 0.7)
    assert linear_combination(*sides, FusionWeights(2.0, 0.0)) == pytest.approx([8.0, 10.0, 10.0], abs=1e-5)
    assert linear_combination(*sides, FusionWeights(2.0, 2.0)) == pytest.approx([20.0, 22.0, 24.0], abs=1e-5)
    alone = linear_combination(scores(NAN), scores(0.5), scores(NAN), FusionWeights(2.0, 3.0))
    assert alone == pytest.approx([1.0])


def test_late_interaction_agrees_with_brute_force(tmp_path: Path) -> None:
    passages = [unit_rows(n + 1)[n // 2 :] for n in range(12)]
    build_tokens([pack(tokens) for tokens in passages]).save(tmp_path / "tokens")
    index = load_tokens(tmp_path / "tokens")
    question = unit_rows(40)[33:]
    chosen = [3, 0, 11]
    expected = np.stack([(question @ passages[n].T).max(axis=1) for n in chosen], axis=1)
    assert index.best(question, chosen) == pytest.approx(expected, abs=0.01)
    assert len(index) == 12
    np.save(tmp_path / "tokens" / "starts.npy", np.array([0, 5, 3]))
    with pytest.raises(IndexFormatError, match="重新建索引"):
        load_tokens(tmp_path / "tokens")


def unit_rows(count: int, dimension: int = 48) -> np.ndarray:
    rows = np.random.default_rng(3).standard_normal((count, dimension)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_faiss_agrees_with_brute_force(tmp_path: Path) -> None:
    rows = unit_rows(300)
    save_dense(build_dense(rows), tmp_path / "v.faiss")
    index = load_dense(tmp_path / "v.faiss")
    for query in unit_rows(20):
        found, cosines = index.search(query, 10)
        expected = np.argsort(-(rows @ query))[:10]
        assert found.tolist() == expected.tolist()
        assert cosines == pytest.approx((rows @ query)[expected], abs=1e-5)
    assert index.rows() == pytest.approx(rows)
    assert len(index.search(rows[0], 1000)[0]) == 300


def test_large_indices_are_approximate_but_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dense_module, "FLAT_UP_TO", 100)
    rows = unit_rows(3000)
    index = build_dense(rows)
    overlap = []
    for query in unit_rows(30):
        found, _ = index.search(query, 10)
        overlap.append(len(set(found.tolist()) & set(np.argsort(-(rows @ query))[:10].tolist())) / 10)
    assert np.mean(overlap) > 0.9


def test_damaged_vectors_are_refused(tmp_path: Path) -> None:
    save_dense(build_dense(unit_rows(50)), tmp_path / "v.faiss")
    data = (tmp_path / "v.faiss").read_bytes()
    (tmp_path / "v.faiss").write_bytes(data[: len(data) // 2])
    with pytest.raises(IndexFormatError, match="build_index"):
        load_dense(tmp_path / "v.faiss")


def bm25(tokens: list[str], text: list[str], texts: list[list[str]], k1: float = 1.2, b: float = 0.75) -> float:
    """Lucene's BM25 (Robertson and Zaragoza 2009, without the constant factor k1 + 1)."""
    total, average = 0.0, sum(map(len, texts)) / len(texts)
    for token in tokens:
        df = sum(token in other for other in texts)
        tf = Counter(text)[token]
        idf = math.log(1 + (len(texts) - df + 0.5) / (df + 0.5))
        total += idf * tf / (tf + k1 * (1 - b + b * len(text) / average)) if df else 0.0
    return total


def test_bm25_agrees_with_its_formula(tmp_path: Path) -> None:
    texts = [["肾", "移植", "排斥"], ["肾", "肾", "透析", "饮食", "蛋白"], ["干细胞"], ["肾", "排斥", "排斥", "药"]]
    build_lexical(texts).save(tmp_path)
    index = load_lexical(tmp_path)
    for question in (["肾", "排斥"], ["干细胞", "没有的词"], ["透析", "透析"]):
        assert index.scores(question) == pytest.approx([bm25(question, text, texts) for text in texts], abs=1e-5)
    assert index.scores(["没有"]).tolist() == [0, 0, 0, 0]
    assert index.scores([]).tolist() == [0, 0, 0, 0]
    assert index.holders("排斥").tolist() == [0, 3]
    assert index.holders("没有").tolist() == []
    assert index.idf("肾") == pytest.approx(math.log(1 + 1.5 / 3.5))
    (tmp_path / "vocab.index.json").write_text("{", encoding="utf-8")
    with pytest.raises(IndexFormatError):
        load_lexical(tmp_path)


def test_embedding_cache_encodes_only_what_is_new(tmp_path: Path) -> None:
    encoder, asked = HashEncoder(), []

    def encode(texts):  # type: ignore[no-untyped-def]
        asked.extend(texts)
        return encoder.encode_passages(texts)

    cache = EmbeddingCache(tmp_path / "e.npz")
    assert cache.fill(["甲", "乙", "甲"], encode, lambda n: None) == 2
    cache.keep_only(["甲", "乙"])
    again = EmbeddingCache(tmp_path / "e.npz")
    assert again.fill(["乙", "丙"], encode, lambda n: None) == 1
    assert asked == ["甲", "乙", "丙"]
    assert again.matrix(["丙", "甲"]) == pytest.approx(encoder.encode_passages(["丙", "甲"]))
    again.keep_only(["丙"])
    assert EmbeddingCache(tmp_path / "e.npz").missing(["甲", "丙"]) == ["甲"]
    (tmp_path / "e.npz").write_bytes(b"rubbish")
    assert EmbeddingCache(tmp_path / "e.npz").missing(["丙"]) == ["丙"]


def searcher_over(texts: list[str], groups: dict[str, str] | None = None) -> Searcher:
    segmenter = Segmenter(Lexicon(tuple((word, 0) for word in groups or {}), groups or {}), CACHE)
    encoder = HashEncoder()
    passages = tuple(Passage(f"p{n}", "d", t, 0, len(t), (), (), None, (), "", (t,)) for n, t in enumerate(texts))
    index = LoadedIndex(
        Path(), {}, {"d": Document("d", "题", "", "", (), (), (), (), "")}, passages,
        np.arange(len(texts), dtype=np.int32), build_dense(encoder.encode_passages(texts)),
        build_lexical([segmenter.tokens(t) for t in texts]),
        build_tokens([pack(e.tokens) for e in encoder.read_passages(texts)]), make_spellings(texts, segmenter), segmenter, encoder,
    )  # fmt: skip
    return Searcher(index, candidates=50, weights=FusionWeights(2.5, 1.0))


def test_search_explains_every_hit() -> None:
    found = searcher_over(
        ["肾移植以后要吃药", "透析的饮食要注意什么", "天气很好"], {"换肾": "肾移植", "肾移植": "肾移植"}
    )
    hits = found.search("换肾之后吃药吗", 3)
    first = hits[0]
    assert first.passage.id == "p0"
    assert (first.rank, first.lexical_rank) == (1, 1)
    assert first.dense_score == pytest.approx(1.0, abs=0.6)
    assert {"换肾", "吃药"} & set(first.matched)
    assert next(first.passage.text[a:b] for a, b in first.highlights) == "肾移植"
    assert hits[0].coverage > hits[-1].coverage
    assert [hit.rank for hit in hits] == [1, 2, 3]


def test_search_with_nothing_to_search_for() -> None:
    found = searcher_over(["肾移植以后要吃药", "天气很好"])
    assert found.search("   ", 3) == []
    assert all(hit.lexical_rank is None for hit in found.search("???", 3))
    assert len(found.search("zzz", 50)) == 2


def test_best_per_passage_keeps_the_best_unit() -> None:
    rows, cosines = np.array([4, 0, 3]), scores(0.9, 0.8, 0.7)
    assert best_per_passage(rows, cosines, np.array([0, 0, 1, 1, 1])) == pytest.approx({1: 0.9, 0: 0.8})


def test_passages_by_their_own_names() -> None:
    def passage(text: str, *section: str, excluded: tuple[str, ...] = ()) -> Passage:
        return Passage(text, "d", text, 0, len(text), section, (), None, (), "", (text,), excluded)

    named = by_name(
        (
            passage("糖尿病肾病:一项试验正在进行。", "文", "临床应用", excluded=("临床应用:糖尿病肾病",)),
            passage("一项试验", "文", "臨床應用"),
            passage("说明"),
        )
    )
    assert named == {"临床应用": [0, 1], "糖尿病肾病": [0]}


def test_a_label_asked_by_itself_brings_what_stands_under_it(dialogue: Dialogue) -> None:
    searcher = dialogue._now().searcher
    for question in ("慢性肾病", "慢性腎病"):
        assert searcher.search(question, 1)[0].passage.text.startswith("慢性肾病:")
    assert not searcher.search("慢性肾病的人很多", 1)[0].passage.text.startswith("慢性肾病:")
