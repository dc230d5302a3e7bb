"""When synthetic hearts beat: sinus rhythm with its variation, ectopy, fibrillation and flutter.

Sinus intervals follow McSharry et al., IEEE Trans Biomed Eng 50(3), 2003: a respiratory and a Mayer oscillation on
a mean rate; a slow drift and jitter are added.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.datasets.base import RhythmSpan

# Rhythm -> (share of patients, lowest and highest mean rate in beats per minute).
RHYTHM_MIX = {
    "sr": (0.46, 60.0, 100.0), "sbrad": (0.1, 40.0, 59.0), "stach": (0.1, 101.0, 150.0),
    "sarrh": (0.08, 55.0, 95.0), "afib": (0.12, 60.0, 150.0), "aflut": (0.06, 60.0, 150.0),
    "bigu": (0.04, 60.0, 95.0), "trigu": (0.04, 60.0, 95.0),
}  # fmt: skip
_SHORTEST_RR_S = 0.28
_EDGE_S = 1.5  # beats begin before and end after the strip, so that its edges look like its middle


@dataclass(frozen=True)
class Beat:
    """One beat: time of its R wave in seconds from the start of the strip, WFDB symbol, and the interval before it.

    `pr_s` is the time from the P wave's peak to the R wave; None for a beat without P wave.
    """

    time_s: float
    symbol: str
    rr_s: float
    pr_s: float | None


@dataclass(frozen=True)
class BeatPlan:
    """All beats of a strip in order, some before its start and after its end; `flutter_hz` of atrial flutter."""

    rhythm: str
    beats: tuple[Beat, ...]
    duration_s: float
    respiration_hz: float
    flutter_hz: float | None = None

    def spans(self, rate_hz: float, n_samples: int) -> tuple[RhythmSpan, ...]:
        """The rhythm in samples."""
        return (RhythmSpan(0, n_samples, self.rhythm),)


def plan_beats(rhythm: str, duration_s: float, ectopy: float, generator: np.random.Generator) -> BeatPlan:
    """Beats of one strip; `ectopy` is the greatest share of premature beats among those of a regular rhythm."""
    _, low, high = RHYTHM_MIX[rhythm]
    mean_rr_s = 60.0 / generator.uniform(low, high)
    respiration_hz = float(generator.uniform(0.15, 0.35))
    end_s = duration_s + 2 * _EDGE_S
    if rhythm in ("afib", "aflut"):
        beats, flutter_hz = _fibrillating(rhythm, mean_rr_s, end_s, generator)
    else:
        flutter_hz = None
        pr_s = _pr_interval_s(mean_rr_s, generator)
        sinus_s = _sinus_times(rhythm, mean_rr_s, respiration_hz, end_s, generator)
        beats = _with_ectopy(rhythm, sinus_s, pr_s, ectopy, generator)
    shifted = tuple(Beat(b.time_s - _EDGE_S, b.symbol, b.rr_s, b.pr_s) for b in beats)
    return BeatPlan(rhythm, shifted, duration_s, respiration_hz, flutter_hz)


def _pr_interval_s(mean_rr_s: float, generator: np.random.Generator) -> float:
    """From the P wave's peak to R: longer at slow rates, much longer in one of twelve (first-degree block)."""
    usual = 0.105 + 0.025 * min(mean_rr_s, 1.2) + generator.normal(0, 0.012)
    block = generator.uniform(0.06, 0.14) if generator.random() < 1 / 12 and mean_rr_s > 0.6 else 0.0
    return float(np.clip(usual + block, 0.085, 0.32 * mean_rr_s + 0.04))


def _sinus_times(
    rhythm: str, mean_rr_s: float, respiration_hz: float, end_s: float, generator: np.random.Generator
) -> list[float]:
    swing = generator.uniform(0.1, 0.22) if rhythm == "sarrh" else generator.uniform(0.005, 0.05)
    mayer = generator.uniform(0.0, 0.03)
    phases = generator.uniform(0, 2 * np.pi, 2)
    times, drift, t = [], 0.0, float(generator.uniform(0, mean_rr_s))
    while t < end_s:
        times.append(t)
        drift = 0.95 * drift + generator.normal(0, 0.004)
        breath = swing * np.sin(2 * np.pi * respiration_hz * t + phases[0])
        wave = mayer * np.sin(2 * np.pi * 0.1 * t + phases[1])
        t += max(_SHORTEST_RR_S, mean_rr_s * (1 + breath + wave + drift + generator.normal(0, 0.006)))
    return times


def _with_ectopy(
    rhythm: str, sinus_s: list[float], pr_s: float, ectopy: float, generator: np.random.Generator
) -> list[Beat]:
    """Sinus beats, some replaced by premature ones.

    A ventricular beat leaves the sinus node alone: the pause after it is fully compensatory. An atrial one resets
    the node: everything after it comes earlier.
    """
    every = {"bigu": 2, "trigu": 3}.get(rhythm)
    share = generator.uniform(0, ectopy) if generator.random() < 0.4 else 0.0
    ventricular = generator.random()  # share of ventricular beats among the premature ones
    beats: list[Beat] = []
    earlier_s = 0.0
    last_s, last_symbol = sinus_s[0] - float(np.median(np.diff(sinus_s))), "N"
    for k, planned_s in enumerate(sinus_s):
        t = planned_s - earlier_s
        rr_s = t - last_s
        symbol = "N"
        if every is not None:
            symbol = "V" if k % every == every - 1 else "N"
        elif last_symbol == "N" and generator.random() < share:
            symbol = "V" if generator.random() < ventricular else "A"
        pr = pr_s + generator.normal(0, 0.003)
        early_s = generator.uniform(0.2, 0.4) * rr_s if symbol != "N" else 0.0
        if rr_s - early_s < _SHORTEST_RR_S + 0.05:
            symbol, early_s = "N", 0.0
        if symbol == "A":
            earlier_s += early_s * 0.8
            pr = min(pr, 0.13)
        t -= early_s
        beats.append(Beat(float(t), symbol, float(t - last_s), None if symbol == "V" else float(pr)))
        last_s, last_symbol = t, symbol
    return beats


def _fibrillating(
    rhythm: str, mean_rr_s: float, end_s: float, generator: np.random.Generator
) -> tuple[list[Beat], float | None]:
    """Beats without P waves: irregular in fibrillation, every second to fourth flutter wave in flutter."""
    flutter_hz = float(generator.uniform(4.2, 5.6)) if rhythm == "aflut" else None
    conduction = max(2, round(mean_rr_s * flutter_hz)) if flutter_hz is not None else 0
    changing = generator.random() < 0.4
    spread = generator.uniform(0.15, 0.28)
    beats: list[Beat] = []
    last_s, t = 0.0, float(generator.uniform(0.3, 0.3 + mean_rr_s))
    while t < end_s:
        symbol = "V" if rhythm == "afib" and t - last_s > 0.45 and generator.random() < 0.02 else "N"
        beats.append(Beat(t, symbol, t - last_s, None))
        last_s = t
        if flutter_hz is None:
            t += max(_SHORTEST_RR_S + 0.03, mean_rr_s * float(generator.lognormal(-(spread**2) / 2, spread)))
        else:
            step = conduction + int(generator.integers(-1, 2)) if changing else conduction
            t += max(2, step) / flutter_hz + generator.normal(0, 0.004)
    return beats, flutter_hz
