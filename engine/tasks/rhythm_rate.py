"""Heart rate of a strip by the program's own QRS detector, to tell sinus rhythms apart by rate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.datasets.base import Strip

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

SINUS = frozenset({"sr", "sbrad", "stach", "sarrh"})
SLOW_BPM, FAST_BPM = 60.0, 100.0  # sinus bradycardia lies below, sinus tachycardia above


def beat_samples(strip: Strip) -> I64:
    """R samples of a strip, at its own rate: the publisher's beats where there are some, else detected ones."""
    if strip.beats is not None and len(strip.beats[0]):
        return np.asarray(strip.beats[0], np.int64)
    from engine.analysis.qrs import detect_qrs

    valid = np.ones(len(strip.samples_mv), bool)
    for start, stop in strip.missing:
        valid[start:stop] = False
    return detect_qrs(strip.samples_mv, strip.rate_hz, valid).sample


def rates_bpm(beats: I64, rate_hz: float, starts: I64, length: int) -> F64:
    """Beats per minute in windows [start, start + length), NaN with fewer than three beats.

    60 over the mean of the RR intervals within 40 % of their median, so that a missed or extra beat does not count.
    """
    rates = np.full(len(starts), np.nan)
    for k, start in enumerate(starts):
        inside = beats[np.searchsorted(beats, start) : np.searchsorted(beats, start + length)]
        if len(inside) >= 3:
            rr = np.diff(inside)
            usual = rr[np.abs(rr - np.median(rr)) <= 0.4 * np.median(rr)]
            rates[k] = 60.0 * rate_hz / (usual if len(usual) else rr).mean()
    return rates


def sinus_rhythm(rate_bpm: float) -> str:
    """The sinus rhythm of this rate; an unknown rate leaves it at "sr"."""
    if rate_bpm < SLOW_BPM:
        return "sbrad"
    return "stach" if rate_bpm > FAST_BPM else "sr"
