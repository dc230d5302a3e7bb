"""Export: a run's model as .tflite with header, report and parity."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.config import QuantizationConfig, RunConfig, load_config
from engine.errors import EngineError
from engine.jobs.events import Job
from engine.jobs.run_folder import RunFolder
from engine.modes.data_folders import with_folders, without_folders
from engine.runtime.outputs import from_logits
from engine.signals.preprocess import PreparedWindows, prepare_windows
from engine.tasks.base import Task, WindowSet
from engine.tasks.registry import open_task

if TYPE_CHECKING:
    from engine.export.parity import ParityWindows

F32 = NDArray[np.float32]
PARITY_WINDOWS = 2000
DECISIONS = {"per_window": "argmax", "per_sample": "argmax", "multi_label": "sign"}


def export_run(
    folder: RunFolder, job: Job, *, source: Path | None = None, changes: Mapping[str, Any] | None = None
) -> Mapping[str, Any]:
    """Convert the run's model.keras; the files made and a summary for people. Raises EngineError.

    The integer scales come from training patients, the comparison from validation patients.
    """
    from engine.export.pipeline import export_run as convert_and_check
    from engine.training.prepare import prepare

    if not folder.keras.is_file():
        raise EngineError("holds no trained model", path=folder.path, hint="train first: heartkit-engine train")
    config = load_config(folder.config)
    if source is not None:
        config = with_folders(without_folders(config), source)
    quantization = changed(config.quantization, changes or {})
    prepared = prepare(config, job, sides=("train", "val"))
    result = convert_and_check(
        folder.keras,
        folder.path,
        quantization,
        representative=representative(config, quantization, prepared.train),
        representative_origin="training patients",
        parity=parity_windows(open_task(config), prepared.val),
        class_names=config.class_names,
        title=config.name,
        job=job,
    )
    return {
        "tflite": str(result.tflite),
        "header": str(result.header),
        "summary": summary(result.to_document()),
        **result.to_document(),
    }


def changed(quantization: QuantizationConfig, changes: Mapping[str, Any]) -> QuantizationConfig:
    """The settings with some changed; a number format that needs another io type gets it."""
    form = changes.get("format", quantization.format)
    natural = {"INT8": "int8", "INT16X8": "int16"}.get(str(form), "float32")
    given = {"io_type": natural, **changes} if form != quantization.format else changes
    return QuantizationConfig.model_validate({**quantization.model_dump(), **given})


def representative(config: RunConfig, quantization: QuantizationConfig, windows: WindowSet) -> F32:
    """Preprocessed windows [n, length, channels] drawn evenly from the training windows."""
    if len(windows) == 0:
        raise EngineError("there are no training windows to calibrate the quantization with")
    count = min(quantization.representative_windows, len(windows))
    index = np.unique(np.linspace(0, len(windows) - 1, count).round().astype(np.int64))
    return prepare_windows(np.asarray(windows.x[index]), config.window.preprocesses, config.window.rate_hz).x


def parity_windows(task: Task, windows: WindowSet) -> ParityWindows:
    """Validation windows with the task's own metric, for the comparison of float and exported model."""
    from engine.evaluation.result import evaluate
    from engine.export.parity import ParityWindows

    if len(windows) == 0:
        raise EngineError("there are no validation windows to compare the models on")
    index = np.unique(np.linspace(0, len(windows) - 1, min(PARITY_WINDOWS, len(windows))).round().astype(np.int64))
    chosen = windows.take(index)
    window = task.config.window
    prepared: PreparedWindows = prepare_windows(np.asarray(chosen.x), window.preprocesses, window.rate_hz)
    quick = task.config.evaluation.model_copy(update={"bootstrap": 0})

    def score(outputs: F32) -> float:
        return evaluate(task, chosen, from_logits(outputs, task.target, prepared), quick).headline[1]

    scored = task.target != "embedding"
    return ParityWindows(
        x=prepared.x,
        score=score if scored else None,
        metric="validation figure of the task",
        decision=DECISIONS.get(task.target, "none"),  # type: ignore[arg-type]
        origin="validation patients",
    )


def summary(document: Mapping[str, Any]) -> dict[str, str]:
    """The figures a person looks at first."""
    export, parity = document["export"], document["parity"]
    lines = {
        "Format": f"{export['format']}, input and output {export['io_type']}",
        "File": f"{export['file_bytes']:,} bytes",
        "Parameters": f"{export['params']:,}",
        "Multiply-accumulates per window": f"{export['macs']:,}",
        "Working memory": f"{export['arena_bytes']:,} bytes",
    }
    if parity.get("metric_float") is not None:
        lines["Validation figure, float model"] = f"{parity['metric_float']:.4f}"
        lines["Validation figure, exported model"] = f"{parity['metric_exported']:.4f}"
    pair = parity["float_vs_exported"]
    lines["Decisions that differ from the float model"] = f"{pair['decisions_changed']:,} of {pair['decisions']:,}"
    micro = parity.get("exported_vs_tflm")
    lines["TensorFlow Lite Micro against LiteRT"] = (
        f"at most {micro['max_lsb']:g} steps apart" if micro else parity.get("tflm_note", "not compared")
    )
    return lines
