"""Does a passage tell the aspect that a question asks for? A small network over what each token of the question meets.

A question about the same disease, but another side of it, meets similar words everywhere: only which of its tokens meet
nothing of their kind tells. For each token of the question the network sees its vector, the vector of the passage's token
that is most like it, and how much alike they are, here and in the other candidates; one step of attention weighs the
tokens. It belongs to the token vectors of the model that comes with the project (:func:`aspects_for`). Weights, data and
the command that makes them: ``aspects.npz`` and ``aspects.json``.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.encoding.encoder import Encoder
from bot.errors import EncoderError

Floats = NDArray[np.float32]

TOKENS = 40  # of a question, at most
RIVALS = 6  # best candidates, among which the others are looked for
HEADS = 4
WEIGHTS, CARD = (Path(__file__).parent / f"aspects.{ending}" for ending in ("npz", "json"))
# By these the network knows the model whose token vectors it was trained on; int8 and float32 differ by about 0.015.
FINGERPRINTS = ("慢性肾脏病患者能吃豆腐吗", "做这个检查要多少钱，医保能报销吗", "手术以后多久可以上班")
_SAME_MODEL = 0.95  # mean cosine


@dataclass(frozen=True, slots=True)
class Meeting:
    """A question's tokens [t, e], the most similar token of a passage for each [t, e], and how they compare [t, 4]."""

    own: Floats
    met: Floats
    features: Floats


def meet(question: Floats, passage: Floats, best: Floats, usual: Floats, at: int, rivals: NDArray[np.int64]) -> Meeting:
    """Return how a question meets a passage.

    Args:
        question: Unit vectors of the question's tokens [t, e].
        passage: Unit vectors of the passage's tokens [u, e].
        best: The best cosine of each token of the question with each candidate [t, m].
        usual: Its median over the candidates [t].
        at: The passage's column in it.
        rivals: The columns of the best candidates, this one may be among them.
    """
    question, usual = question[:TOKENS], usual[:TOKENS]
    cosines = question @ passage.T
    nearest = cosines.argmax(axis=1)
    here = cosines[np.arange(len(cosines)), nearest]
    others = best[:TOKENS, rivals[rivals != at][: RIVALS - 1]]
    other = others.max(axis=1) if others.shape[1] else usual
    few = min(3, cosines.shape[1])
    around = np.partition(cosines, -few, axis=1)[:, -few:].mean(axis=1)
    features = np.stack([here - 0.8, here - usual, here - other, around - here], axis=1) * 8.0
    return Meeting(question, passage[nearest], features.astype(np.float32))


def _norm(rows: Floats, weight: Floats, bias: Floats) -> Floats:
    centred = rows - rows.mean(axis=-1, keepdims=True)
    return np.asarray(centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5) * weight + bias, np.float32)


@dataclass(frozen=True, slots=True)
class Aspects:
    """The network by its weights' names, as ``bench/aspects.py`` trains it."""

    weights: dict[str, Floats]

    def logits(self, meetings: Sequence[Meeting]) -> Floats:
        """Return what each meeting of one question adds to the log-odds that its passage answers, up to a scale."""
        w, own = self.weights, meetings[0].own
        met, features = (np.stack([getattr(m, name) for m in meetings]) for name in ("met", "features"))
        tokens = 8.0 * (own @ w["own"] + met @ w["met"]) + 80.0 * (own * met) @ w["both"]
        tokens += features @ w["features"] + w["bias"]
        first = np.broadcast_to(w["first"], (len(met), 1, len(w["first"])))
        rows = _norm(np.concatenate([first, tokens], axis=1), w["norm1.weight"], w["norm1.bias"])
        split = (*rows.shape[:2], HEADS, rows.shape[2] // HEADS)
        query = (rows[0, 0] @ w["query"] + w["query.bias"]).reshape(split[2:])  # the first row is always the same
        keys = (rows @ w["key"] + w["key.bias"]).reshape(split)
        values = (rows @ w["value"] + w["value.bias"]).reshape(split)
        scores = np.einsum("hd,bthd->bth", query, keys) / math.sqrt(split[3])
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        read = np.einsum("bth,bthd->bhd", shares, values).reshape(len(met), -1)
        state = first[:, 0] + read @ w["output"] + w["output.bias"]
        inner = np.maximum(_norm(state, w["norm2.weight"], w["norm2.bias"]) @ w["inner"] + w["inner.bias"], 0.0)
        state = state + inner @ w["outer"] + w["outer.bias"]
        return np.asarray((_norm(state, w["norm3.weight"], w["norm3.bias"]) @ w["last"])[:, 0], dtype=np.float32)


@lru_cache(maxsize=1)
def _shipped() -> tuple[Aspects, Floats]:
    """Return the network that comes with the project, and the vectors of the fingerprints under its model.

    Raises:
        EncoderError: the file is missing or damaged.
    """
    try:
        content, expected = WEIGHTS.read_bytes(), json.loads(CARD.read_text(encoding="utf-8"))["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EncoderError(f"读不到 {WEIGHTS} 或 {CARD}：{error}。请重新取得程序文件。") from error
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise EncoderError(f"{WEIGHTS} 已损坏：SHA-256 应为 {expected}，实为 {found}。请重新取得程序文件。")
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        weights = {name: arrays[name].astype(np.float32) for name in arrays.files}
    fingerprints = weights.pop("fingerprints")
    return Aspects(weights), fingerprints


def aspects_for(encoder: Encoder) -> Aspects | None:
    """Return the network, or None where the encoder's vectors are not those that it was trained on."""
    network, expected = _shipped()
    if encoder.dimension != expected.shape[1]:
        return None
    found = encoder.encode_queries(FINGERPRINTS)
    return network if float((found * expected).sum(axis=1).mean()) >= _SAME_MODEL else None
