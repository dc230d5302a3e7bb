"""Confidence intervals from resampled patients.

Windows of one patient resemble each other, so the patient is what is drawn, with replacement (Efron and Tibshirani,
An Introduction to the Bootstrap, 1993, percentile intervals). A figure that is a function of sums over patients
costs one matrix product for all replicates together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

FEWEST_PATIENTS = 2
_DRAWS_AT_ONCE = 4_000_000  # bounds memory with many patients

Figure = Callable[[NDArray[Any]], NDArray[np.float64]]


def patient_weights(patients: int, replicates: int, seed: int) -> NDArray[np.float32]:
    """How often each patient was drawn, float32 [replicates, patients]; the same for the same seed."""
    generator = np.random.default_rng([seed, patients])
    weights = np.zeros((replicates, patients), np.float32)
    at_once = max(1, _DRAWS_AT_ONCE // max(1, patients))
    for first in range(0, replicates, at_once):
        rows = min(at_once, replicates - first)
        drawn = generator.integers(patients, size=(rows, patients)) + np.arange(rows)[:, None] * patients
        weights[first : first + rows] = np.bincount(drawn.ravel(), minlength=rows * patients).reshape(
            rows, patients
        )
    return weights


def resampled_sums(per_patient: NDArray[Any], replicates: int, seed: int) -> F64:
    """Sums over drawn patients [replicates, ...] of what each contributes [patients, ...]."""
    patients = len(per_patient)
    flat = np.asarray(per_patient, np.float64).reshape(patients, -1)
    return (patient_weights(patients, replicates, seed).astype(np.float64) @ flat).reshape(
        replicates, *per_patient.shape[1:]
    )


def intervals(
    per_patient: NDArray[Any], figures: Mapping[str, Figure], *, replicates: int, seed: int
) -> dict[str, tuple[float, float] | None]:
    """95 % interval of each figure of the summed counts.

    per_patient: [patients, ...]. A figure maps sums [replicates, ...] to [replicates]; replicates in which it is
    undefined are left out. None where there is no interval: fewer than two patients, no replicates asked for.
    """
    if len(per_patient) < FEWEST_PATIENTS or replicates == 0:
        return dict.fromkeys(figures)
    sums = resampled_sums(per_patient, replicates, seed)
    return {name: percentile_interval(figure(sums)) for name, figure in figures.items()}


def percentile_interval(values: NDArray[Any]) -> tuple[float, float] | None:
    """The middle 95 % of the values that are known, None without any."""
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    low, high = np.percentile(known, [2.5, 97.5])
    return float(low), float(high)
