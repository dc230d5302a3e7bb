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


def record_answers(
    windows: WindowSet, probabilities: NDArray[Any], task: Task, config: EvaluationConfig
) -> dict[str, Any] | None:
    """Figures of records whose windows (of all leads) all have the same label, by their mean probabilities.

    None where records are not longer than a window or no record has one label throughout.
    """
    records, number = record_numbers(windows)
    if records == len(windows):
        return None
    lowest = np.full(records, np.iinfo(np.int64).max)
    highest = np.full(records, -1)
    np.minimum.at(lowest, number, windows.y)
    np.maximum.at(highest, number, windows.y)
    uniform = lowest == highest
    if not uniform.any():
        return None
    mean = mean_by_group(probabilities, number, records)
    first = np.full(records, len(windows))
    np.minimum.at(first, number, np.arange(len(windows)))
    answers = answers_of(
        lowest[uniform], mean[uniform], task.class_names, windows.patient[first[uniform]], "records"
    )
    scored = score_answers(answers, config.bootstrap, task.config.seed)
    return {
        "n": int(uniform.sum()),
        "n_left_out": int(records - uniform.sum()),
        "rule": "mean probability of the record's windows",
        **{name: scored[name] for name in _SHOWN},
    }
