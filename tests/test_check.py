"""``python -m bot check``: each kind of fault is found, with file and line, and a good text gives none."""

from __future__ import annotations

from bot.corpus.check import Finding, check_corpus
from bot.corpus.passages import Limits
from bot.language.segmentation import Segmenter
from tests.conftest import CORPUS

HEAD = "---\nid: {id}\ntitle: 甲\ndisclaimer: 仅供参考\n---\n\n"
GOOD = "慢性肾脏病的患者应当定期复查,复查的间隔由医生按病情决定,这里说的只是一般的情况,够四十个字。"


def found(folder, segmenter: Segmenter) -> dict[str, Finding]:  # type: ignore[no-untyped-def]
    return {finding.code: finding for finding in check_corpus(folder, segmenter, Limits())}


def test_each_fault_is_found_with_its_line(corpus_of, segmenter: Segmenter) -> None:  # type: ignore[no-untyped-def]
    folder = corpus_of(
        {
            "a.md": HEAD.format(id="a") + f"{GOOD}[@nobody]\n\n控制\x07字符。" + GOOD,
            "b.md": HEAD.format(id="b") + GOOD,
            "c.md": HEAD.format(id="c") + "很长" * 300,
            "d.md": "---\nid: d\ntitle: 丁\nnotes:\n- {quote: 没有的话, kind: caveat, text: 注}\n---\n\n" + GOOD,
            "e.md": b"---\nid: e\ntitle: x\n---\n\n\xff\xfe\n",
            "f.md": HEAD.format(id="f")
            + "狼疮性肾炎:这里讲的是急性肾损伤的治疗。\n\n急性肾损伤:这里讲的是急性肾损伤的诊断。\n",
            "g.md": HEAD.format(id="a") + "另一篇。",
        }
    )
    codes = found(folder, segmenter)
    assert codes["unknown-citation"].line == 7
    assert codes["unknown-citation"].path.endswith("a.md")
    assert codes["control-characters"].path.endswith("a.md")
    assert codes["duplicate"].path.endswith("b.md")
    assert codes["long-passage"].level == "warning"
    assert (codes["quote-not-found"].level, codes["quote-not-found"].line) == ("error", 5)
    assert (codes["bytes"].level, codes["bytes"].line) == ("error", 6)
    assert (codes["label-mismatch"].level, codes["label-mismatch"].line) == ("warning", 7)
    assert "急性肾损伤" in codes["label-mismatch"].message
    assert codes["no-reference"].level == "info"
    assert codes["duplicate-id"].level == "error"


def test_a_clean_text_has_neither_errors_nor_warnings(corpus_of, segmenter: Segmenter) -> None:  # type: ignore[no-untyped-def]
    levels = {
        finding.level for finding in check_corpus(corpus_of({"a.md": HEAD.format(id="a") + GOOD}), segmenter, Limits())
    }
    assert levels == {"info"}


def test_the_article_shows_its_two_wrong_labels_and_nothing_worse(segmenter: Segmenter) -> None:
    findings = check_corpus(CORPUS, segmenter, Limits())
    assert not [str(f) for f in findings if f.level == "error"]
    assert sorted(f.code for f in findings if f.level == "warning") == ["label-mismatch", "label-mismatch"]
