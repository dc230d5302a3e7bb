"""What an analysis finds: plain frozen data, sample numbers at the record's own rate.

Every part names the algorithm that made it in `Analysis.provenance`. Absent samples are -1 in arrays (null in
JSON), absent durations NaN (null in JSON). Durations are milliseconds, amplitudes millivolts, rates per minute.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.signals.span import Span

I64 = NDArray[np.int64]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

FIDUCIAL_NAMES = ("p_on", "p", "p_off", "qrs_on", "r", "qrs_off", "t_on", "t", "t_off")
ABSENT = -1

# Rhythm labels, shown in words by the surfaces. WFDB-style short codes where one exists.
RHYTHM_LABELS: Mapping[str, str] = {
    "N": "Sinus rhythm",
    "SBR": "Sinus bradycardia",
    "ST": "Sinus tachycardia",
    "SARRH": "Irregular rhythm with P waves",
    "AFIB": "Atrial fibrillation",
    "SVTA": "Supraventricular tachyarrhythmia",
    "VT": "Ventricular tachycardia",
    "IVR": "Idioventricular rhythm",
    "B": "Ventricular bigeminy",
    "T": "Ventricular trigeminy",
    "C": "Ventricular couplet",
    "RUN": "Ventricular run",
    "SRUN": "Supraventricular run",
    "PAUSE": "Pause",
    "ASYS": "Asystole",
    "NOISE": "Signal too noisy to read",
    "UNKNOWN": "Inconclusive",
}

# Quality labels of spans that are not good.
QUALITY_LABELS: Mapping[str, str] = {
    "flat": "Flat line",
    "saturated": "Saturated",
    "lead_off": "Lead off",
    "noisy": "Noisy",
    "gap": "No data",
}


@dataclass(frozen=True)
class Beats:
    """Detected beats in time order: R (or main QRS) sample, WFDB symbol, AAMI class, confidence 0..1."""

    sample: I64
    symbol: tuple[str, ...]
    aami: tuple[str, ...]
    confidence: F32

    def __len__(self) -> int:
        return len(self.sample)


@dataclass(frozen=True)
class Fiducials:
    """Per-beat wave boundaries, int64 [n], ABSENT where a wave was not found. Row i belongs to beat i."""

    p_on: I64
    p: I64
    p_off: I64
    qrs_on: I64
    r: I64
    qrs_off: I64
    t_on: I64
    t: I64
    t_off: I64

    def __len__(self) -> int:
        return len(self.r)

    def table(self) -> I64:
        """[n, 9] in the order of FIDUCIAL_NAMES."""
        return np.stack([getattr(self, name) for name in FIDUCIAL_NAMES], axis=1)

    @staticmethod
    def from_table(table: I64) -> Fiducials:
        """Inverse of `table`."""
        return Fiducials(*(np.ascontiguousarray(table[:, i], dtype=np.int64) for i in range(9)))


@dataclass(frozen=True)
class BeatIntervals:
    """Per-beat measurements, float32 [n], NaN where a boundary is missing.

    rr_ms is the interval from the previous beat, NaN across missing data; QT correction uses the RR that precedes
    the beat.
    """

    rr_ms: F32
    pr_ms: F32
    qrs_ms: F32
    qt_ms: F32
    qtc_bazett_ms: F32
    qtc_fridericia_ms: F32
    qtc_framingham_ms: F32
    qtc_hodges_ms: F32
    st_mv: F32  # J + 60 ms against the PR (or pre-QRS) level


@dataclass(frozen=True)
class Measure:
    """One number with what it needs to be believed: unit, how many beats, spread, method and span."""

    value: float
    unit: str
    n: int = 0
    spread: float = float("nan")  # interquartile range, same unit
    method: str = ""
    start: int = 0
    stop: int = 0


@dataclass(frozen=True)
class Analysis:
    """Everything found in one lead of one record (or stream)."""

    record: str
    fs: float
    n_samples: int
    lead: str
    beats: Beats
    fiducials: Fiducials
    beat_intervals: BeatIntervals
    rhythm: tuple[Span, ...]  # continuous cover by base rhythm first, then events (pauses, runs, ...), each sorted
    quality: tuple[Span, ...]  # only what is not good
    intervals: Mapping[str, Measure] = field(default_factory=dict)  # hr, pr, qrs, qt, qtc_*, axis ... medians
    hrv: Mapping[str, Measure] = field(default_factory=dict)
    summary: str = ""  # one sentence
    provenance: Mapping[str, str] = field(default_factory=dict)  # stage -> algorithm id and version
