"""What happens to every window before a model sees it, in training and at run time alike.

Windows are float32 [n, length, channels] in mV; every step works on each window and channel for itself, is pure
and deterministic. Names are HeartKit's (`layer_norm`, `filter`, `resizing`) and some of our own.

A denoiser's target must follow its input: `PreparedWindows.follow` puts another signal through the very map that
was found on the input, and `PreparedWindows.undo` takes a model's output back to mV.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AliasChoices, Field, model_validator

from engine.config import Choice, Part
from engine.errors import ConfigError
from engine.signals.named_steps import chosen

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

_MAD_TO_SD = 1.4826  # of a normal distribution
_IQR_TO_SD = 1 / 1.349


class Preprocess(Part):
    """A step that maps windows [n, length, channels] to windows."""

    @abstractmethod
    def apply(self, x: F32, rate_hz: float) -> F32:
        """The windows after this step."""

    def length_after(self, length: int, rate_hz: float) -> int:
        """Samples of a window after this step."""
        return length


class Scaling(Preprocess):
    """A step that only shifts and scales: (x - offset) / scale, both [n, 1, channels]."""

    @abstractmethod
    def offset_and_scale(self, x: F32) -> tuple[F32, F32]:
        """What is taken off and what is divided by."""

    def apply(self, x: F32, rate_hz: float) -> F32:
        """The windows shifted and scaled."""
        offset, scale = self.offset_and_scale(x)
        return (x - offset) / scale


class LayerNorm(Scaling):
    """Zero mean and unit deviation: (x - mean) / (sd + epsilon), epsilon in mV; `center` False keeps the mean.

    `epsilon_on` "variance" is HeartKit's form: (x - mean) / sqrt(variance + epsilon), epsilon in mV^2. There 0.01
    is as much as 0.1 mV of deviation, so that weak leads stay small; here it is 0.01 mV.
    """

    epsilon: float = Field(0.01, ge=0)
    epsilon_on: Literal["deviation", "variance"] = "deviation"
    center: bool = True

    def offset_and_scale(self, x: F32) -> tuple[F32, F32]:
        """Mean, and deviation plus epsilon."""
        mean = x.mean(axis=1, keepdims=True)
        centred = x - mean
        variance = (np.einsum("nlc,nlc->nc", centred, centred) / np.float32(x.shape[1]))[:, None, :]
        epsilon = np.float32(self.epsilon)
        on_variance = self.epsilon_on == "variance"
        scale = np.sqrt(variance + epsilon) if on_variance else np.sqrt(variance) + epsilon
        return (mean if self.center else np.zeros_like(mean)), _never_zero(scale)


class RobustNorm(Scaling):
    """Median and spread instead of mean and deviation, both untouched by a few spikes.

    The spread is the interquartile range or the median absolute deviation, each scaled to equal the standard
    deviation of normal noise; epsilon in mV.
    """

    epsilon: float = Field(0.01, ge=0)
    spread: Literal["iqr", "mad"] = "iqr"

    def offset_and_scale(self, x: F32) -> tuple[F32, F32]:
        """Median, and spread plus epsilon."""
        if self.spread == "iqr":
            low, median, high = np.percentile(x, (25, 50, 75), axis=1, keepdims=True).astype(np.float32)
            spread = (high - low) * np.float32(_IQR_TO_SD)
        else:
            median = np.median(x, axis=1, keepdims=True)
            spread = np.median(np.abs(x - median), axis=1, keepdims=True) * np.float32(_MAD_TO_SD)
        return median, _never_zero(spread + np.float32(self.epsilon))


class MinMaxNorm(Scaling):
    """The range of a window becomes 0 to 1; epsilon in mV is added to the range."""

    epsilon: float = Field(0.01, ge=0)

    def offset_and_scale(self, x: F32) -> tuple[F32, F32]:
        """Lowest value, and range plus epsilon."""
        low = x.min(axis=1, keepdims=True)
        return low, _never_zero(x.max(axis=1, keepdims=True) - low + np.float32(self.epsilon))


class Rescaling(Scaling):
    """x * scale + offset, the same for every window."""

    scale: float = 1.0
    offset: float = 0.0

    @model_validator(mode="after")
    def _scale_is_not_zero(self) -> Rescaling:
        if self.scale == 0:
            raise ValueError("scale must not be 0")
        return self

    def offset_and_scale(self, x: F32) -> tuple[F32, F32]:
        """The constants as (x - offset) / scale."""
        shape = (len(x), 1, x.shape[2])
        return (
            np.full(shape, -self.offset / self.scale, np.float32),
            np.full(shape, 1 / self.scale, np.float32),
        )


class Clip(Preprocess):
    """Values beyond the limits become the limits."""

    low: float = -10.0
    high: float = 10.0

    @model_validator(mode="after")
    def _low_is_below_high(self) -> Clip:
        if self.low >= self.high:
            raise ValueError("low must lie below high")
        return self

    def apply(self, x: F32, rate_hz: float) -> F32:
        """The windows within the limits."""
        return np.clip(x, np.float32(self.low), np.float32(self.high))


class Filter(Preprocess):
    """Butterworth band-, high- or low-pass of cascaded biquads over each window.

    `forward_backward` runs it both ways (no delay; what a recorded window allows), else once, causally, starting
    settled on the window's first sample (what firmware does). Corners are -3 dB points of one pass.
    """

    lowcut_hz: float | None = Field(None, gt=0, validation_alias=AliasChoices("lowcut_hz", "lowcut"))
    highcut_hz: float | None = Field(None, gt=0, validation_alias=AliasChoices("highcut_hz", "highcut"))
    order: int = Field(2, ge=1, le=8)
    forward_backward: bool = True

    @model_validator(mode="after")
    def _has_a_band(self) -> Filter:
        if self.lowcut_hz is None and self.highcut_hz is None:
            raise ValueError("lowcut_hz or highcut_hz is needed")
        if self.lowcut_hz is not None and self.highcut_hz is not None and self.lowcut_hz >= self.highcut_hz:
            raise ValueError("lowcut_hz must lie below highcut_hz")
        return self

    def apply(self, x: F32, rate_hz: float) -> F32:
        """The windows within the band."""
        from scipy import signal

        sections, settled = _sections(self.lowcut_hz, self.highcut_hz, self.order, rate_hz)
        if self.forward_backward:
            padding = min(x.shape[1] - 1, round(rate_hz))
            return signal.sosfiltfilt(sections, x, axis=1, padtype="odd", padlen=padding).astype(np.float32)
        # settled [sections, 2] on a constant 1, times the first sample of each window and channel
        state = settled[:, None, :, None] * x[None, :, :1, :].astype(np.float64)
        return signal.sosfilt(sections, x, axis=1, zi=state)[0].astype(np.float32)


class Resizing(Preprocess):
    """Another number of samples over the same time, by straight lines between samples (no anti-alias filter)."""

    length: int = Field(ge=2, le=100_000, validation_alias=AliasChoices("length", "duration"))

    def apply(self, x: F32, rate_hz: float) -> F32:
        """Windows of the new length; the first and last samples keep their places."""
        n = x.shape[1]
        if n == self.length:
            return x
        place = np.linspace(0, n - 1, self.length)
        left = np.minimum(place.astype(np.int64), n - 2)
        part = (place - left).astype(np.float32)[None, :, None]
        return x[:, left] * (1 - part) + x[:, left + 1] * part

    def length_after(self, length: int, rate_hz: float) -> int:
        """The new length."""
        return self.length


PREPROCESSES: Mapping[str, type[Preprocess]] = {
    "layer_norm": LayerNorm,
    "robust_norm": RobustNorm,
    "min_max_norm": MinMaxNorm,
    "rescaling": Rescaling,
    "clip": Clip,
    "filter": Filter,
    "resizing": Resizing,
}


def preprocess_names() -> tuple[str, ...]:
    """Names that a configuration may use."""
    return tuple(PREPROCESSES)


class PreparedWindows:
    """Windows after preprocessing, and the map that took them there.

    x: float32 [n, length, channels].
    """

    def __init__(self, x: F32, steps: Sequence[tuple[Preprocess, F32 | None, F32 | None, float]]) -> None:
        self.x = x
        self._steps = steps

    def follow(self, other: F32) -> F32:
        """Another signal [n, length, up to channels] through the same map, with the input's offsets and scales."""
        for step, offset, scale, rate_hz in self._steps:
            if offset is not None and scale is not None:
                width = other.shape[2]
                other = (other - offset[:, :, :width]) / scale[:, :, :width]
            else:
                other = step.apply(other, rate_hz)
        return other

    def undo(self, output: F32) -> F32:
        """A model's output in preprocessed units back in mV; filters and clips have no inverse and are left out.

        Raises ConfigError after `resizing`.
        """
        for step, offset, scale, _ in reversed(self._steps):
            if offset is not None and scale is not None:
                width = output.shape[2]
                output = output * scale[:, :, :width] + offset[:, :, :width]
            elif isinstance(step, Resizing):
                raise ConfigError('a signal cannot be given back in mV after the preprocess "resizing"')
        return output


def prepare_windows(x: F32, choices: Sequence[Choice], rate_hz: float) -> PreparedWindows:
    """Windows float32 [n, length, channels] in mV through the chosen steps in order, with the way back.

    Raises ConfigError for unknown names and parameters, and where a filter does not fit the rate.
    """
    x = np.asarray(x, np.float32)
    taken: list[tuple[Preprocess, F32 | None, F32 | None, float]] = []
    for choice in choices:
        step = chosen("preprocess", choice, PREPROCESSES)
        if isinstance(step, Scaling):
            offset, scale = step.offset_and_scale(x)
            taken.append((step, offset, scale, rate_hz))
            x = (x - offset) / scale
        else:
            taken.append((step, None, None, rate_hz))
            rate_hz, before = rate_hz * step.length_after(x.shape[1], rate_hz) / x.shape[1], rate_hz
            x = step.apply(x, before)
    return PreparedWindows(x, taken)


def apply_preprocesses(x: F32, choices: Sequence[Choice], rate_hz: float) -> F32:
    """Windows float32 [n, length, channels] in mV through the chosen steps in order; the input is left alone.

    Raises ConfigError for unknown names and parameters, and where a filter does not fit the rate.
    """
    return prepare_windows(x, choices, rate_hz).x


def preprocessed_length(length: int, choices: Sequence[Choice], rate_hz: float) -> int:
    """Samples of a window after the chosen steps; checks every choice. Raises ConfigError."""
    for choice in choices:
        length = chosen("preprocess", choice, PREPROCESSES).length_after(length, rate_hz)
    return length


def _never_zero(scale: F32) -> F32:
    return np.where(scale > 0, scale, np.float32(1)).astype(np.float32)


@lru_cache(maxsize=32)
def _sections(low_hz: float | None, high_hz: float | None, order: int, rate_hz: float) -> tuple[F64, F64]:
    from scipy import signal

    for corner in (low_hz, high_hz):
        if corner is not None and corner >= rate_hz / 2:
            raise ConfigError(f'preprocess "filter": {corner:g} Hz is not below half the rate of {rate_hz:g} Hz')
    if low_hz is not None and high_hz is not None:
        sections = signal.butter(order, (low_hz, high_hz), "bandpass", output="sos", fs=rate_hz)
    elif low_hz is not None:
        sections = signal.butter(order, low_hz, "highpass", output="sos", fs=rate_hz)
    else:
        sections = signal.butter(order, high_hz, "lowpass", output="sos", fs=rate_hz)
    return sections, signal.sosfilt_zi(sections)
