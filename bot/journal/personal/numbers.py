"""Numbers that lead to one person: resident identity, social security, bank cards, hospital records."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from stdnum import luhn
from stdnum.cn import ric

from bot.journal.personal.view import IS, SEPARATOR, Masked, View

_S = rf"{SEPARATOR}?"
_FREE = r"(?<![\d.])"
_END = r"(?!\d)"

# Numbers of studies, papers, licences and the like look like anything, and lead to nobody.
_PUBLIC = re.compile(
    r"\b10\.\d{4,9}/[^\s,，。;；、]+"
    r"|(?<![a-z\d])(?:pmid|pmcid|pmc|nct|chictr(?:-[a-z]+)?|isrctn|eudract|euctr|umin|jprn|jrct|actrn|drks|isbn|issn|gb/t|yy/t)"
    r"[:： #号\-]{0,3}[a-z]{0,3}\d[\dx-]*"
    r"|(?<![a-z\d])(?:ctr\d{8}|zl\s?\d{9,}(?:\.\d)?|cn\s?\d{7,}[a-z]?|cas[:： 号]{0,3}\d{2,7}-\d\d-\d)"
    r"|(?:国药准字|国食健字|卫食健字|批准文号|械注准|械注进)[:： 是为]{0,3}[a-z]?\d+"
    r"|(?:研究|试验|注册|项目|课题|基金|批件|伦理|文献|论文|方案|专利|批准|订单|快递|批次|生产)[^\s,，。;；、\d]{0,6}?号码?[:： 是为]{0,3}[a-z]{0,6}[-:]?\d[\da-z.-]*"
)

_IDENTITY = re.compile(rf"{_FREE}[1-8]\d(?:{_S}\d){{15}}{_S}[\dx]{_END}")
_OLD_IDENTITY = re.compile(rf"{_FREE}[1-8]\d{{5}}{_S}\d{{6}}{_S}\d{{3}}{_END}")
_HIDDEN_IDENTITY = re.compile(rf"{_FREE}\d{{3,10}}[*x]{{4,12}}\d{{2,4}}[\dx]?{_END}")
_PAPER = r"(?:护照|通行证|回乡证|台胞证|军官证|士兵证|居住证|驾驶证|驾照|残疾证|出生证明?|结婚证|身份证件?|身份证明|身份证|身分证|证件)"
_NAMED_IDENTITY = re.compile(
    rf"{_PAPER}(?:上)?(?:的)?(?:编|字)?(?:号码|号)?(?:(?:的)?[后末尾前][{{一二三四五六八两\d}}]*[位号])?{IS}{{0,6}}(?:.字)?第?"
    rf"([a-z]{{0,3}}\d(?:{_S}[\d*]){{2,18}}{_S}[\dx*]?|[a-z]{{1,2}}\d{{6,10}}(?:\(\d\))?){_END}"
)
_SOCIAL = re.compile(
    r"(?:社保|社会保障|社会保险|社会保险登记|医保|医疗保险|医保电子凭证|新农合|农合|养老保险|参保人?|健保|市民|健康)"
    rf"(?:电脑|个人|身份)?(?:卡|证|账户|帐户)?(?:上)?(?:的)?(?:号码|编号|号|编码|代码)?{IS}{{0,6}}"
    rf"([a-z]{{0,4}}\d(?:{_S}[\da-z]){{5,23}})(?![\da-z])(?! ?(?:元|块|万|亿|人|例|年|月|%|mg|ml))"
)
_PERSONAL_NUMBER = re.compile(rf"(?:个人编号|个人账号|个人代码|电脑号){IS}{{0,4}}([a-z]{{0,3}}\d{{5,20}}){_END}")
_CARD = re.compile(rf"{_FREE}\d(?:{_S}\d){{15,18}}{_END}")
_NAMED_CARD = re.compile(
    r"(?:银行|信用|借记|储蓄|工资|社保金融|存折|银联|工行|农行|建行|中行|交行|招行|邮储|工商银行|农业银行|建设银行|中国银行|交通银行|招商银行|"
    r"邮政储蓄|储蓄银行|信用社|农商行?|收款|付款|转账|打款|退款|账户|帐户|账号|帐号|(?<![诊疗历检保医析院就])卡)"
    rf"(?:银行)?(?:的)?(?:卡|账户|帐户|折)?(?:的)?(?:号码|号|账号|帐号)?(?:(?:的)?[后末尾][{{一二三四五六八两\d}}]*[位号])?{IS}{{0,6}}"
    rf"(\d(?:{_S}[\d*]){{9,20}}|(?<=[位号是:为 ])\d{{4}}(?=[^\d年月日元块]|$)){_END}"
)
_RECORD = re.compile(
    r"(?:住院|病历|病案|病例|门诊|门急诊|急诊|就诊|就医|诊疗|挂号|登记|检查|检验|化验|标本|样本|条码|条形码|影像|病理|透析|血透|腹透|体检|医嘱|处方|"
    r"手术|预约|取号|排队|报告单?|患者|病人|病员|ct|mri|mr|b超|x光|dr|id|hn|mrn)"
    r"(?:卡|单|本|id|唯一)?(?:的)?(?:流水|编|序列?|登记|索引|尾)?(?:号码|号|编码|id)"
    rf"{IS}{{0,5}}([a-z]{{0,4}}[-_]?\d[\da-z]*(?:[-_/]?[\da-z]+){{0,4}})"
    r"|(?:就诊卡|诊疗卡|就医卡|病历卡|病历本|体检卡|一卡通)(?:上)?(?:是|为|:|：|\s){0,3}([a-z]{0,4}[-_]?\d{4}[\da-z-]*)"
    rf"|(?:条形?码|腕带|识别码){IS}{{0,4}}([a-z]{{0,4}}\d[\da-z-]{{4,23}})"
    r"|\b(?:mrn|hn)[:： #-]{0,3}([a-z]{0,3}\d{4,14})"
)
_BED = re.compile(
    rf"床(?:位号|号)(?:码)?{IS}{{0,4}}(加?[a-z]?\d{{1,3}}(?:-\d{{1,2}})?)(?![\d.])"
    r"|床位[是为:： ]{1,3}(加?[a-z]?\d{1,3}(?:-\d{1,2})?)(?![\d.]|[张个])"
    r"|(?<![\d.有共设放口约仅超达近增每])(加?\d{1,3}(?:-\d{1,2})?(?:号病?床|床))(?![位单被头旁边铺品垫帘架次])"
    r"|(?<=[住在是科区楼房室院号])(加?十?[一二三四五六七八九十]{1,3}号?病?床)(?![位单被头旁边铺品垫帘架次上])"
)


def public_numbers(view: View) -> list[tuple[int, int]]:
    """Return where numbers stand that lead to a paper, a study or a product, never to a person."""
    return [match.span() for match in _PUBLIC.finditer(view.plain)]


def _bare(text: str) -> str:
    return re.sub(r"[^\dx*]", "", text)


def _is_date(digits: str) -> bool:
    try:
        return 1880 <= date(int(digits[:4]), int(digits[4:6]), int(digits[6:8])).year <= date.today().year
    except ValueError:
        return False


def _looks_identity(number: str) -> bool:
    """Tell whether 18 characters are an identity number (GB 11643-1999), or one with a slip in it.

    The check digit alone decides against a bank card's; a date of birth in the right place is enough otherwise.
    """
    if not _is_date(number[6:14]):
        return False
    return bool(ric.calc_check_digit(number[:17]) == number[17].upper()) or not luhn.is_valid(number)


def identities(view: View) -> Iterator[Masked]:
    """Yield resident identity numbers (also of the old length, partly hidden, or mistyped) and other papers' numbers."""
    for match in _IDENTITY.finditer(view.digits):
        if _looks_identity(_bare(match.group())):
            yield Masked(*match.span(), "id")
    for match in _OLD_IDENTITY.finditer(view.digits):
        if _is_date("19" + _bare(match.group())[6:12]):
            yield Masked(*match.span(), "id")
    for match in _HIDDEN_IDENTITY.finditer(view.digits):
        if len(match.group()) in (15, 18):
            yield Masked(*match.span(), "id")
    for match in _NAMED_IDENTITY.finditer(view.digits):
        yield Masked(*match.span(1), "id")


def social(view: View) -> Iterator[Masked]:
    """Yield social-security and medical-insurance numbers: they have no form of their own, so by what introduces them."""
    for pattern in (_SOCIAL, _PERSONAL_NUMBER):
        for match in pattern.finditer(view.digits):
            yield Masked(*match.span(1), "social")


def cards(view: View) -> Iterator[Masked]:
    """Yield bank cards: by the check digit (Luhn, ISO/IEC 7812-1), China UnionPay's first digits, or what introduces them."""
    for match in _CARD.finditer(view.digits):
        number = _bare(match.group())
        if luhn.is_valid(number) or number.startswith("62"):
            yield Masked(*match.span(), "card")
    for match in _NAMED_CARD.finditer(view.digits):
        yield Masked(*match.span(1), "card")


def records(view: View) -> Iterator[Masked]:
    """Yield numbers by which a hospital finds one patient, the bed's among them."""
    for match in _RECORD.finditer(view.digits):
        yield Masked(*match.span(match.lastindex or 0), "record")
    for match in _BED.finditer(view.plain):
        yield Masked(*match.span(match.lastindex or 0), "record")
