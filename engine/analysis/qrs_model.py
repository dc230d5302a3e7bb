"""Scores of the QRS detector's decision: how the fitted weights turn features into evidence.

Each feature contributes a piecewise linear function of its value, constant beyond the outer knots; a second such
function is added in proportion to the noise. The sum is the log odds of "beat", before the rhythm has its say.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from engine.analysis import qrs_weights as weights
from engine.analysis.qrs_path import PathModel

F64 = NDArray[np.float64]

KNOTS = 8
NOISE_FEATURE = 30  # "background1/remembered"
NOISE_START, NOISE_WIDTH = -4.5, 3.5  # in log2: from where noise counts, and where it counts in full
_EXACT = 2.0**24  # contributions are rounded to 1 / _EXACT, so that their sum does not depend on the order
SURE = 3.0  # log odds of a beat sure enough to learn from


@cache
def path_model() -> PathModel:
    """Weights of pairs of beats."""
    return PathModel(weights.INTERVAL, weights.CLOSE, SURE)


@cache
def _tables() -> tuple[F64, F64, F64]:
    values = np.stack([np.array(weights.QUIET), np.array(weights.NOISY)])  # [2, features, KNOTS]
    return np.array(weights.FIRST_KNOT)[:, None], np.array(weights.KNOT_STEP)[:, None], values


def own_scores(features: F64) -> F64:
    """Log odds [n] of each candidate from its features [len(qrs_features.NAMES) + len(qrs_memory.NAMES), n]."""
    first, step, (quiet, noisy) = _tables()
    place = np.clip((features - first) / step, 0.0, KNOTS - 1 - 1e-6)
    knot = place.astype(np.int64)
    share = place - knot
    rows = np.arange(len(features))[:, None]
    noise = np.clip((features[NOISE_FEATURE] - NOISE_START) / NOISE_WIDTH, 0.0, 1.0)
    at_knot = quiet[rows, knot] + noise * noisy[rows, knot]
    at_next = quiet[rows, knot + 1] + noise * noisy[rows, knot + 1]
    parts = at_knot + share * (at_next - at_knot)
    return np.rint(parts * _EXACT).sum(axis=0) / _EXACT
