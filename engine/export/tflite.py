"""From a .keras file to a checked .tflite file."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.config import QuantizationConfig
from engine.errors import ConfigError, EngineError
from engine.export.child import call
from engine.export.guard import check_graph
from engine.export.report import ExportReport, describe
from engine.export.tflite_graph import read_graph
from engine.jobs.events import Job
from engine.records.atomic import write_atomic

F32 = NDArray[np.float32]

LIMIT_S = 1800.0
LEAST_WINDOWS = 10  # that can set the scales of an integer model


@dataclass(frozen=True)
class Conversion:
    """A converted model that has passed the checks of its graph, not yet written anywhere.

    float_outputs: what the trained model says, [n, ...] float32, on the windows that were given for it; else empty.
    """

    content: bytes
    report: ExportReport
    float_outputs: F32


def convert(
    keras_file: Path,
    out: Path,
    quantization: QuantizationConfig,
    representative: F32,
    *,
    provenance: str = "",
    job: Job | None = None,
) -> ExportReport:
    """Convert a trained model and put the checked result at `out`, atomically. See `convert_bytes`.

    After a fault a file already at `out` is as it was.
    """
    job = job or Job()
    conversion = convert_bytes(keras_file, quantization, representative, provenance=provenance, job=job)
    write_atomic(out, conversion.content)
    job.artefact("tflite", out)
    return conversion.report


def convert_bytes(
    keras_file: Path,
    quantization: QuantizationConfig,
    representative: F32,
    *,
    provenance: str = "",
    float_windows: F32 | None = None,
    job: Job | None = None,
) -> Conversion:
    """Convert a trained model in a child process.

    representative: preprocessed windows [n, length, channels] of training patients, which set the integer scales;
    at most `quantization.representative_windows` of them are used, evenly spread. provenance: where they came from,
    for the report. float_windows: preprocessed windows on which the trained model's own outputs are wanted.
    Raises EngineError when the model cannot be converted or its graph is not fit for the small runtime, Cancelled
    when the job is.
    """
    job = job or Job()
    if not keras_file.is_file():
        raise EngineError("no such model file", path=keras_file, hint="train first, or name the run's folder")
    io_type, notes = io_of(quantization)
    windows = _representative(representative, quantization)
    for note in notes:
        job.warning(note)
    job.message(f"converting {keras_file.name} to {quantization.format}")
    with tempfile.TemporaryDirectory(prefix="heartkit-export-") as name:
        folder = Path(name)
        np.save(folder / "representative.npy", windows)
        if float_windows is not None:
            np.save(folder / "windows.npy", np.asarray(float_windows, np.float32))
        request = {
            "keras": str(keras_file.resolve()),
            "out": str(folder / "model.tflite"),
            "format": quantization.format,
            "io_type": io_type,
            "representative": str(folder / "representative.npy"),
            "windows": None if float_windows is None else str(folder / "windows.npy"),
            "float_out": str(folder / "float.npy"),
        }
        call("engine.export.convert_worker", request, job=job, what="the conversion", limit_s=LIMIT_S)
        content = (folder / "model.tflite").read_bytes()
        outputs = np.empty(0, np.float32)
        if float_windows is not None:
            outputs = np.load(folder / "float.npy", allow_pickle=False)
    check_graph(read_graph(content), path=keras_file)
    origin = f"{len(windows)} windows{': ' if provenance else ''}{provenance}"
    report = describe(content, kind=quantization.format, representative=origin, notes=notes)
    return Conversion(content, report, outputs)


def io_of(quantization: QuantizationConfig) -> tuple[str, tuple[str, ...]]:
    """The type of input and output that a format really gets, and what to tell where that is not what was asked.

    INT8 models take int8 or float32, INT16X8 models int16 or float32, float models float32.
    """
    asked = quantization.io_type
    if quantization.format == "INT8":
        if asked == "int16":
            raise ConfigError(
                'quantization.io_type "int16" does not go with format "INT8"', hint='use "int8" or "float32"'
            )
        return asked, ()
    native = "int16" if quantization.format == "INT16X8" else "float32"
    if asked in (native, "float32"):
        return asked, ()
    return native, (f"{quantization.format} models have no {asked} input or output; they got {native}",)


def _representative(windows: F32, quantization: QuantizationConfig) -> F32:
    if windows.ndim != 3:
        raise EngineError(f"the representative windows have shape {windows.shape} instead of (n, length, channels)")
    if len(windows) < LEAST_WINDOWS:
        raise EngineError(
            f"{len(windows)} representative windows are too few to set integer scales",
            hint=f"give at least {LEAST_WINDOWS} windows of training patients",
        )
    if not np.isfinite(windows).all():
        raise EngineError("the representative windows hold values that are no numbers")
    count = min(len(windows), quantization.representative_windows)
    spread = np.linspace(0, len(windows) - 1, count).round().astype(int)
    return np.ascontiguousarray(windows[spread], np.float32)
