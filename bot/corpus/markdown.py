"""Turn Pandoc Markdown into the words themselves: a body without markup, its blocks and its citations.

CommonMark's block structure comes from markdown-it; the body is put together here, so that every block knows its
place in it to the character. Raw HTML is dropped: a corpus file cannot bring markup into a page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.language.folding import strip_unsafe
from bot.records import Block, BlockKind, Citation

_CITATION = re.compile(r"[ \t]*\[((?:[^\[\]@]*@[A-Za-z0-9][A-Za-z0-9_.:\-]*[^\[\]@]*)+)\]")
_KEY = re.compile(r"@([A-Za-z0-9][A-Za-z0-9_.:\-]*)")
_ATTRIBUTES = re.compile(r"\s*\{([^{}]*)\}\s*$")
_NOT_ANSWERS = re.compile(
    r"^(参考(文献|资料|来源)|引用文献|references|(相关|延伸|推荐|往期)(阅读|文章|推荐)|扫码|长按.{0,8}二维码|(欢迎)?关注.{0,12}公众号"
    r"|(免责|版权|郑重)(声明|说明)|声明[:\uff1a]|本文(来源|作者|仅供)|责任编辑|编辑[:\uff1a]|作者[:\uff1a]|图片来源)",
    re.IGNORECASE,
)
_parser = MarkdownIt("commonmark").enable("table").disable(["code", "html_block", "reference"])


@dataclass
class _Writer:
    """Collects the body and the places in it while the tokens are walked."""

    first_line: int
    parts: list[str] = field(default_factory=list)
    length: int = 0
    blocks: list[Block] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    muted_level: int = 0

    def write(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text)

    def separate(self, mark: str) -> None:
        if self.length:
            self.write(mark)


def _inline_text(token: Token) -> str:
    """Return an inline token's words: emphasis, links and images give their text, raw HTML gives nothing."""
    words = []
    for child in token.children or []:
        if child.type in ("text", "code_inline", "text_special"):
            words.append(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            words.append("\n")
        elif child.type == "image":
            words.append(child.content)
    return strip_unsafe("".join(words)).strip()


def _take_citations(text: str) -> tuple[str, list[tuple[int, tuple[str, ...]]]]:
    """Cut ``[@key; @other]`` out of a text; return the rest and each citation's offset in it."""
    kept, found, last, removed = [], [], 0, 0
    for match in _CITATION.finditer(text):
        kept.append(text[last : match.start()])
        found.append((match.start() - removed, tuple(key.rstrip(".:-") for key in _KEY.findall(match.group(1)))))
        removed += match.end() - match.start()
        last = match.end()
    kept.append(text[last:])
    return "".join(kept), found


def _add(
    writer: _Writer, kind: BlockKind, text: str, line: int, level: int = 0, list_id: int = -1,
    separator: str = "\n\n", marker: str = "",
) -> None:  # fmt: skip
    """Append one block's text to the body and note its place, its citations and whether it can answer."""
    raw, citations = _take_citations(text)
    words = raw.strip()
    if not words:  # nothing but citations: they belong to what stands before
        writer.citations.extend(Citation(writer.blocks[-1].end if writer.blocks else 0, keys) for _, keys in citations)
        return
    shift = len(raw) - len(raw.lstrip())
    writer.separate(separator)
    writer.write(marker)
    start = writer.length
    answers = writer.muted_level == 0 and not (kind in ("paragraph", "quote") and _NOT_ANSWERS.match(words))
    writer.write(words)
    places = ((min(max(offset - shift, 0), len(words)), keys) for offset, keys in citations)
    writer.citations.extend(Citation(start + offset, keys) for offset, keys in places)
    writer.blocks.append(Block(kind, start, writer.length, line, level, list_id, answers))


def _heading(writer: _Writer, text: str, line: int, level: int) -> None:
    attributes = _ATTRIBUTES.search(text)
    classes = attributes.group(1).split() if attributes else []
    if attributes:
        text = text[: attributes.start()]
    if writer.muted_level and level <= writer.muted_level:
        writer.muted_level = 0
    if not writer.muted_level and (".noindex" in classes or _NOT_ANSWERS.match(text)):
        writer.muted_level = level
    _add(writer, "heading", text, line, level)


def _table(writer: _Writer, tokens: list[Token], line: int) -> None:
    """Write a table as one block: a row a line, cells parted by `` | ``."""
    rows: list[list[str]] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and rows:
            rows[-1].append(_inline_text(token).replace("\n", " "))
    _add(writer, "table", "\n".join(" | ".join(row) for row in rows), line)


def parse_body(source: str, first_line: int) -> tuple[str, tuple[Block, ...], tuple[Citation, ...]]:
    """Return the body's words, its blocks and its citations.

    Args:
        source: The Markdown after the front matter.
        first_line: How many lines of the file stand before it.
    """
    writer = _Writer(first_line)
    tokens = _parser.parse(source)
    lists: list[tuple[int, Token]] = []
    next_list, quote_depth, position = 0, 0, 0
    item_open, marker = False, ""
    while position < len(tokens):
        token = tokens[position]
        line = first_line + (token.map[0] if token.map else 0) + 1
        if token.type in ("bullet_list_open", "ordered_list_open"):
            lists.append((next_list, token))
            next_list += 1
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            lists.pop()
        elif token.type == "list_item_open":
            item_open = True
            ordered = lists[-1][1].type == "ordered_list_open"
            marker = f"{token.info}{token.markup} " if ordered else "- "
        elif token.type in ("blockquote_open", "blockquote_close"):
            quote_depth += 1 if token.type.endswith("open") else -1
        elif token.type == "heading_open":
            _heading(writer, _inline_text(tokens[position + 1]), line, int(token.tag[1]))
        elif token.type == "table_open":
            end = next(n for n in range(position, len(tokens)) if tokens[n].type == "table_close")
            _table(writer, tokens[position:end], line)
            position = end
        elif token.type == "fence":
            _add(writer, "paragraph", strip_unsafe(token.content).strip(), line)
        elif token.type == "inline" and tokens[position - 1].type == "paragraph_open":
            text = _inline_text(token)
            if text and lists:
                same_list = bool(writer.blocks) and writer.blocks[-1].list_id == lists[0][0]
                indent = "  " * (len(lists) - 1)
                _add(
                    writer, "item", text, line, len(lists), lists[0][0],
                    separator="\n" if same_list else "\n\n", marker=indent + (marker if item_open else "  "),
                )  # fmt: skip
                item_open = False
            elif text:
                _add(writer, "quote" if quote_depth else "paragraph", text, line)
        position += 1
    return "".join(writer.parts), tuple(writer.blocks), tuple(writer.citations)
