"""Translation: one signal of a person from another at the same moment (ECG, pulse wave, respiration).

The shape is what is asked for: how large a pulse wave is depends on the finger and the sensor, not on the ECG. So
every target window is given its input window's mean and standard deviation.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from engine.config import Choice, Part, RunConfig
from engine.datasets.base import Strip
from engine.errors import ConfigError
from engine.signals.named_steps import chosen
from engine.tasks.base import Task, WindowSet
from engine.tasks.cutting import cut, evaluation_starts, resampled, training_starts

F32 = NDArray[np.float32]
ECG = "ecg"  # the strip's own lead; any other name is a companion's
_FLAT = 1e-3  # a window of less standard deviation holds no signal


class TranslateParams(Part):
    """`task_params` of translation.

    source, target: "ecg" or the name of a companion signal ("ppg", "rsp"). leads: only these (None: all); with both
    signals companions name one lead, since they are the same beside every lead. crops_per_minute: training windows
    of each strip.
    """

    source: str = ECG
    target: str = "ppg"
    leads: tuple[str, ...] | None = None
    crops_per_minute: float = Field(6.0, gt=0)

    @model_validator(mode="after")
    def _two_signals(self) -> TranslateParams:
        if self.source == self.target:
            raise ValueError(f'source and target are both "{self.source}"')
        return self


class Translate(Task):
    """Gives one signal's shape from another."""

    name = "translate"
    target = "regression"
    summary = "the shape of one signal (ECG, pulse wave, respiration) from another of the same moment"

    def __init__(self, config: RunConfig) -> None:
        super().__init__(config)
        self._params = chosen(
            "task", Choice(name=self.name, params=config.task_params), {self.name: TranslateParams}
        )
        if len(config.window.channels) != 1:
            raise ConfigError(
                "translation takes one signal",
                hint="name one channel in window.channels and that signal in task_params.source",
            )

    @property
    def class_names(self) -> tuple[str, ...]:
        """None, whatever the configuration says."""
        return ()

    def default_classes(self) -> Mapping[str, tuple[str, ...]]:
        """None: the output is a signal."""
        return {}

    def windows(self, strip: Strip, *, training: bool, generator: np.random.Generator) -> WindowSet | None:
        """Windows of both signals, x and y [n, length, 1]; none where one of the signals is absent or flat."""
        leads = self._params.leads
        if leads is not None and strip.lead.lower() not in {name.lower() for name in leads}:
            return None
        signals = {ECG: strip.samples_mv, **strip.companions}
        if self._params.source not in signals or self._params.target not in signals:
            return None
        window = self.config.window
        rate, length = window.rate_hz, window.length
        source, target = (
            resampled(signals[name], strip.rate_hz, rate) for name in (self._params.source, self._params.target)
        )
        n = min(len(source), len(target))
        if training:
            crops = max(1, round(self._params.crops_per_minute * n / rate / 60))
            starts = training_starts(n, length, crops, generator)
        else:
            starts = evaluation_starts(n, length, window.hop)
        own = strip.rate_hz / rate
        starts = starts[[not _missing(strip, start * own, (start + length) * own) for start in starts]]
        if not len(starts):
            return None
        x, y = cut(source, starts, length), cut(target, starts, length)
        there = (x.std(axis=1) > _FLAT) & (y.std(axis=1) > _FLAT)
        if not there.any():
            return None
        x, y, starts = x[there], y[there], starts[there]
        n = len(starts)
        return WindowSet(
            x=np.ascontiguousarray(x[..., None], np.float32),
            y=_scaled_like(y, x)[..., None],
            patient=np.full(n, strip.patient),
            record=np.full(n, strip.record),
            lead=np.full(n, strip.lead),
            start=np.round(starts * own).astype(np.int64),
            rate_hz=np.full(n, strip.rate_hz, np.float32),
        )


def _scaled_like(y: F32, x: F32) -> F32:
    """y with the mean and standard deviation of x, row by row."""
    shape = (y - y.mean(axis=1, keepdims=True)) / y.std(axis=1, keepdims=True)
    return np.asarray(shape * x.std(axis=1, keepdims=True) + x.mean(axis=1, keepdims=True), np.float32)


def _missing(strip: Strip, start: float, stop: float) -> bool:
    return any(first < stop and start < last for first, last in strip.missing)
