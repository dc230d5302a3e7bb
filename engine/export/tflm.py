"""TensorFlow Lite Micro on this computer, as the oracle of what the board will compute."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.export.child import call
from engine.jobs.events import Job

LIMIT_S = 1200.0


@dataclass(frozen=True)
class TflmRun:
    """Raw outputs [n, ...] in the model's own type, and the arena bytes that this computer's build took.

    A board with 32-bit addresses needs somewhat less. None: TFLM did not tell.
    """

    outputs: NDArray[Any]
    arena_bytes: int | None


def run_tflm(model: Path, raw_windows: NDArray[Any], *, job: Job) -> TflmRun | None:
    """The model on raw inputs [n, ...], in a child process; None where `tflite_micro` is not installed.

    Raises EngineError when TFLM cannot run the model, Cancelled when the job is.
    """
    with tempfile.TemporaryDirectory(prefix="heartkit-tflm-") as folder:
        windows, out = Path(folder) / "windows.npy", Path(folder) / "outputs.npy"
        np.save(windows, raw_windows)
        request = {"model": str(model.resolve()), "windows": str(windows), "out": str(out)}
        answer = call("engine.export.tflm_worker", request, job=job, what="the TFLM check", limit_s=LIMIT_S)
        if answer.get("absent"):
            return None
        return TflmRun(np.load(out, allow_pickle=False), answer["arena_bytes"])
