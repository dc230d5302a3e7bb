"""Figures of classification from counts: rows of a confusion matrix are the truth, columns the model's answer.

Every function takes confusion matrices [..., k, k], so that a thousand bootstrap replicates cost one call. Figures
are shares from 0 to 1, NaN where they are not defined.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


def confusion(true: NDArray[Any], predicted: NDArray[Any], k: int) -> I64:
    """Counts [k, k] of pairs of class numbers."""
    return np.bincount(np.ravel(true) * k + np.ravel(predicted), minlength=k * k).reshape(k, k)


def grouped_confusion(true: NDArray[Any], predicted: NDArray[Any], group: I64, groups: int, k: int) -> I64:
    """Counts [groups, k, k], one matrix for each group number."""
    cell = (np.asarray(group) * k + true) * k + predicted
    return np.bincount(cell, minlength=groups * k * k).reshape(groups, k, k)


def share(part: NDArray[Any], whole: NDArray[Any]) -> F64:
    """part / whole, NaN where whole is 0."""
    part, whole = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    return np.divide(part, whole, out=np.full(np.broadcast(part, whole).shape, np.nan), where=whole != 0)


def support(matrix: NDArray[Any]) -> F64:
    """True members of each class [..., k]."""
    return np.asarray(matrix.sum(axis=-1), np.float64)


def sensitivity(matrix: NDArray[Any]) -> F64:
    """Share of each class's members that were found [..., k]; NaN for a class without members."""
    return share(_hits(matrix), matrix.sum(axis=-1))


def predictivity(matrix: NDArray[Any]) -> F64:
    """Share of each class's answers that were right [..., k]; NaN for a class never answered."""
    return share(_hits(matrix), matrix.sum(axis=-2))


def specificity(matrix: NDArray[Any]) -> F64:
    """Share of the others that were not given to the class [..., k]."""
    total = matrix.sum(axis=(-2, -1))[..., None]
    others = total - matrix.sum(axis=-1)
    return share(others - (matrix.sum(axis=-2) - _hits(matrix)), others)


def f1(matrix: NDArray[Any]) -> F64:
    """F1 of each class [..., k]; NaN for a class without members, however often it was answered."""
    members = matrix.sum(axis=-1)
    value = share(2 * _hits(matrix), members + matrix.sum(axis=-2))
    return np.where(members > 0, value, np.nan)


def f1_macro(matrix: NDArray[Any]) -> F64:
    """Mean F1 of the classes that have members [...]."""
    return _mean_of_known(f1(matrix))


def f1_weighted(matrix: NDArray[Any]) -> F64:
    """Mean F1 weighted by the number of members [...]."""
    members = support(matrix)
    return share(np.nansum(f1(matrix) * members, axis=-1), members.sum(axis=-1))


def accuracy(matrix: NDArray[Any]) -> F64:
    """Share of right answers [...]."""
    return share(_hits(matrix).sum(axis=-1), matrix.sum(axis=(-2, -1)))


def balanced_accuracy(matrix: NDArray[Any]) -> F64:
    """Mean sensitivity of the classes that have members [...]."""
    return _mean_of_known(sensitivity(matrix))


def kappa(matrix: NDArray[Any]) -> F64:
    """Agreement beyond chance [...] (Cohen, Educational and Psychological Measurement 20, 1960)."""
    total = np.asarray(matrix.sum(axis=(-2, -1)), np.float64)
    by_chance = share((support(matrix) * matrix.sum(axis=-2)).sum(axis=-1), total**2)
    return share(accuracy(matrix) - by_chance, 1 - by_chance)


def mcc(matrix: NDArray[Any]) -> F64:
    """Matthews' correlation for any number of classes [...] (Gorodkin, Comput. Biol. Chem. 28, 2004)."""
    true, given = support(matrix), np.asarray(matrix.sum(axis=-2), np.float64)
    total = true.sum(axis=-1)
    covariance = total * _hits(matrix).sum(axis=-1) - (true * given).sum(axis=-1)
    spread = (total**2 - (true**2).sum(axis=-1)) * (total**2 - (given**2).sum(axis=-1))
    return share(covariance, np.sqrt(spread))


def _hits(matrix: NDArray[Any]) -> F64:
    return np.asarray(np.diagonal(matrix, axis1=-2, axis2=-1), np.float64)


def _mean_of_known(values: F64) -> F64:
    known = ~np.isnan(values)
    return share(np.where(known, values, 0.0).sum(axis=-1), known.sum(axis=-1))
