"""The model that comes with the project: multilingual-e5-small, trained on medical questions, in one small file.

``weights/README.md`` says how it was made, from what, and under which licences.
"""

from __future__ import annotations

import json
from pathlib import Path

from bot.encoding.packed_model import unpack
from bot.encoding.unpacking import PROVENANCE, WEIGHTS, file_sha256, unpacked
from bot.errors import EncoderError

FOLDER = Path(__file__).parent / "weights"
FILE, CARD = FOLDER / "encoder.zip", FOLDER / "encoder.json"


def default_model(cache: Path) -> Path:
    """Return the folder of the default model inside ``cache``, unpacking it first if it is not there or damaged.

    Several processes may call this at once. Takes about 2 s and 150 MB of disk the first time.

    Raises:
        EncoderError: the weights file is missing or damaged, or the folder cannot be written.
    """
    try:
        card = json.loads(CARD.read_text(encoding="utf-8"))
        name, expected = str(card["name"]), str(card["sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EncoderError(f"读不到内置模型的说明 {CARD}：{error}。请重新取得程序文件。") from error

    def fill(target: Path) -> None:
        found = file_sha256(FILE) if FILE.is_file() else "没有这个文件"
        if found != expected:
            raise EncoderError(
                f"内置模型 {FILE} 缺失或已损坏：SHA-256 应为 {expected}，实为 {found}。请重新取得程序文件。"
            )
        unpack(FILE, target)
        card["files"] = {part: file_sha256(target / part) for part in (WEIGHTS, "tokenizer.json")}
        (target / PROVENANCE).write_text(json.dumps(card, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")

    return unpacked(cache, f"{name}-{expected[:12]}", fill)
