"""Feedback: whole lines whoever writes, no words of the patient, and no harm from a bad disk."""

from __future__ import annotations

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest

from bot.dialogue.feedback import FeedbackStore


def test_a_vote_is_one_line_with_exactly_these_fields(tmp_path: Path) -> None:
    store = FeedbackStore(tmp_path / "new" / "feedback.jsonl")
    assert store.add("r_1", "up", ("a.1", "a.2"))
    record = json.loads(store.path.read_text(encoding="utf-8"))
    assert datetime.fromisoformat(record.pop("time")).utcoffset() is not None
    assert record == {"reply": "r_1", "vote": "up", "passages": ["a.1", "a.2"]}


def test_many_writers_leave_only_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "feedback.jsonl"
    stores = [FeedbackStore(path) for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        kept = list(pool.map(lambda n: stores[n % 4].add(f"r_{n}", "down", ["段" * 200]), range(400)))
    assert all(kept)
    replies = [json.loads(line)["reply"] for line in path.read_text(encoding="utf-8").splitlines()]
    assert sorted(replies) == sorted(f"r_{n}" for n in range(400))


def test_an_unwritable_place_is_logged_once_and_recovers(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    blocker = tmp_path / "data"
    blocker.write_text("a file where the folder should be", encoding="utf-8")
    store = FeedbackStore(blocker / "feedback.jsonl")
    with caplog.at_level(logging.ERROR):
        assert [store.add("r", "up", ()) for _ in range(3)] == [False, False, False]
        assert len(caplog.records) == 1
    blocker.unlink()
    assert store.add("r", "up", ())
