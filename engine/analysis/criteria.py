"""The adjustable thresholds of beat typing and rhythm statements, in one validated record."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields

from engine.errors import ConfigError

# Lowest and highest acceptable value of each threshold; booleans need none.
LIMITS: Mapping[str, tuple[float, float]] = {
    "brady_bpm": (20.0, 80.0),
    "tachy_bpm": (60.0, 220.0),
    "rate_min_s": (2.0, 600.0),
    "pause_s": (1.0, 10.0),
    "asystole_s": (2.0, 30.0),
    "premature_percent": (2.0, 60.0),
    "vt_bpm": (60.0, 250.0),
    "vt_beats": (3, 100),
    "svt_bpm": (60.0, 250.0),
    "svt_beats": (3, 100),
    "run_beats": (3, 100),
    "bigeminy_cycles": (2, 20),
    "trigeminy_cycles": (2, 20),
    "sinus_irregular_s": (0.04, 1.0),
    "afib_min_s": (5.0, 600.0),
}


@dataclass(frozen=True)
class Criteria:
    """What counts as a finding. Rates per minute, durations in seconds.

    Defaults follow common Holter practice: bradycardia below 60, tachycardia above 100, ventricular tachycardia of
    three beats, pause from 2.0 s, asystole from 3.0 s without a beat, three cycles for bigeminy. A value outside
    `LIMITS`, or thresholds that contradict each other, raise ConfigError naming the threshold.
    """

    brady_bpm: float = 60.0
    tachy_bpm: float = 100.0
    rate_min_s: float = 10.0  # a slow or fast rhythm must last this long (shorter records: all of it)
    pause_s: float = 2.0
    asystole_s: float = 3.0
    premature_percent: float = 15.0  # RR shorter than the local one by at least this is premature
    vt_bpm: float = 100.0
    vt_beats: int = 3
    svt_bpm: float = 100.0
    svt_beats: int = 3
    run_beats: int = 3
    bigeminy_cycles: int = 3
    trigeminy_cycles: int = 3
    sinus_irregular_s: float = 0.2  # longest minus shortest normal RR within ten beats: sinus arrhythmia
    detect_afib: bool = True
    afib_min_s: float = 30.0  # shorter stretches are named only when the record itself is shorter
    detect_paced: bool = True

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name not in LIMITS:
                if not isinstance(value, bool):
                    raise ConfigError(f"{field.name} must be true or false, not {value!r}")
                continue
            low, high = LIMITS[field.name]
            whole = isinstance(low, int)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or (whole and value != int(value)):
                raise ConfigError(f"{field.name} must be a {'whole ' if whole else ''}number, not {value!r}")
            if not (math.isfinite(value) and low <= value <= high):
                raise ConfigError(f"{field.name} must lie between {low:g} and {high:g}, not {value:g}")
        for smaller, larger in (("brady_bpm", "tachy_bpm"), ("pause_s", "asystole_s")):
            if getattr(self, smaller) >= getattr(self, larger):
                raise ConfigError(
                    f"{smaller} ({getattr(self, smaller):g}) must be below {larger} ({getattr(self, larger):g})"
                )
