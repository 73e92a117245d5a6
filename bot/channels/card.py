"""A reply as HTML and as plain text. Pure functions; every word from outside is escaped here, once.

The HTML is one line, so that a Markdown renderer takes it as one raw block, and Markdown's own signs are written as
character references, so that none of them means anything even where it does not.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from bot.channels import wording
from bot.language.folding import strip_unsafe
from bot.records import Reply, ReplyNote, ReplyPassage, ReplyReference, Span
from bot.settings import Clinic

_ACTIVE = re.compile(r"[^\w .,%\u2010-\u2027\u3000-\u303f\uff00-\uffef-]|[_\n]|\s{2,}")
_MARKER = re.compile(r"(?:(?P<bullet>[-•*])|(?P<number>\d{1,3})[.)\u3001\uff09\uff0e])[ \t]*")
_PHONE = re.compile(r"(?<![\d-])(?:1[12]\d{1,3}|400-?\d{3}-?\d{4}|0\d{2,3}-?\d{7,8}|1[3-9]\d{9})(?![\d-])")


def escape(text: str) -> str:
    """Return ``text`` as inert HTML on one line: anything that is not a plain letter becomes ``&#…;``."""
    return _ACTIVE.sub(lambda match: "".join(f"&#{ord(sign)};" for sign in match[0]), strip_unsafe(text))


def safe_url(url: str | None) -> str | None:
    """Return a web address that may stand in a link, or None for any other scheme."""
    url = strip_unsafe(url or "").strip()
    return url if re.match(r"https?://[^\s/]", url, re.IGNORECASE) else None


def source_path(document_id: str, passage_id: str = "") -> str:
    """Return where a passage stands in the whole text on this server."""
    return f"/source/{quote(document_id, safe='')}" + (f"#{quote(passage_id, safe='')}" if passage_id else "")


def link(url: str, label: str) -> str:
    """Return a link that opens in a new tab and tells the other side nothing; ``label`` is plain text."""
    return f'<a href="{escape(url)}" target="_blank" rel="noopener noreferrer">{escape(label)}</a>'


def question_html(text: str) -> str:
    """Return a patient's own words as a message: nothing in them runs or is formatted."""
    lines = "<br>".join(escape(line) for line in strip_unsafe(text).strip().split("\n"))
    return f'<div class="yj-question"><bdi>{lines}</bdi></div>'


def notice_html(text: str) -> str:
    """Return a remark of the page itself (too long, too often) as a message."""
    return f'<div class="yj-reply yj-notice" role="status"><p>{escape(text)}</p></div>'


def welcome_html(coverage: tuple[str, ...]) -> str:
    """Return the first message of a conversation."""
    titles = "".join(f"<li>{escape(title)}</li>" for title in coverage[:6])
    more = f"<li>{escape('……')}</li>" if len(coverage) > 6 else ""
    covered = f'<p class="yj-covers">{escape(wording.WELCOME_COVERAGE)}</p><ul>{titles}{more}</ul>' if titles else ""
    return (
        f'<div class="yj-reply yj-welcome"><p class="yj-title">{escape(wording.WELCOME_TITLE)}</p>'
        f"<p>{escape(wording.WELCOME)}</p>{covered}<p>{escape(wording.WELCOME_STARTERS)}</p></div>"
    )


def reply_html(reply: Reply, clinic: Clinic | None = None) -> str:
    """Return a whole reply as one message: the bot's words, the cards, the contact where it helps, the disclaimer."""
    parts = [_said(reply)]
    parts += [passage_html(passage, reply.disclaimer) for passage in reply.passages]
    if clinic and reply.kind == "decline":
        parts.append(contact_html(clinic, reply.text))
    if reply.disclaimer:
        parts.append(f'<p class="yj-disclaimer">{escape(reply.disclaimer)}</p>')
    if reply.kind in ("answer", "decline"):
        parts.append(f'<p class="yj-vote">{escape(wording.VOTE)}</p>')
    return f'<div class="yj-reply yj-{escape(reply.kind)}">{"".join(parts)}</div>'


def _said(reply: Reply) -> str:
    lines = [line for line in reply.text.split("\n") if line.strip()]
    if reply.kind != "emergency":
        return f'<div class="yj-said">{_paragraphs(lines)}</div>' if lines else ""
    numbers = list(dict.fromkeys(_PHONE.findall(reply.text))) or ["120"]
    first, *others = numbers[:4]
    calls = f'<a class="yj-call" href="tel:{escape(first)}">{escape(wording.CALL)} <b>{escape(first)}</b></a>'
    calls += "".join(
        f'<a class="yj-call yj-call-other" href="tel:{escape(number)}">{escape(wording.CALL_OTHER)} '
        f"<b>{escape(number)}</b></a>"
        for number in others
    )
    # Kind words that come before any number stand before the buttons; else the buttons come first of all.
    kind = next((at for at, line in enumerate(lines) if _PHONE.search(line)), 0)
    return (
        f'<div class="yj-alarm" role="alert">{_paragraphs(lines[:kind])}<div class="yj-calls">{calls}</div>'
        f"{_paragraphs(lines[kind:])}</div>"
    )


def _paragraphs(lines: list[str]) -> str:
    return "".join(f"<p>{escape(line)}</p>" for line in lines)


def passage_html(passage: ReplyPassage, disclaimer: str = "") -> str:
    """Return one passage as a card."""
    path = escape(" › ".join((f"《{passage.document.title}》", *passage.section)))
    evidence = wording.EVIDENCE[passage.evidence] if passage.evidence else wording.EVIDENCE_UNKNOWN
    lead = f'<p class="yj-lead">{escape(passage.lead)}</p>' if passage.lead else ""
    notes = "".join(_note(note) for note in passage.notes)
    source = source_path(passage.document.id, passage.id)
    return (
        f'<div class="yj-card" data-passage="{escape(passage.id)}">'
        f'<p class="yj-path">{path}</p>{lead}<div class="yj-text">{marked_text(passage.text, passage.highlights)}</div>'
        f'{notes}<p class="yj-evidence"><span>{escape(wording.EVIDENCE_LABEL)}</span> '
        f'<span class="yj-grade yj-grade-{escape(passage.evidence or "unknown")}">{escape(evidence)}</span></p>'
        f"{_references(passage.references)}"
        f'<div class="yj-actions"><a class="yj-source" href="{escape(source)}" target="_blank" rel="noopener">'
        f"{escape(wording.SOURCE_LINK)}</a>"
        f'<button type="button" class="yj-copy" aria-label="{escape(wording.COPY_LABEL)}">{escape(wording.COPY)}'
        f'</button></div><div class="yj-copytext">{escape(card_text(passage, disclaimer))}</div></div>'
    )


def _note(note: ReplyNote) -> str:
    return f'<div class="yj-note yj-note-{note.kind}"><b>{escape(_note_label(note))}</b> {escape(note.text)}</div>'


def _note_label(note: ReplyNote) -> str:
    return f"{wording.NOTE_PREFIX}{wording.NOTES[note.kind]}"


def _references(references: tuple[ReplyReference, ...]) -> str:
    if not references:
        return f'<p class="yj-reference">{escape(wording.NO_REFERENCE)}</p>'
    items = "".join(f"<li>{_reference(reference)}</li>" for reference in references)
    return f'<div class="yj-reference"><span>{escape(wording.REFERENCE_LABEL)}</span><ul>{items}</ul></div>'


def _reference(reference: ReplyReference) -> str:
    url = safe_url(reference.url)
    if not url:
        return escape(reference.citation)
    return f"{escape(reference.citation)} {link(url, f'DOI: {reference.doi}' if reference.doi else url)}"


def contact_html(clinic: Clinic, said: str = "") -> str:
    """Return how to reach the clinic, or nothing where it gives no way or ``said`` already names its telephone."""
    rows = []
    if clinic.phone and clinic.phone not in said:
        digits = re.sub(r"[^\d+]", "", clinic.phone)
        rows.append((wording.CONTACT_PHONE, f'<a href="tel:{escape(digits)}">{escape(clinic.phone)}</a>'))
    if clinic.address and clinic.address not in said:
        rows.append((wording.CONTACT_ADDRESS, escape(clinic.address)))
    if clinic.hours and clinic.hours not in said:
        rows.append((wording.CONTACT_HOURS, escape(clinic.hours)))
    if (url := safe_url(clinic.url)) and clinic.url not in said:
        rows.append((wording.CONTACT_URL, link(url, url)))
    items = "".join(f"<li>{wording.PAIR.format(name=escape(name), value=value)}</li>" for name, value in rows)
    return f'<div class="yj-contact"><b>{escape(wording.CONTACT)}</b><ul>{items}</ul></div>' if rows else ""


def marked_text(text: str, highlights: tuple[Span, ...] = ()) -> str:
    """Return a passage with its matched words marked, its list lines as lists and its table rows as a table."""
    html, group, offset, numbers = "", "", 0, re.compile(r"\d+")
    lines = text.split("\n")
    for number, line in enumerate(lines):
        marker = _MARKER.match(line)
        near = lines[max(0, number - 1) : number] + lines[number + 1 : number + 2]
        if marker and marker.end() < len(line):
            kind = "ol" if marker["number"] else "ul"
        else:
            kind = "table" if " | " in line and any(" | " in other for other in near) else "p"
        if kind != group:
            html += (f"</{group}>" if group in ("ol", "ul", "table") else "") + (f"<{kind}>" if kind != "p" else "")
            group = kind
        if kind == "table":
            html += f"<tr>{_cells(line, offset, highlights)}</tr>"
        elif kind == "p":
            html += f"<p>{_marked(line, offset, highlights)}</p>" if line.strip() else ""
        else:
            assert marker is not None
            start = offset + marker.end()
            value = f' value="{numbers.findall(marker[0])[0]}"' if kind == "ol" else ""
            html += f"<li{value}>{_marked(line[marker.end() :], start, highlights)}</li>"
        offset += len(line) + 1
    return html + (f"</{group}>" if group in ("ol", "ul", "table") else "")


def _cells(line: str, offset: int, highlights: tuple[Span, ...]) -> str:
    html = ""
    for cell in line.split(" | "):
        html += f"<td>{_marked(cell, offset, highlights)}</td>"
        offset += len(cell) + 3
    return html


def _marked(part: str, offset: int, highlights: tuple[Span, ...]) -> str:
    """Escape ``part``, which begins at ``offset`` of the passage, and mark what of the spans lies in it."""
    html, at = "", 0
    for start, end in sorted(highlights):
        start, end = max(start - offset, at), min(end - offset, len(part))
        if start < end:
            html += f"{escape(part[at:start])}<mark>{escape(part[start:end])}</mark>"
            at = end
    return html + escape(part[at:])


def card_text(passage: ReplyPassage, disclaimer: str = "") -> str:
    """Return a passage as plain text for copying or for a channel without HTML: words, notes, references, origin."""
    lines = [passage.lead] if passage.lead else []
    lines += [passage.text, ""]
    lines += [wording.COPIED_NOTE.format(label=_note_label(note), text=note.text) for note in passage.notes]
    evidence = wording.EVIDENCE[passage.evidence] if passage.evidence else wording.EVIDENCE_UNKNOWN
    lines.append(wording.PAIR.format(name=wording.EVIDENCE_LABEL, value=evidence))
    for reference in passage.references:
        address = "" if not reference.url or reference.url in reference.citation else f" {reference.url}"
        lines.append(wording.PAIR.format(name=wording.REFERENCE_LABEL, value=f"{reference.citation}{address}"))
    document = passage.document
    origin = " ".join(part for part in (document.publisher, document.published) if part)
    lines.append(wording.COPIED_FROM.format(title=document.title) + (f" {origin}" if origin else ""))
    if disclaimer:
        lines.append(disclaimer)
    return strip_unsafe("\n".join(lines))
