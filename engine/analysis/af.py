"""Atrial fibrillation from RR intervals alone: irregularity features and a fixed logistic model.

The idea behind the strongest features: in any rhythm but fibrillation a short pattern of RR intervals soon comes
back (steadiness, breathing, bigeminy, trigeminy alike), in fibrillation it does not. So we measure how far each
pattern of two or three successive RR intervals lies from its nearest neighbour within the window, a sample-entropy
relative (Richman and Moorman 2000; Lake and Moorman 2011 for the use in AF) that needs no tolerance.

The coefficients were fitted on the 25 records of the MIT-BIH AF Database by `benchmarks/fit_af.py`;
`benchmarks/af.py` gives the leave-one-record-out figures.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]

RR_LOW_S, RR_HIGH_S = 0.2, 3.0
WINDOW = 30  # RR intervals of the full model
SHORT_WINDOW = 8  # for records of a few seconds

FEATURES = (
    "median RR, s",
    "5th percentile of RR / median",
    "fraction of RR within 3 % of the median",
    "fraction of RR within 6 % of the median",
    "median distance of RR pairs to the nearest other pair",
    "75th percentile of the same",
    "median distance of RR triples to the nearest other triple",
    "log ratio of matching RR pairs to matching triples (tolerance 8 %)",
    "median |RR(i+2) - RR(i)| / median",
    "autocorrelation of RR at lag 1",
    "log ratio of the short to the long Poincare axis",
    "fraction of turning points",
    "longest run of steady RR (change below 5 %), as a fraction",
)

_MODEL_FILE = Path(__file__).with_name("af_model.json")
_CHUNK = 128  # windows handled at once: some megabytes, whatever the length of the recording


def af_features(rr_s: F64) -> F64:
    """Irregularity features of RR windows: [n, w] seconds -> [n, 13], columns as in `FEATURES`. w >= 6."""
    rr_s = np.atleast_2d(np.asarray(rr_s, dtype=np.float64))
    if rr_s.ndim != 2 or rr_s.shape[1] < 6:
        raise ValueError(f"RR windows must be [n, w] with w of at least 6, not {rr_s.shape}")
    parts = [_features(rr_s[i : i + _CHUNK]) for i in range(0, len(rr_s), _CHUNK)]
    return np.concatenate(parts) if parts else np.zeros((0, len(FEATURES)))


def _features(rr_s: F64) -> F64:
    rr_s = np.clip(rr_s, RR_LOW_S, RR_HIGH_S)
    width = rr_s.shape[1]
    median = np.median(rr_s, axis=1)
    x = rr_s / median[:, None]
    step = np.diff(x, axis=1)

    far = 9.0  # a pattern is not its own neighbour
    apart = np.abs(x[:, :, None] - x[:, None, :])
    pair = np.maximum(apart[:, 1:, 1:], apart[:, :-1, :-1])
    triple = np.maximum(pair[:, 1:, 1:], apart[:, :-2, :-2])
    nearest_pair = (pair + far * np.eye(width - 1)).min(axis=2)
    nearest_triple = (triple + far * np.eye(width - 2)).min(axis=2)
    tolerance = 0.08
    pairs = ((pair < tolerance).sum(axis=(1, 2)) - (width - 1)) / 2
    triples = ((triple < tolerance).sum(axis=(1, 2)) - (width - 2)) / 2

    centred = x - x.mean(axis=1, keepdims=True)
    variance = (centred**2).mean(axis=1) + 1e-6
    steady = np.abs(step) < 0.05
    run = np.zeros(len(x))
    longest = np.zeros(len(x))
    for column in steady.T:
        run = (run + 1) * column
        longest = np.maximum(longest, run)
    columns = (
        median,
        np.percentile(x, 5, axis=1),
        (np.abs(x - 1) < 0.03).mean(axis=1),
        (np.abs(x - 1) < 0.06).mean(axis=1),
        np.median(nearest_pair, axis=1),
        np.percentile(nearest_pair, 75, axis=1),
        np.median(nearest_triple, axis=1),
        np.log((pairs + 1) / (triples + 1)),
        np.median(np.abs(x[:, 2:] - x[:, :-2]), axis=1),
        (centred[:, 1:] * centred[:, :-1]).mean(axis=1) / variance,
        np.log((step.std(axis=1) + 1e-3) / ((x[:, 1:] + x[:, :-1]).std(axis=1) + 1e-3)),
        (step[:, 1:] * step[:, :-1] < 0).mean(axis=1),
        longest / (width - 1),
    )
    return np.stack(columns, axis=1)


@cache
def _models() -> dict[int, tuple[F64, F64, F64, float]]:
    stored = json.loads(_MODEL_FILE.read_text(encoding="utf-8"))
    models = {}
    for width, model in stored["windows"].items():
        mean, scale, weight = (np.array(model[key]) for key in ("mean", "scale", "weight"))
        models[int(width)] = (mean, scale, weight, float(model["bias"]))
    return models


def af_probability(rr_s: F64) -> F64:
    """Probability of atrial fibrillation in each window: [n, w] seconds -> [n]; w is `WINDOW` or `SHORT_WINDOW`."""
    rr_s = np.atleast_2d(np.asarray(rr_s, dtype=np.float64))
    if rr_s.shape[1] not in _models():
        raise ValueError(f"windows hold {rr_s.shape[1]} RR intervals; there are models for {sorted(_models())}")
    mean, scale, weight, bias = _models()[rr_s.shape[1]]
    score = ((af_features(rr_s) - mean) / scale * weight).sum(axis=1) + bias
    return 1.0 / (1.0 + np.exp(-np.clip(score, -30, 30)))
