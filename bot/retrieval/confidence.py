"""How likely it is that a passage answers a question: a logistic model over signals that carry over between corpora.

Cosines mean different things with another model or another clinic's texts, so they are counted in standard deviations
above what questions get that no clinic's texts answer (``probes.txt``), asked of the corpus when its index is built. The
model's weights lie in ``confidence.json``, with the data and the command that they come from.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIGNALS = (
    "dense", "late", "weakest", "quarter", "standing", "share", "coverage", "margin", "above_median", "length", "absent",
    "first_by_meaning", "first_by_words", "late_lead", "dense_lead", "letters", "own_figures", "lacks_dose", "lacks_time",
    "lacks_count", "lacks_rate", "lacks_level",
)  # fmt: skip
ASPECT = "aspect"  # one more, where the encoder is the one that comes with the project (see ``meetings``)
_BACKGROUND = ("dense", "late", "weakest", "quarter")
_FOLDER = Path(__file__).parent

# What a question asks for, and how a text that tells it reads: only kinds that cannot be told in other words.
_FOCUS = tuple(
    (re.compile(asks), re.compile(tells))
    for asks, tells in (
        (
            "多少钱|费用|价格|价钱|贵不贵|贵吗|收费|花费|几块钱|便宜",
            "费用|价格|收费|花费|[0-9一二三四五六七八九十百千万]元|免费",
        ),
        ("报销|医保|新农合|社保", "报销|医保|新农合|社保|自费"),
        ("哪家医院|哪个医院|什么医院|哪里有", "医院|中心|门诊|位于"),
        ("地址|在哪儿?[^里]*$|在哪条|怎么走|怎么过去|地铁|公交|停车", "地址|位于|地铁|公交|停车"),
        ("挂什么科|挂哪个|看什么科|挂号|预约", "科|挂号|预约"),
        ("电话|联系方式", "电话|联系"),
    )
)
# Kinds of quantities that a question may ask for, and how a text that tells one reads; their weights are learned.
_NUMBER = "[0-9０-９一二两三四五六七八九十百千万半数几]"
_QUANTITIES = {
    name: (re.compile(asks, re.IGNORECASE), re.compile(tells, re.IGNORECASE))
    for name, asks, tells in (
        (
            "lacks_dose",
            "(?:多少|几)(?:毫克|微克|克|片|粒|颗|支|毫升|个?单位)|剂量|(?:吃|打|用|补|喝|服|推)多少|how much|dose",
            rf"{_NUMBER}\s*(?:毫克|微克|克|mg|g|μg|片|粒|颗|支|国际单位|个?单位|IU|毫升|ml)",
        ),
        (
            "lacks_time",
            "多久|多长|几(?:天|周|个?月|年|个?小时|个?钟头|个?星期|分钟)|多少(?:天|年|个?月|小时|分钟)|什么时候|啥时候|何时|when|how long",
            rf"{_NUMBER}\s*[多来余]?个?(?:秒|分钟|小时|钟头|天|日|周|星期|月|年|岁)|终身|终生|一辈子|长期|当天|次日|早上|晚上|清晨|立即|马上|尽早|睡前|饭[前后]",
        ),
        ("lacks_count", "(?:多少|几)(?:次|针|回|遍|个?疗程)", rf"{_NUMBER}\s*多?个?(?:次|针|回|遍|疗程|剂)"),
        (
            "lacks_rate",
            "百分之[几多]|[几机]率|概率|比例|成功率|有效率|治愈率|存活率|生存率|复发率|几成|多少人",
            rf"[%％]|百分之|{_NUMBER}(?:成|例|人|名)|之一",
        ),
        (
            "lacks_level",
            "多少(?:算|才|以[上下]|正常|合适|超标)|正常值|正常范围|指标|标准|多高|多大|几[级期]|几毫米",
            rf"[0-9]|{_NUMBER}点{_NUMBER}|以[上下]|低于|高于|超过|不足",
        ),
    )
}
# A question about somebody's own figures asks for a decision that a text can hardly take.
_OWN_FIGURES = re.compile("(?:我|妈|爸|爱人|老公|老伴|儿|女|本人|爷|奶|哥|姐|弟|妹|父亲|母亲|孩子|娃).*[0-9]")
UNFOCUSED = -2.0  # added to the logit where a passage does not tell the kind of thing that is asked for


@dataclass(frozen=True, slots=True)
class Background:
    """Mean and standard deviation of each cosine signal over the probes; by default what is usual of the model."""

    dense: tuple[float, float] = (0.80, 0.03)
    late: tuple[float, float] = (0.78, 0.03)
    weakest: tuple[float, float] = (0.74, 0.03)
    quarter: tuple[float, float] = (0.75, 0.03)

    def pairs(self) -> tuple[tuple[str, tuple[float, float]], ...]:
        """Return each signal with its mean and standard deviation."""
        return tuple((name, getattr(self, name)) for name in _BACKGROUND)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {name: [round(value, 5) for value in pair] for name, pair in self.pairs()}


def background_of(content: Mapping[str, Any] | None) -> Background:
    """Return the background of a manifest, or the default where it has none."""
    if not content:
        return Background()
    return Background(**{name: (float(content[name][0]), float(content[name][1])) for name in _BACKGROUND})


def measure_background(rows: Sequence[Mapping[str, float]]) -> Background:
    """Return the background of the raw cosine signals that the probes got."""
    values = {name: np.array([row[name] for row in rows]) for name in _BACKGROUND}
    return Background(**{name: (float(v.mean()), max(float(v.std()), 1e-3)) for name, v in values.items()})


@lru_cache(maxsize=1)
def probes() -> tuple[str, ...]:
    """Return questions that no clinic's texts answer."""
    lines = (_FOLDER / "probes.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))


@dataclass(frozen=True, slots=True)
class Confidence:
    """The logistic model over the signals ``names``: standardise, weigh, add."""

    names: tuple[str, ...]
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]
    bias: float

    def probability(self, signals: Mapping[str, float], offset: float = 0.0) -> float:
        """Return the probability (0..1) that goes with a passage's signals; ``offset`` is added to the logit."""
        values = np.array([signals[name] for name in self.names])
        logit = self.bias + offset + float(((values - self.mean) / self.scale) @ self.weights)
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, logit))))


@lru_cache(maxsize=2)
def confidence(aspect: bool = False) -> Confidence:
    """Return the model that comes with the project: the one with the signal ``aspect``, or the one that does without."""
    content = json.loads((_FOLDER / "confidence.json").read_text(encoding="utf-8"))
    return confidence_of(content["with_aspect" if aspect else "without_aspect"])


def confidence_of(content: Mapping[str, Any]) -> Confidence:
    """Return the model out of its bias and the mean, scale and weight of each signal."""
    rows = content["signals"]
    mean, scale, weights = (np.array([row[key] for row in rows.values()]) for key in ("mean", "scale", "weight"))
    return Confidence(tuple(rows), mean, scale, weights, float(content["bias"]))


@dataclass(frozen=True)  # no slots: what all candidates share is worked out once
class Looked:
    """What is needed to judge the candidates of one question; arrays have a row or column for each candidate.

    ``met`` [t, m] holds the best cosine of each token of the question with each candidate's tokens.
    """

    dense: NDArray[np.float32]
    late: NDArray[np.float32]
    share: NDArray[np.float32]
    fused: NDArray[np.float32]
    met: NDArray[np.float32]

    @cached_property
    def usual(self) -> NDArray[np.float32]:
        """The median over the candidates for each token of the question [t]."""
        return np.median(self.met, axis=1).astype(np.float32)

    @cached_property
    def order(self) -> NDArray[np.int64]:
        """The candidates, best first."""
        return np.argsort(-self.fused, kind="stable").astype(np.int64)

    @cached_property
    def _spread(self) -> float:
        """The sum over tokens of how far the best candidate is above the usual."""
        return float(np.maximum(self.met.max(axis=1) - self.usual, 0.02).sum())

    @cached_property
    def _fifths(self) -> tuple[float, float, float]:
        """The fifth best late and dense cosine, and the median of the sums."""
        fifth = min(5, len(self.fused))
        late, dense = (float(np.sort(side)[-fifth]) for side in (self.late, self.dense))
        return late, dense, float(np.median(self.fused))

    def cosines(self, at: int) -> dict[str, float]:
        """Return a candidate's raw cosine signals."""
        ordered = np.sort(self.met[:, at])
        quarter = ordered[: max(1, len(ordered) // 4)]
        return {
            "dense": float(self.dense[at]),
            "late": float(self.late[at]),
            "weakest": float(ordered[:2].mean()),
            "quarter": float(quarter.mean()),
        }

    def signals(self, at: int, background: Background, coverage: float, absent: float) -> dict[str, float]:
        """Return all signals of a candidate.

        Args:
            at: The candidate.
            background: Of the corpus.
            coverage: Share of the question's informative weight whose words the passage holds.
            absent: Share of that weight whose words the whole corpus does not hold.
        """
        raw = self.cosines(at)
        found = {name: (raw[name] - mean) / deviation for name, (mean, deviation) in background.pairs()}
        late, dense, middle = self._fifths
        others = np.delete(self.fused, at)
        lower = others[others <= self.fused[at]]
        second = float(lower.max()) if len(lower) else float(self.fused[at])
        return found | {
            "standing": float((self.met[:, at] - self.usual).sum()) / self._spread,
            "share": float(self.share[at]),
            "coverage": coverage,
            "margin": min(float(self.fused[at]) - second, 2.5),
            "above_median": min(float(self.fused[at]) - middle, 6.0),
            "length": math.log(max(1, len(self.met))),
            "absent": absent,
            "first_by_meaning": float(at == int(self.dense.argmax())),
            "first_by_words": float(at == int(self.share.argmax())),
            "late_lead": raw["late"] - late,
            "dense_lead": raw["dense"] - dense,
        }


def wording(question: str, text: str) -> dict[str, float]:
    """Return the signals that lie in the words: what kinds of quantities are asked for and not told, shared letters.

    Args:
        question: As it is searched for.
        text: The passage as it is indexed.
    """
    pairs = {question[at : at + 2] for at in range(len(question) - 1)}
    lacks = {
        name: float(bool(asks.search(question) and not tells.search(text)))
        for name, (asks, tells) in _QUANTITIES.items()
    }
    return lacks | {
        "letters": sum(pair in text for pair in pairs) / max(1, len(pairs)),
        "own_figures": float(bool(_OWN_FIGURES.search(question))),
    }


def focus(question: str, text: str) -> float:
    """Return what is added to the logit because of what a question asks for and a passage does not tell (0 or less)."""
    missing = any(asks.search(question) and not tells.search(text) for asks, tells in _FOCUS)
    return UNFOCUSED if missing else 0.0
