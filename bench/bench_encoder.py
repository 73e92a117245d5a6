"""How long one question takes to encode: sentence-transformers on torch against int8 on onnxruntime.

Both run in one process, question by question in turns, so that whatever else the machine does hits both alike.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from bot.encoding import Encoder, OnnxEncoder, agreement  # noqa: E402
from bot.encoding.default_model import default_model  # noqa: E402

QUESTIONS = [
    "慢性肾脏病患者能吃豆腐吗?",
    "血肌酐升高怎么办?",
    "干细胞能治疗尿毒症吗?",
    "狼疮性肾炎会遗传吗?",
    "尿里有泡沫是不是肾病?",
    "透析一周要做几次?",
    "糖尿病肾病怎么控制饮食?",
    "肾移植后能活多久?",
    "间充质干细胞治疗安全吗?",
    "IgA肾病需要吃激素吗?",
    "急性肾损伤能恢复吗?",
    "低盐饮食每天吃几克盐?",
    "高血压会引起肾病吗?",
    "肾病综合征为什么会水肿?",
    "尿毒症早期有什么症状?",
    "临床试验怎么报名?",
    "干细胞从哪里来?",
    "外泌体是什么?",
    "肾穿刺有危险吗?",
    "多囊肾可以怀孕吗?",
]
ROUNDS = 5


def measure(encoders: dict[str, Encoder], rounds: int) -> dict[str, list[float]]:
    """Return milliseconds a question for each encoder, encoders taking turns at every question."""
    times: dict[str, list[float]] = {name: [] for name in encoders}
    for encoder in encoders.values():  # warm up
        encoder.encode_queries(QUESTIONS[:5])
    for _ in range(rounds):
        for question in QUESTIONS:
            for name, encoder in encoders.items():
                start = time.perf_counter()
                encoder.encode_queries([question])
                times[name].append((time.perf_counter() - start) * 1000)
    return times


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often to ask the 20 questions")
    parser.add_argument("--encoder", type=Path, help="an exported encoder folder (default: export one now)")
    arguments = parser.parse_args()

    from bot.encoding.onnx_export import export
    from bot.encoding.torch_encoder import SentenceTransformerEncoder

    torch = SentenceTransformerEncoder(default_model(Path(os.environ.get("YIJU_CACHE", ROOT / ".cache"))))
    with tempfile.TemporaryDirectory() as place:
        folder = arguments.encoder or Path(place)
        if not arguments.encoder:
            export(torch, folder)
        start = time.perf_counter()
        onnx = OnnxEncoder(folder)
        load = time.perf_counter() - start
        size = (folder / "model.onnx").stat().st_size
        times = measure({"torch": torch, "onnx_int8": onnx}, arguments.rounds)
        same = agreement(torch.encode_queries(QUESTIONS), onnx.encode_queries(QUESTIONS))
    result: dict[str, object] = {
        name: {"median_ms": float(np.median(values)), "p95_ms": float(np.percentile(values, 95))}
        for name, values in times.items()
    }
    result["speedup"] = float(np.median(times["torch"]) / np.median(times["onnx_int8"]))
    result |= {
        "mean_cosine": same.mean_cosine,
        "load_s": load,
        "model_mb": size / 1e6,
        "questions": len(times["torch"]),
    }
    if arguments.json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name:12}", value)


if __name__ == "__main__":
    main()
