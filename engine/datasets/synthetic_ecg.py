"""Synthetic ECG with exact labels: Gaussian waves placed on every beat, seen from twelve leads.

Waves are sums of Gaussians as in the dynamical model of McSharry et al., IEEE Trans Biomed Eng 50(3), 2003, here on
the path of a heart vector that the transform of Dower et al., J Electrocardiol 13, 1980, projects on the leads.
A wave's onset and offset lie where its outer Gaussians fall to about a tenth of their height.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.datasets.base import F32, Wave
from engine.datasets.synthetic_rhythm import Beat, BeatPlan

F64 = NDArray[np.float64]

_REACH = 2.1  # standard deviations from a Gaussian's centre to the mark
_DRAWN = 4.0  # and to where it is no longer drawn
_VISIBLE_MV = 0.02  # waves lower than this in a lead are neither drawn nor labelled there

_DOWER = {
    "I": (0.632, -0.235, 0.059), "II": (0.235, 1.066, -0.132), "V1": (-0.515, 0.157, -0.917),
    "V2": (0.044, 0.164, -1.387), "V3": (0.882, 0.098, -1.277), "V4": (1.213, 0.127, -0.601),
    "V5": (1.125, 0.127, -0.086), "V6": (0.831, 0.076, 0.230),
}  # fmt: skip
_I, _II = np.array(_DOWER["I"]), np.array(_DOWER["II"])
LEADS: Mapping[str, F64] = {
    "I": _I, "II": _II, "III": _II - _I, "aVR": -(_I + _II) / 2, "aVL": _I - _II / 2, "aVF": _II - _I / 2,
    **{name: np.array(_DOWER[name]) for name in ("V1", "V2", "V3", "V4", "V5", "V6")},
}  # fmt: skip


@dataclass(frozen=True)
class Bump:
    """A Gaussian: centre after R in s, widths before and after the centre in s, vector (left, down, back) in mV."""

    centre_s: float
    rise_s: float
    fall_s: float
    vector_mv: F64


@dataclass(frozen=True)
class Heart:
    """The wave shapes of one person: P about its own peak, QRS and T about R; others of premature beats."""

    p: tuple[Bump, ...]
    qrs: tuple[Bump, ...]
    t: tuple[Bump, ...]
    pac_p: tuple[Bump, ...]
    pvc_qrs: tuple[Bump, ...]
    pvc_t: tuple[Bump, ...]
    fibrillation_mv: float
    block: str  # "N", or "L" or "R" of bundle branch block


def draw_heart(generator: np.random.Generator) -> Heart:
    """A person with plausible waves: axes, widths and heights vary, one in ten has a bundle branch block."""
    block = str(generator.choice(["N", "L", "R"], p=[0.9, 0.05, 0.05]))
    size = float(generator.lognormal(0, 0.25))
    turn = _rotation(generator.normal(0, 0.45, 3))
    p = _p_wave(generator, generator.uniform(0.06, 0.2))
    pac_p = _p_wave(generator, generator.uniform(0.06, 0.15), ectopic=True)
    width = generator.uniform(0.85, 1.2)
    qrs = [
        Bump(-0.022 * width, 0.0065 * width, 0.0065 * width, _vector(generator, (-0.22, 0.06, -0.25), 0.4) * size),
        Bump(0.0, 0.0095 * width, 0.0095 * width, _vector(generator, (1.15, 0.75, 0.15), 0.25) * size),
        Bump(0.024 * width, 0.0085 * width, 0.0085 * width, _vector(generator, (-0.25, -0.2, 0.55), 0.45) * size),
    ]
    if block == "L":
        qrs.append(Bump(0.05, 0.014, 0.016, _vector(generator, (0.8, 0.1, 0.55), 0.2) * size))
    if block == "R":
        qrs.append(Bump(0.055, 0.014, 0.017, _vector(generator, (-0.6, 0.05, -0.5), 0.2) * size))
    qrs = [Bump(b.centre_s, b.rise_s, b.fall_s, turn @ b.vector_mv) for b in qrs]
    area = sum((b.vector_mv * (b.rise_s + b.fall_s) for b in qrs), np.zeros(3))
    t_vector = _vector(generator, (0.28, 0.22, -0.14), 0.4)
    if block != "N":
        t_vector = -0.3 * area / max(float(np.linalg.norm(area)), 1e-6)
    elif generator.random() < 0.12:
        t_vector = t_vector * generator.uniform(-0.8, 0.3)
    t = _t_wave(generator, t_vector, generator.uniform(0.25, 0.31))
    spread = generator.uniform(1.0, 1.3)
    direction = _rotation(generator.normal(0, 1.2, 3)) @ np.array([1.0, 0.6, 0.3])
    height = generator.uniform(0.9, 1.8)
    pvc_qrs = (
        Bump(-0.03 * spread, 0.014 * spread, 0.016 * spread, direction * height * generator.uniform(0.3, 0.8)),
        Bump(0.0, 0.018 * spread, 0.02 * spread, direction * height),
        Bump(0.05 * spread, 0.016 * spread, 0.02 * spread, -direction * height * generator.uniform(-0.3, 0.5)),
    )
    pvc_t = _t_wave(generator, -direction * height * generator.uniform(0.25, 0.45), 0.33)
    return Heart(p, tuple(qrs), t, pac_p, pvc_qrs, pvc_t, float(generator.uniform(0.02, 0.09)), block)


def _p_wave(generator: np.random.Generator, height_mv: float, *, ectopic: bool = False) -> tuple[Bump, ...]:
    vector = np.array([0.45, 0.85, -0.12])
    if ectopic:
        vector = _rotation(generator.normal(0, 0.9, 3)) @ vector
    vector = height_mv * _vector(generator, tuple(vector), 0.2)
    width = generator.uniform(0.015, 0.022)
    apart = generator.uniform(0.006, 0.018)  # the right atrium first, then the left one
    tilt = np.array([0.25, 0.0, 0.35]) * height_mv * generator.uniform(0.2, 1.0)
    return Bump(-apart, width, width, 0.62 * vector - tilt), Bump(apart, width, width, 0.62 * vector + tilt)


def _t_wave(generator: np.random.Generator, vector_mv: F64, centre_s: float) -> tuple[Bump, ...]:
    rise = generator.uniform(0.042, 0.058)
    fall = rise * generator.uniform(0.55, 0.8)  # T falls faster than it rises
    return (Bump(centre_s, rise, fall, vector_mv),)


def _vector(generator: np.random.Generator, usual: Sequence[float], spread: float) -> F64:
    centre = np.array(usual)
    length = float(np.linalg.norm(centre))
    return centre * generator.lognormal(0, spread) + generator.normal(0, 0.3 * spread * length, 3)


def _rotation(angles: F64) -> F64:
    x, y, z = angles
    about_x = np.array([[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_z = np.array([[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]])
    found: F64 = about_z @ about_y @ about_x
    return found


@dataclass(frozen=True)
class Drawing:
    """One lead: float32 [n] in mV, its waves in time order, and the R samples and symbols of its beats."""

    samples_mv: F32
    waves: tuple[Wave, ...]
    beats: tuple[NDArray[np.int64], tuple[str, ...]]


def draw_leads(
    heart: Heart, plan: BeatPlan, leads: Sequence[str], rate_hz: float, generator: np.random.Generator
) -> dict[str, Drawing]:
    """Every lead of a strip of `plan.duration_s`. A mark that lies beyond the strip's ends is -1."""
    n = round(plan.duration_s * rate_hz)
    atria = _atrial_activity(heart, plan, n, rate_hz, generator)
    shapes = [_shapes_of_beat(heart, beat, following) for beat, following in _pairs(plan.beats)]
    breath = 1 + 0.04 * np.sin(2 * np.pi * plan.respiration_hz * np.array([b.time_s for b in plan.beats]))
    drawn = {}
    for lead in leads:
        row = LEADS[lead]
        samples = atria @ row
        waves: list[Wave] = []
        for beat_waves, scale in zip(shapes, breath, strict=True):
            for kind, origin_s, bumps in beat_waves:
                heights = [float(b.vector_mv @ row) * scale for b in bumps]
                if max(abs(h) for h in heights) < _VISIBLE_MV:
                    continue
                for bump, height in zip(bumps, heights, strict=True):
                    _add_bump(samples, origin_s + bump.centre_s, bump, height, rate_hz)
                waves.append(_wave(kind, origin_s, bumps, heights, rate_hz, n))
        inside = [w for w in waves if max(w.onset, w.peak, w.offset) >= 0]
        drawn[lead] = Drawing(samples.astype(np.float32), _apart(inside), _beats(heart, plan, rate_hz, n))
    return drawn


Shape = tuple[str, float, tuple[Bump, ...]]  # kind of wave, time its bumps are counted from, bumps


def _pairs(beats: Sequence[Beat]) -> list[tuple[Beat, Beat | None]]:
    return [(b, beats[k + 1] if k + 1 < len(beats) else None) for k, b in enumerate(beats)]


def _shapes_of_beat(heart: Heart, beat: Beat, following: Beat | None) -> list[Shape]:
    """P, QRS and T of one beat. The T wave follows the interval before the beat and ends before the next wave."""
    shapes: list[Shape] = []
    ventricular = beat.symbol == "V"
    if beat.pr_s is not None:
        shapes.append(("p", beat.time_s - beat.pr_s, heart.pac_p if beat.symbol == "A" else heart.p))
    shapes.append(("qrs", beat.time_s, heart.pvc_qrs if ventricular else heart.qrs))
    stretch = float(np.clip(beat.rr_s, 0.4, 1.3)) ** 0.4
    t = _stretched(heart.pvc_t if ventricular else heart.t, stretch)
    if following is not None:
        room_s = following.time_s - beat.time_s - (following.pr_s or 0.0) - (0.06 if following.pr_s else 0.08)
        needed_s = max(b.centre_s + _REACH * b.fall_s for b in t)
        if needed_s > room_s:
            t = _stretched(t, max(room_s / needed_s, 0.45))
    shapes.append(("t", beat.time_s, t))
    return shapes


def _stretched(bumps: tuple[Bump, ...], by: float) -> tuple[Bump, ...]:
    return tuple(Bump(b.centre_s * by, b.rise_s * by, b.fall_s * by, b.vector_mv) for b in bumps)


def _add_bump(samples: F64, centre_s: float, bump: Bump, height: float, rate_hz: float) -> None:
    first = max(0, int(np.ceil((centre_s - _DRAWN * bump.rise_s) * rate_hz)))
    stop = min(len(samples), int((centre_s + _DRAWN * bump.fall_s) * rate_hz) + 1)
    if stop <= first:
        return
    away = np.arange(first, stop) / rate_hz - centre_s
    width = np.where(away < 0, bump.rise_s, bump.fall_s)
    samples[first:stop] += height * np.exp(-0.5 * (away / width) ** 2)


def _wave(
    kind: str, origin_s: float, bumps: Sequence[Bump], heights: Sequence[float], rate_hz: float, n: int
) -> Wave:
    """Marks from the bumps that are at least a twelfth as high as the highest one."""
    top = max(abs(h) for h in heights)
    counting = [(b, h) for b, h in zip(bumps, heights, strict=True) if abs(h) >= max(top / 12, _VISIBLE_MV / 2)]
    onset_s = origin_s + min(b.centre_s - _REACH * b.rise_s for b, _ in counting)
    offset_s = origin_s + max(b.centre_s + _REACH * b.fall_s for b, _ in counting)
    if kind == "qrs":
        peak_s = origin_s
    else:
        weights = np.array([abs(h) for _, h in counting])
        peak_s = origin_s + float(np.average([b.centre_s for b, _ in counting], weights=weights))
    marks = (round(onset_s * rate_hz), round(peak_s * rate_hz), round(offset_s * rate_hz))
    return Wave(kind, *(m if 0 <= m < n else -1 for m in marks))


def _apart(waves: Sequence[Wave]) -> tuple[Wave, ...]:
    """Waves in order of time, an offset that lies beyond the next onset moved to just before it."""
    order = sorted(waves, key=lambda w: next(m for m in (w.peak, w.onset, w.offset) if m >= 0))
    found: list[Wave] = []
    for k, wave in enumerate(order):
        next_onset = order[k + 1].onset if k + 1 < len(order) else -1
        if 0 <= next_onset <= wave.offset and next_onset - 1 > max(wave.peak, wave.onset):
            wave = Wave(wave.kind, wave.onset, wave.peak, next_onset - 1)
        found.append(wave)
    return tuple(found)


def _beats(heart: Heart, plan: BeatPlan, rate_hz: float, n: int) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    placed = [(round(b.time_s * rate_hz), heart.block if b.symbol == "N" else b.symbol) for b in plan.beats]
    inside = [(sample, symbol) for sample, symbol in placed if 0 <= sample < n]
    return np.array([s for s, _ in inside], np.int64), tuple(symbol for _, symbol in inside)


def _atrial_activity(heart: Heart, plan: BeatPlan, n: int, rate_hz: float, generator: np.random.Generator) -> F64:
    """The heart vector [n, 3] of fibrillation or flutter waves in mV; zeros in other rhythms."""
    if plan.rhythm not in ("afib", "aflut"):
        return np.zeros((n, 3))
    t = np.arange(n) / rate_hz
    base_hz = plan.flutter_hz if plan.flutter_hz is not None else float(generator.uniform(5.0, 8.0))
    wander = np.zeros(n)
    if plan.rhythm == "afib":
        knots = generator.normal(0, 0.9, max(2, round(plan.duration_s * 2) + 1))
        wander = np.interp(t, np.linspace(0, plan.duration_s, len(knots)), knots)
    phase = 2 * np.pi * np.cumsum(base_hz + wander) / rate_hz
    saw = sum(np.sin(m * phase) / m for m in range(1, 5))
    envelope = np.ones(n)
    if plan.rhythm == "afib":
        envelope = 1 + 0.5 * np.sin(2 * np.pi * generator.uniform(0.15, 0.5) * t + generator.uniform(0, 2 * np.pi))
    direction = _vector(generator, (0.3, 0.9, -0.5), 0.3)
    height = heart.fibrillation_mv * (2.0 if plan.rhythm == "aflut" else 1.0)
    found: F64 = np.outer(height * envelope * saw, direction)
    return found
