"""What a question meets in a passage, by hand; the network against torch; the shipped one and whose vectors it reads."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bot.dialogue.dialogue import Dialogue
from bot.errors import EncoderError
from bot.retrieval import aspects as module
from bot.retrieval.aspects import Aspects, aspects_for, meet
from bot.retrieval.confidence import ASPECT, SIGNALS, confidence
from tests.conftest import HashEncoder

KINDS = np.eye(8, dtype=np.float32)


def test_how_a_question_meets_a_passage_by_hand() -> None:
    question = KINDS[[0, 1]]
    passage = np.stack([KINDS[0], KINDS[2], (KINDS[1] * 0.6 + KINDS[3] * 0.8)])
    best = np.array([[1.0, 0.5, 0.9], [0.6, 0.8, 0.1]], dtype=np.float32)
    meeting = meet(question, passage, best, np.median(best, axis=1), 0, np.array([0, 2]))
    assert meeting.met == pytest.approx(passage[[0, 2]])
    # here - 0.8, here - median, here - the best rival (the third candidate), mean of the best three - here
    expected = [[0.2, 0.1, 0.1, 1 / 3 - 1.0], [-0.2, 0.0, 0.5, 0.2 - 0.6]]
    assert meeting.features == pytest.approx(np.array(expected) * 8, abs=1e-5)
    alone = meet(question, passage, best[:, :1], best[:, 0], 0, np.array([0]))
    assert alone.features[:, 2] == pytest.approx([0.0, 0.0])
    long, wide = (np.repeat(rows, 30, axis=0) for rows in (question, best))
    assert len(meet(long, passage, wide, wide[:, 0], 0, np.array([0])).own) == 40


def test_the_network_agrees_with_torch_and_learns_what_is_not_met() -> None:
    """A passage answers where the question's token of kind 1 meets its kind; the signals tell nothing."""
    import torch

    from bench.aspects import Example, Network, _batch, _weights, train

    torch.manual_seed(1)
    network = Network(8).eval()
    torch.nn.init.normal_(network.last.weight)
    network.load_state_dict({name: values.half().float() for name, values in network.state_dict().items()})
    draw = np.random.default_rng(0)
    examples = []
    for number in range(600):
        tells = number % 2 == 0
        question = KINDS[[1, *draw.integers(2, 8, draw.integers(2, 6))]]
        passage = KINDS[[*draw.integers(2, 8, 6), *([1] if tells else [])]]
        best = np.stack([(question @ passage.T).max(axis=1), *(draw.random((3, len(question))))], axis=1)
        best = best.astype(np.float32)
        meeting = meet(question, passage, best, np.median(best, axis=1), 0, np.arange(4))
        examples.append(Example(dict.fromkeys(SIGNALS, 0.0), meeting, tells, "natural", tells))
    meetings = [example.meeting for example in examples[:9]]
    with torch.no_grad():
        expected = network(*_batch(meetings)).numpy()
    shipped = Aspects(_weights(network))
    assert [shipped.logits([m])[0] for m in meetings] == pytest.approx(expected.tolist(), abs=1e-4)
    pair = [meetings[0], replace(meetings[0], met=meetings[0].met[::-1].copy())]
    assert shipped.logits(pair) == pytest.approx([shipped.logits([m])[0] for m in pair], abs=1e-5)
    learned = train(examples[:500])
    logits = np.array([learned.logits([example.meeting])[0] for example in examples[500:]])
    right = np.array([example.right for example in examples[500:]])
    assert (logits[right][:, None] > logits[~right]).mean() > 0.99


def test_only_the_vectors_it_was_trained_on_are_read(dialogue: Dialogue) -> None:
    encoder = dialogue._now().searcher.index.encoder
    assert aspects_for(encoder) is not None
    assert aspects_for(HashEncoder()) is None

    class Turned(type(encoder)):  # type: ignore[misc]
        """The same model with the axes in another order: cosines between texts stay, vectors do not."""

        def __init__(self) -> None:
            self.__dict__.update(encoder.__dict__)

        def encode_queries(self, texts: list[str]) -> np.ndarray:
            return encoder.encode_queries(texts)[:, ::-1]

    assert aspects_for(Turned()) is None


def test_both_confidences_and_the_card_fit_the_files() -> None:
    assert confidence(aspect=True).names == (*SIGNALS, ASPECT)
    assert confidence(aspect=False).names == SIGNALS
    card = json.loads(module.CARD.read_text("utf-8"))
    content = module.WEIGHTS.read_bytes()
    assert (card["bytes"], card["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert len(content) < 500_000
    column = dict(zip(confidence(aspect=True).names, confidence(aspect=True).weights.tolist(), strict=True))
    assert column[ASPECT] > 0.3  # what it says counts, and in the right direction


def test_a_damaged_file_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("WEIGHTS", "CARD"):
        shutil.copy(getattr(module, name), tmp_path)
        monkeypatch.setattr(module, name, tmp_path / getattr(module, name).name)
    monkeypatch.setattr(module, "_shipped", module._shipped.__wrapped__)
    content = bytearray(module.WEIGHTS.read_bytes())
    content[1000] ^= 1
    module.WEIGHTS.write_bytes(content)
    with pytest.raises(EncoderError, match="已损坏"):
        aspects_for(HashEncoder())
    module.CARD.unlink()
    with pytest.raises(EncoderError, match="重新取得程序文件"):
        aspects_for(HashEncoder())


def test_a_hit_says_what_it_was_judged_by(dialogue: Dialogue) -> None:
    searcher = dialogue._now().searcher
    hit = searcher.search("间充质干细胞从哪里来", 3)[0]
    assert set(hit.signals) == {*SIGNALS, ASPECT}
    examined = searcher.examine("间充质干细胞从哪里来")
    assert examined is not None
    assert (examined.signals, examined.probability) == (hit.signals, pytest.approx(hit.probability))
