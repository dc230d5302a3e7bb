"""Time of one window through every shipped INT8 model, on one thread, and of `import engine`.

A window's time is the least of many, with setting the input and fetching the output: the least is what the code
needs, the rest is what else the machine does.

python benchmarks/inference_speed.py [--models DIR] [--repeats 2000] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine.export.report import describe
from engine.runtime.interpreter import open_interpreter

MODELS = Path(__file__).resolve().parent.parent / "resources" / "models"
WINDOW_BAR_US = 80.0
IMPORT_BAR_S = 0.3
IMPORTS = 5

CHILD = """
import sys, time
start = time.perf_counter()
import engine
bare = time.perf_counter() - start
import engine.runtime.model
print(bare, time.perf_counter() - start, *(name for name in ("tensorflow", "keras") if name in sys.modules))
"""


def window_us(model: Path, repeats: int) -> float:
    """Least time of one window, in microseconds, by LiteRT on one thread."""
    interpreter = open_interpreter(model, threads=1)
    inputs, outputs = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    shape, kind = inputs["shape"], inputs["dtype"]
    values = np.random.default_rng(0).normal(0, 1, shape)
    window = (values * 40).round().clip(-128, 127).astype(kind) if kind != np.float32 else values.astype(kind)
    least = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        interpreter.set_tensor(inputs["index"], window)
        interpreter.invoke()
        interpreter.get_tensor(outputs["index"])
        least = min(least, time.perf_counter() - start)
    return 1e6 * least


def import_s() -> tuple[float, float, list[str]]:
    """Least time of importing the engine, and with it what opens a model, in a fresh process; heavy modules."""
    with tempfile.TemporaryDirectory() as bytecode:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": bytecode}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        found = []
        for _ in range(IMPORTS + 1):  # the first compiles
            command = [sys.executable, "-c", CHILD]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
            found.append(done.stdout.split())
    bare, with_models = (min(float(words[k]) for words in found[1:]) for k in (0, 1))
    return bare, with_models, found[-1][2:]


def measure(models: Sequence[Path], repeats: int) -> list[dict[str, Any]]:
    """Figures of every model, in the order given."""
    rows = []
    for model in models:
        report = describe(model.read_bytes(), kind="INT8")
        rows.append(
            {
                "model": model.parent.name,
                "params": report.parameters,
                "macs": report.macs,
                "bytes": report.file_bytes,
                "window_us": window_us(model, repeats),
            }
        )
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=MODELS, help="folder with one folder per model")
    parser.add_argument("--repeats", type=int, default=2000)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    options = parser.parse_args()
    seconds, with_models, heavy = import_s()
    rows = measure(sorted(options.models.glob("*/model.tflite")), options.repeats)
    print(
        f"import engine: {seconds:.3f} s (bar {IMPORT_BAR_S}); with engine.runtime.model: {with_models:.3f} s",
        end="",
    )
    print(f"; TensorFlow came along: {', '.join(heavy) or 'no'}\n")
    print(f"| model | parameters | MACs | bytes | µs a window (bar {WINDOW_BAR_US:.0f}) |")
    print("|---|---|---|---|---|")
    for row in rows:
        mark = "" if row["window_us"] < WINDOW_BAR_US else " over"
        figures = f"{row['params']:,} | {row['macs']:,} | {row['bytes']:,} | {row['window_us']:.1f}{mark}"
        print(f"| {row['model']} | {figures} |")
    if not rows:
        print(f"no models in {options.models}")
    if options.json:
        document = {"import_s": seconds, "import_with_models_s": with_models, "heavy": heavy, "models": rows}
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    slow = any(row["window_us"] >= WINDOW_BAR_US for row in rows)
    return 1 if slow or heavy or seconds >= IMPORT_BAR_S else 0


if __name__ == "__main__":
    sys.exit(main())
