"""Ways to reach a person: telephone numbers, e-mail, WeChat, QQ."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.journal.personal.view import IS, SEPARATOR, Masked, View

_S = rf"{SEPARATOR}?"
_D = r"[ \-\u2010-\u2015]"
_FREE = r"(?<![\d.])"
_END = r"(?!\d)"
_COUNTRY = rf"(?:\(?(?:\+|00)?86\)?{SEPARATOR}{{0,2}})?"
_HEADS = r"1[3-9]"

# A mobile number in the groupings that people use; a row of laboratory values must not look like one.
_MOBILE = re.compile(
    rf"(?<![\d.]){_COUNTRY}(?:"
    rf"{_HEADS}\d{SEPARATOR}{{0,2}}\d{{4}}{SEPARATOR}{{0,2}}\d{{4}}"
    rf"|{_HEADS}\d{SEPARATOR}\d{{3}}{SEPARATOR}\d{{5}}|{_HEADS}\d{{2}}{SEPARATOR}\d{{3}}{SEPARATOR}\d{{4}}"
    rf"|{_HEADS}\d{{3}}{SEPARATOR}\d{{6}}|{_HEADS}\d{{5}}{SEPARATOR}\d{{4}}"
    rf"|1{SEPARATOR}[3-9](?:{SEPARATOR}\d){{9}}|{_HEADS}\d(?:[\-\u2010-\u2015]?\d){{8}}"
    rf"|{_HEADS}\d(?:{SEPARATOR}\d\d){{4}}|{_HEADS}\d[,，、]\d{{4}}[,，、]\d{{4}}|{_HEADS}\d{_S}[*x]{{4}}{_S}\d{{4}}"
    rf"){_END}(?![个例条份亿万])"
)
_LANDLINE = re.compile(
    rf"(?<![\d.])(?:\(?(?:\+|00)?86\)?{_D}?\(?0?|\(?0)(?:10|2\d|[3-9]\d{{2}})\)?{_D}{{0,2}}[2-9]\d{{2,3}}{_D}?\d{{4}}"
    rf"(?:{_D}?(?:转|-|#|ext\.?){_D}?\d{{1,6}})?{_END}"
)
_SERVICE = re.compile(
    rf"{_FREE}[48]00{_D}?(?:\d{_D}?\d{{3}}{_D}?\d{{3}}|\d{{3}}{_D}?\d{{4}}|\d{{4}}{_D}?\d{{3}}){_END}"
)
_FOREIGN = re.compile(
    rf"(?<![\d.\w])(?:\+|00)(?!86)\d{{1,3}}(?:{_D}?\(?\d\)?){{7,12}}{_END}|{_FREE}09\d{{2}}{_D}?\d{{3}}{_D}?\d{{3}}{_END}"
)
_NAMED_PHONE = re.compile(
    r"(?:电话|手机|座机|固话|宅电|传真|联系方式|联络方式|联系号码|(?<![证历院诊保卡账帐案记理信q单户车牌])号码|拨打|拨|call|tel|phone|mobile|mob|fax|小灵通|热线)"
    rf"(?:号码|号)?{IS}{{0,6}}(?:打|联系|拨)?{IS}{{0,3}}(\(?\+?\d(?:[\d()]|(?:{SEPARATOR}|[,，、]){{1,2}}\d|[*x]{{2,6}}\d){{5,18}}){_END}"
)
_TAIL = re.compile(
    rf"(?:手机|电话|号码|微信)(?:号码|号)?(?:的)?(?:尾号|[后末尾][三四五六八3-8]?[位号]数?){IS}{{0,5}}(\d{{3,8}}){_END}"
)

_AT = r"(?:@|\(at\)|\[at\]|\{at\}|艾特|\bat\b|#(?=[a-z\d-]+\.[a-z]))"
_DOT = r"(?:[.。]|点|\bdot\b|\(dot\)|\[dot\])"
_EMAIL = re.compile(
    rf"[a-z0-9_][a-z0-9._%+\-]{{0,63}}\s?{_AT}\s?[a-z0-9][a-z0-9-]{{0,62}}(?:\s?{_DOT}\s?[a-z0-9-]{{2,24}}){{1,4}}"
)
_FOREIGN_EMAIL = re.compile(
    r"[a-z0-9_.+\-]{1,64}@(?:[a-z0-9-]{1,62}|[\u4e00-\u9fff]{1,12})(?:\.(?:[a-z]{2,24}|中国|公司|网络|企业)){1,3}"
)
_NAMED_EMAIL = re.compile(
    r"(?:邮箱|邮件|email|e-mail|mail|电邮)(?:地址|账号|号)?[:： 是为]{0,4}([a-z0-9][a-z0-9._%+-]{4,63})"
)

_QQ = re.compile(
    rf"(?:q\s?q|扣扣|抠抠|企鹅|q号|我的?q(?=[是:：])|球球|腾讯号)(?:号码|号|联系|聊|群)?(?:是|为|加|[:： =\-(号])*((?<!\d)[1-9](?:{_S}\d){{4,11}}){_END}"
    rf"|{_FREE}([1-9]\d{{4,11}})(?:是|这是)?(?:我)?(?:的)?q\s?q"
)
_WECHAT_WORD = (
    r"(?:微\s?信|微[❤♥💗]|威信|薇信|徽信|溦信|微x|维信|卫信|v信|vx|wx(?!id)|weixin|wechat|绿泡泡|w信|加v|\+v|v❤|v号|薇号|微号|加微|加薇|加我|\+我|"
    r"(?<![a-z])v(?=[:： 是]))"
)
_WECHAT = re.compile(
    rf"{_WECHAT_WORD}(?:\s?(?:id|账号|帐号|号码|号|名))?(?:[:： \s=是为的叫,，(“\"「【\[\-]|微信|wx(?!id)|vx|v信|v(?=[:： ])|号|加|搜|联系|添加|也|就|我){{0,8}}"
    r"((?!(?:wechat|weixin|app|iga|ckd|ct|b超|qq\b|mail|email))[a-z_\d][a-z\d_-]{1,23}(?:\.[a-z\d_-]{1,20})?)(?![a-z\d_@.-]*@)"
)
# Farther from the word, only what cannot be a word itself: letters with a digit or a line in them.
_FAR_WECHAT = re.compile(
    rf"{_WECHAT_WORD}[^a-z\d]{{1,16}}((?=[a-z_-]{{0,19}}[\d_])[a-z][a-z\d_-]{{5,19}})(?![a-z\d_@.-])"
    rf"|{_WECHAT_WORD}[^a-z\d]{{1,12}}?(?:是|叫|[:：]|拼音)\s?([a-z]{{6,20}})(?![a-z\d_@.-]*@)"
)
_BEFORE_WECHAT = re.compile(
    r"(?<![a-z\d_-])([a-z][a-z\d_-]{5,19}|[1-9]\d{5,11})(?:[,， (]|是|这是|就是){0,3}(?:我)?(?:的)?(?:微信|vx|wx|v信)(?!公众|小程序)"
)
_PUBLIC_ACCOUNT = re.compile(r"公众号|小程序|服务号|订阅号|视频号")


def phones(view: View) -> Iterator[Masked]:
    """Yield telephone numbers: mobile ones (also in Chinese digits), landlines, 400 numbers, foreign ones."""
    for text in dict.fromkeys((view.plain, view.digits)):
        for pattern in (_MOBILE, _LANDLINE, _SERVICE, _FOREIGN):
            for match in pattern.finditer(text):
                yield Masked(*match.span(), "phone")
        for pattern in (_NAMED_PHONE, _TAIL):
            for match in pattern.finditer(text):
                if sum(character.isdigit() for character in match.group(1)) >= (3 if pattern is _TAIL else 7):
                    yield Masked(*match.span(1), "phone")


def emails(view: View) -> Iterator[Masked]:
    """Yield e-mail addresses, also written around ("a at b 点 com")."""
    for pattern in (_EMAIL, _FOREIGN_EMAIL):
        for match in pattern.finditer(view.plain):
            yield Masked(*match.span(), "email")
    for match in _NAMED_EMAIL.finditer(view.plain):
        if any(character.isdigit() for character in match.group(1)) or "." in match.group(1):
            yield Masked(*match.span(1), "email")


def chats(view: View) -> Iterator[Masked]:
    """Yield WeChat ids and QQ numbers, by what introduces them."""
    for match in _QQ.finditer(view.digits):
        yield Masked(*match.span(match.lastindex or 0), "qq")
    for pattern in (_WECHAT, _FAR_WECHAT):
        for match in pattern.finditer(view.plain):
            start, end = match.span(match.lastindex or 0)
            if end - start >= 5 and not _PUBLIC_ACCOUNT.search(view.plain[match.start() : start]):
                yield Masked(start, end, "wechat")
    for match in _BEFORE_WECHAT.finditer(view.plain):
        yield Masked(*match.span(1), "wechat")
