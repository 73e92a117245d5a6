"""Texts to vectors with gradients, cheaply: sorted by length, in slices, so that little padding is computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from torch import Tensor
from torch.nn import functional

_SLICE = 24


@dataclass(frozen=True, slots=True)
class Encoded:
    """Texts as one unit vector each [n, d] and as unit vectors of their tokens [n, t, d], of which ``mask`` [n, t] count.

    The tokens of the prompt and the special ones do not count.
    """

    vectors: Tensor
    tokens: Tensor
    mask: Tensor

    def at(self, places: Sequence[int]) -> Encoded:
        """Return some of the texts."""
        chosen = torch.tensor(list(places), dtype=torch.long)
        return Encoded(self.vectors[chosen], self.tokens[chosen], self.mask[chosen])


class Reader:
    """Encodes questions and passages with a sentence-transformers model and its own prompts."""

    def __init__(self, model: SentenceTransformer, query_tokens: int, passage_tokens: int) -> None:
        """Cut questions and passages at so many tokens (prompt included) while training."""
        self.model = model
        self.limits = {"query": query_tokens, "passage": passage_tokens}
        prompts = model.prompts
        passage = next((prompts[key] for key in ("document", "passage", "corpus") if key in prompts), "")
        self.prompts = {"query": prompts.get("query", "") or "", "passage": passage or ""}
        self.skipped = {role: self._prompt_length(prompt) for role, prompt in self.prompts.items()}

    def __call__(self, texts: Sequence[str], role: str) -> Encoded:
        """Encode ``texts``, in their order; ``role`` is ``query`` or ``passage``."""
        ids = [self._tokens(text, role) for text in texts]
        order = sorted(range(len(ids)), key=lambda place: len(ids[place]))
        width, skip = max(map(len, ids)), self.skipped[role]
        vectors, tokens, masks = [], [], []
        for start in range(0, len(order), _SLICE):
            rows = [ids[place] for place in order[start : start + _SLICE]]
            pooled, states, mask = self._forward(rows)
            mask[:, :skip] = False
            mask[torch.arange(len(rows)), torch.tensor([len(row) - 1 for row in rows])] = False
            missing = width - states.shape[1]
            vectors.append(pooled)
            tokens.append(functional.pad(states, (0, 0, 0, missing)))
            masks.append(functional.pad(mask, (0, missing)))
        back = torch.empty(len(order), dtype=torch.long)
        back[torch.tensor(order)] = torch.arange(len(order))
        return Encoded(
            functional.normalize(torch.cat(vectors).float(), dim=1)[back],
            functional.normalize(torch.cat(tokens).float(), dim=2)[back],
            torch.cat(masks)[back],
        )

    def vectors(self, texts: Sequence[str], role: str) -> NDArray[np.float32]:
        """Return unit vectors [n, d] without gradients."""
        parts = []
        with torch.inference_mode():
            for start in range(0, len(texts), 256):
                parts.append(self(texts[start : start + 256], role).vectors.numpy())
        return np.concatenate(parts).astype(np.float32)

    def _tokens(self, text: str, role: str) -> list[int]:
        tokenizer = self.model.tokenizer
        found: list[int] = tokenizer(self.prompts[role] + text, truncation=True, max_length=self.limits[role])[
            "input_ids"
        ]
        return found

    def _prompt_length(self, prompt: str) -> int:
        """Return how many tokens stand before a text: the leading special one and the prompt's."""
        return len(self.model.tokenizer(prompt.rstrip())["input_ids"]) - 1

    def _forward(self, ids: list[list[int]]) -> tuple[Tensor, Tensor, Tensor]:
        width = max(map(len, ids))
        pad = self.model.tokenizer.pad_token_id
        mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in ids])
        features = {
            "input_ids": torch.tensor([row + [pad] * (width - len(row)) for row in ids]),
            "attention_mask": mask,
        }
        found = self.model(features)
        return found["sentence_embedding"], found["token_embeddings"], mask.bool()
