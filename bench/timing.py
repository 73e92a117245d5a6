"""Small tools of the measurements: percentiles, memory, a running server. Linux and macOS."""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

QUESTIONS = (
    "干细胞是怎么修复肾脏的", "肾不好能不能打干细胞", "糖尿病引起的肾病有新办法吗", "会不会排斥", "诱导多能干细胞是什么",
    "狼疮肾炎可以治吗", "急性肾损伤有新药吗", "为什么要在体外培养", "这种治疗会不会长肿瘤", "哪家医院在做临床试验",
    "尿蛋白高能用干细胞降下来吗", "间充质干细胞从哪里来", "已经在透析了还有没有用", "跟换肾比有什么好处", "什么时候能用上",
    "肾纤维化能逆转吗", "小肾脏是怎么做出来的", "研究结果是在动物还是人身上", "需要做基因编辑吗", "慢性肾病有多少人",
)  # fmt: skip


def percentile(values: Sequence[float], share: float) -> float:
    """Return a percentile by linear interpolation."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * share
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def interleaved(
    sides: dict[str, Callable[[str], object]], questions: Sequence[str], rounds: int
) -> dict[str, list[float]]:
    """Time several callables on the same questions in turn; return milliseconds a call for each."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    for call in sides.values():
        for question in questions[:5]:
            call(question)
    for _ in range(rounds):
        for question in questions:
            for name, call in sides.items():
                started = time.perf_counter()
                call(question)
                times[name].append((time.perf_counter() - started) * 1000)
    return times


def summary(values: Sequence[float]) -> dict[str, float]:
    """Return median and 95th percentile."""
    return {"median_ms": round(statistics.median(values), 3), "p95_ms": round(percentile(values, 0.95), 3)}


def rss_mb(pid: int) -> float:
    """Return a process's resident memory in MB (10**6 bytes)."""
    path = Path(f"/proc/{pid}/statm")
    if path.exists():
        return int(path.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    out = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True).stdout
    return int(out) * 1024 / 1e6


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(index: Path) -> Iterator[tuple[str, subprocess.Popen[bytes], float]]:
    """Run a real server; yield its address, its process and the seconds from process start until it was ready."""
    port = free_port()
    environment = {**os.environ, "YIJU_RATE_LIMIT": "0", "YIJU_INDEX": str(index)}
    command = [sys.executable, "-m", "bot", "serve", "--port", str(port)]
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        while True:
            try:
                with urllib.request.urlopen(f"{address}/readyz", timeout=1) as answer:
                    if answer.status == 200:
                        break
            except (urllib.error.URLError, OSError):
                pass
            if process.poll() is not None or time.perf_counter() - started > 120:
                raise SystemExit("the server did not start; run `make serve` to see why")
            time.sleep(0.02)
        yield address, process, time.perf_counter() - started
    finally:
        process.terminate()
        process.wait(timeout=20)
