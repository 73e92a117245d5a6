"""A whole sentence-transformers model in one small file, and back.

The file is a ZIP archive: the folder's JSON files as they are, ``tensors.safetensors`` with the quantised weights, and
``packed.json`` that tells how each was stored. No pickle. Equal folders give equal files: names are sorted, times fixed.

==========  ==========================================================================================
``q4``      blocks of 32 along the last axis: fp16 scale, two weights a byte (weight = (nibble - 8) · scale)
``q12``     ``q4``, and what that leaves in blocks of 64: fp16 scale, int8
``f16``     half precision: positions and token types
``f32``     as it is: vectors
``zero``    nothing stored
==========  ==========================================================================================

Weights that came out of 4-bit blocks and were not trained since go back into them without loss; that is tried first.
The table of word embeddings is always stored at 4 bits, everything else that was trained at 12: at 8 bits the few
outlying weights of this family of models cost half a percent of cosine.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load, load_file, save, save_file

from bot.errors import EncoderError

FORMAT = 1
WEIGHTS, TENSORS, INDEX = "model.safetensors", "tensors.safetensors", "packed.json"
TABLE = "embeddings.word_embeddings.weight"
Array = NDArray[Any]
_TIME = (2020, 1, 1, 0, 0, 0)
_BLOCK4, _BLOCK8 = 32, 64


def pack(folder: Path, file: Path) -> dict[str, Any]:
    """Write the model in ``folder`` to ``file``; return ``packed.json``'s contents with the file's size and SHA-256.

    Raises:
        EncoderError: the folder holds no ``model.safetensors``.
    """
    if not (folder / WEIGHTS).is_file():
        raise EncoderError(f"{folder} 里没有 {WEIGHTS}，不是可打包的模型文件夹。")
    stored: dict[str, Array] = {}
    tensors: dict[str, dict[str, Any]] = {}
    for name, tensor in sorted(load_file(folder / WEIGHTS).items()):
        kind, parts = _quantise(name, tensor.astype(np.float32))
        stored |= {f"{name}.{part}": np.ascontiguousarray(array) for part, array in parts.items()}
        tensors[name] = {"kind": kind, "shape": list(tensor.shape)}
    others = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != WEIGHTS and p.suffix in (".json", ".txt"))
    index = {"format": FORMAT, "tensors": tensors, "files": [p.relative_to(folder).as_posix() for p in others]}
    with zipfile.ZipFile(file, "w") as archive:
        _add(archive, INDEX, json.dumps(index, sort_keys=True, indent=1).encode())
        _add(archive, TENSORS, save(stored))
        for path in others:
            _add(archive, f"files/{path.relative_to(folder).as_posix()}", path.read_bytes())
    return index | {"bytes": file.stat().st_size, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}


def unpack(file: Path, folder: Path) -> None:
    """Write the model in ``file`` as a sentence-transformers folder; existing files are replaced.

    Raises:
        EncoderError: the file is damaged, of another format, or names a path outside the folder.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            index = json.loads(archive.read(INDEX))
            if index["format"] != FORMAT:
                raise EncoderError(f"{file} 的格式版本是 {index['format']}，本程序只认 {FORMAT}。请更新程序。")
            stored = load(archive.read(TENSORS))
            others = {name: archive.read(f"files/{name}") for name in index["files"]}
        weights = {name: _restore(name, entry, stored) for name, entry in index["tensors"].items()}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise EncoderError(f"模型文件 {file} 已损坏：{error}。请重新取得该文件。") from error
    root = folder.resolve()
    for name, content in others.items():
        path = (root / name).resolve()
        if not path.is_relative_to(root):
            raise EncoderError(f"模型文件 {file} 含有文件夹以外的路径：{name}。请勿使用。")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    save_file(weights, root / WEIGHTS, metadata={"format": "pt"})


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _TIME)
    entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, 0o644 << 16, 3
    archive.writestr(entry, content, compresslevel=9)


def _quantise(name: str, tensor: Array) -> tuple[str, dict[str, Array]]:
    if not tensor.any():
        return "zero", {}
    if tensor.ndim < 2 or tensor.shape[-1] % _BLOCK8:
        return "f32", {"value": tensor}
    if name.startswith("embeddings.") and name != TABLE:
        return "f16", {"value": tensor.astype(np.float16)}
    four = to_q4(tensor)
    if name == TABLE or np.allclose(
        from_q4(*four, tensor.shape), tensor, rtol=0, atol=1e-6 * float(np.abs(tensor).max())
    ):
        return "q4", {"scale": four[0], "nibbles": four[1]}
    scale, steps = to_q8(tensor - from_q4(*four, tensor.shape))
    return "q12", {"scale": four[0], "nibbles": four[1], "fine": scale, "steps": steps}


def _restore(name: str, entry: dict[str, Any], stored: dict[str, Array]) -> Array:
    shape, kind = tuple(entry["shape"]), entry["kind"]
    if kind == "zero":
        return np.zeros(shape, dtype=np.float32)
    if kind in ("f16", "f32"):
        return stored[f"{name}.value"].astype(np.float32).reshape(shape)
    if kind in ("q4", "q12"):
        coarse = from_q4(stored[f"{name}.scale"], stored[f"{name}.nibbles"], shape)
        return coarse if kind == "q4" else coarse + from_q8(stored[f"{name}.fine"], stored[f"{name}.steps"], shape)
    raise ValueError(f"kind = {kind}")


def to_q4(tensor: Array) -> tuple[Array, Array]:
    """Return fp16 scales [blocks] and nibbles [blocks, 16]: ggml's Q4_0, whose largest weight falls on -8."""
    blocks = tensor.reshape(-1, _BLOCK4).astype(np.float32)
    extreme = np.take_along_axis(blocks, np.abs(blocks).argmax(axis=1)[:, None], axis=1)[:, 0]
    scale = (extreme / -8).astype(np.float16)
    inverse = np.divide(1.0, scale.astype(np.float32), out=np.zeros(len(scale), np.float32), where=scale != 0)
    steps = np.clip(np.rint(blocks * inverse[:, None]) + 8, 0, 15).astype(np.uint8)
    return scale, steps[:, :16] | (steps[:, 16:] << 4)


def from_q4(scale: Array, nibbles: Array, shape: tuple[int, ...]) -> Array:
    """Return the float32 weights of :func:`to_q4`'s blocks."""
    steps = np.concatenate([nibbles & 15, nibbles >> 4], axis=1).astype(np.float32) - 8
    return (steps * scale.astype(np.float32)[:, None]).reshape(shape)


def to_q8(tensor: Array) -> tuple[Array, Array]:
    """Return fp16 scales [blocks] and int8 steps [blocks, 64]."""
    blocks = tensor.reshape(-1, _BLOCK8).astype(np.float32)
    scale = (np.abs(blocks).max(axis=1) / 127).astype(np.float16)
    inverse = np.divide(1.0, scale.astype(np.float32), out=np.zeros(len(scale), np.float32), where=scale != 0)
    return scale, np.clip(np.rint(blocks * inverse[:, None]), -127, 127).astype(np.int8)


def from_q8(scale: Array, steps: Array, shape: tuple[int, ...]) -> Array:
    """Return the float32 weights of :func:`to_q8`'s blocks."""
    return (steps.astype(np.float32) * scale.astype(np.float32)[:, None]).reshape(shape)
