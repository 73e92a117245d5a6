"""What an operator runs: the commands without what only building needs, no calls home, the scripts of ``deploy/``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.settings import Settings
from tests.conftest import CACHE, CORPUS, ROOT

ONLY_TO_BUILD = ("torch", "sentence_transformers", "transformers", "pypinyin", "onnx", "safetensors")
SWITCH = ROOT / "deploy" / "switch_index.sh"
OLD, NEW = "build-20261101-080000-aaaaaaaa", "build-20261102-080000-bbbbbbbb"


def without_build(code: str) -> subprocess.CompletedProcess[str]:
    """Run a program as on a machine that only serves: what only building needs cannot be imported."""
    blocked = f"import sys\nsys.modules.update(dict.fromkeys({ONLY_TO_BUILD!r}))\n"
    environment = {**os.environ, "YIJU_CACHE": str(CACHE), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run([sys.executable, "-c", blocked + code], cwd=ROOT, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=120)  # fmt: skip


@pytest.mark.parametrize("words", [["ask", "干细胞怎么治肾病"], ["search", "干细胞怎么治肾病"]])
def test_a_machine_that_serves_can_ask_and_search(settings: Settings, words: list[str]) -> None:
    done = without_build(f"from bot.__main__ import main\nsys.exit(main({[*words, '--index', str(settings.index)]!r}))")
    assert done.returncode == 0, done.stderr
    assert "干细胞" in done.stdout


def test_a_machine_that_serves_can_check_the_texts() -> None:
    done = without_build(f"from bot.__main__ import main\nsys.exit(main(['check', '--corpus', {str(CORPUS)!r}]))")
    assert done.returncode == 0, done.stderr
    assert "共 0 个错误" in done.stdout


def test_a_machine_that_serves_says_what_building_lacks(tmp_path: Path) -> None:
    arguments = ["build_index.py", "--quiet", "--index", str(tmp_path / "index")]
    done = without_build(f"sys.argv = {arguments!r}\nimport build_index\nsys.exit(build_index.main())")
    assert done.returncode == 1
    assert "没有装建索引所需的依赖" in done.stderr
    assert "deploy/setup_env.py build" in done.stderr


def test_an_answer_leaves_nothing_in_the_home_folder(settings: Settings, tmp_path: Path) -> None:
    """onnxruntime keeps an identifier and a queue of reports there, and sends them, unless it is told not to."""
    environment = {name: value for name, value in os.environ.items() if name not in ("CI", "ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME")}  # fmt: skip
    environment |= {"HOME": str(tmp_path), "YIJU_CACHE": str(CACHE)}
    command = [sys.executable, "-m", "bot", "ask", "干细胞怎么治肾病", "--json", "--index", str(settings.index)]
    subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True, timeout=120)
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")] == []


@pytest.fixture
def index(tmp_path: Path) -> Path:
    for name in (OLD, NEW):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").write_text("{}", "utf-8")
    (tmp_path / "CURRENT").write_text(f"{NEW}\n", "utf-8")
    return tmp_path


def switch(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", str(SWITCH), *words], capture_output=True, text=True, encoding="utf-8", timeout=20)


def test_the_builds_are_listed_and_the_one_in_use_is_marked(index: Path) -> None:
    assert switch(str(index)).stdout.splitlines() == [f"  {OLD}", f"* {NEW}"]


def test_the_previous_build_is_switched_to_and_back(index: Path) -> None:
    assert switch(str(index), "previous").returncode == 0
    assert (index / "CURRENT").read_text("utf-8") == f"{OLD}\n"
    assert switch(str(index), NEW).returncode == 0
    assert (index / "CURRENT").read_text("utf-8") == f"{NEW}\n"
    assert sorted(path.name for path in index.iterdir()) == ["CURRENT", OLD, NEW]


@pytest.mark.parametrize("wanted", ["build-20261103-080000-cccccccc", "../elsewhere", ".", "previous"])
def test_a_switch_that_cannot_be_changes_nothing(index: Path, wanted: str) -> None:
    (index / "CURRENT").write_text(f"{OLD}\n", "utf-8")  # so that nothing is earlier
    done = switch(str(index), wanted)
    assert done.returncode == 1
    assert done.stderr.strip()
    assert (index / "CURRENT").read_text("utf-8") == f"{OLD}\n"


@pytest.mark.parametrize(
    "script", [*sorted((ROOT / "deploy").glob("*.sh")), ROOT / "deploy" / "yiju"], ids=lambda path: path.name
)
def test_scripts_are_sound(script: Path) -> None:
    assert subprocess.run(["sh", "-n", str(script)], capture_output=True, timeout=20).stderr == b""
    assert os.access(script, os.X_OK)


@pytest.mark.skipif(not shutil.which("nginx") or not shutil.which("openssl"), reason="nginx or openssl is not here")
def test_nginx_takes_the_site(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=bot.example.cn"]
    subprocess.run([*made, "-keyout", key, "-out", certificate], check=True, capture_output=True, timeout=60)
    site = (ROOT / "deploy" / "nginx.conf").read_text("utf-8")
    for old, new in (
        ("/etc/nginx/ssl/bot.example.cn.pem", str(certificate)),
        ("/etc/nginx/ssl/bot.example.cn.key", str(key)),
        ("/var/log/nginx", str(tmp_path)),
    ):
        assert old in site
        site = site.replace(old, new)
    for port in ("80", "443"):
        site = site.replace(f"listen {port}", f"listen 127.0.0.1:1{port}").replace(
            f"listen [::]:{port}", f"listen [::1]:1{port}"
        )
    (tmp_path / "site.conf").write_text(site, "utf-8")
    main = f"pid {tmp_path}/pid; error_log {tmp_path}/error.log; events {{}} http {{ include {tmp_path}/site.conf; }}"
    (tmp_path / "main.conf").write_text(main, "utf-8")
    done = subprocess.run(
        ["nginx", "-t", "-c", str(tmp_path / "main.conf")], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
