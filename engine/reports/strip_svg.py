"""One strip of ECG on calibrated paper as an SVG element, true to scale in millimetres."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from engine.analysis.types import ABSENT, Analysis

F32 = NDArray[np.float32]
_WAVES = (
    ("P", "p_on", "p_off", "#56B4E9"),
    ("QRS", "qrs_on", "qrs_off", "#E69F00"),
    ("T", "t_on", "t_off", "#009E73"),
)
_BEAT_COLOURS = {"S": "#0072B2", "V": "#D55E00", "F": "#CC79A7", "Q": "#666666"}


@dataclass(frozen=True)
class StripScale:
    """Paper scale of a strip."""

    speed_mm_per_s: float = 25.0
    gain_mm_per_mv: float = 10.0
    height_mm: float = 35.0


def strip_svg(
    values_mv: F32, valid: NDArray[np.bool_], start: int, analysis: Analysis, scale: StripScale | None = None
) -> str:
    """SVG of samples [start, start + n) of the analysed lead with waves and beats marked.

    Missing stretches are hatched, never drawn as a line.
    """
    scale = scale or StripScale()
    fs = analysis.fs
    x_mm = np.arange(len(values_mv)) / fs * scale.speed_mm_per_s
    width = len(values_mv) / fs * scale.speed_mm_per_s
    level = float(np.median(values_mv[valid])) if valid.any() else 0.0
    middle = scale.height_mm * 0.6
    y_mm = middle - (values_mv - level) * scale.gain_mm_per_mv
    inside = np.clip(y_mm, 0, scale.height_mm)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="strip" width="{width:.2f}mm" height="{scale.height_mm}mm" '
        f'viewBox="0 0 {width:.2f} {scale.height_mm}">',
        f'<rect width="{width:.2f}" height="{scale.height_mm}" fill="url(#paper)"/>',
        *_wave_bands(analysis, start, len(values_mv), scale),
        *_traces(x_mm, inside, valid),
        *_gaps(x_mm, valid, scale),
        *_beat_letters(analysis, start, len(values_mv), scale),
        f'<text x="1" y="{scale.height_mm - 1}" class="scale">{escape(analysis.lead)}  '
        f"{scale.speed_mm_per_s:g} mm/s  {scale.gain_mm_per_mv:g} mm/mV  unfiltered</text>",
        "</svg>",
    ]
    return "".join(parts)


def paper_pattern() -> str:
    """Hidden SVG that defines the paper once for all strips of a page."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="0" height="0" style="position:absolute"><defs>'
        '<pattern id="paper" width="5" height="5" patternUnits="userSpaceOnUse">'
        '<rect width="5" height="5" fill="#fffafa"/>'
        '<path d="M1 0V5M2 0V5M3 0V5M4 0V5M0 1H5M0 2H5M0 3H5M0 4H5" stroke="#fbdada" stroke-width="0.1"/>'
        '<path d="M0 0V5M0 0H5" stroke="#f2a0a0" stroke-width="0.2"/></pattern>'
        '<pattern id="hatch" width="2" height="2" patternUnits="userSpaceOnUse">'
        '<path d="M0 2L2 0" stroke="#777" stroke-width="0.2"/></pattern></defs></svg>'
    )


def _runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _traces(x_mm: NDArray[np.float64], y_mm: NDArray[np.floating], valid: NDArray[np.bool_]) -> list[str]:
    lines = []
    for a, b in _runs(valid):
        points = " ".join(f"{x:.2f},{y:.2f}" for x, y in zip(x_mm[a:b], y_mm[a:b], strict=True))
        lines.append(f'<polyline points="{points}" fill="none" stroke="#10203a" stroke-width="0.25"/>')
    return lines


def _gaps(x_mm: NDArray[np.float64], valid: NDArray[np.bool_], scale: StripScale) -> list[str]:
    return [
        f'<rect x="{x_mm[a]:.2f}" width="{x_mm[b - 1] - x_mm[a]:.2f}" height="{scale.height_mm}" '
        'fill="url(#hatch)"/>'
        for a, b in _runs(~valid)
    ]


def _wave_bands(analysis: Analysis, start: int, n: int, scale: StripScale) -> list[str]:
    per_sample = scale.speed_mm_per_s / analysis.fs
    bands = []
    for name, on_name, off_name, colour in _WAVES:
        on, off = getattr(analysis.fiducials, on_name), getattr(analysis.fiducials, off_name)
        seen = (on != ABSENT) & (off != ABSENT) & (on >= start) & (off < start + n)
        for a, b in zip(on[seen], off[seen], strict=True):
            x, w = (a - start) * per_sample, (b - a) * per_sample
            bands.append(
                f'<rect x="{x:.2f}" width="{w:.2f}" y="5" height="{scale.height_mm - 10}" fill="{colour}" '
                'fill-opacity="0.24"/>'
            )
            bands.append(f'<text x="{x + w / 2:.2f}" y="{scale.height_mm - 5.5}" class="wave">{name}</text>')
    return bands


def _beat_letters(analysis: Analysis, start: int, n: int, scale: StripScale) -> list[str]:
    beats = analysis.beats
    first, last = np.searchsorted(beats.sample, [start, start + n])
    per_sample = scale.speed_mm_per_s / analysis.fs
    return [
        f'<text x="{(int(beats.sample[i]) - start) * per_sample:.2f}" y="4" class="beat" '
        f'fill="{_BEAT_COLOURS.get(beats.aami[i], "#333333")}">{escape(beats.symbol[i])}</text>'
        for i in range(int(first), int(last))
    ]
