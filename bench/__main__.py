"""Run the speed and memory measurements side by side and print one table: ``python -m bench [--json]``."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from bench import answering, building, encoding, serving

RESULTS = Path(__file__).resolve().parent / "results"


def main() -> None:
    """Measure, print, and keep the figures in ``bench/results/``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    args = parser.parse_args()
    figures = {
        "whole answer / encoder alone": answering.run(),
        "onnx int8 / torch, one question": encoding.run(),
        "build / bare encoder": building.run(),
        "server": serving.run(),
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{time.strftime('%Y%m%d-%H%M%S')}.json").write_text(json.dumps(figures, indent=2), "utf-8")
    if args.json:
        print(json.dumps(figures, indent=2))
        return
    for name, row in figures.items():
        print(f"\n{name}")
        for key, value in row.items():
            print(f"  {key:<22}{value}")


if __name__ == "__main__":
    main()
