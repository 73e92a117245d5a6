"""Read a BEIR-style folder: ``corpus.jsonl``, ``queries.jsonl``, ``qrels/<split>.tsv`` and ``unanswerable.tsv``."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.corpus.reader import sha256_text
from bot.errors import CorpusError
from bot.language.sentences import sentences
from bot.language.variants import simplify
from bot.records import Document, Passage

_SHORTEST_STATEMENT = 8  # characters


@dataclass(frozen=True, slots=True)
class Query:
    """A question; ``grades`` holds the judged texts (none: the corpus has no answer), ``kind`` a style or reason."""

    id: str
    text: str
    kind: str
    grades: dict[str, int]


@dataclass(frozen=True, slots=True)
class Task:
    """Texts by id (title, text) and the questions of one split."""

    name: str
    split: str
    texts: dict[str, tuple[str, str]]
    queries: tuple[Query, ...]

    @property
    def answerable(self) -> tuple[Query, ...]:
        """The questions with at least one right text."""
        return tuple(query for query in self.queries if query.grades)


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        content = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(
            f"{path} 读不出来：{error}。评测文件夹应含 corpus.jsonl、queries.jsonl 与 qrels/*.tsv。"
        ) from error
    for number, line in enumerate(content.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            if not isinstance(row, dict) or "_id" not in row:
                raise ValueError("没有 _id")
        except ValueError as error:
            raise CorpusError(f"{path}:{number}：不是一行 JSON 对象({error})。") from error
        yield number, row


def _table(path: Path, columns: tuple[str, ...]) -> Iterator[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, delimiter="\t")
            if not set(columns) <= set(reader.fieldnames or ()):
                raise CorpusError(f"{path}：首行应为 {' '.join(columns)}(以制表符分开)。")
            yield from reader
    except OSError as error:
        raise CorpusError(f"{path} 读不出来：{error}。") from error


def splits(folder: Path) -> list[str]:
    """Return the names of the splits that a folder has judgements for."""
    return sorted(path.stem for path in (folder / "qrels").glob("*.tsv"))


def read_task(folder: Path, split: str | None = None, grade: int = 1) -> Task:
    """Read one split.

    Args:
        folder: In the layout of BEIR.
        split: ``test`` where there is one and none is named, else the only one.
        grade: Texts judged lower do not count as right.

    Raises:
        CorpusError: a file is missing or a line cannot be read; the message names it.
    """
    known = splits(folder)
    if not known:
        raise CorpusError(
            f"{folder / 'qrels'} 里没有 .tsv 文件。评测文件夹应含 corpus.jsonl、queries.jsonl 与 qrels/*.tsv。"
        )
    chosen = split or ("test" if "test" in known else known[0])
    if chosen not in known:
        raise CorpusError(f"{folder} 没有 {chosen} 这一份评判；有：{'、'.join(known)}。")
    texts = {
        str(r["_id"]): (str(r.get("title") or ""), str(r.get("text") or "")) for _, r in _lines(folder / "corpus.jsonl")
    }
    judged: dict[str, dict[str, int]] = {}
    for row in _table(folder / "qrels" / f"{chosen}.tsv", ("query-id", "corpus-id", "score")):
        try:
            score = int(row["score"])
        except ValueError as error:
            raise CorpusError(f"{folder / 'qrels'}：评分“{row['score']}”不是整数。") from error
        if row["corpus-id"] not in texts:
            raise CorpusError(f"{folder / 'qrels'}：评判里的 {row['corpus-id']} 不在 corpus.jsonl 里。")
        if score >= grade:
            judged.setdefault(row["query-id"], {})[row["corpus-id"]] = score
    if (folder / "unanswerable.tsv").is_file():
        for row in _table(folder / "unanswerable.tsv", ("query-id", "split")):
            if row["split"] == chosen:
                judged.setdefault(row["query-id"], {})
    queries = tuple(
        Query(str(r["_id"]), str(r.get("text") or ""), str(r.get("kind") or ""), judged[str(r["_id"])])
        for _, r in _lines(folder / "queries.jsonl")
        if str(r["_id"]) in judged
    )
    if not queries or not texts:
        raise CorpusError(f"{folder} 的 {chosen} 里没有问题，或没有文本。")
    return Task(folder.name, chosen, texts, queries)


def passages_of(task: Task) -> tuple[list[Document], list[Passage]]:
    """Return each text as a document of one passage, indexed as a clinic's passages are (heading, text, sentences)."""
    documents, passages = [], []
    for name, (title, text) in task.texts.items():
        body = text or title
        heading = f"{title}\n" if title and text else ""
        spans = [span for span in sentences(body) if span[1] - span[0] >= _SHORTEST_STATEMENT]
        parts = [heading + body[start:end] for start, end in spans] if len(spans) > 1 else []
        documents.append(Document(name, title or name, body, sha256_text(body), (), (), (), (), ""))
        indexed = tuple(map(simplify, (heading + body, *parts)))
        passages.append(Passage(name, name, body, 0, len(body), (title,) if heading else (), (), None, (), "", indexed))
    return documents, passages
