"""Look a corpus over for what an editor should mend, each finding with file and line. Nothing here stops a build."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bot.corpus.faq import read_faq
from bot.corpus.labels import label_of, true_topic
from bot.corpus.passages import Limits, cut_document
from bot.corpus.reader import corpus_files, read_document
from bot.errors import CorpusError
from bot.language.folding import has_unsafe
from bot.language.segmentation import Segmenter
from bot.records import Document, Passage


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark: an ``error`` keeps a text from being read, a ``warning`` should be mended, an ``info`` is good to know."""

    level: Literal["error", "warning", "info"]
    path: str
    line: int
    code: str
    message: str

    def __str__(self) -> str:
        word = {"error": "错误", "warning": "警告", "info": "提示"}[self.level]
        return f"{self.path}:{self.line}: {word} {self.message} [{self.code}]"


def _finding_of(error: CorpusError, path: Path) -> Finding:
    text = str(error).removeprefix(str(path))
    match = re.match(r"^:(\d+):", text)
    line = int(match.group(1)) if match else 1
    message = re.sub(r"^:(\d+:)?|^:", "", text).strip()
    code = "quote-not-found" if "quote" in message else "bytes" if "UTF-8" in message else "unreadable"
    return Finding("error", str(path), line, code, message)


def _line_at(document: Document, offset: int) -> int:
    before = [block for block in document.blocks if block.start <= offset]
    return before[-1].line if before else 1


def check_citations(document: Document, path: str) -> list[Finding]:
    """Find citations without an entry in the references, and entries that nothing cites."""
    known = {reference.id for reference in document.references}
    findings, cited = [], set()
    for citation in document.citations:
        for key in citation.keys:
            cited.add(key)
            if key not in known:
                findings.append(
                    Finding("warning", path, _line_at(document, citation.offset), "unknown-citation",
                            f"引用了 @{key}，但 references 里没有它。请补上这条文献，或改正 id。")
                )  # fmt: skip
    for reference in document.references:
        if reference.id not in cited:
            findings.append(
                Finding("info", path, 1, "uncited-reference", f"参考文献 {reference.id} 没有被任何段落引用。")
            )
        elif reference.evidence is None:
            findings.append(
                Finding(
                    "info", path, 1, "unknown-evidence", f"参考文献 {reference.id} 没有写证据类型，将显示为“未注明”。"
                )
            )
    return findings


def check_labels(document: Document, path: str, segmenter: Segmenter) -> list[Finding]:
    """Find paragraphs whose label names one thing while they speak of a neighbour's."""
    findings = []
    paragraphs = [b for b in document.blocks if b.kind in ("paragraph", "item") and b.answers]
    texts = [document.body[b.start : b.end] for b in paragraphs]
    labels = [label for text in texts if (label := label_of(text))]
    for block, text in zip(paragraphs, texts, strict=True):
        topic = true_topic(text, labels, segmenter.lexicon)
        if topic is not None:
            findings.append(
                Finding("warning", path, block.line, "label-mismatch",
                        f"这段的标签是“{label_of(text)}”，内容却在讲“{topic}”。请核对；若原文如此，请加一条 erratum 注。")
            )  # fmt: skip
    return findings


def check_passages(document: Document, passages: Sequence[Passage], path: str, limits: Limits) -> list[Finding]:
    """Find passages that are over-long or rest on no reference."""
    findings = []
    for passage in passages:
        line = _line_at(document, passage.start)
        length = len(passage.text)
        start = passage.text[:16].replace("\n", " ")
        if length > limits.longest * 1.2 and length > limits.list_longest:
            findings.append(
                Finding(
                    "warning", path, line, "long-passage", f"“{start}…”这一段有 {length} 个字，过长。请分段或加标点。"
                )
            )
        elif length > limits.longest * 1.2 and "\n" not in passage.text:
            findings.append(Finding("info", path, line, "long-passage", f"“{start}…”这一段有 {length} 个字，偏长。"))
        if not passage.references:
            findings.append(Finding("info", path, line, "no-reference", f"“{start}…”没有引用文献，将以本文作为出处。"))
    return findings


def _check_duplicates(seen: dict[str, tuple[str, int]], passages: Sequence[Passage], document: Document, path: str) -> list[Finding]:  # fmt: skip
    findings = []
    for passage in passages:
        key = "".join(passage.text.split())
        line = _line_at(document, passage.start)
        if key in seen:
            where = "{}:{}".format(*seen[key])
            findings.append(
                Finding(
                    "warning", path, line, "duplicate", f"“{passage.text[:16]}…”与 {where} 的一段完全相同。请删去一处。"
                )
            )
        else:
            seen[key] = (path, line)
    return findings


def check_corpus(folder: Path, segmenter: Segmenter, limits: Limits) -> list[Finding]:
    """Check every text of a corpus, each by itself, so that one broken text does not hide the others' faults.

    Raises:
        CorpusError: the folder does not exist.
    """
    findings: list[Finding] = []
    seen: dict[str, tuple[str, int]] = {}
    ids: dict[str, str] = {}
    files = corpus_files(folder)
    for path in files:
        try:
            document = read_faq(path, folder) if path.suffix == ".csv" else read_document(path, folder)
        except CorpusError as error:
            findings.append(_finding_of(error, path))
            continue
        name = str(path)
        if document.id in ids:
            findings.append(
                Finding("error", name, 1, "duplicate-id", f"id “{document.id}”已被 {ids[document.id]} 使用。")
            )
        ids.setdefault(document.id, name)
        if has_unsafe(path.read_text(encoding="utf-8-sig")):
            findings.append(
                Finding("warning", name, 1, "control-characters", "含有控制字符或不可见字符，读入时已去掉。")
            )
        passages = cut_document(document, segmenter, limits)
        if not passages:
            findings.append(Finding("warning", name, 1, "no-passages", "没有可用来回答的正文。"))
        if not document.disclaimer and path.suffix == ".md":
            findings.append(Finding("info", name, 1, "no-disclaimer", "文件头没有 disclaimer，将显示通用的免责声明。"))
        findings += check_citations(document, name)
        findings += check_labels(document, name, segmenter)
        findings += check_passages(document, passages, name, limits)
        findings += _check_duplicates(seen, passages, document, name)
    if not files:
        findings.append(
            Finding("error", str(folder), 1, "empty", "没有文章(*.md 或 faq/*.csv)。写法见 corpus/README.md。")
        )
    return findings
