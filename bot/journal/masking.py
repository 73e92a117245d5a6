"""Take personal data out of a patient's words before they are kept: ``mask("我叫王芳")`` is ``"我叫〔姓名〕"``.

What is looked for: names, telephone, identity, social-security and bank-card numbers, e-mail, addresses, WeChat and QQ,
dates of birth, hospital record numbers. Laboratory values, doses, dates, references and the names of hospitals stay.
Rules, not a model: what is masked can be explained, and nothing is sent anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from bot.journal.personal.addresses import addresses
from bot.journal.personal.births import births
from bot.journal.personal.contacts import chats, emails, phones
from bot.journal.personal.names import names, names_beside
from bot.journal.personal.numbers import cards, identities, public_numbers, records, social
from bot.journal.personal.view import Kind, Masked, View, look

__all__ = ["TAGS", "Kind", "Masked", "find", "mask"]

TAGS: dict[Kind, str] = {
    "name": "〔姓名〕", "phone": "〔电话〕", "id": "〔身份证号〕", "social": "〔社保号〕", "card": "〔银行卡号〕", "email": "〔邮箱〕",
    "address": "〔地址〕", "wechat": "〔微信号〕", "birth": "〔出生日期〕", "record": "〔病历号〕", "qq": "〔QQ号〕",
}  # fmt: skip
_REPEATED = 2  # characters of a name that is masked wherever it stands again
_REPEATED_NUMBER = 5
_PHONE_DIGITS = 3  # of the end of one
_NUMBER_OR_LETTER = re.compile(r"[\da-z]")
_DIGIT = re.compile(r"\d")
_BIRTH = re.compile(r"生|世|年的|b")  # no date of birth without one of these


def mask(text: str) -> str:
    """Return ``text`` with every piece of personal data replaced by a tag that says what stood there."""
    pieces = []
    position = 0
    for found in find(text):
        pieces += [text[position : found.start], TAGS[found.kind]]
        position = found.end
    return "".join([*pieces, text[position:]])


def find(text: str) -> tuple[Masked, ...]:
    """Return where personal data stands in ``text``: in order, disjoint, offsets into ``text`` itself."""
    view = look(text)
    found = _numbers(view)
    found += addresses(view)
    found += names(view)
    found += names_beside(view, [item for item in found if item.kind != "name"])
    return tuple(_disjoint(text, [*found, *_again(view, found)]))


def _numbers(view: View) -> list[Masked]:
    """Return what is found by digits and Latin letters, but for numbers that lead to nobody."""
    if not _NUMBER_OR_LETTER.search(view.digits):
        return []
    wanted: list[Callable[[View], Iterator[Masked]]] = [identities, social, cards, records, emails, chats]
    if _BIRTH.search(view.plain):
        wanted.append(births)
    if len(_DIGIT.findall(view.digits)) >= _PHONE_DIGITS:
        wanted.append(phones)
    found = [item for look_for in wanted for item in look_for(view)]
    public = public_numbers(view) if found else []
    return [item for item in found if not any(item.start < end and start < item.end for start, end in public)]


def _again(view: View, found: Iterable[Masked]) -> list[Masked]:
    """Return the other places where what was found stands again."""
    more = []
    for item in {view.plain[item.start : item.end]: item for item in found}.values():
        value = view.plain[item.start : item.end]
        if len(value) < (_REPEATED if item.kind == "name" else _REPEATED_NUMBER):
            continue
        at = view.plain.find(value)
        while at >= 0:
            more.append(Masked(at, at + len(value), item.kind))
            at = view.plain.find(value, at + len(value))
    return more


def _disjoint(text: str, found: list[Masked]) -> list[Masked]:
    """Join what overlaps, so that nothing of it stays; the longest names the whole."""
    joined: list[tuple[int, int, Masked]] = []
    for item in sorted(found, key=lambda item: (item.start, -item.end)):
        if joined and item.start < joined[-1][1]:
            start, end, longest = joined[-1]
            chosen = item if item.end - item.start > longest.end - longest.start else longest
            joined[-1] = (start, max(end, item.end), chosen)
        else:
            joined.append((item.start, item.end, item))
    return [Masked(start, end, longest.kind) for start, end, longest in joined]
