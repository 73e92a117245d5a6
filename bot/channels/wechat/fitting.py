"""Text within a number of UTF-8 bytes: whole sentences where possible, never half a character."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

from bot.language.sentences import sentences

_CLAUSE = re.compile("(?<=[,:;\u3001\uff0c\uff1a\uff1b\n])")
_JOINERS = {"\u200d", "\ufe0e", "\ufe0f"}


def size(text: str) -> int:
    """Return how many bytes a text takes."""
    return len(text.encode("utf-8"))


def pieces(text: str) -> list[str]:
    """Return a text cut after each sentence; joined again they are the text."""
    ends = [end for _, end in sentences(text)]
    if not ends:
        return [text] if text else []
    cuts = [0, *ends[:-1], len(text)]
    return [text[start:end] for start, end in pairwise(cuts) if end > start]


def take(parts: Sequence[str], room: int) -> int:
    """Return how many of the parts fit into ``room`` bytes together."""
    used = 0
    for count, part in enumerate(parts):
        used += size(part)
        if used > room:
            return count
    return len(parts)


def split_long(text: str, room: int) -> list[str]:
    """Cut a text into parts of at most ``room`` bytes: after clauses where possible, else between characters.

    Only for a single sentence that does not fit by itself; joined again the parts are the text.
    """
    parts: list[str] = []
    current = ""
    for clause in (part for part in _CLAUSE.split(text) if part):
        if size(current + clause) <= room:
            current += clause
            continue
        if current:
            parts.append(current)
        *whole, current = [clause] if size(clause) <= room else _by_characters(clause, room)
        parts += whole
    return [*parts, current] if current else parts


def _by_characters(text: str, room: int) -> list[str]:
    parts: list[str] = []
    current = ""
    for cluster in _clusters(text):
        if current and size(current + cluster) > room:
            parts.append(current)
            current = ""
        if size(cluster) > room:  # a heap of combining marks: no honest text, cut it anywhere
            for sign in cluster:
                if size(current + sign) > room:
                    parts.append(current)
                    current = ""
                current += sign
            continue
        current += cluster
    return [*parts, current] if current else parts


def _clusters(text: str) -> list[str]:
    """Return a text in signs that belong together: a letter with its marks, a joined emoji."""
    clusters: list[str] = []
    for sign in text:
        joined = clusters and (
            unicodedata.combining(sign)
            or sign in _JOINERS
            or clusters[-1][-1] == "\u200d"
            or "\U0001f3fb" <= sign <= "\U0001f3ff"
        )
        if joined:
            clusters[-1] += sign
        else:
            clusters.append(sign)
    return clusters
