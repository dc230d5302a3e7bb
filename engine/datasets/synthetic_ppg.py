"""Synthetic PPG and respiration that belong to the beats of a synthetic ECG.

A pulse is two Gaussians, the systolic wave and its reflection; it arrives a transit time after the R wave and is
the smaller the shorter the filling time before it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.datasets.base import F32, Wave
from engine.datasets.synthetic_rhythm import BeatPlan

_REACH = 2.1


@dataclass(frozen=True)
class Pulses:
    """float32 [n] in arbitrary units; "sys" and "dia" waves; samples of the systolic peaks."""

    samples: F32
    waves: tuple[Wave, ...]
    peaks: NDArray[np.int64]


def draw_pulses(plan: BeatPlan, rate_hz: float, generator: np.random.Generator) -> Pulses:
    """The PPG of one strip of `plan.duration_s`."""
    n = round(plan.duration_s * rate_hz)
    t = np.arange(n) / rate_hz
    transit_s = generator.uniform(0.15, 0.3)
    width_s, reflected = generator.uniform(0.055, 0.08), generator.uniform(0.25, 0.6)
    delay_s = generator.uniform(0.2, 0.28)
    samples = np.zeros(n)
    waves: list[Wave] = []
    peaks: list[int] = []
    for k, beat in enumerate(plan.beats):
        next_s = plan.beats[k + 1].time_s if k + 1 < len(plan.beats) else beat.time_s + beat.rr_s
        squeeze = float(np.clip((next_s - beat.time_s) / 0.75, 0.45, 1.25)) ** 0.5
        height = float(np.clip(beat.rr_s / 0.8, 0.25, 1.3)) ** 0.6
        systole_s = beat.time_s + transit_s
        diastole_s = systole_s + delay_s * squeeze
        rise, fall = width_s * squeeze, 1.3 * width_s * squeeze
        for centre_s, width, part in ((systole_s, (rise, fall), 1.0), (diastole_s, (fall, 1.5 * fall), reflected)):
            away = t - centre_s
            samples += height * part * np.exp(-0.5 * (away / np.where(away < 0, *width)) ** 2)
        notch_s = systole_s + 0.6 * (diastole_s - systole_s)
        end_s = min(diastole_s + _REACH * 1.5 * fall, next_s + transit_s - _REACH * rise)
        for kind, onset_s, peak_s, offset_s in (
            ("sys", systole_s - _REACH * rise, systole_s, notch_s),
            ("dia", notch_s + 1 / rate_hz, diastole_s, max(end_s, diastole_s)),
        ):
            marks = [round(s * rate_hz) for s in (onset_s, peak_s, offset_s)]
            if marks[0] >= 0 and marks[2] < n:
                waves.append(Wave(kind, *marks))
        if 0 <= round(systole_s * rate_hz) < n:
            peaks.append(round(systole_s * rate_hz))
    samples += 0.1 * np.sin(2 * np.pi * plan.respiration_hz * t)
    return Pulses(samples.astype(np.float32), tuple(waves), np.array(peaks, np.int64))


def draw_respiration(plan: BeatPlan, rate_hz: float, generator: np.random.Generator) -> F32:
    """Breathing [n] in arbitrary units, at the rate that also moves the sinus rhythm."""
    t = np.arange(round(plan.duration_s * rate_hz)) / rate_hz
    phase = 2 * np.pi * plan.respiration_hz * t
    found: F32 = (np.sin(phase) + generator.uniform(0, 0.3) * np.sin(2 * phase)).astype(np.float32)
    return found
