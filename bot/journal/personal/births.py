"""Dates of birth, told from other dates by the words beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.journal.personal.view import Masked, View

_N = r"[\d〇零○一二三四五六七八九十廿卅两]"
_YEAR = rf"(?:民国\s?{_N}{{1,3}}|(?:19|20)\d{{2}}|\d{{2}}|[一二][〇零○九0-9][〇零○一二三四五六七八九]{{2}}|[〇零○一二三四五六七八九]{{2}})"
_DAY = rf"(?:初|廿|卅)?{_N}{{1,3}}"
_LUNAR = r"(?:农历|阴历|阳历|公历|新历|旧历|老历|古历)?\s?"
_MONTH = rf"(?:闰?(?:{_N}{{1,3}}|正|冬|腊))"
_DATE = (
    rf"(?:{_LUNAR}(?:{_YEAR}\s?年[生份]?\s?(?:的)?{_LUNAR})?{_MONTH}\s?月(?:份)?\s?(?:{_DAY}\s?[日号]?)?"
    rf"|(?:19|20)?\d{{2}}\s?[-./\u2010-\u2015]\s?\d{{1,2}}(?:\s?[-./\u2010-\u2015]\s?\d{{1,2}})?"
    r"|(?:18|19|20)\d{6}(?!\d)|(?:19|20)\d{4}(?!\d)|\d{6}(?!\d)|\d{1,2}[./-]\d{1,2}(?![\d.])"
    rf"|{_YEAR}\s?年(?:五一|十一|国庆|元旦|春节|除夕|元宵|端午|中秋)|(?:0[1-9]|1[0-2])[0-3]\d(?!\d)|{_YEAR}\s?年(?!前|以|来|了|级|龄|代))"
)
_BEFORE = re.compile(
    r"(?:出生于|生于|(?<![发产])生在|出生日期|出生年月日?|出生时间|出生年份|出生在|出生|生日|生辰八字|生辰|诞生于|降生于|"
    r"dob|d\.o\.b\.?|birthday|birth|date of birth|born(?: on| in)?)"
    rf"(?:[\s:：=是为的在(（,，]|日期|时间|年月日?|年份|那[天年]|今年|就|每年|过){{0,8}}({_DATE})"
)
_AFTER = re.compile(
    rf"(?<![\d.])({_DATE})\s?(?:[,，]\s?)?(?:的|那天|这天|凌晨|早上|晚上|下午|上午)?(?:我|他|她|孩子|宝宝)?"
    r"(?:出生|生日|的生日|过生日|生人|诞生|降生|出世|born|生(?=$|[\s,，。;；、的!！?？(（)）]))"
)
_PERHAPS_AFTER = re.compile(r"[\d月日号年][^,，。]{0,8}(?:生|出世|born)")  # looked for first: it is much faster
_STATISTICS = re.compile(r"(?:的)?(?:人口|缺陷|率|队列|体重|人数|婴儿死亡)")
_BORN_IN = re.compile(
    rf"(?:我|他|她|爸|妈|亲|公|婆|儿|女|孩子|本人|患者|病人)(?:是|属于)?({_YEAR})年(?:的|生的)(?=$|[\s,，。;；!！?？])"
)


def births(view: View) -> Iterator[Masked]:
    """Yield dates of birth: full ones, month and day, or the year alone, in figures or in Chinese numerals."""
    for match in _BEFORE.finditer(view.plain):
        yield Masked(*match.span(1), "birth")
    for match in _AFTER.finditer(view.plain) if _PERHAPS_AFTER.search(view.plain) else ():
        if not _STATISTICS.match(view.plain, match.end()):
            yield Masked(*match.span(1), "birth")
    for match in _BORN_IN.finditer(view.plain):
        yield Masked(match.start(1), match.end(1) + 1, "birth")
