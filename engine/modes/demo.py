"""Demo: what a model makes of one recording, as a page to look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.analysis.pipeline import suitable_lead
from engine.analysis.qrs import QrsDetector
from engine.errors import EngineError, RecordError
from engine.jobs.events import Job
from engine.modes.predictors import Predictor
from engine.records import Record
from engine.reports import demo_html as pages
from engine.tasks.cutting import cut, evaluation_starts, resampled
from engine.tasks.wave_events import stitch, window_starts

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]


@dataclass(frozen=True)
class Trace:
    """One lead at the model's rate, with its R peaks at that rate.

    channels_mv: what the model sees, [n, channels]: that lead, or the leads that a model of several names.
    """

    source: pages.DemoSource
    signal_mv: F32
    rate_hz: float
    r: I64
    channels_mv: F32


def demo_page(
    predictor: Predictor,
    record: Record,
    job: Job,
    *,
    lead: str | int | None = None,
    start_s: float = 0.0,
    seconds: float = 30.0,
    threshold: float | None = None,
) -> str:
    """HTML of a model (see `open_predictor`, `board_predictor`) on a stretch of one lead. Raises EngineError."""
    make = _MAKERS.get(predictor.config.task)
    if make is None:
        raise EngineError(
            f"a model for {predictor.config.task} has no demo on a single recording",
            hint=f"there is one for: {', '.join(_MAKERS)}",
        )
    trace = _trace(record, predictor, lead, start_s, seconds)
    job.progress("demo", 0, 1, predictor.name)
    page = pages.demo_html(make(predictor, trace, threshold))
    job.progress("demo", 1, 1, predictor.name)
    return page


def _trace(record: Record, predictor: Predictor, lead: str | int | None, start_s: float, seconds: float) -> Trace:
    window = predictor.config.window
    several = _leads_seen_together(predictor, record)
    index = several[0] if several else suitable_lead(record) if lead is None else record.lead_index(lead)
    first = round(start_s * record.fs)
    block = record.read(first, first + round(seconds * record.fs), several or [index])
    leads = np.where(block.valid, block.values, np.float32(0)).astype(np.float32)
    values = leads[0]
    if len(values) < record.fs:
        raise RecordError(f"has less than a second of signal at {start_s:g} s", path=record.path)
    detector = QrsDetector(record.fs)
    found = [detector.push(values, block.valid[0]), detector.flush()]
    r = np.concatenate([part.sample for part in found])
    note = f"lead {record.leads[index].name}, {start_s:g} to {start_s + len(values) / record.fs:g} s"
    source = pages.DemoSource(record.name, predictor.identity, note)
    channels = np.stack([resampled(values, record.fs, window.rate_hz) for values in leads], axis=1)
    r = np.round(r * window.rate_hz / record.fs).astype(np.int64)
    return Trace(source, channels[:, 0], window.rate_hz, r, channels)


def _leads_seen_together(predictor: Predictor, record: Record) -> list[int]:
    """Numbers of the leads that a model of several leads names; none for a model of one."""
    names = predictor.config.window.channels
    if predictor.config.task != "diagnostic" or len(names) == 1:
        return []
    there = {known.name.casefold(): number for number, known in enumerate(record.leads)}
    absent = [name for name in names if name.casefold() not in there]
    if absent:
        raise RecordError(
            f"lacks the leads {', '.join(absent)}, which this model sees together",
            path=record.path,
            hint="give a recording that has them: --record FILE",
        )
    return [there[name.casefold()] for name in names]


def _filled(signal: F32, length: int) -> F32:
    """At least one window long, continued with its last value."""
    return np.pad(signal, (0, max(0, length - len(signal))), mode="edge")


def _stitched(predictor: Predictor, signal: F32) -> F32:
    length = predictor.config.window.length
    padded = _filled(signal, length)
    starts = window_starts(len(padded), length)
    outputs = predictor.predict(cut(padded, starts, length)[:, :, None].astype(np.float32))
    return stitch(outputs, starts)[: len(signal)]


def _segmentation(predictor: Predictor, trace: Trace, _: float | None) -> pages.Demo:
    probabilities = _stitched(predictor, trace.signal_mv)
    return pages.DemoSegment(
        trace.source,
        trace.signal_mv,
        trace.rate_hz,
        probabilities.argmax(axis=1).astype(np.int64),
        predictor.config.class_names,
        trace.r,
    )


def _denoise(predictor: Predictor, trace: Trace, _: float | None) -> pages.Demo:
    clean = _stitched(predictor, trace.signal_mv)[:, 0]
    return pages.DemoDenoise(trace.source, trace.signal_mv, clean, trace.rate_hz)


def _rhythm(predictor: Predictor, trace: Trace, threshold: float | None) -> pages.Demo:
    window = predictor.config.window
    padded = _filled(trace.signal_mv, window.length)
    starts = evaluation_starts(len(padded), window.length)
    probabilities = predictor.predict(cut(padded, starts, window.length)[:, :, None].astype(np.float32))
    names = predictor.config.class_names
    spans = tuple(
        pages.DemoSpan(
            int(start),
            int(min(start + window.length, len(trace.signal_mv))),
            names[int(row.argmax())],
            float(row.max()),
        )
        for start, row in zip(starts, probabilities, strict=True)
    )
    return pages.DemoRhythm(trace.source, trace.signal_mv, trace.rate_hz, spans, _threshold(predictor, threshold))


def _beat(predictor: Predictor, trace: Trace, threshold: float | None) -> pages.Demo:
    from engine.tasks.beat_channels import beat_channels

    if len(trace.r) == 0:
        raise EngineError("no beat was found in this stretch", hint="choose another lead or time")
    window = predictor.config.window
    inputs = beat_channels(
        trace.signal_mv, trace.rate_hz, trace.r, names=window.channels, length=window.length, grid_hz=window.rate_hz
    )
    probabilities = predictor.predict(inputs)
    labels = tuple(predictor.config.class_names[k] for k in probabilities.argmax(axis=1))
    return pages.DemoBeats(
        trace.source,
        trace.signal_mv,
        trace.rate_hz,
        trace.r,
        labels,
        probabilities.max(axis=1),
        _threshold(predictor, threshold),
    )


def _diagnostic(predictor: Predictor, trace: Trace, threshold: float | None) -> pages.Demo:
    window = predictor.config.window
    padded = np.stack([_filled(channel, window.length) for channel in trace.channels_mv.T], axis=1)
    starts = evaluation_starts(len(padded), window.length, window.hop)
    probabilities = predictor.predict(cut(padded, starts, window.length).astype(np.float32)).mean(axis=0)
    names = predictor.config.class_names
    return pages.DemoDiagnostic(
        trace.source, trace.signal_mv, trace.rate_hz, names, probabilities, threshold=threshold or 0.5
    )


def _foundation(predictor: Predictor, trace: Trace, _: float | None) -> pages.Demo:
    window = predictor.config.window
    padded = _filled(trace.signal_mv, window.length)
    starts = evaluation_starts(len(padded), window.length, max(1, window.length // 4))
    vectors = predictor.predict(cut(padded, starts, window.length)[:, :, None].astype(np.float32))
    groups = tuple(f"{start / window.rate_hz:.0f} s" for start in starts)
    return pages.DemoEmbedding(trace.source, vectors, groups)


def _translate(predictor: Predictor, trace: Trace, _: float | None) -> pages.Demo:
    made = _stitched(predictor, trace.signal_mv)[:, 0]
    params: Mapping[str, str] = predictor.config.task_params
    return pages.DemoTranslate(
        trace.source,
        trace.signal_mv,
        made,
        trace.rate_hz,
        str(params.get("source", "ecg")),
        str(params.get("target", "ppg")),
    )


def _threshold(predictor: Predictor, threshold: float | None) -> float | None:
    return predictor.config.evaluation.threshold if threshold is None else threshold


_MAKERS: Mapping[str, Callable[[Predictor, Trace, float | None], pages.Demo]] = {
    "segmentation": _segmentation,
    "denoise": _denoise,
    "rhythm": _rhythm,
    "beat": _beat,
    "diagnostic": _diagnostic,
    "foundation": _foundation,
    "translate": _translate,
}
