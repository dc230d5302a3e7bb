"""Scores of the QRS detector's decision: how the fitted weights turn features into evidence.

Each feature contributes a piecewise linear function of its value, constant beyond the outer knots; a second such
function is added in proportion to the noise. The sum is the log odds of "beat", before the rhythm has its say.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from engine.analysis import qrs_features, qrs_memory, qrs_weights
from engine.analysis.qrs_path import PathModel

F64 = NDArray[np.float64]

FEATURE_NAMES = (*qrs_features.NAMES, *qrs_memory.NAMES)
KNOTS = 8
_NOISE_FEATURE = FEATURE_NAMES.index("background1/remembered")
_NOISE_START, _NOISE_WIDTH = -4.5, 3.5  # in log2: from where noise counts, and how much further it counts in full
_EXACT = 2.0**24  # contributions are rounded to 1 / _EXACT, so that their sum does not depend on the order


def noise_share(features: F64) -> F64:
    """How much noise counts for each candidate, 0..1 [n]; features [len(FEATURE_NAMES), n]."""
    share: F64 = np.clip((features[_NOISE_FEATURE] - _NOISE_START) / _NOISE_WIDTH, 0.0, 1.0)
    return share


@dataclass(frozen=True)
class QrsModel:
    """All weights of the decision; KNOTS evenly spaced knots for each of the FEATURE_NAMES."""

    first_knot: F64  # [features]
    knot_step: F64  # [features]
    quiet: F64  # [features, KNOTS] contribution without noise
    noisy: F64  # [features, KNOTS] and what is added in full noise
    path: PathModel

    def own_scores(self, features: F64) -> F64:
        """Log odds [n] of each candidate from features [len(FEATURE_NAMES), n]."""
        knot, share = self.place(features)
        rows = np.arange(len(features))[:, None]
        noise = noise_share(features)
        at_knot = self.quiet[rows, knot] + noise * self.noisy[rows, knot]
        at_next = self.quiet[rows, knot + 1] + noise * self.noisy[rows, knot + 1]
        parts = at_knot + share * (at_next - at_knot)
        total: F64 = np.rint(parts * _EXACT).sum(axis=0) / _EXACT
        return total

    def place(self, features: F64) -> tuple[NDArray[np.int64], F64]:
        """(knot below, share of the way to the next) of each feature value [len(FEATURE_NAMES), n]."""
        place = (features - self.first_knot[:, None]) / self.knot_step[:, None]
        np.minimum(np.maximum(place, 0.0, out=place), KNOTS - 1 - 1e-6, out=place)
        knot = place.astype(np.int64)
        return knot, place - knot


@cache
def fitted_model() -> QrsModel:
    """The model that ships with the program."""
    return QrsModel(
        np.array(qrs_weights.FIRST_KNOT),
        np.array(qrs_weights.KNOT_STEP),
        np.array(qrs_weights.QUIET),
        np.array(qrs_weights.NOISY),
        PathModel(qrs_weights.INTERVAL, qrs_weights.CLOSE),
    )
