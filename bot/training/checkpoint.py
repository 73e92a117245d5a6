"""Save and resume a half-trained model: safetensors and JSON, replaced in one step, so that a kill loses minutes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from bot.training.objective import Memory

STATE, TENSORS = "state.json", "state.safetensors"


@dataclass(slots=True)
class Progress:
    """How far a run has come; ``key`` tells runs with other data or options apart."""

    key: str
    step: int = 0
    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)


def save(
    folder: Path, progress: Progress, model: nn.Module, optimizer: Optimizer, memories: Mapping[int, Memory]
) -> None:
    """Write everything that a resumed run needs."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors: dict[str, Tensor] = {}
    for name, parameter in _trained(model):
        tensors[f"weight.{name}"] = parameter.detach()
        for key in ("exp_avg", "exp_avg_sq", "step"):
            if key in optimizer.state.get(parameter, {}):
                tensors[f"{key}.{name}"] = optimizer.state[parameter][key].detach()
    for number, memory in memories.items():
        if memory.vectors is not None:
            tensors[f"memory.{number}"] = memory.vectors
    groups = {str(number): memory.groups for number, memory in memories.items()}
    save_file({name: tensor.contiguous().clone() for name, tensor in tensors.items()}, folder / f"{TENSORS}.new")
    state = json.dumps({**asdict(progress), "groups": groups})
    (folder / f"{STATE}.new").write_text(state, encoding="utf-8")
    for name in (TENSORS, STATE):
        os.replace(folder / f"{name}.new", folder / name)


def load(folder: Path, key: str, model: nn.Module, optimizer: Optimizer, memories: Mapping[int, Memory]) -> Progress:
    """Restore a run in place; without a checkpoint of this very run, start a new one."""
    try:
        state = json.loads((folder / STATE).read_text(encoding="utf-8"))
        tensors = load_file(folder / TENSORS)
    except (OSError, ValueError):
        return Progress(key)
    if state["key"] != key:
        return Progress(key)
    groups = state.pop("groups")
    for name, parameter in _trained(model):
        parameter.data.copy_(tensors[f"weight.{name}"])
        moments = {
            part: tensors[f"{part}.{name}"] for part in ("exp_avg", "exp_avg_sq", "step") if f"{part}.{name}" in tensors
        }
        if moments:
            optimizer.state[parameter] = moments
    for number, memory in memories.items():
        memory.vectors = tensors.get(f"memory.{number}")
        memory.groups = groups.get(str(number), [])
    return Progress(**state)


def _trained(model: nn.Module) -> list[tuple[str, nn.Parameter]]:
    return [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
