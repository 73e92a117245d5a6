"""Personal data is gone from what is kept, and nothing else is."""

from __future__ import annotations

import itertools
import re
import unicodedata

import pytest

from bench.masking import Sentence, measure, milliseconds, read_sentences
from bot.journal.masking import TAGS, find, mask
from bot.journal.personal.name_parts import common_words
from tests.conftest import CORPUS, ROOT

SENTENCES = read_sentences(ROOT / "tests" / "data" / "masking.tsv", "dev")
PERSONAL = [sentence for sentence in SENTENCES if sentence.values]
HARMLESS = [sentence.text for sentence in SENTENCES if not sentence.values]
WHOLE = {
    "医生您好,我叫王建国,今年56岁,肌酐320": "医生您好,我叫〔姓名〕,今年56岁,肌酐320",
    "我叫王芳今年三十,王芳是我真名": "我叫〔姓名〕今年三十,〔姓名〕是我真名",
    "我姓王,名建国": "我姓〔姓名〕,名〔姓名〕",
    "患者陳志明,男,61歲,電話0912-345-678": "患者〔姓名〕,男,61歲,電話〔电话〕",
    "李敏 138 0013 8000 河南省郑州市金水区花园路28号": "〔姓名〕 〔电话〕 〔地址〕",
    "身份证11010519491231002X,社保号410103123456": "身份证〔身份证号〕,社保号〔社保号〕",
    "卡号6222 0202 0000 1234 562,邮箱a.b@163.com": "卡号〔银行卡号〕,邮箱〔邮箱〕",
    "住幸福小区3栋2单元501,微信wang_88,QQ 1234567": "住〔地址〕,微信〔微信号〕,QQ 〔QQ号〕",
    "生于一九六五年三月十二日,住院号ZY12345,15床": "生于〔出生日期〕,住院号〔病历号〕,〔病历号〕",
    "我的电话是一三八零零一三八零零零,晚上打": "我的电话是〔电话〕,晚上打",
    "１３８００１３８０００": "〔电话〕",
    "身份证号410103196503121236": "身份证号〔身份证号〕",  # a wrong check digit: mistyped, and still a person's
}


def test_the_table_is_large_and_every_kind_is_in_it() -> None:
    assert len(PERSONAL) >= 200
    assert len(HARMLESS) >= 140
    assert {kind for sentence in PERSONAL for kind, _ in sentence.values} == set(TAGS)


@pytest.mark.parametrize("sentence", PERSONAL, ids=lambda sentence: sentence.text)
def test_every_value_is_gone(sentence: Sentence) -> None:
    masked = mask(sentence.text)
    assert [value for _, value in sentence.values if value in masked] == []
    kinds = {found.kind for found in find(sentence.text)}
    assert {kind for kind, _ in sentence.values} <= kinds | {"social", "phone"}


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize("text", WHOLE, ids=str)
def test_only_the_personal_part_is_replaced(text: str) -> None:
    assert mask(text) == WHOLE[text]


def test_offsets_are_into_the_original_text() -> None:
    text = "ｗａｎｇ＠１６３．ｃｏｍ是我郵箱，我叫陳靜怡，電話１３８００１３８０００"
    found = {item.kind: text[item.start : item.end] for item in find(text)}
    assert found == {"email": "ｗａｎｇ＠１６３．ｃｏｍ", "name": "陳靜怡", "phone": "１３８００１３８０００"}


def test_findings_are_disjoint_and_in_order() -> None:
    for sentence in SENTENCES:
        spans = [(item.start, item.end) for item in find(sentence.text)]
        assert all(start < end for start, end in spans)
        assert all(one[1] <= two[0] for one, two in itertools.pairwise(spans))


def test_masking_twice_is_masking_once() -> None:
    for sentence in SENTENCES:
        masked = mask(sentence.text)
        assert mask(masked) == masked


def test_width_does_not_matter() -> None:
    wide = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x30, 0x3A)})
    left = []
    for sentence in PERSONAL:
        masked = unicodedata.normalize("NFKC", mask(sentence.text.translate(wide)))
        left += [value for _, value in sentence.values if unicodedata.normalize("NFKC", value) in masked]
    assert left == []


def test_a_clinics_own_texts_stay_as_they_are() -> None:
    for path in sorted(CORPUS.glob("*.md")):
        body = path.read_text(encoding="utf-8").split("---", 2)[2]
        assert [body[item.start : item.end] for item in find(body)] == []


@pytest.mark.parametrize(
    "text",
    ["", " ", "1" * 5000, "市区" * 2500, "我叫" * 2500, "a@" * 2500, "138 " * 1250, "省市区县路街号" * 700, "\0\ud800"],
)
def test_odd_and_hostile_texts_come_to_an_end(text: str) -> None:
    assert isinstance(mask(text), str)


def test_common_words_are_words() -> None:
    assert {"高中", "谢谢", "孙子"} <= common_words()
    assert all(re.fullmatch(r"[\u4e00-\u9fff]{2,4}", word) for word in common_words())


def test_the_measurement_counts_what_is_left_and_what_is_changed() -> None:
    outcome = measure(
        [
            Sentence("我叫王芳", (("name", "王芳"),)),
            Sentence("肌酐320", (("record", "320"),)),
            Sentence("我叫李娜", ()),
            Sentence("你好", ()),
        ]
    )
    assert (outcome.gone["name"], outcome.count["name"]) == (1, 1)
    assert (outcome.gone["record"], outcome.count["record"]) == (0, 1)
    assert (outcome.changed, outcome.harmless) == (1, 2)
    assert len(outcome.wrong) == 2
    median, high = milliseconds(SENTENCES)
    assert 0 < median <= high
