"""Turns a sentence-transformers model into one int8 graph that serves without torch.

The steps: trace the model's own modules (transformer, pooling, dense, normalise) to ONNX; fuse attention, layer norm
and GELU where onnxruntime knows the architecture; split off outlying channels (see ``outliers``); quantise the matrix
products outside attention to int8 dynamically, per channel; store the word embeddings as int8 with one scale a row.
"""

from __future__ import annotations

import json
import logging
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.encoding.onnx_encoder import FORMAT, HASHES, INPUTS, MANIFEST, MODEL, PIECES, TOKENIZER, WEIGHTS
from bot.encoding.outliers import Batch, split_outliers
from bot.encoding.torch_encoder import SentenceTransformerEncoder
from bot.encoding.unigram import split_unigram
from bot.encoding.unpacking import file_sha256
from bot.errors import EncoderError

MODULES = {"Transformer", "Pooling", "Dense", "Normalize", "LayerNorm", "Dropout"}
OPSET = 17
OUTPUTS = ("embedding", "tokens")
FUSED_TOLERANCE = 1e-3  # largest difference of a component that the fused graph may show

# Typical texts, to see which channels take outlying values: those are the model's, hardly the text's.
SAMPLES = (
    "慢性肾脏病患者能吃豆腐吗?",
    "血肌酐升高是什么原因，应该怎么办",
    "你好",
    "干细胞治疗肾病有哪些临床试验？有没有副作用?",
    "糖尿病肾病患者应控制血糖、血压，并定期复查尿蛋白。",
    "间充质干细胞(MSC)是一类具有自我更新和多向分化潜能的细胞，可来源于骨髓、脂肪、脐带等组织。",
    "研究纳入60例患者，随机分为治疗组和对照组，随访12个月，结果显示治疗组尿蛋白显著下降(P<0.05)。",
    "The estimated glomerular filtration rate (eGFR) was 45 mL/min/1.73 m2.",
)


def export(model: Path | SentenceTransformerEncoder, target: Path, *, quantise_embedding: bool = True) -> None:
    """Write ``model.onnx``, ``model.weights``, ``tokenizer.json`` and ``encoder.json`` into ``target`` (replacing them).

    Takes 20-30 s and about four times the model's size in memory for the default model.

    Raises:
        EncoderError: the model has no fast tokeniser, a module that cannot be traced, or a package is missing.
    """
    encoder = model if isinstance(model, SentenceTransformerEncoder) else SentenceTransformerEncoder(model)
    _check_exportable(encoder)
    tokenizer = encoder.tokenizer_json()
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".export-", dir=target) as place, _quiet():
        temporary = Path(place)
        try:
            _trace(encoder, temporary / "traced.onnx")
            fused = _fuse(encoder, temporary / "traced.onnx", temporary / "fused.onnx")
            kept = split_outliers(fused, temporary / "split.onnx", _samples(encoder))
            _quantise(temporary / "split.onnx", temporary / MODEL, kept, quantise_embedding)
        except ImportError as error:
            raise EncoderError(f"导出需要的包缺失：{error}。请运行 pip install onnx onnxruntime") from error
        except Exception as error:  # torch and onnxruntime raise many kinds for an architecture they cannot export
            raise EncoderError(
                f"模型 {encoder.name} 无法导出为 ONNX:{error}。请换一个模型，或不导出直接使用。"
            ) from error
        around = _write_tokenizer(tokenizer, temporary)
        manifest = json.dumps({**_manifest(encoder, temporary), **around}, ensure_ascii=False, indent=2)
        (temporary / MANIFEST).write_text(manifest + "\n", encoding="utf-8")
        for name in (MODEL, WEIGHTS, TOKENIZER, PIECES, MANIFEST):  # the manifest last: it vouches for the others
            if (temporary / name).exists():
                (temporary / name).replace(target / name)


def _write_tokenizer(tokenizer: str, folder: Path) -> dict[str, Any]:
    """Write the tokeniser, a Unigram one in two files; return what the manifest must say of it."""
    split = split_unigram(tokenizer)
    (folder / TOKENIZER).write_text(tokenizer if split is None else split.rules, encoding="utf-8")
    if split is None:
        return {}
    (folder / PIECES).write_bytes(split.pieces)
    return {"around": {"before": split.before, "after": split.after}}


def _check_exportable(encoder: SentenceTransformerEncoder) -> None:
    names = [type(module).__name__ for module in encoder.model]
    foreign = [name for name in names if name not in MODULES]
    if foreign or names[:1] != ["Transformer"]:
        raise EncoderError(
            f"模型 {encoder.name} 由 {' + '.join(names)} 组成，只能导出 Transformer + Pooling [+ Dense] [+ Normalize]。"
        )
    if any(getattr(module, "include_prompt", True) is False for module in encoder.model) and any(encoder.prompts()):
        raise EncoderError(f"模型 {encoder.name} 的池化不含提示语(include_prompt=false)，不能导出。请换一个模型。")


def _trace(encoder: SentenceTransformerEncoder, path: Path) -> None:
    """Export the model's modules, run one after another, in float32."""
    import torch

    class Pipeline(torch.nn.Module):
        """The model's modules as one function of plain tensors."""

        def __init__(self) -> None:
            super().__init__()
            self.steps = torch.nn.ModuleList(list(encoder.model))

        def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any = None) -> Any:
            features = {"input_ids": input_ids, "attention_mask": attention_mask}
            if token_type_ids is not None:
                features["token_type_ids"] = token_type_ids
            for step in self.steps:
                features = step(features)
            return features["sentence_embedding"], features["token_embeddings"]

    arrays = _inputs(encoder, SAMPLES[:2])  # of unequal length, so that the mask is traced as well
    network = encoder.model[0].auto_model
    attention = network.config._attn_implementation
    network.set_attn_implementation("eager")  # plain MatMul and Softmax, which onnxruntime can fuse
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                Pipeline().float().eval(),
                tuple(torch.from_numpy(array) for array in arrays.values()),
                str(path),
                dynamo=False,  # the newer exporter needs onnxscript
                opset_version=OPSET,
                input_names=list(arrays),
                output_names=list(OUTPUTS),
                dynamic_axes={
                    **{name: {0: "batch", 1: "length"} for name in (*arrays, "tokens")},
                    "embedding": {0: "batch"},
                },
            )
    finally:
        network.set_attn_implementation(attention)


def _inputs(encoder: SentenceTransformerEncoder, texts: Sequence[str]) -> Batch:
    """Return the graph's inputs for a batch of texts."""
    batch = encoder.model.tokenizer(list(texts), padding=True, truncation=True, return_tensors="np")
    return {name: np.asarray(batch[name], dtype=np.int64) for name in INPUTS if name in batch}


def _samples(encoder: SentenceTransformerEncoder) -> list[Batch]:
    """Return the sample texts, as questions and as passages, each as a batch of its own."""
    return [_inputs(encoder, [prompt + text]) for text in SAMPLES for prompt in dict.fromkeys(encoder.prompts())]


def _fuse(encoder: SentenceTransformerEncoder, traced: Path, fused: Path) -> Path:
    """Fuse what onnxruntime can; return the fused graph's path, or ``traced`` if that failed or changed the result."""
    config = encoder.model[0].auto_model.config
    try:
        from onnxruntime.transformers.fusion_options import FusionOptions
        from onnxruntime.transformers.optimizer import optimize_model

        options = FusionOptions("bert")
        options.enable_embed_layer_norm = False  # keeps the word embedding a Gather, which is quantised on its own
        heads, width = int(config.num_attention_heads), int(config.hidden_size)
        optimised = optimize_model(str(traced), "bert", heads, width, optimization_options=options, opt_level=0)
        optimised.save_model_to_file(str(fused))
        pairs = zip(_run(fused, encoder), _run(traced, encoder), strict=True)
        same = all(np.abs(own - other).max() <= FUSED_TOLERANCE * max(1.0, np.abs(other).max()) for own, other in pairs)
    except Exception:  # fusion only makes serving faster: an architecture it does not know is served unfused
        return traced
    return fused if same else traced


def _run(path: Path, encoder: SentenceTransformerEncoder) -> list[NDArray[np.float32]]:
    """Return both outputs for two sample texts; what stands for padding is of no meaning and left out."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    batch = _inputs(encoder, SAMPLES[:2])
    vectors, tokens = session.run(list(OUTPUTS), batch)
    return [np.asarray(vectors), np.asarray(tokens)[batch["attention_mask"] > 0]]


def _quantise(source: Path, target: Path, kept: list[str], quantise_embedding: bool) -> None:
    """Make the weights int8, except the nodes ``kept`` and the fused attention: a sixth slower, half the error.

    ``reduce_range`` keeps them within 7 bits: on CPUs without VNNI the 8-bit products are summed in saturating
    16-bit pairs, which overflow. The file is built on one machine and served on another, so it must be safe on all.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        source,
        target,
        op_types_to_quantize=["MatMul", "Gemm"],
        nodes_to_exclude=kept,
        per_channel=True,
        reduce_range=True,
        weight_type=QuantType.QInt8,
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},  # of the fused operators' outputs
    )
    model = onnx.load(str(target))
    if quantise_embedding:
        _quantise_embedding(model)
    # Weights in a file of their own are mapped, not copied: 50 MB less memory, and the session opens in 0.1 s.
    onnx.save(model, str(target), save_as_external_data=True, location=WEIGHTS, size_threshold=1024)
    (target.parent / WEIGHTS).chmod(0o644)  # onnx makes it private to its owner; the server may run as another user


def _quantise_embedding(model: Any) -> None:
    """Store the largest table that is looked up by row as int8 with a float32 scale for each row."""
    from onnx import helper, numpy_helper

    tables = {tensor.name: tensor for tensor in model.graph.initializer if len(tensor.dims) == 2}
    lookups = [node for node in model.graph.node if node.op_type == "Gather" and node.input[0] in tables]
    if not lookups:
        return
    lookup = max(lookups, key=lambda node: int(np.prod(tables[node.input[0]].dims)))
    table, rows, out = tables[lookup.input[0]], lookup.input[1], lookup.output[0]
    weights = numpy_helper.to_array(table)
    scales = np.maximum(np.abs(weights).max(axis=1, keepdims=True), 1e-12) / 127
    steps = np.rint(weights / scales).astype(np.int8)
    name = table.name
    replacement = [
        helper.make_node("Gather", [f"{name}_int8", rows], [f"{out}_int8"], axis=0),
        helper.make_node("Cast", [f"{out}_int8"], [f"{out}_float"], to=1),
        helper.make_node("Gather", [f"{name}_scale", rows], [f"{out}_scale"], axis=0),
        helper.make_node("Mul", [f"{out}_float", f"{out}_scale"], [out]),
    ]
    place = list(model.graph.node).index(lookup)
    model.graph.node.remove(lookup)
    for offset, node in enumerate(replacement):
        model.graph.node.insert(place + offset, node)
    if not any(name in node.input for node in model.graph.node):
        model.graph.initializer.remove(table)
    model.graph.initializer.extend(
        [
            numpy_helper.from_array(steps, f"{name}_int8"),
            numpy_helper.from_array(scales.astype(np.float32), f"{name}_scale"),
        ]
    )


def _manifest(encoder: SentenceTransformerEncoder, folder: Path) -> dict[str, Any]:
    query, passage = encoder.prompts()
    modules = [type(module).__name__ for module in encoder.model]
    pooling = [getattr(module, "pooling_mode", None) for module in encoder.model if hasattr(module, "pooling_mode")]
    return {
        "format": FORMAT,
        "name": encoder.name,
        "dimension": encoder.dimension,
        "max_tokens": encoder.max_tokens,
        "prompts": {"query": query, "passage": passage},
        "own_tokens": {"query": encoder.around(query), "passage": encoder.around(passage)},
        "modules": modules,
        "pooling": pooling,
        "precision": "int8",
        "source_sha256": encoder.content_hash(),
        **{key: file_sha256(folder / name) for name, key in HASHES.items() if (folder / name).exists()},
    }


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the exporters' many remarks; their failures arrive as exceptions."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
