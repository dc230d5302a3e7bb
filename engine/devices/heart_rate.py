"""The heart rate of now, from the last beats of a stream, and whether it is outside limits (not an alarm)."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from engine.analysis.types import Analysis
from engine.devices.live_types import RateAlert

LAST_BEATS = 8
STALE_S = 4.0  # without a beat for so long there is no rate of now
LONGEST_RR_S = 3.0


@dataclass(frozen=True)
class RateLimits:
    """Limits per minute; the kind of remark is "low" below the one and "high" above the other."""

    low_per_min: float = 40.0
    high_per_min: float = 130.0


def heart_rate(analysis: Analysis) -> float:
    """Beats a minute from the median of the last intervals; NaN where the last beats are too old or too few.

    Intervals across a gap in the data do not count.
    """
    samples = analysis.beats.sample[-(LAST_BEATS + 1) :]
    if len(samples) < 3 or analysis.n_samples - samples[-1] > STALE_S * analysis.fs:
        return math.nan
    gaps = [(s.start, s.stop) for s in analysis.quality if s.label == "gap" and s.stop > samples[0]]
    whole = [
        (b - a) / analysis.fs
        for a, b in itertools.pairwise(samples)
        if not any(start < b and a < stop for start, stop in gaps)
    ]
    usable = [rr for rr in whole if rr <= LONGEST_RR_S]
    return 60.0 / float(np.median(usable)) if len(usable) >= 2 else math.nan


def rate_alert(analysis: Analysis, limits: RateLimits) -> RateAlert | None:
    """The remark that the rate of now deserves, if any."""
    rate = heart_rate(analysis)
    if rate < limits.low_per_min:
        return RateAlert(int(analysis.beats.sample[-1]), "low", rate, limits.low_per_min)
    if rate > limits.high_per_min:
        return RateAlert(int(analysis.beats.sample[-1]), "high", rate, limits.high_per_min)
    return None
