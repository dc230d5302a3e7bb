"""The noise a simulated board adds on SET_NOISE."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.devices.protocol import NO_VALUE_16, SetNoise

I16 = NDArray[np.int16]

MAINS_HZ = 50.0
WANDER_HZ = (0.33, 0.21)
_ELECTRODE_S = 0.25  # time constant of electrode motion


class Noise:
    """Baseline wander, muscle noise, electrode motion and hum at RMS levels in µV; seeded."""

    def __init__(self, rate_hz: float, seed: int) -> None:
        self.levels = SetNoise()
        self._rate_hz = rate_hz
        self._random = np.random.default_rng(seed)
        self._at = 0
        self._electrode = 0.0

    def add(self, codes: I16) -> I16:
        """Codes [n, leads] of 1 µV with noise; samples without value stay so."""
        n, leads = codes.shape
        levels = self.levels
        times_s = (self._at + np.arange(n)) / self._rate_hz
        self._at += n
        if not any((levels.baseline_uv, levels.muscle_uv, levels.electrode_uv, levels.mains_uv)):
            return codes
        wander = sum(np.sin(2 * np.pi * f * times_s) for f in WANDER_HZ)  # RMS 1
        hum = np.sqrt(2) * np.sin(2 * np.pi * MAINS_HZ * times_s)
        shared = levels.baseline_uv * wander + levels.mains_uv * hum + levels.electrode_uv * self._motion(n)
        muscle = np.diff(self._random.normal(size=(n + 1, leads)), axis=0) / np.sqrt(2)
        noisy = np.rint(codes + shared[:, None] + levels.muscle_uv * muscle)
        clamped = np.clip(noisy, NO_VALUE_16 + 1, 32767).astype(np.int16)
        found: I16 = np.where(codes == NO_VALUE_16, np.int16(NO_VALUE_16), clamped)
        return found

    def _motion(self, n: int) -> NDArray[np.float64]:
        keep = np.exp(-1 / (_ELECTRODE_S * self._rate_hz))
        fresh = self._random.normal(size=n) * np.sqrt(1 - keep * keep)
        out = np.empty(n)
        for i in range(n):
            self._electrode = keep * self._electrode + fresh[i]
            out[i] = self._electrode
        return out
