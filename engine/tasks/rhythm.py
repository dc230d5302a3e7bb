"""Rhythm of a window: sinus rhythm, atrial fibrillation and what else a configuration tells apart.

A window's label is the rhythm that fills most of it, by the publisher's rhythm marks where there are some, else
the rhythm its record is labelled with. A window whose rhythm belongs to none of the classes, or whose record
names two of them, has no right answer and is left out; `census` counts those.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

import numpy as np
from pydantic import Field, field_validator

from engine.config import Part, RunConfig
from engine.datasets.base import F32, I64, Strip
from engine.tasks.base import Task, WindowSet
from engine.tasks.cutting import cut, evaluation_starts, resampled, training_starts
from engine.tasks.rhythm_labels import class_of_label, rate_is_stated, rhythms_of_statements
from engine.tasks.rhythm_rate import SINUS, beat_samples, rates_bpm, sinus_rhythm
from engine.tasks.task_params import checked_params

_TEMPO_STEP = 0.05  # factors are multiples of this, so that resampling ratios stay simple


class RhythmParams(Part):
    """Options of the task.

    min_share: part of a window that one rhythm must fill, else the window is left out.
    windows_per_strip: random training crops of one strip; None: as many as fit side by side, rounded up.
    pad_short: strips shorter than a window are filled up with their median instead of left out.
    sinus_by_rate: where the publisher does not tell sinus bradycardia (below 60/min) and tachycardia (above
        100/min) from other sinus rhythm, the rate of the window's beats does.
    tempo: training also shows every strip played faster or slower by a random factor between these; with
        `sinus_by_rate` sinus rhythm is then named by the rate that results. For rates that are rare in the data.
    """

    min_share: float = Field(default=0.5, ge=0, le=1)
    windows_per_strip: int | None = Field(default=None, ge=1)
    pad_short: bool = True
    sinus_by_rate: bool = False
    tempo: tuple[float, float] | None = None

    @field_validator("tempo")
    @classmethod
    def _in_order(cls, value: tuple[float, float] | None) -> tuple[float, float] | None:
        if value is not None and not 0.25 <= value[0] <= value[1] <= 4:
            raise ValueError("must be two factors from 0.25 to 4, the smaller one first")
        return value


class Rhythm(Task):
    """Which rhythm prevails in a window."""

    name = "rhythm"
    target = "per_window"
    summary = "Rhythm of a window: sinus, atrial fibrillation or flutter, and others"

    def __init__(self, config: RunConfig) -> None:
        super().__init__(config)
        self.params = checked_params(RhythmParams, config.task_params, self.name)
        self._class_of = class_of_label(config.classes)

    def default_classes(self) -> Mapping[str, tuple[str, ...]]:
        """Sinus rhythm against atrial fibrillation and flutter."""
        return {"SR": ("sr",), "AFIB": ("afib", "aflut")}

    def windows(self, strip: Strip, *, training: bool, generator: np.random.Generator) -> WindowSet | None:
        """Windows [n, length, 1] in mV with the number of their class; see Task."""
        found = [self._windows_at(strip, 1.0, training, generator)]
        if training and self.params.tempo is not None:
            low, high = self.params.tempo
            steps = generator.integers(math.ceil(low / _TEMPO_STEP), math.floor(high / _TEMPO_STEP) + 1)
            found.append(self._windows_at(strip, float(steps) * _TEMPO_STEP, training, generator))
        parts = [windows for windows in found if windows is not None]
        return WindowSet.join(parts) if parts else None

    def _windows_at(
        self, strip: Strip, tempo: float, training: bool, generator: np.random.Generator
    ) -> WindowSet | None:
        """Windows of a strip played `tempo` times as fast."""
        length, rate_hz = self.config.window.length, self.config.window.rate_hz
        own_hz = strip.rate_hz * tempo
        values = resampled(strip.samples_mv, own_hz, rate_hz)
        n = len(values)
        if n < length and not (self.params.pad_short and n):
            return None
        if n < length:
            values = np.append(values, np.full(length - n, np.median(values), np.float32))
        starts = self._starts(len(values), training, generator)
        own_starts = np.round(starts * own_hz / rate_hz).astype(np.int64)
        labels = self._labels(strip, own_starts, round(min(n, length) * own_hz / rate_hz), tempo)
        y = np.array([self._class_number(label) for label in labels], np.int64)
        kept = y >= 0
        if not kept.any():
            return None
        return _window_set(cut(values, starts[kept], length), y[kept], own_starts[kept], strip)

    def census(self, strip: Strip) -> Counter[str]:
        """How many evaluation windows of a strip have which label: a class, or "left out: ..." with the rhythm."""
        length = round(self.config.window.length * strip.rate_hz / self.config.window.rate_hz)
        n = len(strip.samples_mv)
        starts = evaluation_starts(max(n, length), length, self._own_hop(strip))
        labels = self._labels(strip, starts, min(n, length), 1.0)
        names = self.class_names
        return Counter(
            names[number] if number >= 0 else f"left out: {'+'.join(sorted(label)) or 'not labelled'}"
            for label, number in ((label, self._class_number(label)) for label in labels)
        )

    def _own_hop(self, strip: Strip) -> int | None:
        hop = self.config.window.hop
        return None if hop is None else round(hop * strip.rate_hz / self.config.window.rate_hz)

    def _starts(self, n: int, training: bool, generator: np.random.Generator) -> I64:
        length = self.config.window.length
        if not training:
            return evaluation_starts(n, length, self.config.window.hop)
        return training_starts(n, length, self.params.windows_per_strip or -(-n // length), generator)

    def _class_number(self, label: frozenset[str]) -> int:
        """The one class that a window's names belong to, -1 for none or several."""
        numbers = {self._class_of[name] for name in label if name in self._class_of}
        return numbers.pop() if len(numbers) == 1 else -1

    def _labels(self, strip: Strip, starts: I64, length: int, tempo: float) -> list[frozenset[str]]:
        """Names of each window's rhythm; starts and length in samples of the strip. Empty where unlabelled.

        Where at least half of a window holds no signal, nobody can tell: it has no label.
        """
        labels = self._labels_of_signal(strip, starts, length, tempo)
        absent = _missing_share(strip, starts, length)
        return [label if share < 0.5 else frozenset() for label, share in zip(labels, absent, strict=True)]

    def _labels_of_signal(self, strip: Strip, starts: I64, length: int, tempo: float) -> list[frozenset[str]]:
        stated = strip.statements or frozenset()
        if strip.rhythms is None:
            labels = [rhythms_of_statements(stated) | stated] * len(starts)
        else:
            # A statement is about the whole record: it tells a window's rhythm only where that never changes.
            changing = len({span.rhythm for span in strip.rhythms}) > 1
            labels = [self._prevailing(strip, int(start), int(start) + length) for start in starts]
            labels = labels if changing else [label | stated if label else label for label in labels]
        if not self.params.sinus_by_rate or (tempo == 1 and rate_is_stated(stated)):
            return labels
        if not any(label & SINUS for label in labels):
            return labels
        rates = rates_bpm(beat_samples(strip), strip.rate_hz * tempo, starts, length).tolist()
        return [
            frozenset({sinus_rhythm(rate)}) if label & SINUS else label
            for label, rate in zip(labels, rates, strict=True)
        ]

    def _prevailing(self, strip: Strip, start: int, stop: int) -> frozenset[str]:
        """The rhythm with the largest part of [start, stop), if that part is large enough.

        Rhythms of one class count together, so that fibrillation turning into flutter stays one answer.
        """
        parts: Counter[str] = Counter()
        for span in strip.rhythms or ():
            shared = min(stop, span.stop) - max(start, span.start)
            if shared > 0:
                parts[span.rhythm] += shared
        by_class: Counter[int | str] = Counter()
        for rhythm, shared in parts.items():
            by_class[self._class_of.get(rhythm, rhythm)] += shared
        if not by_class:
            return frozenset()
        winner, shared = by_class.most_common(1)[0]
        if shared < self.params.min_share * (stop - start):
            return frozenset()
        return frozenset(r for r in parts if self._class_of.get(r, r) == winner)


def _window_set(x: F32, y: I64, starts: I64, strip: Strip) -> WindowSet:
    n = len(x)
    return WindowSet(
        x=np.ascontiguousarray(x[..., None], np.float32),
        y=y,
        patient=np.full(n, strip.patient),
        record=np.full(n, strip.record),
        lead=np.full(n, strip.lead),
        start=starts,
        rate_hz=np.full(n, strip.rate_hz, np.float32),
    )


def _missing_share(strip: Strip, starts: I64, length: int) -> list[float]:
    """Part of each window [start, start + length) that holds no signal."""
    absent = np.zeros(len(starts))
    for start, stop in strip.missing:
        absent += np.clip(np.minimum(starts + length, stop) - np.maximum(starts, start), 0, None)
    return (absent / length).tolist()
