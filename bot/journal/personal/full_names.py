"""Where a name ends that begins at a given place, and whether it is one at all: by surname, given name and what follows."""

from __future__ import annotations

import re

from bot.journal.personal.name_parts import (
    ALSO_NAMES,
    COMPOUND_SURNAMES,
    GIVEN,
    GRAMMAR,
    HAN,
    KIN,
    NEVER,
    NOMINAL,
    PLAIN_SURNAMES,
    SINGLE_SURNAMES,
    SOFT,
    WARY_SURNAMES,
    WORD_ENDS,
    common_words,
    frequent_pairs,
    possible,
    usual,
    word_pairs,
)
from bot.journal.personal.peoples import of_a_people
from bot.journal.personal.view import View

_FOLLOW = re.compile(
    r"今年|现年|半年|上次|以前|之前|后来|小时候|甲[亢减状]|今天|现在|目前|今|男|女|年龄|年\d|电话|手机|联系|身份|证号|家住|住|出生|生于|出生|病|肾|患|确诊|查出|得了|的|是|想|要|请|您好|你好|因|于|入院|出院|来自|来|在|"
    r"做|最近|已|也|和|跟|与|及|前|去年|前年|昨|上周|上月|上个|肌|尿|血|透析|微信|邮箱|地址|病历|住院|门诊|就诊|医保|社保|银行|卡号|挂|预约|有|没|不|会|能|可|这|那|我|他|她|咨询|求|希望|"
    r"谢谢|老师|医生|大夫|主任|教授|女士|先生|小姐|阿姨|叔叔|同志|收|启|到|从|被|把|给|让|说|问|一直|自|两|三|四|五|六|七|八|九|十|平时|突然|经常|体检|术后|移植|换|吃|服|打|用|刚|本|现|属|身高|体重|"
    r"发|拉|吐|头|胸|腹|腰|双|全身|感|需|该|应|如何|怎|吗|呢|吧|啊|了|过|等|家|爸|妈|儿|女|老|爱人|她|其|由|对|就|还|又|才|都|很|太|特|非常|老是|总|每"
)
_PROFESSIONAL = re.compile(
    r"(?:医生|医师|大夫|主任|教授|院士|护士|专家|博士|院长|所长|团队|课题组|等人|等\d|等[，,。(（\[])"
)
_LATIN = re.compile(r"[A-Za-z][A-Za-z'.-]*(?:[ ·][A-Z][A-Za-z'.-]+){0,3}")
_DOTTED = re.compile(rf"{HAN}{{1,6}}(?:[·•・‧∙]{HAN}{{1,8}}){{1,3}}")
_SPACED = re.compile(rf"[{SINGLE_SURNAMES}] [{''.join(sorted(GIVEN))}](?=[\s,，。;；、!！?？]|$)")
_DRUG = re.compile(rf"{HAN}{{2,7}}(?:片|胶囊|颗粒|丸|口服液|注射|肠溶|缓释|滴眼|软膏|冲剂)")
_STOP = re.compile(r"$|[^\u3400-\u9fffa-z]")
_SURNAME_HERE = re.compile(rf"(?:{COMPOUND_SURNAMES})(?={HAN})|[{SINGLE_SURNAMES}]")
_HAN = re.compile(HAN)
_ACRONYM = re.compile(r"(?:iga|ckd|ct|mri|ipsc|msc|icu|cbt|hpv|app|bot|ai)", re.I)
_PLACEHOLDER = re.compile(r"某|[xX×*]")
_FOLLOW_WORD = re.compile(
    r"今年|现年|年龄|家住|来自|来院|可以|可能|因为|于是|想要|想问|有没|有点|会不|能不|能吃|能喝|发烧|发现|发热|一直|平时|要不|家里|家属|本来|家人|太太"
)
_BEGINNERS = NEVER | frozenset("抽爱喝打跌摔车崴扭烫咬磕撞割切做得患肾备老又总常偶反间右左夜早晚白每从自跟同和")
_ONLY = re.compile(rf"$|[^\u3400-\u9fffa-z]|她|他|的{KIN}")
DOUBTFUL = frozenset({"东方", "百里", "公孙", "东门", "西门", "南门", "乐正", "公西", "公户", "微生", "南宫", "上官"})
_SEX_AFTER = re.compile(r"[男女](?:性|\d)")
_ANNOUNCED_WORDS = frozenset({"高血压", "万一", "任何"})
# "我叫…" is also "I called …": what is called, and not what one is called.
_ANNOUNCED_VERB = re.compile(
    r"日期|时间|地点|电话|盖章|手印|救护|车(?:去|来|送|到|了)|了|过|他|她|它|我|你|您|不|人(?:来|去|帮|送|给|$|[,，。])|医生|护士|大夫|医院|外卖|滴滴|什么|啥|孩子|老公|老婆|老伴|爱人|家人|家里|家属|邻居|朋友|同事|"
    r"儿子|女儿|爸|妈|哥|姐|弟|妹|疼|痛|苦|喊|唤|醒|起|得|着|作|做|个|一|两|120|110|主任|教授|快递|保安|警|大家|别人|谁|哪|怎|肚子|难受|饿|累|冷|热|渴|停|板|好|屈|冤|嚷|应|声|法"
)
# A given name without a surname: 豆豆, 小芳, 阿强, or two or three characters up to the next stop.
_FAMILIAR = re.compile(
    rf"([小阿老大]{HAN}(?=[\s,，。;；、!！?？]|$|今年|现在|的|是|\d)|({HAN})\2(?=[^\u4e00-\u9fff]|$|今年|的|现在|是|有|最|大名|全名|真名)|{HAN}{{2,4}}(?=[\s,，。;；、!！?？]|$|今年|现年))"
)
NAME_ENDS = re.compile(rf"$|[\s,，。;；、!！?？:：)）(（\"”]|今年|现年|男|女|电话|手机|的{KIN}|\d")


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


def announced(view: View, at: int, words: str) -> int:
    """Return the end of the name that begins at ``at`` after ``words`` that announce one; ``at`` where none follows.

    Where it is said what somebody is called, a given name alone will do, as with children, or a name of another people.
    """
    plain = view.plain
    if dotted := _DOTTED.match(plain, at):
        return dotted.end()
    if latin := _LATIN.match(view.text, at):
        return latin.end() if latin.end() - at > 1 and not _ACRONYM.fullmatch(latin.group()) else at
    if spaced := _SPACED.match(plain, at):
        return spaced.end()
    if _DRUG.match(plain, at):
        return at
    if (end := likely(plain, at)) > at:
        return end
    after = _surname(plain, at)
    if after > at:
        end = _given(plain, after)
        sure = plain[at:end] not in common_words() or _STOP.match(plain, end)
        if end - after and usual(plain[at], plain[after:end]) and sure and NAME_ENDS.match(plain, end):
            return end
        if (
            end > after
            and plain[at:end] not in _ANNOUNCED_WORDS
            and not _worded(plain, at)
            and not _ANNOUNCED_VERB.match(plain, at)
        ):
            return end
        if _PLACEHOLDER.match(plain, after):
            return at
    match = _FAMILIAR.match(plain, at) if "叫" in words or "名" in words else None
    if match is None or _ANNOUNCED_VERB.match(plain, at):
        return at
    own = "名" in words or words.startswith(("我", "俺", "本人"))  # of a child it may also be said what it cries
    return at if set(match.group(1)) & (GRAMMAR if own else NEVER) else match.end(1)


def _worded(plain: str, at: int) -> bool:
    """Tell whether a common word begins where a surname would: 信息, 单独; after 王 it is a name all the same."""
    if plain[at : at + 2] not in word_pairs() or plain[at] in PLAIN_SURNAMES:
        return False
    third = plain[at + 2 : at + 3]
    return not (third in GIVEN and third not in WORD_ENDS and _STOP.match(plain, at + 3))  # 东海龙, 季节华


def likely(plain: str, at: int) -> int:
    """Return the end of the full name that begins at ``at`` where nothing announces one for certain; ``at`` if none."""
    if dotted := _DOTTED.match(plain, at):
        return dotted.end()
    if (end := of_a_people(plain, at)) > at:
        return end
    after = _surname(plain, at)
    if after == at:
        return at
    plainly = (after - at > 1 and plain[at:after] not in DOUBTFUL) or plain[at] in PLAIN_SURNAMES
    for end in (after + 2, after + 1):
        given = plain[after:end]
        if len(given) < end - after or _other_word(plain, at, end) or _PROFESSIONAL.match(plain, end):
            continue
        if len(given) == 2 and _SEX_AFTER.match(plain, end - 1):  # 吴平男45岁
            continue
        if usual(plain[at], given) and (_STOP.match(plain, end) or _FOLLOW.match(plain, end)):
            return end
        if plainly and possible(given) and NAME_ENDS.match(plain, end):
            return end
        if _fits_before(plain, after, end, plainly, plain[at] in WARY_SURNAMES):
            return end
    if after - at > 1 and plainly and possible(plain[after : after + 1]):  # 尉迟燕子宫肌瘤
        return after + 1
    return at


def _other_word(plain: str, at: int, end: int) -> bool:
    """Tell whether what would be a name is another word: 周围, 高中生; but 我是高峰, leaves nothing else."""
    if plain[at:end] in common_words() or ALSO_NAMES.fullmatch(plain, at, end):
        return not (ALSO_NAMES.fullmatch(plain, at, end) and _ONLY.match(plain, end))
    if end - _surname(plain, at) < 2 or plain[at : end - 1] not in common_words():
        return False
    return plain[end - 1] in WORD_ENDS or not (
        plain[at] in PLAIN_SURNAMES or plain[end - 1] in NOMINAL or NAME_ENDS.match(plain, end)
    )


def _fits_before(plain: str, after: int, end: int, plainly: bool, wary: bool) -> bool:
    """Tell whether a given name ends where another word begins, and no word goes across: 刘国富|以前, 陈思远|上次."""
    given = plain[after:end]
    if plain[end - 1 : end + 1] in word_pairs() and not _STOP.match(plain, end):
        return False
    known = [character in GIVEN for character in given]
    soft = [character in SOFT for character in given]
    begins = _STOP.match(plain, end) or plain[end] in _BEGINNERS or plain[end : end + 2] in word_pairs()
    word = given in frequent_pairs()
    if any(soft):
        return (
            plainly and len(given) == 2 and not word and bool(begins) and all(map(max, known, soft)) and sum(soft) < 2
        )
    if len(given) == 1:
        return not wary and known[0] and bool(begins) and (plainly or given in NOMINAL)
    if plainly and not wary:
        return all(known) or (any(known) and possible(given) and bool(begins) and not word)
    return all(known) and not word and (bool(begins) or not NOMINAL.isdisjoint(given))
