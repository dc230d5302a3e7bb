"""Denoising: the clean signal behind a noisy one.

Pairs are real on both sides: a recording without its baseline wander is the truth, and recorded noise (baseline
wander, electrode motion, muscle, of the MIT-BIH Noise Stress Test Database) is added at a set ratio. The ratio,
10 log10(variance of truth / variance of noise), holds in every window for itself: no window is easier than it says.
Training, validation and test patients meet different parts of the noise recordings (`engine.datasets.noise`); in
training the augmentation `nstdb_noise` adds it anew in every epoch.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from engine.config import Choice, Part, RunConfig
from engine.datasets.base import Strip
from engine.datasets.noise import NOISES, load_noise, noise_at_snr
from engine.errors import DatasetError
from engine.signals.named_steps import chosen
from engine.tasks.base import Task, WindowSet
from engine.tasks.cutting import cut, resampled

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]

_HIGHPASS_HZ = 0.5
_FLAT_MV2 = 1e-4  # a window with less variance (0.01 mV rms) holds no signal to restore
_SEED = 23


class DenoiseParams(Part):
    """`task_params` of denoising.

    leads: only these (None: all). crops_per_minute: training windows of each strip. evaluation_crops: evenly spaced
    windows of each strip in scoring. snr_db: the ratios scored. highpass_hz: corner below which the truth is rid of
    wander.
    """

    leads: tuple[str, ...] | None = None
    crops_per_minute: float = Field(6.0, gt=0)
    evaluation_crops: int = Field(40, ge=1)
    snr_db: tuple[float, ...] = (0.0,)
    highpass_hz: float = Field(_HIGHPASS_HZ, gt=0)


class Denoise(Task):
    """Gives back the signal without noise, in mV."""

    name = "denoise"
    target = "regression"
    summary = "the clean signal behind baseline wander, electrode motion and muscle noise"

    def __init__(self, config: RunConfig) -> None:
        super().__init__(config)
        self._params = chosen("task", Choice(name=self.name, params=config.task_params), {self.name: DenoiseParams})

    def default_classes(self) -> Mapping[str, tuple[str, ...]]:
        """None: the output is a signal."""
        return {}

    def windows(self, strip: Strip, *, training: bool, generator: np.random.Generator) -> WindowSet | None:
        """Clean windows for training; for scoring each window with every noise at every ratio.

        Scored windows say in `extra` which: `noise` (place in NOISES) and `snr_db`. Windows without signal are
        left out, and so are strips of noise. Raises DatasetError when the noise recordings are not found.
        """
        leads = self._params.leads
        if (strip.statements or frozenset()) & set(NOISES):
            return None
        if leads is not None and strip.lead.lower() not in {name.lower() for name in leads}:
            return None
        rate, length = self.config.window.rate_hz, self.config.window.length
        clean = without_wander(resampled(strip.samples_mv, strip.rate_hz, rate), rate, self._params.highpass_hz)
        seconds = len(clean) / rate
        if len(clean) < length:
            return None
        room = len(clean) - length
        if training:
            starts = np.sort(
                generator.integers(0, room + 1, max(1, round(self._params.crops_per_minute * seconds / 60)))
            )
        else:
            starts = np.unique(np.linspace(0, room, self._params.evaluation_crops).astype(np.int64))
        y = cut(clean, starts, length)[:, :, None]
        whole = ~_touches(strip.missing, starts * (strip.rate_hz / rate), length * strip.rate_hz / rate)
        starts = starts[whole & (y.var(axis=(1, 2)) > _FLAT_MV2)]
        if not len(starts):
            return None
        y = cut(clean, starts, length)[:, :, None]
        if training:
            return _window_set(strip, y, y, starts, rate, {})
        return self._noisy(strip, y, starts, rate)

    def _noisy(self, strip: Strip, y: F32, starts: I64, rate: float) -> WindowSet:
        noises = self._noise["val" if strip.patient in self._validation_patients else "test"]
        generator = np.random.default_rng([_SEED, *strip.record.encode(), *strip.lead.encode()])
        n, length = len(y), y.shape[1]
        parts = []
        for number, name in enumerate(NOISES):
            at = generator.integers(0, noises[name].shape[1] - length + 1, n)
            lead = generator.integers(0, len(noises[name]), n)
            added = noises[name][lead[:, None], at[:, None] + np.arange(length)][:, :, None]
            added = added - added.mean(axis=1, keepdims=True)
            for snr_db in self._params.snr_db:
                x = y + noise_at_snr(y, added, snr_db)
                extra = {"noise": np.full(n, number), "snr_db": np.full(n, snr_db, np.float32)}
                parts.append(_window_set(strip, x, y, starts, rate, extra))
        return WindowSet.join(parts)

    @cached_property
    def _noise(self) -> Mapping[str, Mapping[str, F32]]:
        """The noise recordings at the model's rate: of the validation part and of the test part of each."""
        folder, rate = self._noise_folder(), self.config.window.rate_hz
        return {"val": load_noise(folder, rate, "val"), "test": load_noise(folder, rate, "test")}

    def _noise_folder(self) -> Path | None:
        """Where the configuration says, else beside the other datasets, else where downloads go (None)."""
        for choice in self.config.datasets:
            if choice.name == "nstdb":
                return choice.path
        beside = [choice.path.parent / "nstdb" for choice in self.config.datasets if choice.path is not None]
        return next((folder for folder in beside if folder.is_dir()), None)

    @cached_property
    def _validation_patients(self) -> frozenset[str]:
        from engine.datasets.catalog import open_dataset
        from engine.datasets.splits import make_split

        found: set[str] = set()
        for choice in self.config.datasets:
            if choice.train_only:
                continue
            try:
                dataset = open_dataset(choice.name, choice.path, **choice.params)
            except DatasetError:  # strips that come from elsewhere are scored as test
                continue
            found.update(make_split(dataset, self.config.split).val)
        return frozenset(found)


def without_wander(x_mv: F32, rate_hz: float, highpass_hz: float = _HIGHPASS_HZ) -> F32:
    """A signal [n] without what lies below the corner: second-order Butterworth, forward and backward."""
    from scipy import signal

    if len(x_mv) < 16:
        return np.asarray(x_mv - np.mean(x_mv), np.float32)
    sections = signal.butter(2, highpass_hz, "highpass", output="sos", fs=rate_hz)
    padding = min(len(x_mv) - 1, round(3 * rate_hz))
    return np.asarray(signal.sosfiltfilt(sections, x_mv.astype(np.float64), padlen=padding), np.float32)


def _touches(spans: tuple[tuple[int, int], ...], starts: NDArray[Any], length: float) -> NDArray[np.bool_]:
    hit = np.zeros(len(starts), bool)
    for first, stop in spans:
        hit |= (starts < stop) & (starts + length > first)
    return hit


def _window_set(
    strip: Strip, x: F32, y: F32, starts: I64, rate_hz: float, extra: Mapping[str, NDArray]
) -> WindowSet:
    n = len(starts)
    return WindowSet(
        x=np.ascontiguousarray(x, np.float32),
        y=np.ascontiguousarray(y, np.float32),
        patient=np.full(n, strip.patient),
        record=np.full(n, strip.record),
        lead=np.full(n, strip.lead),
        start=np.round(starts * (strip.rate_hz / rate_hz)).astype(np.int64),
        rate_hz=np.full(n, strip.rate_hz, np.float32),
        extra=extra,
    )
