"""A small run of the fuzzer; ``python -m bench.wechat_fuzz`` makes the large one."""

from __future__ import annotations

import pytest

from bench import wechat_fuzz
from tests.wechat_world import secrets_of


def test_mutated_bodies_break_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in secrets_of(*(account["name"] for account in wechat_fuzz.ACCOUNTS)).items():
        monkeypatch.setenv(name, value)
    figures = wechat_fuzz.run(1500, seed=7)
    assert figures["bad"] == []
    statuses = figures["statuses"]
    assert isinstance(statuses, dict)
    assert set(statuses) <= {200, 400, 403, 413}
    assert {200, 400, 403} <= set(statuses)  # it reaches what it is for
