"""Find the words of many rules in one text in one pass.

Words are found by Aho-Corasick, whatever their number: exactly, by ear where pinyin was typed, and by ear where at most
half of a longer word's characters are replaced by homophones.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from itertools import chain

import ahocorasick

from bot.dialogue.phrases import Literal
from bot.language.sounds import Heard, aloud, homophones, is_syllable, spoken
from bot.records import Span

_MISSPELT = 3  # characters: shorter words are too easily other words
# The commonest characters of Chinese text (by jieba's dictionary), the very commonest first.
_COMMON = (
    "是一人了不在有大中国和为这上他个地年来我会以到时要出的生学说道民家子也成行下们于后就发自之对得主长可过天作分方用多你着部能市等业全里工公经本都"
    "而高政法面门动日进区事代那去心小同北定开产前其军还然起种所如现理机体表力好外与文当两实重新三么只山水关明从化平建又制南内西没此将员名手最东头者月间无"
    "安看见各城十相但已些正口通想度加第她合院物性战由位常点海意场武使次二向治因立数样身情入原问把路被并利石老教万知级量任江及应省资委务元美特期世湖回系比"
    "气汉总展电科金先声提品设或义王社很统处四首共马形己儿司太目基领队直计别女权话少流命至报米给打变果书清活几州华解议更称程今决张导术府才保交放管结师便走达"
    "族反再题色五京河接条规式县白它改风光运信受什组听布百济党指论强做取技黄神选记斯真却职号界件花类何眼兵传带空干农边据集联古广完质阳难增历史专官每住商即步"
    "认车台林必死游举线言皇土团收考求德叫近备研争非具李众连调感转笑药克愁怕吃喝"
)
_RARER, _COMMONEST = frozenset(_COMMON), frozenset(_COMMON[:90])
# Words of one syllable that are taken from pinyin: so many others sound alike.
_CLEAR = frozenset("我爸妈娃爷奶疼痛血汗吐喘晕昏")
Found = dict[Literal, list[list[Span]]]
_HAN = re.compile("[\u4e00-\u9fff]+")


class Words:
    """The words of all rules: as written, as typed in pinyin, and for misspellings."""

    def __init__(self, literals: Iterable[Literal], careful: bool = False) -> None:
        """Take all words.

        Args:
            literals: The words.
            careful: Do not take misspellings for them, nor single syllables of pinyin.
        """
        self._literals: dict[str, list[Literal]] = {}
        self._careful = careful
        for literal in dict.fromkeys(literals):
            for form in literal.forms:
                self._literals.setdefault(form, []).append(literal)
        self._exact, self._misspelt = _Table(), _Table()
        for form in self._literals:
            self._exact.add(form, form)
            if len(form) >= _MISSPELT and not careful and not form.isascii():
                self._misspelt.add(aloud(form), form)
        self._exact.seal()
        self._misspelt.seal()

    @cached_property
    def _by_ear(self) -> tuple[_Table, _Table]:
        """The words by all their readings, for pinyin: those of one and two syllables, and the longer ones, blurred."""
        short, long = _Table(), _Table()
        for form in self._literals:
            if not _HAN.fullmatch(form) or (len(form) == 1 and form not in _CLEAR):
                continue
            for sound in spoken(form):
                if len(form) < _MISSPELT:
                    short.add(sound, form)
                else:
                    long.add(aloud(sound), form)
        short.seal()
        long.seal()
        return short, long

    def prepare(self) -> None:
        """Make ready what typed pinyin needs, which would otherwise be made when someone first types some."""
        _ = self._by_ear

    def look(self, heard: Heard) -> Found:
        """Return where each word stands: for each of its forms in the text, the places in order."""
        text = heard.text
        forms: defaultdict[str, list[Span]] = defaultdict(list)
        for start, end, form in self._exact.hits(text):
            if form[0] > "\x7f" or _whole_word(text, start, end):
                forms[form].append((start, end))
        places = self._misspelt.hits(heard.sounds)
        if heard.typed:
            short, long = self._by_ear
            places = chain(short.hits(heard.exact), long.hits(heard.sounds))
        meant = _typed if heard.typed else _homophone
        for start, end, form in places:
            said = text[start:end]
            if said != form and meant(said, form):
                forms[form].append((start, end))
        found: defaultdict[Literal, list[list[Span]]] = defaultdict(list)
        literals = self._literals
        for form, spans in forms.items():
            for literal in literals[form]:
                found[literal].append(spans)
        return found


class _Table:
    """Words by what they look or sound like, one sign for each of their characters."""

    def __init__(self) -> None:
        self._automaton = ahocorasick.Automaton(ahocorasick.STORE_INTS)
        self._forms: list[str | list[str]] = []  # a list only where several sound alike: most are alone
        self._ready = False

    def add(self, key: str, form: str) -> None:
        number = self._automaton.get(key, -1)
        if number < 0:
            self._automaton.add_word(key, len(self._forms))
            self._forms.append(form)
            return
        found = self._forms[number]
        known = [found] if isinstance(found, str) else found
        if form not in known:
            self._forms[number] = [*known, form]

    def seal(self) -> None:
        """Make it ready to be looked in; nothing can be added after."""
        self._automaton.make_automaton()
        self._ready = bool(self._forms)

    def hits(self, text: str) -> Iterable[tuple[int, int, str]]:
        """Yield where words stand, and which."""
        if not self._ready:
            return
        for last, number in self._automaton.iter(text):
            forms = self._forms[number]
            for form in (forms,) if isinstance(forms, str) else forms:
                yield last + 1 - len(form), last + 1, form


def _whole_word(text: str, start: int, end: int) -> bool:
    """Tell whether a Latin word or a number is not a part of a longer one."""
    before, after = text[start - 1 : start], text[end : end + 1]
    return not (_one_word(before, text[start]) or _one_word(text[end - 1], after))


def _one_word(left: str, right: str) -> bool:
    """Tell whether two neighbours belong to one Latin word or to one number."""
    if not (left and right and left.isascii() and right.isascii()):
        return False
    return (left.isalpha() and right.isalnum()) or (left.isdigit() and right.isdigit())


def _typed(said: str, form: str) -> bool:
    """Tell whether what sounds like ``form`` was typed in pinyin, in part or all of it."""
    return all(sign == wanted or is_syllable(sign) for sign, wanted in zip(said, form, strict=True))


def _homophone(said: str, form: str) -> bool:
    """Tell whether at least half of the characters are those of ``form`` and the others are read alike.

    Common characters are no slips of the keyboard: the shorter the word, the fewer are believed to be.
    """
    wrong = [pair for pair in zip(said, form, strict=True) if pair[0] != pair[1]]
    likely = _COMMONEST if len(form) > _MISSPELT else _RARER
    return len(wrong) <= len(form) // 2 and all(
        sign not in likely and homophones(sign, wanted) for sign, wanted in wrong
    )
