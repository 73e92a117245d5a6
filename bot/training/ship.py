"""A trained model folder -> the one file that is shipped: ``python -m bot.training.ship FOLDER FILE``.

The vocabulary is reduced to Chinese and English. English is what the words given with ``--words`` are cut into (one a
line); without it, the 40,000 most frequent words of the package ``wordfreq``, needed only here.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from bot.encoding.packed_model import pack
from bot.errors import EncoderError
from bot.training.vocabulary import prune


def english(path: Path | None) -> list[str]:
    """Return English words: of a file, one a line, or of ``wordfreq``.

    Raises:
        EncoderError: there is no file and no ``wordfreq``.
    """
    if path is not None:
        return path.read_text("utf-8").split()
    try:
        from wordfreq import top_n_list  # type: ignore[import-not-found, unused-ignore]
    except ImportError as error:
        raise EncoderError("需要英文词表：用 --words 给出(每行一词)，或 pip install wordfreq。") from error
    return [word for word in top_n_list("en", 40_000) if word.isalpha()]


def ship(folder: Path, file: Path, words: list[str]) -> dict[str, Any]:
    """Prune, pack and return what became of it: pieces kept, bytes, SHA-256."""
    with tempfile.TemporaryDirectory() as place:
        pieces = prune(folder, Path(place) / "model", words)
        packed = pack(Path(place) / "model", file)
    return {"pieces": pieces, "bytes": packed["bytes"], "sha256": packed["sha256"]}


def main() -> None:
    """Print the result as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("--words", type=Path)
    args = parser.parse_args()
    print(json.dumps(ship(args.folder, args.file, english(args.words))))  # noqa: T201


if __name__ == "__main__":
    main()
