"""The loss: symmetric InfoNCE over a batch's answers and a memory of the last ones, false negatives masked.

Sources: InfoNCE, van den Oord et al. 2018 (arXiv:1807.03748); the memory, Wang et al. 2020 (XBM, arXiv:1912.06798);
masking by the positive's own score, as in GISTEmbed (arXiv:2402.16829); late interaction, Khattab and Zaharia, SIGIR 2020.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional

from bot.training.texts import Encoded


@dataclass(slots=True)
class Memory:
    """The last positives' vectors with their groups: negatives that cost no encoding. ``size`` 0 switches it off."""

    size: int
    vectors: Tensor | None = None
    groups: list[int] = field(default_factory=list)

    def add(self, vectors: Tensor, groups: list[int]) -> None:
        """Remember a batch, forgetting the oldest beyond ``size``."""
        if not self.size:
            return
        joined = vectors.detach() if self.vectors is None else torch.cat([self.vectors, vectors.detach()])
        self.vectors = joined[-self.size :]
        self.groups = [*self.groups, *groups][-self.size :]


def contrast(
    queries: Tensor,
    positives: Tensor,
    groups: list[int],
    *,
    others: Tensor | None = None,
    memory: Memory | None = None,
    temperature: float = 0.02,
    margin: float = 0.1,
) -> Tensor:
    """Return the mean symmetric InfoNCE loss of ``queries[i]`` -> ``positives[i]``.

    Args:
        queries: Unit vectors [n, d].
        positives: Unit vectors [n, d].
        groups: The group of each pair: equal ones are not each other's negatives.
        others: Unit vectors [m, d] of texts that answer none of the questions.
        memory: Earlier positives, negatives for the questions only.
        temperature: Divides the cosines.
        margin: A negative whose cosine is above the positive's by more is taken for an unlabelled positive.
    """
    own = torch.tensor(groups)
    diagonal = torch.eye(len(groups), dtype=torch.bool)
    same = (own[:, None] == own[None, :]) & ~diagonal
    columns, blocked = [positives], [same]
    if others is not None:
        columns.append(others)
        blocked.append(torch.zeros(len(groups), len(others), dtype=torch.bool))
    if memory is not None and memory.vectors is not None:
        columns.append(memory.vectors)
        blocked.append(own[:, None] == torch.tensor(memory.groups)[None, :])
    forward = _nce(queries @ torch.cat(columns).T, torch.cat(blocked, dim=1), temperature, margin)
    return 0.5 * (forward + _nce(positives @ queries.T, same, temperature, margin))


def late_contrast(
    similar: Tensor,
    groups: list[int],
    *,
    temperature: float = 0.02,
    margin: float = 0.1,
    across: float = 0.0,
    unanswered: Tensor | None = None,
) -> Tensor:
    """Return the mean symmetric InfoNCE loss where a question and a text are compared token by token.

    Args:
        similar: What :func:`late_interaction` gives for ``n`` questions and their ``n`` texts.
        groups: The group of each pair: equal ones are not each other's negatives.
        temperature: Divides the cosines.
        margin: A negative whose cosine is above the positive's by more is taken for an unlabelled positive.
        across: Weight of :func:`across_questions`.
        unanswered: What :func:`late_interaction` gives for ``m`` questions that none of the texts answers, [m, n].
    """
    own = torch.tensor(groups)
    same = (own[:, None] == own[None, :]) & ~torch.eye(len(groups), dtype=torch.bool)
    forward = _nce(similar, same, temperature, margin)
    loss = 0.5 * (forward + _nce(similar.T, same, temperature, margin))
    return loss + across * across_questions(similar, same, unanswered, margin=margin) if across else loss


def across_questions(
    similar: Tensor, same: Tensor, unanswered: Tensor | None = None, *, temperature: float = 0.04, margin: float = 0.1
) -> Tensor:
    """Return how badly one threshold would tell right texts from the best wrong text of each question.

    InfoNCE of every question's own text against the hardest negatives of *all* questions: what would be shown to them
    if their answers were not there, or, for ``unanswered`` ones [m, n], what would be shown to them. It makes the
    similarities of different questions comparable, which ranking alone never asks for, and on which the decision to
    answer rests.
    """
    own = similar.diagonal()
    blocked = same | torch.eye(len(own), dtype=torch.bool) | (similar.detach() > own.detach()[:, None] + margin)
    hardest = similar.masked_fill(blocked, -1.0).amax(dim=1)
    if unanswered is not None:
        hardest = torch.cat([hardest, unanswered.amax(dim=1)])
    logits = torch.cat([own[:, None], hardest[None, :].expand(len(own), -1)], dim=1) / temperature
    return functional.cross_entropy(logits, torch.zeros(len(own), dtype=torch.long))


def late_interaction(queries: Encoded, texts: Encoded) -> Tensor:
    """Return [n, m]: the mean over a question's tokens of the best cosine with any token of the text."""
    columns = queries.mask.any(dim=0)
    tokens, mask = queries.tokens[:, columns], queries.mask[:, columns].float()
    flat = texts.tokens.flatten(0, 1)
    rows = []
    for row, weight in zip(tokens, mask, strict=True):  # one question at a time: the full table would fill the memory
        cosines = (row @ flat.T).view(len(row), *texts.mask.shape)
        best = cosines.masked_fill(~texts.mask[None], -1.0).amax(dim=2)
        rows.append((best * weight[:, None]).sum(dim=0) / weight.sum().clamp(min=1.0))
    return torch.stack(rows)


def _nce(cosines: Tensor, blocked: Tensor, temperature: float, margin: float) -> Tensor:
    target = torch.arange(len(cosines))
    own = cosines.detach().diagonal()[:, None]
    logits = (cosines / temperature).masked_fill(blocked | (cosines.detach() > own + margin), float("-inf"))
    return functional.cross_entropy(logits, target)
