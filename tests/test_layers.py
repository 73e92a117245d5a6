"""The import order of the design: a module imports only from rows above its own, and nothing imports in a circle."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LEVELS = {
    "bot": 0, "bot.records": 0, "bot.errors": 0, "bot.sites": 0, "bot.settings": 1,
    "bot.language": 1,
    "bot.corpus": 2, "bot.encoding": 2, "bot.journal": 2,
    "bot.retrieval": 3,
    "bot.dialogue": 4,
    "bot.training": 4,
    "bot.evaluation": 7, "bot.journal_command": 7,
    "bot.channels": 5,
    "bot.console": 6, "bot.app": 6, "bot.__main__": 8,
}  # fmt: skip
MODULES = sorted((ROOT / "bot").rglob("*.py"))


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def level(name: str) -> int:
    found = [key for key in LEVELS if name == key or (key != "bot" and name.startswith(key + "."))]
    assert found, f"{name} has no row in the design; give it one"
    return LEVELS[max(found, key=len)]


def row(name: str) -> str:
    return ".".join(name.split(".")[:2])


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module or "")
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def ours(path: Path) -> set[str]:
    known = {name_of(module) for module in MODULES}
    return {name for name in imports(path) if name in known and name != "bot"}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_only_from_rows_above(path: Path) -> None:
    own = name_of(path)
    for name in ours(path):
        same_row = row(name) == row(own) and level(own) > 0
        assert same_row or level(name) < level(own), f"{own} must not import {name}"


def test_no_circle() -> None:
    graph = {name_of(path): ours(path) - {name_of(path)} for path in MODULES}
    assert len(list(TopologicalSorter(graph).static_order())) >= len(graph)


@pytest.mark.parametrize("path", [p for p in MODULES if "channels" in p.parts], ids=name_of)
def test_channels_know_only_the_dialogue(path: Path) -> None:
    found = imports(path)
    assert not {"faiss", "jieba", "bm25s", "onnxruntime", "torch"} & {name.split(".")[0] for name in found}
    assert not any(name.startswith(("bot.retrieval", "bot.encoding")) for name in found)


@pytest.mark.parametrize("path", [p for p in MODULES if "dialogue" in p.parts], ids=name_of)
def test_dialogue_uses_retrieval_by_its_search_only(path: Path) -> None:
    allowed = {"bot.retrieval", "bot.retrieval.search", "bot.retrieval.live"}
    used = {name for name in ours(path) if name.startswith("bot.retrieval")}
    assert used <= allowed


def test_the_layer_check_can_fail(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("from bot.dialogue.dialogue import Dialogue\n", encoding="utf-8")
    assert "bot.dialogue.dialogue" in ours(bad)
    assert level("bot.dialogue.dialogue") > level("bot.retrieval.search")
