"""Rows of a trace on calibrated paper with coloured bands and marks, from plain arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import ArrayLike, NDArray

ROW_S = 10.0
MM_PER_S, MM_PER_MV, HEIGHT_MM = 25.0, 10.0, 38.0
WAVE_COLOURS = {"p": "#56B4E9", "qrs": "#E69F00", "t": "#009E73"}
_OTHER_COLOURS = ("#CC79A7", "#0072B2", "#D55E00", "#8C6D1F", "#666666")


@dataclass(frozen=True)
class Band:
    """A coloured stretch [start, stop) in samples, with words at its foot."""

    start: int
    stop: int
    colour: str
    words: str = ""


@dataclass(frozen=True)
class Mark:
    """A letter above a sample."""

    sample: int
    words: str
    colour: str = "#1b2333"


@dataclass(frozen=True)
class Curve:
    """A line over the trace, with its own colour: another version of the signal, [n] in mV."""

    values_mv: ArrayLike
    colour: str
    name: str = ""


def colour_of(name: str, place: int) -> str:
    """The usual colour of a wave, else the next of a set that colour-blind readers tell apart."""
    return WAVE_COLOURS.get(name.lower().removesuffix("wave"), _OTHER_COLOURS[place % len(_OTHER_COLOURS)])


def rows_svg(
    curves: Sequence[Curve],
    rate_hz: float,
    bands: Sequence[Band] = (),
    marks: Sequence[Mark] = (),
    most_rows: int = 6,
) -> str:
    """The first `most_rows` rows of ten seconds at 25 mm/s and 10 mm/mV; all curves share their middle.

    The page must hold `strip_svg.paper_pattern` once. Samples that are not finite leave a gap.
    """
    values = [np.asarray(curve.values_mv, np.float64) for curve in curves]
    n, length = len(values[0]), round(ROW_S * rate_hz)
    starts = range(0, n, length)[:most_rows]
    drawn = [
        _row(curves, values, start, min(n, start + length), rate_hz, bands, marks)
        for start in starts
        if min(n, start + length) - start > 1
    ]
    shown = min(n, most_rows * length)
    note = f"<p class='note'>First {shown / rate_hz:.0f} of {n / rate_hz:.0f} s.</p>" if shown < n else ""
    return "".join(drawn) + note


def _row(
    curves: Sequence[Curve],
    values: Sequence[NDArray[np.float64]],
    start: int,
    stop: int,
    rate_hz: float,
    bands: Sequence[Band],
    marks: Sequence[Mark],
) -> str:
    per_sample = MM_PER_S / rate_hz
    width = (stop - start) * per_sample
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.2f}mm" height="{HEIGHT_MM:g}mm" '
        f'viewBox="0 0 {width:.2f} {HEIGHT_MM:g}" style="display:block">',
        f'<rect width="{width:.2f}" height="{HEIGHT_MM:g}" fill="url(#paper)"/>',
    ]
    for band in bands:
        first, last = max(band.start, start), min(band.stop, stop)
        if first >= last:
            continue
        x, wide = (first - start) * per_sample, (last - first) * per_sample
        parts.append(
            f'<rect x="{x:.2f}" y="4.5" width="{wide:.2f}" height="{HEIGHT_MM - 8:g}" fill="{band.colour}" '
            'fill-opacity="0.24"/>'
        )
        if band.words:
            parts.append(_letters(x + wide / 2, HEIGHT_MM - 4.2, band.words, "#333", 2.0))
    known = np.concatenate([v[start:stop] for v in values])
    known = known[np.isfinite(known)]
    level = float(np.median(known)) if len(known) else 0.0
    for curve, samples in zip(curves, values, strict=True):
        parts += _line(samples[start:stop] - level, per_sample, curve.colour)
    for mark in marks:
        if start <= mark.sample < stop:
            parts.append(_letters((mark.sample - start) * per_sample, 3.6, mark.words, mark.colour, 2.8))
    names = "   ".join(curve.name for curve in curves if curve.name)
    words = f"{start / rate_hz:g} s   {MM_PER_S:g} mm/s  {MM_PER_MV:g} mm/mV   {names}"
    parts.append(f'<text x="1" y="{HEIGHT_MM - 1:g}" font-size="2.2" fill="#5a6475">{escape(words)}</text></svg>')
    return "".join(parts)


def _line(values: NDArray[np.float64], per_sample: float, colour: str) -> list[str]:
    y = np.clip(HEIGHT_MM * 0.64 - values * MM_PER_MV, 0, HEIGHT_MM)
    finite = np.flatnonzero(np.isfinite(y))
    pieces = np.split(finite, np.flatnonzero(np.diff(finite) > 1) + 1) if len(finite) else []
    return [
        f'<polyline points="{" ".join(f"{i * per_sample:.2f},{y[i]:.2f}" for i in piece)}" fill="none" '
        f'stroke="{colour}" stroke-width="0.25"/>'
        for piece in pieces
    ]


def _letters(x: float, y: float, words: str, colour: str, size: float) -> str:
    return (
        f'<text x="{x:.2f}" y="{y:.2f}" font-size="{size}" text-anchor="middle" fill="{colour}">'
        f"{escape(words)}</text>"
    )
