"""What the command line shows: progress bars, tables, summaries. Colours and bars only on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from bot.corpus.check import Finding
from bot.records import Hit, Reply
from bot.retrieval.build import BuildSummary


class ConsoleReport:
    """Shows a build's stages and bars on standard error; silent where nobody wants them."""

    def __init__(self, quiet: bool = False) -> None:
        self._console = Console(stderr=True, quiet=quiet)

    def stage(self, text: str) -> None:
        """Say what happens now."""
        self._console.print(f"· {text}", style="dim")

    @contextmanager
    def progress(self, text: str, total: int) -> Iterator[Callable[[int], None]]:
        """Open a progress bar; the callable advances it."""
        columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())  # fmt: skip
        with Progress(*columns, console=self._console, transient=False) as bar:
            task = bar.add_task(text, total=total)
            yield lambda count: bar.advance(task, count)


def show_summary(summary: BuildSummary) -> None:
    """Print what a build made."""
    console = Console()
    table = Table(show_header=False, box=None, padding=(0, 2))
    agree = summary.agreement
    serving = "int8 ONNX" if summary.serving == "onnx" else "原模型(int8 与原模型差别过大)"
    rows = [
        ("文章", f"{summary.documents} 篇"),
        ("段落", f"{summary.passages} 段({summary.vectors} 个向量，本次新编码 {summary.encoded} 个)"),
        ("参考文献", f"{summary.references} 条"),
        ("可问的问题", f"{summary.questions} 个(核对过确有答案，用于推荐和联想)"),
        ("检查", f"错误 {summary.count('error')} · 警告 {summary.count('warning')} · 提示 {summary.count('info')}"),
        ("服务用模型", f"{serving}，平均余弦 {agree['mean_cosine']:.4f}，前十重合 {agree['top10_overlap']:.1%}"),
        ("用时", f"{summary.seconds:.1f} 秒"),
        ("位置", summary.folder),
    ]
    for name, value in rows:
        table.add_row(name, escape(value))
    console.print(Panel(table, title="索引已建好", expand=False))
    for finding in summary.findings:
        if finding.level != "info":
            console.print(escape(str(finding)), style="yellow", soft_wrap=True)
    if summary.count("info"):
        console.print("另有提示若干，运行 python -m bot check 查看。", style="dim")


def show_findings(findings: Sequence[Finding]) -> None:
    """Print a corpus check, worst first."""
    console = Console(soft_wrap=True)
    order = {"error": 0, "warning": 1, "info": 2}
    styles = {"error": "bold red", "warning": "yellow", "info": "dim"}
    for finding in sorted(findings, key=lambda f: (order[f.level], f.path, f.line)):
        console.print(escape(str(finding)), style=styles[finding.level])
    counts = {level: sum(f.level == level for f in findings) for level in order}
    console.print(f"共 {counts['error']} 个错误，{counts['warning']} 个警告，{counts['info']} 个提示。")


def _number(value: float | int | None, digits: int = 3) -> str:
    if value is None:
        return "–"
    return str(value) if isinstance(value, int) else f"{value:.{digits}f}"


def show_hits(question: str, hits: Sequence[Hit]) -> None:
    """Print hits as a table that explains each one's place."""
    table = Table(title=escape(f"“{question}”"), show_lines=True)
    for name, justify in (
        ("#", "right"),
        ("融合", "right"),
        ("向量 名次/余弦", "right"),
        ("BM25 名次/得分", "right"),
        ("逐词 名次/余弦", "right"),
        ("覆盖", "right"),
    ):
        table.add_column(name, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    table.add_column("命中的词")
    table.add_column("段落")
    for hit in hits:
        text = hit.passage.text.replace("\n", " ")
        shown = text if len(text) <= 80 else text[:80] + "…"
        table.add_row(
            str(hit.rank), _number(hit.fused), f"{_number(hit.dense_rank)} / {_number(hit.dense_score)}",
            f"{_number(hit.lexical_rank)} / {_number(hit.lexical_score, 2)}",
            f"{_number(hit.late_rank)} / {_number(hit.late_score)}", f"{hit.coverage:.0%}",
            escape(" ".join(hit.matched)), escape(f"{hit.passage.id}\n{' › '.join(hit.passage.section)}\n{shown}"),
        )  # fmt: skip
    Console(width=None if sys.stdout.isatty() else 160).print(table)
    if not hits:
        print("没有找到任何段落。")


def show_reply(reply: Reply) -> None:
    """Print a reply as plain text; one to an emergency stands in a frame."""
    if reply.kind == "emergency":
        Console(highlight=False).print(Panel(escape(reply.text), border_style="bold red", expand=False, title="紧急"))
        return
    print(reply.text)
    for number, passage in enumerate(reply.passages, 1):
        print(f"\n[{number}] {' › '.join((passage.document.title, *passage.section))}")
        if passage.lead:
            print(f"    {passage.lead}")
        print("\n".join(f"    {line}" for line in passage.text.splitlines() if line))
        for reference in passage.references:
            print(f"    出处：{reference.citation}" + (f" {reference.url}" if reference.url else ""))
        for note in passage.notes:
            print(f"    编者注({ {'erratum': '勘误', 'caveat': '提示', 'update': '更新'}[note.kind] }):{note.text}")
    if reply.disclaimer:
        print(f"\n{reply.disclaimer}")
    if reply.suggestions:
        print("\n还可以问:" + " / ".join(reply.suggestions))
