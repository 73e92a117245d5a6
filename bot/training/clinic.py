"""Training pairs out of a clinic's own texts: its headings and listed questions, and the passages under them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from bot.corpus.passages import Limits, cut_document
from bot.corpus.reader import read_corpus
from bot.errors import EncoderError
from bot.language.segmentation import Segmenter
from bot.records import Document, Passage
from bot.training.pairs import Pair, PairFile

_SHORTEST_HEADING = 4  # characters; "概述" says nothing


def corpus_pairs(folder: Path, segmenter: Segmenter, limits: Limits) -> PairFile:
    """Return the pairs of all texts in a corpus folder.

    A heading is asked of each passage under it, with the title before it in a second wording; a question of a table of
    questions, and one that an editor listed, is asked of its answer. Passages of one section are one group.

    Raises:
        CorpusError: a text cannot be read.
        EncoderError: the texts have neither headings nor questions.
    """
    pairs = []
    for document in read_corpus(folder):
        for passage in cut_document(document, segmenter, limits):
            pairs.extend(_pairs(document, passage))
    if not pairs:
        raise EncoderError(f"{folder} 里的文章没有标题，也没有常见问题，无法据此训练。")
    digest = hashlib.sha256(json.dumps([[p.queries, p.positive] for p in pairs], ensure_ascii=False).encode())
    return PairFile(folder.name, tuple(pairs), digest.hexdigest())


def _pairs(document: Document, passage: Passage) -> list[Pair]:
    group = f"{document.id}/{'/'.join(passage.section)}"
    asked = [
        question
        for entry in document.questions
        if entry.start < passage.end and passage.start < entry.end
        for question in entry.asked
    ]
    pairs = []
    if asked:
        pairs.append(Pair(tuple(asked[:2]), passage.text, f"{document.id}/{asked[0]}"))
        pairs.extend(Pair((question,), passage.text, f"{document.id}/{asked[0]}") for question in asked[2:])
    heading = passage.section[-1] if passage.section else document.title
    if len(heading) >= _SHORTEST_HEADING and heading not in asked:
        wordings = (heading,) if heading == document.title else (heading, f"{document.title} {heading}")
        pairs.append(Pair(wordings, passage.text, group))
    return pairs
