"""Do the longest answers fit WeChat? ``python -m bench.wechat_answers [--count 20000] [--json]``.

Every passage of ``corpus/`` and of a large table of questions and answers (made by joining sentences of the written
clinics, up to 60 in one answer, with up to eight long references), read and cut as an index would, then rendered: each
message within 2,048 bytes, each part of a passage with its references, notes and disclaimer whole, every word there.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import re
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from bot.channels import wording
from bot.channels.wechat.fitting import pieces, size
from bot.channels.wechat.plain import cited, spoken
from bot.channels.wechat.render import Look, disclaimer_of, render
from bot.corpus.passages import cut_document
from bot.corpus.reader import read_corpus
from bot.dialogue.presenting import present
from bot.language.lexicon import load_lexicon
from bot.language.segmentation import Segmenter
from bot.records import Reply, ReplyPassage
from bot.retrieval.build import limits_of
from bot.settings import load_settings

_ROWS = 2000  # in one file, which may have 8 MB
ROOT = Path(__file__).resolve().parent.parent
CLINICS = ROOT / "bench" / "clinics"
LOOK = Look(2048, "links", "https://ask.a-rather-long-name-of-a-hospital.example.com.cn/yiju")


def sentences_of_clinics() -> list[str]:
    """Return the written clinics' paragraphs."""
    lines = [line for path in sorted(CLINICS.rglob("*.txt")) for line in path.read_text("utf-8").splitlines()]
    return [line for line in lines if len(line) > 20 and line[0] not in "#?"]


def write_table(path: Path, count: int, seed: int = 1) -> None:
    """Write a table of ``count`` answers, from one paragraph to sixty."""
    chance, lines = random.Random(seed), sentences_of_clinics()
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["question", "answer", "variants", "excludes", "references"])
        for number in range(count):
            length = chance.choice((1, 1, 1, 2, 3, 60 if number % 500 == 0 else 5))
            answer = chance.choice(("", "\n")).join(chance.choice(lines) for _ in range(length))
            cite = "|".join(f"张{number}, 李{n}. {chance.choice(lines)[:80]}[J]. 肾病杂志, 2025, {n}: 1-9. DOI: 10.1000/{number}.{n}."
                            for n in range(chance.choice((0, 1, 1, 2, 8))))  # fmt: skip
            table.writerow([f"第{number}个问题是什么?", answer, "", "", cite])


def faults(reply: Reply, passages: tuple[ReplyPassage, ...]) -> list[str]:
    """Return what is wrong with a reply's messages."""
    pages = render(reply, LOOK, "问题").pages
    found = [f"{size(page)} bytes" for page in pages if size(page) > LOOK.most_bytes]
    everything = re.sub(
        r"\s+", "", "".join(pages).replace(wording.WECHAT_REST, "").replace(wording.WECHAT_CONTINUED, "")
    )
    for passage in passages:
        for line in (*(spoken(note.text) for note in passage.notes), *(cited(r.citation) for r in passage.references)):
            if not any(line in page for page in pages):
                found.append(f"cut: {line[:60]}")
        found += [
            f"lost: {part[:40]}" for part in pieces(spoken(passage.text)) if re.sub(r"\s+", "", part) not in everything
        ]
    found += ["no disclaimer" for page in pages if wording.REFERENCE_LABEL in page and disclaimer_of(reply) not in page]
    return found


def run(count: int) -> dict[str, object]:
    """Return how many messages and what is wrong with them."""
    settings = load_settings()
    segmenter = Segmenter(load_lexicon(settings.corpus / "lexicon"), settings.cache)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "faq").mkdir()
        for start in range(0, count, _ROWS):
            write_table(Path(folder) / "faq" / f"table-{start}.csv", min(_ROWS, count - start), seed=start)
        documents = [*read_corpus(settings.corpus), *read_corpus(Path(folder))]
    shown = [present(p, d, 0.9) for d in documents for p in cut_document(d, segmenter, limits_of(settings))]
    shown += [
        replace(p, text="\n".join(q.text for q in shown[n : n + 12])) for n, p in enumerate(shown[:200])
    ]  # beyond any limit
    disclaimers = {d.id: d.disclaimer for d in documents}
    bad: list[str] = []
    sizes: list[int] = []
    for number, passage in enumerate(shown):
        group = tuple(shown[number : number + 3]) if number % 10 == 0 else (passage,)
        disclaimer = disclaimers[passage.document.id] or "以上为科普资料原文，仅供参考，不能代替医生的诊断和治疗建议。"
        reply = Reply(
            "r", "s", "answer", "下面的原文与您的问题最相关：", group, ("一个问题?", "另一个问题?"), disclaimer
        )
        bad += faults(reply, group)
        sizes += [size(page) for page in render(reply, LOOK).pages]
    return {"answers": count, "passages": len(shown), "longest_passage_bytes": max(size(p.text) for p in shown),
            "messages": len(sizes), "longest_message_bytes": max(sizes), "faults": len(bad), "examples": bad[:10]}  # fmt: skip


def main() -> int:
    """Print the figures; exit with 1 where an answer does not fit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    started = time.perf_counter()
    figures = {**run(args.count), "seconds": round(time.perf_counter() - started, 1)}
    print(json.dumps(figures, ensure_ascii=False, indent=2) if args.json else f"answers in WeChat: {figures}")
    return 1 if figures["faults"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
