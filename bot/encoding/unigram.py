"""Unigram tokenisers in a tenth of the memory: the pieces in sentencepiece's trie, the rest as tokenizers has it.

The ``tokenizers`` library keeps 125 MB for the default model's 137,000 pieces, sentencepiece 25 MB; both segment alike
(``tests/test_encoding.py`` compares them). Normalising and splitting stay with ``tokenizers``, which has the rules.
"""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sentencepiece import SentencePieceProcessor
    from tokenizers import Tokenizer


@dataclass(frozen=True, slots=True)
class SplitTokenizer:
    """A Unigram tokeniser taken apart: rules without pieces, sentencepiece's model, the ids around every text."""

    rules: str
    pieces: bytes
    before: list[int]
    after: list[int]


def split_unigram(tokenizer_json: str) -> SplitTokenizer | None:
    """Take a ``tokenizer.json`` apart; None where it is not a Unigram one with a plain template around the text."""
    content = json.loads(tokenizer_json)
    model, template = content["model"], content.get("post_processor") or {}
    if model.get("type") != "Unigram" or model.get("byte_fallback") or template.get("type") != "TemplateProcessing":
        return None
    around = _around(template)
    if around is None:
        return None
    special = {token["id"] for token in content.get("added_tokens", [])}
    rules = {
        **content,
        "added_tokens": [],
        "post_processor": None,
        "model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0]], "byte_fallback": False},
    }
    pieces = _sentencepiece_model(model["vocab"], model["unk_id"], special)
    return SplitTokenizer(json.dumps(rules, ensure_ascii=False), pieces, *around)


def _around(template: dict[str, Any]) -> tuple[list[int], list[int]] | None:
    """Return the special ids before and after a single text."""
    sides: tuple[list[int], list[int]] = ([], [])
    seen = 0
    for part in template["single"]:
        if "Sequence" in part:
            seen += 1
        else:
            sides[min(seen, 1)].extend(template["special_tokens"][part["SpecialToken"]["id"]]["ids"])
    return sides if seen == 1 else None


def _sentencepiece_model(vocabulary: list[list[Any]], unknown: int, special: set[int]) -> bytes:
    """Return a sentencepiece model with these pieces, in this order, that changes nothing in the text it is given."""
    schema: Any = importlib.import_module("sentencepiece.sentencepiece_model_pb2")  # generated, without types
    kinds = schema.ModelProto.SentencePiece
    model = schema.ModelProto()
    for place, (piece, score) in enumerate(vocabulary):
        kind = kinds.UNKNOWN if place == unknown else kinds.CONTROL if place in special else kinds.NORMAL
        model.pieces.add(piece=piece, score=score, type=kind)
    model.trainer_spec.model_type = schema.TrainerSpec.UNIGRAM
    model.trainer_spec.unk_id = unknown
    model.normalizer_spec.name = "identity"
    model.normalizer_spec.add_dummy_prefix = False
    model.normalizer_spec.remove_extra_whitespaces = False
    model.normalizer_spec.escape_whitespaces = False
    return bytes(model.SerializeToString())


class UnigramTokenizer:
    """Text to ids with a tokeniser that :func:`split_unigram` took apart; may be used from many threads at once."""

    def __init__(self, rules: Path, pieces: Path, before: list[int], after: list[int], max_tokens: int) -> None:
        """Load both files; raises whatever the two libraries raise for a file that they cannot read."""
        from sentencepiece import SentencePieceProcessor
        from tokenizers import Tokenizer

        self._rules: Tokenizer = Tokenizer.from_file(str(rules))
        self._pieces: SentencePieceProcessor = SentencePieceProcessor(model_file=str(pieces))
        self._before, self._after = before, after
        self._room = max_tokens - len(before) - len(after)

    def ids(self, text: str) -> list[int]:
        """Return the ids of a text with the special ones around it, cut to the model's length."""
        normalizer, splitter = self._rules.normalizer, self._rules.pre_tokenizer
        normal = normalizer.normalize_str(text) if normalizer is not None else text
        words = [word for word, _ in splitter.pre_tokenize_str(normal)] if splitter is not None else [normal]
        found = [piece for word in words for piece in self._pieces.encode(word)]
        return [*self._before, *found[: self._room], *self._after]
