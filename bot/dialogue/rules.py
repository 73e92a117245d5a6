"""Read and check the safety rules of ``corpus/safety``: word groups, contexts in which nothing is meant, and rules."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, Literal, cast, get_args

import yaml

from bot.dialogue.phrases import Group, Pattern, Phrase, merge, parse_pattern, parse_phrase
from bot.errors import SafetyError

Severity = Literal["danger", "self-harm"]
Scope = Literal["covers", "before", "after", "sentence", "earlier", "whole", "story"]
SCHEMA = 1
STORY = 80  # characters from which on a text is taken for a story
WITHIN = 50  # characters from the first to the last word of a pattern, where a rule says nothing else
_MAX_BYTES = 500_000
_SEPARATORS = re.compile("[、，,；;\n]")
_FILE_KEYS = {"schema", "reviewed", "reviewer", "groups", "contexts", "rules"}
_CONTEXT_KEYS = {"name", "why", "scope", "words", "but", "unless", "severities"}
_RULE_KEYS = {
    "name", "why", "severity", "wording", "patterns", "only_now", "exclusions", "contexts_ignored", "within",
    "examples", "harmless",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Context:
    """Words that show that something is not happening now.

    ``scope``: what they make void: the words they cover, the word they stand right ``before`` or ``after``, the rest
    of their ``sentence`` as far as it does not come to speak of now, all that is said ``earlier``, the ``whole`` text,
    or, of a ``story`` (a text of :data:`STORY` and more characters), the sentences without any word of :data:`LIVE`. ``but``: longer words within which they do not
    count. ``unless``: patterns that make what they void count after all.
    """

    name: str
    scope: Scope
    words: tuple[Phrase, ...]
    but: tuple[Phrase, ...]
    unless: tuple[Pattern, ...]
    severities: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One danger. ``only_now`` patterns count only beside words like "now", "help" or a "了" (the group ``正发生``)."""

    name: str
    severity: Severity
    wording: str
    patterns: tuple[Pattern, ...]
    only_now: tuple[Pattern, ...]
    exclusions: tuple[Pattern, ...]
    contexts_ignored: frozenset[str]
    within: int
    examples: tuple[str, ...]
    harmless: tuple[str, ...]


@dataclass
class RuleBook:
    """Everything that the files of one folder say."""

    groups: dict[str, tuple[Phrase, ...]] = field(default_factory=dict)
    contexts: list[Context] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)

    def phrases(self) -> Iterator[Phrase]:
        """Yield every phrase of every group, context and rule."""
        for group in self.groups.values():
            yield from group
        yield from self.cues()
        for pattern in (*self.rule_patterns(), *self.context_patterns()):
            for choices in pattern.phrases:
                yield from choices

    def cues(self) -> Iterator[Phrase]:
        """Yield the phrases that make a context."""
        for context in self.contexts:
            yield from (*context.words, *context.but)

    def context_patterns(self) -> Iterator[Pattern]:
        """Yield every pattern of every context."""
        for context in self.contexts:
            yield from context.unless

    def rule_patterns(self) -> Iterator[Pattern]:
        """Yield every pattern of every rule."""
        for rule in self.rules:
            yield from (*rule.patterns, *rule.only_now, *rule.exclusions)


NOW, TODAY, LIVE = "正发生", "如今", "眼前"  # word groups that the program itself needs


def read_rules(folder: Path) -> RuleBook:
    """Read all ``*.yaml`` files of a folder as one book, in order of their names.

    Raises:
        SafetyError: there is none, or one is wrong; the message names file and rule and says how to mend it.
    """
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise SafetyError(f"{folder}:没有危急规则(*.yaml)。没有它们就不能识别危及生命的提问，请放回 corpus/safety。")
    book = RuleBook()
    for path in files:
        _read_file(path, book)
    if not book.rules:
        raise SafetyError(f"{folder}:没有一条规则(rules)。请至少保留一条。")
    _check_names(folder, book)
    return book


def _read_file(path: Path, book: RuleBook) -> None:
    content = _load(path)
    _known(content, _FILE_KEYS, f"{path}", {"schema", "reviewed", "reviewer"})
    if content["schema"] != SCHEMA:
        raise SafetyError(f"{path}:schema 是 {content['schema']!r}，本程序只认 {SCHEMA}。请改为 schema: {SCHEMA}。")
    if not isinstance(content["reviewed"], datetime.date):
        raise SafetyError(f"{path}:reviewed 应是日期。请写成 reviewed: 2026-11-24。")
    _text(content["reviewer"], f"{path}:reviewer")
    groups = content.get("groups") or {}
    if not isinstance(groups, dict):
        raise SafetyError(f"{path}:groups 应是“词组名: [词语…]”的形式。")
    for name, words in groups.items():
        where = f"{path}:词组 {name}"
        if name in book.groups:
            raise SafetyError(f"{where}:这个名字已经用过。请合并，或换个名字。")
        book.groups[str(name)] = _phrases(words, where, needed=True)
    for part in _mappings(content.get("contexts"), f"{path}:contexts"):
        book.contexts.append(_context(part, path))
    for part in _mappings(content.get("rules"), f"{path}:rules"):
        rule = _rule(part, path)
        if any(rule.name == other.name for other in book.rules):
            raise SafetyError(f"{path}:规则 {rule.name}:这个名字已经用过。请换个名字。")
        book.rules.append(rule)


def _load(path: Path) -> dict[str, Any]:
    try:
        raw = path.read_bytes()
        if len(raw) > _MAX_BYTES:
            raise SafetyError(f"{path}:文件有 {len(raw):,} 字节，超过 {_MAX_BYTES:,}。请拆成几个文件。")
        content = yaml.safe_load(raw.decode("utf-8-sig"))
    except OSError as error:
        raise SafetyError(f"{path}:打不开({error.strerror})。请检查文件和读取权限。") from error
    except UnicodeDecodeError as error:
        raise SafetyError(f"{path}:不是 UTF-8 编码。请用编辑器另存为 UTF-8。") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark is not None else ""
        raise SafetyError(
            f"{path}{line}:不是正确的 YAML({getattr(error, 'problem', '')})。请检查缩进、冒号和引号。"
        ) from error
    except (RecursionError, ValueError) as error:
        raise SafetyError(f"{path}:读不懂({error})。") from error
    if not isinstance(content, dict):
        raise SafetyError(f"{path}:应是“名称: 内容”的形式，以 schema: {SCHEMA} 开头。")
    return content


def _context(part: dict[str, Any], path: Path) -> Context:
    where = f"{path}:语境 {part.get('name', '(没有名字)')}"
    _known(part, _CONTEXT_KEYS, where, {"name", "scope", "words"})
    scope = part["scope"]
    if scope not in get_args(Scope):
        raise SafetyError(f"{where}:scope “{scope}”不认识。可用：{'、'.join(get_args(Scope))}。")
    severities = part.get("severities", list(get_args(Severity)))
    if not isinstance(severities, list) or not severities or not set(severities) <= set(get_args(Severity)):
        raise SafetyError(f"{where}:severities 只能是 {'、'.join(get_args(Severity))} 的列表。")
    return Context(
        _text(part["name"], where), cast(Scope, scope), _phrases(part["words"], where, needed=True),
        _phrases(part.get("but"), where), _patterns(part.get("unless"), where), frozenset(severities),
    )  # fmt: skip


def _rule(part: dict[str, Any], path: Path) -> Rule:
    where = f"{path}:规则 {part.get('name', '(没有名字)')}"
    _known(part, _RULE_KEYS, where, {"name", "why", "severity", "wording", "examples"})
    _text(part["why"], f"{where}:why")
    if part["severity"] not in get_args(Severity):
        raise SafetyError(f"{where}:severity “{part['severity']}”不认识。可用：{'、'.join(get_args(Severity))}。")
    within = part.get("within", WITHIN)
    if not isinstance(within, int) or isinstance(within, bool) or not 5 <= within <= 500:
        raise SafetyError(f"{where}:within 应是 5 到 500 之间的整数(字数)。")
    rule = Rule(
        _text(part["name"], where), cast(Severity, part["severity"]), _text(part["wording"], f"{where}:wording"),
        _patterns(part.get("patterns"), where), _patterns(part.get("only_now"), where),
        _patterns(part.get("exclusions"), where), frozenset(_texts(part.get("contexts_ignored"), where)), within,
        _texts(part["examples"], where), _texts(part.get("harmless"), where),
    )  # fmt: skip
    if not rule.patterns and not rule.only_now:
        raise SafetyError(f"{where}:patterns 和 only_now 都是空的。请至少写一条。")
    if not rule.examples:
        raise SafetyError(f"{where}:examples 是空的。请至少写一句应当触发的话。")
    return rule


def _known(part: dict[str, Any], known: set[str], where: str, needed: set[str]) -> None:
    unknown = [str(key) for key in part if key not in known]
    if unknown:
        raise SafetyError(f"{where}:没有“{'、'.join(unknown)}”这一项。可用：{'、'.join(sorted(known))}。")
    missing = sorted(key for key in needed if part.get(key) in (None, "", []))
    if missing:
        raise SafetyError(f"{where}:缺少 {'、'.join(missing)}。请补上。")


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise SafetyError(f"{where}:应是一段文字。")
    return value.strip()


def _texts(value: object, where: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        return tuple(item.strip() for item in _SEPARATORS.split(value) if item.strip())
    if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
        wrong = next((item for item in value if not isinstance(item, str)), value) if isinstance(value, list) else value
        raise SafetyError(f"{where}:应是一列文字，这里有 {str(wrong)[:40]!r}。数字和“是/否/null/yes/no”请加引号。")
    return tuple(item.strip() for item in value)


def _mappings(value: object, where: str) -> list[dict[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise SafetyError(f"{where}:应是一列，每项以“- name: …”开头。")
    return value


def _phrases(value: object, where: str, needed: bool = False) -> tuple[Phrase, ...]:
    try:
        found = merge(phrase for text in _texts(value, where) for phrase in parse_phrase(text))
    except SafetyError as error:
        raise SafetyError(str(error) if str(error).startswith(where) else f"{where}:{error}") from error
    if needed and not found:
        raise SafetyError(f"{where}:是空的。请至少写一个词。")
    return found


def _patterns(value: object, where: str) -> tuple[Pattern, ...]:
    try:
        return tuple(parse_pattern(text) for text in _texts(value, where))
    except SafetyError as error:
        raise SafetyError(str(error) if str(error).startswith(where) else f"{where}:{error}") from error


def _check_names(folder: Path, book: RuleBook) -> None:
    """Refuse groups that do not exist and groups that contain themselves."""
    used = {
        name: {a.name for p in group for a in p.atoms if isinstance(a, Group)} for name, group in book.groups.items()
    }
    named = {atom.name for phrase in book.phrases() for atom in phrase.atoms if isinstance(atom, Group)} | {
        NOW,
        TODAY,
        LIVE,
    }
    unknown = sorted(named - set(book.groups))
    if unknown:
        raise SafetyError(f"{folder}:没有叫“{'、'.join(unknown)}”的词组。请在 groups 里加上，或改正 <…> 里的名字。")
    try:
        TopologicalSorter(used).prepare()
    except CycleError as error:
        raise SafetyError(f"{folder}:词组互相包含：{' → '.join(error.args[1])}。请拆开。") from error
    known = {context.name for context in book.contexts}
    for rule in book.rules:
        if rule.contexts_ignored - known:
            names = "、".join(sorted(rule.contexts_ignored - known))
            raise SafetyError(f"{folder}:规则 {rule.name}:contexts_ignored 里没有“{names}”这种语境。请改正名字。")
