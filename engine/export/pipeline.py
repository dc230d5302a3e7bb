"""A trained model's whole export: .tflite, C header, report and parity, in one folder."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.config import QuantizationConfig
from engine.errors import EngineError
from engine.export.header import c_header, check_c_name
from engine.export.parity import Agreement, ParityReport, ParityWindows, agreement, check
from engine.export.report import ExportReport
from engine.export.tflite import Conversion, convert_bytes
from engine.export.tflm import TflmRun, run_tflm
from engine.jobs.events import Job
from engine.records.atomic import write_atomic
from engine.runtime.quantized import TfliteModel

F32 = NDArray[np.float32]

TFLM_WINDOWS = 256  # that TFLM computes, evenly spread over the parity windows: it is slow on a PC
STEPS = 4


@dataclass(frozen=True)
class ExportResult:
    """The files of an export and their figures."""

    tflite: Path
    header: Path
    report: ExportReport
    parity: ParityReport

    def to_document(self) -> dict[str, Any]:
        """JSON-ready figures of report and parity."""
        return {"export": self.report.to_document(), "parity": self.parity.to_document()}


def export_run(
    keras_file: Path,
    folder: Path,
    quantization: QuantizationConfig,
    *,
    representative: F32,
    representative_origin: str,
    parity: ParityWindows,
    class_names: Sequence[str] = (),
    title: str = "",
    job: Job | None = None,
) -> ExportResult:
    """Convert, compare, and only then write model.tflite, model.h, export.json and parity.json into `folder`.

    representative: preprocessed windows [n, length, channels] of training patients; representative_origin says
    which. parity: preprocessed windows of validation patients and how the task scores them. title: for the header's
    comment. Raises EngineError when the model cannot be converted, or when the exported model differs more than
    allowed: then parity_failed.json holds the comparison and an older export in the folder stays as it was.
    """
    job = job or Job()
    check_c_name(quantization.c_name)
    _check_windows(parity.x)
    if not folder.is_dir():
        raise EngineError("no such folder", path=folder)
    job.progress("export", 0, STEPS, "converting")
    conversion = convert_bytes(
        keras_file,
        quantization,
        representative,
        provenance=representative_origin,
        float_windows=parity.x,
        job=job,
    )
    job.progress("export", 1, STEPS, "comparing float and exported model")
    comparison, report = _compare(conversion, quantization, parity, job)
    job.progress("export", 3, STEPS, "writing")
    failed = folder / "parity_failed.json"
    if comparison.faults:
        write_atomic(failed, _json(comparison.to_document()))
        job.artefact("parity_failed", failed)
    check(comparison)
    header = c_header(conversion.content, report, c_name=quantization.c_name, title=title, class_names=class_names)
    files = {
        "tflite": ("model.tflite", conversion.content),
        "header": ("model.h", header.encode()),
        "export": ("export.json", _json(report.to_document())),
        "parity": ("parity.json", _json(comparison.to_document())),
    }
    for kind, (name, content) in files.items():
        write_atomic(folder / name, content)
        job.artefact(kind, folder / name)
    failed.unlink(missing_ok=True)
    job.progress("export", STEPS, STEPS, "done")
    return ExportResult(folder / "model.tflite", folder / "model.h", report, comparison)


def _compare(
    conversion: Conversion, quantization: QuantizationConfig, parity: ParityWindows, job: Job
) -> tuple[ParityReport, ExportReport]:
    model = TfliteModel(conversion.content)
    raw_inputs = model.quantize(parity.x)
    raw_outputs = model.run_quantized(raw_inputs)
    exported, wanted = model.dequantize(raw_outputs), conversion.float_outputs
    job.progress("export", 2, STEPS, "comparing with TensorFlow Lite Micro")
    spread = np.unique(np.linspace(0, len(parity.x) - 1, min(TFLM_WINDOWS, len(parity.x))).round().astype(int))
    run, note = _tflm(conversion.content, quantization, raw_inputs[spread], job)
    end = conversion.report.output
    pair: Agreement | None = None
    if run is not None:
        pair = agreement(
            "exported model in LiteRT and TFLM",
            exported[spread],
            model.dequantize(run.outputs),
            lsb=end.scale,
            zero_point=end.zero_point,
            decision=parity.decision,
        )
    comparison = ParityReport(
        sha256=conversion.report.sha256,
        origin=parity.origin,
        float_exported=agreement(
            "trained and exported model",
            wanted,
            exported,
            lsb=end.scale,
            zero_point=end.zero_point,
            decision=parity.decision,
        ),
        exported_tflm=pair,
        tflm_note=note,
        metric=parity.metric,
        metric_float=float(parity.score(wanted)) if parity.score else None,
        metric_exported=float(parity.score(exported)) if parity.score else None,
        max_metric_drop=quantization.max_metric_drop,
    )
    return comparison, replace(conversion.report, arena_tflm_bytes=run.arena_bytes if run else None)


def _tflm(
    content: bytes, quantization: QuantizationConfig, raw_inputs: NDArray[Any], job: Job
) -> tuple[TflmRun | None, str]:
    if not quantization.tflm_check:
        return None, "switched off by quantization.tflm_check"
    if quantization.format == "FP16":
        return None, "TensorFlow Lite Micro runs no FP16 models"
    with tempfile.TemporaryDirectory(prefix="heartkit-export-") as place:
        file = Path(place) / "model.tflite"
        file.write_bytes(content)
        run = run_tflm(file, raw_inputs, job=job)
    if run is None:
        note = "the package tflite_micro is not installed"
        job.warning(f"no comparison with TensorFlow Lite Micro: {note}")
        return None, note
    return run, ""


def _check_windows(x: F32) -> None:
    if x.ndim != 3 or len(x) == 0:
        raise EngineError(f"the parity windows have shape {x.shape} instead of (n, length, channels)")
    if not np.isfinite(x).all():
        raise EngineError("the parity windows hold values that are no numbers")


def _json(document: dict[str, Any]) -> bytes:
    return (json.dumps(document, indent=2, allow_nan=False) + "\n").encode()
