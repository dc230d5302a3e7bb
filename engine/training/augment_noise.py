"""Disturbances: wander, power line, Gaussian noise, real noise (Noise Stress Test database), holes, bandwidth."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AliasChoices, Field

from engine.datasets.noise import noise_at_snr
from engine.errors import ConfigError
from engine.training.augment_base import Disturbance, Range, Surroundings, drawn, smooth_noise

F32 = NDArray[np.float32]
NoiseName = Literal["bw", "em", "ma"]


class RandomNoiseDistortion(Disturbance):
    """Baseline wander: a slow random curve of random amplitude is added, the same to every channel."""

    amplitude_mv: Range = Field((0.0, 0.5), validation_alias=AliasChoices("amplitude_mv", "amplitude"))
    frequency_hz: Range = Field((0.5, 1.5), validation_alias=AliasChoices("frequency_hz", "frequency"))

    def disturb(self, x: F32, around: Surroundings, generator: np.random.Generator) -> F32:
        """The windows with wander."""
        curve = smooth_noise(len(x), x.shape[1], self.frequency_hz, around.rate_hz, generator)
        return x + curve * drawn(self.amplitude_mv, len(x), generator)


class RandomSineWave(Disturbance):
    """Power line: a sine of random amplitude, frequency and phase is added."""

    amplitude_mv: Range = Field((0.0, 0.05), validation_alias=AliasChoices("amplitude_mv", "amplitude"))
    frequency_hz: Range = Field((45.0, 50.0), validation_alias=AliasChoices("frequency_hz", "frequency"))

    def disturb(self, x: F32, around: Surroundings, generator: np.random.Generator) -> F32:
        """The windows with hum."""
        turns = drawn(self.frequency_hz, len(x), generator) / np.float32(around.rate_hz)
        phase = generator.random((len(x), 1, 1), np.float32)
        time = np.arange(x.shape[1], dtype=np.float32)[None, :, None]
        wave = np.sin(np.float32(2 * np.pi) * ((turns * time + phase) % 1))
        return x + wave * drawn(self.amplitude_mv, len(x), generator)


class SineWave(Disturbance):
    """A sine of one amplitude and frequency is added, with a random phase."""

    amplitude_mv: float = Field(0.05, ge=0, validation_alias=AliasChoices("amplitude_mv", "amplitude"))
    frequency_hz: float = Field(50.0, gt=0, validation_alias=AliasChoices("frequency_hz", "frequency"))

    def disturb(self, x: F32, around: Surroundings, generator: np.random.Generator) -> F32:
        """The windows with the sine."""
        level, frequency = self.amplitude_mv, self.frequency_hz
        wave = RandomSineWave.model_construct(
            probability=1.0, amplitude_mv=(level, level), frequency_hz=(frequency, frequency)
        )
        return wave.disturb(x, around, generator)


class RandomNoise(Disturbance):
    """White Gaussian noise of a random deviation is added."""

    deviation_mv: Range = Field((0.0, 0.025), validation_alias=AliasChoices("deviation_mv", "factor"))

    def disturb(self, x: F32, around: Surroundings, generator: np.random.Generator) -> F32:
        """The windows with noise."""
        noise = generator.standard_normal(x.shape, np.float32)
        return x + noise * drawn(self.deviation_mv, len(x), generator)


class RandomBackgroundNoise(Disturbance):
    """Stretches of real noise are added: each brought to unit deviation, then to a random amplitude."""

    amplitude_mv: Range = Field((0.0, 0.1), validation_alias=AliasChoices("amplitude_mv", "amplitude"))
    num_noises: int = Field(1, ge=1, le=8)
    noises: tuple[NoiseName, ...] = Field(("bw", "em", "ma"), min_length=1)

    def disturb(self, x: F32, around: Surroundings, generator: np.random.Generator) -> F32:
        """The windows with real noise."""
        for _ in range(self.num_noises):
            noise = noise_stretches(self.noises, x.shape, around, generator)
            deviation = noise.std(axis=1, keepdims=True)
            level = drawn(self.amplitude_mv, len(x), generator)
            x = x + noise * (level / np.maximum(deviation, np.float32(1e-6)))
        return x


class NstdbNoise(Disturbance):
    """Stretches of real noise are added at a set signal-to-noise ratio, as in noise stress testing.

    Each window gets one of `noises` at a ratio drawn evenly (in dB) between `snr_db`. Powers are variances over
    the window (so a baseline offset is neither signal nor noise), per channel. Windows without signal stay as
    they are. Moody, Muldrow, Mark: A noise stress test for arrhythmia detectors. Computers in Cardiology 1984.
    """

    noises: tuple[NoiseName, ...] = Field(("bw", "em", "ma"), min_length=1)
    snr_db: Range = (0.0, 24.0)

    def disturb(self, x: F32, around: Surroundings, generator: np.random.Generator) -> F32:
        """The windows with noise at the ratio."""
        noise = noise_stretches(self.noises, x.shape, around, generator)
        return x + noise_at_snr(x, noise, drawn(self.snr_db, len(x), generator))


class RandomCutout(Disturbance):
    """Random stretches become flat: at 0, or at the window's own mean."""

    factor: Range = (0.0, 0.1)  # share of the window that one hole takes
    cutouts: int = Field(1, ge=1, le=16)
    fill: Literal["zero", "mean"] = "zero"

    def disturb(self, x: F32, around: Surroundings, generator: np.random.Generator) -> F32:
        """The windows with holes."""
        length = x.shape[1]
        level = x.mean(axis=1, keepdims=True) if self.fill == "mean" else np.zeros((1, 1, 1), np.float32)
        time = np.arange(length)[None, :, None]
        hole = np.zeros((len(x), length, 1), bool)
        for _ in range(self.cutouts):
            width = np.round(np.clip(drawn(self.factor, len(x), generator), 0, 1) * length).astype(np.int64)
            start = (generator.random((len(x), 1, 1)) * (length - width + 1)).astype(np.int64)
            hole |= (time >= start) & (time < start + width)
        return np.where(hole, level, x)


class RandomBand(Disturbance):
    """Another recorder's bandwidth: zero-phase high-pass and low-pass of order 2 with random corners."""

    highpass_hz: Range | None = (0.05, 0.7)
    lowpass_hz: Range | None = (25.0, 45.0)

    def disturb(self, x: F32, around: Surroundings, generator: np.random.Generator) -> F32:
        """The windows within the band; their means are kept."""
        frequency = np.fft.rfftfreq(x.shape[1], 1 / around.rate_hz).astype(np.float32)[None, :, None]
        gain = np.ones((len(x), frequency.shape[1], 1), np.float32)
        if self.highpass_hz is not None:
            corner = np.maximum(drawn(self.highpass_hz, len(x), generator), 1e-6)
            gain *= 1 / (1 + (corner / np.maximum(frequency, np.float32(1e-9))) ** 4)
        if self.lowpass_hz is not None:
            corner = np.maximum(drawn(self.lowpass_hz, len(x), generator), 1e-6)
            gain *= 1 / (1 + (frequency / corner) ** 4)
        gain[:, 0] = 1
        # the mirror image behind each window spares it the jump between its end and its start
        mirrored = np.concatenate([x, x[:, ::-1]], axis=1)
        twice = np.repeat(gain, 2, axis=1)[:, : x.shape[1] + 1]
        return np.fft.irfft(np.fft.rfft(mirrored, axis=1) * twice, axis=1)[:, : x.shape[1]].astype(np.float32)


def noise_stretches(
    names: tuple[NoiseName, ...], shape: tuple[int, ...], around: Surroundings, generator: np.random.Generator
) -> F32:
    """Random stretches [n, length, channels] of the named noise recordings, without their means, in mV.

    Every channel of a window takes its own lead of the same noise at the same time, as far as there are leads.
    Raises ConfigError when a noise was not loaded or is shorter than a window.
    """
    n, length, channels = shape
    which = generator.integers(0, len(names), n)
    out = np.empty((n, length, channels), np.float32)
    for number, name in enumerate(names):
        taken = np.flatnonzero(which == number)
        noise = around.noise.get(name)
        if noise is None:
            raise ConfigError(
                f'the noise "{name}" is not at hand', hint="give the nstdb dataset: heartkit-engine download nstdb"
            )
        if noise.shape[1] < length:
            raise ConfigError(f'the noise "{name}" lasts {noise.shape[1]} samples, a window {length}')
        start = generator.integers(0, noise.shape[1] - length + 1, len(taken))
        lead = (generator.integers(0, len(noise), (len(taken), 1)) + np.arange(channels)) % len(noise)
        time = start[:, None, None] + np.arange(length)[None, :, None]
        out[taken] = noise[lead[:, None, :], time]
    return out - out.mean(axis=1, keepdims=True)
