"""Words as WeChat shows them: no Markdown signs, no markup that the client would run, suggestions that can be tapped."""

from __future__ import annotations

import re

from bot.language.folding import strip_unsafe

_BULLET = re.compile(r"^[ \t]*[-*+•][ \t]+", re.MULTILINE)
_HEADING = re.compile(r"^[ \t]{0,3}#{1,6}[ \t]+", re.MULTILINE)
_EMPHASIS = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1")
_CODE = re.compile(r"`{1,3}([^`\n]+)`{1,3}")
_LINK = re.compile(r"!?\[([^\]\n]+)\]\(([^)\s]+)\)")
_TAG = re.compile(r"<(?=[A-Za-z/!])")
_CELLS = re.compile(r"[ \t]\|[ \t]")
_BREAKS = re.compile(r"\n{3,}")
_LINK_UNSAFE = re.compile(r"[&#%?=+\"'<>\s\\]")
_MILD = str.maketrans({"?": "\uff1f", " ": ""})


def spoken(text: str) -> str:
    """Return words without Markdown's signs; the words themselves stay as they are."""
    text = strip_unsafe(text).strip()
    text = _LINK.sub(r"\1（\2）", text)
    text = _EMPHASIS.sub(r"\2", _CODE.sub(r"\1", text))
    text = _BULLET.sub("· ", _HEADING.sub("", text))
    text = _CELLS.sub("\u3000", text)  # table cells
    return _BREAKS.sub("\n\n", _TAG.sub("\uff1c", text))


def cited(text: str) -> str:
    """Return a citation on one line, its signs untouched: a DOI may hold any of them."""
    return _TAG.sub("\uff1c", " ".join(strip_unsafe(text).split()))


def quiet(text: str) -> str:
    """Return a suggestion on one line."""
    return " ".join(spoken(text).split())


def anchor(shown: str, content: str, number: int) -> str:
    """Return a suggestion that sends itself when tapped; elsewhere it reads as plain words.

    The client sends ``msgmenucontent`` as the patient's own message. Signs that would end the address are avoided by
    sending the number instead, which chooses the same.
    """
    content = content.translate(_MILD)
    sent = str(number) if _LINK_UNSAFE.search(content) else content
    return f'<a href="weixin://bizmsgmenu?msgmenucontent={sent}&msgmenuid={number}">{shown}</a>'
