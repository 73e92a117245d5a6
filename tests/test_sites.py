"""A website's own settings: how they are written and checked, and the texts and contact card that it gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.dialogue.dialogue import Dialogue, open_dialogue
from bot.errors import SettingsError
from bot.retrieval.dense import FLAT_UP_TO, build_dense
from bot.settings import Settings, load_settings
from bot.sites import Clinic, Site
from tests.conftest import SilentReport

ALLERGY = """---
id: allergy
title: 青霉素过敏须知
disclaimer: 仅供参考
---

## 青霉素过敏的人能用头孢吗

青霉素过敏的人使用头孢菌素之前要告诉医生,由医生根据过敏的种类和轻重决定能不能使用,不要自己服药。
"""
ULCER = """---
id: ulcer
title: 胃溃疡须知
disclaimer: 仅供参考
---

## 胃溃疡患者怎么吃饭

胃溃疡患者要按时吃饭,少吃辛辣和过烫的食物,不喝酒,不空腹喝浓茶和咖啡,具体的饮食安排请听医生的意见。
"""
CEPHALOSPORIN = "青霉素过敏的人能用头孢吗"
DIET = "胃溃疡患者怎么吃饭"
TOML = """
trusted_proxies = ["127.0.0.1", "10.0.0.0/8"]
own_origins = ["https://bot.clinic.example"]

[clinic]
name = "总院"
phone = "010-1111"

[[sites]]
name = "kidney"
origins = ["https://kidney.clinic.example", "http://localhost:8000"]
documents = ["stem-cells-kidney"]
daily_limit = 500
theme = {colour = "#0b6e6e", mode = "dark"}
clinic = {phone = "010-2222", hours = "周一至周五"}

[[api_keys]]
name = "mini"
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
site = "kidney"
"""


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Write a settings file and load it."""

    def load(text: str) -> Settings:
        path = tmp_path / "yiju.toml"
        path.write_text(text, encoding="utf-8")
        monkeypatch.setenv("YIJU_CONFIG", str(path))
        return load_settings()

    return load


def test_sites_are_read_from_the_settings_file(written: Any) -> None:
    settings = written(TOML)
    site = settings.site("kidney")
    assert site.origins == ("https://kidney.clinic.example", "http://localhost:8000")
    assert (site.theme.colour, site.theme.mode, site.daily_limit) == ("#0b6e6e", "dark", 500)
    own = settings.for_site(site).clinic
    assert (own.name, own.phone, own.hours) == ("总院", "010-2222", "周一至周五")
    assert settings.for_site(None).clinic.phone == "010-1111"
    assert settings.site("nowhere") is None
    assert settings.api_keys[0].site == "kidney"


@pytest.mark.parametrize(
    ("origin", "remedy"),
    [
        ("https://*.clinic.example", "通配符"),
        ("*", "通配符"),
        ("http://clinic.example", "请写 https://clinic.example"),
        ("https://clinic.example/", "请写 https://clinic.example"),
        ("https://clinic.example/ask", "请写 https://clinic.example"),
        ("https://Clinic.example", "请写 https://clinic.example"),
        ("https://clinic.example:443", "请写 https://clinic.example"),
        ("https://u:p@clinic.example", "请写 https://clinic.example"),
        ("https://医院.中国", "xn--ekrs67m.xn--fiqs8s"),
        ("clinic.example", "https://www.example.cn"),
        ("null", "https://www.example.cn"),
        ("https://", "https://www.example.cn"),
        ("https://clinic.example;script-src", "https://www.example.cn"),
        ("https://clinic.example 'unsafe-inline'", "https://www.example.cn"),
        ("https://clinic.example:99999", "https://www.example.cn"),
        ("javascript:alert(1)", "https://www.example.cn"),
    ],
)
def test_an_origin_is_exact_or_refused_with_what_to_write(written: Any, origin: str, remedy: str) -> None:
    with pytest.raises(SettingsError) as error:
        written(f'[[sites]]\nname = "a"\norigins = ["{origin}"]\n')
    assert remedy in str(error.value)
    assert "sites.0.origins.0" in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        '[[sites]]\nname = "a"\norigins = []\n',
        '[[sites]]\nname = "a b"\norigins = ["https://a.example"]\n',
        '[[sites]]\nname = "a"\norigin = ["https://a.example"]\n',
        '[[sites]]\nname = "a"\norigins = ["https://a.example"]\ntheme = {colour = "red;}"}\n',
        '[[sites]]\nname = "a"\norigins = ["https://a.example"]\n' * 2,
        '[[api_keys]]\nname = "a"\nsha256 = "yk_the_key_itself"\n',
        f'[[api_keys]]\nname = "a"\nsha256 = "{"0" * 64}"\nsite = "nowhere"\n',
        '[[sites]]\nname = "a"\norigins = ["https://a.example"]\ntheme = {colour = "#63d0c3"}\n',  # unreadable on white
        'trusted_proxies = ["0.0.0.0/0"]\n',
        'trusted_proxies = ["*"]\n',
        'trusted_proxies = ["10.0.0.1/8"]\n',
    ],
)
def test_wrong_settings_are_refused_without_showing_keys(written: Any, text: str) -> None:
    with pytest.raises(SettingsError) as error:
        written(text)
    assert "yk_the_key_itself" not in str(error.value)


@pytest.fixture
def two_texts(tmp_path: Path, settings: Settings, corpus_of: Any) -> Any:
    """A dialogue over two texts, of which sites use one or none."""
    from bot.retrieval.build import build_index

    made = settings.model_copy(
        update={
            "corpus": corpus_of({"a.md": ALLERGY, "b.md": ULCER}),
            "index": tmp_path / "index",
            "clinic": Clinic(phone="010-1111", address="总院路"),
        }
    )
    build_index(made, SilentReport())
    opened = open_dialogue(made)
    yield opened
    opened.close()


def site_of(*documents: str, **more: Any) -> Site:
    return Site(name="a", origins=("https://a.example",), documents=documents, **more)


def test_a_site_answers_from_its_own_texts_only(two_texts: Dialogue, caplog: pytest.LogCaptureFixture) -> None:
    both, ulcer = site_of(), site_of("ulcer")
    for site in (None, both):
        assert two_texts.reply(None, CEPHALOSPORIN, site=site).passages[0].document.id == "allergy"
    reply = two_texts.reply(None, CEPHALOSPORIN, site=ulcer)
    assert reply.kind == "decline"
    assert "青霉素" not in f"{reply.text}{reply.suggestions}"
    assert "胃溃疡须知" in reply.text
    assert two_texts.reply(None, DIET, site=ulcer).passages[0].document.id == "ulcer"
    assert two_texts.coverage(ulcer) == ("胃溃疡须知",)
    assert not any("青霉素" in text for text in two_texts.starters(ulcer))
    assert set(two_texts.coverage()) == {"青霉素过敏须知", "胃溃疡须知"}
    # A conversation that began elsewhere brings no other site's passages along.
    session = two_texts.reply(None, CEPHALOSPORIN).session
    for follow_up in ("还有吗", "出处是哪里", "详细说说", "那头孢呢"):
        shown = two_texts.reply(session, follow_up, site=ulcer).passages
        assert {passage.document.id for passage in shown} <= {"ulcer"}, follow_up
    nothing = site_of("withdrawn")
    assert two_texts.reply(None, DIET, site=nothing).kind == "decline"
    assert (two_texts.coverage(nothing), two_texts.starters(nothing)) == ((), ())
    assert "withdrawn" in caplog.text


def test_a_site_suggests_only_what_its_own_texts_answer(dialogue: Dialogue) -> None:
    own, none = site_of("stem-cells-kidney"), site_of("withdrawn")
    assert dialogue.starters(own) == dialogue.starters() != ()
    assert dialogue.complete("人工", own) == dialogue.complete("人工") != ()
    assert (dialogue.starters(none), dialogue.complete("人工", none)) == ((), ())


def test_a_site_names_its_own_contact(two_texts: Dialogue) -> None:
    own = site_of(clinic={"phone": "010-2222"})
    told = two_texts.reply(None, "你们医院几点开门", site=own).text
    assert "010-2222" in told
    assert "总院路" in told
    assert "010-1111" not in told
    assert "010-1111" in two_texts.reply(None, "你们医院几点开门").text


def test_danger_comes_before_any_selection(two_texts: Dialogue) -> None:
    assert two_texts.reply(None, "我突然胸口剧痛喘不上气", site=site_of("withdrawn")).kind == "emergency"


@pytest.mark.parametrize("rows", [300, FLAT_UP_TO + 1], ids=["exact", "graph"])
@pytest.mark.parametrize("share", [0.0, 0.003, 0.3])
def test_a_selection_finds_its_own_nearest_rows(rows: int, share: float) -> None:
    random = np.random.default_rng(7)
    vectors = random.normal(size=(rows, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    among = random.random(rows) < share
    chosen = np.flatnonzero(among)
    found, scores = build_dense(vectors).only(among).search(vectors[5], 10)
    wanted = chosen[np.argsort(-(vectors[chosen] @ vectors[5]))][:10]
    assert len(found) == min(10, len(chosen))
    assert len(set(found.tolist()) & set(wanted.tolist())) >= 0.9 * len(wanted)  # the graph's rows have 8 bits a number
    assert scores == pytest.approx(vectors[found] @ vectors[5], abs=0.03)
