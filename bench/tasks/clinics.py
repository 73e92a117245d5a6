"""Answerability: simulated clinics, small corpora cut from Toyhom by department and disease.

A clinic is 20-80 answers of consultations whose titles name one disease. Some of its consultations are left out, with
every equal or near-equal answer and title: their questions are unanswerable though of the same speciality (``near``).
Others come from other clinics' diseases (``far``) and everyday life (``chat``). No disease is on both sides of the
split, and no group of equal texts either. The clinics for testing hold only consultations that are not among the
encoder's training pairs; they are smaller for it.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from bench.tasks.beir import write_task
from bench.tasks.general import everyday
from bench.tasks.toyhom import Consultation, bucket, plain, read_consultations, side

_SMALLEST, _LARGEST, _LEFT_OUT = 20, 80, 0.35
_CHUNK = {"train": round(_LARGEST / (1 - _LEFT_OUT)), "test": 46}  # consultations before some are left out
# A title belongs to the first of these that it names: narrower names stand before the wider ones that they contain.
_NAMES = """
乙肝疫苗 大三阳 小三阳 丙肝 甲肝 酒精肝 肝硬化 脂肪肝 肝腹水 肝癌 肝炎 乙肝 萎缩性胃炎 浅表性胃炎 胃溃疡
胃癌 胃痛 胃胀 螺杆菌 胃炎 结肠炎 肠炎 胆囊 胆结石 便秘 腹泻 痔疮 打嗝 口臭 阑尾炎 面瘫 三叉神经 植物神经
神经衰弱 偏头痛 头痛 头晕 失眠 脑梗 脑出血 脑瘫 帕金森 脊髓 抑郁 癫痫 羊癫疯 冠心病 心绞痛 心肌炎 心律
早搏 心衰 低血压 高血压 高血脂 甲亢 甲减 甲状腺 肥胖 痛风 低血糖 糖尿病 肾炎 肾结石 肾病 尿毒症 肺炎
支气管 哮喘 肺结核 咳嗽 感冒 发烧 贫血 白血病 紫癜 风湿 艾滋 手足口 带状疱疹 胃病 肝病
"""
DISEASES = tuple(_NAMES.split())


def split_clinics(rows: list[Consultation], size: int) -> dict[tuple[str, int], list[Consultation]]:
    """Return the clinics by disease and number: a frequent disease makes several, cut at random."""
    members: dict[tuple[str, str], list[Consultation]] = defaultdict(list)
    for row in rows:
        disease = next((word for word in DISEASES if word in row.title), None)
        if disease is not None:
            members[disease, row.department].append(row)
    clinics: dict[tuple[str, int], list[Consultation]] = {}
    for (disease, department), found in sorted(members.items()):
        random.Random(f"{disease} {department}").shuffle(found)
        for start in range(0, len(found), size):
            chunk = found[start : start + size]
            if len(chunk) * (1 - _LEFT_OUT) >= _SMALLEST:
                clinics[disease, sum(name == disease for name, _ in clinics)] = chunk
    return clinics


def shingles(text: str) -> frozenset[str]:
    """Return a text's 3-character runs, by which near-equality is judged."""
    letters = plain(text)
    return frozenset(letters[n : n + 3] for n in range(max(1, len(letters) - 2)))


def near(first: frozenset[str], second: frozenset[str], limit: float = 0.5) -> bool:
    """Tell whether two texts share at least ``limit`` of their runs (Jaccard)."""
    return len(first & second) >= limit * len(first | second)


def make_clinics(data: Path, out: Path, seed: int = 7) -> dict[str, int]:
    """Write ``clinics/<train|test>/<number>`` under ``out``; return how many of each and their questions."""
    rows = read_consultations(data)
    held = [row for row in rows if side(row.group) != "train"]
    clinics = [("train", *item) for item in split_clinics(rows, _CHUNK["train"]).items() if not _tested(item[0][0])]
    clinics += [("test", *item) for item in split_clinics(held, _CHUNK["test"]).items() if _tested(item[0][0])]
    chat = [question for _, questions in everyday(data) for question in questions]
    counts: Counter[str] = Counter()
    taken: dict[str, str] = {}  # group of equal texts -> side
    for number, (split, (word, part), members) in enumerate(clinics):
        own = [row for row in members if taken.setdefault(row.group, split) == split]
        rng = random.Random(f"{seed} {word} {part}")
        strangers = [row for where, (other, _), rest in clinics if (where, other) != (split, word) for row in rest]
        strangers = [row for row in strangers if word not in row.title]
        folder = out / "clinics" / split / f"{number:03d}"
        counts[f"{split} questions"] += _write(folder, own, strangers, chat, rng)
        counts[f"{split} clinics"] += 1
    return dict(counts)


def _tested(disease: str) -> bool:
    """Tell whether a disease's clinics are for testing (two in five are)."""
    return bucket(f"clinic {disease}") < 40


def _write(
    folder: Path, own: list[Consultation], strangers: list[Consultation], chat: list[str], rng: random.Random
) -> int:
    rng.shuffle(own)
    cut = round(len(own) * _LEFT_OUT)
    absent, kept = own[:cut], own[cut:]
    titles = [shingles(row.title) for row in absent]
    answers = [shingles(row.answer) for row in absent]
    present = []
    for row in kept:
        title, answer = shingles(row.title), shingles(row.answer)
        alike = any(near(title, t, 0.6) or near(answer, a) for t, a in zip(titles, answers, strict=True))
        if not alike and row.group not in {other.group for other in absent}:
            present.append(row)
    ids = {answer: f"a{number:03d}" for number, answer in enumerate(dict.fromkeys(row.answer for row in present))}
    right: dict[str, dict[str, int]] = defaultdict(dict)
    for row in present:
        right[row.group][ids[row.answer]] = 1
    asked = [("title", row.title, right[row.group]) for row in present]
    asked += [("ask", row.ask, right[row.group]) for row in present if len(plain(row.ask)) >= 4]
    asked += [("near", text, {}) for row in absent for text in (row.title, row.ask) if len(plain(text)) >= 4]
    asked += [("far", row.title, {}) for row in rng.sample(strangers, min(len(strangers), len(absent)))]
    asked += [("chat", text, {}) for text in rng.sample(chat, min(len(chat), max(4, len(absent) // 2)))]
    queries: dict[str, dict[str, Any]] = {}
    judged: dict[str, dict[str, int]] = {}
    for kind, text, grades in asked:
        name = f"q{len(queries):04d}"
        queries[name], judged[name] = {"text": text, "kind": kind}, dict(grades)
    write_task(folder, {name: ("", answer) for answer, name in ids.items()}, queries, {"test": judged})
    return len(queries)
