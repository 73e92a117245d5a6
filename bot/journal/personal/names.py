"""People's names: found by the words that introduce them, told from other words by surname and by what follows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bot.journal.personal.name_parts import (
    COMPOUND_SURNAMES,
    GIVEN,
    GRAMMAR,
    HAN,
    NEVER,
    PLAIN_SURNAMES,
    SINGLE_SURNAMES,
    WORD_ENDS,
    common_words,
    possible,
    usual,
)
from bot.journal.personal.view import Masked, View

_FOLLOW = re.compile(
    r"今年|现年|今天|现在|目前|今|男|女|年龄|年\d|电话|手机|联系|身份|证号|家住|住|出生|生于|出生|病|肾|患|确诊|查出|得了|的|是|想|要|请|您好|你好|因|于|入院|出院|来自|来|在|"
    r"做|最近|已|也|和|跟|与|及|前|去年|前年|昨|上周|上月|上个|肌|尿|血|透析|微信|邮箱|地址|病历|住院|门诊|就诊|医保|社保|银行|卡号|挂|预约|有|没|不|会|能|可|这|那|我|他|她|咨询|求|希望|"
    r"谢谢|老师|医生|大夫|主任|教授|女士|先生|小姐|阿姨|叔叔|同志|收|启|到|从|被|把|给|让|说|问|一直|自|两|三|四|五|六|七|八|九|十|平时|突然|经常|体检|术后|移植|换|吃|服|打|用|刚|本|现|属|身高|体重|"
    r"发|拉|吐|头|胸|腹|腰|双|全身|感|需|该|应|如何|怎|吗|呢|吧|啊|了|过|等|家|爸|妈|儿|女|老|爱人|她|其|由|对|就|还|又|才|都|很|太|特|非常|老是|总|每"
)
_PROFESSIONAL = re.compile(
    r"(?:医生|医师|大夫|主任|教授|院士|护士|专家|博士|院长|所长|团队|课题组|等人|等\d|等[，,。(（\[])"
)
_KIN = (
    r"(?:爸爸|妈妈|老爸|老妈|阿爸|阿妈|爸|妈|父亲|母亲|父母|爹爹|老爹|爹|老娘|娘亲|老公|老婆|爱人|丈夫|妻子|先生|太太|儿媳妇?|弟媳妇?|媳妇|儿子|女儿|孩子|宝宝|宝贝|小孩|娃儿?|闺女|姑娘|女婿|"
    r"哥哥|大哥|二哥|哥|弟弟|弟|姐姐|大姐|二姐|姐夫|姐|妹妹|妹夫|妹|嫂子|嫂|爷爷|奶奶|外公|外婆|姥姥|姥爷|公公|婆婆|岳父|岳母|丈人|丈母娘|舅舅|舅妈|叔叔|伯伯|伯父|伯母|姑姑|姑父|姑妈|姨妈|姨父|姨|婶婶|"
    r"侄子|侄女|外甥女?|孙子|孙女|外孙女?|对象|男友|女友|男朋友|女朋友|朋友|同事|邻居|同学|室友|工友|战友|网友|病友|亲戚|老伴|老爷子|老太太|老头子?|家人|家属|家长|家父|家母|老乡|表[哥弟姐妹]|堂[哥弟姐妹]|老人)"
)
_GAP = r"[\s:=,，、\"“”'‘「『(（【\[]{0,3}"
_STRONG = re.compile(
    r"(?:我|俺|本人|在下|鄙人|小女子|学生|晚辈)(?:的)?(?:大名|名字|姓名|全名|本名|真名|小名|网名)?(?:就|是)?(?:叫做|叫|名叫|名为)"
    r"|(?:我|本人|患者|病人|他|她|孩子|宝宝|家属|产妇|老人|老公|老婆|母亲|父亲|妈妈|爸爸|儿子|女儿)?(?:的)?(?:姓名|名字|大名|全名|真名|本名|曾用名|小名|乳名|名儿)(?:叫做|叫|是|为|[:：])+"
    rf"|(?<!花)名叫|取名(?:叫|为)?|起名(?:叫|为)?|{_KIN}(?:他|她)?(?:今年\S{{1,5}}岁?[,，]?)?(?:的名字|名字)?(?:叫做|叫|名叫|名为)"
    r"|(?:病人|患者|患儿|伤者|孕妇|产妇|他|她|宝宝|娃)(?:的名字)?(?:叫做|叫|名叫)"
    r"|姓名|联系人(?:姓名)?|紧急联系人|收件人|收货人|监护人|法定代理人|签名|签字|署名|落款|开户名|户名|持卡人|投保人|被保险人|申请人|委托人|姓名栏|病人名|患者名|名字[:：]"
)
_PERHAPS_STRONG = re.compile(r"叫|名|签字|落款|[系件货护理卡保险请托]人")  # looked for first: it is much faster
_NOT_STRONG = re.compile(r"(?:什么|啥|怎|哪)(?:姓名|名字)|(?:不|别|要|需要|填|写|问|改|留)(?:真实)?姓名$")
_WEAK = re.compile(
    rf"{_KIN}|患者|患儿|病人|病号|病员|本人|伤者|产妇|孕妇|我是|我就是|我乃|这里是|这边是|他是|她是|此人是|在下|鄙人|敝人|我们是|陪护(?:人员?)?|陪床|护工|\d床的|床的是|"
    r"联系人?|预约人|挂号人|就诊人|报名人|填表人|预约的是|挂的是|登记的是|写的是|名字|用的|转告|转达|告诉|转给|转交给?|寄给|交给|病友|肾友|学员|考生|志愿者|受试者|供者|供体|受者|捐献者|死者|逝者|"
    r"(?:^|[\s,，。;；、])(?:我|就)?叫|此致|敬上|谢谢[您你]?|感谢|拜托了?|[-—]{1,3}"
)
_FULL = rf"(?:{COMPOUND_SURNAMES}|[{SINGLE_SURNAMES}]){HAN}{{1,2}}"
# Verbs that may have anything as their object: only a name that can hardly be another word counts.
_VERB = re.compile(r"帮|替|(?<![谢陈解糖时年近现古三世后下交替])代(?!谢)|给|找")
_RECORD_OF = re.compile(
    rf"(?:^|[\s,，。;；:：!！?？查用以是问看取拿改要给帮替找叫])({_FULL})"
    rf"(?:的(?:病历|化验|报告|检查|结果|名字|名义|片子|住院|挂号|预约|家属|主治|{_KIN})|(?:[,，(（]|是|就是){{1,2}}我(?:的|们)?(?:家)?{_KIN})"
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
    rf"|(?:我是|我叫)([小老阿][{SINGLE_SURNAMES}])(?<![师百])(?=[,，。!！\s啊呀]|$)"
)
_SEX = re.compile(
    rf"(?:^|(?<=[\s,，。;；:：、(（]))((?:{COMPOUND_SURNAMES}|[{SINGLE_SURNAMES}]){HAN}{{1,2}})[\s,，、;；/|(（]{{1,3}}(?:性别[::]?\s?)?[男女](?:性)?(?=[\s,，、;；。/|\d)）]|$)"
)
_LATIN = re.compile(r"[A-Za-z][A-Za-z'.-]*(?:[ ·][A-Z][A-Za-z'.-]+){0,3}")
_LATIN_INTRODUCED = re.compile(
    r"(?:my name is|name\s?[:：]|wo jiao|wo de mingzi shi|xing ?ming\s?[:：]?|i am called|(?<=dear )|this is)\s*([A-Za-z][a-z'-]+(?:[ ·-][A-Za-z][a-z'-]+){0,3})",
    re.I,
)
_DOTTED = re.compile(rf"{HAN}{{1,6}}(?:[·•・‧∙]{HAN}{{1,8}}){{1,3}}")
_STOP = re.compile(r"$|[^\u3400-\u9fffa-z]")
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
_SURNAME_HERE = re.compile(rf"(?:{COMPOUND_SURNAMES})(?={HAN})|[{SINGLE_SURNAMES}]")
_HAN = re.compile(HAN)
_GAP_HERE = re.compile(_GAP)
_ACRONYM = re.compile(r"(?:iga|ckd|ct|mri|ipsc|msc|icu|cbt|hpv|app|bot|ai)", re.I)
_PLACEHOLDER = re.compile(r"某|[xX×*]")
_FOLLOW_WORD = re.compile(
    r"今年|现年|年龄|家住|来自|来院|可以|可能|因为|于是|想要|想问|有没|有点|会不|能不|能吃|能喝|发烧|发现|发热|一直|平时|要不|家里|家属|本来|家人|太太"
)
_NAME_ENDS = re.compile(rf"$|[\s,，。;；、!！?？:：)）(（\"”]|今年|现年|男|女|电话|手机|的{_KIN}|\d")
_SEX_AFTER = re.compile(r"[男女](?:性|\d)")
_ANNOUNCED_WORDS = frozenset({"高血压", "万一", "任何"})
# "我叫…" is also "I called …": what is called, and not what one is called.
_ANNOUNCED_VERB = re.compile(
    r"救护|车(?:去|来|送|到|了)|了|过|他|她|它|我|你|您|不|人(?:来|去|帮|送|给|$|[,，。])|医生|护士|大夫|医院|外卖|滴滴|什么|啥|孩子|老公|老婆|老伴|爱人|家人|家里|家属|邻居|朋友|同事|"
    r"儿子|女儿|爸|妈|哥|姐|弟|妹|疼|痛|苦|喊|唤|醒|起|得|着|作|做|个|一|两|120|110|主任|教授|快递|保安|警|大家|别人|谁|哪|怎|肚子|难受|饿|累|冷|热|渴|停|板|好|屈|冤|嚷|应|声|法"
)
# A given name without a surname: 豆豆, 小芳, 阿强, or two or three characters up to the next stop.
_FAMILIAR = re.compile(
    rf"([小阿老大]{HAN}(?=[\s,，。;；、!！?？]|$|今年|现在|的|是|\d)|({HAN})\2(?=[^\u4e00-\u9fff]|$|今年|的|现在|是|有|最)|{HAN}{{2,4}}(?=[\s,，。;；、!！?？]|$|今年|现年))"
)


def _given(plain: str, at: int) -> int:
    """Return where a given name of one or two characters ends that begins at ``at``; ``at`` itself where there is none."""
    if not _HAN.match(plain, at) or plain[at] in NEVER or _FOLLOW_WORD.match(plain, at):
        return at
    second = at + 1
    if not _HAN.match(plain, second) or plain[second] in NEVER:
        return second
    if _FOLLOW.match(plain, second):  # 王芳今年, but 王有发
        last = plain[second] in GIVEN and plain[second] not in "男女" and _STOP.match(plain, second + 1)
        return second + 1 if last else second
    return second + 1


def _surname(plain: str, at: int) -> int:
    """Return where a surname ends that begins at ``at``; ``at`` itself where there is none."""
    match = _SURNAME_HERE.match(plain, at)
    return match.end() if match else at


def _announced(view: View, at: int, words: str) -> int:
    """Return the end of the name that begins at ``at`` after ``words`` that announce one; ``at`` where none follows.

    Where it is said what somebody is called, a given name alone will do, as with children, or a name of another people.
    """
    plain = view.plain
    if dotted := _DOTTED.match(plain, at):
        return dotted.end()
    if latin := _LATIN.match(view.text, at):
        return latin.end() if latin.end() - at > 1 and not _ACRONYM.fullmatch(latin.group()) else at
    if (likely := _likely(plain, at)) > at:
        return likely
    after = _surname(plain, at)
    if after > at:
        end = _given(plain, after)
        sure = plain[at:end] not in common_words() or _STOP.match(plain, end)
        if end - after and usual(plain[at], plain[after:end]) and sure and _NAME_ENDS.match(plain, end):
            return end
        if end > after and plain[at:end] not in _ANNOUNCED_WORDS and not _ANNOUNCED_VERB.match(plain, at):
            return end
        if _PLACEHOLDER.match(plain, after):
            return at
    match = _FAMILIAR.match(plain, at) if "叫" in words or "名" in words else None
    if match is None or _ANNOUNCED_VERB.match(plain, at):
        return at
    own = words.startswith(("我", "俺", "本人", "姓名"))  # of a child it may also be said what it cries
    return at if set(match.group(1)) & (GRAMMAR if own else NEVER) else match.end(1)


def _likely(plain: str, at: int) -> int:
    """Return the end of the full name that begins at ``at`` where nothing announces one for certain; ``at`` if none."""
    if dotted := _DOTTED.match(plain, at):
        return dotted.end()
    after = _surname(plain, at)
    if after == at:
        return at
    for end in (after + 2, after + 1):
        given = plain[after:end]
        if len(given) < end - after or plain[at:end] in common_words() or _PROFESSIONAL.match(plain, end):
            continue
        if plain[at : end - 1] in common_words() and plain[end - 1] in WORD_ENDS:
            continue
        if len(given) == 2 and _SEX_AFTER.match(plain, end - 1):  # 吴平男45岁
            continue
        if usual(plain[at], given) and (_STOP.match(plain, end) or _FOLLOW.match(plain, end)):
            return end
        if plain[at] in PLAIN_SURNAMES and possible(given) and _NAME_ENDS.match(plain, end):
            return end
    return at


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
        yield at, _announced(view, at, match.group())
    for match in _WEAK.finditer(plain):
        at = _skip(plain, match.end())
        yield at, _likely(plain, at)
    for match in _VERB.finditer(plain):
        if plain[match.end() : match.end() + 1] in PLAIN_SURNAMES:
            yield match.end(), _likely(plain, match.end())
    for match in _LATIN_INTRODUCED.finditer(view.text):
        yield match.span(1)


def _by_surname(plain: str) -> Iterator[tuple[int, int]]:
    """Yield the surname in 我姓王, and the given name in 我姓王,名建国."""
    for match in _SURNAME.finditer(plain):
        yield match.span(1)
        if given := _SURNAME_GIVEN.match(plain, match.end()):
            yield given.span(1)


def _by_form(plain: str) -> Iterator[tuple[int, int]]:
    """Yield names that stand as in a form: 王建国,男,56岁 or 我是李女士."""
    for match in _TITLED.finditer(plain):
        yield match.span(match.lastindex or 0)
    for match in _SEX.finditer(plain):
        if not set(match.group(1)[1:]) & (NEVER | {"某"}) and match.group(1) not in common_words():
            yield match.span(1)
    if (signed := _SIGNED.search(plain)) and _likely(plain, signed.start(1)) == signed.end(1):
        yield signed.span(1)
    for match in _RECORD_OF.finditer(plain):
        if _likely(plain, match.start(1)) == match.end(1):
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
            if _likely(plain, start) == start + len(before.group(1)):
                yield Masked(start, start + len(before.group(1)), "name")
        after = _AFTER_NUMBER.match(plain, other.end)
        if after and _likely(plain, after.start(1)) == after.end(1):
            yield Masked(*after.span(1), "name")
