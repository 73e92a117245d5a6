"""Reading a question as it was typed: script, courtesy, pinyin, misspellings, synonyms."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import IndexFormatError
from bot.language.courtesy import core, courteous
from bot.language.lexicon import load_lexicon
from bot.language.pinyin import decode
from bot.language.segmentation import Segmenter
from bot.language.spelling import correct
from bot.language.spellings import Spellings, blur, load_spellings, make_spellings
from bot.language.understanding import STEPS, QuestionReader
from bot.language.variants import simplify, simplify_in_place
from bot.retrieval.confidence import focus, wording
from tests.conftest import CACHE

TEXTS = [
    "血管紧张素转换酶抑制剂可以降低尿蛋白，服药期间要定期复查肌酐和血钾。",
    "糖尿病肾病的患者应当控制血糖和血压。肾移植后要终身服用免疫抑制剂。",
    "间充质干细胞来源于骨髓和脐带，它可以调节免疫，延缓肾脏纤维化。",
    "甲状腺结节大多是良性的，半年复查一次超声就可以，不需要治疗。",
]


@pytest.fixture(scope="module")
def segmenter(tmp_path_factory: pytest.TempPathFactory) -> Segmenter:
    folder = tmp_path_factory.mktemp("lexicon")
    (folder / "terms.txt").write_text("间充质干细胞\n血管紧张素\n免疫抑制剂\n", "utf-8")
    (folder / "synonyms.txt").write_text("肾移植 换肾 kidney_transplant\n甲状腺结节 甲结节\n排异 排斥\n", "utf-8")
    return Segmenter(load_lexicon(folder), CACHE)


@pytest.fixture(scope="module")
def spellings(segmenter: Segmenter) -> Spellings:
    return make_spellings(TEXTS, segmenter)


@pytest.fixture(scope="module")
def reader(segmenter: Segmenter, spellings: Spellings) -> QuestionReader:
    return QuestionReader(segmenter, spellings)


def test_traditional_characters() -> None:
    assert simplify("間充質幹細胞能治療腎臟病嗎？乾燥綜合徵") == "间充质干细胞能治疗肾脏病吗？干燥综合征"
    assert simplify("甚麼是纖維化") == "什么是纤维化"
    already = "皇后说头发干了，著名的里程碑 CKD"
    assert simplify(already) == already
    for text in ("醫師說後續治療", "𠮷野家的頭髮", "ＣＫＤ幾期", ""):
        assert len(simplify_in_place(text)) == len(text)


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("医生你好，请问甲状腺结节要治疗吗？谢谢医生", "甲状腺结节要治疗吗"),
        ("您好，我想咨询一下，换肾后吃什么药，在线等，急", "换肾后吃什么药"),
        ("急性肾损伤怎么办", "急性肾损伤怎么办"),
        ("亲人能捐肾吗", "亲人能捐肾吗"),
        ("医生说我肌酐高怎么办", "医生说我肌酐高怎么办"),
        ("谢谢", "谢谢"),
        ("你好", "你好"),
        ("hello", "hello"),
    ],
)
def test_courtesy_goes_and_the_question_stays(said: str, asked: str) -> None:
    assert courteous(said).rstrip("？?，,。") == asked


def test_a_life_story_is_cut_to_what_asks_and_what_it_is_about() -> None:
    story = (
        "我今年五十二了，在工地上干活，去年查出糖尿病肾病，老婆天天念叨我，女儿也在外地，平时一个人住，吃饭都是随便对付，"
        "也没人管着我，前两天老乡来看我，说他们村里也有人得这个，我听了一晚上没睡着，我就想知道血糖控制到多少算合格呢"
    )
    found = core(story, lambda clause: 5.0 if "肾病" in clause else 0.1 if "工地" in clause else 0.0)
    assert "糖尿病肾病" in found
    assert found.endswith("血糖控制到多少算合格呢")
    assert "老婆" not in found
    assert core("短问题怎么办", lambda clause: 1.0) == "短问题怎么办"
    plain = "今天去医院做了很多很多很多很多检查，然后回家吃饭，晚上睡觉了没有别的事情"
    assert core(plain, lambda clause: 1.0) == plain  # nothing asks: nothing may be dropped


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("tangniaobing shenbing", "糖尿病肾病"),
        ("gan xi bao neng zhi liao ma", "干细胞能治疗吗"),
        ("ganxibao 可以治疗吗", "干细胞 可以治疗吗"),
        ("jianchongzhiganxibao", "间充质干细胞"),
    ],
)
def test_pinyin_becomes_words(typed: str, meant: str, spellings: Spellings) -> None:
    assert decode(typed, spellings, lambda word: False) == meant


@pytest.mark.parametrize("typed", ["what is a stem cell", "MSC", "CKD 3期", "gene editing 是什么", "eGFR 45", "abc"])
def test_what_is_no_pinyin_stays(typed: str, spellings: Spellings) -> None:
    assert decode(typed, spellings, lambda word: False) == typed


def test_a_latin_word_of_the_corpus_is_never_pinyin(spellings: Spellings) -> None:
    assert decode("gan", spellings, lambda word: True) == "gan"
    assert decode("ganxibao", spellings, lambda word: word == "ganxibao") == "ganxibao"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("间冲质干细胞是什么", "间充质干细胞是什么"),
        ("肾脏纤唯化怎么办", "肾脏纤维化怎么办"),
        ("甲壮腺结节要手术吗", "甲状腺结节要手术吗"),
        ("免疫抑治剂要吃多久", "免疫抑制剂要吃多久"),
    ],
)
def test_misspellings_are_put_right(typed: str, meant: str, segmenter: Segmenter, spellings: Spellings) -> None:
    found, changes = correct(typed, segmenter, spellings)
    assert found == meant
    assert changes


@pytest.mark.parametrize(
    "text", [*TEXTS, "透析患者能吃香蕉吗", "我妈妈最近总是头晕", "这个药要吃多久", "跟治肾有什么关系"]
)
def test_right_spellings_stay(text: str, segmenter: Segmenter, spellings: Spellings) -> None:
    assert correct(text, segmenter, spellings) == (text, ())


def test_the_reader_does_all_and_tells_what_it_put_right(reader: QuestionReader) -> None:
    found = reader.read("醫生您好，間冲質幹細胞是什麼😀？謝謝")
    assert found.text.rstrip("？") == "间充质干细胞是什么"
    assert "间充质干细胞" in found.corrected
    assert reader.read("间充质干细胞是什么").corrected == ""


def test_synonyms_that_the_corpus_never_uses_are_renamed_for_the_encoder(reader: QuestionReader) -> None:
    found = reader.read("换肾后要吃药吗")
    assert (found.text, found.meaning) == ("换肾后要吃药吗", "肾移植后要吃药吗")
    assert reader.read("kidney transplant 以后").meaning == "肾移植 以后"
    assert reader.read("肾移植后").meaning == "肾移植后"
    assert reader.read("排异怎么办").meaning == "排异怎么办"  # the corpus uses neither name


def test_each_step_can_be_switched_off(segmenter: Segmenter, spellings: Spellings) -> None:
    said = {
        "traditional": "腎移植", "courtesy": "医生你好，换肾后吃什么药", "pinyin": "ganxibao", "spelling": "甲壮腺结节",
        "synonyms": "换肾",
    }  # fmt: skip
    assert set(said) == set(STEPS)
    nothing = QuestionReader(segmenter, spellings, ())
    for step, text in said.items():
        assert nothing.read(text).meaning == text
        only = QuestionReader(segmenter, spellings, (step,))
        assert only.read(text).meaning != text, step


@pytest.mark.parametrize("text", ["", " ", "？？？", "😀", "a" * 500, "？" * 200, "shi " * 120, "\u0000", "🈶" * 50])
def test_odd_input_does_no_harm(text: str, reader: QuestionReader) -> None:
    found = reader.read(text)
    assert isinstance(found.text, str)
    assert isinstance(found.meaning, str)


def test_blurred_sounds() -> None:
    assert blur(("zhong", "sheng", "liang", "xin")) == ("zong", "sen", "nian", "xin")
    assert blur(("xing",)) == blur(("xin",))


def test_the_table_comes_back_and_a_damaged_one_is_refused(spellings: Spellings, tmp_path: Path) -> None:
    spellings.save(tmp_path / "s.json")
    again = load_spellings(tmp_path / "s.json")
    assert again.words == spellings.words
    assert again.readings == spellings.readings
    assert again.used == spellings.used
    (tmp_path / "s.json").write_text("{}", "utf-8")
    with pytest.raises(IndexFormatError, match="重新建索引"):
        load_spellings(tmp_path / "s.json")


@pytest.mark.parametrize(
    ("question", "text", "name", "lacks"),
    [
        ("罗沙司他每次吃几粒", "罗沙司他是口服药，可以纠正贫血。", "lacks_dose", True),
        ("罗沙司他每次吃多少毫克", "起始剂量一般为每次100毫克，每周三次。", "lacks_dose", False),
        ("激素用多久能停", "激素是最常用的药。", "lacks_time", True),
        ("激素用多久能停", "足量用八周后缓慢减量。", "lacks_time", False),
        ("血浆置换要做几次", "血浆置换把抗体滤掉。", "lacks_count", True),
        ("复发率高吗，百分之几", "约三成人会复发。", "lacks_rate", False),
        ("激素有什么副作用", "激素是最常用的药。", "lacks_time", False),
    ],
)
def test_a_quantity_that_is_asked_for_and_not_told_is_noticed(question: str, text: str, name: str, lacks: bool) -> None:
    assert wording(question, text)[name] == float(lacks)


def test_words_in_common_and_own_figures_are_seen() -> None:
    assert wording("我肌酐320该不该做", "干细胞治疗")["own_figures"] == 1.0
    assert wording("肌酐320算几期", "干细胞治疗")["own_figures"] == 0.0
    assert wording("干细胞", "干细胞治疗")["letters"] == 1.0
    assert wording("透析", "干细胞治疗")["letters"] == 0.0
    assert wording("", "干细胞治疗")["letters"] == 0.0


def test_a_place_is_not_told_by_the_mere_word_hospital() -> None:
    assert focus("你们医院在哪条路上，坐地铁怎么走", "解放军总医院启动一项研究") < 0
    assert focus("你们医院在哪条路上，坐地铁怎么走", "地址：人民路1号，地铁二号线可到") == 0
