"""The one door of evaluation: a task's windows and a model's outputs in, every figure out.

All shares (F1, sensitivity, coverage ...) run from 0 to 1. Every labelled window counts in every figure but the
HeartKit-compatible column; there is no rejection. Saved as `metrics.json` and `windows.npz`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.config import EvaluationConfig
from engine.errors import EngineError
from engine.evaluation import classification, heartkit_figures, waveforms
from engine.evaluation.beat_classes import window_runs
from engine.evaluation.class_counts import grouped_confusion
from engine.evaluation.confusion_index import FILE_NAME, ConfusionIndex
from engine.evaluation.embeddings import score_embeddings
from engine.evaluation.grouping import mean_by_record, record_answers
from engine.evaluation.multi_label import score_labels
from engine.evaluation.wave_scores import has_events, score_waves, wave_names
from engine.records.atomic import write_atomic
from engine.tasks.base import IGNORED, Task, WindowSet

VERSION = 1
METRICS_NAME = "metrics.json"


@dataclass(frozen=True)
class EvaluationResult:
    """Figures as plain data (NaN where undefined) and, for tasks with classes, the index of the windows."""

    document: Mapping[str, Any]
    index: ConfusionIndex | None = None

    @property
    def headline(self) -> tuple[str, float]:
        """Name and value of the task's main figure; more is better."""
        name = self.document["headline_metric"]
        return name, float(self.document[name]) if self.document[name] is not None else float("nan")

    def with_figures(self, more: Mapping[str, Any]) -> EvaluationResult:
        """The same with more entries, which the task's figures in words mention too."""
        document = {**self.document, **more}
        return EvaluationResult(document | {"task_figures": task_figures(document)}, self.index)

    def to_document(self) -> dict[str, Any]:
        """Everything as JSON-ready data: no NaN (None instead), no arrays."""
        plain: dict[str, Any] = plain_data(self.document)
        return plain

    def save(self, folder: Path) -> None:
        """Write metrics.json and, if there is an index, windows.npz. Raises EngineError."""
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(self.to_document(), indent=1, allow_nan=False, ensure_ascii=False)
        write_atomic(folder / METRICS_NAME, text.encode())
        if self.index is not None:
            self.index.save(folder / FILE_NAME)

    @staticmethod
    def load(folder: Path) -> EvaluationResult:
        """Read what `save` wrote. Raises EngineError naming the file."""
        file = folder / METRICS_NAME
        try:
            document = json.loads(file.read_text(encoding="utf-8"))
        except OSError as error:
            raise EngineError(error.strerror or "cannot be read", path=file, hint="evaluate first") from None
        except (UnicodeDecodeError, json.JSONDecodeError) as error:
            raise EngineError(f"is not JSON: {error}", path=file) from None
        if not isinstance(document, dict) or "headline_metric" not in document:
            raise EngineError("is not an evaluation", path=file, hint="evaluate again")
        index = folder / FILE_NAME
        return EvaluationResult(document, ConfusionIndex.load(index) if index.is_file() else None)


def evaluate(task: Task, windows: WindowSet, outputs: NDArray[Any], config: EvaluationConfig) -> EvaluationResult:
    """Score a model.

    outputs: as the model's `predict` gives them: probabilities [n, classes] or, per sample, [n, length, classes];
    values [n, length, channels] for regression; [n, size] for embeddings. Raises EngineError for outputs that do
    not fit the task, that are not finite, or when no window is labelled.
    """
    if len(windows) == 0:
        raise EngineError("there are no windows to evaluate", hint="is the split empty, or nothing labelled?")
    outputs = np.asarray(outputs)
    _check_outputs(task, windows, outputs)
    document, index = _SCORERS[task.target](task, windows, outputs, config)
    head = {
        "version": VERSION,
        "task": task.name,
        "target": task.target,
        "n_patients": len(np.unique(windows.patient)),
        "n_records": len(np.unique(np.char.add(np.char.add(windows.patient, "\n"), windows.record))),
        "coverage": 1.0,
    }
    figures = {"ece": document["calibration"]["ece"]} if "calibration" in document else {}
    return EvaluationResult(head | document | figures | {"task_figures": task_figures(document)}, index)


def _per_window(
    task: Task, windows: WindowSet, outputs: NDArray[Any], config: EvaluationConfig
) -> tuple[dict[str, Any], ConfusionIndex]:
    number = np.flatnonzero(windows.y != IGNORED)
    _need(len(number))
    y, probabilities = windows.y[number], outputs[number]
    answers = classification.answers_of(y, probabilities, task.class_names, windows.patient[number], "windows")
    document = classification.score_answers(answers, config.bootstrap, task.config.seed)
    document["n"] = len(number)
    document["headline_metric"] = "f1_macro"
    document["inconclusive"] = classification.inconclusive(y, probabilities, config.threshold)
    document["heartkit_compatible"] = classification.heartkit_compatible(answers, task.name, config.threshold)
    document["per_record"] = record_answers(windows.take(number), probabilities, task, config)
    if task.name == "beat":
        document["runs"] = window_runs(windows.take(number), probabilities.argmax(axis=1), task)
    cells = np.stack([y, probabilities.argmax(axis=1)], axis=1).astype(np.int32)
    index = ConfusionIndex.of(windows, number, task.class_names, "per_window", cells, probabilities)
    return document, index


def _per_sample(
    task: Task, windows: WindowSet, outputs: NDArray[Any], config: EvaluationConfig
) -> tuple[dict[str, Any], ConfusionIndex]:
    marked = windows.y != IGNORED
    number = np.flatnonzero(marked.any(axis=1))
    _need(len(number))
    k = len(task.class_names)
    y, probabilities, marked = windows.y[number], outputs[number], marked[number]
    of_window = np.broadcast_to(np.arange(len(number))[:, None], y.shape)[marked]
    true, flat = y[marked], probabilities[marked]
    cells = grouped_confusion(true, flat.argmax(axis=1), of_window, len(number), k)
    patients, group = np.unique(windows.patient[number], return_inverse=True)
    per_patient = np.zeros((len(patients), k, k), np.int64)
    np.add.at(per_patient, group, cells)
    answers = classification.Answers(
        true, np.asarray(flat, np.float32), group[of_window], patients, task.class_names, "time samples"
    )
    document = classification.score_answers(answers, config.bootstrap, task.config.seed, per_patient)
    document["n"] = len(number)
    document["n_samples"] = len(true)
    document["headline_metric"] = "f1_macro"
    document["inconclusive"] = classification.inconclusive(true, flat, config.threshold)
    document["heartkit_compatible"] = heartkit_figures.sample_figures(per_patient.sum(axis=0))
    if has_events(task, windows):
        rate_hz = task.config.window.rate_hz
        names = wave_names(task)
        waves = score_waves(windows, outputs, names, rate_hz, replicates=config.bootstrap, seed=task.config.seed)
        document["ci95"] |= waves.pop("ci95")
        document |= waves
        if waves.get("n_recordings_without_p") == 0:
            document["statements"].append(
                "no recording here in atrial fibrillation or flutter: no count of false P"
            )
    score = probabilities.mean(axis=1)
    index = ConfusionIndex.of(windows, number, task.class_names, "per_sample", cells.astype(np.int32), score)
    return document, index


def _multi_label(
    task: Task, windows: WindowSet, outputs: NDArray[Any], config: EvaluationConfig
) -> tuple[dict[str, Any], ConfusionIndex]:

    def score(y: NDArray[Any], probabilities: NDArray[Any], patient: NDArray[Any]) -> dict[str, Any]:
        return score_labels(
            y, probabilities, task.class_names, patient,
            threshold=config.threshold, replicates=config.bootstrap, seed=task.config.seed,
        )  # fmt: skip

    document = score(windows.y, outputs, windows.patient)
    document["n"] = len(windows)
    document["headline_metric"] = "auroc_macro"
    grouped = mean_by_record(windows, outputs)
    if grouped is not None:
        records = score(*grouped)
        shown = ("f1_macro", "auroc_macro", "f1_per_class", "accuracy", "ci95")
        document["per_record"] = {
            "n": len(grouped[0]),
            "rule": "mean probability of the record's windows",
            **{name: records[name] for name in shown},
        }
    threshold = document["threshold"]
    cells = np.stack([windows.y >= 0.5, outputs >= threshold], axis=2)
    index = ConfusionIndex.of(windows, np.arange(len(windows)), task.class_names, "multi_label", cells, outputs)
    return document, index


def _regression(
    task: Task, windows: WindowSet, outputs: NDArray[Any], config: EvaluationConfig
) -> tuple[dict[str, Any], None]:
    noisy = windows.x if task.name == "denoise" and windows.x.shape == windows.y.shape else None
    document = waveforms.score_signals(
        windows.y, outputs, windows.patient, x=noisy, replicates=config.bootstrap, seed=task.config.seed
    )
    document["n"] = len(windows)
    document["headline_metric"] = "cosine" if noisy is None else "snr_gain_db"
    if noisy is not None:
        gain = {"snr_gain_db": waveforms.window_gain_db(noisy, windows.y, outputs)}
        for key in ("snr_db", "noise"):
            if key in windows.extra:
                document[f"by_{key}"] = waveforms.groups(windows.extra[key], gain)
    document["statements"] = []
    return document, None


def _embedding(
    task: Task, windows: WindowSet, outputs: NDArray[Any], config: EvaluationConfig
) -> tuple[dict[str, Any], None]:
    document = score_embeddings(outputs, windows.patient, task.config.seed)
    return document | {"n": len(windows), "headline_metric": "same_patient_nearest"}, None


def task_figures(document: Mapping[str, Any]) -> dict[str, float]:
    """The figures only this kind of task has, in words, for tables of any task."""
    named = {
        "event_f1_macro_150ms": "macro F1 of boundaries, 150 ms",
        "event_f1_macro_tight": "macro F1 of boundaries, tight",
        "p_onsets_per_10_s_without_p": "P onsets per 10 s in AF or flutter",
        "snr_in_db": "SNR in, dB",
        "snr_out_db": "SNR out, dB",
        "prd": "PRD, %",
        "cosine": "cosine likeness",
    }
    figures = {words: document[name] for name, words in named.items() if name in document}
    if document.get("per_record"):
        figures["macro F1 of whole records"] = document["per_record"]["f1_macro"]
    for part, entries in _WORDS_OF_PARTS.items():
        measured = document.get(part) or {}
        figures |= {words: measured[name] for name, words in entries.items() if name in measured}
    for name, kinds in (document.get("runs") or {}).items():
        for kind, counts in kinds.items():
            for key, side in (("se", "found"), ("ppv", "confirmed")):
                figures[f"{kind.replace('_', ' ')} of {name} {side}"] = counts[key]
    return figures


_WORDS_OF_PARTS: Mapping[str, Mapping[str, str]] = {
    "segmentation_kept": {
        "f1_macro_clean": "macro F1 of waves, clean",
        "f1_macro_clean_denoised": "macro F1 of waves, clean, denoised",
        "f1_macro_noisy_0_db": "macro F1 of waves, noise at 0 dB",
        "f1_macro_noisy_0_db_denoised": "macro F1 of waves, noise, denoised",
    },
    "linear_probe": {"auroc_macro": "macro AUROC of a linear probe for PTB-XL's superclasses"},
}


def _check_outputs(task: Task, windows: WindowSet, outputs: NDArray[Any]) -> None:
    expected: tuple[int, ...] = {
        "per_window": (len(windows), len(task.class_names)),
        "per_sample": (len(windows), windows.y.shape[1] if windows.y.ndim > 1 else 0, len(task.class_names)),
        "multi_label": (len(windows), len(task.class_names)),
        "regression": windows.y.shape,
    }.get(task.target, (len(windows), *outputs.shape[1:]))
    if outputs.shape != expected:
        raise EngineError(
            f"the model's outputs have shape {list(outputs.shape)}, task {task.name} needs {list(expected)}",
            hint="is it a model of another task, or with other classes?",
        )
    if not np.isfinite(outputs).all():
        raise EngineError("the model's outputs hold numbers that are not finite", hint="did its training diverge?")


def _need(labelled: int) -> None:
    if labelled == 0:
        raise EngineError("no window is labelled for this task", hint="choose another split or dataset")


_Scorer = Callable[[Task, WindowSet, NDArray[Any], EvaluationConfig], tuple[dict[str, Any], ConfusionIndex | None]]
_SCORERS: Mapping[str, _Scorer] = {
    "per_window": _per_window,
    "per_sample": _per_sample,
    "multi_label": _multi_label,
    "regression": _regression,
    "embedding": _embedding,
}


def plain_data(value: Any) -> Any:
    """JSON-ready copy: arrays to lists, numpy numbers to Python's, not finite to None."""
    if isinstance(value, Mapping):
        return {str(key): plain_data(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain_data(entry) for entry in value]
    if isinstance(value, np.ndarray | np.generic):
        return plain_data(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
