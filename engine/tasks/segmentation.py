"""Segmentation: which wave each sample belongs to (P, QRS, T; or systole and diastole of a pulse wave)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from engine.config import Choice, Part, RunConfig
from engine.datasets.base import Strip, Wave
from engine.signals.named_steps import chosen
from engine.tasks.base import IGNORED, Task, WindowSet, anything_but
from engine.tasks.cutting import cut, resampled, training_starts
from engine.tasks.wave_events import FIDUCIALS, MARGIN, owned, stitch, window_starts

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

ECG_CLASSES: Mapping[str, tuple[str, ...]] = {"none": ("none",), "p": ("p",), "qrs": ("qrs",), "t": ("t",)}
MARK_NAMES = tuple(name for names in FIDUCIALS.values() for name in names)
_NO_P = ("afib", "aflut")
_FASTEST_BEATS_PER_S = 6.0
_CONTEXT_S = 1.0  # signal before and after the marked stretch that evaluation windows show the model


class SegmentationParams(Part):
    """`task_params` of segmentation.

    leads: only these leads (None: all a dataset has). evaluation_leads: only these when scoring (None: as leads).
    crops: training windows drawn from each strip. unlabelled_per_minute: training windows from each minute of
    strips without marks, which then only a teacher judges; fibrillation_per_minute: the same of strips that are all
    in atrial fibrillation or flutter, where a teacher is not heard on P waves. margin: samples at each end of an
    evaluation window that the neighbouring window is asked for instead.
    """

    leads: tuple[str, ...] | None = None
    evaluation_leads: tuple[str, ...] | None = None
    crops: int = Field(8, ge=1)
    unlabelled_per_minute: float = Field(0.0, ge=0)
    fibrillation_per_minute: float = Field(0.0, ge=0)
    margin: int = Field(MARGIN, ge=0)


@dataclass(frozen=True)
class Stitched:
    """One recording's outputs put together, with everything needed to score its waves.

    values [samples, classes] and signal_mv [samples] begin at sample `first` at the model's rate. marks: seconds
    from the recording's start by fiducial name. without_p: a rhythm that has no P waves (AF, flutter).
    """

    patient: str
    record: str
    lead: str
    first: int
    values: F32
    signal_mv: F32
    marks: Mapping[str, F64]
    without_p: bool


class Segmentation(Task):
    """Names each sample. Samples outside what the publisher marked are IGNORED."""

    name = "segmentation"
    target = "per_sample"
    summary = "P, QRS and T wave of every sample (2 or 4 classes), or systole and diastole of a pulse wave"

    def __init__(self, config: RunConfig) -> None:
        super().__init__(config)
        self._params = chosen(
            "task", Choice(name=self.name, params=config.task_params), {self.name: SegmentationParams}
        )

    def default_classes(self) -> Mapping[str, tuple[str, ...]]:
        """Four classes."""
        return ECG_CLASSES

    def windows(self, strip: Strip, *, training: bool, generator: np.random.Generator) -> WindowSet | None:
        """Random crops for training; for evaluation overlapping windows in which each sample has a target once.

        Evaluation windows carry in `extra`: `at` (start at the model's rate), `mark_s` and `mark_name` (the
        publisher's fiducials in seconds and their place in MARK_NAMES, padded with NaN and -1) and `without_p`.
        """
        leads = self._params.leads if training else (self._params.evaluation_leads or self._params.leads)
        if leads is not None and strip.lead.lower() not in {name.lower() for name in leads}:
            return None
        if strip.waves is None:
            return self._unlabelled(strip, generator) if training else None
        rate, length = self.config.window.rate_hz, self.config.window.length
        signal = resampled(strip.samples_mv, strip.rate_hz, rate)
        classes = self.config.classes or self.default_classes()
        target = sample_targets(strip, rate, len(signal), classes)
        if not np.any(target != IGNORED):
            return None
        signal, target = _at_least(signal, length, 0.0), _at_least(target, length, IGNORED)
        labelled = np.flatnonzero(target != IGNORED)
        first, stop = _stretch(int(labelled[0]), int(labelled[-1]) + 1, len(signal), length, rate)
        if training:
            starts = np.sort(generator.integers(first, stop - length + 1, self._params.crops))
            x, y, extra = cut(signal, starts, length), cut(target, starts, length), {}
        else:
            starts = first + window_starts(stop - first, length, self._params.margin)
            x, y = cut(signal, starts, length), cut(target, starts, length)
            own = owned(starts, length)
            inside = np.arange(length)
            y = np.where((inside >= own[:, :1]) & (inside < own[:, 1:]), y, IGNORED)
            extra = self._references(strip, starts, own)
        return self._window_set(strip, x, y, starts, extra)

    def _unlabelled(self, strip: Strip, generator: np.random.Generator) -> WindowSet | None:
        """Random windows, free of missing signal; all that is known is that fibrillation has no P waves."""
        rate, length = self.config.window.rate_hz, self.config.window.length
        signal = resampled(strip.samples_mv, strip.rate_hz, rate)
        without_p = bool(strip.rhythms) and all(span.rhythm in _NO_P for span in strip.rhythms or ())
        per_minute = self._params.fibrillation_per_minute if without_p else self._params.unlabelled_per_minute
        count = round(per_minute * len(signal) / rate / 60)
        starts = training_starts(len(signal), length, count, generator)
        seconds = starts / rate
        for first, stop in strip.missing:
            clear = (seconds * strip.rate_hz >= stop) | ((seconds + length / rate) * strip.rate_hz <= first)
            starts, seconds = starts[clear], seconds[clear]
        if not len(starts):
            return None
        classes = self.config.classes or self.default_classes()
        p_only = [number for number, labels in enumerate(classes.values()) if labels == ("p",)]
        known = anything_but(p_only[0]) if without_p and p_only else IGNORED
        return self._window_set(
            strip, cut(signal, starts, length), np.full((len(starts), length), known), starts, {}
        )

    def _window_set(self, strip: Strip, x: F32, y: NDArray, starts: I64, extra: Mapping[str, NDArray]) -> WindowSet:
        n = len(starts)
        return WindowSet(
            x=np.ascontiguousarray(x[:, :, None], np.float32),
            y=np.asarray(y, np.int64),
            patient=np.full(n, strip.patient),
            record=np.full(n, strip.record),
            lead=np.full(n, strip.lead),
            start=np.round(starts * (strip.rate_hz / self.config.window.rate_hz)).astype(np.int64),
            rate_hz=np.full(n, strip.rate_hz, np.float32),
            extra=extra,
        )

    def _references(self, strip: Strip, starts: I64, own: I64) -> dict[str, NDArray]:
        """The publisher's marks, each with the window that owns its sample."""
        window = self.config.window
        room = len(MARK_NAMES) * int(np.ceil(_FASTEST_BEATS_PER_S * window.length / window.rate_hz))
        at_s, name = wave_marks(strip)
        position = at_s * window.rate_hz
        mark_s = np.full((len(starts), room), np.nan)
        mark_name = np.full((len(starts), room), -1, np.int8)
        for k, (start, (low, high)) in enumerate(zip(starts, own, strict=True)):
            mine = np.flatnonzero((position >= start + low) & (position < start + high))[:room]
            mark_s[k, : len(mine)], mark_name[k, : len(mine)] = at_s[mine], name[mine]
        without_p = any(span.rhythm in _NO_P for span in strip.rhythms or ())
        return {
            "at": np.asarray(starts, np.int64),
            "mark_s": mark_s,
            "mark_name": mark_name,
            "without_p": np.full(len(starts), without_p),
        }


def sample_targets(strip: Strip, rate_hz: float, n: int, classes: Mapping[str, tuple[str, ...]]) -> I64:
    """Class of each of `n` samples at `rate_hz`: the wave it lies in, "none" between waves, else IGNORED.

    A wave without onset (or offset) leaves the stretch from the wave before (to the wave after) unjudged; a wave
    with a single mark has no stretch of its own.
    """
    number = {label: i for i, labels in enumerate(classes.values()) for label in labels}
    scale = rate_hz / strip.rate_hz
    target = np.full(n, IGNORED, np.int64)
    low, high = strip.marked if strip.marked is not None else (0, len(strip.samples_mv))
    target[_from(low, scale) : _to(high, scale)] = number.get("none", IGNORED)
    waves = sorted(strip.waves or (), key=_place)
    for k, wave in enumerate(waves):
        onset, offset = wave.onset, wave.offset
        if onset < 0:
            onset = wave.peak if wave.peak >= 0 else offset
            before = _end(waves[k - 1]) + 1 if k else low
            target[_from(before, scale) : _from(onset, scale)] = IGNORED
        if offset < 0:
            offset = wave.peak if wave.peak >= 0 else onset
            after = _place(waves[k + 1]) if k + 1 < len(waves) else high
            target[_to(offset, scale) : _from(after, scale)] = IGNORED
        spans = onset < offset
        target[_from(onset, scale) : _to(offset, scale)] = number.get(wave.kind, IGNORED) if spans else IGNORED
    for start, stop in strip.missing:
        target[_from(start, scale) : _from(stop, scale)] = IGNORED
    return target


def wave_marks(strip: Strip) -> tuple[F64, NDArray[np.int8]]:
    """Seconds and MARK_NAMES number of every fiducial the publisher marks, in time order."""
    pairs = sorted(
        (at / strip.rate_hz, MARK_NAMES.index(name))
        for wave in strip.waves or ()
        for name, at in zip(FIDUCIALS.get(wave.kind, ()), (wave.onset, wave.peak, wave.offset), strict=False)
        if at >= 0
    )
    return np.array([at for at, _ in pairs], np.float64), np.array([name for _, name in pairs], np.int8)


def stitched_recordings(windows: WindowSet, outputs: NDArray) -> Iterator[Stitched]:
    """The recordings of evaluation windows (as `Segmentation.windows` makes them) with their outputs joined."""
    key = np.char.add(np.char.add(windows.record.astype(str), "\0"), windows.lead.astype(str))
    _, first_seen, member = np.unique(key, return_index=True, return_inverse=True)
    for recording in np.argsort(first_seen):
        rows = np.flatnonzero(member == recording)
        at = windows.extra["at"][rows]
        rows, at = rows[np.argsort(at)], np.sort(at)
        names, seconds = windows.extra["mark_name"][rows].ravel(), windows.extra["mark_s"][rows].ravel()
        yield Stitched(
            patient=str(windows.patient[rows[0]]),
            record=str(windows.record[rows[0]]),
            lead=str(windows.lead[rows[0]]),
            first=int(at[0]),
            values=stitch(outputs[rows], at),
            signal_mv=stitch(windows.x[rows], at)[:, 0],
            marks={name: np.sort(seconds[names == i]) for i, name in enumerate(MARK_NAMES)},
            without_p=bool(windows.extra["without_p"][rows[0]]),
        )


def _stretch(first: int, stop: int, n: int, length: int, rate_hz: float) -> tuple[int, int]:
    """The labelled stretch with some context, at least one window long, within 0..n."""
    context = round(_CONTEXT_S * rate_hz)
    first, stop = max(0, first - context), min(n, stop + context)
    short = max(0, length - (stop - first))
    first = max(0, first - short // 2)
    stop = min(n, max(stop, first + length))
    return max(0, min(first, stop - length)), stop


def _at_least(values: NDArray, length: int, fill: float) -> NDArray:
    return np.pad(values, (0, max(0, length - len(values))), constant_values=fill)


def _place(wave: Wave) -> int:
    return next(at for at in (wave.onset, wave.peak, wave.offset) if at >= 0)


def _end(wave: Wave) -> int:
    return next(at for at in (wave.offset, wave.peak, wave.onset) if at >= 0)


def _from(at: int, scale: float) -> int:
    """First sample at or after a position (scaled)."""
    return max(0, int(np.ceil(at * scale - 1e-9)))


def _to(at: int, scale: float) -> int:
    """One past the last sample at or before a position (scaled)."""
    return max(0, int(np.floor(at * scale + 1e-9)) + 1)
