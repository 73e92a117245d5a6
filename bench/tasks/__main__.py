"""Make every task and the training pairs: ``python -m bench.tasks --data DIR --out DIR``."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

from bench.tasks.answers import answer_pairs, make_answers
from bench.tasks.clinics import make_clinics
from bench.tasks.general import general_pairs, make_general
from bench.tasks.questions import make_questions, make_titles, question_pairs, title_pairs
from bench.tasks.written import make_written

_ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Write ``tasks/`` and ``pairs/`` and print their sizes as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("YIJU_DATA"), help="the data folder (or YIJU_DATA)")
    parser.add_argument("--out", type=Path, default=_ROOT / "bench" / "data")
    args = parser.parse_args()
    if args.data is None:
        parser.error("--data or YIJU_DATA is needed")
    tasks, pairs = args.out / "tasks", args.out / "pairs"
    sizes = {
        **make_answers(args.data, tasks), **make_questions(args.data, tasks), **make_titles(args.data, tasks),
        **make_general(args.data, tasks),
        **make_clinics(args.data, tasks),
        **make_written(args.data, tasks),
        "toyhom pairs": answer_pairs(args.data, pairs / "toyhom.jsonl"),
        "cmedqq pairs": question_pairs(args.data, pairs / "cmedqq.jsonl"),
        "xquad pairs": general_pairs(args.data, pairs / "xquad.jsonl"),
        "cmedir pairs": title_pairs(args.data, pairs / "cmedir.jsonl"),
    }  # fmt: skip
    print(json.dumps(sizes, ensure_ascii=False))


if __name__ == "__main__":
    main()
