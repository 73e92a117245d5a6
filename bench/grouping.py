"""How well unanswered questions are put together by meaning: ``python -m bench.grouping``, over the index in use.

The questions below stand in groups of one meaning. For several values of ``likeness`` two figures are printed: which
share of the pairs that were put together belong together, and which share of those that belong together were; first
with all groups in one pile, then as the mean over piles of four groups, as a small clinic has them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bot.journal.grouping import LIKENESS, centred, group
from bot.journal_command import open_encoder
from bot.settings import load_settings

GROUPS = (
    "做一次干细胞治疗多少钱|干细胞治疗费用是多少|干细胞治肾病要花多少钱|打一针干细胞贵不贵|治疗价格|做完整个疗程大概得几万",
    "医保能报销吗|干细胞治疗医保报不报|能走医保吗|这个能用医保报销多少|新农合给报吗",
    "怎么预约挂号|在哪里挂号|想预约专家号怎么操作|网上能挂号吗",
    "医院地址在哪里|你们医院在什么位置|怎么去你们医院|医院怎么走",
    "透析病人能喝多少水|透析期间一天喝水多少合适|做透析能不能多喝水",
    "肾病患者能吃豆制品吗|肾炎可以吃豆腐吗|肾不好能喝豆浆吗|尿毒症能吃豆腐不",
    "高钾血症怎么办|血钾高了怎么降|钾高要注意什么|血钾5.9怎么处理",
    "怀孕了有肾炎怎么办|肾病能要孩子吗|慢性肾炎可以怀孕生孩子吗|女性肾病患者能不能生育",
    "IgA肾病怎么治|IgA肾病吃什么药|iga肾炎有什么好办法",
    "中药能治肾病吗|吃中药能治好肾炎吗|中医治疗慢性肾病效果怎么样",
    "肾移植要等多久|换肾排队要多长时间|等肾源一般多久",
    "儿童肾病综合征能用吗|小孩肾病综合征可以做干细胞吗|我孩子8岁肾病综合征能治吗",
    "激素的副作用有哪些|吃激素会发胖吗|泼尼松副作用大不大",
    "痛风和肾病有关系吗|尿酸高会伤肾吗|高尿酸肾病怎么回事",
    "你叫什么名字|你是机器人吗|你是谁",
    "今天天气怎么样|明天会下雨吗",
    "写一首诗|给我讲个笑话",
    "血压高对肾有影响吗|高血压会引起肾病吗|高血压肾损害怎么治",
    "肾结石怎么办|肾结石能用干细胞吗|肾结石要不要手术",
    "新冠疫苗能打吗|肾病患者可以打新冠疫苗吗|透析病人能打疫苗吗",
)
_LIKENESS = (0.25, 0.30, 0.34, LIKENESS, 0.42, 0.46, 0.50)
_PILES = 40


def _together(groups: list[list[int]], count: int) -> NDArray[np.bool_]:
    """Return for every pair of questions whether they are in one group."""
    label = np.empty(count, dtype=int)
    for number, rows in enumerate(groups):
        label[rows] = number
    return (label[:, None] == label[None])[np.triu_indices(count, 1)]


def shares(vectors: NDArray[np.float32], labels: NDArray[np.int64], likeness: float) -> tuple[float, float]:
    """Return precision and recall over pairs."""
    found = _together(group(vectors, likeness), len(labels))
    true = (labels[:, None] == labels[None])[np.triu_indices(len(labels), 1)]
    both = int((found & true).sum())
    return both / max(int(found.sum()), 1), both / max(int(true.sum()), 1)


def main() -> None:
    """Measure and print."""
    encode, background = open_encoder(load_settings())
    questions = [(text, number) for number, line in enumerate(GROUPS) for text in line.split("|")]
    vectors = encode([text for text, _ in questions])
    labels = np.array([number for _, number in questions])
    whole = centred(vectors, background)
    choice = np.random.default_rng(0)
    piles = [np.isin(labels, choice.choice(len(GROUPS), 4, replace=False)) for _ in range(_PILES)]
    for likeness in _LIKENESS:
        right, found = shares(whole, labels, likeness)
        small = np.mean([shares(centred(vectors[pile], background), labels[pile], likeness) for pile in piles], axis=0)
        print(
            f"{likeness:.2f}  all: right {right:.0%}, found {found:.0%}   small: right {small[0]:.0%}, found {small[1]:.0%}"
        )


if __name__ == "__main__":
    main()
