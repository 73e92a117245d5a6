"""Texts to vectors with gradients, cheaply: sorted by length, in slices, so that little padding is computed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from torch import Tensor
from torch.nn import functional

_SLICE = 24


class Reader:
    """Encodes questions and passages with a sentence-transformers model and its own prompts."""

    def __init__(self, model: SentenceTransformer, query_tokens: int, passage_tokens: int) -> None:
        """Cut questions and passages at so many tokens (prompt included) while training."""
        self.model = model
        self.limits = {"query": query_tokens, "passage": passage_tokens}
        prompts = model.prompts
        passage = next((prompts[key] for key in ("document", "passage", "corpus") if key in prompts), "")
        self.prompts = {"query": prompts.get("query", "") or "", "passage": passage or ""}

    def __call__(self, texts: Sequence[str], role: str) -> Tensor:
        """Return unit vectors [n, d] in the order of ``texts``; ``role`` is ``query`` or ``passage``."""
        ids = [self._tokens(text, role) for text in texts]
        order = sorted(range(len(ids)), key=lambda place: len(ids[place]))
        rows: list[Tensor] = []
        for start in range(0, len(order), _SLICE):
            rows.append(self._forward([ids[place] for place in order[start : start + _SLICE]]))
        back = torch.empty(len(order), dtype=torch.long)
        back[torch.tensor(order)] = torch.arange(len(order))
        return functional.normalize(torch.cat(rows).float(), dim=1)[back]

    def vectors(self, texts: Sequence[str], role: str) -> NDArray[np.float32]:
        """Return unit vectors [n, d] without gradients."""
        parts = []
        with torch.inference_mode():
            for start in range(0, len(texts), 256):
                parts.append(self(texts[start : start + 256], role).numpy())
        return np.concatenate(parts).astype(np.float32)

    def _tokens(self, text: str, role: str) -> list[int]:
        tokenizer = self.model.tokenizer
        found: list[int] = tokenizer(self.prompts[role] + text, truncation=True, max_length=self.limits[role])[
            "input_ids"
        ]
        return found

    def _forward(self, ids: list[list[int]]) -> Tensor:
        width = max(map(len, ids))
        pad = self.model.tokenizer.pad_token_id
        features = {
            "input_ids": torch.tensor([row + [pad] * (width - len(row)) for row in ids]),
            "attention_mask": torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in ids]),
        }
        vectors: Tensor = self.model(features)["sentence_embedding"]
        return vectors
