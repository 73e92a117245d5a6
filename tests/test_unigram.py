"""The small-memory Unigram tokeniser gives the ids that the tokenizers library gives."""

from __future__ import annotations

import json
import random

import pytest
from tokenizers import Tokenizer

from bot.encoding.default_model import default_model
from bot.encoding.unigram import UnigramTokenizer, split_unigram
from tests.conftest import CACHE, CORPUS, ROOT

ODD = "  a\u3000b\t①㎎½～ﬁ Ⅲ😀❤️абвぁ한 éöñ Nguyễn \u200b𠮷"


@pytest.fixture(scope="module")
def whole() -> Tokenizer:
    return Tokenizer.from_file(str(default_model(CACHE) / "tokenizer.json"))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> UnigramTokenizer:
    split = split_unigram((default_model(CACHE) / "tokenizer.json").read_text("utf-8"))
    assert split is not None
    folder = tmp_path_factory.mktemp("unigram")
    (folder / "rules").write_text(split.rules, "utf-8")
    (folder / "pieces").write_bytes(split.pieces)
    return UnigramTokenizer(folder / "rules", folder / "pieces", split.before, split.after, 512)


def real_texts() -> list[str]:
    lines = (ROOT / "tests/eval/seed/queries.jsonl").read_text("utf-8").splitlines()
    questions = [json.loads(line)["text"] for line in lines]
    return [*questions, *(CORPUS / "stem-cells-kidney.md").read_text("utf-8").split("\n"), ODD]


def test_same_ids(whole: Tokenizer, small: UnigramTokenizer) -> None:
    for text in real_texts():
        assert small.ids(f"query: {text}") == whole.encode(f"query: {text}").ids, text


def test_random_text_is_segmented_equally_well(whole: Tokenizer, small: UnigramTokenizer) -> None:
    """Where two segmentations have the same score ("iii": "ii i" or "i ii") the libraries may choose differently."""
    vocabulary = json.loads(whole.to_str())["model"]["vocab"]
    chance, alphabet, same = random.Random(4), "".join(real_texts()), 0
    for _ in range(2000):
        text = "".join(chance.choices(alphabet, k=chance.randint(0, 80)))
        ours, theirs = small.ids(text), whole.encode(text).ids
        same += ours == theirs
        scores = [sum(vocabulary[i][1] for i in ids) for ids in (ours, theirs)]
        assert scores[0] == pytest.approx(scores[1], abs=1e-3), text
    assert same >= 1980


def test_same_cut(whole: Tokenizer, small: UnigramTokenizer) -> None:
    long = "慢性肾脏病患者需要定期复查。" * 200
    whole.enable_truncation(512)
    ids = small.ids(long)
    assert len(ids) == 512
    assert ids == whole.encode(long).ids
    whole.no_truncation()


def test_names_of_special_tokens_in_a_text_are_just_text(small: UnigramTokenizer) -> None:
    ids = small.ids("<s>问</s><pad><mask>")
    assert not {0, 1, 2} & set(ids[1:-1])


def test_other_tokenisers_are_left_alone() -> None:
    assert split_unigram(json.dumps({"model": {"type": "WordPiece"}})) is None
    assert split_unigram(json.dumps({"model": {"type": "Unigram", "vocab": []}, "post_processor": None})) is None
