"""Cut a document into passages: the smallest pieces that answer by themselves, each a verbatim slice of the body."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.corpus.labels import label_of, true_topic
from bot.language.segmentation import Segmenter
from bot.language.sentences import clauses, sentences
from bot.language.variants import simplify
from bot.records import Block, Document, Evidence, Passage, Span

_SHORTEST_STATEMENT = 8  # characters: a shorter sentence says nothing by itself


@dataclass(frozen=True, slots=True)
class Limits:
    """Lengths in characters: merge below ``shortest``, cut above ``longest``, keep a list whole up to ``list_longest``."""

    shortest: int = 40
    longest: int = 220
    list_longest: int = 420


@dataclass(frozen=True, slots=True)
class _Piece:
    """A slice on its way to become a passage; one that is ``whole`` is not joined with its neighbours."""

    start: int
    end: int
    lead: Span | None = None
    whole: bool = False


def _pack(spans: Sequence[Span], limits: Limits) -> list[Span]:
    """Join neighbouring spans into runs of at most ``longest`` characters, as even as the sentences allow."""
    if not spans:
        return []
    total = spans[-1][1] - spans[0][0]
    runs = max(1, -(-total // limits.longest))
    aim = min(limits.longest, total / runs * 1.15)
    packed = [spans[0]]
    for start, end in spans[1:]:
        if end - packed[-1][0] <= aim:
            packed[-1] = (packed[-1][0], end)
        else:
            packed.append((start, end))
    if len(packed) > 1 and packed[-1][1] - packed[-1][0] < limits.shortest:
        start, end = packed[-2][0], packed[-1][1]
        if end - start <= limits.longest * 1.2:
            packed[-2:] = [(start, end)]
    return packed


def _cut(body: str, start: int, end: int, segmenter: Segmenter, limits: Limits) -> list[Span]:
    """Cut ``body[start:end]`` into sentences, and those too long into clauses."""
    spans: list[Span] = []
    for span in sentences(body, start, end):
        if span[1] - span[0] > limits.longest:
            spans.extend(clauses(body, span, limits.longest, segmenter.boundaries))
        else:
            spans.append(span)
    return spans


def _paragraph(body: str, block: Block, segmenter: Segmenter, limits: Limits) -> list[_Piece]:
    if block.end - block.start <= limits.longest:
        return [_Piece(block.start, block.end)]
    packed = _pack(_cut(body, block.start, block.end, segmenter, limits), limits)
    return [_Piece(start, end, whole=True) for start, end in packed]


def _list(body: str, lead: Span | None, items: Sequence[Block], segmenter: Segmenter, limits: Limits) -> list[_Piece]:
    """Keep a short list with its lead in one piece; cut a long one between items, the lead remembered beside each."""
    spans = tuple((item.start, item.end) for item in items)
    first = lead[0] if lead else spans[0][0]
    if lead and spans[-1][1] - first <= limits.list_longest:
        return [_Piece(first, spans[-1][1], whole=True)]
    pieces: list[_Piece] = []
    for span in spans:
        long = span[1] - span[0] > limits.longest * 1.2
        cuts = _pack(_cut(body, *span, segmenter, limits), limits) if long else [span]
        for start, end in cuts:
            previous = pieces[-1] if pieces and not long else None
            if previous and not previous.whole and end - previous.start <= limits.longest and (
                lead or end - start < limits.shortest or previous.end - previous.start < limits.shortest
            ):  # fmt: skip
                pieces[-1] = _Piece(previous.start, end, previous.lead)
            elif not pieces and lead:
                pieces.append(_Piece(lead[0], end))
            else:
                pieces.append(_Piece(start, end, lead, whole=long))
    return [_Piece(p.start, p.end, p.lead, whole=True) for p in pieces]


def _table(body: str, block: Block, limits: Limits) -> list[_Piece]:
    """Keep a table whole if short; else cut between rows, the header row remembered beside each part."""
    if block.end - block.start <= limits.list_longest:
        return [_Piece(block.start, block.end, whole=True)]
    rows = sentences_of_lines(body, block.start, block.end)
    packed = _pack(rows, limits)
    return [_Piece(start, end, None if start == block.start else rows[0], whole=True) for start, end in packed]


def sentences_of_lines(body: str, start: int, end: int) -> list[Span]:
    """Return the spans of the lines of ``body[start:end]`` that hold something."""
    spans, position = [], start
    for line in body[start:end].split("\n"):
        if line.strip():
            spans.append((position, position + len(line)))
        position += len(line) + 1
    return spans


def _lead_of(body: str, block: Block, segmenter: Segmenter) -> tuple[Span | None, Span | None]:
    """Split a paragraph before a list into what stands before its last sentence, and that sentence."""
    cut = sentences(body, block.start, block.end)
    if not cut:
        return None, None
    before = (block.start, cut[-2][1]) if len(cut) > 1 else None
    return before, cut[-1]


def _runs(document: Document) -> Iterator[tuple[tuple[str, ...], list[Block]]]:
    """Yield the answering blocks between two headings, with their heading path."""
    path: list[tuple[int, str]] = []
    run: list[Block] = []
    for block in document.blocks:
        if block.kind == "heading":
            if run:
                yield tuple(title for _, title in path), run
            run = []
            path = [entry for entry in path if entry[0] < block.level]
            path.append((block.level, document.body[block.start : block.end]))
        elif block.answers:
            run.append(block)
        elif run:
            yield tuple(title for _, title in path), run
            run = []
    if run:
        yield tuple(title for _, title in path), run


def _pieces(body: str, run: Sequence[Block], segmenter: Segmenter, limits: Limits) -> list[_Piece]:
    pieces: list[_Piece] = []
    position = 0
    while position < len(run):
        block = run[position]
        items: list[Block] = []
        ahead = position if block.kind == "item" else position + 1
        while ahead < len(run) and run[ahead].kind == "item" and (not items or run[ahead].list_id == items[0].list_id):
            items.append(run[ahead])
            ahead += 1
        if block.kind == "item":
            pieces.extend(_list(body, None, items, segmenter, limits))
        elif block.kind == "table":
            pieces.extend(_table(body, block, limits))
            ahead = position + 1
        elif items and body[block.end - 1] in ":\uff1a":
            before, lead = _lead_of(body, block, segmenter)
            if before and before[1] - before[0] >= limits.shortest:
                pieces.extend(_paragraph(body, Block("paragraph", *before, block.line), segmenter, limits))
            elif before and lead:
                lead = (before[0], lead[1])
            pieces.extend(_list(body, lead, items, segmenter, limits))
        else:
            pieces.extend(_paragraph(body, block, segmenter, limits))
            ahead = position + 1
        position = ahead
    return pieces


def _merge_short(body: str, pieces: Sequence[_Piece], limits: Limits) -> list[_Piece]:
    """Join a piece that is too short to answer with its neighbour, the following first; labelled ones stand alone."""
    merged: list[_Piece] = []
    for piece in pieces:
        previous = merged[-1] if merged else None
        joinable = (
            previous is not None
            and not (previous.whole or piece.whole)
            and not label_of(body[piece.start : piece.end])
            and not label_of(body[previous.start : previous.end])
            and min(piece.end - piece.start, previous.end - previous.start) < limits.shortest
            and piece.end - previous.start <= limits.longest * 1.1
        )
        if previous is not None and joinable:
            merged[-1] = _Piece(previous.start, piece.end)
        else:
            merged.append(piece)
    return merged


def _index_texts(document: Document, section: Sequence[str], text: str, piece: _Piece, topic: str | None) -> list[str]:
    """Return what is indexed: the passage under its heading first, then the questions it answers, then its sentences.

    BM25 sees the first; the encoder sees all, and a passage counts as near as its nearest text.
    """
    body = document.body
    if topic is not None:  # the label is wrong: index what the paragraph is about
        text = f"{topic}:{text[len(label_of(text)) + 1 :]}"
    lead = body[slice(*piece.lead)] + "\n" if piece.lead else ""
    asked = [
        q for entry in document.questions if entry.start < piece.end and piece.start < entry.end for q in entry.asked
    ]
    heading = " ".join(dict.fromkeys((document.title, *section[-1:]))) + "\n"
    texts = [heading + lead + text + "".join("\n" + question for question in asked[1:]), *asked]
    spans = [span for span in sentences(text) if span[1] - span[0] >= _SHORTEST_STATEMENT]
    if len(spans) > 1:
        texts.extend(heading + text[start:end] for start, end in spans)
    return texts


def _references(document: Document, piece: _Piece) -> tuple[str, ...]:
    """Return the keys cited within the piece or right behind it, in order."""
    keys: list[str] = []
    for citation in document.citations:
        if piece.start < citation.offset <= piece.end + 1:
            keys.extend(key for key in citation.keys if key not in keys)
    return tuple(keys)


def _paragraph_citations(document: Document, piece: _Piece) -> tuple[str, ...]:
    """Return the keys at the end of the paragraph that the piece was cut from: they cover all of it."""
    for block in document.blocks:
        if block.start <= piece.start and piece.end <= block.end and block.kind != "heading":
            at_end = [c for c in document.citations if c.offset == block.end]
            return tuple(dict.fromkeys(key for citation in at_end for key in citation.keys))
    return ()


def _evidence(document: Document, keys: Sequence[str]) -> Evidence | None:
    grades = {reference.evidence for reference in document.references if reference.id in keys}
    return grades.pop() if len(grades) == 1 else None


def cut_document(document: Document, segmenter: Segmenter, limits: Limits) -> list[Passage]:
    """Return a document's passages in order; for each, ``text == document.body[start:end]``."""
    body, passages, seen = document.body, [], set()
    for section, run in _runs(document):
        pieces = _merge_short(body, _pieces(body, run, segmenter, limits), limits)
        labels = [label for piece in pieces if (label := label_of(body[piece.start : piece.end]))]
        for piece in pieces:
            text = body[piece.start : piece.end]
            digest = hashlib.sha256(f"{document.id}\n{text}".encode()).hexdigest()
            name, copy = f"{document.id}.{digest[:8]}", 1
            while name in seen:
                copy += 1
                name = f"{document.id}.{digest[:8]}-{copy}"
            seen.add(name)
            keys = _references(document, piece) or _paragraph_citations(document, piece)
            topic = true_topic(text, labels, segmenter.lexicon)
            passages.append(
                Passage(
                    id=name, document_id=document.id, text=text, start=piece.start, end=piece.end,
                    section=tuple(title for title in section if title != document.title),
                    references=keys, evidence=_evidence(document, keys),
                    notes=tuple(n for n in document.notes if n.start < piece.end and piece.start < n.end),
                    lead=body[slice(*piece.lead)] if piece.lead else "",
                    index_texts=tuple(map(simplify, _index_texts(document, section, text, piece, topic))),
                    excluded=tuple(q for e in document.questions
                                   if e.start < piece.end and piece.start < e.end for q in e.excluded),
                )
            )  # fmt: skip
    return passages
