"""Create ``.venv`` and install what the project needs; does nothing, and needs no network, where that was done.

Usage: ``python3 deploy/setup_env.py [extra ...]`` from the project's root. Standard library only.

torch comes first and as a CPU build. The build that PyPI gives for x86-64 Linux brings gigabytes of CUDA libraries;
where a dry run shows that this would happen, the PyTorch project's own index of CPU builds is used. ``TORCH_INDEX``
names another one (a mirror); ``TORCH`` another version.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
TORCH = os.environ.get("TORCH") or "torch==2.13.0"
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"


def fail(message: str) -> None:
    """Stop with one Chinese sentence."""
    raise SystemExit(f"安装失败：{message}")


def stamp(extras: set[str]) -> Path:
    """Return the file that tells this very installation was finished; its name ends in the extras."""
    wanted = (ROOT / "pyproject.toml").read_text(encoding="utf-8") + TORCH + str(sys.version_info[:2])
    digest = hashlib.sha256(wanted.encode()).hexdigest()[:16]
    return ENVIRONMENT / f".installed-{digest}-{'+'.join(sorted(extras))}"


def installed(extras: set[str]) -> bool:
    """Tell whether an installation with at least these extras was finished."""
    prefix = stamp(set()).name
    found = [path.name.removeprefix(prefix) for path in ENVIRONMENT.glob(f"{prefix}*")]
    return any(extras <= set(names.split("+")) for names in found)


def pip(*arguments: str) -> int:
    """Run pip in the environment and return its exit code."""
    return subprocess.call([str(PYTHON), "-m", "pip", "--disable-pip-version-check", *arguments], cwd=ROOT)


def wants_cuda() -> bool:
    """Tell whether the configured sources would install a CUDA build of torch."""
    if platform.system() != "Linux" or platform.machine() not in ("x86_64", "AMD64"):
        return False
    report = ENVIRONMENT / "torch-report.json"
    code = pip("install", "--quiet", "--dry-run", "--ignore-installed", "--report", str(report), TORCH)
    if code != 0:
        return False
    names = [item["metadata"]["name"].lower() for item in json.loads(report.read_text())["install"]]
    report.unlink()
    return any(name.startswith(("nvidia-", "cuda-", "triton")) for name in names)


def install_torch() -> None:
    """Install torch for the CPU."""
    index = os.environ.get("TORCH_INDEX", "")
    if not index and wants_cuda():
        print("默认来源的 torch 带有 CUDA(数 GB)。改用 PyTorch 官方的 CPU 版来源；连不上时可用 TORCH_INDEX 指定镜像。")
        index = TORCH_CPU_INDEX
    code = pip("install", TORCH, *(["--index-url", index] if index else []))
    if code != 0 and index:
        fail(
            f"从 {index} 装不上 {TORCH}。请用 TORCH_INDEX=<CPU 版 torch 的镜像地址> 再试;"
            "如果确实愿意下载带 CUDA 的版本，先运行 .venv/bin/pip install torch，再重试。"
        )
    if code != 0:
        fail(f"装不上 {TORCH}。请检查网络和 pip 的源设置后再试。")


def main() -> None:
    """Create the environment and install, unless that was done before."""
    extras = set(sys.argv[1:])
    if not extras <= {"build", "test", "lint"}:
        raise SystemExit(__doc__)
    if sys.version_info < (3, 10):  # noqa: UP036 - this script must speak before the version is known
        fail(f"需要 Python 3.10 或更新，当前是 {platform.python_version()}。可用 make PYTHON=python3.12 serve 指定。")
    if installed(extras):
        return
    if not PYTHON.exists():
        print("创建虚拟环境 .venv …")
        venv.create(ENVIRONMENT, with_pip=True)
    if "build" in extras and subprocess.call([str(PYTHON), "-c", "import torch"], stderr=subprocess.DEVNULL) != 0:
        install_torch()
    print("安装依赖 …")
    if pip("install", "--editable", f".[{','.join(sorted(extras))}]" if extras else ".") != 0:
        fail("依赖没有装全。请检查网络和 pip 的源设置后再试(已下载的不会重下)。")
    stamp(extras).touch()


if __name__ == "__main__":
    main()
