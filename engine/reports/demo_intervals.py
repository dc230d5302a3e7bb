"""Heart rate and its variability from R samples alone, for demo pages: figures, Poincaré plot and band powers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.analysis.hrv_frequency import band_powers
from engine.reports.charts import Series, chart
from engine.reports.page import COLOURS, figure, number, row, table

I64 = NDArray[np.int64]

FEWEST_BEATS = 3
SHORTEST_MS, LONGEST_MS = 250.0, 3000.0
_BAND_SECONDS = {"VLF": 300.0, "LF": 120.0, "HF": 60.0}  # a band needs several of its slowest periods


def interval_section(r: I64, rate_hz: float) -> str:
    """The section, or a sentence where there are too few beats."""
    intervals_ms = np.diff(np.asarray(r, np.float64)) / rate_hz * 1000.0
    kept = (intervals_ms >= SHORTEST_MS) & (intervals_ms <= LONGEST_MS)
    nn = intervals_ms[kept]
    if len(nn) < FEWEST_BEATS - 1:
        return '<h2>Intervals</h2><p class="note">Too few beats for intervals.</p>'
    paired = kept[1:] & kept[:-1]
    before, after = intervals_ms[:-1][paired], intervals_ms[1:][paired]
    step = after - before
    rows = [
        ("heart rate", number(60_000.0 / float(nn.mean()), 1), "/min"),
        ("mean interval", number(float(nn.mean()), 0), "ms"),
        ("SDNN", number(float(nn.std(ddof=1)), 1), "ms"),
        ("RMSSD", number(float(np.sqrt(np.mean(step**2))) if len(step) else None, 1), "ms"),
        ("beats", number(len(r)), ""),
    ]
    span = (float(nn.min()) - 50, float(nn.max()) + 50)
    poincare = chart(
        [Series(span, span, "", "dashed", "#9aa3b5"), Series(before, after, "", "dots", COLOURS[0])],
        x_name="interval, ms",
        y_name="next interval, ms",
        x_range=span,
        y_range=span,
        width=280,
    )
    pieces = [table("", ("measure", "value", "unit"), rows), figure(poincare, "Poincaré plot")]
    pieces.append(_bands(np.asarray(r)[1:][kept] / rate_hz, nn))
    return (
        "<h2>Intervals</h2>"
        + row(pieces)
        + '<p class="note">Of all beats from 250 to 3000 ms apart, whatever their type: a demonstration, not an '
        "HRV analysis.</p>"
    )


def _bands(t_s: NDArray[np.float64], nn_ms: NDArray[np.float64]) -> str:
    """Powers of the bands that the recording is long enough for."""
    length = float(t_s[-1] - t_s[0])
    powers = band_powers(t_s, nn_ms)
    names = [name for name, least in _BAND_SECONDS.items() if length >= least]
    if powers is None or not names:
        return '<p class="note">Shorter than a minute: no band powers.</p>'
    values = [getattr(powers, name.lower()) for name in names]
    drawing = chart(
        [Series(range(len(names)), values, "", "bars", COLOURS[2])],
        x_name="   ".join(names),
        y_name="power, ms²",
        x_range=(-0.6, len(names) - 0.4),
        y_range=(0.0, 1.1 * max(*values, 1e-9)),
        width=260,
    )
    rows = [(name, number(value, 0)) for name, value in zip(names, values, strict=True)]
    return figure(drawing, "Band powers") + table("", ("band", "ms²"), rows)
