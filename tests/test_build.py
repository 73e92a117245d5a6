"""The whole build with the real model on the real article, and what happens when things go wrong."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bot.errors import CorpusError, IndexFormatError
from bot.retrieval import build as build_module
from bot.retrieval.build import build_index, up_to_date
from bot.retrieval.live import LiveIndex
from bot.retrieval.loading import load_build
from bot.retrieval.store import current_build, read_manifest
from bot.settings import Settings
from tests.conftest import CACHE, CORPUS, ROOT, SilentReport


@pytest.fixture
def copied(settings: Settings, tmp_path: Path) -> Settings:
    """The session's index and the corpus, copied, for tests that change them."""
    shutil.copytree(settings.index, tmp_path / "index", ignore=shutil.ignore_patterns(".lock"))
    shutil.copytree(CORPUS, tmp_path / "corpus")
    return settings.model_copy(update={"index": tmp_path / "index", "corpus": tmp_path / "corpus"})


def test_the_build_says_what_it_is_made_of(settings: Settings) -> None:
    folder = current_build(settings.index)
    manifest = read_manifest(folder)
    rows = [json.loads(line) for line in (folder / "passages.jsonl").read_text("utf-8").splitlines()]
    bodies = {d["id"]: d["body"] for d in map(json.loads, (folder / "documents.jsonl").read_text("utf-8").splitlines())}
    assert manifest["counts"]["passages"] == len(rows) >= 15
    assert manifest["counts"]["references"] == 3
    assert manifest["encoder"]["serving"] == "onnx"
    assert manifest["encoder"]["agreement"]["mean_cosine"] > 0.98
    assert manifest["encoder"]["agreement"]["top10_overlap"] > 0.8
    assert all(row["text"] == bodies[row["document_id"]][row["start"] : row["end"]] for row in rows)
    assert not [p for p in folder.rglob("*") if p.suffix in (".pkl", ".pickle", ".pt")]
    assert len(np.load(folder / "units.npy", allow_pickle=False)) == manifest["counts"]["vectors"]


def test_a_rebuild_encodes_nothing_and_a_change_only_itself(copied: Settings) -> None:
    assert up_to_date(copied) is not None
    assert build_index(copied, SilentReport()).encoded == 0
    path = copied.corpus / "stem-cells-kidney.md"
    text = path.read_text("utf-8").replace("扫码添加微信", "扫码添加微信号")
    path.write_text(text.replace("当然,这条路并不轻松。", "当然,这条道路并不轻松。"), "utf-8")
    assert up_to_date(copied) is None
    assert build_index(copied, SilentReport()).encoded == 1  # the changed passage
    assert up_to_date(copied) is not None


def test_up_to_date_notices_thresholds_and_model(copied: Settings) -> None:
    assert up_to_date(copied.model_copy(update={"caution": "宁缺毋滥"})) is None
    assert up_to_date(copied.model_copy(update={"index": copied.index / "none"})) is None


def test_a_failing_build_leaves_the_running_index(copied: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    before = current_build(copied.index)
    (copied.corpus / "bad.md").write_text("---\nid: [\n", "utf-8")
    with pytest.raises(CorpusError, match=r"bad\.md"):
        build_index(copied, SilentReport())
    (copied.corpus / "bad.md").unlink()

    def broken(*args: object) -> None:
        raise IndexFormatError("自检失败")

    monkeypatch.setattr(build_module, "_check", broken)
    with pytest.raises(IndexFormatError, match="自检失败"):
        build_index(copied, SilentReport())
    assert current_build(copied.index) == before
    assert not list(copied.index.glob(".building-*"))


def test_the_self_check_notices_a_wrong_passage_and_wrong_vectors(settings: Settings) -> None:
    index = load_build(current_build(settings.index), CACHE)
    from dataclasses import replace

    wrong = replace(index.passages[0], text="不是原文")
    with pytest.raises(IndexFormatError, match="与原文不一致"):
        build_module._check(replace(index, passages=(wrong, *index.passages[1:])))


def test_the_server_swaps_to_a_new_build_and_keeps_the_old_where_the_new_is_broken(copied: Settings) -> None:
    live = LiveIndex(copied.model_copy(update={"reload_seconds": 3600.0}))
    try:
        old = live.searcher
        assert live.refresh() is False
        build_index(copied, SilentReport())
        assert live.refresh() is True
        new = live.searcher
        assert new is not old
        assert new.search("干细胞治疗肾病", 1)[0].passage.id == old.search("干细胞治疗肾病", 1)[0].passage.id
        build_index(copied, SilentReport())
        (current_build(copied.index) / "passages.jsonl").write_text("{}", "utf-8")
        assert live.refresh() is False
        assert live.searcher is new
    finally:
        live.close()


def test_parts_that_do_not_fit_are_refused(copied: Settings) -> None:
    folder = current_build(copied.index)
    np.save(folder / "units.npy", np.zeros(3, dtype=np.int32))
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    del manifest["files"]["units.npy"]
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    with pytest.raises(IndexFormatError, match="对不上"):
        load_build(folder, CACHE)


def test_serving_a_copied_build_imports_no_torch(settings: Settings, tmp_path: Path) -> None:
    index = tmp_path / "elsewhere"
    index.mkdir()
    folder = current_build(settings.index)
    shutil.copytree(folder, index / folder.name)
    (index / "CURRENT").write_text(folder.name + "\n", "utf-8")
    code = (
        "import sys, json\n"
        "from pathlib import Path\n"
        "from bot.settings import load_settings\n"
        "from bot.dialogue.dialogue import open_dialogue\n"
        "d = open_dialogue(load_settings(index=Path(sys.argv[1]), cache=Path(sys.argv[2])))\n"
        "r = d.reply(None, '干细胞怎么治肾病'); d.close()\n"
        "print(json.dumps({'kind': r.kind, 'bad': [m for m in ('torch', 'transformers', 'sentence_transformers') if m in sys.modules]}))\n"
    )
    out = subprocess.run(
        [sys.executable, "-c", code, str(index), str(tmp_path / "cache")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(out.stdout) == {"kind": "answer", "bad": []}
