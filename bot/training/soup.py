"""Average a trained model with its base: keeps most of what was learned and most of what the base knew.

Source: Wortsman et al. 2022, "Robust fine-tuning of zero-shot models" (WiSE-FT, arXiv:2109.01903).
"""

from __future__ import annotations

import torch
from torch import nn


def blend(trained: nn.Module, base: nn.Module, keep: float) -> None:
    """Set ``trained``'s weights to ``keep`` of its own and ``1 - keep`` of ``base``'s, in place."""
    other = dict(base.named_parameters())
    with torch.no_grad():
        for name, parameter in trained.named_parameters():
            parameter.mul_(keep).add_(other[name], alpha=1.0 - keep)
