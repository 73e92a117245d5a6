"""Training pairs: one JSON object a line, a question (in one or more wordings) and the text that answers it.

``{"query": "…" | ["…", "…"], "positive": "…", "group": "…", "negatives": ["…"], "unanswered": ["…"],
"kind": "passage" | "question"}``; only the first two are needed. Lines of one ``group`` are never each other's
negatives. In ``question`` lines the positive is a question of the same meaning. ``negatives`` are texts known not to
answer; ``unanswered`` are questions near the positive that no text of the file answers.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bot.errors import EncoderError

Kind = Literal["passage", "question"]
_PLAIN = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Pair:
    """A question in one or more wordings and its answer; pairs of one group are never each other's negatives."""

    queries: tuple[str, ...]
    positive: str
    group: str
    negatives: tuple[str, ...] = ()
    kind: Kind = "passage"
    unanswered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PairFile:
    """The pairs of one file; ``share`` of them is seen in each epoch, in batches of their own."""

    name: str
    pairs: tuple[Pair, ...]
    sha256: str
    share: float = 1.0


def text_group(text: str) -> str:
    """Return the group of a text that was given none: equal texts, punctuation and case aside, are one group."""
    return hashlib.sha256(_PLAIN.sub("", text).lower().encode()).hexdigest()[:16]


def read_pairs(path: Path, share: float = 1.0) -> PairFile:
    """Read a pair file.

    Raises:
        EncoderError: a line is no JSON object or lacks ``query`` or ``positive``; the message names it.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise EncoderError(f"无法读取训练数据 {path}:{error}") from error
    pairs = tuple(_parse(path, content.decode("utf-8-sig")))
    if not pairs:
        raise EncoderError(f"训练数据 {path} 里没有内容。每行应为 {{“query”: …, “positive”: …}}。")
    return PairFile(path.name, pairs, hashlib.sha256(content).hexdigest(), share)


def _parse(path: Path, text: str) -> Iterator[Pair]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            yield make_pair(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise EncoderError(f"{path}:{number}:不是训练数据({error})。每行应有 query 与 positive 两项。") from error


def make_pair(row: dict[str, Any]) -> Pair:
    """Return the pair of one parsed line.

    Raises:
        KeyError, TypeError, ValueError: a field is missing or of the wrong kind.
    """
    queries = row["query"]
    queries = (queries,) if isinstance(queries, str) else tuple(queries)
    positive = row["positive"]
    negatives, unanswered = row.get("negatives", ()), row.get("unanswered", ())
    if isinstance(negatives, str) or isinstance(unanswered, str):
        raise TypeError("negatives / unanswered 应为列表")
    texts = (*queries, positive, *negatives, *unanswered)
    if not queries or not all(isinstance(text, str) and text.strip() for text in texts):
        raise ValueError("空的或不是文字的 query / positive / negatives / unanswered")
    kind = row.get("kind", "passage")
    if kind not in ("passage", "question"):
        raise ValueError(f"kind = {kind}")
    group = str(row.get("group") or text_group(positive))
    return Pair(queries, positive, group, tuple(negatives), kind, tuple(unanswered))


def pair_files(paths: list[str]) -> list[PairFile]:
    """Read files given as ``PATH`` or ``PATH@SHARE`` (the share of its pairs seen in each epoch, 0-1)."""
    files = []
    for text in paths:
        path, _, share = text.rpartition("@") if "@" in text else (text, "", "1")
        try:
            fraction = float(share)
        except ValueError:
            path, fraction = text, 1.0
        if not 0 < fraction <= 1:
            raise EncoderError(f"“{text}”:@ 后的比例应在 0 与 1 之间。")
        files.append(read_pairs(Path(path), fraction))
    return files
