"""Findings as plain text for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from engine.analysis.types import Analysis, Measure
from engine.records.record import RecordInfo
from engine.reports.wording import clock, duration, measure_name, measure_value, rhythm_name

DISCLAIMER = "For research and engineering; not a medical device, not for diagnosis."
_MOST_SPANS = 30


def record_lines(info: RecordInfo) -> list[str]:
    """Format, rate, length, leads and notices of a record."""
    lines = [
        f"{info.name}: {info.format}, {info.fs:g} Hz, {duration(info.n_samples / info.fs)}",
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
    for span in analysis.rhythm[:_MOST_SPANS]:
        when = f"{clock(span.start / analysis.fs)} to {clock(span.stop / analysis.fs)}"
        lines.append(f"  {when}  {rhythm_name(span.label)}" + (f", {span.detail}" if span.detail else ""))
    if len(analysis.rhythm) > _MOST_SPANS:
        lines.append(f"  and {len(analysis.rhythm) - _MOST_SPANS} more; --json gives all")
    return "\n".join([*lines, "", DISCLAIMER])


def _table(title: str, measures: Mapping[str, Measure]) -> list[str]:
    if not measures:
        return []
    width = max(len(measure_name(name)) for name in measures)
    return ["", f"{title}:"] + [f"  {measure_name(k):<{width}}  {measure_value(m)}" for k, m in measures.items()]
