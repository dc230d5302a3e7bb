"""TensorFlow Lite Micro and the generated C, side by side on the same bytes."""

from __future__ import annotations

import ctypes
import hashlib
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from engine.export.codegen import CSource, generate_source
from engine.resources import firmware_path

STRICT = ("-std=c99", "-O1", "-Wall", "-Wextra", "-Werror", "-pedantic", "-fsanitize=undefined",
          "-fno-sanitize-recover=undefined", "-fPIC", "-shared")  # fmt: skip


class Sanitized:
    """Generated C built by gcc with warnings as errors, and undefined behaviour as an abort."""

    def __init__(self, source: CSource, library: ctypes.CDLL) -> None:
        self._invoke = library[f"{source.name}_invoke"]
        self.report = source.report

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Outputs [n, bytes] of inputs [n, bytes]; the arena holds rubbish before each."""
        guard = 64
        memory = np.empty(self.report.arena_bytes + 2 * guard, np.int8)
        start = guard - memory.ctypes.data % 16
        y = np.empty((len(x), self.report.output_bytes), np.int8)
        for k, window in enumerate(np.ascontiguousarray(x)):
            memory[:] = 85 - k % 3
            places = window.ctypes.data, y[k].ctypes.data, memory.ctypes.data + start
            self._invoke(*map(ctypes.c_void_p, places))
            edges = memory[:start], memory[start + self.report.arena_bytes :]
            assert all((edge == 85 - k % 3).all() for edge in edges), "wrote outside the arena"
        return y


def built_kernels(folder: Path) -> list[Path]:
    """Object files of all kernels, made in a folder."""
    flags = [flag for flag in STRICT if flag != "-shared"]
    subprocess.run(
        ["gcc", *flags, "-c", *map(str, sorted(firmware_path("nn").glob("*.c")))], cwd=folder, check=True
    )
    return sorted(folder.glob("*.o"))


def all_sanitized(contents: dict[str, bytes], folder: Path, kernels: list[Path]) -> dict[str, Sanitized]:
    """Models by name, built together."""
    made = {name: generate_source(content, f"m{k}") for k, (name, content) in enumerate(contents.items())}
    for source in made.values():
        (folder / f"{source.name}.c").write_text(source.source)
        (folder / f"{source.name}.h").write_text(source.header)
    inputs = [f"{source.name}.c" for source in made.values()]
    digest = hashlib.sha256(b"".join(contents.values())).hexdigest()
    file = folder / f"{digest[:16]}.so"  # a library of the same name would be taken for one that is loaded already
    command = ["gcc", *STRICT, "-I.", f"-I{firmware_path('nn')}", *inputs, *map(str, kernels), "-o", str(file)]
    subprocess.run(command, cwd=folder, check=True)
    library = ctypes.CDLL(str(file))
    return {name: Sanitized(source, library) for name, source in made.items()}


def sanitized(content: bytes, folder: Path, kernels: list[Path]) -> Sanitized:
    """One model."""
    return all_sanitized({"": content}, folder, kernels)[""]


def micro(content: bytes, x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """What TensorFlow Lite Micro makes of inputs [n, bytes]."""
    runtime = pytest.importorskip("tflite_micro", reason="the oracle tflite_micro is not installed").runtime
    interpreter = runtime.Interpreter.from_bytes(content)
    outputs = []
    for window in x:
        interpreter.set_input(window.reshape(shape), 0)
        interpreter.invoke()
        outputs.append(np.array(interpreter.get_output(0)).ravel())
    return np.array(outputs)


def inputs(size: int, count: int, seed: int = 5) -> np.ndarray:
    """Noise, random walks and waves in turn, [count, size] int8."""
    rng = np.random.default_rng(seed)
    kinds = (
        lambda: rng.integers(-128, 128, size),
        lambda: np.cumsum(rng.normal(0, 8, size)),
        lambda: rng.normal(0, 40, size) + 60 * np.sin(np.arange(size) / 7),
    )
    return np.array([np.clip(kinds[k % 3](), -128, 127) for k in range(count)]).astype(np.int8)


def need_gcc() -> None:
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
