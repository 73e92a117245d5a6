"""``python -m bot train``: an encoder better at this field's, or this clinic's, questions."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bot.errors import EncoderError
from bot.language.lexicon import Lexicon, load_lexicon
from bot.language.segmentation import Segmenter
from bot.training.batches import Neighbours, dense_neighbours, lexical_neighbours, merge
from bot.training.loop import Outcome, Recipe, Trainer
from bot.training.pairs import PairFile, pair_files
from bot.training.soup import blend
from bot.training.texts import Reader

PROVENANCE = "training.json"


@dataclass(frozen=True, slots=True)
class Options:
    """What to train from, on what, where to; ``keep`` is the trained weights' part in the blend with the base's."""

    base: Path
    output: Path
    pairs: tuple[str, ...] = ()
    corpus: Path | None = None
    lexicon: Path | None = None
    cache: Path = Path(".cache")
    threads: int = 0
    keep: float = 1.0
    mining: str = "both"
    recipe: Recipe = field(default_factory=Recipe)


def train(
    options: Options, report: Callable[[int, int, float], None] | None = None, save_every: float = 240.0
) -> dict[str, Any]:
    """Train, write a sentence-transformers folder to ``options.output`` and return the summary written beside it.

    Raises:
        EncoderError: there is nothing to train on, or the base model cannot be loaded.
    """
    import torch

    from bot.encoding.torch_encoder import SentenceTransformerEncoder

    if options.threads:
        torch.set_num_threads(options.threads)
    segmenter = Segmenter(load_lexicon(options.lexicon) if options.lexicon else Lexicon(), options.cache)
    files = _files(options, segmenter)
    if not files:
        raise EncoderError("没有训练数据。请用 --pairs 给出问答文件，或用 --corpus 给出语料文件夹。")
    base = SentenceTransformerEncoder(options.base)
    key = _key(options, files, base.content_hash())
    reader = Reader(base.model, options.recipe.query_tokens, 16) if options.mining == "both" else None
    neighbours = mine(files, segmenter.tokens, reader)
    trainer = Trainer(base.model, files, neighbours, options.recipe)
    state = options.output.parent / f".{options.output.name}.state"
    outcome = trainer.run(state, key, report or (lambda *_: None), save_every)
    if options.keep < 1.0:
        blend(base.model, SentenceTransformerEncoder(options.base).model, options.keep)
    # The length at which training cut the questions stays in the tokeniser, and would be saved with it.
    base.model.tokenizer.backend_tokenizer.no_truncation()
    base.model.save(str(options.output), create_model_card=False)
    summary = _summary(options, files, outcome)
    (options.output / PROVENANCE).write_text(json.dumps(summary, ensure_ascii=False, indent=2) + "\n", "utf-8")
    return summary


def mine(files: Sequence[PairFile], tokens: Callable[[str], list[str]], reader: Reader | None) -> list[Neighbours]:
    """Return each file's neighbours by BM25 over the answers and, given a reader, by the model over the questions."""
    found = []
    for file in files:
        near = lexical_neighbours(file.pairs, tokens)
        if reader is not None:
            questions = reader.vectors([pair.queries[0] for pair in file.pairs], "query")
            near = merge(near, dense_neighbours(file.pairs, questions))
        found.append(near)
    return found


def _files(options: Options, segmenter: Segmenter) -> list[PairFile]:
    files = pair_files(list(options.pairs))
    if options.corpus is not None:
        from bot.retrieval.build import limits_of
        from bot.settings import load_settings
        from bot.training.clinic import corpus_pairs

        files.append(corpus_pairs(options.corpus, segmenter, limits_of(load_settings())))
    return files


def _key(options: Options, files: Sequence[PairFile], base: str) -> str:
    recipe = {name: value for name, value in asdict(options.recipe).items() if name != "minutes"}  # may be prolonged
    parts = [recipe, options.mining, [(file.sha256, file.share) for file in files], base]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _summary(options: Options, files: Sequence[PairFile], outcome: Outcome) -> dict[str, Any]:
    from bot.encoding.unpacking import file_sha256

    losses = outcome.losses
    origin = options.base / "yiju.json"
    tenth = max(1, len(losses) // 10)
    return {
        "format": 1,
        "base": options.base.name,
        "base_sha256": file_sha256(options.base / "model.safetensors"),
        "base_provenance": json.loads(origin.read_text("utf-8")) if origin.is_file() else None,
        "data": [{"file": f.name, "pairs": len(f.pairs), "share": f.share, "sha256": f.sha256} for f in files],
        "recipe": asdict(options.recipe),
        "keep": options.keep,
        "mining": options.mining,
        "steps": outcome.steps,
        "planned_steps": outcome.planned,
        "seconds": round(outcome.seconds, 1),
        "losses": [
            round(sum(losses[at : at + tenth]) / len(losses[at : at + tenth]), 4) for at in range(0, len(losses), tenth)
        ],
        "versions": {name: version(name) for name in ("torch", "transformers", "sentence-transformers", "numpy")},
        "python": platform.python_version(),
    }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options to a parser."""
    parser.add_argument("--base", type=Path, help="起点模型文件夹(默认：内置模型)")
    parser.add_argument("--output", type=Path, required=True, help="新模型文件夹")
    parser.add_argument("--pairs", action="append", default=[], metavar="FILE[@比例]", help="问答对 JSONL，可多次给出")
    parser.add_argument("--corpus", type=Path, help="语料文件夹：以标题和常见问题为问题")
    parser.add_argument("--lexicon", type=Path, help="词表文件夹(挖掘难负例时分词用)")
    parser.add_argument("--cache", type=Path, default=Path(".cache"), help="缓存文件夹")
    parser.add_argument("--threads", type=int, default=0, help="线程数(0:由系统定)")
    parser.add_argument("--keep", type=float, default=1.0, help="与起点模型混合时新权重所占比例，0–1(默认 1，不混合)")
    parser.add_argument(
        "--mining", choices=("both", "bm25"), default="both", help="难负例来自 BM25 与模型，或只来自 BM25"
    )
    parser.add_argument("--json", action="store_true", help="输出 JSON")
    words = {
        "epochs": "轮数", "minutes": "时间上限(分钟，0 为不限)", "batch": "每批问答对数", "cluster": "每批中相近问答的组大小",
        "rate": "学习率", "warmup": "预热所占比例", "temperature": "温度", "margin": "疑似漏标正例的余弦差",
        "question_weight": "问句对的权重", "late_weight": "逐词元比较(后期交互)的权重，0 为不用",
        "across_weight": "各问题之间分数可比的权重(可答性)，0 为不用", "memory": "记住多少条旧答案作负例(0 为不用)", "frozen_layers": "冻结最低几层",
        "query_tokens": "训练时问题的最大词元数", "passage_tokens": "训练时答案的最大词元数", "weight_decay": "权重衰减",
        "seed": "随机种子",
    }  # fmt: skip
    for item in fields(Recipe):
        default: Any = item.default
        name = "--" + item.name.replace("_", "-")
        parser.add_argument(name, type=type(default), default=default, help=f"{words[item.name]}(默认 {default})")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Run the command for parsed arguments, with a progress bar; return the summary."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from bot.encoding.base_model import base_model

    recipe = Recipe(**{item.name: getattr(args, item.name) for item in fields(Recipe)})
    options = Options(
        args.base or base_model(args.cache), args.output, tuple(args.pairs), args.corpus, args.lexicon,
        args.cache, args.threads, args.keep, args.mining, recipe,
    )  # fmt: skip
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    columns = (
        TextColumn("训练"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("损失 {task.fields[loss]:.3f}"),
    )
    with Progress(*columns) as bar:
        task = bar.add_task("train", total=None, loss=float("nan"))
        return train(options, lambda step, total, loss: bar.update(task, completed=step, total=total, loss=loss))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run ``python -m bot train`` with the words after ``train``."""
    parser = argparse.ArgumentParser(
        prog="python -m bot train", description="在问答对或自己的语料上训练编码模型(从内置模型或 --base 出发)。"
    )
    add_arguments(parser)
    began = time.monotonic()
    summary = run(parser.parse_args(arguments))
    print(json.dumps(summary | {"wall_seconds": round(time.monotonic() - began)}, ensure_ascii=False))  # noqa: T201
