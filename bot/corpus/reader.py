"""Read the clinic's texts: every ``*.md`` below the corpus folder, and its FAQ tables, into documents."""

from __future__ import annotations

import hashlib
from pathlib import Path

from bot.corpus.faq import read_faq
from bot.corpus.front_matter import (
    document_id,
    line_of,
    raw_notes,
    read_text,
    references_of,
    split_front_matter,
    text_field,
)
from bot.corpus.markdown import parse_body
from bot.errors import CorpusError
from bot.language.folding import strip_unsafe
from bot.records import Document, Note


def sha256_text(text: str) -> str:
    """Return the SHA-256 of a text's UTF-8 bytes, in hex."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _notes(raw: str, body: str, path: Path, head: dict[str, object]) -> tuple[Note, ...]:
    found = []
    for kind, text, quote in raw_notes(head, path, raw):
        count = body.count(quote) if quote else 0
        if count != 1:
            reason = "没有这句话" if count == 0 else f"出现了 {count} 次"
            line = line_of(raw, quote[:20]) if quote else 1
            raise CorpusError(
                f"{path}:{line}:notes 的 quote “{quote[:40]}”在正文里{reason}。它必须与正文一字不差，且只出现一次。"
            )
        start = body.index(quote)
        found.append(Note(kind, strip_unsafe(text), quote, start, start + len(quote)))
    return tuple(found)


def read_document(path: Path, root: Path) -> Document:
    """Read one Markdown file.

    Args:
        path: The file.
        root: The corpus folder, to which the document's ``path`` is relative.

    Raises:
        CorpusError: the file cannot be read, or its head is wrong; the message names file and line.
    """
    raw = read_text(path)
    head, source, first_line = split_front_matter(raw, path)
    body, blocks, citations = parse_body(source, first_line)
    url = text_field(head, "url", path)
    if url and not url.startswith(("https://", "http://")):
        raise CorpusError(f"{path}:{line_of(raw, 'url:')}:url “{url[:80]}”应以 https:// 或 http:// 开头。")
    return Document(
        id=document_id(head, path),
        title=strip_unsafe(text_field(head, "title", path, required=True)),
        body=body,
        sha256=sha256_text(body),
        blocks=blocks,
        citations=citations,
        references=references_of(head, path, raw),
        notes=_notes(raw, body, path, head),
        disclaimer=strip_unsafe(text_field(head, "disclaimer", path)),
        publisher=strip_unsafe(text_field(head, "publisher", path)),
        url=url,
        published=text_field(head, "published", path),
        reviewed=text_field(head, "reviewed", path),
        path=path.relative_to(root).as_posix(),
    )


def corpus_files(folder: Path) -> list[Path]:
    """Return the texts of a corpus folder in a fixed order, READMEs and hidden files left out.

    Raises:
        CorpusError: the folder does not exist.
    """
    if not folder.is_dir():
        raise CorpusError(f"语料文件夹不存在：{folder}。请用 --corpus 或 YIJU_CORPUS 指定正确的文件夹。")
    files = [*folder.rglob("*.md"), *(folder / "faq").glob("*.csv")]
    return sorted(
        path
        for path in files
        if path.name.lower() != "readme.md" and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def read_corpus(folder: Path) -> list[Document]:
    """Read every text of a corpus.

    Raises:
        CorpusError: no text was found, a text cannot be read, or two have the same id.
    """
    documents: dict[str, Document] = {}
    for path in corpus_files(folder):
        document = read_faq(path, folder) if path.suffix == ".csv" else read_document(path, folder)
        if document.id in documents:
            raise CorpusError(
                f"{path}:1:id “{document.id}”已被 {documents[document.id].path} 使用。每篇的 id 必须不同。"
            )
        documents[document.id] = document
    if not documents:
        raise CorpusError(
            f"语料文件夹 {folder} 里没有文章(*.md 或 faq/*.csv)。请放入文章后再建索引，写法见 corpus/README.md。"
        )
    return list(documents.values())
