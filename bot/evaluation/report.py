"""One HTML page of figures and plots, self-contained: readable without a network, in light and dark."""

from __future__ import annotations

import html
import io
import math
from collections.abc import Sequence
from typing import Any

from bot.evaluation.ranking import MEASURES

_NAMES = {"dense": "向量", "lexical": "BM25", "fused": "两者融合(RRF)", "final": "最终排序"}
_KINDS = {"all": "全部", "near": "同专科但没有答案", "far": "其他专科", "chat": "日常闲聊"}
_STYLE = """
:root{color-scheme:light dark;--line:#8884;--soft:#8881}
body{font:16px/1.7 system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2.2rem}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:.35rem .7rem;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
th:first-child,td:first-child{text-align:left}tr.final td{font-weight:600;background:var(--soft)}
small{opacity:.7}figure{margin:1rem 0;overflow-x:auto}svg{max-width:100%;height:auto;color:inherit}
"""


def report_page(content: dict[str, Any]) -> str:
    """Return the page for the content of an evaluation's JSON."""
    title = f"评测：{content['task']} / {content['split']}"
    parts = [
        f"<h1>{html.escape(title)}</h1>",
        f"<p>{content['texts']:,} 篇文本，{content['questions']:,} 个问题，其中 {content['answerable']:,} 个有答案。"
        "方括号内是 95% 自助法置信区间。</p>",
        "<h2>排序</h2>", _ranking(content),
    ]  # fmt: skip
    if "naive" in content:
        parts += ["<h2>与朴素做法相比</h2>", _naive(content)]
    if "kinds" in content:
        parts += ["<h2>按问题种类(最终排序)</h2>", _kinds(content["kinds"])]
    answers = content["answerability"]
    if answers["answerable"] < answers["questions"]:
        parts += ["<h2>能不能回答</h2>", _answering(answers)]
    if answers["answerable"]:
        parts += ["<h2>曲线</h2>", f"<figure>{_plots(answers)}</figure>"]
    body = "\n".join(parts)
    return (
        f'<!doctype html>\n<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body>\n{body}\n</body></html>\n"
    )


def _table(head: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]) -> str:
    heading = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
    lines = [f'<tr class="{mark}">' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>" for mark, cells in rows]
    return f'<div class="wide"><table><thead><tr>{heading}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'


def _number(value: float | None) -> str:
    return "–" if value is None or math.isnan(value) else f"{value:.3f}"


def _ranking(content: dict[str, Any]) -> str:
    rows = []
    for system, name in _NAMES.items():
        cells = [name]
        for key in MEASURES:
            low, high = content["intervals"][system][key]
            cells.append(f"{_number(content[system][key])} <small>[{_number(low)}, {_number(high)}]</small>")
        rows.append((system, cells))
    return _table(("", *MEASURES), rows)


def _naive(content: dict[str, Any]) -> str:
    rows = []
    for system, means in content["naive"].items():
        gain = content["gain_over_naive"][system]["mrr@10"]
        relative = f"{gain['relative']:+.1%}" if gain["relative"] is not None else "–"
        verdict = "差别真实" if gain["real"] else "在误差之内"
        cells = [_NAMES[system], _number(means["hit@1"]), _number(means["mrr@10"]), relative]
        rows.append(
            (
                "",
                [
                    *cells,
                    f"{gain['difference']:+.3f} <small>[{gain['low']:+.3f}, {gain['high']:+.3f}]</small>",
                    verdict,
                ],
            )
        )
    return _table(("朴素做法", "hit@1", "mrr@10", "最终排序的 mrr@10 高出", "差", ""), rows)


def _kinds(kinds: dict[str, Any]) -> str:
    rows = [
        ("", [html.escape(kind or "未注明"), str(row["questions"]), *(_number(row["final"][key]) for key in MEASURES)])
        for kind, row in kinds.items()
    ]
    return _table(("种类", "问题数", *MEASURES), rows)


def _answering(answers: dict[str, Any]) -> str:
    kinds = list(answers["auroc"])
    rows = [("", ["AUROC", *(_number(answers["auroc"][kind]) for kind in kinds)])]
    rows += [
        ("", [f"有答案的问题答出 {coverage} 时，误答率", *(_number(row[kind]) for kind in kinds)])
        for coverage, row in answers["false_answers"].items()
    ]
    note = (
        f"<p>按现在的阈值：有答案的问题答出 {_number(answers['answered']['answerable'])}，"
        f"没有答案的误答 {_number(answers['answered']['unanswerable'])}。概率的校准误差(ECE){_number(answers['ece'])}。</p>"
    )
    return _table(("没有答案的问题", *(_KINDS.get(kind, kind) for kind in kinds)), rows) + note


def _plots(answers: dict[str, Any]) -> str:
    """Return the risk-coverage curve and the reliability diagram as one inline SVG."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    with pyplot.rc_context({"svg.fonttype": "none", "font.family": "sans-serif", "font.size": 10}):
        figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.6))
        curve = answers["risk_coverage"]
        step = max(1, len(curve) // 400)
        left.plot([c for c, _ in curve[::step]], [r for _, r in curve[::step]], color="#2a7f86")
        left.set(xlabel="coverage", ylabel="risk", xlim=(0, 1), ylim=(0, 1), title="risk - coverage")
        bins = answers["calibration"]
        right.plot([0, 1], [0, 1], color="#999", linewidth=1, linestyle="--")
        sizes = [12 + 160 * row["questions"] / answers["questions"] for row in bins]
        right.scatter([row["confidence"] for row in bins], [row["right"] for row in bins], s=sizes, color="#c8643c")
        right.set(
            xlabel="confidence",
            ylabel="share right",
            xlim=(0, 1),
            ylim=(0, 1),
            title=f"calibration (ECE {answers['ece']:.3f})",
        )
        figure.tight_layout()
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
        pyplot.close(figure)
    drawn = buffer.getvalue()
    return (
        drawn[drawn.index("<svg") :].replace("#000000", "currentColor").replace("fill: #262626", "fill: currentColor")
    )
