"""How the tokens of a question meet a passage, and small networks that read it.

A question about the same disease, but another side of it, meets similar words everywhere: only which of its tokens meet
nothing of their kind tells. For each token of the question a network sees its vector, the vector of the passage's token
that is most like it, and how much alike they are, here and in the other candidates; one step of attention weighs the
tokens. Two such networks come with the project: ``aspects`` tells whether a passage answers, as one signal of the
confidence, ``reranker`` which of the first few candidates is best. They belong to the token vectors of the model that comes
with the project (:func:`networks_for`). Weights, data and the commands that make them: ``aspects.npz``, ``reranker.npz``
and the ``.json`` beside each.
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
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.encoding.encoder import Encoder
from bot.errors import EncoderError

Floats = NDArray[np.float32]

TOKENS = 40  # of a question, at most
RIVALS = 6  # best candidates, among which the others are looked for
HEADS = 4
FOLDER = Path(__file__).parent
# By these a network knows the model whose token vectors it was trained on; int8 and float32 differ by about 0.015.
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
class MeetingNetwork:
    """A network by its weights' names, as ``bench/meetings.py`` trains it."""

    weights: dict[str, Floats]

    def logits(self, meetings: Sequence[Meeting]) -> Floats:
        """Return what a network says of each meeting of one question: the more, the rather its passage answers."""
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


class Networks(NamedTuple):
    """What reads the meetings of one encoder's token vectors; None where there is nothing that does."""

    aspects: MeetingNetwork | None
    reranker: MeetingNetwork | None


def read_network(weights: Path) -> tuple[MeetingNetwork, Floats]:
    """Return a network out of its file, checked against the card beside it, and its model's vectors of the fingerprints.

    Raises:
        EncoderError: the file or its card is missing or damaged.
    """
    card = weights.with_suffix(".json")
    try:
        content, expected = weights.read_bytes(), json.loads(card.read_text(encoding="utf-8"))["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EncoderError(f"读不到 {weights} 或 {card}：{error}。请重新取得程序文件。") from error
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise EncoderError(f"{weights} 已损坏：SHA-256 应为 {expected}，实为 {found}。请重新取得程序文件。")
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        values = {name: arrays[name].astype(np.float32) for name in arrays.files}
    fingerprints = values.pop("fingerprints")
    return MeetingNetwork(values), fingerprints


@lru_cache(maxsize=1)
def _shipped() -> dict[str, tuple[MeetingNetwork, Floats]]:
    return {name: read_network(FOLDER / f"{name}.npz") for name in Networks._fields}


def networks_for(encoder: Encoder) -> Networks:
    """Return the networks that come with the project, None for those that were trained on other vectors than the encoder's.

    Raises:
        EncoderError: a file is missing or damaged.
    """
    shipped = _shipped()
    if all(encoder.dimension != expected.shape[1] for _, expected in shipped.values()):
        return Networks(None, None)
    found = encoder.encode_queries(FINGERPRINTS)
    same = {
        name: network
        for name, (network, expected) in shipped.items()
        if found.shape == expected.shape and float((found * expected).sum(axis=1).mean()) >= _SAME_MODEL
    }
    return Networks(same.get("aspects"), same.get("reranker"))
