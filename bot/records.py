"""The named data that flows one way: Document -> Passage -> Hit -> Reply. All frozen, all plain.

Offsets are character offsets (Python ``str`` indices), start inclusive, end exclusive.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Evidence = Literal["review", "human-trial", "trial-recruiting", "animal-or-cell", "opinion"]
NoteKind = Literal["erratum", "caveat", "update"]
ReplyKind = Literal["answer", "clarify", "decline", "emergency", "smalltalk"]
BlockKind = Literal["heading", "paragraph", "item", "table", "quote"]
QuestionKind = Literal["editor", "question", "topic", "variant"]  # patients are offered the first kinds first
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Reference:
    """One cited source: ``citation`` is ready to show in GB/T 7714 form; ``evidence`` is None where unknown."""

    id: str
    citation: str
    doi: str | None = None
    url: str | None = None
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """An editor's remark on ``body[start:end]``, which reads ``quote``."""

    kind: NoteKind
    text: str
    quote: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Citation:
    """A link from the place ``offset`` in the body to references: the statement before it rests on them."""

    offset: int
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Questions:
    """Questions that ``body[start:end]`` answers (``asked``) and ones that look alike but are not (``excluded``)."""

    start: int
    end: int
    asked: tuple[str, ...]
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, heading, list item, table or quote: ``body[start:end]`` is its text without list markers.

    ``level`` is the heading level (1-6) or the list depth (from 1); ``line`` counts from 1 in the file.
    ``list_id`` tells neighbouring lists apart (-1 outside lists); ``answers`` is False for text that is shown on
    the source page but never given as an answer (bibliography, legal notice, "scan to follow us").
    """

    kind: BlockKind
    start: int
    end: int
    line: int
    level: int = 0
    list_id: int = -1
    answers: bool = True


@dataclass(frozen=True, slots=True)
class Document:
    """One text of the corpus. ``body`` holds its words without markup; ``sha256`` is the body's, in hex."""

    id: str
    title: str
    body: str
    sha256: str
    blocks: tuple[Block, ...]
    citations: tuple[Citation, ...]
    references: tuple[Reference, ...]
    notes: tuple[Note, ...]
    disclaimer: str
    publisher: str = ""
    url: str = ""
    published: str = ""
    reviewed: str = ""
    path: str = ""
    questions: tuple[Questions, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """The smallest unit that answers by itself: ``text == body[start:end]`` of its document, always.

    ``lead`` is the verbatim sentence that introduces a list whose later items these are (empty otherwise).
    ``index_texts`` is what the encoder and BM25 see: never shown, the first is the whole passage in context.
    """

    id: str
    document_id: str
    text: str
    start: int
    end: int
    section: tuple[str, ...]
    references: tuple[str, ...]
    evidence: Evidence | None
    notes: tuple[Note, ...]
    lead: str
    index_texts: tuple[str, ...]
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownQuestion:
    """A question that an index answers for certain, in the corpus's own words.

    ``kind``: the editor's, another wording of the editor's (``variant``), a question in the text, or the name of a topic.
    ``passage_id`` is the passage that comes first when it is asked, ``probability`` its own. ``pinyin`` holds a syllable
    for each letter, digit and character of ``text``, joined by spaces, ``initials`` the first letter of each.
    """

    text: str
    kind: QuestionKind
    document_id: str
    passage_id: str
    probability: float
    pinyin: str
    initials: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a question, with everything needed to explain why.

    Ranks count from 1; None where that side did not find it. ``fused`` orders the hits; ``background`` is the
    median ``fused`` of all candidates of the question. ``late_score`` is the mean best cosine of the question's tokens
    with the passage's. ``lexical_share`` is the BM25
    score as a share of the question's total word weight, ``coverage`` the share of that weight which occurs at all.
    ``matched`` holds the question's words found in the passage; ``highlights`` their spans within ``passage.text``.
    ``probability`` is that of answering the question, out of ``signals``.
    """

    passage: Passage
    rank: int
    fused: float
    background: float
    dense_rank: int | None
    dense_score: float | None
    lexical_rank: int | None
    lexical_score: float | None
    late_rank: int | None
    late_score: float | None
    lexical_share: float
    coverage: float
    matched: tuple[str, ...]
    highlights: tuple[Span, ...]
    signals: dict[str, float]
    probability: float


@dataclass(frozen=True, slots=True)
class ReplyDocument:
    """Where a shown passage comes from."""

    id: str
    title: str
    url: str
    published: str
    sha256: str
    publisher: str = ""


@dataclass(frozen=True, slots=True)
class ReplyReference:
    """A reference as a reply shows it; ``url`` is the DOI's resolver address or the source's own."""

    id: str
    citation: str
    doi: str | None
    url: str | None


@dataclass(frozen=True, slots=True)
class ReplyNote:
    """An editor's note as a reply shows it."""

    kind: NoteKind
    text: str


@dataclass(frozen=True, slots=True)
class ReplyPassage:
    """A verbatim passage in a reply; ``score`` is the probability that it answers the question."""

    id: str
    text: str
    score: float
    highlights: tuple[Span, ...]
    document: ReplyDocument
    section: tuple[str, ...]
    start: int
    end: int
    evidence: Evidence | None
    references: tuple[ReplyReference, ...]
    notes: tuple[ReplyNote, ...]
    lead: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a channel shows. ``text`` is fixed wording of the bot's own and never about medicine.

    ``reading`` is the whole question that a follow-up was completed to, empty where the words were taken as they stand.
    """

    id: str
    session: str
    kind: ReplyKind
    text: str
    passages: tuple[ReplyPassage, ...] = ()
    suggestions: tuple[str, ...] = ()
    disclaimer: str = ""
    confidence: float = 0.0
    took_ms: float = 0.0
    reading: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the reply as plain lists and dicts, with the names of the contract."""
        return asdict(self)
