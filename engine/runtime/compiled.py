"""A model as compiled C: what the board computes, on this computer, byte for byte.

The C of `engine.export.codegen` is built once with the machine's compiler and kept in the user's cache under the
hash of everything that went into it.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import EngineError
from engine.resources import firmware_path
from engine.runtime.quantized import dequantize, quantize

if TYPE_CHECKING:
    from engine.export.codegen import CSource

F32 = NDArray[np.float32]
I8 = NDArray[np.int8]

NAME = "model"
COMPILERS = ("cc", "gcc", "clang")
FLAGS = ("-std=c99", "-O3", "-shared", *(() if os.name == "nt" else ("-fPIC",)))
SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
BUILD_LIMIT_S = 120.0
ALIGNMENT = 16
KEPT = 64  # libraries in the cache


class CompiledModel:
    """One INT8 model as machine code; the interface of `TfliteModel`. Not safe to share between threads."""

    def __init__(self, library: Path, source: CSource) -> None:
        self._invoke = ctypes.CDLL(str(library))[f"{source.name}_invoke"]
        self._invoke.argtypes = [ctypes.c_void_p] * 3
        self._invoke.restype = None
        report = source.report
        self.input_shape = report.input.shape
        self.output_shape = report.output.shape
        if self.input_shape[0] != 1:
            raise EngineError(f"expects {self.input_shape[0]} windows at a time instead of one")
        self._input, self._output = (
            {"dtype": np.int8, "quantization": (np.float32(end.scale), end.zero_point)}
            for end in (report.input, report.output)
        )
        memory = np.zeros(report.arena_bytes + ALIGNMENT, np.int8)
        start = -memory.ctypes.data % ALIGNMENT
        self._arena = memory[start : start + report.arena_bytes]

    @staticmethod
    def open(model: Path | bytes) -> CompiledModel:
        """The model of a .tflite file (path or content), compiled now or found in the cache.

        Raises EngineError without a C compiler, and for models that cannot become C.
        """
        from engine.export.codegen import generate_source

        path = model if isinstance(model, Path) else None
        compiler()  # its absence is no fault of the file
        try:
            source = generate_source(model.read_bytes() if isinstance(model, Path) else model, NAME)
            return CompiledModel(_library(source), source)
        except OSError as error:
            raise EngineError(error.strerror or "cannot be loaded", path=path) from None
        except AttributeError:
            fault = "the C compiler made a library that shows no function"
            raise EngineError(fault, path=path, hint="on Windows use MinGW's gcc: set CC") from None
        except EngineError as error:
            raise error if error.path else type(error)(error.fault, path=path, hint=error.hint) from None

    def run(self, x: F32) -> F32:
        """Outputs [n, ...] of preprocessed windows [n, ...], dequantised."""
        return self.dequantize(self.run_quantized(self.quantize(x)))

    def quantize(self, x: F32) -> I8:
        """Windows in the type of the model's input, rounded half to even and clipped."""
        return quantize(x, self._input)

    def dequantize(self, y: I8) -> F32:
        """Outputs as float32."""
        return dequantize(y, self._output)

    def run_quantized(self, x: NDArray[Any]) -> I8:
        """Raw outputs [n, ...] of raw inputs [n, ...], both int8."""
        if tuple(x.shape[1:]) != self.input_shape[1:]:
            raise EngineError(f"the model takes windows of shape {self.input_shape[1:]}, not {tuple(x.shape[1:])}")
        if x.dtype != np.int8:
            raise EngineError(f"the model takes int8 values, not {x.dtype}")
        x = np.ascontiguousarray(x)
        y = np.empty((len(x), *self.output_shape[1:]), np.int8)
        for source, target in zip(x, y, strict=True):
            self._invoke(source.ctypes.data, target.ctypes.data, self._arena.ctypes.data)
        return y


def compiler() -> tuple[str, ...]:
    """The command of a C compiler: CC of the environment, else the first that is installed. Raises EngineError."""
    chosen = shlex.split(os.environ.get("CC", ""))
    for command in (chosen,) if chosen else ((name,) for name in COMPILERS):
        if shutil.which(command[0]):
            return tuple(command)
    if chosen:
        raise EngineError(f'the C compiler "{chosen[0]}" named by CC is not installed', hint="correct or unset CC")
    raise EngineError(
        "no C compiler is installed",
        hint="install gcc or clang, or name a compiler in the environment variable CC",
    )


def default_cache_dir() -> Path:
    """Where compiled models are kept."""
    from platformdirs import user_cache_path

    return user_cache_path("heartkit-workbench", appauthor=False) / "compiled"


def _library(source: CSource) -> Path:
    command = compiler()
    kernels = sorted(path for path in firmware_path("nn").iterdir() if path.suffix in (".c", ".h"))
    parts = [
        source.source,
        source.header,
        *(path.read_text(encoding="utf-8") for path in kernels),
        *command,
        *FLAGS,
    ]
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    library = default_cache_dir() / f"{key[:32]}{SUFFIX}"
    if not library.is_file():
        try:
            _build(source, [path for path in kernels if path.suffix == ".c"], command, library)
        except OSError as error:
            raise EngineError(
                f"a compiled model cannot be kept in {library.parent}: {error.strerror}",
                hint="free some space, or make the folder writable",
            ) from None
    return library


def _build(source: CSource, kernels: list[Path], command: tuple[str, ...], library: Path) -> None:
    library.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="build-", dir=library.parent) as place:
        folder = Path(place)
        (folder / f"{source.name}.c").write_text(source.source, encoding="utf-8")
        (folder / f"{source.name}.h").write_text(source.header, encoding="utf-8")
        made = folder / library.name
        inputs = [str(folder / f"{source.name}.c"), *map(str, kernels)]
        include = [f"-I{folder}", f"-I{kernels[0].parent}"]
        try:
            done = subprocess.run(
                [*command, *FLAGS, *include, *inputs, "-o", str(made)],
                capture_output=True,
                text=True,
                errors="replace",
                timeout=BUILD_LIMIT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise EngineError(f"the C compiler {command[0]} did not finish: {error}") from None
        if done.returncode or not made.is_file():
            said = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr.strip())
            raise EngineError(
                f"the C compiler {command[0]} failed: {said[:300]}", hint="try another compiler: set CC"
            )
        made.replace(library)
    _prune(library.parent)


def _prune(folder: Path) -> None:
    """Drop the libraries that were built longest ago; one that is in use may stay."""
    with contextlib.suppress(OSError):
        built = sorted(folder.glob(f"*{SUFFIX}"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in built[KEPT:]:
            path.unlink()
