"""Put the words found in a text together to phrases, groups and patterns, as far as anyone asks for them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy
from typing import NamedTuple

from bot.dialogue.phrases import Group, Literal, Number, Pattern, Phrase
from bot.dialogue.words import Found
from bot.language.sounds import BREAK, END, Heard
from bot.records import Span

_NUMBER = re.compile(
    r"(?<![/\d.])\d+(?:\.\d+)?|[一二两三四五六七八九]百[一二三四五六七八九十零]*|[一二三四五六七八九]?十[一二三四五六七八九]?"
)
_STOPS = frozenset((BREAK, END, "?"))
_DIGITS = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"两": 2}


class Possible(NamedTuple):
    """What may occur in a text: phrases, the same by group, and patterns."""

    phrases: set[Phrase]
    groups: dict[str, list[Phrase]]
    patterns: set[Pattern]


def value_of(number: str) -> float:
    """Return the value of a number below 1000 in digits or Chinese numerals."""
    if number[0].isdigit():
        return float(number)
    total, unit = 0, 0
    for sign in number:
        if sign in "百十":
            total += (unit or 1) * (100 if sign == "百" else 10)
            unit = 0
        else:
            unit = _DIGITS[sign]
    return float(total + unit)


class Plan:
    """Which phrases, groups and patterns a found word can begin: everything else need not be looked at.

    A pattern is possible where one of its first phrases may occur and no other that has no choice is out of the question.
    """

    def __init__(
        self, groups: Mapping[str, Sequence[Phrase]], patterns: Iterable[Pattern], cues: Iterable[Phrase]
    ) -> None:
        self._owners: dict[Phrase, list[str | Pattern]] = {phrase: [] for phrase in cues}
        for name, phrases in groups.items():
            for phrase in phrases:
                self._owners.setdefault(phrase, []).append(name)
        self._others: dict[Pattern, tuple[frozenset[Literal], tuple[str, ...]]] = {}
        for pattern in patterns:
            for phrase in pattern.phrases[0]:
                self._owners.setdefault(phrase, []).append(pattern)
            single = [choices[0].atoms[0] for choices in pattern.phrases[1:] if len(choices) == 1]
            words = frozenset(atom for atom in single if isinstance(atom, Literal))
            self._others[pattern] = words, tuple(atom.name for atom in single if isinstance(atom, Group))
        self._first: dict[Literal | str, list[Phrase]] = {}
        self._numeric: list[Phrase] = []
        self._needs: dict[Phrase, frozenset[Literal]] = {}
        for phrase in self._owners:
            needs = frozenset(atom for atom in phrase.atoms[1:] if isinstance(atom, Literal))
            if needs:
                self._needs[phrase] = needs
            atom = phrase.atoms[0]
            if isinstance(atom, Number):
                self._numeric.append(phrase)
            else:
                self._first.setdefault(atom.name if isinstance(atom, Group) else atom, []).append(phrase)

    def possible(self, found: Iterable[Literal], numbers: bool) -> Possible:
        """Return what may occur in a text with these words in it."""
        present, needs, owners = frozenset(found), self._needs, self._owners
        phrases: set[Phrase] = set()
        groups: dict[str, list[Phrase]] = {}
        begun: set[Pattern] = set()
        waiting = [phrase for literal in present for phrase in self._first.get(literal, ())]
        if numbers:
            waiting += self._numeric
        while waiting:
            phrase = waiting.pop()
            if phrase in phrases or (phrase in needs and not needs[phrase] <= present):
                continue
            phrases.add(phrase)
            for owner in owners[phrase]:
                if isinstance(owner, Pattern):
                    begun.add(owner)
                else:
                    if owner not in groups:
                        groups[owner] = []
                        waiting += self._first.get(owner, ())
                    groups[owner].append(phrase)
        patterns = set()
        for pattern in begun:
            words, names = self._others[pattern]
            if words <= present and all(name in groups for name in names):
                patterns.add(pattern)
        return Possible(phrases, groups, patterns)


class Scene:
    """What was found in one text; phrases, groups and patterns are worked out when asked for, once."""

    def __init__(self, heard: Heard, plan: Plan, found: Found) -> None:
        self.heard, self._found = heard, found
        self._numbers = [(value_of(match.group()), match.span()) for match in _NUMBER.finditer(heard.text)]
        self.possible = plan.possible(found, bool(self._numbers))
        self._known: dict[str | Phrase, list[Span]] = {}
        self._gone: Collection[Span] = ()
        self._clauses: tuple[list[int], list[int]] | None = None

    def without(self, gone: Collection[Span]) -> Scene:
        """Return the scene without the words at some places."""
        other = copy(self)
        other._known, other._gone = {}, gone
        return other

    def words(self) -> list[Span]:
        """Return the places of all words."""
        places: set[Span] = set()
        for several in self._found.values():
            places.update(*several)
        return sorted(places)

    def clause(self, at: int) -> int:
        """Return the number of the clause in which a place lies."""
        return self._numbered()[0][at]

    def sentence(self, at: int) -> int:
        """Return the number of the sentence in which a place lies."""
        return self._numbered()[1][at]

    def _numbered(self) -> tuple[list[int], list[int]]:
        if self._clauses is None:
            clauses, sentences, clause, sentence = [], [], 0, 0
            for sign in self.heard.text:
                if sign in _STOPS:
                    clause += 1
                    sentence += sign != BREAK
                clauses.append(clause)
                sentences.append(sentence)
            self._clauses = [*clauses, clause], [*sentences, sentence]
        return self._clauses

    def group(self, name: str) -> list[Span]:
        """Return where a word group occurs."""
        if name not in self._known:
            self._known[name] = self._any(self.possible.groups.get(name, ()))
        return self._known[name]

    def phrase(self, phrase: Phrase) -> list[Span]:
        """Return where a phrase occurs."""
        if phrase not in self._known:
            spans = self._atom(phrase.atoms[0])
            for atom, (gap, across) in zip(phrase.atoms[1:], phrase.gaps[1:], strict=True):
                if not spans:
                    break
                spans = self._joined(spans, self._atom(atom), gap, across)
            self._known[phrase] = spans
        return self._known[phrase]

    def _any(self, choices: Iterable[Phrase]) -> list[Span]:
        return sorted({span for phrase in choices for span in self.phrase(phrase)})

    def _atom(self, atom: Literal | Group | Number) -> list[Span]:
        if isinstance(atom, Literal):
            return self._literal(atom)
        if isinstance(atom, Group):
            return self.group(atom.name)
        return [span for value, span in self._numbers if atom.low <= value <= atom.high]

    def _literal(self, literal: Literal) -> list[Span]:
        several = self._found.get(literal)
        if several is None:
            return []
        if len(several) == 1 and not self._gone:
            return several[0]
        return sorted({span for spans in several for span in spans if span not in self._gone})

    def _joined(self, firsts: list[Span], seconds: list[Span], gap: int, across: bool) -> list[Span]:
        if not seconds:
            return []
        joined: set[Span] = set()
        for start, end in firsts:
            for place in range(bisect_left(seconds, (end, 0)), len(seconds)):
                begin, stop = seconds[place]
                if begin > end + gap:
                    break
                if across or gap == 0 or self.clause(begin) == self.clause(end - 1):
                    joined.add((start, stop))
        return sorted(joined)

    def pattern(self, pattern: Pattern, within: int, beside: str = "") -> list[Span]:
        """Return the places of a pattern's first phrase where all the others occur near it, apart from one another.

        Args:
            pattern: What must occur.
            within: The most characters from the beginning of the first word to the end of the last.
            beside: A word group that must occur near it as well.
        """
        if pattern not in self.possible.patterns:
            return []
        found = []
        for choices in pattern.phrases:
            spans = self.phrase(choices[0]) if len(choices) == 1 else self._any(choices)
            if not spans:
                return []
            found.append(spans)
        firsts = [first for first in found[0] if _together(first, found[1:], within)]
        if beside and firsts:
            near = self.group(beside)
            return [span for span in firsts if any(max(span[1], e) - min(span[0], s) <= within for s, e in near)]
        return firsts


def _together(first: Span, others: Iterable[list[Span]], within: int) -> bool:
    chosen = [first]
    for spans in others:
        near = _nearest(spans, chosen, within)
        if near is None:
            return False
        chosen.append(near)
    return max(end for _, end in chosen) - min(start for start, _ in chosen) <= within


def _nearest(spans: list[Span], chosen: list[Span], within: int) -> Span | None:
    """Return the span that begins nearest to the first chosen one and overlaps none of the chosen ones."""
    at = chosen[0][0]
    after = bisect_left(spans, (at, 0))
    before = after - 1
    while True:
        left = at - spans[before][0] if before >= 0 else within + 1
        right = spans[after][0] - at if after < len(spans) else within + 1
        if left > within and right > within:
            return None
        if left <= right:
            span, before = spans[before], before - 1
        else:
            span, after = spans[after], after + 1
        if all(span[1] <= start or end <= span[0] for start, end in chosen):
            return span
