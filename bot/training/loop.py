"""The training loop: batches in, a better encoder out, within a budget of steps or minutes.

A loop of our own instead of the library's trainer: it shares one encoding of an answer between the wordings of its
question, makes batches of neighbours, keeps a memory of negatives, stops on time and resumes, and needs neither
``datasets`` nor ``accelerate``.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer
from torch import Tensor

from bot.training import checkpoint
from bot.training.batches import Batch, Neighbours, plan_epoch
from bot.training.objective import Memory, contrast, late_contrast, late_interaction
from bot.training.pairs import Pair, PairFile
from bot.training.texts import Encoded, Reader

_UNANSWERED = 24  # questions without an answer that a batch is asked besides its own
_LONGEST_STEP = 60.0  # seconds; what a machine asleep adds does not count against the budget


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train; see ``bot.training.command`` for what each number does."""

    epochs: int = 2
    minutes: float = 0.0
    batch: int = 64
    cluster: int = 4
    rate: float = 3e-5
    warmup: float = 0.06
    temperature: float = 0.02
    margin: float = 0.1
    question_weight: float = 0.3
    late_weight: float = 1.0
    across_weight: float = 0.0
    memory: int = 2048
    frozen_layers: int = 4
    query_tokens: int = 80
    passage_tokens: int = 112
    weight_decay: float = 0.01
    seed: int = 7


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did: steps made and planned, seconds, the loss of every step."""

    steps: int
    planned: int
    seconds: float
    losses: tuple[float, ...]


Report = Callable[[int, int, float], None]


class Trainer:
    """Trains one model on pair files, in place."""

    def __init__(
        self, model: SentenceTransformer, files: Sequence[PairFile], neighbours: Sequence[Neighbours], recipe: Recipe
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.files, self.model = recipe, files, model
        self.reader = Reader(model, recipe.query_tokens, recipe.passage_tokens)
        model.eval()  # no dropout: with so little data it only slows learning down
        self.trained = freeze(model, recipe.frozen_layers)
        self.optimizer = torch.optim.AdamW(self.trained, lr=recipe.rate, weight_decay=recipe.weight_decay)
        self.memories = {number: Memory(recipe.memory) for number in range(len(files))}
        names = sorted({pair.group for file in files for pair in file.pairs})
        self.group_number = {name: number for number, name in enumerate(names)}
        rng = random.Random(recipe.seed)  # noqa: S311
        self.plan: list[Batch] = []
        for _ in range(recipe.epochs):
            self.plan.extend(plan_epoch(files, neighbours, recipe.batch, recipe.cluster, rng))

    def run(self, state: Path, key: str, report: Report, save_every: float = 240.0) -> Outcome:
        """Train to the end of the plan or of the budget, saving to ``state`` now and then.

        Args:
            state: The checkpoint's folder; a checkpoint of the same ``key`` is resumed.
            key: Names the data and options.
            report: Told the step, the steps planned and the loss after each step.
            save_every: Seconds between checkpoints.
        """
        progress = checkpoint.load(state, key, self.model, self.optimizer, self.memories)
        budget = self.recipe.minutes * 60 or float("inf")
        saved = progress.seconds
        while progress.step < len(self.plan) and progress.seconds < budget:
            began = time.monotonic()
            done = max(progress.step / len(self.plan), progress.seconds / budget)
            progress.losses.append(round(self._step(self.plan[progress.step], done), 5))
            progress.step += 1
            progress.seconds += min(time.monotonic() - began, _LONGEST_STEP)
            report(progress.step, len(self.plan), progress.losses[-1])
            if progress.seconds - saved > save_every:
                checkpoint.save(state, progress, self.model, self.optimizer, self.memories)
                saved = progress.seconds
        checkpoint.save(state, progress, self.model, self.optimizer, self.memories)
        return Outcome(progress.step, len(self.plan), progress.seconds, tuple(progress.losses))

    def _step(self, batch: Batch, done: float) -> float:
        warm = self.recipe.warmup
        scale = min(1.0, (done + 0.005) / warm, (1.0 - done) / (1.0 - warm))
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.rate * max(scale, 0.02)
        number, places = batch
        loss = self._loss([self.files[number].pairs[place] for place in places], self.memories[number], places)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.trained, 1.0)
        self.optimizer.step()
        return float(loss.detach())

    def _loss(self, pairs: list[Pair], memory: Memory, places: tuple[int, ...]) -> Tensor:
        """Return the loss of one batch: each wording -> answer, and at a smaller weight wording <-> wording."""
        recipe = self.recipe
        groups = [self.group_number[pair.group] for pair in pairs]
        role = "query" if pairs[0].kind == "question" else "passage"
        positives = self.reader([pair.positive for pair in pairs], role)
        known = list(dict.fromkeys(text for pair in pairs for text in pair.negatives[:2]))
        others = self.reader(known, role).vectors if known else None
        loss = partial(contrast, temperature=recipe.temperature, margin=recipe.margin)
        first = self.reader([pair.queries[0] for pair in pairs], "query")
        total = loss(first.vectors, positives.vectors, groups, others=others, memory=memory)
        if recipe.late_weight:
            total = total + recipe.late_weight * self._late(first, positives, groups, self._unanswered(pairs, places))
        again = [place for place, pair in enumerate(pairs) if len(pair.queries) > 1]
        if len(again) > 1:
            some = [groups[place] for place in again]
            second = self.reader([pairs[place].queries[1] for place in again], "query")
            answers = positives.at(again)
            total = total + loss(second.vectors, answers.vectors, some, memory=memory)
            total = total + recipe.question_weight * loss(first.vectors[again], second.vectors, some)
            if recipe.late_weight:
                total = total + recipe.late_weight * self._late(second, answers, some)
        memory.add(positives.vectors, groups)
        return total

    def _unanswered(self, pairs: list[Pair], places: tuple[int, ...]) -> Encoded | None:
        """Return some of the questions that stand near a batch's texts and that none of them answers."""
        near = list(dict.fromkeys(text for pair in pairs for text in pair.unanswered))
        if not near or not self.recipe.across_weight:
            return None
        chosen = random.Random(f"{self.recipe.seed} {places}").sample(near, min(_UNANSWERED, len(near)))  # noqa: S311
        return self.reader(chosen, "query")

    def _late(
        self, questions: Encoded, answers: Encoded, groups: list[int], unanswered: Encoded | None = None
    ) -> Tensor:
        recipe = self.recipe
        return late_contrast(
            late_interaction(questions, answers),
            groups,
            temperature=recipe.temperature,
            margin=recipe.margin,
            across=recipe.across_weight,
            unanswered=None if unanswered is None else late_interaction(unanswered, answers),
        )


def freeze(model: SentenceTransformer, layers: int) -> list[torch.nn.Parameter]:
    """Freeze the word embeddings and the lowest ``layers``; return the parameters left to train."""
    below = {f".layer.{number}." for number in range(layers)}
    for name, parameter in model.named_parameters():
        frozen = "embeddings." in name or "pooler." in name or any(part in name for part in below)
        parameter.requires_grad_(not frozen)
    return [parameter for parameter in model.parameters() if parameter.requires_grad]
