"""Noise at a set signal-to-noise ratio for synthetic signals: wander, mains hum, muscle and white noise."""

from __future__ import annotations

import numpy as np

from engine.datasets.base import F32


def with_noise(clean: F32, rate_hz: float, snr_db: float, generator: np.random.Generator) -> F32:
    """`clean` [n] plus a random mixture of noises whose power is `snr_db` below that of the signal's variance."""
    n = len(clean)
    t = np.arange(n) / rate_hz
    shares = generator.dirichlet((1.2, 0.5, 1.0, 0.8))
    mains_hz = float(generator.choice([50.0, 60.0]))
    wander = sum(
        generator.uniform(0.3, 1.0) * np.sin(2 * np.pi * f * t + generator.uniform(0, 2 * np.pi))
        for f in generator.uniform(0.05, 0.6, 3)
    )
    hum = np.sin(2 * np.pi * mains_hz * t + generator.uniform(0, 2 * np.pi)) if mains_hz < rate_hz / 2 else wander
    white = generator.normal(size=n)
    bursts = np.interp(t, np.linspace(0, n / rate_hz, 12), generator.gamma(0.7, size=12))
    muscle = np.diff(generator.normal(size=n + 1)) * bursts
    noise = sum(
        np.sqrt(share) * part / max(float(np.std(part)), 1e-12)
        for share, part in zip(shares, (wander, hum, white, muscle), strict=True)
    )
    wanted = float(np.std(clean)) * 10 ** (-snr_db / 20)
    found: F32 = (clean + noise * (wanted / max(float(np.std(noise)), 1e-12))).astype(np.float32)
    return found
