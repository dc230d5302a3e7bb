"""Beat types: one window a beat, from its shape, the patient's own sinus beat and the rhythm around it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from engine.config import RunConfig
from engine.datasets.base import Strip
from engine.errors import ConfigError
from engine.tasks.base import Task, WindowSet
from engine.tasks.beat_channels import CHANNELS, beat_channels

I64 = NDArray[np.int64]

# ANSI/AAMI EC57, table of beat labels; every symbol is a WFDB beat code.
AAMI_CLASSES: Mapping[str, tuple[str, ...]] = {
    "N": ("N", "L", "R", "B", "e", "j", "n"),
    "S": ("A", "a", "J", "S"),
    "V": ("V", "E", "r"),
    "F": ("F",),
    "Q": ("/", "f", "Q", "?"),
}
_PACED = ("/", "f")


class Beat(Task):
    """Names each beat.

    Parameters of `task_params`:
    paced: "skip" (default) leaves out recordings with paced beats, as EC57 does; "keep" does not.
    normals: training beats of the first class kept per strip, at random (default: all). The others are all kept.
    """

    name = "beat"
    target = "per_window"
    summary = "type of each beat: 2 or 3 classes, or AAMI's five"

    def __init__(self, config: RunConfig) -> None:
        super().__init__(config)
        params = dict(config.task_params)
        self._paced = params.pop("paced", "skip")
        self._normals = params.pop("normals", None)
        if self._paced not in ("skip", "keep"):
            raise ConfigError(f'task_params.paced is "skip" or "keep", not {self._paced!r}')
        if self._normals is not None and not (isinstance(self._normals, int) and self._normals > 0):
            raise ConfigError(f"task_params.normals is a whole number above 0, not {self._normals!r}")
        if params:
            raise ConfigError(f'unknown task_params key "{next(iter(params))}"', hint="known: normals, paced")
        channels = config.window.channels
        self._channels = CHANNELS if channels == ("ecg",) else channels

    def default_classes(self) -> Mapping[str, tuple[str, ...]]:
        """AAMI's five classes."""
        return AAMI_CLASSES

    def windows(self, strip: Strip, *, training: bool, generator: np.random.Generator) -> WindowSet | None:
        """One window for every beat whose symbol belongs to a class; the channels see all beats."""
        if strip.beats is None or len(strip.beats[0]) == 0:
            return None
        r, symbols = strip.beats
        if self._paced == "skip" and any(symbol in _PACED for symbol in symbols):
            return None
        classes = self.config.classes or self.default_classes()
        number = {symbol: i for i, labels in enumerate(classes.values()) for symbol in labels}
        y = np.array([number.get(symbol, -1) for symbol in symbols], np.int64)
        chosen = np.flatnonzero(y >= 0)
        if training and self._normals is not None:
            normal = chosen[y[chosen] == 0]
            if len(normal) > self._normals:
                drop = generator.choice(normal, len(normal) - self._normals, replace=False)
                chosen = np.setdiff1d(chosen, drop)
        if not len(chosen):
            return None
        window = self.config.window
        x = beat_channels(
            strip.samples_mv, strip.rate_hz, r, names=self._channels, length=window.length, grid_hz=window.rate_hz
        )[chosen]
        n, half = len(chosen), window.length / 2 / window.rate_hz * strip.rate_hz
        return WindowSet(
            x=x,
            y=y[chosen],
            patient=np.full(n, strip.patient),
            record=np.full(n, strip.record),
            lead=np.full(n, strip.lead),
            start=np.round(r[chosen] - half).astype(np.int64),
            rate_hz=np.full(n, strip.rate_hz, np.float32),
            extra={"r": r[chosen].astype(np.int64)},
        )
