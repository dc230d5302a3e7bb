"""Answers for whole records from the answers for their windows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.config import EvaluationConfig
from engine.evaluation.classification import answers_of, score_answers
from engine.tasks.base import Task, WindowSet

I64 = NDArray[np.int64]

_SHOWN = ("f1_macro", "f1_weighted", "accuracy", "f1_per_class", "confusion", "ci95", "statements")


def record_numbers(windows: WindowSet) -> tuple[int, I64]:
    """How many records there are, and the record number of each window [n]; patient and record name it."""
    _, patient = np.unique(windows.patient, return_inverse=True)
    names, record = np.unique(windows.record, return_inverse=True)
    keys, number = np.unique(patient * len(names) + record, return_inverse=True)
    return len(keys), number


def mean_by_group(values: NDArray[Any], number: I64, groups: int) -> NDArray[np.float64]:
    """Mean rows [groups, k] of values [n, k]."""
    total = np.zeros((groups, values.shape[1]))
    np.add.at(total, number, values)
    return total / np.bincount(number, minlength=groups)[:, None]


def mean_by_record(windows: WindowSet, outputs: NDArray[Any]) -> tuple[Any, Any, NDArray[np.str_]] | None:
    """Targets, mean outputs and patients of records [records, ...]; None where every record is one window."""
    records, number = record_numbers(windows)
    if records == len(windows):
        return None
    first = np.full(records, len(windows))
    np.minimum.at(first, number, np.arange(len(windows)))
    return windows.y[first], mean_by_group(outputs, number, records), windows.patient[first]


def record_answers(
    windows: WindowSet, probabilities: NDArray[Any], task: Task, config: EvaluationConfig
) -> dict[str, Any] | None:
    """Figures of records whose windows (of all leads) all have the same label, by their mean probabilities.

    None where records are not longer than a window, or where half of them have no one label (as with beats).
    """
    grouped = mean_by_record(windows, probabilities)
    if grouped is None:
        return None
    records, number = record_numbers(windows)
    lowest = np.full(records, np.iinfo(np.int64).max)
    highest = np.full(records, -1)
    np.minimum.at(lowest, number, windows.y)
    np.maximum.at(highest, number, windows.y)
    uniform = lowest == highest
    if 2 * uniform.sum() <= records:
        return None
    y, mean, patient = grouped
    answers = answers_of(y[uniform], mean[uniform], task.class_names, patient[uniform], "records")
    scored = score_answers(answers, config.bootstrap, task.config.seed)
    return {
        "n": int(uniform.sum()),
        "n_left_out": int(records - uniform.sum()),
        "rule": "mean probability of the record's windows",
        **{name: scored[name] for name in _SHOWN},
    }
