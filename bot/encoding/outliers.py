"""Keeps int8 accurate: the few input channels with outlying values stay float32.

A dynamic int8 product has one scale for all its inputs. Transformers have single channels with values ten times those
of the others, always the same ones, and they leave the others only a few of the 256 steps. Splitting such a product
into an int8 one without those channels and a float32 one of only those channels removes most of the loss, for a few
per cent of time (LLM.int8(), Dettmers et al. 2022, arXiv:2208.07339; here the channels are chosen once, at export).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SUFFIX = "_outliers"  # nodes of this ending must not be quantised
CHANNELS = 16
FACTOR = 2.0  # a product is split if its largest channel exceeds the largest ordinary channel this much

Batch = dict[str, NDArray[np.int64]]


def split_outliers(source: Path, target: Path, batches: Sequence[Batch]) -> list[str]:
    """Split the products that need it in the graph ``source``; return the names of the nodes to leave float32.

    ``batches`` are the graph's inputs for a few typical texts.
    """
    import onnx
    from onnx import numpy_helper

    model = onnx.load(str(source))
    weights = {tensor.name: tensor for tensor in model.graph.initializer if len(tensor.dims) == 2}
    products = [node for node in model.graph.node if node.op_type == "MatMul" and node.input[1] in weights]
    kept = []
    for product, largest in zip(products, _largest(source, products, batches), strict=True):
        order = np.argsort(-largest)
        if len(order) > CHANNELS and largest[order[0]] > FACTOR * largest[order[CHANNELS]]:
            weight = numpy_helper.to_array(weights[product.input[1]])
            kept.append(_split(model.graph, product, weight, np.sort(order[:CHANNELS])))
    onnx.save(model, str(target))
    return kept


def _largest(source: Path, products: Sequence[Any], batches: Sequence[Batch]) -> list[NDArray[np.float32]]:
    """Return, for each product, the largest magnitude that each channel of its input takes."""
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper

    probe = onnx.load(str(source))
    names = list(dict.fromkeys(product.input[0] for product in products))
    probe.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    session = onnxruntime.InferenceSession(probe.SerializeToString(), providers=["CPUExecutionProvider"])
    largest: dict[str, NDArray[np.float32]] = {}
    for batch in batches:
        for name, values in zip(names, session.run(names, batch), strict=True):
            found = np.abs(values).reshape(-1, values.shape[-1]).max(axis=0)
            largest[name] = np.maximum(largest.get(name, found), found)
    return [largest[product.input[0]] for product in products]


def _split(graph: Any, product: Any, weight: NDArray[np.float32], channels: NDArray[np.intp]) -> str:
    """Replace x @ W by (x without the channels) @ W + x[channels] @ W[channels]."""
    from onnx import helper, numpy_helper

    name, values, result = product.output[0], product.input[0], product.output[0]
    mask = np.ones(len(weight), dtype=np.float32)
    mask[channels] = 0
    graph.initializer.extend(
        [
            numpy_helper.from_array(mask, f"{name}_mask"),
            numpy_helper.from_array(channels.astype(np.int64), f"{name}_channels"),
            numpy_helper.from_array(np.ascontiguousarray(weight[channels]), f"{name}_weight"),
        ]
    )
    place = list(graph.node).index(product)
    product.input[0], product.output[0] = f"{name}_rest", f"{name}_most"
    before = [
        helper.make_node("Mul", [values, f"{name}_mask"], [f"{name}_rest"]),
        helper.make_node("Gather", [values, f"{name}_channels"], [f"{name}_few"], axis=-1),
        helper.make_node("MatMul", [f"{name}_few", f"{name}_weight"], [f"{name}_add"], name=f"{name}{SUFFIX}"),
    ]
    for offset, node in enumerate(before):
        graph.node.insert(place + offset, node)
    graph.node.insert(place + len(before) + 1, helper.make_node("Add", [f"{name}_most", f"{name}_add"], [result]))
    return f"{name}{SUFFIX}"
