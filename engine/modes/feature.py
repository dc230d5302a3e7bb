"""Feature: a table of heart-rate figures by epoch, as sleep and stress models take them.

Epochs follow one another every `hop_s`; each is described by the beats in a window of `window_s` around its middle
(SleepKit's feature mode; Task Force 1996 measures). A figure that a window has too few beats for is absent.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

import numpy as np

from engine.analysis.hrv import hrv
from engine.analysis.types import Analysis
from engine.errors import ConfigError
from engine.signals.span import Span

COLUMNS = (
    "start_s", "beats", "hr_bpm", "mean_nn_ms", "sdnn_ms", "rmssd_ms", "pnn50_percent", "lf_ms2", "hf_ms2", "lf_hf",
    "sd1_ms", "sd2_ms", "ectopic_percent", "unreadable_percent",
)  # fmt: skip
_FROM_HRV = {
    "mean_nn_ms": "mean_nn", "sdnn_ms": "sdnn", "rmssd_ms": "rmssd", "pnn50_percent": "pnn50", "lf_ms2": "lf",
    "hf_ms2": "hf", "lf_hf": "lf_hf", "sd1_ms": "sd1", "sd2_ms": "sd2",
}  # fmt: skip

Row = Mapping[str, float | int | None]


def epoch_features(analysis: Analysis, *, hop_s: float = 30.0, window_s: float = 300.0) -> list[Row]:
    """One row per whole epoch of `hop_s` seconds. Raises ConfigError for impossible times."""
    if not (hop_s > 0 and window_s >= hop_s):
        raise ConfigError("the window must be at least as long as the hop, and both longer than 0 s")
    fs, r = analysis.fs, analysis.beats.sample
    symbol = np.array(analysis.beats.symbol, dtype=np.str_)
    rows: list[Row] = []
    for number in range(int(analysis.n_samples / fs // hop_s)):
        middle = (number + 0.5) * hop_s * fs
        low, high = max(0.0, middle - window_s * fs / 2), min(analysis.n_samples, middle + window_s * fs / 2)
        first, last = np.searchsorted(r, [low, high])
        rows.append(_row(number * hop_s, analysis, r[first:last], symbol[first:last].tolist(), low, high))
    return rows


def _row(start_s: float, analysis: Analysis, r: np.ndarray, symbols: Sequence[str], low: float, high: float) -> Row:
    figures = hrv(r, symbols, analysis.fs, quality=analysis.quality)
    row: dict[str, float | int | None] = {"start_s": start_s, "beats": len(r)}
    row["hr_bpm"] = float(60 * analysis.fs / np.median(np.diff(r))) if len(r) > 1 else None
    for column, name in _FROM_HRV.items():
        row[column] = float(figures[name].value) if name in figures else None
    ectopic = sum(symbol not in "NLR" for symbol in symbols)
    row["ectopic_percent"] = 100.0 * ectopic / len(r) if len(r) else None
    row["unreadable_percent"] = 100.0 * _covered(analysis.quality, low, high) / (high - low)
    return row


def _covered(spans: Sequence[Span], low: float, high: float) -> float:
    return sum(max(0.0, min(span.stop, high) - max(span.start, low)) for span in spans)


def features_csv(rows: Sequence[Row]) -> str:
    """The table as CSV; absent figures are empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_text(row[column]) for column in COLUMNS])
    return out.getvalue()


def _text(value: float | int | None) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.6g}"
