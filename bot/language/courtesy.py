"""What a patient says around the question: greetings, thanks, life story. Finds the part that asks."""

from __future__ import annotations

import re
from collections.abc import Callable

_MARK = "[\\s,.!?:;~\u3001\u3002\uff0c\uff01\uff1f\uff1a\uff1b\u2026\uff5e]"
_PEOPLE = "(?:医生|大夫|专家|教授|主任|老师|各位|大家|护士|客服|小助手)"
_POLITE = "|".join(
    (
        f"(?:{_PEOPLE}|亲)*(?:们)?(?:您|你)们?好(?:啊|呀|哦|哈)?{_PEOPLE}*",
        f"{_PEOPLE}+们?好(?:啊|呀|哦|哈)?",
        "(?:早上|上午|中午|下午|晚上)好|在吗|你?好在吗",
        f"(?:我|俺)?(?:想|要|想要|来)?(?:请问|咨询|请教|问问)(?:一?下|您|你|了|大家)*(?:个|这个)?(?:事情|事儿|事|问题)?(?:{_PEOPLE}(?={_MARK}))?",
        "(?:我|俺)?(?:想|要|想要)(?:问|了解|知道)(?:一?下|您|你)*",
        f"(?:非常|十分|先|多|万分|真的)?(?:感谢|谢谢|多谢|谢过|感激|拜托)(?:了|啦|您|你|大家|不尽|先|{_PEOPLE})*(?={_MARK}|$)",
        f"(?:在线|跪|坐)等(?:回复|答复|解答)?(?={_MARK}|$)|急+(?:死了|求助?|啊|呀)?(?={_MARK}|$)|求助|求解(?={_MARK}|$)",
        f"(?:盼|望)(?:复|回复|解答)(?={_MARK}|$)",
        f"(?:麻烦|希望|请|求|盼)(?:{_PEOPLE}|您|你)*(?:能)?(?:帮忙|帮我|帮)?(?:看看|看|解答|回答|回复|分析|指点|告知|告诉我)(?:一?下)?",
        f"不好意思|对不起|抱歉|打扰了?|哈喽|(?:hello|hi|thanks|thank you|please)(?={_MARK}|$)",
        f"{_PEOPLE}(?={_MARK})",
    )
)
_EDGES = re.compile(
    f"^(?:{_MARK}*(?:{_POLITE})(?=.)(?:{_MARK}|了|啊|呀|哈)*)+|(?:{_MARK}+(?:{_POLITE}){_MARK}*)+$", re.IGNORECASE
)
_CLAUSES = re.compile(
    "[^,.!?;~\\n\u3002\uff0c\uff01\uff1f\uff1b\u2026\uff5e]+[,.!?;~\\n\u3002\uff0c\uff01\uff1f\uff1b\u2026\uff5e]*"
)
_ASKS = re.compile(
    "[?\uff1f]|吗|呢|么$|怎么|怎样|如何|什么|为何|为啥|咋|啥|哪|多少|多久|多长|多大|几[天次个周月年]|是不是|能不能|会不会|可不可以|要不要|有没有|该不该|"
    "好不好|行不行|严不严重|能否|可否|是否|谁"
)
_CONTEXT = 2  # clauses besides the asking ones
_LONG = 100  # characters: a shorter text is left whole, since what leads up to a question says what it is about


def courteous(text: str) -> str:
    """Return ``text`` without greetings and thanks at its ends (all of it where nothing else would be left)."""
    found = text
    for _ in range(3):
        shorter = _EDGES.sub("", found).strip()
        if shorter == found or len(shorter) < 2:
            break
        found = shorter
    return found


def core(text: str, weight: Callable[[str], float]) -> str:
    """Return the clauses of a long text that ask, with the clauses that say most of what they are about.

    Args:
        text: A question without greetings.
        weight: How much a clause says: the sum over its words of how typical of the corpus they are.
    """
    if len(text) <= _LONG:
        return text
    clauses = [match.group().strip() for match in _CLAUSES.finditer(text)]
    asking = [place for place, clause in enumerate(clauses) if _ASKS.search(clause)]
    if len(clauses) < 2 or not asking or len(asking) == len(clauses):
        return text
    kept = set(asking[-2:])
    rest = [place for place in range(len(clauses)) if place not in kept]
    said = sorted(rest, key=lambda place: -weight(clauses[place]))[:_CONTEXT]
    kept.update(place for place in said if weight(clauses[place]) > 0)
    return "".join(clauses[place] for place in sorted(kept))
