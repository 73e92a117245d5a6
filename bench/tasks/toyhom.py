"""Read Toyhom's consultations and split them so that no answer and no title is on two sides.

Rows with equal answers or equal titles (punctuation and white space aside) form one group, and a group lies on one
side. The side follows from a hash of the group, so it depends on nothing but the text.
"""

from __future__ import annotations

import csv
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

FILE = Path("toyhom_sample") / "toyhom_internal_medicine_sample.gb18030.csv"
_PLAIN = re.compile(r"[\W_]+")
_MINIMUM = 15  # shorter answers say nothing


@dataclass(frozen=True, slots=True)
class Consultation:
    """One online consultation; ``group`` names the rows with the same answer or title."""

    number: int
    department: str
    title: str
    ask: str
    answer: str
    group: str


def plain(text: str) -> str:
    """Return a text without punctuation and white space, in lower case: what equality is judged by."""
    return _PLAIN.sub("", text).lower()


def bucket(text: str) -> int:
    """Return a number 0-99 that follows from a text alone."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") % 100


def side(key: str, test: int = 20, dev: int = 10) -> str:
    """Return ``test``, ``dev`` or ``train`` for a group, by percent."""
    place = bucket(key)
    return "test" if place < test else "dev" if place < test + dev else "train"


def read_consultations(data: Path) -> list[Consultation]:
    """Return all rows that have a title and a real answer, grouped."""
    with (data / FILE).open(encoding="gb18030", newline="") as file:
        rows = [{key: value.strip() for key, value in row.items()} for row in csv.DictReader(file)]
    rows = [row for row in rows if row["title"] and len(row["answer"]) >= _MINIMUM]
    groups = _groups([(plain(row["answer"]), plain(row["title"])) for row in rows])
    return [
        Consultation(number, row["department"], row["title"], row["ask"], row["answer"], groups[number])
        for number, row in enumerate(rows)
    ]


def _groups(keys: list[tuple[str, str]]) -> list[str]:
    """Join rows that share a key (union-find); a group is named by its smallest answer."""
    parent = list(range(len(keys)))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    first: dict[tuple[int, str], int] = {}
    for place, pair in enumerate(keys):
        for kind, key in enumerate(pair):
            other = first.setdefault((kind, key), place)
            parent[root(place)] = root(other)
    names: dict[int, str] = {}
    for place, (answer, _) in enumerate(keys):
        at = root(place)
        names[at] = min(names.get(at, answer), answer)
    return [hashlib.sha256(names[root(place)].encode()).hexdigest()[:16] for place in range(len(keys))]
