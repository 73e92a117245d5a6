"""Write and read the named data as JSON lines, so that other programs can read an index without our code."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bot.errors import IndexFormatError
from bot.language.variants import bare
from bot.records import Block, Citation, Document, KnownQuestion, Note, Passage, Questions, Reference


def write_rows(path: Path, rows: Iterable[Document | Passage | KnownQuestion]) -> None:
    """Write one JSON object a line, UTF-8."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row in rows:
            file.write(json.dumps(asdict(row), ensure_ascii=False) + "\n")


def _read(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def _notes(rows: list[dict[str, Any]]) -> tuple[Note, ...]:
    return tuple(Note(**row) for row in rows)


def _passage(row: dict[str, Any]) -> Passage:
    for name in ("section", "references", "index_texts", "excluded"):
        row[name] = tuple(row[name])
    row["notes"] = _notes(row["notes"])
    return Passage(**row)


def _document(row: dict[str, Any]) -> Document:
    row["blocks"] = tuple(Block(**block) for block in row["blocks"])
    row["citations"] = tuple(Citation(c["offset"], tuple(c["keys"])) for c in row["citations"])
    row["references"] = tuple(Reference(**reference) for reference in row["references"])
    row["notes"] = _notes(row["notes"])
    row["questions"] = tuple(
        Questions(q["start"], q["end"], tuple(q["asked"]), tuple(q["excluded"])) for q in row["questions"]
    )
    return Document(**row)


def read_passages(path: Path) -> tuple[Passage, ...]:
    """Read ``passages.jsonl``.

    Raises:
        IndexFormatError: it is missing, or a line is not such a record.
    """
    try:
        return tuple(_passage(row) for row in _read(path))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexFormatError(f"{path} 读不懂。请重新建索引：python build_index.py") from error


def read_documents(path: Path) -> dict[str, Document]:
    """Read ``documents.jsonl`` by id.

    Raises:
        IndexFormatError: it is missing, or a line is not such a record.
    """
    try:
        documents = [_document(row) for row in _read(path)]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexFormatError(f"{path} 读不懂。请重新建索引：python build_index.py") from error
    return {document.id: document for document in documents}


def _question(row: dict[str, Any]) -> KnownQuestion:
    question = KnownQuestion(**row)
    syllables = question.pinyin.split(" ")
    if len(syllables) != len(bare(question.text)) or question.initials != "".join(s[0] for s in syllables):
        raise ValueError(question.text)
    return question


def read_questions(path: Path) -> tuple[KnownQuestion, ...]:
    """Read ``questions.jsonl``.

    Raises:
        IndexFormatError: it is missing, or a line is not such a record.
    """
    try:
        return tuple(_question(row) for row in _read(path))
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise IndexFormatError(f"{path} 读不懂。请重新建索引：python build_index.py") from error
