"""Where a person lives. A Chinese address is a chain of parts, each known by its last word: 省, 市, 区, 路, 号, 室 …

The words are looked for once, from left to right; neighbours are linked into chains, and a chain is an address when it
goes into enough detail to find a door, or when it follows words like 家住.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from bot.journal.personal.view import Masked, View

Level = Literal["province", "city", "county", "town", "road", "door", "hyphens"]
_REACH = {
    "province": 0,
    "city": 5,
    "county": 7,
    "town": 6,
    "road": 9,
    "door": 10,
    "hyphens": 10,
}  # characters of a name

_NAME = r"(?:[^\W\d_a-z的了吗呢吧啊我你您他她它这那哪在是有没不很请寄住至往到给址于从什么怎为和跟与或及想去该把被让请问]|和(?=[平谐睦顺田县义兴美泰])|于(?=[都洪孜田]))"
_NAME_HERE = re.compile(_NAME)
_PROVINCES = (
    "北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|台湾|"
    "内蒙古|广西|西藏|宁夏|新疆|香港|澳门|九龙|新界"
)
_NUMERAL = r"(?:[\da-z][\da-z\-]{0,6}|[一二三四五六七八九十百零〇]{1,5}|[甲乙丙丁东西南北中])"
_NOT_PLACES = (  # words that only end like a part of an address
    "超市|(?<![白运晋盐聊宣诸应项邹韩永丰赤舒凤栖钟麻])城市|(?<![厦江荆天玉三])门市|上市|(?<!成)都市|市场|市面|市民(?!族|主|生)|市里|市值|县城(?![关东西南北中郊])|县里|县级|全县|郊区|"
    "病区|院区|心前区|肾区|肝区|腰区|疫区|灾区|专区|盲区|禁区|误区|辖区|军区|老区|特区|时区|社区医院|社区卫生|社区服务|区别|区域|区分|区间|"
    "农村|乡村|村民|村医|城镇|镇静|镇痛|镇咳|镇定|乡下|乡亲|家乡|老乡|故乡|尿路|通路|套路|思路|网路|线路|电路|回路|路上|路径|路线|路过|路程|路费|走路|"
    "带路|心路|胆路|街上|逛街|幼儿园|(?:校|公)园(?![路街里道])|法庭|政府|省城|进城|出城|城里|城乡|医院|诊所|学校"
)
_HIT = re.compile(
    rf"(?P<ignore>{_NOT_PLACES})"
    rf"|(?P<hyphens>(?<![\d.\-])\d{{1,4}}[\-\u2010-\u2015#]\d{{1,5}}(?:[\-\u2010-\u2015]\d{{1,5}}){{0,2}}(?:号|室|户)?(?![\d\-]))"
    rf"|(?P<door>(?<![\d.]){_NUMERAL}\s?(?:号大院|号院|号楼|栋楼|号|弄|栋|幢|座|单元|楼|层|室|户|组|社|支弄|期|门|巷|(?<=[\da-z])区|#)(?!线))"
    rf"|(?P<province>(?:{_PROVINCES})(?:省|市|特别行政区|壮族自治区|回族自治区|维吾尔自治区|自治区)?)"
    r"|(?P<town>街道办事处|街道|街办|办事处|苏木|镇|乡)"
    r"|(?P<road>(?:大街|大道|胡同|路|街|巷|道(?=\s?[\d一二三四五六七八九十]{1,4}\s?号))(?:[东西南北中]?[一二三四五六七八九十]段)?"
    r"|小区|花园|花苑|华庭|名庭|御庭|雅庭|嘉庭|豪庭|雅居|名居|新居|名都|新都|国际|半岛|天地|香槟|御景|水岸|港湾|轩|阁|首府|别墅|墅|华城|花城|绿洲|世家|学府|书院|上院|院子|大院|丽景|养老院|敬老院|福利院|家属区|宿舍楼?(?=[^\\s,，。能要可]{0,4}[\\d一二三四五六七八九十])|住宅楼|住宅区|安置房|教师楼|天街|[一壹]号(?=[\\da-z])|家园|公寓|新村|山庄|社区|家属院|家属楼|大厦|广场|名城|名苑|名邸|华府|公馆|佳苑|豪庭|苑|府|湾|郡|邸|园|城|村委会|村|屯|庄|堡|寨|里(?=\s?\d))"
    r"|(?P<city>自治州|地区|市)"
    r"|(?P<county>自治县|自治旗|开发区|高新区|经开区|新区|区|县|旗)"
)
_HOME = re.compile(
    r"(?:家住|现住|现居|居住|租住|暂住|常住|住在?|住址|地址|户籍地?|所在地|居住地|户口|籍贯|老家|家在|家是|我家|家里|搬到|(?:送|寄|邮|发|递|捎|带)[^\\s,，。]{0,4}(?:到|至|往|给|去)|药[送寄]|上门|[送寄]|快递到?|收货|收件|来自|人在|address)"
    r"[是为在到于::\s,，]{0,4}$"
)
_INSTITUTION = re.compile(
    rf"{_NAME}{{0,12}}?(?:医院|卫生院|卫生室|卫生服务|门诊部|诊所|大学|学院|学校|研究所|研究院|研究中心|药店|药房|疾控|透析中心|医学中心|派出所|法院|有限公司|医保局|民政局)"
)
_OF_INSTITUTION = re.compile(
    r"(?:医院|诊所|中心|门诊|你们|贵院|机构|科室|公司|药店|大学)(?:的)?(?:地址|位置|位于|在|就在|坐落)[是为在于::\s]{0,3}$"
)
_ROOM = re.compile(r"\s?-?(?:[a-z]{1,2}\d{0,2}-)?\d{2,5}[a-d]?[室户号房]?(?![\d年月日号.天岁个斤克m%])")
_STRONG_DOOR = re.compile(r"(?:号院|号楼|号|弄|栋|幢|座|单元|室|户|组)$")
_HOUSE = re.compile(r"(?:单元|栋|幢|室|弄|号院|户)$")
_VISIT = re.compile(r"(?:病房)?(?:取|做|查|看|抽|交|拍|拿|找|报到|等|候诊|打|领|探视|挂)")
_HOSPITAL_PLACE = re.compile(r"(?:门诊|急诊|病|住院|医技|科|中心|透析|检验|手术|院)")
_POSTCODE = re.compile(r"(?:邮编|邮政编码|zip)[:： 是为]{0,3}(\d{6})(?!\d)")


@dataclass(frozen=True, slots=True)
class _Part:
    level: Level
    start: int
    end: int
    text: str


def _parts(plain: str) -> Iterator[_Part | None]:
    """Yield the parts' last words in order; None where a word stands that no address goes across."""
    for match in _HIT.finditer(plain):
        level = match.lastgroup
        yield None if level == "ignore" else _Part(level, *match.span(), match.group())  # type: ignore[arg-type]


def _linked(plain: str, before: _Part, part: _Part) -> bool:
    """Tell whether two neighbouring parts belong to one address."""
    gap = plain[before.end : part.start]
    if part.level in ("door", "hyphens"):
        return re.fullmatch(rf"[\s,，、]?(?:附|第|{_NAME}{{1,8}})?", gap) is not None
    if part.level == "province":
        return gap == "" and before.level == "province"
    if before.level == "province" and not gap:  # 上海路 is no road in 上海
        return False
    return re.fullmatch(rf"[\s,，、]?(?:{_NAME}|\d){{0,{_REACH[part.level]}}}", gap) is not None


def _start(plain: str, part: _Part) -> int:
    """Return where the name begins whose last word is ``part``."""
    at = part.start
    while at > 0 and part.start - at < _REACH[part.level] and _NAME_HERE.match(plain, at - 1):
        at -= 1
    return at


def _is_address(plain: str, chain: list[_Part], start: int, end: int) -> bool:
    """Tell whether a chain names a place where somebody lives."""
    home = _HOME.search(plain[max(0, start - 12) : start]) is not None
    levels = {part.level for part in chain}
    doors = [part for part in chain if part.level == "door"]
    named = levels & {"town", "road"}
    strong = any(_STRONG_DOOR.search(part.text) for part in doors) or "hyphens" in levels
    if _VISIT.match(plain, end) and not named and not home:
        return False
    if _OF_INSTITUTION.search(plain[max(0, start - 14) : start]):
        return False
    if not home and _INSTITUTION.match(plain, end):
        return False
    hospital = _HOSPITAL_PLACE.search(plain[start : chain[0].end])
    if home and start < chain[0].start and not hospital and any(part.text.endswith("号楼") for part in doors):
        return True
    if home and (named or len(levels) >= 2 or any(_HOUSE.search(part.text) for part in doors)):
        return True
    if named and strong:
        return "road" in levels or len(levels) > 2
    if "county" in levels and strong and len(levels) > 2:
        return True
    if named and levels & {"province", "city", "county"}:
        return True
    houses = sum(bool(_HOUSE.search(part.text)) for part in doors)
    room = len(doors) >= 2 or end > chain[-1].end
    return houses > 0 and room and not hospital


def addresses(view: View) -> Iterator[Masked]:
    """Yield addresses, from the first part that is named to the last."""
    plain = view.plain
    chain: list[_Part] = []
    for part in [*_parts(plain), None]:
        if chain and (part is None or not _linked(plain, chain[-1], part)):
            start, end = _start(plain, chain[0]), chain[-1].end
            if chain[-1].level == "door" and (room := _ROOM.match(plain, end)):
                end = room.end()
            if _is_address(plain, chain, start, end):
                yield Masked(start, end, "address")
            chain = []
        if part is not None and (
            chain or part.level in ("province", "door", "hyphens") or _start(plain, part) < part.start
        ):
            chain.append(part)
    for match in _POSTCODE.finditer(plain):
        yield Masked(*match.span(1), "address")
