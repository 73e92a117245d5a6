"""Train the networks of ``bot/retrieval/meetings.py``: ``aspects`` for ``bench.confidence``, ``reranker`` for ``bench.reranker``.

The former learns on single passages, the signals of the confidence beside it, so that it learns only what they do not
tell; the latter on the first few candidates of a question, their scores beside it.
"""

from __future__ import annotations

import hashlib
import io
import json
import random
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from bot.encoding.encoder import Encoder
from bot.retrieval.confidence import SIGNALS
from bot.retrieval.meetings import FINGERPRINTS, HEADS, RIVALS, TOKENS, Meeting, MeetingNetwork

WIDTH, INNER, FEATURES = 96, 192, 4
EPOCHS, BATCH, RATE, DECAY = 4, 128, 1e-3, 0.1
RERANK_EPOCHS, QUESTIONS = 3, 48  # questions of a batch, each with its first few candidates
SCALE = 1.5  # of the scores in the softmax; what they count beside the network is learned from there
DROPOUT = 0.2
NOISE = 0.3  # length of the random vector added to each token's: what is learned must not hang on single tokens
# What a question counts, by kind: half of the rows are hidden ones; everyday questions are easy and many.
COUNTS = {"natural": 1.0, "near": 2.0, "elsewhere": 1.0, "hidden": 0.7, "chat": 0.3, "far": 0.3}
SMALL = 0.3  # by which those are multiplied that are asked of a small part of a clinic's texts
# What the cards say of the training.
ASPECTS_TRAINING: Mapping[str, Any] = {
    "epochs": EPOCHS, "batch": BATCH, "rate": RATE, "decay": DECAY, "dropout": DROPOUT, "noise": NOISE, "tokens": TOKENS,
    "counts": COUNTS, "small": SMALL,
}  # fmt: skip
RERANKER_TRAINING: Mapping[str, Any] = {
    "candidates": RIVALS, "epochs": RERANK_EPOCHS, "questions": QUESTIONS, "scale": SCALE, "rate": RATE, "decay": DECAY,
    "dropout": DROPOUT, "noise": NOISE,
}  # fmt: skip


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Example:
    """A question and the best passage: its signals, how they meet, whether it answers, the kind, and if any answers."""

    signals: dict[str, float]
    meeting: Meeting
    right: bool
    kind: str
    answerable: bool
    small: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """The first candidates for a question, best first: their scores, how the question meets them, and which answer it."""

    fused: tuple[float, ...]
    meetings: tuple[Meeting, ...]
    right: tuple[bool, ...]


class Network(nn.Module):
    """A network under the names of its weights, for training; ``MeetingNetwork`` is the same without torch."""

    def __init__(self, dimension: int) -> None:
        super().__init__()
        self.own, self.met, self.both = (nn.Linear(dimension, WIDTH, bias=False) for _ in range(3))
        self.features = nn.Linear(FEATURES, WIDTH)
        self.first = nn.Parameter(torch.randn(WIDTH) * 0.02)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(WIDTH) for _ in range(3))
        self.query, self.key, self.value, self.output = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.inner, self.outer = nn.Linear(WIDTH, INNER), nn.Linear(INNER, WIDTH)
        self.last = nn.Linear(WIDTH, 1, bias=False)
        self.signals = nn.Linear(len(SIGNALS), 1)  # not kept: the confidence has its own
        self.drop = nn.Dropout(DROPOUT)
        nn.init.zeros_(self.last.weight)

    def forward(self, own: Tensor, met: Tensor, features: Tensor, real: Tensor) -> Tensor:
        """Return the logits [b] of padded meetings [b, t, …]; ``real`` [b, t] tells tokens from padding."""
        if self.training:
            own, met = (rows + torch.randn_like(rows) * (NOISE / rows.shape[-1] ** 0.5) for rows in (own, met))
        tokens = 8.0 * (self.own(own) + self.met(met)) + 80.0 * self.both(own * met) + self.features(features)
        first = self.first.expand(len(own), 1, -1)
        rows = self.norm1(torch.cat([first, self.drop(tokens)], dim=1))
        seen = functional.pad(real, (1, 0), value=True)[:, None, None]
        split = (len(rows), -1, HEADS, WIDTH // HEADS)
        query, key, value = (
            part.reshape(split).transpose(1, 2) for part in (self.query(rows[:, :1]), self.key(rows), self.value(rows))
        )
        read = functional.scaled_dot_product_attention(query, key, value, attn_mask=seen)
        state = first[:, 0] + self.drop(self.output(read.transpose(1, 2).reshape(len(rows), WIDTH)))
        inner = self.drop(torch.relu(self.inner(self.norm2(state))))
        logits: Tensor = self.last(self.norm3(state + self.drop(self.outer(inner))))[:, 0]
        return logits


def _padded(rows: Sequence[NDArray[np.float32]]) -> Tensor:
    return nn.utils.rnn.pad_sequence([torch.from_numpy(np.asarray(row, np.float32)) for row in rows], batch_first=True)


def _table(examples: Sequence[Example]) -> NDArray[np.float32]:
    return np.array([[example.signals[name] for name in SIGNALS] for example in examples], dtype=np.float32)


def train_aspects(examples: Sequence[Example], seed: int = 0) -> MeetingNetwork:
    """Return the network that some examples teach to tell whether a passage answers.

    It takes one or two minutes for 20,000 examples on one core.
    """
    torch.manual_seed(seed)
    network = Network(examples[0].meeting.own.shape[1])
    signals = _table(examples)
    signals = (signals - signals.mean(axis=0)) / (signals.std(axis=0) + 1e-6)
    counts = torch.tensor([COUNTS[e.kind] * (SMALL if e.small else 1.0) for e in examples])
    right = torch.tensor([float(e.right) for e in examples])

    def loss_of(chosen: list[int]) -> Tensor:
        meetings = [examples[at].meeting for at in chosen]
        logits = network(*_batch(meetings)) + network.signals(torch.from_numpy(signals[chosen]))[:, 0]
        losses = functional.binary_cross_entropy_with_logits(logits, right[chosen], reduction="none")
        return (losses * counts[chosen]).sum() / counts[chosen].sum()

    _learn(network, [], list(range(len(examples))), BATCH, EPOCHS, seed, loss_of)
    return MeetingNetwork(_weights(network))


def train_reranker(choices: Sequence[Choice], seed: int = 0) -> MeetingNetwork:
    """Return the network that some choices teach, in units of ``fused``: half a minute for 4,000 of them on one core.

    The loss is a softmax over a question's candidates (listwise, as in ListNet: Cao et al., ICML 2007); questions none of
    whose candidates, or all, answer teach nothing.
    """
    torch.manual_seed(seed)
    telling = [choice for choice in choices if any(choice.right) and not all(choice.right)]
    network = Network(telling[0].meetings[0].own.shape[1])
    scale = nn.Parameter(torch.tensor(SCALE))

    def loss_of(rows: list[Choice]) -> Tensor:
        there = torch.tensor([[at < len(row.right) for at in range(RIVALS)] for row in rows])
        fused, right = torch.zeros(there.shape), torch.zeros(there.shape, dtype=torch.bool)
        fused[there] = torch.tensor([score - row.fused[0] for row in rows for score in row.fused])
        right[there] = torch.tensor([value for row in rows for value in row.right])
        scores = torch.zeros(there.shape)
        scores[there] = network(*_batch([meeting for row in rows for meeting in row.meetings]))
        scores = (scores + scale * fused).masked_fill(~there, -1e9)
        return (scores.logsumexp(1) - scores.masked_fill(~right, -1e9).logsumexp(1)).mean()

    _learn(network, [scale], telling, QUESTIONS, RERANK_EPOCHS, seed, loss_of)
    with torch.no_grad():
        network.last.weight /= scale
    return MeetingNetwork(_weights(network))


def _learn(
    network: Network, others: list[nn.Parameter], items: list[T], size: int, epochs: int, seed: int,
    loss_of: Callable[[list[T]], Tensor],
) -> None:  # fmt: skip
    """Train a network, and other parameters beside it, on items in batches; the rate rises at first, then falls."""
    shuffled = random.Random(seed)
    optimiser = torch.optim.AdamW([*network.parameters(), *others], RATE, weight_decay=DECAY)
    steps, step = epochs * -(-len(items) // size), 0
    network.train()
    for _ in range(epochs):
        shuffled.shuffle(items)
        for start in range(0, len(items), size):
            for group in optimiser.param_groups:
                group["lr"] = RATE * min(1.0, (step + 1) / 50) * max(0.02, 1 - step / steps)
            loss = loss_of(items[start : start + size])
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            step += 1


def _batch(meetings: Sequence[Meeting]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    lengths = torch.tensor([len(meeting.own) for meeting in meetings])
    real = torch.arange(int(lengths.max()))[None] < lengths[:, None]
    own, met, features = (_padded([getattr(m, name) for m in meetings]) for name in ("own", "met", "features"))
    return own, met, features, real


def _weights(network: Network) -> dict[str, NDArray[np.float32]]:
    """Return the weights as ``MeetingNetwork`` names them, at the 16 bits at which they are kept; matrices are turned round."""
    found = {}
    for name, tensor in network.state_dict().items():
        if name.startswith("signals"):
            continue
        name = "bias" if name == "features.bias" else name
        name = name.removesuffix(".weight") if tensor.ndim == 2 else name
        values = tensor.numpy().T if tensor.ndim == 2 else tensor.numpy()
        found[name] = values.astype(np.float16).astype(np.float32)
    return found


def write(network: MeetingNetwork, encoder: Encoder, file: Path, card: Mapping[str, Any]) -> None:
    """Write a network and a card beside it with the hash; the same weights give the same bytes."""
    arrays = {**network.weights, "fingerprints": encoder.encode_queries(FINGERPRINTS)}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, values in sorted(arrays.items()):
            array = io.BytesIO()
            np.save(array, values.astype(np.float16), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), array.getvalue(), zipfile.ZIP_DEFLATED)
    content = file.read_bytes()
    whole: dict[str, Any] = {
        "data": "bench/clinics (this project's own), token vectors of the encoder that comes with the project",
        "license": "MIT",
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "weights": int(sum(values.size for values in network.weights.values())),
        "encoder": encoder.name,
        "torch": torch.__version__,
    }
    text = json.dumps({**whole, **card}, ensure_ascii=False, indent=1)
    file.with_suffix(".json").write_text(text + "\n", encoding="utf-8")
