"""What a short remark asks of the conversation itself: more, the source, simpler words, the second point.

Every pattern is matched against the whole remark, without the marks and particles around it; a remark that names a
subject of its own is a question and no cue.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

CueKind = Literal["more", "source", "where", "simpler", "detail", "position"]

_EDGE = "[\\s,.!?:;~\u3001\u3002\uff0c\uff01\uff1f\uff1a\uff1b\u2026\uff5e]"
_LEAD = (
    "(?:(?:那|那么|嗯+|哦+|好的?|噢|呃|唉|请问|请|麻烦(?:你|您)?|能不能|可不可以|能否|可以|能|我最?想|我要|最?想|再|就|帮我|给我|跟我|"
    "(?:听|看|问|了解|知道)(?:听|看|问)?(?:一下)?)*)"
)
_TAIL = "(?:了|呗|吗|么|嘛|呢|吧|啊|呀|哦|的|一下|可以吗|行吗|好吗|谢谢|不)*"
_THIS = "(?:这|这个|这些|这段|这段话|这句|这句话|上面|上面的|上面说的|刚才|刚才的|刚才说的|前面|前面说的|它|内容|说法|结论|数据|回答|你说的|您说的|都|里面?)*"
_NUMBER = "[一二两三四五六七八九十1-9]"
_UNIT = "(?:个|点|条|种|段|项|步|类|款|招|方面|部分|句|样|小点)"
_NOUN = "(?:原因|方面|办法|方法|作用|机制|步骤|情况|问题|内容|理由|建议|好处|坏处|风险|因素|表现|症状|要点|措施|治疗|方案|药|本事|试验|研究|结果|例子|途径|类型)?"
_BESIDE = f"(?:除了?{_EDGE}*(?:这个|这些|这|它|上面(?:说)?的?|刚才(?:说)?的?|以上)(?:{_UNIT}|以外|之外|外)*{_EDGE}*)?"

_WORDS: dict[CueKind, tuple[str, ...]] = {
    "more": (
        f"{_BESIDE}(?:还|另外)?(?:有没有|有|没有)?(?:还有)?(?:别|其他|其它|更多|另外|旁|其余|剩下)的?(?:说法|内容|资料|信息|办法|方法|法子|招数?|路子|手段|原因|答案|介绍|情况|回答|文章|原文)?(?:有|还有|呢|有吗|没有|有没有)*",
        "还有(?:呢|没有|没|别的|其他的|其它的|更多的?|什么|啥|哪些|些?什么|些?啥)?(?:内容|资料|信息|说法|办法|方法|原因)?",
        "更多|继续|接着(?:说|讲)?|往下(?:说|讲)?|下一(?:个|条|段|页)|换一(?:个|条|段|批)|多(?:说|讲|给|来)(?:一)?(?:点|些|几段|几条)|(?:还有)?后面(?:还有)?呢?|然后",
    ),
    "source": (
        f"{_THIS}(?:是|出自|来自|引自|引用|参考)*(?:了)?(?:哪|那|什么|啥)(?:一)?(?:篇|个|本|份|项|家|里)?(?:文献|文章|论文|研究|资料|期刊|杂志|书|报告|指南|地方|出处)?(?:里|上)?(?:说|讲|提|提到|写|来|看|发表|出)?(?:到)?的?(?:来源)?",
        f"{_THIS}(?:有|的|是)*(?:没有|什么|啥|哪些|哪|科学)*(?:出处|依据|根据|来源|证据|参考文献|参考资料|文献|原文|原始文献|引用|链接|doi|文献支持|文献来源|文献出处)(?:在哪里?|是哪里?|是什么|是啥|在哪儿|有|呢|发我|发给我|看看|支持|可以看|的来源)*",
        f"{_THIS}(?:是)?(?:谁|哪里|哪儿)(?:说|讲|写|发表|提出|来|得出|看到|看来|得来)?的?",
        f"{_THIS}(?:靠谱|可靠|可信|真的假的|权威|准|准确|是真的|有依据|有根据|可信度高)",
        "(?:刚才|前面|上面|你刚|你|您)(?:说|讲|提到).{0,14}(?:哪来|哪里来|从哪|出处|来源|依据|根据|文献|谁说|谁做).{0,4}",
        "怎么知道的|凭什么(?:这么|这样)?说|从哪(?:里|儿)?(?:来|看|得|找|听)(?:到|来)?的?|(?:原文|出处|文献)",
    ),
    "where": (
        f"{_THIS}(?:试验|研究|实验|手术|治疗)?(?:是|都是)?(?:在|由)?(?:哪|什么|啥)(?:一)?(?:家|个|些|所|国)?(?:国家|医院|大学|学校|中心|单位|机构|团队|科室|地方|城市|里|儿|国)*(?:做|搞|开展|进行|研究|完成|发起|启动)(?:出来)?的?(?:研究|试验|实验|手术)?",
        f"{_THIS}(?:结果|试验|研究|实验|数据)?(?:是)?(?:由)?(?:谁|谁家|哪家|哪儿|哪些人|什么人|哪拨人)(?:做|搞|研究|开展|完成|发起)(?:出来)?的?(?:研究|试验|实验)?",
    ),
    "simpler": (
        f"{_THIS}(?:说|讲|解释|用)?(?:得|的)?(?:简单|通俗|直白|明白|浅显|白话|大白话)(?:易懂)?(?:一|些)?(?:点|些)?(?:地|的)?(?:话)?(?:说|讲|解释|说说|讲讲)?(?:话)?",
        f"{_THIS}(?:我)?(?:还是|有点|有些|实在|真的)?(?:不|没)?(?:太|大|怎么|很|是很)?(?:看|听|读|搞|弄|理解)?(?:不|没|得不)?(?:太|大|怎么|很|是很)?(?:懂|明白|清楚|理解)",
        f"{_THIS}(?:看|听)(?:得)?不(?:太)?(?:懂|明白)|{_THIS}(?:太|有点)?(?:专业|深奥|复杂|难懂|绕)(?:了)?(?:看不懂|听不懂|没看懂)?|{_THIS}(?:是)?(?:什么|啥)意思|(?:说|讲)人话",
    ),
    "detail": (
        f"{_THIS}(?:说|讲|解释|介绍)?(?:得|的)?(?:详细|具体|仔细|细|展开|深入|细致)(?:一|些)?(?:点|些)?(?:地|的)?(?:说|讲|解释|介绍|说明|讲解|聊|情况|内容|是什么|是啥|怎么回事|说说|讲讲|介绍介绍|是怎样|怎么说)*",
        f"{_THIS}(?:展开|详细|具体)(?:说说|讲讲|聊聊|介绍)?",
        f"{_THIS}(?:举|给|来)(?:个|几个|两个|些|点|一两个)?(?:例子?|实例)(?:说明|看看|听听|来说)?",
    ),
}
_CUES: tuple[tuple[CueKind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(f"{_LEAD}(?:{'|'.join(words)}){_TAIL}")) for kind, words in _WORDS.items()
)
_POSITION = re.compile(
    f"(?:{_LEAD}(?:你|您)?(?:说|讲)?(?:的)?)?(?:(?P<back>倒数|倒着数)?第(?P<number>{_NUMBER})(?:(?P<unit>{_UNIT})|$)|"
    f"(?P<first>头一|打头的?(?:那|一)?){_UNIT}|(?P<last>最后面?|最末尾?|末了|末尾|结尾)(?:的|那|这)?{_NUMBER}?{_UNIT})(?P<noun>{_NOUN})(?P<rest>.*)"
)
_LONGEST = 30  # characters of a cue
_NUMERALS = {name: value for value, name in enumerate("一二三四五六七八九十", 1)} | {"两": 2}


@dataclass(frozen=True, slots=True)
class Cue:
    """What is asked of the conversation.

    ``number`` counts from 1 (-1: the last one, -2: the one before it), ``noun`` is what is counted, ``rest`` what follows it.
    """

    kind: CueKind
    number: int = 0
    rest: str = ""
    noun: str = ""


def bare(text: str) -> str:
    """Return a remark without the marks around it."""
    return re.sub(f"^{_EDGE}+|{_EDGE}+$", "", text)


def cue_of(text: str) -> Cue | None:
    """Return what a remark (simplified, folded) asks of the conversation itself, None where it is a question.

    Of several clauses each must be a cue, as in "看不懂,说简单点".
    """
    said = bare(text)
    if not said or len(said) > _LONGEST:
        return None
    found = _cue(said)
    if found is None:
        parts = [bare(part) for part in re.split(_EDGE, said) if bare(part)]
        cues = [_cue(part) for part in parts]
        if len(parts) > 1 and all(cues):
            return cues[0]
    return found


def _cue(said: str) -> Cue | None:
    position = _POSITION.fullmatch(said)
    if position:
        number = -1 if position["last"] else 1 if position["first"] else _numeral(position["number"])
        number = -number if position["back"] else number
        return Cue("position", number, position["rest"], position["noun"] or position["unit"] or "")
    return next((Cue(kind) for kind, pattern in _CUES if pattern.fullmatch(said)), None)


def _numeral(text: str) -> int:
    return _NUMERALS.get(text) or int(text)
