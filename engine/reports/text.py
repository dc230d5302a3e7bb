"""Findings as plain text for a terminal."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

from engine.analysis.types import RHYTHM_LABELS, Analysis, Measure
from engine.records.record import RecordInfo

DISCLAIMER = "For research and engineering; not a medical device, not for diagnosis."
_UNIT_FORMAT = {"ms": "{:.0f}", "/min": "{:.0f}", "bpm": "{:.0f}", "ms2": "{:.0f}", "ms^2": "{:.0f}", "%": "{:.1f}"}


def clock(sample: int, fs: float) -> str:
    """Elapsed time of a sample, h:mm:ss.s."""
    tenths = round(10 * sample / fs)
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{tenths / 10:04.1f}"


def measure_text(measure: Measure) -> str:
    """Value with unit, as many digits as it deserves."""
    if not math.isfinite(measure.value):
        return "not measurable"
    number = _UNIT_FORMAT.get(measure.unit, "{:.2f}").format(measure.value)
    return f"{number} {measure.unit}".strip()


def record_lines(info: RecordInfo) -> list[str]:
    """Format, rate, length, leads and notices of a record."""
    lines = [
        f"{info.name}: {info.format}, {info.fs:g} Hz, {clock(info.n_samples, info.fs)} long",
        "leads: " + ", ".join(f"{lead.name} ({lead.unit})" for lead in info.leads),
    ]
    return lines + [f"notice: {notice}" for notice in info.notices]


def text_report(info: RecordInfo, analysis: Analysis) -> str:
    """Everything a reader wants first, one screen long."""
    lines = [*record_lines(info), f"lead analysed: {analysis.lead}", "", analysis.summary, ""]
    counts = Counter(analysis.beats.aami)
    classes = ", ".join(f"{kind} {counts[kind]}" for kind in "NSVFQ" if counts[kind])
    lines.append(f"beats: {len(analysis.beats)}" + (f" ({classes})" if classes else ""))
    lines += _table("intervals", analysis.intervals)
    lines += _table("heart rate variability", analysis.hrv)
    lines += ["", "rhythm:"]
    for span in analysis.rhythm[:30]:
        name = RHYTHM_LABELS.get(span.label, span.label)
        when = f"{clock(span.start, analysis.fs)} to {clock(span.stop, analysis.fs)}"
        lines.append(f"  {when}  {name}" + (f", {span.detail}" if span.detail else ""))
    if len(analysis.rhythm) > 30:
        lines.append(f"  and {len(analysis.rhythm) - 30} more; --json gives all")
    return "\n".join([*lines, "", DISCLAIMER])


def _table(title: str, measures: Mapping[str, Measure]) -> list[str]:
    if not measures:
        return []
    width = max(len(name) for name in measures)
    return ["", f"{title}:"] + [f"  {name:<{width}}  {measure_text(m)}" for name, m in measures.items()]
