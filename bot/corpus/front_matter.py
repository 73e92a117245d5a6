"""Read and check the YAML head of a text; every complaint names the file and the line."""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import Any, get_args

import yaml

from bot.corpus.citation import gbt7714, item_url
from bot.errors import CorpusError
from bot.records import Evidence, NoteKind, Reference

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}")
_MAX_BYTES = 8_000_000


def read_text(path: Path) -> str:
    """Return a file's text, UTF-8 with or without a byte-order mark, newlines as ``\\n``.

    Raises:
        CorpusError: it cannot be opened, is too large, or is not UTF-8.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise CorpusError(f"{path}:打不开({error.strerror})。请检查文件和读取权限。") from error
    if len(raw) > _MAX_BYTES:
        raise CorpusError(f"{path}:文件有 {len(raw):,} 字节，超过 {_MAX_BYTES:,}。请拆成几篇。")
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise CorpusError(
            f"{path}:{line}:不是 UTF-8 编码(第 {error.start} 字节读不懂)。请用编辑器另存为 UTF-8。"
        ) from error


def split_front_matter(text: str, path: Path) -> tuple[dict[str, Any], str, int]:
    """Split a text into its YAML head, its body and the number of lines before the body.

    Raises:
        CorpusError: the head is missing, unfinished or not YAML.
    """
    lines = text.split("\n")
    if lines[0].strip() != "---":
        raise CorpusError(f"{path}:1:缺少以“---”开头的文件头(至少要有 id 和 title)。写法见 corpus/README.md。")
    end = next((n for n, line in enumerate(lines[1:], 1) if line.strip() in ("---", "...")), None)
    if end is None:
        raise CorpusError(f"{path}:1:文件头没有结束。请在正文之前加一行“---”。")
    try:
        head = yaml.safe_load("\n".join(lines[1:end]))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = (mark.line + 2) if mark is not None else 1
        problem = getattr(error, "problem", None) or "格式错误"
        raise CorpusError(
            f"{path}:{line}:文件头不是正确的 YAML({problem})。含冒号、引号的内容请用引号括起来。"
        ) from error
    except (RecursionError, ValueError) as error:
        raise CorpusError(f"{path}:1:文件头读不懂({error})。") from error
    if not isinstance(head, dict):
        raise CorpusError(f"{path}:2:文件头应是“名称: 内容”的形式。")
    return head, "\n".join(lines[end + 1 :]), end + 1


def line_of(text: str, needle: str) -> int:
    """Return the 1-based line on which ``needle`` first stands (1 where it does not)."""
    offset = text.find(needle)
    return text.count("\n", 0, offset) + 1 if offset >= 0 else 1


def text_field(head: dict[str, Any], name: str, path: Path, required: bool = False) -> str:
    """Return one field as text; dates and numbers are written out, absent is empty.

    Raises:
        CorpusError: a required field is absent, or the field is a list or a mapping.
    """
    value = head.get(name)
    if value is None or value == "":
        if required:
            raise CorpusError(f"{path}:1:文件头缺少 {name}。请加上一行“{name}: …”。")
        return ""
    if isinstance(value, (str, int, float, datetime.date)):
        return str(value).strip()
    raise CorpusError(f"{path}:1:文件头的 {name} 应是一段文字。")


def document_id(head: dict[str, Any], path: Path) -> str:
    """Return the document's id: letters, digits, ``-``, ``_`` and ``.`` only, since it stands in addresses."""
    value = text_field(head, "id", path, required=True)
    if not _IDENTIFIER.fullmatch(value):
        raise CorpusError(f"{path}:1:id “{value[:80]}”不能用。请用英文字母、数字、- _ . ,不超过 64 个。")
    return value


def references_of(head: dict[str, Any], path: Path, text: str) -> tuple[Reference, ...]:
    """Return the CSL items of the head as references.

    Raises:
        CorpusError: an item has no id, an id occurs twice, or the evidence grade is not one of the known ones.
    """
    items = head.get("references") or []
    if not isinstance(items, list):
        raise CorpusError(f"{path}:{line_of(text, 'references')}:references 应是一个列表。")
    found: dict[str, Reference] = {}
    for item in items:
        if not isinstance(item, dict) or not isinstance(item.get("id"), (str, int)):
            raise CorpusError(f"{path}:{line_of(text, 'references')}:references 的每一项都要有 id。")
        key = str(item["id"])
        line = line_of(text, f"id: {key}")
        if not _IDENTIFIER.fullmatch(key):
            raise CorpusError(f"{path}:{line}:参考文献 id “{key[:80]}”不能用。请用英文字母、数字、- _ . 。")
        if key in found:
            raise CorpusError(f"{path}:{line}:参考文献 id “{key}”出现了两次。")
        custom = item.get("custom")
        evidence = custom.get("evidence") if isinstance(custom, dict) else None
        if evidence is not None and evidence not in get_args(Evidence):
            known = "、".join(get_args(Evidence))
            raise CorpusError(f"{path}:{line}:证据类型“{evidence}”不认识。可用：{known}；不清楚就不写。")
        doi = str(item.get("DOI") or "").strip().removeprefix("https://doi.org/") or None
        found[key] = Reference(key, gbt7714(item), doi, item_url(item), evidence)
    return tuple(found.values())


def raw_notes(head: dict[str, Any], path: Path, text: str) -> list[tuple[NoteKind, str, str]]:
    """Return the editor's notes as ``(kind, text, quote)``.

    Raises:
        CorpusError: a note lacks a part, or its kind is unknown.
    """
    notes = head.get("notes") or []
    line = line_of(text, "notes:")
    if not isinstance(notes, list):
        raise CorpusError(f"{path}:{line}:notes 应是一个列表。")
    result: list[tuple[NoteKind, str, str]] = []
    for note in notes:
        if not isinstance(note, dict) or not all(isinstance(note.get(k), str) for k in ("quote", "kind", "text")):
            raise CorpusError(f"{path}:{line}:每条 notes 都要有 quote、kind、text 三项文字。")
        if note["kind"] not in get_args(NoteKind):
            at = line_of(text, f"kind: {note['kind']}")
            raise CorpusError(
                f"{path}:{at}:notes 的 kind “{note['kind']}”不认识。可用：erratum(勘误)、caveat(提示)、update(更新)。"
            )
        result.append((note["kind"], note["text"].strip(), note["quote"].strip()))
    return result
