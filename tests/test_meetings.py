"""What a question meets in a passage, by hand; the network against torch; the shipped one and whose vectors it reads."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bot.dialogue.dialogue import Dialogue
from bot.errors import EncoderError
from bot.retrieval import meetings as module
from bot.retrieval.candidates import Candidates
from bot.retrieval.confidence import ASPECT, SIGNALS, confidence
from bot.retrieval.meetings import FOLDER, Meeting, MeetingNetwork, Networks, meet, networks_for
from bot.retrieval.search import open_searcher
from bot.settings import load_settings
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

    from bench.meetings import Example, Network, _batch, _weights, train_aspects

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
    shipped = MeetingNetwork(_weights(network))
    assert [shipped.logits([m])[0] for m in meetings] == pytest.approx(expected.tolist(), abs=1e-4)
    pair = [meetings[0], replace(meetings[0], met=meetings[0].met[::-1].copy())]
    assert shipped.logits(pair) == pytest.approx([shipped.logits([m])[0] for m in pair], abs=1e-5)
    learned = train_aspects(examples[:500])
    logits = np.array([learned.logits([example.meeting])[0] for example in examples[500:]])
    right = np.array([example.right for example in examples[500:]])
    assert (logits[right][:, None] > logits[~right]).mean() > 0.99


def test_only_the_vectors_it_was_trained_on_are_read(dialogue: Dialogue) -> None:
    encoder = dialogue._now().searcher.index.encoder
    assert None not in networks_for(encoder)
    assert networks_for(HashEncoder()) == Networks(None, None)

    class Turned(type(encoder)):  # type: ignore[misc]
        """The same model with the axes in another order: cosines between texts stay, vectors do not."""

        def __init__(self) -> None:
            self.__dict__.update(encoder.__dict__)

        def encode_queries(self, texts: list[str]) -> np.ndarray:
            return encoder.encode_queries(texts)[:, ::-1]

    assert networks_for(Turned()) == Networks(None, None)


def test_both_confidences_and_the_cards_fit_the_files() -> None:
    assert confidence(aspect=True).names == (*SIGNALS, ASPECT)
    assert confidence(aspect=False).names == SIGNALS
    for name in Networks._fields:
        card = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
        content = (FOLDER / f"{name}.npz").read_bytes()
        assert (card["bytes"], card["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        assert len(content) < 500_000
    column = dict(zip(confidence(aspect=True).names, confidence(aspect=True).weights.tolist(), strict=True))
    assert column[ASPECT] > 0.3  # what it says counts, and in the right direction


def test_a_damaged_file_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Networks._fields:
        for ending in ("npz", "json"):
            shutil.copy(FOLDER / f"{name}.{ending}", tmp_path)
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    monkeypatch.setattr(module, "_shipped", module._shipped.__wrapped__)
    assert networks_for(HashEncoder()) == Networks(None, None)
    weights = tmp_path / "reranker.npz"
    content = bytearray(weights.read_bytes())
    content[1000] ^= 1
    weights.write_bytes(content)
    with pytest.raises(EncoderError, match="已损坏"):
        networks_for(HashEncoder())
    (tmp_path / "reranker.json").unlink()
    with pytest.raises(EncoderError, match="重新取得程序文件"):
        networks_for(HashEncoder())


def test_a_hit_says_what_it_was_judged_by(dialogue: Dialogue) -> None:
    searcher = dialogue._now().searcher
    hit = searcher.search("间充质干细胞从哪里来", 3)[0]
    assert set(hit.signals) == {*SIGNALS, ASPECT}
    examined = searcher.examine("间充质干细胞从哪里来")
    assert examined is not None
    assert (examined.signals, examined.probability) == (hit.signals, pytest.approx(hit.probability))


def test_the_reranker_learns_which_candidate_answers() -> None:
    """The scores put the wrong candidate first every time; what the question's tokens meet tells the right one."""
    from bench.meetings import Choice, train_reranker

    draw = np.random.default_rng(0)
    choices = []
    for number in range(600):
        question = KINDS[[1, *draw.integers(2, 8, draw.integers(2, 6))]]
        right = number % 3 + 1
        passages = [KINDS[[*draw.integers(2, 8, 6), *([1] if place == right else [])]] for place in range(4)]
        best = np.stack([(question @ passage.T).max(axis=1) for passage in passages], axis=1).astype(np.float32)
        usual = np.median(best, axis=1)
        meetings = tuple(meet(question, passage, best, usual, at, np.arange(4)) for at, passage in enumerate(passages))
        choices.append(Choice((3.0, 2.9, 2.8, 2.7), meetings, tuple(place == right for place in range(4))))
    learned = train_reranker(choices[:500])
    chosen = [int((np.array(c.fused) + learned.logits(c.meetings)).argmax()) for c in choices[500:]]
    assert np.mean([c.right[at] for c, at in zip(choices[500:], chosen, strict=True)]) > 0.95


def candidates_of(fused: list[float], looked: list[int]) -> Candidates:
    """Return candidates 10, 11, … of which some were compared with a question of two tokens."""
    scores = np.array(fused, dtype=np.float32)
    met = np.full((2, len(looked)), 0.8, dtype=np.float32)
    late = np.full(len(scores), np.nan, dtype=np.float32)
    late[looked] = 0.8
    return Candidates(
        np.arange(10, 10 + len(scores)), scores / 10, scores, late, scores, 10.0, np.array(looked), met, KINDS[:2]
    )


class _Says:
    """A network that says of each meeting what stands first in the passage's token."""

    def logits(self, meetings: Sequence[Meeting]) -> np.ndarray:
        return np.array([meeting.met[0, 0] for meeting in meetings], dtype=np.float32)


class _Tokens:
    """Token vectors: a passage's only one holds what the network is to say of it."""

    def __init__(self, said: dict[int, float]) -> None:
        self.said = said

    def vectors(self, number: int) -> np.ndarray:
        return np.array([[self.said[number], *[0.0] * 7]], dtype=np.float32)


def test_only_the_first_six_change_places_and_the_rest_stays_behind_them() -> None:
    found = candidates_of([9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.9, 3.8], [0, 1, 2, 3, 4, 5, 6])
    said = {10: 0.0, 11: 3.0, 12: 0.0, 13: 0.0, 14: 0.0, 15: -1.0, 16: 9.0}
    after = found.reranked(_Says(), 1.0, _Tokens(said))
    assert after.fused.tolist() == pytest.approx([6.0, 8.0, 4.0, 3.0, 2.0, 0.0, -0.1, -0.2], abs=1e-5)
    assert sorted(after.meetings) == [10, 11, 12, 13, 14, 15]
    assert after.judged().order.tolist() == [1, 0, 2, 3, 4, 5, 6]
    assert found.reranked(_Says(), 0.5, _Tokens(said)).fused[:2].tolist() == pytest.approx([7.5, 8.0])
    alone = candidates_of([9.0], [0])
    assert alone.reranked(_Says(), 1.0, _Tokens(said)) is alone


def test_candidates_without_some_of_them() -> None:
    found = candidates_of([9.0, 8.0, 7.0, 6.0], [0, 2, 3])
    rest = found.without({10, 11})
    assert rest.numbers.tolist() == [12, 13]
    assert (rest.looked.tolist(), rest.fused.tolist(), rest.met.shape) == ([0, 1], [7.0, 6.0], (2, 2))
    assert found.without({99}) is found
    assert len(found.without({10, 11, 12, 13}).looked) == 0
    assert (found.place(1), found.place(2)) == (None, 1)


def test_passages_are_reranked_unless_it_is_switched_off(dialogue: Dialogue) -> None:
    searcher = dialogue._now().searcher
    plain = searcher.reranked_by(None)
    question = searcher.understand("间充质干细胞从哪里来")
    before, after = plain.candidates(question), searcher.candidates(question)
    assert after.numbers.tolist() == before.numbers.tolist()
    assert len(after.meetings) == 6 and not before.meetings
    changed = after.fused - before.fused
    rest = [at for at, number in enumerate(after.numbers.tolist()) if number not in after.meetings]
    assert changed.max() == pytest.approx(0.0, abs=1e-5)
    assert changed[rest] == pytest.approx(changed.min(), abs=1e-5)
    settings = load_settings().model_copy(update={"rerank_weight": 0.0})
    assert not open_searcher(searcher.index, settings).candidates(question).meetings
    without_late = load_settings().model_copy(update={"late_weight": 0.0})
    assert not open_searcher(searcher.index, without_late).candidates(question).meetings
