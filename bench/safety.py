"""Measure the safety rules: ``python -m bench.safety [FILE] [--split dev] [--wrong]``.

Prints, for a table of sentences (``text``, ``kind``, ``label``, ``split``), what share of the dangers is recognised and
how many of the harmless sentences raise a false alarm, kind by kind, and how long a decision takes. ``--wrong`` names
the sentences that were judged wrongly; leave it out for a part that is kept aside.
"""

from __future__ import annotations

import argparse
import math
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from bot.dialogue.safety import Safety, open_safety
from bot.settings import load_settings

FILE = Path(__file__).resolve().parent.parent / "tests" / "eval" / "safety" / "sentences.tsv"
LONG = (
    "医生您好,我妈妈今年六十三岁,慢性肾炎有十二年了,一直在县医院看,平时吃降压药和护肾的中成药,血压控制在一百四左右。上个月体检肌酐一百八十六,"
    "尿素氮十一,尿蛋白两个加号,血红蛋白九十八,医生说已经到了慢性肾脏病四期,让我们注意饮食,少吃豆制品和动物内脏,每个月复查一次。她自己心态还可以,"
    "每天早上出去走半个小时,晚上腿有一点肿,按下去有个坑,休息以后能消。我在你们的公众号上看到一篇文章,说间充质干细胞可以修复受损的肾小管,"
    "还能减轻纤维化,现在国内有医院在做临床试验,我们全家都很关心。我想问几个问题:第一,像我妈妈这种情况能不能参加试验,年龄有没有限制;第二,"
    "干细胞是从哪里来的,输进去以后会不会排斥,要不要配型;第三,一般要打几次,多长时间能看出效果,需要住院吗;第四,费用大概是多少,医保能不能报销;"
    "第五,做了以后原来的药还要不要继续吃。另外我爸爸有糖尿病,他的肾现在还好,能不能提前预防。我们家在外地,过来一趟不容易,希望能先了解清楚再决定,"
    "麻烦您有空的时候给我们回复一下,非常感谢,祝您工作顺利,身体健康,也祝你们的研究早日成功,让更多的病人少受一点苦。"
)[
    # 500 characters such as a worried relative writes, without danger
    :500
]
_ROUNDS = 300
Row = tuple[str, str, str]  # text, kind, label


def read_sentences(path: Path, split: str) -> list[Row]:
    """Return the rows of one split (all of them for "all")."""
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    rows = [line.split("\t") for line in lines if line.strip()]
    return [(text, kind, label) for text, kind, label, part in rows if split in (part, "all")]


def interval(hits: int, count: int) -> str:
    """Return a share with its 95 % interval (Wilson 1927)."""
    if not count:
        return "–"
    share, z = hits / count, 1.96
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return f"{hits}/{count} = {share:.1%} ({max(0.0, centre - half):.1%}–{min(1.0, centre + half):.1%})"


def measure(safety: Safety, rows: list[Row]) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]], list[str]]:
    """Return by label and kind how many sentences there are and how many triggered, and the wrongly judged ones."""
    count: Counter[tuple[str, str]] = Counter()
    hits: Counter[tuple[str, str]] = Counter()
    wrong = []
    for text, kind, label in rows:
        danger = safety.assess(text)
        count[label, kind] += 1
        hits[label, kind] += danger is not None
        if (danger is not None) == (label == "harmless"):
            wrong.append(f"{label}\t{kind}\t{text}\t{danger.rule if danger else ''}")
        elif danger and (label == "selfharm") != (danger.severity == "self-harm"):
            wrong.append(f"{label} taken for {danger.severity}\t{kind}\t{text}\t{danger.rule}")
    return count, hits, wrong


def microseconds(action: Callable[[], object]) -> tuple[float, float]:
    """Return the median and the 99th percentile of many runs."""
    taken = []
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        action()
        taken.append((time.perf_counter() - started) * 1e6)
    taken.sort()
    return taken[len(taken) // 2], taken[int(len(taken) * 0.99)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, nargs="?", default=FILE)
    parser.add_argument("--split", default="dev", help="dev, test or all")
    parser.add_argument("--wrong", action="store_true", help="name the sentences that were judged wrongly")
    args = parser.parse_args()
    started = time.perf_counter()
    safety = open_safety(load_settings())
    print(f"rules ready in {(time.perf_counter() - started) * 1e3:.0f} ms")
    rows = read_sentences(args.file, args.split)
    count, hits, wrong = measure(safety, rows)
    for label, name in (("danger", "recall, danger"), ("selfharm", "recall, self-harm"), ("harmless", "false alarms")):
        kinds = sorted(kind for which, kind in count if which == label)
        total = sum(count[label, kind] for kind in kinds)
        print(f"\n{name}: {interval(sum(hits[label, kind] for kind in kinds), total)}")
        for kind in kinds:
            print(f"  {kind:24} {hits[label, kind]:4} of {count[label, kind]}")
    inside = [f"{LONG[:90]}。{text}。{LONG[-90:]}" for text, _, label in rows if label == "danger"]
    told = sum(safety.assess(text) is not None for text in inside)
    print(f"\nthe same dangers in the middle of a calm message of 180 characters: {interval(told, len(inside))}")
    for name, action in (
        (f"a calm message of {len(LONG)} characters", lambda: safety.assess(LONG)),
        ("a sentence of the table", _each(safety, [text for text, _, _ in rows])),
    ):
        median, high = microseconds(action)
        print(f"\n{name}: median {median:.0f} µs, 99th percentile {high:.0f} µs", end="")
    print()
    if args.wrong and wrong:
        print("\n" + "\n".join(wrong))


def _each(safety: Safety, texts: list[str]) -> Callable[[], object]:
    """Return an action that assesses one text after the other."""
    turn = iter(texts * (_ROUNDS // len(texts) + 1))
    return lambda: safety.assess(next(turn))


if __name__ == "__main__":
    main()
