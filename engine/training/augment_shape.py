"""Changes of size and time: what the target has to follow, it follows."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AliasChoices, Field

from engine.tasks.base import IGNORED
from engine.training.augment_base import (
    Augmentation,
    Disturbance,
    Range,
    Surroundings,
    drawn,
    is_per_sample,
    is_signal,
    smooth_noise,
)

F32 = NDArray[np.float32]


class AmplitudeWarp(Disturbance):
    """The amplitude swells and shrinks slowly between two gains; a target signal stays as it is."""

    amplitude: Range = (0.9, 1.1)
    frequency_hz: Range = Field((0.5, 1.5), validation_alias=AliasChoices("frequency_hz", "frequency"))

    def disturb(self, x: F32, around: Surroundings, generator: np.random.Generator) -> F32:
        """The windows with a gain that varies."""
        low, high = self.amplitude
        curve = smooth_noise(len(x), x.shape[1], self.frequency_hz, around.rate_hz, generator)
        return x * ((high + low) / 2 + (high - low) / 2 * curve).astype(np.float32)


class RandomGain(Augmentation):
    """Every window is multiplied by one random gain; a target signal too."""

    gain: Range = (0.7, 1.4)

    def change(
        self, x: F32, y: NDArray[Any], around: Surroundings, generator: np.random.Generator
    ) -> tuple[F32, NDArray[Any]]:
        """Windows and target signals with the gain."""
        gain = drawn(self.gain, len(x), generator)
        return x * gain, (y * gain if is_signal(y) else y)


class Flip(Augmentation):
    """The polarity is turned, as when electrodes are exchanged; that of a target signal too."""

    probability: float = Field(0.5, ge=0, le=1)

    def change(
        self, x: F32, y: NDArray[Any], around: Surroundings, generator: np.random.Generator
    ) -> tuple[F32, NDArray[Any]]:
        """Windows and target signals negated."""
        return -x, (-y if is_signal(y) else y)


class _Moved(Augmentation):
    """A step that reads every window at other times."""

    def places(self, n: int, length: int, generator: np.random.Generator) -> F32:
        """Where each sample of the new windows lies in the old ones, float32 [n, length], perhaps outside."""
        raise NotImplementedError

    def change(
        self, x: F32, y: NDArray[Any], around: Surroundings, generator: np.random.Generator
    ) -> tuple[F32, NDArray[Any]]:
        """Windows and per-sample targets read at the new times.

        Beyond its ends a window goes on at its first and last value; per-sample classes there are IGNORED.
        """
        length = x.shape[1]
        place = self.places(len(x), length, generator)
        new_x = _read(x, place)
        if is_signal(y):
            return new_x, _read(y.astype(np.float32, copy=False), place)
        if is_per_sample(y):
            nearest = np.rint(place).astype(np.int64)
            inside = (nearest >= 0) & (nearest < length)
            read = np.take_along_axis(y, np.clip(nearest, 0, length - 1), axis=1)
            return new_x, np.where(inside, read, IGNORED).astype(y.dtype)
        return new_x, y


class TimeScale(_Moved):
    """Time runs slower or faster: waves widen by a factor of `scale` (above 1: slower), about a random moment.

    Heart rate changes by the same factor, so keep the range narrow where classes are defined by rate.
    """

    scale: Range = (0.9, 1.15)

    def places(self, n: int, length: int, generator: np.random.Generator) -> F32:
        """Places closer together than samples where time runs slower."""
        scale = np.maximum(drawn(self.scale, n, generator)[:, :, 0], np.float32(0.05))
        moment = generator.random((n, 1), np.float32) * np.float32(length - 1)
        return (moment + (np.arange(length, dtype=np.float32) - moment) / scale).astype(np.float32)


class RandomShift(_Moved):
    """Windows start earlier or later by up to `max_fraction` of their length, by whole samples."""

    max_fraction: float = Field(0.1, ge=0, le=1, validation_alias=AliasChoices("max_fraction", "factor"))

    def places(self, n: int, length: int, generator: np.random.Generator) -> F32:
        """Every sample's place moved by the same number."""
        most = round(self.max_fraction * length)
        shift = generator.integers(-most, most + 1, (n, 1)).astype(np.float32)
        return np.arange(length, dtype=np.float32) + shift


class RandomChannelDrop(Disturbance):
    """A random channel of windows with several becomes flat, as when an electrode comes off."""

    fill: Literal["zero", "mean"] = "zero"
    probability: float = Field(0.1, ge=0, le=1)

    def disturb(self, x: F32, around: Surroundings, generator: np.random.Generator) -> F32:
        """The windows with one channel less; those with only one stay as they are."""
        if x.shape[2] < 2:
            return x
        rows = np.arange(len(x))
        channel = generator.integers(0, x.shape[2], len(x))
        out = x.copy()
        out[rows, :, channel] = x[rows, :, channel].mean(axis=1, keepdims=True) if self.fill == "mean" else 0
        return out


def _read(values: F32, place: F32) -> F32:
    """`values` [n, length, channels] at fractional places [n, length], by straight lines, held beyond the ends."""
    length = values.shape[1]
    place = np.clip(place, 0, length - 1)
    left = np.minimum(place.astype(np.int64), length - 2)
    part = (place - left)[:, :, None].astype(np.float32)
    rows = np.arange(len(values))[:, None]
    low = values[rows, left]
    return low + (values[rows, left + 1] - low) * part
