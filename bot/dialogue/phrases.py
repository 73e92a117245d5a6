"""The little language of the safety rules: what a doctor writes, parsed into parts that can be looked for.

A *phrase* is literal words in which ``(a|b)`` and ``[ab]`` are choices and ``?`` makes what stands before it optional;
``<name>`` is a word group, ``<39..43>`` a number between the two, ``…`` up to :data:`NEAR` other characters within one
clause, ``……`` up to :data:`FAR` across clauses. A *pattern* is phrases joined by `` + ``: all must occur, in any order.
Everything is bounded: no phrase can take more than a time proportional to the text. Literals, phrases and patterns are
told apart by identity, which is what makes them quick to look up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import product

from bot.errors import SafetyError
from bot.language.folding import fold
from bot.language.sounds import plain_words

NEAR, FAR = 8, 24
MOST_FORMS = 1500  # of one phrase's literal
MOST_ALTERNATIVES = 60  # of one phrase
LONGEST = 24  # characters of a literal
LONGEST_PHRASE = 400  # characters as written
_PART = re.compile(r"<([^<>]*)>|(…{1,2})|([^<>…]+)")
_RANGE = re.compile(r"(\d+(?:\.\d+)?)\.\.(\d+(?:\.\d+)?)")
_FORBIDDEN = re.compile(r"[*{}\\^$.+&@#=~!;:\"，。；：！？“”（）【】]")
_NAME = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, eq=False)
class Literal:
    """Words: any of the forms."""

    forms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A reference to a word group."""

    name: str


@dataclass(frozen=True, slots=True)
class Number:
    """A number written in the text, between the two."""

    low: float
    high: float


Atom = Literal | Group | Number


@dataclass(frozen=True, slots=True, eq=False)
class Phrase:
    """Atoms in order; ``gaps[i]`` is what may stand before atom ``i``: characters, and whether across clauses."""

    atoms: tuple[Atom, ...]
    gaps: tuple[tuple[int, bool], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """What must all occur, each as one of several phrases; ``written`` is the doctor's own text."""

    phrases: tuple[tuple[Phrase, ...], ...]
    written: str


def parse_pattern(written: str) -> Pattern:
    """Parse a pattern.

    Raises:
        SafetyError: it is not in the language; the message says what and how to mend it.
    """
    parts = [part.strip() for part in written.split(" + ")]
    return Pattern(tuple(parse_phrase(part) for part in parts), written)


def parse_phrase(written: str) -> tuple[Phrase, ...]:
    """Parse a phrase; several come of one whose choices hold groups or gaps, as in ``(<a>|b…c)d``.

    Raises:
        SafetyError: it is not in the language.
    """
    if not written:
        raise SafetyError("有一处是空的。请写上词语，或删去多余的“ + ”。")
    if len(written) > LONGEST_PHRASE:
        raise SafetyError(f"“{written[:20]}…”有 {len(written)} 个字符，超过 {LONGEST_PHRASE}。请拆成几行。")
    return tuple(_plain(text) for text in _alternatives(written, written))


def merge(phrases: Iterable[Phrase]) -> tuple[Phrase, ...]:
    """Return phrases of which any will do with those of literal words alone made one: far fewer to look after."""
    forms: dict[str, None] = {}
    rest = []
    for phrase in phrases:
        if len(phrase.atoms) == 1 and isinstance(phrase.atoms[0], Literal):
            forms.update(dict.fromkeys(phrase.atoms[0].forms))
        else:
            rest.append(phrase)
    return (*([Phrase((_literal(tuple(forms)),), ((0, False),))] if forms else []), *rest)


def _alternatives(written: str, whole: str) -> list[str]:
    """Write out the choices that are more than literal words."""
    for start, end in _brackets(written):
        inner = written[start + 1 : end]
        if "<" not in inner and "…" not in inner:
            continue
        optional = written[end + 1 : end + 2] == "?"
        options = [*_split(inner), *([""] if optional else [])]
        rest = written[end + 1 + optional :]
        found = [text for option in options for text in _alternatives(written[:start] + option + rest, whole)]
        if len(found) > MOST_ALTERNATIVES:
            raise SafetyError(f"“{whole[:60]}”展开后超过 {MOST_ALTERNATIVES} 种说法。请拆成几行。")
        return found
    return [written]


def _brackets(text: str) -> list[tuple[int, int]]:
    """Return the outermost pairs of round brackets."""
    pairs, depth, start = [], 0, 0
    for at, sign in enumerate(text):
        if sign == "(":
            depth, start = depth + 1, start if depth else at
        elif sign == ")" and depth:
            depth -= 1
            if not depth:
                pairs.append((start, at))
    return pairs


def _split(text: str) -> list[str]:
    """Split at the bars that stand outside brackets; a choice of plain words alone stays one."""
    inside = [range(start, end) for start, end in _brackets(text)]
    parts: list[str] = []
    plain: list[str] = []
    begin = 0
    bars = [at for at, sign in enumerate(text) if sign == "|" and not any(at in pair for pair in inside)]
    for bar in [*bars, len(text)]:
        part = text[begin:bar]
        (parts if "<" in part or "…" in part else plain).append(part)
        begin = bar + 1
    return parts + ([f"({'|'.join(plain)})"] if plain else [])


def _plain(written: str) -> Phrase:
    """Parse a phrase all of whose choices are literal words."""
    atoms: list[Atom] = []
    gaps: list[tuple[int, bool]] = []
    gap, end = (0, False), 0
    for match in _PART.finditer(written):
        if match.start() != end:
            break
        end = match.end()
        name, dots, words = match.groups()
        if dots:
            gap = (NEAR, False) if len(dots) == 1 else (FAR, True)
            continue
        atoms.append(_literal(expand(words)) if words is not None else _named(name))
        gaps.append(gap)
        gap = (0, False)
    if end != len(written):
        raise SafetyError(f"“{written[:60]}”里的尖括号不成对。请写成 <词组名>。")
    if not atoms or gap != (0, False) or gaps[0] != (0, False):
        raise SafetyError(f"“{written[:60]}”不能以“…”开头或结尾。请在两边都写上词语。")
    return Phrase(tuple(atoms), tuple(gaps))


@cache
def _literal(forms: tuple[str, ...]) -> Literal:
    """Return one and the same literal for the same words, wherever they are written."""
    return Literal(forms)


def _named(name: str) -> Group | Number:
    numbers = _RANGE.fullmatch(name)
    if numbers:
        low, high = map(float, numbers.groups())
        if low > high:
            raise SafetyError(f"<{name}> 的前一个数比后一个大。请写成 <小..大>。")
        return Number(low, high)
    if not _NAME.fullmatch(name):
        raise SafetyError(f"<{name}> 不是词组名，也不是数的范围。请写成 <词组名> 或 <39..43>。")
    return Group(name)


def expand(written: str) -> tuple[str, ...]:
    """Return all words that a literal with choices stands for, folded and simplified.

    Raises:
        SafetyError: a sign is not of the language, brackets do not pair, or there are too many or too long words.
    """
    bad = _FORBIDDEN.search(written)
    if bad:
        raise SafetyError(f"“{written[:60]}”里的“{bad.group()}”不能用。只能用文字、(甲|乙)、[甲乙]、?、<词组>、…。")
    plain = plain_words(fold(written)).replace("'", "")
    forms, rest = _choices(plain, 0, written)
    if rest != len(plain):
        raise SafetyError(f"“{written[:60]}”里多了“)”。请检查圆括号是否成对。")
    made = tuple(dict.fromkeys(form.strip() for form in forms))
    if "" in made:
        raise SafetyError(f"“{written[:60]}”可以什么都不写就算出现。请至少留一个必有的字。")
    if max(map(len, made)) > LONGEST:
        raise SafetyError(f"“{written[:60]}”太长，一个词最多 {LONGEST} 个字。请用“…”分开。")
    return made


def _choices(text: str, at: int, whole: str) -> tuple[list[str], int]:
    """Expand ``a|b`` from ``at`` on until a closing bracket or the end."""
    found: list[str] = []
    row: list[list[str]] = []
    while at < len(text) and text[at] != ")":
        sign = text[at]
        if sign == "|":
            found += _joined(row, whole)
            row, at = [], at + 1
            continue
        if sign == "(":
            inner, at = _choices(text, at + 1, whole)
            if at >= len(text):
                raise SafetyError(f"“{whole[:60]}”里的圆括号没有结束。请补上“)”。")
            row.append(inner)
        elif sign == "[":
            close = text.find("]", at)
            if close < at + 2:
                raise SafetyError(f"“{whole[:60]}”里的方括号没有结束或是空的。请写成 [甲乙]。")
            row.append(list(text[at + 1 : close]))
            at = close
        elif sign == "?":
            if not row or "" in row[-1]:
                raise SafetyError(f"“{whole[:60]}”里的“?”前面没有字。请把它放在可有可无的字后面。")
            row[-1] = [*row[-1], ""]
        elif sign == "]":
            raise SafetyError(f"“{whole[:60]}”里多了“]”。请检查方括号。")
        else:
            row.append([sign])
        at += 1
    return found + _joined(row, whole), at


def _joined(row: list[list[str]], whole: str) -> list[str]:
    count = 1
    for choice in row:
        count *= len(choice)
    if count > MOST_FORMS:
        raise SafetyError(f"“{whole[:60]}”展开后有 {count} 个词，超过 {MOST_FORMS}。请拆成几行。")
    return ["".join(parts) for parts in product(*row)]
