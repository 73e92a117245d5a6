"""Read a table of questions and answers (``question,answer,variants,excludes,references``) as a document."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from pathlib import Path

from bot.corpus.front_matter import read_text
from bot.errors import CorpusError
from bot.language.folding import strip_unsafe
from bot.records import Block, Citation, Document, Questions, Reference

_COLUMNS = ("question", "answer", "variants", "excludes", "references")
_DOI = re.compile(r"10\.\d{4,9}/\S+")


def _parts(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in strip_unsafe(cell).split("|") if part.strip())


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(io.StringIO(read_text(path)), strict=True)
    try:
        header = [name.strip() for name in reader.fieldnames or []]
        missing = [name for name in _COLUMNS[:2] if name not in header]
        if missing:
            raise CorpusError(f"{path}:1:缺少列 {'、'.join(missing)}。第一行应是 {','.join(_COLUMNS)}。")
        reader.fieldnames = header
        rows = []
        for row in reader:
            if None in row:
                raise CorpusError(f"{path}:{reader.line_num}:这一行的列太多。含逗号的内容请用英文双引号括起来。")
            rows.append((reader.line_num, {name: (row.get(name) or "").strip() for name in _COLUMNS}))
        return rows
    except csv.Error as error:
        raise CorpusError(f"{path}:{reader.line_num}:表格读不懂({error})。请检查引号是否成对。") from error


def _references(rows: list[tuple[int, dict[str, str]]]) -> dict[str, Reference]:
    """Give each distinct text of the ``references`` column an id of its own."""
    found: dict[str, Reference] = {}
    for _, row in rows:
        for text in _parts(row["references"]):
            if text not in found:
                doi = _DOI.search(text)
                name = doi.group(0).rstrip(".,;") if doi else None
                url = f"https://doi.org/{name}" if name else None
                if url is None and text.startswith(("https://", "http://")):
                    url = text.split()[0]
                found[text] = Reference(f"r{len(found) + 1}", text, name, url)
    return found


def read_faq(path: Path, root: Path) -> Document:
    """Read one CSV file; each row becomes a heading (the question) and its answer's paragraphs.

    Raises:
        CorpusError: the table is not UTF-8 CSV, lacks a column, or a row lacks its question or answer.
    """
    rows = _rows(path)
    references = _references(rows)
    body, blocks, citations, questions = "", [], [], []
    for line, row in rows:
        question, answer = strip_unsafe(row["question"]).strip(), strip_unsafe(row["answer"]).strip()
        if not question or not answer:
            raise CorpusError(f"{path}:{line}:question 与 answer 都要填写。")
        body += "\n\n" if body else ""
        blocks.append(Block("heading", len(body), len(body) + len(question), line, 2))
        body += question
        first = len(body) + 2
        for paragraph in re.split(r"\n+", answer):
            body += "\n\n"
            blocks.append(Block("paragraph", len(body), len(body) + len(paragraph.strip()), line))
            body += paragraph.strip()
            keys = tuple(references[text].id for text in _parts(row["references"]))
            if keys:
                citations.append(Citation(len(body), keys))
        questions.append(Questions(first, len(body), (question, *_parts(row["variants"])), _parts(row["excludes"])))
    if not rows:
        raise CorpusError(f"{path}:1:表格里没有问答。请至少写一行，或删除这个文件。")
    name = (
        re.sub(r"[^A-Za-z0-9_.\-]+", "-", path.stem).strip("-.") or hashlib.sha256(path.stem.encode()).hexdigest()[:8]
    )
    digest = hashlib.sha256(body.encode("utf-8")).hexdigest()
    return Document(
        id=f"faq-{name}", title=path.stem, body=body, sha256=digest, blocks=tuple(blocks), citations=tuple(citations),
        references=tuple(references.values()), notes=(), disclaimer="", path=path.relative_to(root).as_posix(),
        questions=tuple(questions),
    )  # fmt: skip
