"""The analysis of one lead, fed sample by sample: the only one there is; files go through it too.

Sample-level stages (QRS detection, signal quality, delineation, beat features) run as samples arrive and never
depend on how these are cut into chunks. Table-level stages (beat types, rhythm, intervals, variability) are pure
functions of the whole beat table. A stream stopped at sample n therefore gives, bit for bit, the analysis of a
file of n samples.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.analysis import beats, delineation, hrv, intervals, qrs, rhythm
from engine.analysis.beat_features import COLUMN
from engine.analysis.criteria import Criteria
from engine.analysis.growing_rows import GrowingRows
from engine.analysis.joint_beats import type_beats_jointly
from engine.analysis.levels import st_levels
from engine.analysis.qrs import Detections, QrsDetector
from engine.analysis.restless import LineExtent, restless_stretches
from engine.analysis.stages import CLASSICAL, DEFAULT, Stages
from engine.analysis.summary import summary_sentence
from engine.analysis.types import ABSENT, FIDUCIAL_NAMES, Analysis, Beats, Fiducials, Span
from engine.signals.quality import QualityMeter

if TYPE_CHECKING:
    from engine.analysis.model_beats import BeatModel
    from engine.analysis.model_rhythm import RhythmModel
    from engine.analysis.model_waves import WaveModel

F32 = NDArray[np.float32]
Bool = NDArray[np.bool_]
I64 = NDArray[np.int64]


class SlidingSignal:
    """The most recent samples of one lead, addressed by absolute sample number."""

    def __init__(self) -> None:
        self.start = 0
        self.stop = 0
        self._values = np.zeros(1 << 14, np.float32)
        self._valid = np.zeros(1 << 14, np.bool_)

    def append(self, values: F32, valid: Bool) -> None:
        """Add samples at the end."""
        used = self.stop - self.start
        need = used + len(values)
        if need > len(self._values):
            for name in ("_values", "_valid"):
                old = getattr(self, name)
                grown = np.zeros(2 * need, old.dtype)
                grown[:used] = old[:used]
                setattr(self, name, grown)
        self._values[used:need] = values
        self._valid[used:need] = valid
        self.stop += len(values)

    def forget_before(self, sample: int) -> None:
        """Drop samples before this one."""
        drop = min(sample, self.stop) - self.start
        if drop <= 0:
            return
        keep = self.stop - self.start - drop
        for buffer in (self._values, self._valid):
            buffer[:keep] = buffer[drop : drop + keep]
        self.start += drop

    @property
    def values(self) -> F32:
        """Samples [start, stop)."""
        return self._values[: self.stop - self.start]

    @property
    def valid(self) -> Bool:
        """Which of them were recorded."""
        return self._valid[: self.stop - self.start]


class StreamingAnalysis:
    """Analysis of one lead at `fs` Hz as its samples arrive.

    `push` samples in mV, `snapshot` whenever the present state is wanted (as if the stream ended there), `finish`
    at the end. Memory grows with the number of beats only.
    """

    def __init__(
        self,
        fs: float,
        *,
        record: str = "",
        lead: str = "",
        criteria: Criteria | None = None,
        stages: Stages | None = None,
    ) -> None:
        self.fs = fs
        self.record = record
        self.lead = lead
        self.criteria = criteria or Criteria()
        self.stages = stages or DEFAULT
        self._wave_model = _wave_model(self.stages, fs)
        self._rhythm_model = _rhythm_model(self.stages, fs)
        self._beat_model = _beat_model(self.stages, fs)
        self._qrs = QrsDetector(fs)
        self._quality = QualityMeter(fs)
        self._line = LineExtent(fs)
        self._signal = SlidingSignal()
        self._last_mv = np.float32(0)  # the last value that was recorded
        self._r: GrowingRows[np.int64] = GrowingRows(np.int64)
        self._confidence: GrowingRows[np.float32] = GrowingRows(np.float32)
        self._bad: list[Span] = []
        # Of the beats whose waves and features are final:
        self._waves: GrowingRows[np.int64] = GrowingRows(np.int64, len(FIDUCIAL_NAMES))
        self._features: GrowingRows[np.float32] = GrowingRows(np.float32, beats.N_FEATURES)
        self._st_mv: GrowingRows[np.float32] = GrowingRows(np.float32)
        self._whole: GrowingRows[np.bool_] = GrowingRows(np.bool_)

    @property
    def n_samples(self) -> int:
        """Samples seen."""
        return self._signal.stop

    def push(self, values_mv: F32, valid: Bool | None = None) -> None:
        """Take the next samples; invalid ones count as missing whatever their value."""
        if valid is None:
            valid = np.ones(len(values_mv), np.bool_)
        values_mv = self._held(values_mv, valid)
        self._signal.append(values_mv, valid)
        self._line.push(values_mv, valid)
        self._bad.extend(self._quality.push(values_mv, valid))
        for model in (self._wave_model, self._rhythm_model):
            if model is not None:
                model.push(values_mv)
        self._take(self._qrs.push(values_mv, valid))
        self._advance(final=False)

    def _held(self, values_mv: F32, valid: Bool) -> F32:
        """The samples with missing ones at the level of the last that was recorded: no step where data end."""
        values_mv = values_mv.astype(np.float32, copy=False)
        if not valid.all():
            at = np.maximum.accumulate(np.where(valid, np.arange(len(valid)), -1))
            values_mv = np.where(at >= 0, values_mv[at], self._last_mv)
        if len(values_mv):
            self._last_mv = values_mv[-1]
        return values_mv

    def snapshot(self) -> Analysis:
        """The analysis as if the stream ended now; the stream goes on undisturbed.

        A copy of the stream goes to its end for it. What is settled they share.
        """
        settled = (self.criteria, self.stages, *self._bad)
        return copy.deepcopy(self, {id(part): part for part in settled}).finish()

    def finish(self) -> Analysis:
        """The analysis of everything pushed. Nothing may be pushed afterwards."""
        self._bad.extend(self._quality.flush())
        self._take(self._qrs.flush())
        self._advance(final=True)
        for model in (self._wave_model, self._rhythm_model):
            if model is not None:
                model.finish()
        return self._assemble()

    def _take(self, found: Detections) -> None:
        self._r.extend(found.sample)
        self._confidence.extend(found.confidence)

    def _advance(self, *, final: bool) -> None:
        """Delineate the beats whose context is complete and drop the signal nobody needs any more."""
        done, last = len(self._waves), len(self._r) if final else self._ready()
        if last > done:
            signal, origin = self._signal, max(0, done - delineation.CONTEXT_BEATS)
            r, first = self._r.rows[origin:], done - origin
            waves = delineation.delineate(
                signal.values,
                signal.start,
                r,
                self.fs,
                valid=signal.valid,
                first=first,
                last=last - origin,
            )
            self._waves.extend(waves.table())
            self._features.extend(
                beats.beat_features(signal.values, signal.start, r, waves, self.fs, first=first, last=last - origin)
            )
            if self._beat_model is not None:
                self._beat_model.take(signal.values, signal.start, self._r.rows[done:last])
            self._st_mv.extend(st_levels(signal.values, signal.start, waves, self.fs))
            self._whole.extend(beats.whole_beats(signal.valid, signal.start, self._r.rows[done:last], self.fs))
        self._signal.forget_before(self._needed_from())

    def _ready(self) -> int:
        """Number of beats that later samples and later beats cannot change any more."""
        horizon = self.n_samples - round((delineation.CONTEXT_AFTER_S + qrs.LOOKAHEAD_S) * self.fs)
        return max(len(self._waves), int(np.searchsorted(self._r.rows, horizon, side="right")))

    def _needed_from(self) -> int:
        """First sample that an unfinished beat, or one still to be detected, may look at."""
        undetected = self.n_samples - round(qrs.LOOKAHEAD_S * self.fs)
        done = len(self._waves)
        oldest = int(self._r.rows[done]) if done < len(self._r) else undetected
        return min(oldest, undetected) - round(delineation.CONTEXT_BEFORE_S * self.fs) - 1

    def _unreadable(self, features: F32) -> tuple[Span, ...]:
        """Bad signal, and long stretches without a beat in which the line moves."""
        height_mv = features[:, COLUMN["max_mv"]] - features[:, COLUMN["min_mv"]]
        shortest_s = min(self.criteria.pause_s, self.criteria.asystole_s)
        restless = restless_stretches(self._r.rows, height_mv, self._line, self.fs, self.n_samples, shortest_s)
        free = [s for s in restless if not any(b.start < s.stop and s.start < b.stop for b in self._bad)]
        return tuple(sorted([*self._bad, *free], key=lambda span: span.start))

    def _assemble(self) -> Analysis:
        r, features, st_mv = self._r.rows, self._features.rows, self._st_mv.rows
        classical = Fiducials.from_table(self._waves.rows)
        waves = classical
        if self._wave_model is not None:
            from engine.analysis.model_waves import with_p_waves_of

            waves = with_p_waves_of(self._wave_model.fiducials(r), classical)
        quality = self._unreadable(features)
        chance = None if self._rhythm_model is None else self._rhythm_model.fibrillation(r)
        if self._beat_model is None:
            symbol, aami, confidence = beats.type_beats(
                r,
                features,
                classical,
                self.fs,
                whole=self._whole.rows,
                confidence=self._confidence.rows,
                criteria=self.criteria,
            )
        else:
            symbol, aami, confidence = type_beats_jointly(
                r,
                features,
                classical,
                self.fs,
                classes=self._beat_model.symbols,
                probability=self._beat_model.probabilities(),
                whole=self._whole.rows,
                confidence=self._confidence.rows,
                criteria=self.criteria,
            )
        # The rhythm rules weigh P waves as the classical algorithm reports them; they were fitted to those.
        spans = rhythm.statements(
            r, symbol, classical, quality, self.fs, self.n_samples, self.criteria, fibrillation=chance
        )
        waves = without_p_in_fibrillation(waves, spans)
        found = Beats(r.copy(), symbol, aami, confidence)
        measured = intervals.beat_intervals(r, waves, self.fs, st_mv, quality)
        medians = intervals.summarise(measured, found, self.fs, quality)
        return Analysis(
            record=self.record,
            fs=self.fs,
            n_samples=self.n_samples,
            lead=self.lead,
            beats=found,
            fiducials=waves,
            beat_intervals=measured,
            rhythm=spans,
            quality=quality,
            intervals=medians,
            hrv=hrv.hrv(r, symbol, self.fs, quality=quality),
            summary=summary_sentence(found, spans, quality, medians, self.fs, self.n_samples),
            provenance=self._provenance(),
        )

    def _provenance(self) -> dict[str, str]:
        made = dict(PROVENANCE)
        if self._wave_model is not None:
            made["delineation"] = f"{self._wave_model.identity}, P waves it misses by rules"
        if self._beat_model is not None:
            made["beats"] = f"{self._beat_model.identity} and {PROVENANCE['beats']}, weighed together"
        if self._rhythm_model is not None:
            made["rhythm"] = f"{self._rhythm_model.identity} for fibrillation; {PROVENANCE['rhythm']}"
        return made


def _wave_model(stages: Stages, fs_hz: float) -> WaveModel | None:
    if stages.waves == CLASSICAL:
        return None
    from engine.analysis.model_waves import WaveModel
    from engine.runtime.model import Model

    return WaveModel(Model.open(stages.waves), fs_hz)


def _beat_model(stages: Stages, fs_hz: float) -> BeatModel | None:
    if stages.beats == CLASSICAL:
        return None
    from engine.analysis.model_beats import BeatModel
    from engine.runtime.model import Model

    return BeatModel(Model.open(stages.beats), fs_hz)


def _rhythm_model(stages: Stages, fs_hz: float) -> RhythmModel | None:
    if stages.rhythm == CLASSICAL:
        return None
    from engine.analysis.model_rhythm import RhythmModel
    from engine.runtime.model import Model

    return RhythmModel(Model.open(stages.rhythm), fs_hz)


def without_p_in_fibrillation(waves: Fiducials, spans: tuple[Span, ...]) -> Fiducials:
    """Waves with the P waves inside atrial fibrillation removed: there are none to find there."""
    table = waves.table()
    for span in spans:
        if span.label == "AFIB":
            first, last = np.searchsorted(waves.r, [span.start, span.stop])
            table[first:last, :3] = ABSENT
    return Fiducials.from_table(table)


PROVENANCE = {
    "qrs": "best path through scored candidates 1",
    "delineation": delineation.ALGORITHM,
    "beats": "timing and morphology rules 1",
    "rhythm": "rhythm rules 1",
    "intervals": "medians over normal beats 1",
    "hrv": "Task Force 1996 measures 1",
    "quality": "windowed signal quality 1",
}
