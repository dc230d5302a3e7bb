"""Training beats beyond those that experts typed: made-up strips, and strips of which only the rhythm is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.datasets.base import Strip
from engine.tasks.beat_channels import qrs_likeness
from engine.tasks.beat_ectopy import RATE_HZ, find_beats, find_source, made_up_strip

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
Channels = Callable[[F32, float, I64], F32]  # samples in mV, rate, R samples -> windows

SYMBOL_OF = {"N": "N", "S": "A", "V": "V", "F": "F"}
SINUS = frozenset({"N", "NORM", "SR", "SBRAD", "SARRH"})  # statements; "N" is the challenge's
FIBRILLATION = frozenset({"A", "AFIB"})

_BEATS = 200  # of a made-up strip
_NORMALS, _WINDOWS = 60, 100  # of it that are kept
_SHARE_WITH_MISSES, _MISSED = 0.25, 0.02
_FIBRILLATING_WINDOWS = 40
_LEAST_USUAL = 0.8  # median of it in a strip clean enough
_LIKE_USUAL = 0.9  # correlation of QRS and sinus QRS


@dataclass(frozen=True)
class TrainingBeats:
    """Windows [n, length, channels], WFDB symbols [n], and R samples at `rate_hz` of the strip they are from."""

    x: F32
    symbol: NDArray[np.str_]
    r: I64
    rate_hz: float


def made_up_beats(
    strip: Strip, channels: Channels, strips: int, generator: np.random.Generator
) -> list[TrainingBeats]:
    """Windows of `strips` made-up recordings from the strip's normal beats; none if it lacks sinus rhythm."""
    if strip.beats is not None:
        normal = np.isin(np.array(strip.beats[1]), ("N", "L", "R"))
        r = strip.beats[0][normal]
    else:
        r = find_beats(strip.samples_mv, strip.rate_hz)
    source = find_source(strip.samples_mv, strip.rate_hz, r)
    if source is None:
        return []
    found = []
    for _ in range(strips):
        x_mv, r, kind = made_up_strip(source, _BEATS, generator)
        missed = _MISSED if generator.random() < _SHARE_WITH_MISSES else 0.0
        seen = generator.random(len(r)) >= missed  # detectors miss beats
        r, kind = r[seen], kind[seen]
        usual = np.flatnonzero(kind == "N")
        some = generator.choice(usual, min(_NORMALS, len(usual)), replace=False)
        kept = generator.permutation(np.concatenate([some, np.flatnonzero(kind != "N")]))[:_WINDOWS]
        x = channels(x_mv, RATE_HZ, r)[kept]
        found.append(TrainingBeats(x, np.array([SYMBOL_OF[k] for k in kind[kept]]), r[kept], RATE_HZ))
    return found


def fibrillating_beats(strip: Strip, channels: Channels, generator: np.random.Generator) -> list[TrainingBeats]:
    """Beats of a strip in atrial fibrillation that look like its usual one: normal, however irregular."""
    r = find_beats(strip.samples_mv, strip.rate_hz)
    if len(r) < 12:
        return []
    x = channels(strip.samples_mv, strip.rate_hz, r)
    alike = qrs_likeness(strip.samples_mv, strip.rate_hz, r)
    if np.median(alike) < _LEAST_USUAL:
        return []
    usable = np.flatnonzero(alike > _LIKE_USUAL)
    usable = usable[(usable > 1) & (usable < len(r) - 2)]
    kept = generator.choice(usable, min(_FIBRILLATING_WINDOWS, len(usable)), replace=False)
    return [TrainingBeats(x[kept], np.full(len(kept), "N"), r[kept], strip.rate_hz)]
