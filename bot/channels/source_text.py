"""A whole text as HTML: its blocks, with every passage's parts, citations and noted words wrapped in place."""

from __future__ import annotations

import re
from itertools import groupby, pairwise
from urllib.parse import quote

from markupsafe import Markup, escape

from bot.channels import wording
from bot.records import Block, Document, Passage

_ORDERED = re.compile(r"(\d{1,3})[.)\u3001\uff09\uff0e][ \t]*$")


class SourceText:
    """Renders one document; holds what has been written so far (anchors are given once)."""

    def __init__(self, document: Document, passages: tuple[Passage, ...]) -> None:
        self.document = document
        self.passages = passages
        self.numbers = {reference.id: number for number, reference in enumerate(document.references, 1)}
        self._anchored: set[str] = set()

    def html(self) -> Markup:
        """Return the body."""
        parts = []
        for _, run in groupby(self.document.blocks, key=lambda block: (block.kind == "item", block.list_id)):
            blocks = list(run)
            parts += [self._list(blocks)] if blocks[0].kind == "item" else [self._block(block) for block in blocks]
        return Markup("\n").join(parts)

    def _block(self, block: Block) -> Markup:
        if block.kind == "heading":
            level = min(6, max(2, block.level))
            html = Markup("<h{0}>{1}</h{0}>").format(level, self._inline(block.start, block.end))
        elif block.kind == "table":
            html = self._table(block)
        elif block.kind == "quote":
            html = Markup("<blockquote><p>{}</p></blockquote>").format(self._inline(block.start, block.end))
        else:
            html = Markup("<p>{}</p>").format(self._inline(block.start, block.end))
        return html + self._notes(block)

    def _list(self, items: list[Block]) -> Markup:
        """Render one list; a deeper item opens a list inside the item before it."""
        html = Markup("")
        stack: list[str] = []
        for item in items:
            number = _ORDERED.search(self.document.body[max(0, item.start - 6) : item.start])
            tag = "ol" if number else "ul"
            depth = min(max(1, item.level), len(stack) + 1)
            while len(stack) > depth:
                html += Markup("</li></{}>").format(stack.pop())
            if len(stack) < depth:
                html += Markup("<{}>").format(tag)
                stack.append(tag)
            else:
                html += Markup("</li>")
            value = Markup(' value="{}"').format(number[1]) if number and stack[-1] == "ol" else Markup("")
            html += Markup("<li{}>{}{}").format(value, self._inline(item.start, item.end), self._notes(item))
        while stack:
            html += Markup("</li></{}>").format(stack.pop())
        return html

    def _table(self, block: Block) -> Markup:
        rows: list[Markup] = []
        offset = block.start
        for line in self.document.body[block.start : block.end].split("\n"):
            cells, at = [], offset
            for cell in line.split(" | "):
                tag = "td" if rows else "th"
                cells.append(Markup("<{0}>{1}</{0}>").format(tag, self._inline(at, at + len(cell))))
                at += len(cell) + 3
            rows.append(Markup("<tr>{}</tr>").format(Markup("").join(cells)))
            offset += len(line) + 1
        return Markup('<div class="table"><table>{}</table></div>').format(Markup("").join(rows))

    def _inline(self, start: int, end: int) -> Markup:
        """Render ``body[start:end]``: cut wherever a passage begins or ends, and wrap what lies in one."""
        cuts = {start, end}
        for passage in self.passages:
            cuts |= {offset for offset in (passage.start, passage.end) if start < offset < end}
        edges = sorted(cuts)
        html = self._citations_at(start)
        for left, right in pairwise(edges):
            inside = [item.id for item in self.passages if item.start <= left and right <= item.end]
            html += self._wrapped(inside, self._words(left, right)) if inside else self._words(left, right)
        return html

    def _wrapped(self, passage_ids: list[str], words: Markup) -> Markup:
        """Wrap one part of a passage; its first part carries the anchor, and each part names its passages."""
        fresh = [name for name in passage_ids if name not in self._anchored]
        self._anchored.update(fresh)
        anchors = Markup("").join(Markup('<a id="{}"></a>').format(name) for name in fresh[1:])
        anchor = Markup(' id="{}"').format(fresh[0]) if fresh else Markup("")
        names = " ".join(quote(name, safe="") for name in passage_ids)
        return Markup('{}<span class="passage"{} data-passages="{}">{}</span>').format(anchors, anchor, names, words)

    def _words(self, start: int, end: int) -> Markup:
        """Render words with superscript citations, and underline those that a note is about.

        A citation stands behind what it supports: the one at ``end`` belongs here, the one at ``start`` does not.
        """
        noted = [note for note in self.document.notes if note.start < end and start < note.end]
        offsets = {citation.offset for citation in self.document.citations}
        offsets |= {edge for note in noted for edge in (note.start, note.end)}
        edges = [start, *sorted(offset for offset in offsets if start < offset < end), end]
        html = Markup("")
        for left, right in pairwise(edges):
            text = Markup("<br>").join(escape(line) for line in self.document.body[left:right].split("\n"))
            if any(note.start <= left and right <= note.end for note in noted):
                text = Markup('<span class="noted">{}</span>').format(text)
            html += text + self._citations_at(right)
        return html

    def _citations_at(self, offset: int) -> Markup:
        keys = [key for item in self.document.citations if item.offset == offset for key in item.keys]
        links = [
            Markup('<a href="#ref-{}">{}</a>').format(quote(key, safe=""), self.numbers[key])
            for key in keys
            if key in self.numbers
        ]
        return Markup("<sup>[{}]</sup>").format(Markup(",").join(links)) if links else Markup("")

    def _notes(self, block: Block) -> Markup:
        """Render the notes whose words end in this block."""
        html = Markup("")
        for note in self.document.notes:
            if block.start < note.end <= block.end:
                label = f"{wording.NOTE_PREFIX}{wording.NOTES[note.kind]}"
                html += Markup('<div class="note note-{}" role="note"><b>{}</b> {}</div>').format(
                    note.kind, label, note.text
                )
        return html
