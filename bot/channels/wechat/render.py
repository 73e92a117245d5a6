"""A reply as WeChat texts of bounded size: the first is sent, "更多" gives the others.

Whole sentences; a reference, a note and the disclaimer are never cut, and stand under every part of a passage. Only
where one sentence, note or reference alone is larger than a message is it carried on in the next. Pure functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bot.channels import wording
from bot.channels.card import source_path
from bot.channels.wechat.fitting import pieces, size, split_long, take
from bot.channels.wechat.memory import Choice
from bot.channels.wechat.plain import anchor, cited, quiet, spoken
from bot.language.folding import strip_unsafe
from bot.records import Reply, ReplyPassage

Style = Literal["links", "numbers", "none"]
_APPARATUS_SHARE = 0.55  # of a message at most for notes and references, where a passage has very many
_DISCLAIMER_MOST = 400  # bytes: a longer one is given in its short form
_CHOICES = 4


@dataclass(frozen=True, slots=True)
class Rendered:
    """What to send first and then, and what the numbers choose."""

    pages: tuple[str, ...]
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """How a message may look: its size, how suggestions are offered, where this server is reached from outside."""

    most_bytes: int
    style: Style
    public_url: str = ""


def render(reply: Reply, look: Look, typed: str = "") -> Rendered:
    """Return a reply as texts; ``typed`` are the words it answers, for "no, take them literally"."""
    choices = () if reply.kind == "emergency" else choices_of(reply, typed)
    said = _said(reply, bool(choices) and choices[0].literal)
    if not reply.passages:
        return Rendered(_worded(said, choices, look), choices)
    pages: list[str] = []
    for number, passage in enumerate(reply.passages, 1):
        opening = [said] if number == 1 and said else []
        if len(reply.passages) > 1:
            opening.append(wording.WECHAT_OF.format(number=number, count=len(reply.passages)))
        last = number == len(reply.passages)
        pages += _passage_pages(passage, "".join(opening), disclaimer_of(reply), look, last)
    pages[0] = with_choices(pages[0], choices, look)
    if len(pages) > 1:
        pages[-1] = with_choices(pages[-1], choices, look)
    if look.public_url:
        site = wording.WECHAT_PAGE.format(url=f"{look.public_url.rstrip('/')}/m")
        pages = [_with_line(page, site, look.most_bytes) for page in pages]
    return Rendered(tuple(pages), choices)


def _said(reply: Reply, undoable: bool) -> str:
    """Return the bot's own words; under "you mean …", how to say no: where all suggestions fall away, this must stand."""
    said = spoken(reply.text)
    if not undoable:
        return said
    first, *others = said.split("\n")
    return "\n".join((first, wording.WECHAT_LITERALLY, *others))


def choices_of(reply: Reply, typed: str) -> tuple[Choice, ...]:
    """Return what the numbers below a reply choose."""
    literal = (Choice(wording.LITERALLY, typed, True),) if reply.reading and typed else ()
    offered = (Choice(quiet(text), text) for text in reply.suggestions)
    return (*literal, *offered)[:_CHOICES]


def disclaimer_of(reply: Reply) -> str:
    """Return the disclaimer of a reply, whole where it is short enough for a message, else the short form."""
    own = spoken(reply.disclaimer)
    return own if own and size(own) <= _DISCLAIMER_MOST else wording.WECHAT_DISCLAIMER


def with_choices(text: str, choices: Sequence[Choice], look: Look) -> str:
    """Add as many of the suggestions as fit, one by one."""
    if look.style == "none" or not choices:
        return text
    heading = wording.WECHAT_NEXT if look.style == "links" else wording.WECHAT_NEXT_NUMBERS
    shown = f"{text}\n\n{heading}"
    for number, choice in enumerate(choices, 1):
        line = wording.WECHAT_CHOICE.format(number=number, text=choice.label)
        longer = f"{shown}\n{anchor(line, choice.label, number) if look.style == 'links' else line}"
        if size(longer) > look.most_bytes:
            break
        shown = longer
    return shown if not shown.endswith(heading) else text


def _worded(said: str, choices: Sequence[Choice], look: Look) -> tuple[str, ...]:
    """Return the bot's own words, which fit as a rule."""
    pages = _filled([said], look.most_bytes)
    pages[-1] = with_choices(pages[-1], choices, look)
    return tuple(pages)


def _filled(lines: Sequence[str], room: int) -> list[str]:
    """Return lines in as few messages as they need, whole where each fits by itself."""
    pages: list[str] = []
    for line in lines:
        for part in [line] if size(line) <= room else split_long(line, room):
            if pages and size(pages[-1]) + 1 + size(part) <= room and part is line:
                pages[-1] += f"\n{part}"
            else:
                pages.append(part)
    return pages or [""]


def _passage_pages(passage: ReplyPassage, opening: str, disclaimer: str, look: Look, last: bool) -> list[str]:
    """Return the messages of one passage: each carries the notes, the references and the disclaimer."""
    room = look.most_bytes
    shown, left_over = _apparatus(passage, int(room * _APPARATUS_SHARE))
    foot = "\n\n".join(("\n".join(shown), disclaimer))
    place = _place(passage)
    source = ""
    if look.public_url:
        address = look.public_url.rstrip("/") + source_path(passage.document.id, passage.id)
        source = wording.WECHAT_SOURCE.format(url=address)
    text = strip_unsafe("\n".join(part for part in (passage.lead, passage.text) if part))
    body = pieces(spoken(text))
    pages: list[str] = []
    while body or not pages:
        head = "\n".join(part for part in ((opening, place) if not pages else (wording.WECHAT_CONTINUED,)) if part)
        page, body = _page(head, body, foot, [*left_over], last, room)
        pages.append(page)
    pages += _left_over_pages(left_over, disclaimer, room)
    return [_with_line(page, source, room) for page in pages]


def _page(head: str, body: list[str], foot: str, left_over: list[str], last: bool, room: int) -> tuple[str, list[str]]:
    """Return one message, filled with whole sentences, and the sentences that are left."""
    hint = wording.WECHAT_APPARATUS_REST if left_over else "" if last else wording.WECHAT_OTHERS
    for closing in (hint, wording.WECHAT_REST):
        free = room - size("\n".join((head, "", "", foot, "", closing))) - 2
        count = take(body, free)
        if count == len(body) or closing is wording.WECHAT_REST:
            break
    if count == 0 and body:  # one sentence larger than what is free: carried on
        if free < 120 and head:  # the bot's own words and the place take too much: they go first and alone
            return head, body
        first, *others = split_long(body[0], max(free, 60))
        body, count = [first, *others, *body[1:]], 1
    words = "".join(body[:count]).strip("\n")
    mark = wording.WECHAT_REST if count < len(body) else hint
    parts = [part for part in (head, words) if part]
    if count < len(body):
        parts[-1] += f"\n{mark}"
        return "\n".join(parts) + f"\n\n{foot}", body[count:]
    return "\n".join(parts) + f"\n\n{foot}" + (f"\n{mark}" if mark else ""), []


def _apparatus(passage: ReplyPassage, room: int) -> tuple[list[str], list[str]]:
    """Return the notes, evidence and references that stand under the words, and those that do not fit there."""
    notes = [
        wording.COPIED_NOTE.format(label=f"{wording.NOTE_PREFIX}{wording.NOTES[note.kind]}", text=spoken(note.text))
        for note in passage.notes
    ]
    evidence = wording.EVIDENCE[passage.evidence] if passage.evidence else wording.EVIDENCE_UNKNOWN
    grade = wording.PAIR.format(name=wording.EVIDENCE_LABEL, value=evidence)
    references = []
    for reference in passage.references:
        address = "" if not reference.url or reference.url in reference.citation else f" {reference.url}"
        address = "" if reference.doi and reference.doi in reference.citation else address
        line = f"{cited(reference.citation)}{address}"
        references.append(wording.PAIR.format(name=wording.REFERENCE_LABEL, value=line))
    if not references:
        references = [wording.NO_REFERENCE]
    kept: set[int] = set()
    lines = [*notes, grade, *references]
    # The first reference is worth most, then the editor's notes in their order, then the other references.
    order = [len(notes), len(notes) + 1, *range(len(notes)), *range(len(notes) + 2, len(lines))]
    used = 0
    for place in order:
        if used + size(lines[place]) + 1 > room:
            continue
        used += size(lines[place]) + 1
        kept.add(place)
    shown = [line for place, line in enumerate(lines) if place in kept]
    return shown, [line for place, line in enumerate(lines) if place not in kept]


def _left_over_pages(left_over: list[str], disclaimer: str, room: int) -> list[str]:
    if not left_over:
        return []
    head = wording.WECHAT_APPARATUS
    inner = room - size(head) - size(disclaimer) - 4
    return [f"{head}\n{page}\n\n{disclaimer}" for page in _filled(left_over, inner)]


def _place(passage: ReplyPassage) -> str:
    section = " › ".join(("", *(spoken(part) for part in passage.section))) if passage.section else ""
    line = wording.WECHAT_PLACE.format(title=spoken(passage.document.title), section=section)
    return line if size(line) <= 300 else wording.WECHAT_PLACE.format(title=spoken(passage.document.title), section="")


def _with_line(page: str, line: str, room: int) -> str:
    """Add a line where it fits whole."""
    return f"{page}\n{line}" if line and size(page) + 1 + size(line) <= room else page
