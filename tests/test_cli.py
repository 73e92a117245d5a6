"""The commands as people type them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.settings import Settings
from tests.conftest import CACHE, CORPUS, ROOT


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "YIJU_CACHE": str(CACHE), **variables}
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, env=environment, encoding="utf-8", timeout=120)  # fmt: skip


@pytest.mark.parametrize(
    "command", ["serve", "ask", "search", "check", "settings", "train", "journal", "wechat", "key"]
)
def test_every_command_has_help(command: str) -> None:
    done = run("-m", "bot", command, "--help")
    assert done.returncode == 0
    assert "--help" in done.stdout


def test_build_help_tells_what_a_build_does() -> None:
    done = run("build_index.py", "--help")
    assert done.returncode == 0
    for word in ("--corpus", "--index", "--if-changed", "退出码", "不用重启"):
        assert word in done.stdout


def test_ask_search_and_check(settings: Settings) -> None:
    index = str(settings.index)
    reply = json.loads(run("-m", "bot", "ask", "干细胞怎么治肾病", "--json", "--index", index).stdout)
    assert reply["kind"] == "answer"
    assert reply["passages"][0]["references"]
    text = run("-m", "bot", "ask", "干细胞怎么治肾病", "--index", index).stdout
    assert reply["passages"][0]["text"].splitlines()[0] in text
    assert "免责说明" in text
    table = run("-m", "bot", "search", "狼疮性肾炎", "--index", index, "--top", "3").stdout
    assert "BM25" in table
    assert "狼疮性肾炎" in table
    hits = json.loads(run("-m", "bot", "search", "狼疮性肾炎", "--index", index, "--json").stdout)
    assert {"rank", "fused", "dense_rank", "dense_score", "lexical_rank", "lexical_score", "matched"} <= set(hits[0])
    check = run("-m", "bot", "check", "--corpus", str(CORPUS))
    assert check.returncode == 0
    assert "label-mismatch" in check.stdout
    assert run("-m", "bot", "check", "--strict", "--corpus", str(CORPUS)).returncode == 1


def test_errors_are_one_chinese_message_with_a_remedy(tmp_path: Path) -> None:
    for arguments, words in (
        (("-m", "bot", "ask", "问", "--index", str(tmp_path)), "build_index.py"),
        (("-m", "bot", "serve", "--index", str(tmp_path)), "build_index.py"),
        (("-m", "bot", "check", "--corpus", str(tmp_path / "none")), "不存在"),
        (("build_index.py", "--corpus", str(tmp_path), "--index", str(tmp_path / "i")), "没有文章"),
        (("build_index.py", "--model", str(tmp_path / "no-model"), "--index", str(tmp_path / "i")), "模型"),
    ):
        done = run(*arguments)
        assert done.returncode == 1, arguments
        assert words in done.stderr, done.stderr
        assert "Traceback" not in done.stderr


def test_wrong_settings_are_named() -> None:
    done = run("-m", "bot", "settings", YIJU_PORT="70000")
    assert done.returncode == 1
    assert "port" in done.stderr
    assert "Traceback" not in done.stderr
    done = run("-m", "bot", "settings", YIJU_CONFIG="/nowhere.toml")
    assert (done.returncode, "不存在" in done.stderr) == (1, True)


def test_settings_order(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text('port = 9001\nmax_passages = 2\n[clinic]\nname = "某医院"\n', "utf-8")
    shown = json.loads(
        run("-m", "bot", "settings", "--json", YIJU_CONFIG=str(tmp_path / "c.toml"), YIJU_PORT="9002").stdout
    )
    assert (shown["port"], shown["max_passages"], shown["clinic"]["name"]) == (9002, 2, "某医院")


def test_building_from_a_corpus_of_ones_own(tmp_path: Path) -> None:
    shutil.copytree(CORPUS / "lexicon", tmp_path / "c" / "lexicon")
    (tmp_path / "c" / "a.md").write_text(
        "---\nid: a\ntitle: 透析须知\n---\n\n## 透析前能吃饭吗?\n\n透析前可以吃饭,但不要吃得太饱,少喝水。\n", "utf-8"
    )
    done = run("build_index.py", "--corpus", str(tmp_path / "c"), "--index", str(tmp_path / "i"), "--json", "--quiet")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert (summary["documents"], summary["passages"]) == (1, 1)
    reply = json.loads(run("-m", "bot", "ask", "透析之前可以吃东西吗", "--json", "--index", str(tmp_path / "i")).stdout)
    assert reply["passages"][0]["text"] == "透析前可以吃饭,但不要吃得太饱,少喝水。"
