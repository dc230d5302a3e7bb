"""Small charts as inline SVG elements, from plain numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.reports.page import COLOURS

F64 = NDArray[np.float64]
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 10, 10, 34


@dataclass(frozen=True)
class Series:
    """Points to draw: as a line ("line"), dots ("dots"), bars ("bars") or a dashed line ("dashed")."""

    x: ArrayLike
    y: ArrayLike
    name: str = ""
    kind: str = "line"
    colour: str | None = None


def chart(
    series: Sequence[Series],
    *,
    x_name: str,
    y_name: str,
    x_range: tuple[float, float] | None = None,
    y_range: tuple[float, float] | None = None,
    width: int = 330,
    height: int = 260,
    legend_low: bool = False,
) -> str:
    """A chart with axes, ticks and, for named series, a legend. Points that are not finite are left out."""
    known = [_finite(s) for s in series]
    x_low, x_high = x_range or _span([x for x, _ in known])
    y_low, y_high = y_range or _span([y for _, y in known])
    right, bottom = width - _RIGHT, height - _BOTTOM

    def px(x: Any) -> F64:
        return _LEFT + np.subtract(x, x_low) / (x_high - x_low) * (right - _LEFT)

    def py(y: Any) -> F64:
        return bottom - np.subtract(y, y_low) / (y_high - y_low) * (bottom - _TOP)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-size="11">',
        f'<rect x="{_LEFT}" y="{_TOP}" width="{right - _LEFT}" height="{bottom - _TOP}" fill="#fbfbfd" '
        'stroke="#ccd"/>',
    ]
    for tick in ticks(x_low, x_high):
        at = float(px(tick))
        parts.append(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{_TOP}" y2="{bottom}" stroke="#e6e8ee"/>')
        parts.append(_text(at, bottom + 13, f"{tick:g}", "middle"))
    for tick in ticks(y_low, y_high):
        at = float(py(tick))
        parts.append(f'<line x1="{_LEFT}" x2="{right}" y1="{at:.1f}" y2="{at:.1f}" stroke="#e6e8ee"/>')
        parts.append(_text(_LEFT - 4, at + 4, f"{tick:g}", "end"))
    parts.append(_text((_LEFT + right) / 2, height - 4, x_name, "middle"))
    middle = (_TOP + bottom) / 2
    parts.append(
        f'<text x="11" y="{middle}" text-anchor="middle" transform="rotate(-90 11 {middle})" fill="#1b2333">'
        f"{escape(y_name)}</text>"
    )
    floor = float(np.clip(py(0.0), _TOP, bottom))
    for i, (one, (x, y)) in enumerate(zip(series, known, strict=True)):
        parts.append(_drawn(one, px(x), np.clip(py(y), _TOP, bottom), _colour(one, i), floor))
    named = [(i, s) for i, s in enumerate(series) if s.name]
    for place, (i, s) in enumerate(named):
        at = (bottom - 8 - 14 * (len(named) - 1) if legend_low else _TOP + 14) + 14 * place
        dash = ' stroke-dasharray="4 3"' if s.kind == "dashed" else ""
        parts.append(
            f'<line x1="{right - 84}" x2="{right - 70}" y1="{at - 4}" y2="{at - 4}" stroke="{_colour(s, i)}" '
            f'stroke-width="2"{dash}/>'
        )
        parts.append(_text(right - 66, at, s.name, "start"))
    return "".join(parts) + "</svg>"


def heat_map(
    counts: ArrayLike, names: Sequence[str], *, row_name: str = "truth", column_name: str = "answer", cell: int = 62
) -> str:
    """A square matrix: colour and percent by share of the row, the count below; rows without members are empty."""
    values = np.asarray(counts, np.float64)
    total = values.sum(axis=1, keepdims=True)
    share = np.divide(values, total, out=np.zeros_like(values), where=total > 0)
    k, left, top = len(names), 96, 42
    width, height = left + k * cell + 8, top + k * cell + 8
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-size="12">',
        _text(left + k * cell / 2, 14, column_name, "middle", "#5a6475"),
        f'<text x="12" y="{top + k * cell / 2}" text-anchor="middle" fill="#5a6475" '
        f'transform="rotate(-90 12 {top + k * cell / 2})">{escape(row_name)}</text>',
    ]
    for i, name in enumerate(names):
        parts.append(_text(left + (i + 0.5) * cell, top - 8, name, "middle"))
        parts.append(_text(left - 6, top + (i + 0.5) * cell + 4, name, "end"))
        for j in range(k):
            s = float(share[i, j])
            colour, ink = shade(s), "#fff" if s > 0.55 else "#1b2333"
            x, y = left + j * cell, top + i * cell
            said = f"{names[i]} called {names[j]}: {values[i, j]:g}"
            parts.append(
                f'<rect x="{x}" y="{y}" width="{cell}" height="{cell}" fill="{colour}" stroke="#fff">'
                f"<title>{escape(said)}</title></rect>"
            )
            if total[i, 0] > 0:
                parts.append(_text(x + cell / 2, y + cell / 2, f"{s:.1%}", "middle", ink))
                parts.append(_text(x + cell / 2, y + cell / 2 + 14, f"{values[i, j]:,.0f}", "middle", ink, 10))
    return "".join(parts) + "</svg>"


def image(values: ArrayLike, *, low: float, high: float, size: int = 320, most: int = 64) -> str:
    """A matrix [n, m] as coloured cells without numbers; large ones are averaged down to `most` a side."""
    matrix = _shrunk(np.asarray(values, np.float64), most)
    n, m = matrix.shape
    height = size * n / m
    cells = [
        f'<rect x="{j * size / m:.2f}" y="{i * height / n:.2f}" width="{size / m + 0.3:.2f}" '
        f'height="{height / n + 0.3:.2f}" fill="{shade((matrix[i, j] - low) / (high - low))}"/>'
        for i in range(n)
        for j in range(m)
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{height:.0f}" '
        f'viewBox="0 0 {size} {height:.2f}">{"".join(cells)}</svg>'
    )


def shade(share: float) -> str:
    """White to dark blue for 0 to 1."""
    s = float(np.clip(share, 0, 1)) if np.isfinite(share) else 0.0
    low, high = (247, 249, 253), (8, 64, 129)
    return "#" + "".join(f"{round(a + (b - a) * s):02x}" for a, b in zip(low, high, strict=True))


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers from low to high."""
    raw = (high - low) / about
    unit = 10.0 ** np.floor(np.log10(raw))
    step = unit * min((f for f in (1, 2, 5, 10) if f * unit >= raw), default=10)
    first = np.ceil(low / step - 1e-9)
    return [float(np.round(n * step, 10)) + 0.0 for n in np.arange(first, np.floor(high / step + 1e-9) + 1)]


def _drawn(series: Series, x: F64, y: F64, colour: str, floor: float) -> str:
    if not len(x):
        return ""
    if series.kind == "dots":
        return "".join(
            f'<circle cx="{a:.1f}" cy="{b:.1f}" r="2.2" fill="{colour}" fill-opacity="0.6"/>'
            for a, b in zip(x, y, strict=True)
        )
    if series.kind == "bars":
        wide = float(np.min(np.diff(np.sort(x)))) * 0.8 if len(x) > 1 else 30.0
        return "".join(
            f'<rect x="{a - wide / 2:.1f}" y="{min(b, floor):.1f}" width="{wide:.1f}" '
            f'height="{abs(floor - b):.1f}" fill="{colour}" fill-opacity="0.55"/>'
            for a, b in zip(x, y, strict=True)
        )
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    dash = ' stroke-dasharray="4 3"' if series.kind == "dashed" else ""
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"{dash}/>'


def _finite(series: Series) -> tuple[F64, F64]:
    # None, as in saved figures, becomes NaN.
    x, y = (np.array(v, dtype=object).astype(np.float64) for v in (series.x, series.y))
    known = np.isfinite(x) & np.isfinite(y)
    return x[known], y[known]


def _span(values: Sequence[F64]) -> tuple[float, float]:
    everything = np.concatenate([np.zeros(0), *values])
    if not len(everything):
        return 0.0, 1.0
    low, high = float(everything.min()), float(everything.max())
    pad = 0.05 * (high - low) or max(0.5, 0.05 * abs(high))
    return low - pad, high + pad


def _shrunk(matrix: F64, most: int) -> F64:
    for axis in (0, 1):
        if matrix.shape[axis] > most:
            cuts = np.linspace(0, matrix.shape[axis], most + 1).astype(int)[:-1]
            width = np.diff(np.append(cuts, matrix.shape[axis]))
            shape = (-1, 1) if axis == 0 else (1, -1)
            matrix = np.add.reduceat(matrix, cuts, axis=axis) / width.reshape(shape)
    return matrix


def _colour(series: Series, place: int) -> str:
    return series.colour or COLOURS[place % len(COLOURS)]


def _text(x: float, y: float, words: str, anchor: str, colour: str = "#1b2333", size: Any = None) -> str:
    big = f' font-size="{size}"' if size else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"{big}>{escape(words)}</text>'
