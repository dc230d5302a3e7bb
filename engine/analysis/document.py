"""The versioned JSON document of an analysis (described in docs/analysis_json.md) and its WFDB annotations."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.analysis.types import ABSENT, FIDUCIAL_NAMES, Analysis, BeatIntervals, Measure, Span
from engine.records.annotations import Annotations
from engine.records.record import RecordInfo

VERSION = 1
ANNOTATOR = "hkw"
# Rhythm labels as WFDB aux strings; events that are not rhythms become comments.
_RHYTHM_LABELS = {"N", "SBR", "ST", "SARRH", "AFIB", "SVTA", "VT", "IVR", "B", "T", "NOISE"}
_PER_BEAT = ("rr_ms", "pr_ms", "qrs_ms", "qt_ms", "qtc_fridericia_ms", "st_mv")


def to_document(analysis: Analysis, info: RecordInfo) -> dict[str, Any]:
    """JSON-ready document: sample numbers at the record's own rate, None where something is absent."""
    beats = analysis.beats
    return {
        "version": VERSION,
        "record": {
            "name": info.name,
            "format": info.format,
            "fs": info.fs,
            "n_samples": info.n_samples,
            "leads": [lead.name for lead in info.leads],
            "lead": analysis.lead,
            "notices": list(info.notices),
        },
        "summary": analysis.summary,
        "beats": [
            {"sample": int(s), "symbol": y, "aami": a, "confidence": round(float(c), 4)}
            for s, y, a, c in zip(beats.sample, beats.symbol, beats.aami, beats.confidence, strict=True)
        ],
        "fiducials": _fiducials(analysis),
        "rhythm": [_span(s) for s in analysis.rhythm],
        "quality": [_span(s) for s in analysis.quality],
        "intervals": _measures(analysis.intervals),
        "beat_intervals": _beat_intervals(analysis.beat_intervals),
        "hrv": _measures(analysis.hrv),
        "provenance": dict(analysis.provenance),
    }


def _fiducials(analysis: Analysis) -> list[dict[str, int | None]]:
    return [
        {"beat": i} | {k: None if v == ABSENT else v for k, v in zip(FIDUCIAL_NAMES, row, strict=True)}
        for i, row in enumerate(analysis.fiducials.table().tolist())
    ]


def _span(span: Span) -> dict[str, Any]:
    return {
        "start": span.start,
        "stop": span.stop,
        "label": span.label,
        "confidence": round(span.confidence, 4),
        "detail": span.detail,
    }


def _number(value: float, digits: int = 6) -> float | None:
    return round(float(value), digits) if math.isfinite(value) else None


def _measures(measures: Mapping[str, Measure]) -> dict[str, Any]:
    return {
        name: {
            "value": _number(m.value),
            "unit": m.unit,
            "n": m.n,
            "spread": _number(m.spread),
            "method": m.method,
            "start": m.start,
            "stop": m.stop,
        }
        for name, m in measures.items()
    }


def _beat_intervals(intervals: BeatIntervals) -> dict[str, list[float | None]]:
    return {name: [_number(v, 3) for v in getattr(intervals, name).tolist()] for name in _PER_BEAT}


def to_annotations(analysis: Analysis) -> Annotations:
    """Beats, rhythm changes, events and wave boundaries as one WFDB annotation set.

    Waves follow the convention of LUDB and QTDB: "(" onset, "p"/"N"/"t" peak, ")" offset, with `num` 0, 1, 2 for
    P, QRS and T on the parentheses. The QRS peak is the beat annotation itself.
    """
    rows: list[tuple[int, int, str, int, str]] = []
    for span in analysis.rhythm:
        is_rhythm = span.label in _RHYTHM_LABELS
        aux = f"({span.label}" if is_rhythm else f"{span.label} {span.detail}".strip()
        rows.append((span.start, 0, "+" if is_rhythm else '"', 0, aux))
    for span in analysis.quality:
        rows.append((span.start, 1, "~", 0, f"{span.label} {span.detail}".strip()))
    rows += [(int(s), 3, y, 0, "") for s, y in zip(analysis.beats.sample, analysis.beats.symbol, strict=True)]
    f = analysis.fiducials
    waves = ((0, f.p_on, f.p, f.p_off, "p"), (1, f.qrs_on, None, f.qrs_off, ""), (2, f.t_on, f.t, f.t_off, "t"))
    for number, on, peak, off, symbol in waves:
        rows += [(int(s), 2, "(", number, "") for s in on[on != ABSENT]]
        if peak is not None:
            rows += [(int(s), 3, symbol, 0, "") for s in peak[peak != ABSENT]]
        rows += [(int(s), 4, ")", number, "") for s in off[off != ABSENT]]
    rows.sort(key=lambda row: row[:2])
    return Annotations(
        sample=np.array([row[0] for row in rows], dtype=np.int64),
        symbol=tuple(row[2] for row in rows),
        fs=analysis.fs,
        num=np.array([row[3] for row in rows], dtype=np.int64),
        aux=tuple(row[4] for row in rows),
        source="; ".join(f"{k}: {v}" for k, v in analysis.provenance.items()),
        name=ANNOTATOR,
    )
