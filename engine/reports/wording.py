"""Numbers, times and labels in words, the same in every report and on every panel."""

from __future__ import annotations

import math

from engine.analysis.types import QUALITY_LABELS, RHYTHM_LABELS, Measure

MISSING = "–"

AAMI_NAMES = {
    "N": "Normal",
    "S": "Supraventricular ectopic",
    "V": "Ventricular ectopic",
    "F": "Fusion",
    "Q": "Paced or unclassifiable",
}

# Key -> label, in the order of display.
RATE_NAMES = {"hr": "Heart rate", "hr_min": "Lowest rate", "hr_max": "Highest rate"}
INTERVAL_NAMES = {
    "pr": "PR",
    "qrs": "QRS",
    "qt": "QT",
    "qtc_bazett": "QTc Bazett",
    "qtc_fridericia": "QTc Fridericia",
    "qtc_framingham": "QTc Framingham",
    "qtc_hodges": "QTc Hodges",
    "st": "ST level, J+60",
    "axis": "QRS axis",
}
HRV_NAMES = {
    "nn_share": "NN of all RR",
    "mean_nn": "Mean NN",
    "median_nn": "Median NN",
    "iqr_nn": "Middle half of NN",
    "sdnn": "SDNN",
    "sdann": "SDANN",
    "cv_nn": "Coefficient of variation",
    "rmssd": "RMSSD",
    "sdsd": "SDSD",
    "nn50": "NN50",
    "pnn50": "pNN50",
    "pnn20": "pNN20",
    "triangular_index": "Triangular index",
    "tinn": "TINN",
    "ulf": "ULF power",
    "vlf": "VLF power",
    "lf": "LF power",
    "hf": "HF power",
    "total": "Total power",
    "lf_nu": "LF, normalised",
    "hf_nu": "HF, normalised",
    "lf_hf": "LF / HF",
    "sd1": "SD1",
    "sd2": "SD2",
    "sd1_sd2": "SD1 / SD2",
    "sample_entropy": "Sample entropy",
    "dfa_alpha1": "DFA α1",
    "dfa_alpha2": "DFA α2",
}


def clock(seconds: float) -> str:
    """Position on the time line, "12:05.3" or "1:02:05.3"."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    tail = f"{rest // 10:02d}.{rest % 10}"
    return f"{hours}:{minutes:02d}:{tail}" if hours else f"{minutes}:{tail}"


def duration(seconds: float) -> str:
    """Length of time with the two units that matter: "0.8 s", "12 s", "5 min 3 s", "24 h 4 min"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    total = round(seconds)
    if total < 60:
        return f"{total} s"
    minutes, sec = divmod(total, 60)
    if minutes < 60:
        return f"{minutes} min {sec} s" if sec else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def short_duration(seconds: float) -> str:
    """Length of time for narrow columns: "0.8 s", "12 s", "5:03", "24:04:00"."""
    return duration(seconds) if seconds < 59.5 else clock(round(seconds)).rpartition(".")[0]


def rate(fs: float) -> str:
    """Sampling rate, "360 Hz"."""
    return f"{fs:g} Hz"


def number(value: float, unit: str = "") -> str:
    """A value with as many digits as its unit deserves, without the unit."""
    if not math.isfinite(value):
        return MISSING
    if unit in ("ms", "bpm", "/min", "1/min", "beats", "°", "deg"):
        return f"{value:.0f}"
    if unit == "%":
        return f"{value:.1f}"
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}".replace(",", "\u2009")
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def measure_value(measure: Measure) -> str:
    """Value with unit."""
    text = number(measure.value, measure.unit)
    if text == MISSING or not measure.unit:
        return text
    unit = unit_text(measure.unit)
    return f"{text}{unit}" if unit == "°" else f"{text}\u202f{unit}"


def unit_text(unit: str) -> str:
    """Unit as people write it."""
    return {"deg": "°", "ms2": "ms²", "ms^2": "ms²", "1/min": "/min", "bpm": "/min"}.get(unit, unit)


def measure_name(key: str) -> str:
    """Name of a measure by its key."""
    return {**RATE_NAMES, **INTERVAL_NAMES, **HRV_NAMES}.get(key, key)


def rhythm_name(label: str) -> str:
    """Rhythm label in words."""
    return RHYTHM_LABELS.get(label, label)


def quality_name(label: str) -> str:
    """Quality label in words."""
    return QUALITY_LABELS.get(label, label)


def percent(share: float) -> str:
    """0.873 -> "87 %"; never rounds up to certainty."""
    if not math.isfinite(share):
        return MISSING
    return f"{min(99, round(share * 100)) if share < 1 else 100} %"
