"""Thumbs up and down, kept for the clinic: one JSON line a vote, never a word of the question."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

log = logging.getLogger(__name__)


class FeedbackStore:
    """Appends votes to a JSONL file; safe with threads and processes, silent towards the patient on a bad disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._failing = False

    def add(self, reply: str, vote: str, passages: Sequence[str]) -> bool:
        """Append one vote ("up", "down" or "none" for taken back) on a reply that showed ``passages`` (ids).

        One ``write`` on a descriptor opened for appending lands in one piece, whoever else writes. Returns whether
        the vote was kept: a disk that is full or read-only is logged once, until it works again.
        """
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        record = {"time": now, "reply": reply, "vote": vote, "passages": list(passages)}
        line = (json.dumps(record, ensure_ascii=True) + "\n").encode("ascii")
        with self._lock:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
                try:
                    written = os.write(descriptor, line)
                finally:
                    os.close(descriptor)
                if written != len(line):
                    raise OSError(f"wrote {written} of {len(line)} bytes")
            except OSError as error:
                if not self._failing:
                    log.error("feedback cannot be written to %s: %s", self.path, error)
                self._failing = True
                return False
            self._failing = False
            return True
