"""A self-contained HTML report of an analysis: findings, strips on calibrated paper, provenance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from html import escape

from engine import __version__
from engine.analysis.types import QUALITY_LABELS, RHYTHM_LABELS, Analysis, Measure, Span
from engine.records.record import Record
from engine.reports.strip_svg import paper_pattern, strip_svg
from engine.reports.text import DISCLAIMER
from engine.reports.wording import AAMI_NAMES, clock, duration, measure_name, measure_value

_STYLE = """
body{font:14px/1.45 system-ui,sans-serif;color:#1b2333;max-width:272mm;margin:2em auto;padding:0 1em}
h1{font-size:1.5em;margin:0}h2{font-size:1.1em;margin:1.6em 0 .4em}
.summary{font-size:1.25em;margin:.8em 0}.facts,.scale,footer{color:#5a6475}
table{border-collapse:collapse}td,th{padding:.2em .9em .2em 0;text-align:left;vertical-align:top}
th{border-bottom:1px solid #ccd;font-weight:600}td.n{text-align:right;font-variant-numeric:tabular-nums}
figure{margin:.6em 0;overflow-x:auto}figcaption{font-size:.9em;color:#5a6475}
svg text.wave{font:2px sans-serif;text-anchor:middle;fill:#333}
svg text.beat{font:bold 3px sans-serif;text-anchor:middle}
svg text.scale{font:2.4px sans-serif;fill:#5a6475}footer{margin-top:2em;border-top:1px solid #ccd;padding-top:.6em}
@media print{body{margin:0}figure{break-inside:avoid}}
"""
_STRIP_S = 10.0
_EVENT_LABELS = ("ASYS", "PAUSE", "VT", "RUN", "SRUN", "AFIB", "SVTA", "C", "B", "T", "IVR", "SBR", "ST")
_MOST_EVENTS = 8


def html_report(record: Record, analysis: Analysis) -> str:
    """The report as one HTML page without outside references; names no patient."""
    info = record.info
    body = [
        f"<h1>ECG findings: {escape(info.name)}</h1>",
        f'<p class="facts">{escape(info.format)}, {info.fs:g} Hz, {duration(info.n_samples / info.fs)}, '
        f"lead {escape(analysis.lead)} of {len(info.leads)}</p>",
        *(f'<p class="facts">Notice: {escape(n)}</p>' for n in info.notices),
        f'<p class="summary">{escape(analysis.summary)}</p>',
        *_strips(record, analysis),
        _beat_table(analysis),
        _measure_table("Intervals", analysis.intervals),
        _measure_table("Heart rate variability", analysis.hrv),
        _span_table("Rhythm", analysis.rhythm, RHYTHM_LABELS, analysis.fs),
        _span_table("Signal quality", analysis.quality, QUALITY_LABELS, analysis.fs),
        _rows_table("Made by", ("stage", "algorithm"), analysis.provenance.items()),
        f"<footer>HeartKit Workbench {__version__}. {DISCLAIMER}</footer>",
    ]
    title = escape(f"ECG findings: {info.name}")
    head = f'<meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{paper_pattern()}{"".join(body)}</body></html>'


def _strips(record: Record, analysis: Analysis) -> list[str]:
    """The opening strip and one around each of the most serious events."""
    half = int(_STRIP_S * analysis.fs / 2)
    shown = {0}
    centres = [("First ten seconds", half)]
    by_danger = sorted(
        (s for s in analysis.rhythm if s.label in _EVENT_LABELS), key=lambda s: _EVENT_LABELS.index(s.label)
    )
    seen: Counter[str] = Counter()
    for span in by_danger:
        seen[span.label] += 1
        if seen[span.label] <= 2 and len(centres) <= _MOST_EVENTS:
            name = RHYTHM_LABELS.get(span.label, span.label)
            caption = f"{name} at {clock(span.start / analysis.fs)}" + (f", {span.detail}" if span.detail else "")
            centres.append((caption, min(span.start + half // 2, (span.start + span.stop) // 2)))
    lead = record.lead_index(analysis.lead)
    figures: list[str] = []
    for caption, centre in centres:
        start = max(0, min(centre - half, analysis.n_samples - 2 * half))
        if figures and start in shown:
            continue
        shown.add(start)
        block = record.read(start, start + 2 * half, [lead])
        drawing = strip_svg(block.values[0], block.valid[0], start, analysis)
        figures.append(f"<figure><figcaption>{escape(caption)}</figcaption>{drawing}</figure>")
    return ["<h2>Strips</h2>", *figures]


def _beat_table(analysis: Analysis) -> str:
    counts = Counter(analysis.beats.aami)
    total = max(1, len(analysis.beats))
    rows = [(f"{k} {AAMI_NAMES[k]}", f"{counts[k]}", f"{counts[k] / total:.1%}") for k in AAMI_NAMES if counts[k]]
    return _rows_table("Beats", ("class", "count", "share"), rows)


def _measure_table(title: str, measures: Mapping[str, Measure]) -> str:
    rows = [(measure_name(name), measure_value(m), str(m.n or ""), m.method) for name, m in measures.items()]
    return _rows_table(title, ("measure", "value", "beats", "method"), rows)


def _span_table(title: str, spans: Iterable[Span], names: Mapping[str, str], fs: float) -> str:
    rows = [
        (clock(s.start / fs), clock(s.stop / fs), names.get(s.label, s.label), f"{s.confidence:.0%}", s.detail)
        for s in spans
    ]
    return _rows_table(title, ("from", "to", "finding", "confidence", "detail"), rows)


def _rows_table(title: str, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    cells = ["<tr>" + "".join(f"<td>{escape(c)}</td>" for c in row) + "</tr>" for row in rows]
    if not cells:
        return ""
    head = "".join(f"<th>{c}</th>" for c in columns)
    return f"<h2>{title}</h2><table><tr>{head}</tr>{''.join(cells)}</table>"
