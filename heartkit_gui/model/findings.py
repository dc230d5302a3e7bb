"""An analysis as rows of text: what the findings panel, its tests and screen readers share. No Qt."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.analysis.types import Analysis, Measure, Span
from engine.reports.wording import (
    AAMI_NAMES,
    HRV_NAMES,
    INTERVAL_NAMES,
    MISSING,
    clock,
    duration,
    measure_value,
    number,
    percent,
    quality_name,
    rhythm_name,
    short_duration,
    unit_text,
)

_NOT_IN_TABLE = ("hr", "hr_min", "hr_max")
_FROM_WAVES = ("pr", "qrs", "qt", "qtc_bazett", "qtc_fridericia", "qtc_framingham", "qtc_hodges", "st")


@dataclass(frozen=True, slots=True)
class MeasureRow:
    """One line of a table of measurements."""

    key: str
    label: str
    value: str
    spread: str
    n: str
    tip: str


@dataclass(frozen=True, slots=True)
class BeatCount:
    """How many beats of one AAMI class."""

    aami: str
    name: str
    count: int
    share: str


@dataclass(frozen=True, slots=True)
class SpanRow:
    """One episode or stretch: when, how long, what, how sure."""

    span: Span
    name: str
    start: str
    length: str
    confidence: str
    tip: str


def interval_rows(analysis: Analysis) -> list[MeasureRow]:
    """PR, QRS, QT, QTc, ... with spread and number of beats."""
    return _rows(analysis, {k: v for k, v in analysis.intervals.items() if k not in _NOT_IN_TABLE}, INTERVAL_NAMES)


def hrv_rows(analysis: Analysis) -> list[MeasureRow]:
    """Heart rate variability, time domain first."""
    return _rows(analysis, analysis.hrv, HRV_NAMES)


def _rows(analysis: Analysis, measures: Mapping[str, Measure], names: Mapping[str, str]) -> list[MeasureRow]:
    order = {key: i for i, key in enumerate(names)}
    keys = sorted(measures, key=lambda key: (order.get(key, len(order)), key))
    return [_row(analysis, key, names.get(key, _plain(key)), measures[key]) for key in keys]


def _plain(key: str) -> str:
    return key.replace("_", " ").strip().capitalize()


def _row(analysis: Analysis, key: str, label: str, measure: Measure) -> MeasureRow:
    unit = unit_text(measure.unit)
    lines = [f"{label}: {measure_value(measure)}"]
    if measure.method:
        lines.append(measure.method)
    if math.isfinite(measure.spread):
        lines.append(f"Middle half of the values spans {number(measure.spread, measure.unit)} {unit}".rstrip())
    if measure.n:
        lines.append(f"From {measure.n} beats")
    if key in _FROM_WAVES and maker(analysis, "delineation"):
        lines.append(f"Boundaries by {maker(analysis, 'delineation')}")
    if measure.stop > measure.start:
        lines.append(f"{clock(measure.start / analysis.fs)} to {clock(measure.stop / analysis.fs)}")
    spread = f"± {number(measure.spread / 2, measure.unit)}" if math.isfinite(measure.spread) else ""
    return MeasureRow(key, label, measure_value(measure), spread, str(measure.n or ""), "\n".join(lines))


def heart_rate(analysis: Analysis) -> tuple[str, str]:
    """Median heart rate as a figure, and its range in words ("" where unknown)."""
    found = analysis.intervals.get("hr")
    if found is None or not math.isfinite(found.value):
        return MISSING, ""
    low, high = analysis.intervals.get("hr_min"), analysis.intervals.get("hr_max")
    if low is None or high is None:
        return number(found.value, found.unit), ""
    return number(found.value, found.unit), f"{number(low.value, low.unit)} to {number(high.value, high.unit)}"


def beat_counts(analysis: Analysis) -> list[BeatCount]:
    """Counts of the five AAMI classes, absent ones included, so that their absence is stated."""
    counts = Counter(analysis.beats.aami)
    total = len(analysis.beats)
    return [
        BeatCount(aami, name, counts[aami], percent(counts[aami] / total) if total else MISSING)
        for aami, name in AAMI_NAMES.items()
    ]


def episodes(analysis: Analysis) -> list[SpanRow]:
    """All rhythm statements and events in time order, longer ones first where they start together."""
    spans = sorted(analysis.rhythm, key=lambda span: (span.start, -span.stop))
    return [_span_row(analysis, span, rhythm_name(span.label), "rhythm") for span in spans]


def quality_spans(analysis: Analysis) -> list[SpanRow]:
    """Stretches that cannot be read, in time order."""
    spans = sorted(analysis.quality, key=lambda span: (span.start, -span.stop))
    return [_span_row(analysis, span, quality_name(span.label), "quality") for span in spans]


def _span_row(analysis: Analysis, span: Span, name: str, stage: str) -> SpanRow:
    start, length = span.start / analysis.fs, (span.stop - span.start) / analysis.fs
    confidence = percent(span.confidence)
    lines = [name, f"{clock(start)}, {duration(length)}", f"Confidence {confidence}"]
    if span.detail:
        lines.insert(1, span.detail)
    made_by = maker(analysis, stage)
    if made_by:
        lines.append(f"By {made_by}")
    return SpanRow(span, name, clock(start), short_duration(length), confidence, "\n".join(lines))


def readable_share(analysis: Analysis, start: int, stop: int) -> float:
    """Share of [start, stop) that no quality span covers, 0 to 1."""
    if stop <= start:
        return 1.0
    covered, reached = 0, start
    for span in sorted(analysis.quality, key=lambda s: s.start):
        a, b = max(span.start, reached), min(span.stop, stop)
        if b > a:
            covered += b - a
            reached = b
    return 1.0 - covered / (stop - start)


def next_beat(analysis: Analysis, sample: float, step: int, classes: str = "") -> int:
    """Index of the next (step 1) or former (-1) beat beyond `sample`, of the AAMI classes given; -1 if none."""
    samples = analysis.beats.sample
    if classes:
        wanted = np.array([aami in classes for aami in analysis.beats.aami], dtype=bool)
        index = np.flatnonzero(wanted)
        samples = samples[index]
    else:
        index = np.arange(len(samples))
    if step > 0:
        at = int(np.searchsorted(samples, sample, side="right"))
    else:
        at = int(np.searchsorted(samples, sample, side="left")) - 1
    return int(index[at]) if 0 <= at < len(index) else -1


def next_episode(analysis: Analysis, sample: float, step: int) -> Span | None:
    """The next (1) or former (-1) rhythm statement beyond `sample`; plain sinus rhythm only if all is sinus."""
    spans = sorted(analysis.rhythm, key=lambda span: (span.start, -span.stop))
    notable = [span for span in spans if span.label != "N"] or spans
    if step > 0:
        return next((span for span in notable if span.start > sample), None)
    return next((span for span in reversed(notable) if span.start < sample), None)


_STAGES = {
    "qrs": "Beats",
    "delineation": "P, QRS and T waves",
    "beats": "Beat types",
    "rhythm": "Rhythm",
    "intervals": "Intervals",
    "hrv": "Heart rate variability",
    "quality": "Signal quality",
}
_MODEL = re.compile(r"^([\w.-]+)/([0-9a-f]{8})\b")  # as `engine.runtime.model.ModelCard.identity` writes it


def maker(analysis: Analysis, stage: str) -> str:
    """What made a stage, in words: "model seg-4-lg (3f2a91bc)", or the name of the algorithm."""
    return _MODEL.sub(r"model \1 (\2)", analysis.provenance.get(stage, ""))


def provenance_rows(analysis: Analysis) -> list[tuple[str, str]]:
    """What was found and what made it."""
    return [(_STAGES.get(stage, _plain(stage)), maker(analysis, stage)) for stage in analysis.provenance]


def models_used(analysis: Analysis) -> str:
    """The models that took part, "Waves by model seg-4-lg"; classical algorithms are said to be just that."""
    by_model = [
        f"{_STAGES.get(stage, _plain(stage))} by model {found[1]}"
        for stage, how in analysis.provenance.items()
        if (found := _MODEL.match(how))
    ]
    if not analysis.provenance:
        return ""
    return ", ".join(by_model) if by_model else "All by classical algorithms"
