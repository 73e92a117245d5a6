"""Names that nothing introduces: they stand between two stops, are signed, spelt out, or said to be a name afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.journal.personal.full_names import DOUBTFUL, likely
from bot.journal.personal.name_parts import (
    COMPOUND_SURNAMES,
    GRAMMAR,
    HAN,
    NEVER,
    PLAIN_SURNAMES,
    SINGLE_SURNAMES,
    WARY_SURNAMES,
    common_words,
    usual,
    word_pairs,
)

_FULL = rf"(?:(?:{COMPOUND_SURNAMES}){HAN}{{1,2}}|[{SINGLE_SURNAMES}]{HAN}{{1,2}})"
_COMPOUND = re.compile(COMPOUND_SURNAMES)
_ALONE = re.compile(rf"(?:^|(?<=[\s,，。;；、:：!！(（/~-]))({_FULL})(?=$|[\s,，。;；、!！)）(（/])")
# What is said of a person next, or was said to one just before; needed where a name might be another word.
_PERSON_NEXT = re.compile(
    r"[\s,，。;；、!！)）(（/]{1,3}(?:性别|今年|现年|年龄)?[:：]?(?:\d{1,3}\s?岁|[一二三四五六七八九]?十[一二三四五六七八九]?岁|[男女](?=$|[\s,，。;；、/]|性|\d)|"
    r"\d{2}(?=$|[\s,，])|想问|想咨询|咨询|请问|电话|手机|您好|你好|家属|上次|上回|来复诊|同名|.{1,4}人(?=$|[\s,，])|.{2,3}的(?=$|[\s,，]))"
)
_GREETED = re.compile(
    r"(?:[您你]好|大夫|医生|老师|主任|早上好|下午好|祝好|祝[^\s,，。]{2,6}|敬礼|此致|谢谢[您你]?|感谢|等[您你]回复|盼复)[\s,，。;；!！~:：]{1,3}$"
)
# A surname of two characters that is no other word needs nothing before it but a stop.
_COMPOUND_FIRST = re.compile(rf"(?:^|(?<=[\s,，。;；、:：!！(（]))(?:{COMPOUND_SURNAMES})(?={HAN})")
_SAID_AFTER = re.compile(
    rf"(?:^|(?<=[\s,，。;；、:：!！]))({HAN}{{2,5}})(?:才|就)?是(?:我|他|她|患者|病人|孩子|宝宝|老人)(?:的|本人的?)?(?:名字|姓名|大名|真名|本名|全名)"
)
_SIGNED = re.compile(
    rf"({_FULL})(?=\s?(?:敬上|拜上|谨上|叩谢|叩上|拜谢|亲笔|留言|敬启|谨启|代笔|亲?收)(?:$|[\s,，。.!！]))"
)
# 我姓展,展翅的展: what tells how a name is written tells the name.
_SPELT = re.compile(rf"(?:姓|叫|名)[^。;；!！?？]{{0,6}}?((?=({HAN}{{2,4}})的({HAN}))\2的\3)(?=$|[\s,，。;；、!！])")
_AFTER_SPELT = re.compile(rf"[\s,，、]{{0,2}}(?:单名(?:一个)?|名|叫)?[\s,，]?({HAN}{{1,3}})(?=$|[\s,，。;；、!！])")
_OWN_SURNAME = re.compile(rf"姓((?:{COMPOUND_SURNAMES})|[{SINGLE_SURNAMES}])(?=[\s,，。;；、]|名)")
# People whom one asks about, and medicines that read like a name.
_KNOWN = re.compile(
    r"李时珍|张仲景|孙思邈|叶天士|朱丹溪|李东垣|张景岳|王清任|吴鞠通|张锡纯|钱乙|屠呦呦|钟南山|李兰娟|张文宏|袁隆平|林巧稚|裘法祖|吴孟超|黎介寿|王振义|陈竺|"
    r"陈香美|曹雪涛|施一公|邓小平|毛泽东|周恩来|鲁迅|李白|杜甫|白居易|王安石|黄连素|金水宝|白云山|江中|马应龙|季德胜|陈李济|胡庆余|方回春|康恩贝|左金丸|"
    r"万艾可|云南白药|黄河|长江|周星驰|刘德华|张学友|成龙|林黛玉|贾宝玉|武松|宋江|唐僧|王八蛋|诸葛亮|司马光|司马迁|欧阳修|东方红|东方明珠"
)


def _sure(plain: str, start: int, end: int) -> bool:
    """Tell whether what stands alone can hardly be anything but a name of a plain surname and two usual characters."""
    compound = _COMPOUND.match(plain, start, end)
    given = plain[start + (2 if compound else 1) : end]
    if not compound and (plain[start] not in PLAIN_SURNAMES or plain[start] in WARY_SURNAMES):
        return False
    return (len(given) == 2 or compound is not None) and usual(plain[start], given) and _no_word(plain[start:end])


def _no_word(name: str) -> bool:
    """Tell whether no common word begins or is a name that stands alone."""
    return (
        _KNOWN.fullmatch(name) is None
        and name not in common_words()
        and (name[:2] not in word_pairs() or _COMPOUND.match(name) is not None)
    )


def _alone(plain: str) -> Iterator[tuple[int, int]]:
    """Yield what stands between two stops and is a name for sure, or by what is said around it."""
    for match in _ALONE.finditer(plain):
        start, end = match.span(1)
        if _sure(plain, start, end):
            yield start, end
        elif _KNOWN.fullmatch(match.group(1)) or set(match.group(1)[1:]) & NEVER:
            continue
        elif usual(plain[start], match.group(1)[1:]) and _no_word(match.group(1)):
            greeted = end - start > 2 or plain[start] in PLAIN_SURNAMES  # 谢谢您,明白
            if _PERSON_NEXT.match(plain, end) or (greeted and _GREETED.search(plain[max(0, start - 10) : start])):
                yield start, end


def _spelt(plain: str) -> Iterator[tuple[int, int]]:
    """Yield how a surname is written (展翅的展) and the name that goes on from it."""
    for match in _SPELT.finditer(plain):
        if match.group(3) not in match.group(2):
            continue
        yield match.span(1)
        after = _AFTER_SPELT.match(plain, match.end(1))
        if after and (after.group(1)[0] == match.group(3) or "名" in plain[match.end(1) : after.start(1)]):
            yield after.span(1)


def standing(plain: str) -> Iterator[tuple[int, int]]:
    """Yield names that no word before them introduces."""
    yield from _alone(plain)
    yield from _spelt(plain)
    for match in _COMPOUND_FIRST.finditer(plain):
        end = likely(plain, match.start())
        if match.group() not in DOUBTFUL and end > match.end() and not _KNOWN.fullmatch(plain, match.start(), end):
            yield match.start(), end
    for match in _SAID_AFTER.finditer(plain):
        if not set(match.group(1)) & GRAMMAR:
            yield match.span(1)
    for match in _SIGNED.finditer(plain):
        if likely(plain, match.start(1)) == match.end(1) or usual(match.group(1)[0], match.group(1)[1:]):
            yield match.span(1)
    for surname in {match.group(1) for match in _OWN_SURNAME.finditer(plain)}:
        for match in re.finditer(rf"(?:^|(?<=[\s,，。;；、]))({surname}{HAN}{{1,2}})(?=$|[\s,，。;；、!！])", plain):
            yield match.span(1)
