"""Read the example sentences, make variants of them, and gather ordinary questions from the written clinics."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.dialogue.kinds import KINDS
from bot.language.folding import clean_question, fold
from bot.language.variants import simplify

FOLDER = Path(__file__).parent
CLINICS = FOLDER.parent / "clinics"
# The clinics whose questions count as ordinary: a list, so that a clinic written later does not change what is learned.
ORDINARY = (
    "cardiology", "dermatology", "endocrinology", "gastroenterology", "nephrology", "nephrology-large", "neurology",
    "obstetrics", "oncology", "orthopedics", "pediatrics", "regenerative", "respiratory",
)  # fmt: skip
TERMS = FOLDER.parent.parent / "corpus" / "lexicon" / "terms.txt"
SMALL = ("greeting", "thanks", "bye", "who", "ack", "forget")
Swaps = Mapping[str, Sequence[str]]

# What people put around what they ask; around small talk it would change what it is.
_BEFORE = (
    *("请问", "你好,", "您好", "医生您好,", "大夫,", "请问一下", "想问下", "我想问", "那", "麻烦问下", "咨询一下,", "医生,", "hi,"),
    *("在吗,", "你好医生 ", "请教一下,", "好的,那", "嗯,", "谢谢,那", "那个", "不好意思问下", "我就想知道"),
)  # fmt: skip
_STORY = (
    *("我爸糖尿病十几年了,", "我今年45岁,", "之前在县医院看的,", "最近检查肾功能不太好,", "我妈得了慢性肾炎,", "我是外地的,"),
    *("孩子六岁,", "去年确诊的,一直吃药,", "看了你们的文章,", "朋友介绍的,", "我这个病三年了,", "前几天体检,肌酐186,"),
)  # fmt: skip
_AFTER = (" 谢谢", "?", "吗?", "啊", "呢", "急", " 谢谢医生", "。", "!", "??", " 在线等", "呀", ",谢谢您")
_SMALL_AFTER = ("啊", "呀", "哈", "。", "!", "~", "了", "哦")
_CHOICE = re.compile(r"\{([^{}]*)\}")
# Questions of a clinic that may be of another kind, or on its border: their kind is not known, so they teach nothing.
_UNSURE = re.compile(
    "看诊|就诊|取号|异地|慢特病|免费|钱|费|价|贵|便宜|医保|报销|保险|地址|在哪|几楼|怎么走|预约|挂号|挂.{0,3}科|电话|几点|上班|门诊|医院|专家|推荐|名额|排队|报名|"
    "(?:我|俺|咱|男|女|爸|妈|爷|奶|婆|公|儿子|女儿|孩子|娃).*(?:\\d|[要该能用停减加换选做][^,]{0,3}不|该|是不是|算不算|可不可以|正常吗|严重吗|合适|适合|够不够|"
    "选|停|减|换|行吗|行不|怎么办|可以吗|几片|多少|还能|能.{1,8}吗|要.{1,8}吗|用.{1,8}吗|吧$)"
)


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence (simplified, folded), its kind, how much it counts, and the family whose members never part."""

    text: str
    kind: str
    weight: float
    family: str


def plain(text: str) -> str:
    """Return a text as the dialogue hands it to the classifier."""
    return fold(simplify(clean_question(text)))


def _lines(path: Path) -> list[str]:
    return [line.strip() for line in path.read_text("utf-8").splitlines() if line.strip() and not line.startswith("# ")]


def swaps() -> dict[str, list[str]]:
    """Return the groups of words that may stand for each other."""
    named = (line.split(":", 1) for line in _lines(FOLDER / "swaps.txt"))
    return {name: words.split() for name, words in named}


def written() -> list[tuple[str, str]]:
    """Return the sentences that were written by hand, with their kinds."""
    return [(plain(line), kind) for kind in KINDS for line in _lines(FOLDER / f"{kind}.txt")]


def framed(count: int, chance: random.Random, groups: Swaps) -> Iterator[tuple[str, str, int]]:
    """Yield ``count`` different sentences of each frame: text, kind, and the frame's number."""

    def chosen(match: re.Match[str]) -> str:
        word = chance.choice(match.group(1).split("|"))
        return re.sub("@(\\w+?)(?=[^a-z]|$)", lambda name: chance.choice(groups[name.group(1)]), word, flags=re.ASCII)

    for number, line in enumerate(_lines(FOLDER / "frames.txt")):
        kind, frame = line.split("\t")
        texts = {plain(_CHOICE.sub(chosen, frame)) for _ in range(count)}
        yield from ((text, kind, number) for text in sorted(texts))


def variant(text: str, kind: str, chance: random.Random, groups: Swaps) -> str:
    """Return a sentence of the same kind: other names in it, other words around it, perhaps a letter lost."""
    for words in groups.values():
        for word in sorted(words, key=len, reverse=True):
            if word in text and chance.random() < 0.8:
                text = text.replace(word, chance.choice(words), 1)
                break
    if kind in SMALL:
        text += chance.choice(_SMALL_AFTER) if chance.random() < 0.15 else ""
    else:
        lead = chance.random()
        text = (chance.choice(_BEFORE) if lead < 0.3 else chance.choice(_STORY) if lead < 0.45 else "") + text
        text += chance.choice(_AFTER) if chance.random() < 0.3 else ""
    if len(text) > 6 and chance.random() < 0.15:
        at = chance.randrange(len(text))
        text = text[:at] + text[at + 1 :]
    return text


def ordinary() -> list[tuple[str, str]]:
    """Return the lexicon's terms, the clinics' headings and questions, where surely of no special kind, each with its source."""
    found = [(plain(line.split()[0]), "terms") for line in _lines(TERMS) if not _UNSURE.search(line)]
    for path in sorted(path for path in CLINICS.glob("*/*.txt") if path.parent.name in ORDINARY):
        lines = path.read_text("utf-8").splitlines()
        asked = lines if path.name == "unanswerable.txt" else [line.lstrip("#? ") for line in lines if line[:1] in "#?"]
        texts = (plain(line) for line in asked)
        found += [(text, path.parent.name) for text in texts if text and not _UNSURE.search(text)]
    return found


def examples(variants: int, per_frame: int, ordinary_weight: float, seed: int) -> list[Example]:
    """Return everything that the classifier learns from."""
    chance, groups = random.Random(seed), swaps()
    rows = []
    for text, kind in written():
        made = {text, *(variant(text, kind, chance, groups) for _ in range(variants))}
        rows += [Example(made_text, kind, 1.0, text) for made_text in sorted(made)]
    for text, kind, number in framed(per_frame, chance, groups):
        rows.append(Example(variant(text, kind, chance, groups), kind, 0.5, f"frame {number}"))
    rows += [Example(text, "general", ordinary_weight, clinic) for text, clinic in ordinary()]
    return rows
