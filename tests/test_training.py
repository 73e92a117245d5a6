"""Training: pairs, batches, the loss, resuming, blending, and the packed file."""

from __future__ import annotations

import json
import random
import zipfile
from pathlib import Path

import numpy as np
import pytest

from bot.encoding.packed_model import from_q4, from_q8, pack, to_q4, to_q8, unpack
from bot.errors import EncoderError
from bot.training.batches import lexical_neighbours, merge, plan_epoch
from bot.training.pairs import Pair, PairFile, make_pair, pair_files, read_pairs

torch = pytest.importorskip("torch")


def pair(question: str, answer: str, group: str = "") -> Pair:
    return make_pair({"query": question, "positive": answer, "group": group})


def test_pairs_are_read_with_defaults(tmp_path: Path) -> None:
    rows = [
        {"query": "胃痛吃什么", "positive": "少吃多餐。"},
        {"query": ["a", "b"], "positive": "少吃多餐", "kind": "question"},
    ]
    path = tmp_path / "pairs.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    first, second = read_pairs(path).pairs
    assert first.queries == ("胃痛吃什么",) and second.queries == ("a", "b") and second.kind == "question"
    assert first.group == second.group  # equal but for punctuation
    assert pair_files([f"{path}@0.5"])[0].share == 0.5


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"query": "a"}', '{"query": "", "positive": "b"}', '{"query": 1, "positive": "b"}']
)
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text(f'{{"query": "a", "positive": "b"}}\n{line}\n', encoding="utf-8")
    with pytest.raises(EncoderError, match=r"pairs\.jsonl:2"):
        read_pairs(path)


def test_hard_negatives_leave_out_the_same_group_and_likely_right_answers() -> None:
    pairs = [
        pair("胃痛 吃药", "胃痛 应该 吃药 休息"),
        pair("胃痛 饮食", "胃痛 饮食 清淡 为好"),
        pair("胃痛 吃药 么", "胃痛 应该 吃药 休息"),  # the same answer: the same group
        pair("头痛 吃药", "头痛 吃药 无用"),
        pair("肝病", "无 关"),
    ]
    near = lexical_neighbours(pairs, str.split)
    assert near[0] and set(near[0]) <= {1, 3}
    assert 4 not in near[0]  # shares no word
    assert near[4] == []


def test_neighbours_take_turns() -> None:
    assert merge([[1, 2, 3]], [[2, 4]]) == [[1, 2, 4, 3]]


def test_an_epoch_holds_every_pair_once_and_neighbours_together() -> None:
    files = [PairFile("a", tuple(pair(f"q{n}", f"p{n}") for n in range(40)), ""), PairFile("b", (pair("x", "y"),), "")]
    near = [[[(n + 20) % 40] for n in range(40)], [[]]]
    plan = plan_epoch(files, near, size=10, cluster=2, rng=random.Random(1))
    seen = sorted(place for number, batch in plan for place in batch if number == 0)
    assert seen == list(range(40))
    assert all(((place + 20) % 40) in batch for number, batch in plan for place in batch if number == 0)
    assert plan == plan_epoch(files, near, size=10, cluster=2, rng=random.Random(1))


def test_loss_is_small_for_the_right_order_and_masks_the_same_group() -> None:
    from bot.training.objective import Memory, contrast

    eye = torch.eye(4)
    assert float(contrast(eye, eye, [0, 1, 2, 3])) < 1e-6
    assert float(contrast(eye, eye.flip(0), [0, 1, 2, 3], margin=2.0)) > 10
    twins = eye[[0, 0, 2, 3]]
    assert float(contrast(twins, twins, [0, 0, 2, 3])) < 1e-6
    assert float(contrast(twins, twins, [0, 1, 2, 3])) > 0.3
    memory = Memory(size=3)
    memory.add(eye, [7, 1, 2, 3])
    assert memory.groups == [1, 2, 3] and memory.vectors is not None and len(memory.vectors) == 3
    assert float(contrast(eye[1:], eye[1:], [1, 2, 3], memory=memory)) < 1e-6
    assert float(contrast(eye[1:], eye[1:], [4, 5, 6], memory=memory)) > 0.3


def test_loss_takes_a_far_better_negative_for_an_unlabelled_answer() -> None:
    from bot.training.objective import contrast

    queries = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    positives = torch.tensor([[0.6, 0.8], [1.0, 0.0]])
    strict = contrast(queries, positives, [0, 1], margin=2.0)
    assert float(contrast(queries, positives, [0, 1], margin=0.1)) < float(strict)


def test_one_threshold_for_all_questions_is_what_the_across_loss_asks_for() -> None:
    from bot.training.objective import across_questions

    nothing = torch.zeros(2, 2, dtype=torch.bool)
    apart = torch.tensor([[0.8, 0.2], [0.3, 0.7]])  # every right text above the best wrong one of any question
    ranked = torch.tensor([[0.9, 0.7], [0.1, 0.6]])  # each question ranks well, but 0.7 (wrong) is above 0.6 (right)
    assert across_questions(apart, nothing) < 0.01 < 0.5 < across_questions(ranked, nothing)
    same = torch.tensor([[False, True], [False, False]])  # of one group: 0.7 is no wrong text
    assert across_questions(ranked, same) < 0.01
    likely = torch.tensor([[0.5, 0.9], [0.1, 0.6]])  # far above the right one: an unlabelled answer, left out
    assert across_questions(likely, nothing) < 0.01
    asked = torch.tensor([[0.3, 0.2], [0.1, 0.75]])  # of the second question, which nothing answers, 0.75 is above 0.7
    assert across_questions(apart, nothing, asked[:1]) < 0.01 < 0.5 < across_questions(apart, nothing, asked)


def test_questions_without_an_answer_are_read() -> None:
    row = {"query": "一", "positive": "二", "unanswered": ["三", "四"]}
    assert make_pair(row).unanswered == ("三", "四")
    with pytest.raises(ValueError, match="unanswered"):
        make_pair(row | {"unanswered": [" "]})
    for name in ("unanswered", "negatives"):
        with pytest.raises(TypeError, match=name):
            make_pair(row | {name: "三"})


def test_blocks_keep_what_they_hold() -> None:
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(6, 128)).astype(np.float32)
    four = from_q4(*to_q4(weights), weights.shape)
    assert np.array_equal(from_q4(*to_q4(four), four.shape), four)  # a second time changes nothing
    assert np.abs(four - weights).max() < np.abs(weights).max() / 8
    assert np.abs(from_q8(*to_q8(weights), weights.shape) - weights).max() < np.abs(weights).max() / 200
    zeros = np.zeros((1, 64), dtype=np.float32)
    assert np.array_equal(from_q4(*to_q4(zeros), zeros.shape), zeros)
    assert np.array_equal(from_q8(*to_q8(zeros), zeros.shape), zeros)


def model_folder(folder: Path) -> Path:
    from safetensors.numpy import save_file

    rng = np.random.default_rng(1)
    folder.mkdir()
    weights = {
        "embeddings.word_embeddings.weight": rng.normal(size=(5, 64)).astype(np.float32),
        "embeddings.position_embeddings.weight": rng.normal(size=(4, 64)).astype(np.float32),
        "encoder.layer.0.query.weight": rng.normal(size=(64, 64)).astype(np.float32),
        "encoder.layer.0.query.bias": rng.normal(size=64).astype(np.float32),
        "pooler.dense.weight": np.zeros((64, 64), dtype=np.float32),
    }
    save_file(weights, folder / "model.safetensors")
    (folder / "config.json").write_text("{}", encoding="utf-8")
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text('{"a": 1}', encoding="utf-8")
    return folder


def test_a_packed_model_comes_back_and_equal_folders_give_equal_files(tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    folder = model_folder(tmp_path / "model")
    first, second = pack(folder, tmp_path / "a.yiju"), pack(folder, tmp_path / "b.yiju")
    assert first["sha256"] == second["sha256"]
    kinds = {name: entry["kind"] for name, entry in first["tensors"].items()}
    assert sorted(kinds.values()) == ["f16", "f32", "q12", "q4", "zero"]
    unpack(tmp_path / "a.yiju", tmp_path / "back")
    before, after = load_file(folder / "model.safetensors"), load_file(tmp_path / "back" / "model.safetensors")
    assert before.keys() == after.keys()
    assert np.abs(before["encoder.layer.0.query.weight"] - after["encoder.layer.0.query.weight"]).max() < 0.003
    assert (tmp_path / "back" / "1_Pooling" / "config.json").read_text("utf-8") == '{"a": 1}'
    pack(tmp_path / "back", tmp_path / "c.yiju")  # what came back loses nothing more
    unpack(tmp_path / "c.yiju", tmp_path / "again")
    for name, tensor in load_file(tmp_path / "again" / "model.safetensors").items():
        assert np.allclose(tensor, after[name], atol=2e-3), name


def test_a_damaged_or_hostile_packed_model_is_refused(tmp_path: Path) -> None:
    folder, file = model_folder(tmp_path / "model"), tmp_path / "a.yiju"
    pack(folder, file)
    (tmp_path / "short.yiju").write_bytes(file.read_bytes()[:-200])
    with pytest.raises(EncoderError):
        unpack(tmp_path / "short.yiju", tmp_path / "x")
    with zipfile.ZipFile(file) as good, zipfile.ZipFile(tmp_path / "evil.yiju", "w") as evil:
        index = json.loads(good.read("packed.json"))
        index["files"] = ["../outside.json"]
        evil.writestr("packed.json", json.dumps(index))
        evil.writestr("tensors.safetensors", good.read("tensors.safetensors"))
        evil.writestr("files/../outside.json", "{}")
    with pytest.raises(EncoderError, match="文件夹以外"):
        unpack(tmp_path / "evil.yiju", tmp_path / "x")
    assert not (tmp_path / "outside.json").exists()


WORDS = [f"{a}{b}" for a in "肝胃心肺肾" for b in "炎痛癌病虚"]


def tiny_model(folder: Path) -> Path:
    """Write a two-layer model with a Unigram tokeniser over a few characters."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    specials = ["<s>", "<pad>", "</s>", "<unk>"]
    pieces = [*specials, "▁", *"肝胃心肺肾炎痛癌病虚治疗吃药怎么办", *"abcdefghijklmnopqrstuvwxyz", "▁dst", "▁the"]
    raw = Tokenizer(models.Unigram([(p, 0.0 if p in specials else -float(n)) for n, p in enumerate(pieces)], unk_id=3))
    raw.pre_tokenizer = pre_tokenizers.Metaspace()
    raw.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    raw.add_special_tokens(specials)
    inner = folder.with_name("inner")
    PreTrainedTokenizerFast(
        tokenizer_object=raw, bos_token="<s>", eos_token="</s>", pad_token="<pad>", unk_token="<unk>"
    ).save_pretrained(inner)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(pieces), hidden_size=64, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=40, pad_token_id=1,
    )  # fmt: skip
    BertModel(config).save_pretrained(inner)
    module = Transformer(str(inner), max_seq_length=32)
    model = SentenceTransformer(modules=[module, Pooling(64)], prompts={"query": "q ", "document": "p "})
    model.save(str(folder), create_model_card=False)
    return folder


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("tiny") / "model")


def pair_file(path: Path) -> str:
    rows = [{"query": [f"{w}怎么办", f"{w}吃药"], "positive": f"治疗{w}", "unanswered": [f"{w}多少钱"]} for w in WORDS]
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return str(path)


def weights_of(folder: Path) -> dict[str, np.ndarray]:
    from safetensors.numpy import load_file

    return load_file(folder / "model.safetensors")


def test_training_learns_keeps_what_is_frozen_and_can_be_repeated_and_resumed(tiny: Path, tmp_path: Path) -> None:
    from bot.training.command import Options, train
    from bot.training.loop import Recipe

    recipe = Recipe(epochs=6, batch=8, rate=3e-3, frozen_layers=1, memory=16, across_weight=0.5)
    options = Options(tiny, tmp_path / "a", (pair_file(tmp_path / "pairs.jsonl"),), cache=tmp_path, recipe=recipe)
    summary = train(options)
    assert summary["losses"][-1] < 0.75 * summary["losses"][0]
    assert summary["steps"] == summary["planned_steps"] and summary["data"][0]["pairs"] == len(WORDS)
    assert json.loads((tmp_path / "a" / "training.json").read_text("utf-8")) == summary
    tokenizer = json.loads((tmp_path / "a" / "tokenizer.json").read_text("utf-8"))
    assert tokenizer["truncation"] is None  # training cuts questions short; what it leaves behind must not
    before, after = weights_of(tiny), weights_of(tmp_path / "a")
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert changed and all("layer.1." in name for name in changed)

    class Stop(Exception):
        pass

    def stop(step: int, total: int, loss: float) -> None:
        if step == 7:
            raise Stop

    second = Options(tiny, tmp_path / "b", options.pairs, cache=tmp_path, recipe=recipe)
    with pytest.raises(Stop):
        train(second, stop, save_every=0.0)
    steps: list[int] = []
    train(second, lambda step, total, loss: steps.append(step))
    assert steps[0] == 7  # the sixth step was the last one saved
    for name, tensor in weights_of(tmp_path / "b").items():
        assert np.allclose(tensor, after[name], atol=1e-5), name


def test_training_is_asked_what_has_no_answer(tiny: Path, tmp_path: Path) -> None:
    from bot.training.command import Options, train
    from bot.training.loop import Recipe

    asked = pair_file(tmp_path / "asked.jsonl")
    rows = [json.loads(line) for line in Path(asked).read_text("utf-8").splitlines()]
    plain = tmp_path / "plain.jsonl"
    plain.write_text("\n".join(json.dumps(row | {"unanswered": []}) for row in rows), encoding="utf-8")
    losses = {}
    for across in (0.0, 1.0):
        recipe = Recipe(epochs=1, batch=len(rows), frozen_layers=1, across_weight=across)
        for name in (asked, str(plain)):
            options = Options(tiny, tmp_path / f"{across} {Path(name).stem}", (name,), cache=tmp_path, recipe=recipe)
            losses[across, name] = train(options)["losses"][0]
    assert losses[1.0, asked] > losses[1.0, str(plain)]  # more wrong texts that one threshold must keep out
    assert losses[0.0, asked] == pytest.approx(losses[0.0, str(plain)])


def test_blending_lies_between(tiny: Path, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    from bot.training.soup import blend

    one, two = SentenceTransformer(str(tiny)), SentenceTransformer(str(tiny))
    with torch.no_grad():
        for parameter in one.parameters():
            parameter.add_(1.0)
    blend(one, two, 0.25)
    for parameter, base in zip(one.parameters(), two.parameters(), strict=True):
        assert torch.allclose(parameter, base + 0.25, atol=1e-6)


def test_nothing_to_train_on_is_an_error(tiny: Path, tmp_path: Path) -> None:
    from bot.training.command import Options, train

    with pytest.raises(EncoderError, match="没有训练数据"):
        train(Options(tiny, tmp_path / "x", cache=tmp_path))


def test_a_smaller_vocabulary_cuts_kept_words_as_before(tiny: Path, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    from bot.training.vocabulary import prune

    count = prune(tiny, tmp_path / "small", ["the"])
    before, after = SentenceTransformer(str(tiny)), SentenceTransformer(str(tmp_path / "small"))
    assert count == before.tokenizer.vocab_size - 1  # "▁dst" is gone, every single character stays
    texts = ["肝炎怎么办 the", "胃痛吃药"]
    assert np.allclose(before.encode(texts), after.encode(texts), atol=1e-5)
    assert after.tokenizer.tokenize("dst") == ["▁", "d", "s", "t"]


def test_headings_and_listed_questions_become_pairs(tmp_path: Path) -> None:
    from bot.corpus.passages import Limits
    from bot.language.lexicon import Lexicon
    from bot.language.segmentation import Segmenter
    from bot.training.clinic import corpus_pairs

    head = "---\nid: a\ntitle: 胃病须知\npublisher: 甲医院\nurl: https://a.example/\npublished: 2024-01-01\nreviewed: 2024-01-01\ndisclaimer: 仅供参考\n---\n"
    body = "## 胃痛吃什么药\n\n胃痛时可以在医生指导下服用抑制胃酸的药物,并且注意休息,少吃辛辣刺激的食物,按时吃饭。\n"
    (tmp_path / "corpus" / "faq").mkdir(parents=True)
    (tmp_path / "corpus" / "a.md").write_text(head + body, encoding="utf-8")
    faq = "question,answer,variants,excludes,references\n能喝酒吗,胃病患者不应当饮酒。,可以喝啤酒吗|喝点酒行不行,,\n"
    (tmp_path / "corpus" / "faq" / "b.csv").write_text(faq, encoding="utf-8")
    file = corpus_pairs(tmp_path / "corpus", Segmenter(Lexicon(), tmp_path / "cache"), Limits())
    found = {pair.queries for pair in file.pairs}
    assert ("胃痛吃什么药", "胃病须知 胃痛吃什么药") in found
    assert any("能喝酒吗" in queries for queries in found)
