"""The child process that runs a model in TensorFlow Lite Micro: `python -m engine.export.tflm_worker`.

Reads one JSON object {model, windows, out} and writes one: {arena_bytes}, {absent: true} where the package
`tflite_micro` is not installed, or {error, hint}. `windows` are raw inputs [n, ...] in the model's own type; the
raw outputs are saved at `out`.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import IO, Any

import numpy as np

from engine.errors import EngineError
from engine.export.child import serve

ROOMY_BYTES = 64 << 20


def run_file(request: dict[str, Any]) -> dict[str, Any]:
    """Outputs of all windows and the arena it took. Raises EngineError if TFLM refuses the model."""
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
        return {"arena_bytes": _arena(interpreter, noise)}


def _invoke(interpreter: Any, window: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    interpreter.set_input(window, 0)
    interpreter.invoke()
    return np.array(interpreter.get_output(0))


def _arena(interpreter: Any, noise: IO[bytes]) -> int | None:
    """What the model took of the arena, as TFLM's recording allocator tells; None if it says nothing we know.

    Trying smaller and smaller arenas instead would end in a segmentation fault in TFLM.
    """
    interpreter.print_allocations()
    noise.seek(0)
    found = re.search(rb"Arena allocation total (\d+) bytes", noise.read())
    return int(found.group(1)) if found else None


if __name__ == "__main__":
    serve(run_file)
