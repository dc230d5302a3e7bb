"""PhysioKit's synthetic ECG and PPG (Ambiq, BSD-3-Clause) as strips: seeded, with waves from its masks."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.datasets.base import F32, I64, Wave

ECG_LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
_RHYTHM_OF_PRESET = {"SR": "sr", "AFIB": "afib", "LBBB": "sr", "random_morphology": "sr"}
_ECG_KINDS = {1: "p", 2: "qrs", 3: "t"}
_PPG_KINDS = {1: "sys", 2: "dia"}
_R_PEAK = 11
_MARGIN_S = 5.0  # PhysioKit's PPG has no values after its last pulse


def ecg(n: int, rate_hz: float, seed: tuple[int, ...]) -> tuple[str, dict[str, tuple[F32, tuple[Wave, ...], I64]]]:
    """Rhythm, and by lead: float32 [n] in mV, waves and R samples."""
    import physiokit

    generator = np.random.default_rng(seed)
    preset = str(generator.choice(list(_RHYTHM_OF_PRESET), p=[0.6, 0.15, 0.1, 0.15]))
    rate = float(generator.uniform(45, 130))
    with _seeded(generator):
        values, masks, fiducials = physiokit.ecg.synthesize(
            signal_length=n,
            sample_rate=rate_hz,
            leads=12,
            heart_rate=rate,
            preset=physiokit.ecg.synthetic.EcgPreset(preset),
            noise_multiplier=0.0,
        )
    found = {}
    for row, lead in enumerate(ECG_LEADS):
        peaks = np.flatnonzero(fiducials[row] == _R_PEAK)
        waves = _waves_of_mask(masks[row], _ECG_KINDS, values[row], peaks)
        found[lead] = (np.ascontiguousarray(values[row], np.float32), waves, peaks.astype(np.int64))
    rhythm = _RHYTHM_OF_PRESET[preset]
    if rhythm == "sr":
        rhythm = "sbrad" if rate < 60 else "stach" if rate > 100 else "sr"
    return rhythm, found


def ppg(n: int, rate_hz: float, seed: tuple[int, ...]) -> tuple[F32, tuple[Wave, ...], I64]:
    """float32 [n] in arbitrary units, "sys" and "dia" waves, samples of the systolic peaks."""
    import physiokit

    generator = np.random.default_rng(seed)
    with _seeded(generator):
        values, mask, fiducials = physiokit.ppg.synthesize(
            signal_length=n + round(_MARGIN_S * rate_hz),
            sample_rate=rate_hz,
            heart_rate=float(generator.uniform(45, 130)),
            frequency_modulation=float(generator.uniform(0.05, 0.3)),
            ibi_randomness=float(generator.uniform(0.0, 0.1)),
        )
    values, mask = values[:n], mask[:n]
    peaks = np.flatnonzero(fiducials[:n] == 1).astype(np.int64)
    return np.ascontiguousarray(values, np.float32), _waves_of_mask(mask, _PPG_KINDS, values, peaks), peaks


@contextmanager
def _seeded(generator: np.random.Generator) -> Iterator[None]:
    """PhysioKit draws from the global generators: they are seeded for the call and then put back."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    seed = int(generator.integers(2**32))
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002


def _waves_of_mask(
    mask: NDArray[Any], kinds: dict[int, str], values: NDArray[Any], peaks: NDArray[Any]
) -> tuple[Wave, ...]:
    """Complete runs of the labels in `kinds`; the peak is a marked one, else where the wave is farthest from a line
    between its ends."""
    edges = np.flatnonzero(np.diff(mask)) + 1
    waves = []
    for first, stop in pairwise(edges):
        kind = kinds.get(int(mask[first]))
        if kind is None:
            continue
        inside = peaks[(peaks >= first) & (peaks < stop)]
        part = values[first:stop]
        away = np.abs(part - np.linspace(part[0], part[-1], len(part)))
        peak = int(inside[0]) if len(inside) else int(first + np.argmax(away))
        waves.append(Wave(kind, int(first), peak, int(stop - 1)))
    return tuple(waves)
