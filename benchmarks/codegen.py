"""Generated C against TensorFlow Lite Micro, and its instructions on emulated boards.

Two parts. `compare`: every built-in model on many windows of noise, random walks, waves and ECG, C built by gcc and
its undefined-behaviour sanitizer, every output byte against TensorFlow Lite Micro's. `count`: instructions of one
inference on an emulated Cortex-M4 and Cortex-M55, for the built-in models and for single convolutions whose counts
with CMSIS-NN are known; `--write` records them in codegen_counts.json, which the tests hold to within 3 %.

python benchmarks/codegen.py compare [--windows 300]
python benchmarks/codegen.py count [--build "M55 Helium -O3"] [--models NAME ...] [--write]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path += [str(HERE), str(HERE.parent / "tests" / "engine" / "export" / "codegen")]

from codegen_board import BUILDS, Trial, compiler_version, count, missing_tools  # noqa: E402
from codegen_oracle import built_kernels, inputs, micro, sanitized  # noqa: E402
from one_operator import OneOperator, T, constant, options  # noqa: E402

from engine.export.codegen import generate_source  # noqa: E402
from engine.records.open import open_record  # noqa: E402
from engine.resources import built_in_record  # noqa: E402
from engine.runtime.compiled import CompiledModel  # noqa: E402
from engine.runtime.zoo import zoo_folder, zoo_names  # noqa: E402

TABLE = HERE / "codegen_counts.json"
# Length, channels, filters, kernel -> instructions of CMSIS-NN 4.0.0's arm_convolve_s8 in the same emulator.
CMSIS_NN = {
    (250, 16, 16, 5): {"M4": 871_140, "M55": 166_921},
    (250, 16, 16, 1): {"M4": 254_537, "M55": 65_501},
    (125, 24, 24, 5): {"M4": 859_750, "M55": 160_894},
    (63, 32, 32, 5): {"M4": 722_860, "M55": 153_113},
    (32, 48, 48, 5): {"M4": 764_610, "M55": 100_837},
}


def convolution(length: int, channels: int, filters: int, kernel: int) -> bytes:
    """A model of one convolution with padding, bias and a scale for each filter."""
    rng = np.random.default_rng(3)
    weights = rng.integers(-127, 128, (filters, 1, kernel, channels)).astype(np.int8)
    scales = 0.002 * rng.uniform(0.5, 2, filters)
    bias = constant(rng.integers(-5000, 5000, filters).astype(np.int32), 1e-4)
    given = options("Conv2DOptions", padding=0, strideH=1, strideW=1, dilationHFactor=1, dilationWFactor=1)
    ends = T((1, 1, length, channels), 0.03, -12), T((1, 1, length, filters), 0.05, 9)
    return OneOperator("CONV_2D", [ends[0], constant(weights, scales), bias], [ends[1]], given, version=3).content()


def trials(models: list[str], *, layers: bool = True) -> list[Trial]:
    """One window through each model, and through each single convolution."""
    contents = {name: (zoo_folder(name) / "model.tflite").read_bytes() for name in models}
    if layers:
        contents |= {"conv " + " ".join(map(str, key)): convolution(*key) for key in CMSIS_NN}
    made = []
    for label, content in contents.items():
        source = generate_source(content, "net_" + label.replace("-", "_").replace(" ", "_"))
        model = CompiledModel.open(content)
        x = inputs(source.report.input_bytes, 3)[2:]
        y = model.run_quantized(x.reshape(1, *model.input_shape[1:]))
        made.append(Trial(label, source, x[0], y.ravel()))
    return made


def ecg(shape: tuple[int, ...], count: int) -> np.ndarray:
    """Stretches of the built-in record at changing speed and size, another in each channel, [count, bytes] int8."""
    signal = open_record(built_in_record()).read(0, 100_000).values[0]
    rng = np.random.default_rng(8)
    length, channels = shape[-2:]
    made = np.empty((count, length, channels))
    for window in made:
        for c in range(channels):
            step = rng.uniform(0.25, 4)
            places = rng.uniform(0, len(signal) - step * length) + step * np.arange(length)
            stretch = np.interp(places, np.arange(len(signal)), signal)
            window[:, c] = (stretch - stretch.mean()) / max(float(stretch.std()), 1e-3) * rng.uniform(10, 60)
    return np.clip(np.rint(made), -128, 127).astype(np.int8).reshape(count, -1)


def compare(windows: int) -> None:
    """Print the differing output bytes of every built-in model: noise, walks, waves and ECG, a quarter each."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        kernels = built_kernels(folder)
        for name in zoo_names():
            content = (zoo_folder(name) / "model.tflite").read_bytes()
            model = sanitized(content, folder, kernels)
            made = inputs(model.report.input_bytes, windows * 3 // 4)
            x = np.concatenate([made, ecg(model.report.input.shape, windows - len(made))])
            ours, theirs = model(x), micro(content, x, model.report.input.shape)
            print(f"{name:12} {np.count_nonzero(ours != theirs)} of {ours.size:,} bytes differ", flush=True)


def measure(builds: list[str], models: list[str]) -> dict[str, dict[str, int]]:
    """Instructions by build and label; every byte must be right."""
    found = {}
    chosen = trials(models)
    for build in builds:
        with tempfile.TemporaryDirectory() as folder:
            counts = count(build, chosen, Path(folder))
        wrong = {label: c.differing for label, c in counts.items() if c.differing}
        if wrong:
            sys.exit(f"{build}: wrong output bytes: {wrong}")
        found[build] = {label: c.instructions for label, c in counts.items()}
        print(f"\n{build}")
        for label, instructions in found[build].items():
            print(f"  {label:20} {instructions:>12,}{_against_cmsis(build, label, instructions)}", flush=True)
    return found


def _against_cmsis(build: str, label: str, instructions: int) -> str:
    for key, counts in CMSIS_NN.items():
        if "portable" in build:
            break
        if label == "conv " + " ".join(map(str, key)):
            return f"   {instructions / counts[build.split()[0]]:.2f} of CMSIS-NN"
    return ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(dest="part", required=True)
    comparing = parts.add_parser("compare")
    comparing.add_argument("--windows", type=int, default=300)
    counting = parts.add_parser("count")
    counting.add_argument("--build", action="append", choices=list(BUILDS))
    counting.add_argument("--models", nargs="*", choices=zoo_names())
    counting.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    if arguments.part == "compare":
        compare(arguments.windows)
        return
    if missing_tools():
        sys.exit(f"not installed: {', '.join(missing_tools())}")
    models = list(zoo_names()) if arguments.models is None else arguments.models
    found = measure(arguments.build or list(BUILDS), models)
    if arguments.write:
        table = {"compiler": compiler_version(), "instructions": found}
        TABLE.write_text(json.dumps(table, indent=2) + "\n")


if __name__ == "__main__":
    main()
