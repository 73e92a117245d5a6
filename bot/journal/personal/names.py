"""People's names: found by the words that introduce them, told from other words by surname and by what follows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bot.journal.personal.full_names import NAME_ENDS, announced, likely
from bot.journal.personal.name_parts import (
    COMPOUND_SURNAMES,
    HAN,
    KIN,
    NEVER,
    PLAIN_SURNAMES,
    SINGLE_SURNAMES,
    common_words,
)
from bot.journal.personal.peoples import chains, in_latin
from bot.journal.personal.standing import standing
from bot.journal.personal.view import Masked, View

_GAP = r"[\s:=,，、\"“”'‘「『(（【\[】)）\]]{0,3}"
_STRONG = re.compile(
    r"(?:我|俺|本人|在下|鄙人|小女子|学生|晚辈)(?:的)?(?:大名|名字|姓名|全名|本名|真名|小名|网名)?(?:就|是)?(?:叫做|叫|名叫|名为)"
    r"|(?:我|本人|患者|病人|他|她|孩子|宝宝|家属|产妇|老人|老公|老婆|母亲|父亲|妈妈|爸爸|儿子|女儿)?(?:的)?(?:姓名|名字|大名|全名|真名|本名|学名|曾用名|中文名|英文名|小名|乳名|名儿)(?:就|叫做|叫|是|为|[:：])+"
    rf"|(?<!花)名叫|取名(?:叫|为)?|起名(?:叫|为)?|{KIN}(?:他|她)?(?:今年\S{{1,5}}岁?[,，]?)?(?:的名字|名字)?(?:叫做|叫|名叫|名为)"
    r"|(?:病人|病号|病友|患者|患儿|伤者|孕妇|产妇|他|她|宝宝|娃)(?:的名字)?(?:叫做|叫|名叫)"
    r"|姓名(?:一)?栏(?:里|上)?(?:填|写)?(?:的|了)?(?:是)?|姓名(?:[/、及和](?:性别|年龄|症状|电话|手机号?|联系方式|病情)){0,4}|小名(?!医)|乳名|联系人(?:姓名)?|紧急联系人|收件人|收货人|监护人|法定代理人|签名|签字|署名(?!权)|落款|开户名|户名|开票名称|(?:持卡|投保|受益|被保险|申请|委托|退款|收款|领取|取药|签字|签名|报销|参保|转账|付款|代办|缴费|购药)人(?:姓名|名字)?(?:是|为|叫|写)?|抬头(?:是|为|写)?|病人名|患者名|名字[:：]"
)
_PERHAPS_STRONG = re.compile(r"叫|名|签字|落款|抬头|人")  # looked for first: it is much faster
_NOT_STRONG = re.compile(r"(?:什么|啥|怎|哪)(?:姓名|名字)|(?:不|别|要|需要|填|写|问|改|留)(?:真实)?姓名$")
_WEAK = re.compile(
    rf"{KIN}|患者|患儿|病人|病号|病员|本人|伤者|产妇|孕妇|我是|我就是|我乃|这里是|这边是|他是|她是|此人是|在下|鄙人|敝人|我们是|陪护(?:人员?)?|陪床|护工|[隔邻]壁(?:床|病房)?的?|同(?:病房|屋|桌)的?|\d床的?|床的是|"
    r"联系人?|(?:预约|挂号|就诊|报名|填表)人(?:是|为|叫|写)?|预约的是|挂的是|登记的是|写的是|名字|真名|大名|全名|本名|学名|中文名|英文名|户主|署名(?!权)|敬礼|祝好|盼复|期待回复[。.!！]?|"
    r"(?:联系|收件|收货|监护|代理)人(?:是|为|叫|写)|[开寄]给|人叫|名讳|(?:^|[\s,，。])名(?=[^字称义单])|主治是|备注|我(?:就)?是(?:那个|那位)|(?:留|报)[个下](?:姓)?名字?|是我|用的|转告|转达|告诉|转给|转交给?|寄给|交给|病友|肾友|学员|考生|志愿者|受试者|供者|供体|受者|捐献者|死者|逝者|"
    r"(?:^|[\s,，。;；、])(?:我|就)?叫|(?:^|[\s,，。;；、:：!！])[我俺](?=[\s,，])|此致|敬上|谢谢[您你]?|感谢|拜托了?|[-—]{1,3}"
)
_FULL = rf"(?:{COMPOUND_SURNAMES}|[{SINGLE_SURNAMES}]){HAN}{{1,2}}"
# Verbs that may have anything as their object: only a name that can hardly be another word counts.
_VERB = re.compile(r"写|通知|把|查(?:一下|询|下)?|帮|替|(?<![谢陈解糖时年近现古三世后下交替])代(?!谢)|给|找")
# Whom a phrase before it tells of: 我是上周住院的牟传奇, 来自安徽的程老三. Only up to a stop, and with a plain surname.
_DESCRIBED = re.compile(
    r"(?:(?<=我是)|(?<=我就是))[^\s,，。;；:：!！?？的]{1,14}的|(?:来自|病人|患者)[^\s,，。;；:：!！?？的]{1,8}的|病人(?=[^\W\d_a-z])"
)
_ROLE = re.compile(r"(?<=我是)[^\s,，。;；:：!！?？]{3,18}")
_ROLE_ENDS = frozenset("的员师工者长生手兵户")
_RECORD_OF = re.compile(
    rf"(?:^|[\s,，。;；:：!！?？查用以是问看取拿改要给帮替找叫把将下写])({_FULL})"
    rf"(?:的(?:[^\s,，。的]{{0,4}}(?:结果|报告|单子?)|ct|b超|x光|彩超|核磁|指标|病历|化验|报告|检查|结果|名字|名义|片子|住院|挂号|预约|家属|主治|{KIN})|(?:[,，(（]|是|就是){{1,2}}我(?:的|们)?(?:家)?{KIN})"
)
_SURNAME = re.compile(
    rf"(?<![百老同贵])(?:免贵|敝|本)?姓(?:氏)?[是为:：\s]{{0,2}}((?:{COMPOUND_SURNAMES})|[{SINGLE_SURNAMES}])(?![什啥])"
)
_SURNAME_GIVEN = re.compile(
    rf"[\s,，、]{{0,2}}(?:单?名|叫|字|名字叫|单名一个)[\s:]?({HAN}{{1,3}})(?=[\s,，。;；!！]|$)"
)
_TITLED = re.compile(
    rf"(?:我是|我叫|叫我|称呼我|喊我|我姓)((?:{COMPOUND_SURNAMES}|[{SINGLE_SURNAMES}])(?:{HAN}{{0,2}}?)(?:女士|先生|小姐|太太|阿姨|大爷|大妈|大娘|大叔|大伯|大姐|大哥|老太太?|老汉|老头|老爷子|婆婆|伯伯|阿婆|姐|哥|叔|婶|姨|嫂|老师|师傅|奶奶|爷爷|某某?))"
    rf"|(?:^|[,，。;；!！\s]|可以|就|您|你|大家|都|请|直接)(?:叫我|喊我|称呼我|称我)(?:为)?([小老阿大]{HAN}|{HAN}{{2,3}})(?=就|吧|即可|好|行|[,，。!！\s]|$)"
    rf"|(?:我是|我叫)([小老阿][{SINGLE_SURNAMES}]头?)(?<![师百])(?=[,，。!！\s啊呀]|$)"
)
_NOT_TITLED = (
    "高中",
    "全职",
    "应届",
    "单身",
    "成人",
    "平时",
    "文科",
    "马路",
    "方言",
    "安徽",
    "江",
    "车间",
    "路人",
    "水",
    "古",
    "石油",
    "包子",
    "白领",
)
_SEX = re.compile(
    rf"(?:^|(?<=[\s,，。;；:：、(（]))((?:{COMPOUND_SURNAMES}|[{SINGLE_SURNAMES}]){HAN}{{1,2}})[\s,，、;；/|(（]{{1,3}}(?:性别[::]?\s?)?[男女](?:性)?(?=[\s,，、;；。/|\d)）]|$)"
)
_LATIN_INTRODUCED = re.compile(
    r"(?:my name(?: is|'s|’s)|name\s?[:：]|wo jiao|wo de mingzi shi|xing ?ming\s?[:：]?|i am called|(?<=dear )|(?:this is|i am|i'm) (?:mr|mrs|ms|miss)\.?)\s*"
    r"([A-Za-z][a-z'-]+(?:[ ·-][A-Za-z][a-z'-]+){0,3})",
    re.I,
)
_SELF = re.compile(r"我是|患者|患儿|本人|联系人")
_I_AM = re.compile(
    r"\b(?:I am|I'm|This is|I’m)\s+([A-Z][a-z]{1,9}(?:[ -][A-Z][a-z]{1,11}){1,2})\b(?! (?:syndrome|disease|patient))"
)
_PINYIN_SURNAME = re.compile(
    r"\b(?:wang|li|zhang|liu|chen|yang|huang|zhao|wu|zhou|xu|sun|ma|zhu|hu|guo|he|lin|gao|luo|zheng|liang|xie|song|tang|han|feng|deng|cao|peng|zeng|xiao|tian|dong|yuan|pan|cai|jiang|yu|du|ye|cheng|su|wei|lu|ding|ren|shen|yao|cui|zhong|"
    r"tan|fan|jin|shi|liao|jia|xia|fu|fang|bai|zou|meng|xiong|qin|qiu|yin|xue|yan|duan|lei|hou|long|shao|qian|wen|mao|lai|hao|gong|kong|wan|qiao|ouyang|chan|wong|cheung|chow|lau|leung|ng|tsai|hsu|chang|hsieh|lee|tan|lim|kwok|yip|fung|tsang)\b",
    re.I,
)
_SIGNED = re.compile(
    rf"(?:[。.!！?？~…\n]|[-—]{{1,3}}|(?:谢谢|感谢|敬上|此致)[^\u4e00-\u9fff]?)\s*({_FULL})\s*[。.!！]?\s*$"
)
_NICKNAME = re.compile(
    r"(?:微信名|微信昵称|昵称|网名|qq名|群里叫|群名片?)(?:字)?(?:是|叫|为|[:：])+\s?([^\s,，。;；!！?？]{1,12})"
)
_BEFORE_NUMBER = re.compile(
    rf"(?:^|[\s,，。;；:：、(（!！]|[找是叫给])({_FULL})[\s,，:：(（]{{0,2}}(?:的?(?:联系)?(?:电话|手机号?|手机|号码|联系方式|身份证号?|微信|地址|住址)(?:号码|号)?[是为:：\s]*)?$"
)
_AFTER_NUMBER = re.compile(rf"[\s,，、(（]{{1,2}}({_FULL})(?=[\s,，。;；)）!！]|收|$)")
_GAP_HERE = re.compile(_GAP)


def _skip(plain: str, at: int) -> int:
    match = _GAP_HERE.match(plain, at)
    return match.end() if match else at


def _introduced(view: View) -> Iterator[tuple[int, int]]:
    """Yield names after words that introduce one."""
    plain = view.plain
    for match in _STRONG.finditer(plain) if _PERHAPS_STRONG.search(plain) else ():
        if _NOT_STRONG.search(plain[max(0, match.start() - 4) : match.end()]):
            continue
        at = _skip(plain, match.end())
        yield at, announced(view, at, match.group())
    for match in _WEAK.finditer(plain):
        at = _skip(plain, match.end())
        yield at, likely(plain, at)
    for match in _VERB.finditer(plain):
        if plain[match.end() : match.end() + 1] in PLAIN_SURNAMES:
            yield match.end(), likely(plain, match.end())
    for match in _DESCRIBED.finditer(plain):
        at = match.end()
        if plain[at : at + 1] in PLAIN_SURNAMES and NAME_ENDS.match(plain, end := likely(plain, at)):
            yield at, end
    yield from _after_role(plain)
    for match in _SELF.finditer(plain):
        at = _skip(plain, match.end())
        yield at, in_latin(view.text, at)
    for match in _I_AM.finditer(view.text):
        if _PINYIN_SURNAME.search(match.group(1)):
            yield match.span(1)
    for match in _LATIN_INTRODUCED.finditer(view.text):
        yield match.span(1)


def _after_role(plain: str) -> Iterator[tuple[int, int]]:
    """Yield the name at the end of what somebody says to be: 我是社区网格员柏永红, 我是江苏来的成龙海."""
    for match in _ROLE.finditer(plain):
        for at in range(match.start() + 1, match.end()):
            if plain[at - 1] in _ROLE_ENDS and (end := likely(plain, at)) - at > 2 and NAME_ENDS.match(plain, end):
                yield at, end


def _by_surname(plain: str) -> Iterator[tuple[int, int]]:
    """Yield the surname in 我姓王, and the given name in 我姓王,名建国."""
    for match in _SURNAME.finditer(plain):
        yield match.span(1)
        if given := _SURNAME_GIVEN.match(plain, match.end()):
            yield given.span(1)


def _by_form(plain: str) -> Iterator[tuple[int, int]]:
    """Yield names that stand as in a form: 王建国,男,56岁 or 我是李女士."""
    for match in _TITLED.finditer(plain):
        if not any(match.group(match.lastindex or 0).startswith(word) for word in _NOT_TITLED):
            yield match.span(match.lastindex or 0)
    yield from chains(plain)
    yield from standing(plain)
    for match in _SEX.finditer(plain):
        if not set(match.group(1)[1:]) & (NEVER | {"某"}) and match.group(1) not in common_words():
            yield match.span(1)
    if (signed := _SIGNED.search(plain)) and likely(plain, signed.start(1)) == signed.end(1):
        yield signed.span(1)
    for match in _RECORD_OF.finditer(plain):
        if likely(plain, match.start(1)) == match.end(1):
            yield match.span(1)
    for match in _NICKNAME.finditer(plain):
        yield match.span(1)


def names(view: View) -> Iterator[Masked]:
    """Yield people's names."""
    plain = view.plain
    for found in (_introduced(view), _by_surname(plain), _by_form(plain)):
        for start, end in found:
            if end > start:
                yield Masked(start, end, "name")


def names_beside(view: View, others: Iterable[Masked]) -> Iterator[Masked]:
    """Yield names that stand right before or after a number or an address, as on a parcel: 李敏 138…, 138… 李敏收."""
    plain = view.plain
    for other in others:
        before = _BEFORE_NUMBER.search(plain[max(0, other.start - 24) : other.start])
        if before:
            start = max(0, other.start - 24) + before.start(1)
            if likely(plain, start) == start + len(before.group(1)):
                yield Masked(start, start + len(before.group(1)), "name")
        after = _AFTER_NUMBER.match(plain, other.end)
        if after and likely(plain, after.start(1)) == after.end(1):
            yield Masked(*after.span(1), "name")
