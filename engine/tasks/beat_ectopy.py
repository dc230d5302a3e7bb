"""Made-up recordings from a person's own beats: any rhythm, ectopic beats anywhere, labels for nothing.

Databases hold few patients with many supraventricular beats. Here the P waves and QRS-T complexes of a real strip
in sinus rhythm are set in another order and at other times (`beat_rhythms`): a premature supraventricular beat
keeps the person's QRS, comes early and has a P wave of another shape, or none; a ventricular one is broad, without
P, with the T wave opposed. T follows the interval before it. The result is training data only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.tasks.beat_rhythms import FIBRILLATING, SOME_P, made_up_rhythm
from engine.tasks.beat_snippets import centred, on_grid, snippets

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

RATE_HZ = 200.0

_BEFORE_S, _AFTER_S = 0.30, 0.50  # of a beat that is kept
_PQ_S = (-0.09, -0.05)  # here P passes over to QRS
_FEWEST = 5  # beats a source must have
_STEADY_SHARE = 0.25  # of the beats lie in steady rhythm, or it is not sinus rhythm
_STEADY = 0.12  # change of RR, logarithm, around a beat that is kept


@dataclass(frozen=True)
class Source:
    """Sinus beats of one lead of one person: mV [n, samples] at RATE_HZ, R at index `middle`; their RR."""

    beats: F32
    middle: int
    rr_s: float
    height_mv: float


def find_source(samples_mv: F32, rate_hz: float, r: I64) -> Source | None:
    """Beats of a strip that can be set anew; None when too few are regular and alike, or the rate is above 105/min.

    r: R samples of beats thought to be normal; others may be among them, unlike ones are dropped.
    """
    if len(r) < _FEWEST + 2:
        return None
    at = centred(samples_mv, rate_hz, r)
    rr = np.diff(at) / rate_hz
    regular = np.abs(np.log(np.maximum(rr[1:], 0.01) / np.maximum(rr[:-1], 0.01))) < _STEADY
    chosen = np.flatnonzero(regular & (np.minimum(rr[1:], rr[:-1]) > 0.57)) + 1
    chosen = chosen[(at[chosen] > 0.7 * rate_hz) & (at[chosen] < len(samples_mv) - 0.9 * rate_hz)]
    if len(chosen) < max(_FEWEST, _STEADY_SHARE * len(r)):
        return None
    reach = int(_AFTER_S * RATE_HZ)
    rows = snippets(samples_mv, rate_hz, at[chosen], 2 * reach, RATE_HZ)
    usual = np.median(rows, axis=0)
    around = slice(reach - 20, reach + 21)
    height = float(np.ptp(usual[around]))
    if height < 0.08:
        return None
    deviation = np.sqrt(((rows - usual) ** 2).mean(axis=1)) / height
    rows, left = rows[deviation < 0.12], rr[chosen[deviation < 0.12] - 1]
    if len(rows) < _FEWEST:
        return None
    first = reach - int(_BEFORE_S * RATE_HZ)
    return Source(_at_rest(rows[:, first:]), reach - first, float(np.median(left)), height)


def made_up_strip(
    source: Source, n_beats: int, generator: np.random.Generator
) -> tuple[F32, I64, NDArray[np.str_]]:
    """A strip at RATE_HZ, mV, with R samples and a class, "N", "S", "V" or "F", for every beat."""
    rhythm = made_up_rhythm(n_beats, generator)
    r = np.round((np.cumsum(rhythm.rr_s) + 0.5) * RATE_HZ).astype(np.int64)
    x = np.zeros(int(r[-1] + 2 * RATE_HZ), np.float32)
    width = source.beats.shape[1]
    time_s = (np.arange(width) - source.middle) / RATE_HZ
    passing = np.clip((time_s - _PQ_S[0]) / (_PQ_S[1] - _PQ_S[0]), 0, 1)
    ventricular = _ventricular_shapes(source, time_s, generator)
    foreign = [_p_change(generator) for _ in range(int(generator.integers(1, 4)))]
    for i, kind in enumerate(rhythm.kind):
        row = source.beats[generator.integers(len(source.beats))]
        stretch = float(np.clip((rhythm.rr_s[i] / source.rr_s) ** 0.35, 0.7, 1.2))
        if kind in "VF":
            broad = ventricular[generator.integers(len(ventricular))] * generator.uniform(0.9, 1.1)
            wholly = kind == "V" and generator.random() < 0.5
            share = 1.0 if wholly else generator.uniform(0.5, 1.0) if kind == "V" else generator.uniform(0.25, 0.6)
            parts = [(share * broad + (1 - share) * row, 0.0)]
        else:
            parts = [(_stretched(row * passing, time_s, stretch), 0.0)]
            p_wave = row * (1 - passing)
            if rhythm.p[i] == SOME_P:
                parts.append((p_wave, float(generator.normal(0, 0.004))))
            elif rhythm.p[i] != FIBRILLATING:
                gain, shift_s, mirror = foreign[int(rhythm.p[i]) % len(foreign)]
                other = _mirrored(p_wave, time_s, mirror)
                parts.append((gain * other, shift_s + float(generator.normal(0, 0.004))))
        for shape, shift_s in parts:
            first = int(r[i]) - source.middle + round(shift_s * RATE_HZ)
            low, high = max(0, -first), min(width, len(x) - first)
            x[first + low : first + high] += shape[low:high]
    active = np.convolve((rhythm.p == FIBRILLATING) & (rhythm.kind == "N"), np.ones(3) / 3, mode="same") > 0.5
    if active.any():
        x += _fibrillation(len(x), source.height_mv, generator) * np.interp(np.arange(len(x)), r, active)
    x += _noise(len(x), source.height_mv, generator)
    return x.astype(np.float32), r, rhythm.kind


def find_beats(samples_mv: F32, rate_hz: float) -> I64:
    """R samples of a clean strip, by the peaks of its smoothed slope energy; good enough to find a source."""
    from scipy.signal import find_peaks

    grid = np.arange(0, len(samples_mv) / rate_hz, 1 / 100.0) * rate_hz
    x = on_grid(samples_mv, rate_hz, np.zeros(1), grid / rate_hz, 0.01)[0]
    energy = np.convolve(np.gradient(x) ** 2, np.hanning(13), mode="same")
    if len(energy) < 300:
        return np.zeros(0, np.int64)
    tops = [part.max() for part in np.array_split(energy, max(1, len(energy) // 200))]
    peaks, _ = find_peaks(energy, height=0.2 * float(np.median(tops)) + 1e-12, distance=28)
    return np.round(grid[peaks]).astype(np.int64)


def _at_rest(rows: F32) -> F32:
    """Rows less the line between their ends, faded out at both."""
    n = rows.shape[1]
    first, last = rows[:, :6].mean(axis=1), rows[:, -10:].mean(axis=1)
    rows = rows - np.linspace(first, last, n, axis=1)
    fade = np.clip(np.minimum(np.arange(n), np.arange(n)[::-1]) / 8.0, 0, 1)
    return (rows * fade).astype(np.float32)


def _stretched(row: F64, time_s: F64, factor: float) -> F64:
    """The row with everything from 80 ms after R on drawn out by `factor`."""
    from_s = 0.08
    source_s = np.where(time_s > from_s, from_s + (time_s - from_s) / factor, time_s)
    return np.interp(source_s, time_s, row, right=0.0)


def _mirrored(row: F64, time_s: F64, share: float) -> F64:
    """A P wave mixed with its own mirror image in time: another shape at the same place."""
    centre = -0.17
    return (1 - share) * row + share * np.interp(2 * centre - time_s, time_s, row, left=0.0, right=0.0)


def _p_change(generator: np.random.Generator) -> tuple[float, float, float]:
    """Gain, shift in seconds and share of mirroring that make a foreign P wave of a sinus one."""
    kind = generator.random()
    if kind < 0.15:
        gain = 0.0
    elif kind < 0.4:
        gain = generator.uniform(-1.2, -0.3)
    elif kind < 0.7:
        gain = generator.uniform(0.2, 0.8)
    else:
        gain = generator.uniform(0.8, 1.6)
    return float(gain), float(generator.normal(0, 0.025)), float(generator.uniform(0, 0.8))


def _ventricular_shapes(source: Source, time_s: F64, generator: np.random.Generator) -> list[F64]:
    shapes = []
    for _ in range(int(generator.integers(1, 4))):
        wide_s = generator.uniform(0.04, 0.10)  # half of the QRS
        sign = generator.choice((-1.0, 1.0))
        height = source.height_mv * generator.uniform(0.6, 1.9)
        shape = np.zeros(len(time_s))
        for lobe in range(int(generator.integers(1, 4))):
            centre_s = generator.uniform(-0.6, 0.6) * wide_s
            lobe_s = generator.uniform(0.3, 0.6) * wide_s
            size = generator.uniform(0.3, 1.0) * (1 if lobe == 0 else generator.choice((-1.0, 1.0)))
            shape += size * np.exp(-0.5 * ((time_s - centre_s) / lobe_s) ** 2)
        shape *= sign * height / max(1e-6, float(np.ptp(shape)))
        opposed = -np.sign(shape[np.argmax(np.abs(shape))]) * generator.uniform(0.15, 0.5) * height
        t_s, t_wide_s = generator.uniform(0.26, 0.34), generator.uniform(0.045, 0.07)
        shapes.append(shape + opposed * np.exp(-0.5 * ((time_s - t_s) / t_wide_s) ** 2))
    return shapes


def _fibrillation(n: int, height_mv: float, generator: np.random.Generator) -> F64:
    time_s = np.arange(n) / RATE_HZ
    wander = np.cumsum(generator.normal(0, 0.06, n)) * 0.3
    phase = 2 * np.pi * generator.uniform(4.5, 7.5) * time_s + wander
    size = height_mv * generator.uniform(0.0, 0.1) * (1 + 0.5 * np.sin(2 * np.pi * 0.3 * time_s))
    return size * (np.sin(phase) + 0.4 * np.sin(2 * phase))


def _noise(n: int, height_mv: float, generator: np.random.Generator) -> F64:
    """Wandering line, muscle noise that swells now and then, and white noise."""
    time_s = np.arange(n) / RATE_HZ
    wander = generator.uniform(0, 0.15) * np.sin(2 * np.pi * generator.uniform(0.1, 0.4) * time_s)
    fast = generator.normal(0, 1, n)
    fast[1:] += 0.6 * fast[:-1]
    level = 0.04 * generator.random() ** 2
    knots = np.exp(generator.normal(0, 0.7, n // 400 + 2))
    swell = np.interp(np.arange(n), np.arange(len(knots)) * 400.0, knots)
    return height_mv * (wander + level * swell * fast)
