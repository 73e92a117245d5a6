"""Train the network of ``bot/retrieval/aspects.py``; ``python -m bench.confidence`` calls it, as one belongs to the other.

Learned on the written clinics, the signals of the confidence beside it, so that it learns only what they do not tell.
"""

from __future__ import annotations

import hashlib
import io
import json
import random
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from bot.encoding.encoder import Encoder
from bot.retrieval.aspects import CARD, FINGERPRINTS, HEADS, TOKENS, WEIGHTS, Aspects, Meeting
from bot.retrieval.confidence import SIGNALS

WIDTH, INNER, FEATURES = 96, 192, 4
EPOCHS, BATCH, RATE, DECAY = 4, 128, 1e-3, 0.1
DROPOUT = 0.2
NOISE = 0.3  # length of the random vector added to each token's: what is learned must not hang on single tokens
# What a question counts, by kind: half of the rows are hidden ones; everyday questions are easy and many.
COUNTS = {"natural": 1.0, "near": 2.0, "elsewhere": 1.0, "hidden": 0.7, "chat": 0.3, "far": 0.3}
SMALL = 0.3  # by which those are multiplied that are asked of a small part of a clinic's texts


@dataclass(frozen=True, slots=True)
class Example:
    """A question and the best passage: its signals, how they meet, whether it answers, the kind, and if any answers."""

    signals: dict[str, float]
    meeting: Meeting
    right: bool
    kind: str
    answerable: bool
    small: bool = False


class Network(nn.Module):
    """The network under the names of its weights, for training; ``Aspects`` is the same without torch."""

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


def train(examples: Sequence[Example], seed: int = 0) -> Aspects:
    """Return the network that some examples teach: one or two minutes for 20,000 of them on one core."""
    torch.manual_seed(seed)
    shuffled = random.Random(seed)
    network = Network(examples[0].meeting.own.shape[1])
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=DECAY)
    signals = _table(examples)
    signals = (signals - signals.mean(axis=0)) / (signals.std(axis=0) + 1e-6)
    counts = torch.tensor([COUNTS[e.kind] * (SMALL if e.small else 1.0) for e in examples])
    right = torch.tensor([float(e.right) for e in examples])
    order = list(range(len(examples)))
    steps, step = EPOCHS * -(-len(order) // BATCH), 0
    network.train()
    for _ in range(EPOCHS):
        shuffled.shuffle(order)
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            for group in optimiser.param_groups:
                group["lr"] = RATE * min(1.0, (step + 1) / 50) * max(0.02, 1 - step / steps)
            meetings = [examples[at].meeting for at in chosen]
            logits = network(*_batch(meetings)) + network.signals(torch.from_numpy(signals[chosen]))[:, 0]
            losses = functional.binary_cross_entropy_with_logits(logits, right[chosen], reduction="none")
            optimiser.zero_grad()
            ((losses * counts[chosen]).sum() / counts[chosen].sum()).backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            step += 1
    return Aspects(_weights(network))


def _batch(meetings: Sequence[Meeting]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    lengths = torch.tensor([len(meeting.own) for meeting in meetings])
    real = torch.arange(int(lengths.max()))[None] < lengths[:, None]
    own, met, features = (_padded([getattr(m, name) for m in meetings]) for name in ("own", "met", "features"))
    return own, met, features, real


def _weights(network: Network) -> dict[str, NDArray[np.float32]]:
    """Return the weights as ``Aspects`` names them, at the 16 bits at which they are kept; matrices are turned round."""
    found = {}
    for name, tensor in network.state_dict().items():
        if name.startswith("signals"):
            continue
        name = "bias" if name == "features.bias" else name
        name = name.removesuffix(".weight") if tensor.ndim == 2 else name
        values = tensor.numpy().T if tensor.ndim == 2 else tensor.numpy()
        found[name] = values.astype(np.float16).astype(np.float32)
    return found


def write(network: Aspects, encoder: Encoder, learned_on: Mapping[str, int]) -> None:
    """Replace the files that come with the project; the same weights give the same bytes."""
    arrays = {**network.weights, "fingerprints": encoder.encode_queries(FINGERPRINTS)}
    with zipfile.ZipFile(WEIGHTS, "w", zipfile.ZIP_DEFLATED) as file:
        for name, values in sorted(arrays.items()):
            content = io.BytesIO()
            np.save(content, values.astype(np.float16), allow_pickle=False)
            file.writestr(zipfile.ZipInfo(f"{name}.npy"), content.getvalue(), zipfile.ZIP_DEFLATED)
    content = WEIGHTS.read_bytes()
    card: dict[str, Any] = {
        "made_by": "python -m bench.confidence TASKS --write",
        "data": "bench/clinics (this project's own), token vectors of the encoder that comes with the project",
        "license": "MIT",
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "weights": int(sum(values.size for values in network.weights.values())),
        "encoder": encoder.name,
        "training": {
            "epochs": EPOCHS, "batch": BATCH, "rate": RATE, "decay": DECAY, "dropout": DROPOUT, "noise": NOISE,
            "tokens": TOKENS, "counts": COUNTS, "small": SMALL, "torch": torch.__version__,
        },
        "learned_on": dict(learned_on),
    }  # fmt: skip
    CARD.write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
