"""The child process that runs a model in TensorFlow Lite Micro: `python -m engine.export.tflm_worker`.

Reads one JSON object {model, windows, out} and writes one: {arena_bytes}, {absent: true} where the package
`tflite_micro` is not installed, or {error, hint}. `windows` are raw inputs [n, ...] in the model's own type; the
raw outputs are saved at `out`.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import EngineError
from engine.export.child import serve

ROOMY_BYTES = 64 << 20
STEP_BYTES = 256


def run_file(request: dict[str, Any]) -> dict[str, Any]:
    """Outputs of all windows and the smallest arena that works. Raises EngineError if TFLM refuses the model."""
    try:
        from tflite_micro import runtime
    except ImportError:
        return {"absent": True}
    content = Path(request["model"]).read_bytes()
    with tempfile.TemporaryFile() as noise:
        os.dup2(noise.fileno(), 2)  # TFLM tells its reasons on standard error
        try:
            interpreter = runtime.Interpreter.from_bytes(content, arena_size=ROOMY_BYTES)
            windows = np.load(request["windows"], allow_pickle=False)
            outputs = [_invoke(interpreter, windows[k : k + 1]) for k in range(len(windows))]
        except RuntimeError as error:
            noise.seek(0)
            said = [line.strip() for line in noise.read().decode("utf-8", "replace").splitlines() if line.strip()]
            reason = said[0] if said else str(error)
            raise EngineError(
                f"TensorFlow Lite Micro cannot run the model: {reason[:300]}", hint="use layers it knows"
            ) from None
        np.save(request["out"], np.concatenate(outputs))
        return {"arena_bytes": _smallest_arena(runtime, content)}


def _invoke(interpreter: Any, window: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    interpreter.set_input(window, 0)
    interpreter.invoke()
    return np.array(interpreter.get_output(0))


def _smallest_arena(runtime: Any, content: bytes) -> int:
    """By bisection, to 256 bytes."""
    low, high = 0, ROOMY_BYTES // STEP_BYTES
    while high - low > 1:
        middle = (low + high) // 2
        try:
            runtime.Interpreter.from_bytes(content, arena_size=middle * STEP_BYTES)
        except RuntimeError:
            low = middle
        else:
            high = middle
    return high * STEP_BYTES


if __name__ == "__main__":
    serve(run_file)
