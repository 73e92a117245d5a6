"""Folding, lexicon, segmentation and sentence boundaries."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import CorpusError
from bot.language.folding import clean_question, fold, has_unsafe, strip_unsafe
from bot.language.lexicon import Lexicon, load_lexicon
from bot.language.segmentation import Segmenter
from bot.language.sentences import clauses, sentences
from tests.conftest import CACHE


def test_fold_keeps_length_and_equates_width_and_case() -> None:
    text = "CKD3期①㎎İßfi和IgA"
    assert len(fold(text)) == len(text)
    assert fold("CKD3") == "ckd3" == fold("CKD3")
    assert fold("㎎") == "㎎"  # would become two characters: left alone


def test_clean_question_removes_what_no_honest_text_needs() -> None:
    assert clean_question(" 干\x00细\ud800胞\u202e \n\t能治吗\u200b ") == "干 细 胞 能治吗"
    assert clean_question("\x00\u200b \n") == ""
    assert has_unsafe("a\u202eb")
    assert not has_unsafe("一\n二\t三")
    assert strip_unsafe("一\x07二\n") == "一二\n"


def test_lexicon_reads_terms_and_groups(tmp_path: Path) -> None:
    (tmp_path / "terms.txt").write_text("# c\n间充质干细胞 20000 n\n肾单位\n", encoding="utf-8")
    (tmp_path / "synonyms.txt").write_text("肾移植 换肾\n狼疮性肾炎 LN lupus_nephritis\n", encoding="utf-8")
    lexicon = load_lexicon(tmp_path)
    assert ("间充质干细胞", 20000) in lexicon.terms
    assert lexicon.canonical["换肾"] == "肾移植"
    assert lexicon.canonical["lupus nephritis"] == "狼疮性肾炎"
    assert set(lexicon.same("LN")) == {"狼疮性肾炎", "ln", "lupus nephritis"}
    assert lexicon.same("别的") == ("别的",)


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("terms.txt", "肾 abc n\n", "terms.txt:1"),
        ("synonyms.txt", "肾移植\n", "synonyms.txt:1"),
        ("synonyms.txt", "甲 乙\n丙 乙\n", "synonyms.txt:2"),
    ],
)
def test_lexicon_complaints_name_the_line(tmp_path: Path, name: str, content: str, word: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(CorpusError, match=word):
        load_lexicon(tmp_path)


def test_lexicon_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "terms.txt").write_bytes("肾".encode("gb18030"))
    with pytest.raises(CorpusError, match="UTF-8"):
        load_lexicon(tmp_path)


@pytest.fixture(scope="module")
def small() -> Segmenter:
    groups = {
        "肾移植": "肾移植",
        "换肾": "肾移植",
        "间充质干细胞": "间充质干细胞",
        "mesenchymal stem cell": "间充质干细胞",
    }
    return Segmenter(Lexicon((("糖化血红蛋白", 0), ("间充质干细胞", 0), ("换肾", 0)), groups), CACHE)


def test_terms_stay_whole_and_search_mode_adds_parts(small: Segmenter) -> None:
    words = [word for word, _, _ in small.words("糖化血红蛋白高,间充质干细胞")]
    assert "糖化血红蛋白" in words
    assert "间充质干细胞" in words
    assert {"间充质干细胞", "干细胞"} <= set(small.tokens("间充质干细胞"))


def test_words_have_their_places(small: Segmenter) -> None:
    text = "CKD患者,换肾!"
    for word, start, end in small.words(text):
        assert fold(text[start:end]) == word


def test_synonyms_share_a_token(small: Segmenter) -> None:
    assert "肾移植" in small.tokens("换肾以后")
    assert "间充质干细胞" in small.tokens("What is Mesenchymal Stem Cell therapy")


def test_two_segmenters_do_not_share_a_dictionary(small: Segmenter) -> None:
    other = Segmenter(Lexicon(), CACHE)
    assert "糖化血红蛋白" not in [word for word, _, _ in other.words("糖化血红蛋白")]


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


def test_sentences() -> None:
    assert cut("一句。两句!三句?四") == ["一句。", "两句!", "三句?", "四"]
    assert cut("值是3.5克。说“好。真好”吗?") == ["值是3.5克。", "说“好。真好”吗?"]
    assert cut("他说:“好。”然后走了。") == ["他说:“好。”", "然后走了。"]
    assert cut("甲(见图。乙)丙。丁") == ["甲(见图。乙)丙。", "丁"]
    assert cut("上行\n下行") == ["上行", "下行"]
    assert cut(" \n ") == []
    assert cut("It ends. Next one. 版本1.2好") == ["It ends.", "Next one.", "版本1.2好"]


def test_full_width_and_half_width_marks_cut_alike() -> None:
    wide = str.maketrans("!?;,:()", "\uff01\uff1f\uff1b\uff0c\uff1a\uff08\uff09")
    for text in ("好!真的?是;对。", "他(看!这)说:“好!”走了,真的!", "甲甲,乙乙:丙丙"):
        assert cut(text.translate(wide)) == [part.translate(wide) for part in cut(text)]
    assert cut("好\uff01真的\uff1f是\uff1b对") == ["好\uff01", "真的\uff1f", "是\uff1b", "对"]


def test_clauses_never_cut_words_or_brackets(small: Segmenter) -> None:
    text = "甲甲甲甲甲,乙乙乙(丙,丙丙丙丙丙),丁丁丁丁丁,戊戊戊"
    pieces = [text[a:b] for a, b in clauses(text, (0, len(text)), 12, small.boundaries)]
    assert "".join(pieces) == text
    assert any("(丙,丙丙丙丙丙)" in piece for piece in pieces)
    assert max(map(len, pieces)) <= 18
