"""Danger to life and thoughts of self-harm, told by rule from a patient's words, before anything else is done.

The rules are the clinic's (``corpus/safety``). What is negated, supposed, past, told or asked about in general is set
aside (:mod:`bot.dialogue.scopes`).
A second reader (:mod:`bot.dialogue.reader`) weighs how the whole message sounds: where it is sure that the words are
calm, a rule's alarm is set aside; where it is sure that they are not, no rule is needed.
The only outcome is "escalate" or nothing: nothing here ever says that a person is safe.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import NamedTuple

from bot.dialogue import wording
from bot.dialogue.phrases import Literal, Pattern, Phrase
from bot.dialogue.reader import Reader, second_reader
from bot.dialogue.rules import NOW, STORY, Rule, RuleBook, Severity, read_rules
from bot.dialogue.scopes import Void, counts, dropped, voids
from bot.dialogue.spotting import Plan, Scene
from bot.dialogue.words import Found, Words
from bot.errors import SafetyError
from bot.language.sounds import Heard, hear
from bot.settings import PROJECT_ROOT, Settings

_HEAD, _TAIL = 20_000, 5_000  # characters of a very long text that are looked at
_READ = 2_000  # characters that the second reader reads: rules read all
_AGREED = 0.6  # probability of a danger, by the reader, from which a stretch in which a rule holds counts by itself
_STRETCH, _MOST_SENTENCES = 120, 400
_SENTENCE = re.compile("(?<=[\u3002\uff01\uff1f!?\n;\uff1b])")
ALONE = "语气判断"  # instead of a rule's name where the second reader alone raised the alarm


@dataclass(frozen=True, slots=True)
class Danger:
    """What was recognised: the rule, how grave, and what to say."""

    rule: str
    severity: Severity
    wording: str


class _Meant(NamedTuple):
    """What was found in a text: all of it, without what is negated and the like, and which stretches are void."""

    raw: Scene
    scene: Scene
    voids: list[Void]


class Safety:
    """All rules, made ready once. Stateless afterwards and safe to share between threads."""

    def __init__(self, book: RuleBook, reader: Reader | None = None, aside: float = 0.0, alone: float = 1.0) -> None:
        """Make the rules ready.

        Args:
            book: The rules.
            reader: The second reader; None for the rules alone.
            aside: Below this probability of a danger, by the reader, an alarm of a rule that it knows is set aside.
            alone: Above this probability the reader raises an alarm without any rule.
        """
        self._book, self._reader, self._aside, self._alone = book, reader, aside, alone
        groups = [phrase for group in book.groups.values() for phrase in group]
        self._signs = Words(_literals([*groups, *_phrases(book.rule_patterns())]))
        self._sign_plan = Plan(book.groups, book.rule_patterns(), ())
        cues = [*book.cues(), *_phrases(book.context_patterns())]
        self._cues = Words(_literals(cues), careful=True)
        self._plan = Plan(book.groups, [*book.rule_patterns(), *book.context_patterns()], book.cues())
        self._rule_of = {p: rule for rule in book.rules for p in (*rule.patterns, *rule.only_now)}
        self._only_now = {pattern for rule in book.rules for pattern in rule.only_now}
        self._wordings = {rule.name: _wording(rule) for rule in book.rules}

    def prepare(self) -> None:
        """Make ready what only pinyin needs, so that the first question typed in it is not kept waiting."""
        self._signs.prepare()
        self._cues.prepare()

    def assess(self, text: str) -> Danger | None:
        """Return the gravest danger that a text speaks of, or None where no rule finds any.

        Args:
            text: What was typed, of any length; of more than 25,000 characters only the two ends are read.
        """
        mentioned: list[Rule] = []
        found = self._doubted(text, self._first(text, mentioned))
        if not found and mentioned:
            found = self._first_of_a_stretch(text)
        chosen = found.get("self-harm") or found.get("danger")
        if chosen is None:
            return self._heard(text)
        if len(found) > 1:  # both: someone has already hurt themselves
            return Danger(chosen.name, "self-harm", wording.SAFETY["self-harm-now"])
        return Danger(chosen.name, chosen.severity, self._wordings[chosen.name])

    def _first(self, text: str, mentioned: list[Rule] | None = None) -> dict[Severity, Rule]:
        """Return the first rule of each severity that holds; see :meth:`_held`."""
        found: dict[Severity, Rule] = {}
        for rule in self._held(text, found.keys(), mentioned):
            found[rule.severity] = rule
        return found

    def _first_of_a_stretch(self, text: str) -> dict[Severity, Rule]:
        """Return the rules that hold of a part of a long message in which the second reader sees a danger too.

        What is told around it may speak of other times and ask general questions: that sets the rules aside for all of it.
        """
        if self._reader is None or len(text) <= STORY:
            return {}
        for stretch in _stretches(_ends(text)):
            read = self._reader.read(stretch)
            if read is not None and 1.0 - read.calm > _AGREED and (found := self._first(stretch)):
                return found
        return {}

    def _doubted(self, text: str, found: dict[Severity, Rule]) -> dict[Severity, Rule]:
        """Return the rules that hold, none where the second reader knows them and is sure that the words are calm.

        Of self-harm it must be twice as sure: oblique words sound calm, and kind words too many do little harm.
        """
        reader = self._reader
        known = reader is not None and all(rule.name in reader.rules for rule in found.values())
        if not found or reader is None or not known or len(text) > _READ:
            return found
        calm = reader.calmest(text) if reader.read(text) is not None else 0.0
        return found if 1.0 - calm >= (self._aside / 2 if "self-harm" in found else self._aside) else {}

    def _heard(self, text: str) -> Danger | None:
        """Return what the second reader alone is sure of."""
        read = self._reader.read(text[:_READ]) if self._reader is not None else None
        if read is None or 1.0 - read.calm <= self._alone:
            return None
        if read.self_harm > read.danger:
            return Danger(ALONE, "self-harm", wording.SAFETY["self-harm"])
        return Danger(ALONE, "danger", wording.SAFETY["emergency"])

    def holding(self, text: str) -> list[Rule]:
        """Return all rules that hold of a text, in the order of the files."""
        return list(self._held(text, ()))

    def _held(self, text: str, enough: Collection[Severity], mentioned: list[Rule] | None = None) -> Iterator[Rule]:
        """Yield the rules that hold, in order, but for those of a severity that is in ``enough`` by then.

        ``mentioned`` takes the rules whose words are there, whether or not what stands around makes them void.
        """
        heard = hear(_ends(text))
        words = self._signs.look(heard)
        first = Scene(heard, self._sign_plan, words)
        possible: dict[Rule, list[Pattern]] = {}
        for pattern in first.possible.patterns & self._rule_of.keys():
            possible.setdefault(self._rule_of[pattern], []).append(pattern)
        meant: _Meant | None = None
        for rule in self._book.rules:
            if rule not in possible or rule.severity in enough:
                continue
            for pattern in possible[rule]:
                beside = NOW if pattern in self._only_now else ""
                if not first.pattern(pattern, rule.within, beside):
                    continue  # as with nearly every question: what stands around the words need not be looked at
                if mentioned is not None:
                    mentioned.append(rule)
                meant = meant or self._meant(heard, words)
                if any(counts(span, rule, meant.voids) for span in meant.scene.pattern(pattern, rule.within, beside)):
                    if not any(meant.raw.pattern(excluded, rule.within) for excluded in rule.exclusions):
                        yield rule
                    break

    def _meant(self, heard: Heard, words: Found) -> _Meant:
        raw = Scene(heard, self._plan, {**words, **self._cues.look(heard)})
        scene = raw.without(dropped(raw, self._book.contexts))
        return _Meant(raw, scene, voids(raw, scene, self._book.contexts))


def _ends(text: str) -> str:
    """Return a text, or the two ends of a very long one."""
    return text if len(text) <= _HEAD + _TAIL else f"{text[:_HEAD]}\n{text[-_TAIL:]}"


def _stretches(text: str) -> Iterator[str]:
    """Yield each sentence of a text, and each with the next one, no longer than the reader reads at once."""
    sentences = [part for part in _SENTENCE.split(text) if part.strip()][:_MOST_SENTENCES]
    for at, sentence in enumerate(sentences):
        yield sentence[:_STRETCH]
        if at + 1 < len(sentences):
            yield f"{sentence[-_STRETCH:]}{sentences[at + 1][:_STRETCH]}"


def _phrases(patterns: Iterable[Pattern]) -> Iterator[Phrase]:
    return (phrase for pattern in patterns for choices in pattern.phrases for phrase in choices)


def _literals(phrases: Iterable[Phrase]) -> Iterator[Literal]:
    return (atom for phrase in phrases for atom in phrase.atoms if isinstance(atom, Literal))


def _wording(rule: Rule) -> str:
    known = wording.SAFETY.get(rule.wording)
    if known is None and rule.wording.isascii():
        raise SafetyError(
            f"规则 {rule.name}:wording “{rule.wording}”不认识。可用：{'、'.join(wording.SAFETY)}，或直接写要说的话。"
        )
    return known or rule.wording


def rules_folder(settings: Settings) -> Path:
    """Return where the rules are: the setting's folder, else the corpus's, else those that come with the project."""
    if settings.safety is not None:
        return settings.safety
    own = settings.corpus / "safety"
    return own if own.is_dir() else PROJECT_ROOT / "corpus" / "safety"


def open_safety(settings: Settings) -> Safety:
    """Read the rules that the settings name, with the second reader if it is switched on.

    Raises:
        SafetyError: a file of rules is missing or wrong; the message names file and rule.
        YijuError: the second reader's file is missing or damaged.
    """
    return load_safety(rules_folder(settings), reader_of(settings), settings.safety_aside, settings.safety_alone)


def reader_of(settings: Settings) -> Reader | None:
    """Return the second reader, None where it is switched off."""
    return second_reader() if settings.safety_reader else None


def load_safety(folder: Path, reader: Reader | None = None, aside: float = 0.0, alone: float = 1.0) -> Safety:
    """Read the rules of a folder and make them ready; see :class:`Safety` for the second reader.

    Raises:
        SafetyError: a file is missing or wrong; the message names file and rule.
    """
    safety = Safety(read_rules(folder), reader, aside, alone)
    Thread(target=safety.prepare, name="safety-pinyin", daemon=True).start()  # not worth keeping a start waiting
    return safety


def check_rules(folder: Path, reader: Reader | None = None, aside: float = 0.0) -> list[str]:
    """Return what is wrong with the rules of a folder: faults, and examples that are not judged as they should be.

    With the second reader that is in use, also the examples whose alarm it would set aside.
    """
    try:
        book = read_rules(folder)
        safety = Safety(book, reader, aside)
    except SafetyError as error:
        return [str(error).removeprefix(str(folder)).lstrip(":/")]
    wrong = []
    for rule in book.rules:
        for text in rule.examples:
            if rule not in safety.holding(text):
                wrong.append(f"规则 {rule.name}:例句“{text}”没有触发。请补上词语，或改例句。")
            elif safety.assess(text) is None:
                wrong.append(
                    f"规则 {rule.name}:例句“{text}”触发了规则，语气模型却当作平常的话，不会报警。"
                    "请把这些词语写成一条新名字的规则(新规则不受它影响)，或调低 safety_aside。"
                )
        for text in rule.harmless:
            if holding := safety.holding(text):
                wrong.append(
                    f"规则 {rule.name}:例句“{text}”不该触发，却触发了规则 {holding[0].name}。请收紧词语或加语境。"
                )
    return wrong
