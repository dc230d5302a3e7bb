"""Real noise to add to clean signals: the noise records of the MIT-BIH Noise Stress Test Database.

No stretch of noise serves two sides: of every recording the first 40 % of time train, the next 10 % validate, the
second half tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]

NOISES = ("bw", "em", "ma")  # baseline wander, electrode motion, muscle
NOISE_PARTS: Mapping[str, tuple[float, float]] = {"train": (0.0, 0.4), "val": (0.4, 0.5), "test": (0.5, 1.0)}
_FLAT_MV2 = 1e-8  # a window with less power than this (0.1 uV rms) has no signal to set a ratio to


def load_noise(
    folder: Path | None, rate_hz: float, side: Literal["train", "val", "test"], names: Sequence[str] = NOISES
) -> dict[str, F32]:
    """Noise by name, float32 [leads, samples] in mV at `rate_hz`, without its mean.

    `folder` is the nstdb folder (None: where downloads go). Raises DatasetError when it is not there.
    """
    from engine.datasets.catalog import open_dataset
    from engine.signals.resample import resample

    dataset = open_dataset("nstdb", folder)
    found = {}
    for name in names:
        strips = list(dataset.strips(name))
        leads = np.stack([np.asarray(resample(strip.samples_mv, strip.rate_hz, rate_hz)) for strip in strips])
        first, stop = (round(share * leads.shape[1]) for share in NOISE_PARTS[side])
        part = leads[:, first:stop]
        found[name] = np.ascontiguousarray(part - part.mean(axis=1, keepdims=True), np.float32)
    return found


def noise_at_snr(x: F32, noise: F32, snr_db: F32 | float) -> F32:
    """`noise` scaled so that `x + noise` has the ratio: 10 log10(var x / var noise), per window and channel.

    x, noise: [n, length, channels]; snr_db: one value or [n, 1, 1]. Powers are variances over the window, so that
    a baseline offset is neither signal nor noise. Windows without signal get no noise.
    """
    signal_power = x.var(axis=1, keepdims=True)
    noise_power = np.maximum(noise.var(axis=1, keepdims=True), np.float32(1e-12))
    wanted = signal_power / np.power(np.float32(10), np.asarray(snr_db, np.float32) / 10)
    scale = np.where(signal_power > _FLAT_MV2, np.sqrt(wanted / noise_power), 0)
    return (noise * scale).astype(np.float32)
