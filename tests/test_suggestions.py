"""What is suggested: answered for certain, near, never twice; and known questions while they are typed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.dialogue.dialogue import Dialogue, open_dialogue
from bot.dialogue.safety import open_safety
from bot.dialogue.suggestions import Suggestions
from bot.language.typeahead import TypeAhead
from bot.language.variants import bare
from bot.retrieval.build import build_index
from bot.retrieval.search import LoadedIndex
from bot.settings import Settings
from tests.conftest import CORPUS, ROOT, SilentReport

CLINIC = ROOT / "bench/clinics/nephrology-large"
FAQ = """question,answer,variants
透析病人能吃香蕉吗?,香蕉含钾很高，透析间期吃多了容易引起高钾血症，一般不建议多吃；想吃时先问医生当月的血钾。,血透能吃香蕉不|做透析的人可以吃香蕉吗
肾移植后能养宠物吗?,肾移植后头半年免疫力最低，不建议接触猫狗的粪便，更不要清理猫砂，以免感染弓形虫。,换肾以后可以养猫吗
"""


def write_clinic(folder: Path) -> None:
    """Write the written clinic's articles as a corpus, without the questions beside its passages, and a small FAQ."""
    for path in sorted(CLINIC.glob("[0-9]*.txt")):
        lines = [line.strip() for line in path.read_text("utf-8").splitlines() if line.strip()]
        title = next(line[1:].strip() for line in lines if line.startswith("#") and not line.startswith("##"))
        body = [
            line for line in lines if not line.startswith("?") and (not line.startswith("#") or line.startswith("##"))
        ]
        text = f'---\nid: n{path.stem}\ntitle: "{title}"\n---\n\n' + "\n\n".join(body) + "\n"
        (folder / f"{path.stem}.md").write_text(text, "utf-8")
    (folder / "faq").mkdir()
    (folder / "faq/常见问题.csv").write_text(FAQ, "utf-8")
    shutil.copytree(CORPUS / "lexicon", folder / "lexicon")


@pytest.fixture(scope="module")
def clinic(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dialogue]:
    folder = tmp_path_factory.mktemp("clinic")
    (folder / "corpus").mkdir()
    write_clinic(folder / "corpus")
    made = settings.model_copy(
        update={"corpus": folder / "corpus", "index": folder / "index", "safety": CORPUS / "safety"}
    )
    build_index(made, SilentReport())
    opened = open_dialogue(made)
    yield opened
    opened.close()


def index_of(dialogue: Dialogue) -> LoadedIndex:
    return dialogue._now().searcher.index


def suggestions_of(dialogue: Dialogue) -> Suggestions:
    return dialogue._now().suggestions


@pytest.mark.parametrize("name", ["dialogue", "clinic"])
def test_every_suggestion_is_answered_with_its_own_passage(name: str, request: pytest.FixtureRequest) -> None:
    dialogue: Dialogue = request.getfixturevalue(name)
    index, suggestions = index_of(dialogue), suggestions_of(dialogue)
    offered = suggestions.starters(10_000)
    of = {question.text: question for question in index.questions}
    assert len(offered) >= (10 if name == "dialogue" else 35)
    for text in offered:
        reply = dialogue.reply(None, text)
        assert reply.kind == "answer", text
        assert reply.passages[0].id == of[text].passage_id, text
        assert not reply.text.startswith("按"), text  # it needs no putting right
    assert suggestions.after((), (), 10_000) == offered


@pytest.mark.parametrize("name", ["dialogue", "clinic"])
def test_tapping_on_and_on_never_leads_to_the_same_question_or_answer(
    name: str, request: pytest.FixtureRequest
) -> None:
    dialogue: Dialogue = request.getfixturevalue(name)
    suggestions = suggestions_of(dialogue)
    answers = {question.text: question.passage_id for question in index_of(dialogue).questions}
    asked: list[str] = []
    seen: set[str] = set()
    chosen: str | None = suggestions.starters()[0]
    while chosen is not None:
        asked.append(chosen)
        shown = dialogue.reply(None, chosen).passages
        offered = suggestions.after(shown, asked, 3, seen)
        seen.update(passage.id for passage in shown)
        assert len(offered) == len(set(offered)) <= 3
        assert not {bare(text) for text in offered} & {bare(text) for text in asked}
        assert not {answers[text] for text in offered} & seen
        chosen = offered[0] if offered else None
    assert len(asked) >= (5 if name == "dialogue" else 20)
    assert suggestions.starters()[0] in asked


def test_the_next_questions_are_near_the_answer(clinic: Dialogue) -> None:
    index, suggestions = index_of(clinic), suggestions_of(clinic)
    of = {question.text: question for question in index.questions}
    passages = {passage.id: passage for passage in index.passages}
    shown = clinic.reply(None, "糖尿病肾病的防治：控制血糖").passages[:1]
    assert [of[text].document_id for text in suggestions.after(shown)] == ["n02"] * 3
    for question in index.questions:
        anchor = passages[question.passage_id]
        others = [
            other
            for other in index.questions
            if other.passage_id != anchor.id and passages[other.passage_id].section == anchor.section
            and other.document_id == anchor.document_id and suggestions.starters(10_000).count(other.text)
        ]  # fmt: skip
        if others:  # the same section before all others
            assert suggestions.after([anchor])[0] in {other.text for other in others}


def test_after_the_last_question_of_a_text_come_the_nearest_of_others(clinic: Dialogue) -> None:
    index, suggestions = index_of(clinic), suggestions_of(clinic)
    question = next(q for q in index.questions if q.text == "透析病人能吃香蕉吗?")
    anchor = next(p for p in index.passages if p.id == question.passage_id)
    assert suggestions.after([anchor])[0] == "肾移植后能养宠物吗?"  # the same table
    nearest = suggestions.after([anchor], ["换肾以后可以养猫吗"])  # its other wording was asked
    of = {q.text: q for q in index.questions}
    vectors = index.dense.rows()
    place = {passage.id: number for number, passage in enumerate(index.passages)}
    cosines = {q.text: float(vectors[place[q.passage_id]] @ vectors[place[anchor.id]]) for q in index.questions}
    others = [text for text in suggestions.starters(10_000) if of[text].document_id != question.document_id]
    assert list(nearest) == sorted(others, key=lambda text: -cosines[text])[:3]


def test_starters_come_from_different_texts_the_editors_first(clinic: Dialogue) -> None:
    index, suggestions = index_of(clinic), suggestions_of(clinic)
    of = {question.text: question for question in index.questions}
    starters = suggestions.starters()
    assert len(starters) == 6
    assert of[starters[0]].kind == "editor"
    assert len({of[text].document_id for text in starters}) == 6
    assert not {"血透能吃香蕉不", "换肾以后可以养猫吗"} & set(suggestions.starters(10_000))


def test_other_marks_width_or_script_are_the_same_question(dialogue: Dialogue) -> None:
    suggestions = suggestions_of(dialogue)
    assert suggestions.knows("為什麼臨床試驗以 人工幹細胞 為主？？")
    assert not suggestions.knows("为什么")
    assert "为什么临床试验以“人工干细胞”为主?" in suggestions.starters()
    for asked in ("为什么临床试验以人工干细胞为主", "為什麼臨床試驗以「人工幹細胞」為主？"):
        assert "为什么临床试验以“人工干细胞”为主?" not in suggestions.after((), [asked], 100)


def test_what_gets_another_reply_is_never_suggested(clinic: Dialogue) -> None:
    index = index_of(clinic)
    plain = Suggestions(index)
    careful = Suggestions(index, lambda text: "透析" in text)
    assert any("透析" in text for text in plain.starters(10_000))
    assert not any("透析" in text for text in careful.starters(10_000))
    assert plain.complete("透析")
    assert careful.complete("透析") == ()
    assert careful.complete("toux") == ()
    safety = open_safety(clinic.settings)
    assert not any(safety.assess(text) for text in suggestions_of(clinic).starters(10_000))
    assert suggestions_of(clinic).complete("孩子昏迷了叫不醒") == ()


def test_an_index_without_questions_suggests_nothing(dialogue: Dialogue) -> None:
    from dataclasses import replace

    empty = Suggestions(replace(index_of(dialogue), questions=()))
    assert empty.starters() == empty.after(index_of(dialogue).passages[:1]) == empty.complete("干细胞") == ()


TEXTS = (
    ("什么是人工干细胞治疗肾病?", "shen me shi ren gong gan xi bao zhi liao shen bing"),
    ("糖尿病肾病的防治：控制血糖", "tang niao bing shen bing de fang zhi kong zhi xue tang"),
    ("CAR-T细胞疗法：有哪些风险", "c a r t xi bao liao fa you na xie feng xian"),
    ("西安的医院在哪里", "xi an de yi yuan zai na li"),
    ("先做哪些检查", "xian zuo na xie jian cha"),
    ("女性尿路感染", "nv xing niao lu gan ran"),
    ("会不会再抽？能预防吗？", "hui bu hui zai chou neng yu fang ma"),
)


@pytest.mark.parametrize(
    ("typed", "numbers"),
    [
        ("什么", [0]), ("人工干", [0]), ("肾病", [0, 1]), ("血糖", [1]),
        ("gxb", [0]), ("gxbzl", [0]), ("GXBZL", [0]), ("ganxibao", [0]), ("gan xi bao", [0]), ("ganxb", [0]), ("ganxibaozhil", [0]),
        ("干细胞zl", [0]), ("干xb", [0]), ("ganxi胞", [0]), ("g细胞", [0]), ("干g", []),
        ("xian", [4, 3, 2]), ("xi an", [3]), ("xi'an", [3]), ("xianzuo", [4]),
        ("腎病", [0, 1]), ("什麼是", [0]), ("糖尿病腎病", [1]), ("ｔｎｂ", [1]),
        ("car-t", [2]), ("CART", [2]), ("cart细胞", [2]), ("cartxb", [2]),
        ("nvxing", [5]), ("nüxing", [5]), ("nx", [5, 2, 4]),
        ("能预防", [6]), ("nyf", [6]), ("kongzhi", [1]), ("kz", [1]), ("fangzhi kongzhi", [1]),
        ("请问干细胞", [0]), ("您好，干细胞", [0]), ("肝细胞", [0]), ("唐尿病", [1]),
        ("血糖 糖尿病", [1]), ("xuetang tangniaobing", [1]),
        ("x", [3, 4]), ("z", []), ("i", []), ("糖尿病能吃西瓜吗", []), ("zzzz", []),
        ("", []), ("   ", []), ("?？", []), ("'", []), ("\n", []), ("^.*$", []), ("(?", []), ("[a", []), ("\\", []), ("\u200b", []),
        ("肾" * 500, []), ("s " * 300, []), ("\ud800", []),
    ],
)  # fmt: skip
def test_typing_finds_by_character_pinyin_and_initials(typed: str, numbers: list[int]) -> None:
    readings = {"肝": ("gan",), "细": ("xi",), "胞": ("bao",), "唐": ("tang",), "尿": ("niao", "sui"), "病": ("bing",)}
    assert TypeAhead(TEXTS, readings).find(typed, 6) == numbers


def test_better_texts_and_whole_syllables_come_first_and_no_more_than_wanted() -> None:
    texts = [("肾病" + "一二三四五六七八九十"[n], "shen bing " + "yesslqbjs"[n % 9]) for n in range(10)]
    assert TypeAhead(texts).find("肾", 4) == [0, 1, 2, 3]
    pairs = [("上海恩", "shang hai en"), ("肾", "shen")]
    assert TypeAhead(pairs).find("she", 6) == [1, 0]  # one syllable before the three initials
    with pytest.raises(ValueError, match="zip"):
        TypeAhead([("肾病", "shen")])


def test_completions_are_known_questions_each_answer_once(clinic: Dialogue) -> None:
    known = {question.text for question in index_of(clinic).questions}
    for typed in ("透析", "tx", "肾", "吃香蕉", "cxj", "透析病人能chi", "shenyizhi", "糖尿病"):
        found = clinic.complete(typed)
        assert found, typed
        assert set(found) <= known
        assert len(found) <= 6
    assert clinic.complete("吃香蕉") == ("透析病人能吃香蕉吗?",)  # its other wordings lead to the same answer
    assert clinic.complete("血透能吃") == ("血透能吃香蕉不",)
    assert clinic.complete("透析病人能吃香蕉吗") == ()  # it stands there already
    assert clinic.complete("換腎以後") == ("换肾以后可以养猫吗",)
