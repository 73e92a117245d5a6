"""The light page, the widget's loader and the share page as the server sends them."""

from __future__ import annotations

import gzip
import json
import re

import pytest
from fastapi.testclient import TestClient

from bot.app import create_app
from bot.channels import wording
from bot.channels.light import serves
from bot.channels.pages import STATIC
from bot.channels.share import share_key, shared_ids
from bot.dialogue.dialogue import Dialogue
from bot.settings import Clinic, Settings
from bot.sites import Site, Theme

QUESTION = "急性肾损伤有什么新的药物在做临床试验?"
SCRIPTS = [*sorted((STATIC / "light").glob("*.js")), STATIC / "widget.js"]


@pytest.fixture(scope="module")
def client(settings: Settings, dialogue: Dialogue) -> TestClient:
    return TestClient(create_app(settings, dialogue))


def config_of(page: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="config">(.*?)</script>', page, re.DOTALL)
    assert found
    return dict(json.loads(found[1]))


def test_the_page_shows_coverage_and_starters_before_any_script(client: TestClient, dialogue: Dialogue) -> None:
    page = client.get("/m").text
    for title in dialogue.coverage():
        assert f"<li>{title}</li>" in page
    assert page.count("data-ask>") == len(dialogue.starters())


def test_the_page_takes_only_sound_values_from_its_address(client: TestClient) -> None:
    good = client.get("/m?embed=1&site=clinic-1&origin=https://clinic.example.cn:8443&theme=dark").text
    assert 'data-theme="dark"' in good
    assert "data-embed" in good
    config = config_of(good)
    assert (config["site"], config["origin"]) == ("clinic-1", "https://clinic.example.cn:8443")
    bad = client.get(
        "/m?embed=2&site=</script><script>alert(1)</script>&origin=javascript:alert(1)&theme=x onload=y"
    ).text
    config = config_of(bad)
    assert (config["site"], config["origin"], config["embed"]) == ("", "", False)
    assert "alert(" not in bad
    for origin in ("https://a.cn/path", "https://a.cn@b.cn", "*", "null", "https://a.cn b"):
        assert config_of(client.get("/m", params={"embed": "1", "origin": origin}).text)["origin"] == ""
    assert (
        config_of(client.get("/m", params={"origin": "https://a.cn"}).text)["origin"] == ""
    )  # alone, it talks to nobody


def test_the_page_calls_only_what_is_served(client: TestClient) -> None:
    app = client.app
    assert serves(app, "/api/ask", "POST")  # type: ignore[arg-type]
    assert not serves(app, "/api/ask", "DELETE")  # type: ignore[arg-type]
    assert not serves(app, "/api/nothing", "GET")  # type: ignore[arg-type]
    paths = client.get("/openapi.json").json()["paths"]
    assert config_of(client.get("/m").text)["api"] == [
        name for name in ("session", "forget", "suggest") if f"/api/{name}" in paths
    ]


def test_a_setting_cannot_break_out_of_the_page(settings: Settings, dialogue: Dialogue) -> None:
    clinic = Clinic(name="</title><script>1</script>", phone="</script><b>", url="javascript:alert(1)")
    page = TestClient(create_app(settings.model_copy(update={"clinic": clinic}), dialogue)).get("/m").text
    assert "<script>1" not in page
    assert "<b>" not in page
    assert "javascript:" not in page
    rows = config_of(page)["contact"]
    assert rows == [{"name": wording.CONTACT_PHONE, "value": "</script><b>", "href": ""}]


def test_files_are_compressed_named_by_content_and_asked_for_once(client: TestClient) -> None:
    page = client.get("/m")
    files = re.findall(r'(?:href|src)="(/light/[^"]+)"', page.text)
    assert {name.rsplit("/", 1)[1] for name in files} == {
        path.name for path in (STATIC / "light").iterdir() if path.suffix in (".js", ".css")
    }
    for name in files:
        sent = client.get(name)
        assert sent.headers["content-encoding"] == "gzip"
        assert "immutable" in sent.headers["cache-control"]
        assert sent.content == (STATIC / "light" / name.rsplit("/", 1)[1]).read_bytes()
        plain = client.get(name, headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.content == sent.content
        assert client.get(name, headers={"If-None-Match": sent.headers["etag"]}).status_code == 304
    old = re.sub(r"/light/\w+/", "/light/0123/", files[0])
    assert (
        client.get(old).headers["cache-control"] == "no-cache"
    )  # an old page still works, and never keeps the new file for ever
    assert client.get("/light/0123/nothing.js").status_code == 404
    assert client.get("/light/0123/..%2f..%2fpages.py").status_code == 400


def test_everything_together_stays_within_its_weight(client: TestClient) -> None:
    page = client.get("/m")
    names = set(re.findall(r'(?:href|src)="(/light/[^"]+)"', page.text))
    sizes = [len(gzip.compress(client.get(name).content)) for name in [*names, "/m", "/ui/favicon.svg"]]
    assert sum(sizes) < 40_000
    loader = client.get("/widget.js")
    assert len(gzip.compress(loader.content)) < 12_000
    assert int(loader.headers["content-length"]) < 12_000


def test_the_loader_may_be_loaded_from_any_site_and_has_its_words(client: TestClient) -> None:
    loader = client.get("/widget.js")
    assert loader.headers["cross-origin-resource-policy"] == "cross-origin"
    assert loader.headers["access-control-allow-origin"] == "*"
    assert loader.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in loader.headers
    assert "__YIJU_WORDS__" not in loader.text
    for words in wording.WIDGET.values():
        assert words.keys() == wording.WIDGET["zh-CN"].keys()
        assert all(word in loader.text for word in words.values())


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_makes_markup_or_code_out_of_text(path: object) -> None:
    source = path.read_text("utf-8")  # type: ignore[attr-defined]
    banned = (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "srcdoc",
        "cookie =",
    )
    assert not [word for word in banned if word in source]
    assert "(?<" not in source  # look-behind: an older iPhone refuses the whole file


def test_every_sentence_the_scripts_say_is_there_and_every_one_there_is_said() -> None:
    source = "".join(path.read_text("utf-8") for path in (STATIC / "light").glob("*.js"))
    named = {first or second for first, second in re.findall(r'say\("(\w+)"|(?:\? | : )"(\w+)"', source)}
    kinds = {
        f"{kind}_{name}" for kind, names in (("evidence", wording.EVIDENCE), ("note", wording.NOTES)) for name in names
    }
    assert set(wording.LIGHT) - kinds - {"vote_up", "vote_down"} <= named
    assert set(re.findall(r'say\("(\w+)"', source)) <= set(wording.LIGHT)


def test_a_share_key_is_short_and_reads_back() -> None:
    ids = ("kidney.1a2b3c4d", "kidney.5e6f7a8b", "other.text.0a0b0c0d-2", "kidney.99999999")
    key = share_key(ids)
    assert key == "kidney.1a2b3c4d~.5e6f7a8b~other.text.0a0b0c0d-2~kidney.99999999"
    assert shared_ids(key) == ids
    assert shared_ids("a.1~a.1~.1") == ("a.1",)
    assert len(shared_ids("~".join(f"a.{number}" for number in range(50)))) == 10
    for bad in ("", "a b", "../x", "<script>", "a" * 901, "肾"):
        assert shared_ids(bad) == ()
    for odd in ("~", "~~.x", ".", "..", "a..~.b", ".x"):
        shared_ids(odd)  # never an error


def test_a_shared_answer_shows_passages_word_for_word_and_nothing_of_who_asked(
    client: TestClient, dialogue: Dialogue
) -> None:
    reply = dialogue.reply(None, QUESTION)
    answer = client.get(f"/a/{share_key(tuple(passage.id for passage in reply.passages))}")
    assert answer.status_code == 200
    assert "frame-ancestors" in answer.headers["content-security-policy"]
    page = answer.text
    for passage in reply.passages:
        assert passage.text.split("\n")[0][:20] in page
        assert all(note.text[:12] in page for note in passage.notes)
        assert all(reference.citation[:12] in page for reference in passage.references)
        assert f"/source/{passage.document.id}#{passage.id}" in page
    assert reply.disclaimer[:20] in page
    for secret in (QUESTION, QUESTION[:-1], reply.id, reply.session):
        assert secret not in page
    assert '<meta name="robots" content="noindex">' in page


def test_a_shared_answer_whose_texts_changed_says_so(client: TestClient, dialogue: Dialogue) -> None:
    known = dialogue.passages_of("stem-cells-kidney")[0].id
    page = client.get(f"/a/{known}~gone.12345678").text
    assert wording.SHARED_MISSING.format(count=1) in page
    assert client.get("/a/..%2f..%2fetc").status_code == 400
    for key in ("gone.12345678", "r_abcdefgh", "%3Cscript%3E"):
        refused = client.get(f"/a/{key}", headers={"Accept": "text/html"})
        assert refused.status_code == 404
        assert "<script>" not in refused.text
    assert wording.ERRORS["unknown_share"] in client.get("/a/gone.1", headers={"Accept": "text/html"}).text


def test_a_website_has_its_own_card_colour_and_texts(settings: Settings, dialogue: Dialogue) -> None:
    site = Site(
        name="kidney",
        origins=("https://kidney.example",),
        theme=Theme(colour="#7a1f5c", mode="dark"),
        clinic=Clinic(phone="010-2222"),
        documents=("withdrawn",),
    )
    changed = settings.model_copy(update={"sites": (site,), "clinic": Clinic(name="总院", phone="010-1111")})
    own = TestClient(create_app(changed, dialogue))
    page = own.get("/m?site=kidney").text
    assert 'data-theme="dark"' in page
    assert "<h1>总院</h1>" in page
    assert "010-2222" in page
    assert "010-1111" not in page
    assert page.count("data-ask>") == 0
    assert 'href="/light/site/kidney.css"' in page
    sheet = own.get("/light/site/kidney.css")
    assert sheet.headers["content-type"] == "text/css; charset=utf-8"
    assert "--brand: #7a1f5c" in sheet.text
    assert 'data-theme="light"' in own.get("/m?site=kidney&theme=light").text  # the embedding page decides
    assert "010-1111" in own.get("/m").text
    assert own.get("/light/site/nowhere.css").status_code == 404
    assert "/light/site/" not in own.get("/m?site=nowhere").text
