"""Write turns for other programs: JSON, one object a line, or CSV for a spreadsheet."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import Any, TextIO

from bot.journal.store import Record

COLUMNS = tuple(field.name for field in fields(Record))
# What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection); full-width forms too.
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")


def _values(record: Record) -> dict[str, Any]:
    values = asdict(record)
    values["time"] = record.time.isoformat(timespec="seconds")
    values["vote_time"] = record.vote_time.isoformat(timespec="seconds") if record.vote_time else ""
    values["confidence"], values["took_ms"] = round(record.confidence, 4), round(record.took_ms, 2)
    return values


def _harmless(value: Any) -> Any:
    """Return a cell that no spreadsheet runs: an apostrophe in front makes a formula a text."""
    return f"'{value}" if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA) else value


def write_jsonl(records: Iterable[Record], file: TextIO) -> int:
    """Write one JSON object a line; return how many."""
    count = 0
    for record in records:
        file.write(json.dumps(_values(record), ensure_ascii=False) + "\n")
        count += 1
    return count


def write_csv(records: Iterable[Record], file: TextIO) -> int:
    """Write CSV (RFC 4180) with a line of headings, safe to open in a spreadsheet; return how many records."""
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    count = 0
    for record in records:
        values = _values(record)
        values["passages"] = " ".join(record.passages)
        writer.writerow([_harmless(values[name]) for name in COLUMNS])
        count += 1
    return count
