"""The judged questions of the article: the development part, with the real model. Floors, not aims: see the README."""

from __future__ import annotations

import pytest

from bench import seed
from bot.dialogue.dialogue import Dialogue


@pytest.fixture(scope="module")
def figures(dialogue: Dialogue) -> dict[str, dict[str, dict[str, float]]]:
    return seed.evaluate(dialogue, "dev")


def test_every_judged_paragraph_is_in_the_article_and_in_a_passage(dialogue: Dialogue) -> None:
    spans = seed.paragraph_spans(dialogue.document(seed.DOCUMENT))
    passages = dialogue.passages_of(seed.DOCUMENT)
    for split in ("dev", "test"):  # only the judgements are looked at here, never the answers
        for query in seed.read_queries(split):
            if query.relevant:
                assert seed.relevant_numbers(query, passages, spans), query.id


def test_the_splits_do_not_overlap_and_are_large_enough() -> None:
    dev, test = ({query.text for query in seed.read_queries(split)} for split in ("dev", "test"))
    assert not dev & test
    assert sum(bool(query.relevant) for query in seed.read_queries("dev")) >= 60


def test_ranking_keeps_its_floor(figures: dict[str, dict[str, dict[str, float]]]) -> None:
    natural, noisy = figures["natural"], figures["noisy"]
    assert natural["fused"]["hit@1"] >= 0.60
    assert natural["fused"]["hit@3"] >= 0.80
    assert natural["fused"]["mrr@10"] > max(natural["dense"]["mrr@10"], natural["lexical"]["mrr@10"])
    assert noisy["fused"]["mrr@10"] > max(noisy["dense"]["mrr@10"], noisy["lexical"]["mrr@10"])


def test_what_the_article_cannot_answer_is_declined(dialogue: Dialogue) -> None:
    shares = seed.answering(dialogue, "dev")
    assert shares["natural"] >= 0.85
    assert shares["unanswerable-near"] <= 0.15  # the other side of the same threshold
    assert shares["unanswerable-far"] <= 0.10
    assert shares["unanswerable-chat"] <= 0.10  # one of fifteen


def test_measure_counts_by_hand() -> None:
    row = seed.measure([[3, 1, 2], [5, 4], [9]], [{1}, {5}, {0}])
    assert row == pytest.approx({"hit@1": 1 / 3, "hit@3": 2 / 3, "mrr@10": (0.5 + 1) / 3})
