"""Reduce a model's vocabulary to the pieces that Chinese and English text uses, so that its file stays small.

A Unigram tokeniser cuts a word into the likeliest pieces that it has. Dropping pieces that no kept word is cut into
leaves every text of such words as it was; words of other languages are cut into smaller pieces instead, never lost,
because every single character stays.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

METASPACE = "▁"
WEIGHTS, TABLE = "model.safetensors", "embeddings.word_embeddings.weight"
_HAN = re.compile("[\u2e80-\u303f\u3100-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_SYLLABLE = "(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?(?:[iuv]?(?:ang|eng|ong|ing|ian|uan|an|en|in|un|ai|ei|ao|ou|iu|ui|ie|ue|uo|er|[aoeiuv]))"
_PINYIN = re.compile(f"{METASPACE}?(?:{_SYLLABLE})+")
_LETTERS = re.compile(f"{METASPACE}?[^\\W\\d_]+")


def prune(folder: Path, target: Path, words: Iterable[str]) -> int:
    """Write ``folder``'s model with a smaller vocabulary to ``target``; return how many pieces were kept.

    Args:
        folder: A sentence-transformers folder with a Unigram tokeniser.
        target: Where to; replaced if there.
        words: Words in Latin letters whose pieces are to stay (lower case; capitalised forms are added).
    """
    content: dict[str, Any] = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    pieces = [piece for piece, _ in content["model"]["vocab"]]
    ids = kept(pieces, [score for _, score in content["model"]["vocab"]], tokenizer, words)
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(folder, target)
    weights = load_file(folder / WEIGHTS)
    weights[TABLE] = weights[TABLE][ids].contiguous()
    save_file(weights, target / WEIGHTS, metadata={"format": "pt"})
    place = {old: new for new, old in enumerate(ids)}
    content["model"]["vocab"] = [content["model"]["vocab"][old] for old in ids]
    content["model"]["unk_id"] = place[content["model"]["unk_id"]]
    for token in content["added_tokens"]:
        token["id"] = place[token["id"]]
    for special in content["post_processor"]["special_tokens"].values():
        special["ids"] = [place[old] for old in special["ids"]]
    (target / "tokenizer.json").write_text(json.dumps(content, ensure_ascii=False), "utf-8")
    config = json.loads((folder / "config.json").read_text("utf-8"))
    config["vocab_size"] = len(ids)
    for key in ("pad_token_id", "bos_token_id", "eos_token_id"):
        if config.get(key) is not None:
            config[key] = place[config[key]]
    (target / "config.json").write_text(json.dumps(config, indent=2) + "\n", "utf-8")
    return len(ids)


def kept(pieces: list[str], scores: list[float], tokenizer: Tokenizer, words: Iterable[str]) -> list[int]:
    """Return the ids to keep, ascending.

    They are: every piece that is not a run of letters (signs, digits, specials) or holds a Han character, every single
    character, toneless pinyin, the lowest-scored piece (the unknown token's score hangs on it), and the pieces ``words`` are cut into.
    """
    used = {scores.index(min(scores))}
    used |= {
        number
        for number, piece in enumerate(pieces)
        if _HAN.search(piece)
        or len(piece.strip(METASPACE)) <= 1
        or not _LETTERS.fullmatch(piece)
        or _PINYIN.fullmatch(piece)
    }
    forms = [form for word in words for form in (word, word.capitalize(), word.upper() if len(word) < 6 else word)]
    for encoding in tokenizer.encode_batch(forms, add_special_tokens=False):
        used |= set(encoding.ids)
    for encoding in tokenizer.encode_batch([f"中{form}" for form in forms], add_special_tokens=False):
        used |= set(encoding.ids)  # as after a Chinese character, without a space
    return sorted(used)
