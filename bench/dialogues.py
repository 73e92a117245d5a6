"""How well follow-ups are completed: ``python -m bench.dialogues [FILE] [--split dev] [--wrong] [--json]``.

``tests/eval/dialogues/dialogues.jsonl`` holds conversations of 2-6 turns on the bundled article and on written clinics;
the passage that should come first for the *last* turn is named by words that occur only there. Beside it: the same
last turn asked alone, without the conversation. A *fresh* question is carried away where it is completed from the
conversation and so finds another passage than alone.

``--unanswerable`` measures the other side instead: questions of the same speciality that no article answers, and matters
of the clinic's counter (prices, the way, appointments), asked after a question that is answered. A conversation must not
make the bot surer of those than it is when they are asked alone.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from bench.tasks.written import ROOT as CLINICS
from bench.tasks.written import passages
from bench.timing import percentile
from bot.console import ConsoleReport
from bot.dialogue import wording
from bot.dialogue.dialogue import Dialogue, open_dialogue
from bot.records import Reply
from bot.retrieval.build import build_index
from bot.settings import load_settings

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "tests" / "eval" / "dialogues" / "dialogues.jsonl"
BUILT = ROOT / "bench" / "data" / "dialogues"
COUNTER = ROOT / "tests" / "eval" / "boundaries" / "sentences.tsv"
UNANSWERED = ("nephrology", "dialysis", "regenerative", "dermatology")


@dataclass(frozen=True, slots=True)
class Case:
    """One conversation; ``quotes`` name the passages that are right for its last turn, the best one first."""

    id: str
    corpus: str
    split: str
    case: str
    turns: tuple[str, ...]
    quotes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one conversation."""

    case: Case
    reply: Reply
    alone: Reply
    first: bool
    first_alone: bool
    carried: bool


def read_cases(path: Path, split: str) -> list[Case]:
    """Return the conversations of a split."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    return [
        Case(r["id"], r["corpus"], r["split"], r["case"], tuple(r["turns"]), tuple(r["quotes"]))
        for r in rows
        if r["split"] == split
    ]


def write_corpus(clinic: str, folder: Path) -> None:
    """Write a written clinic as a corpus: its articles without the questions."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in sorted((CLINICS / clinic).glob("[0-9]*.txt")):
        lines = [line.strip() for line in path.read_text("utf-8").splitlines() if not line.startswith("?")]
        title = next(line[1:].strip() for line in lines if line.startswith("# "))
        body = "\n\n".join(line for line in lines if line and not line.startswith("# "))
        front = json.dumps({"id": f"{clinic}-{path.stem}", "title": title}, ensure_ascii=False)
        (folder / f"{path.stem}.md").write_text(f"---\n{front}\n---\n\n# {title}\n\n{body}\n", encoding="utf-8")


def open_corpus(name: str) -> Dialogue:
    """Open a dialogue over the bundled article (``seed``) or a written clinic, its index built aside."""
    folder = BUILT / name
    corpus = ROOT / "corpus"
    if name != "seed":
        corpus = folder / "corpus"
        write_corpus(name, corpus)
    settings = load_settings(corpus=corpus, index=folder / "index", rate_limit=0)
    build_index(settings, ConsoleReport(quiet=True))
    return open_dialogue(settings)


def _squeezed(text: str) -> str:
    return "".join(text.split())


def shows(reply: Reply, quotes: tuple[str, ...], most: int = 1) -> bool:
    """Tell whether one of the first passages shown is a right one."""
    shown = [_squeezed(passage.text) for passage in reply.passages[:most]]
    return any(_squeezed(quote) in text for quote in quotes for text in shown)


def play(dialogue: Dialogue, case: Case) -> Outcome:
    """Play one conversation, and its last turn alone."""
    session, shown = None, set[str]()
    for turn in case.turns[:-1]:
        reply = dialogue.reply(session, turn)
        session = reply.session
        shown |= {passage.id for passage in reply.passages}
    reply, alone = dialogue.reply(session, case.turns[-1]), dialogue.reply(None, case.turns[-1])
    first = shows(reply, case.quotes) and not (case.case == "more" and reply.passages[0].id in shown)
    ids = [[passage.id for passage in each.passages[:1]] for each in (reply, alone)]
    carried = case.case == "fresh" and ids[0] != ids[1]
    return Outcome(case, reply, alone, first, shows(alone, case.quotes), carried)


def _tell(outcome: Outcome) -> None:
    case, reply = outcome.case, outcome.reply
    shown = reply.passages[0].text[:50].replace("\n", " ") if reply.passages else reply.text[:40]
    print(f"{case.id} {case.corpus} {case.case}: {' | '.join(case.turns)}")
    print(f"    wanted {case.quotes[0]}\n    {reply.kind} {reply.confidence:.2f} [{reply.reading}] {shown}")


def main() -> None:
    """Play all conversations of a split and print the shares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=FILE)
    parser.add_argument("--split", default="dev", choices=("dev", "test"))
    parser.add_argument("--wrong", action="store_true", help="print the conversations that went wrong")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--unanswerable", action="store_true", help="count answers to what the clinics do not answer")
    args = parser.parse_args()
    if args.unanswerable:
        count_unanswerable()
        return
    cases = read_cases(args.file, args.split)
    outcomes: list[Outcome] = []
    for corpus in dict.fromkeys(case.corpus for case in cases):
        dialogue = open_corpus(corpus)
        outcomes += [play(dialogue, case) for case in cases if case.corpus == corpus]
        dialogue.close()
    report(outcomes, args.wrong, args.json)


def count_unanswerable() -> None:
    """Print, clinic by clinic, how many questions without an answer are answered: alone, and in a conversation."""
    counter = [text for text, kind, part in _table(COUNTER) if kind in wording.COUNTER and part == "dev"]
    for clinic in UNANSWERED:
        dialogue = open_corpus(clinic)
        before = [question for _, _, found in passages(CLINICS / clinic) for question in found[:1]]
        near = [
            line for line in (CLINICS / clinic / "unanswerable.txt").read_text("utf-8").splitlines() if line.strip()
        ]
        for name, asked in (("unanswerable", near), ("the counter's", counter)):
            alone = after = 0
            for at, question in enumerate(asked):
                session = dialogue.reply(None, before[at % len(before)]).session
                alone += dialogue.reply(None, question).kind == "answer"
                after += dialogue.reply(session, question).kind == "answer"
            print(f"{clinic}, {name}: of {len(asked)} {alone} are answered alone, {after} in a conversation")
        dialogue.close()


def _table(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in path.read_text("utf-8").splitlines()[1:] if line.strip()]


def report(outcomes: list[Outcome], wrong: bool, as_json: bool) -> None:
    """Print what came out."""
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        groups[outcome.case.case].append(outcome)
        if outcome.case.case != "fresh":
            groups["follow-ups"].append(outcome)
        if wrong and (outcome.carried or not outcome.first):
            _tell(outcome)
    rows = {
        name: {
            "dialogues": len(found),
            "first": round(sum(o.first for o in found) / len(found), 3),
            "shown": round(sum(shows(o.reply, o.case.quotes, 3) for o in found) / len(found), 3),
            "first_alone": round(sum(o.first_alone for o in found) / len(found), 3),
            "carried": round(sum(o.carried for o in found) / len(found), 3),
        }
        for name, found in groups.items()
    }
    times = {
        name: {str(q): percentile([getattr(o, name).took_ms for o in groups["follow-ups"]], q) for q in (0.5, 0.95)}
        for name in ("reply", "alone")
    }
    if as_json:
        print(json.dumps({"cases": rows, "took_ms": times}, ensure_ascii=False, indent=2))
        return
    for name, row in rows.items():
        print(f"{name:>14} {row['dialogues']:4} first {row['first']:.3f} shown {row['shown']:.3f} "
              f"(alone {row['first_alone']:.3f}) carried {row['carried']:.3f}")  # fmt: skip
    print(
        "ms, follow-ups:", {name: {key: round(value, 1) for key, value in row.items()} for name, row in times.items()}
    )


if __name__ == "__main__":
    main()
