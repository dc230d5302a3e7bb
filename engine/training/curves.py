"""The curves of a training run as a small SVG picture, drawn without any library."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 640, 220, 64, 16, 34, 34
_COLOURS = ("#1f77b4", "#d95f02", "#2a8a55")


def curves_svg(history: Sequence[Mapping[str, float]]) -> str:
    """Loss (training and validation) and score by epoch, one panel under the other."""
    names = list(dict.fromkeys(name for row in history for name in row if name != "epoch"))
    losses = [name for name in names if name.endswith("loss")]
    panels = [panel for panel in (losses, [name for name in names if name not in losses]) if panel]
    height = _HEIGHT * max(1, len(panels))
    body = "".join(_panel(history, panel, number * _HEIGHT) for number, panel in enumerate(panels))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" '
        f'height="{height}" font-family="sans-serif" font-size="12"><rect width="100%" height="100%" '
        f'fill="#ffffff"/>{body}</svg>\n'
    )


def _panel(history: Sequence[Mapping[str, float]], names: Sequence[str], top: float) -> str:
    points = {
        name: [(row["epoch"] + 1, row[name]) for row in history if math.isfinite(row.get(name, math.nan))]
        for name in names
    }
    values = [value for line in points.values() for _, value in line]
    if not values:
        return ""
    low, high = min(values), max(values)
    room = (high - low) * 0.06 or max(abs(high) * 0.06, 1e-6)
    low, high = low - room, high + room
    first, last = history[0]["epoch"] + 1, max(history[-1]["epoch"] + 1, history[0]["epoch"] + 2)

    def x(epoch: float) -> float:
        return _LEFT + (epoch - first) / (last - first) * (_WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return top + _TOP + (high - value) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    parts = []
    for step in range(5):
        value = low + (high - low) * step / 4
        parts.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}" '
            f'stroke="#dddddd"/><text x="{_LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end" '
            f'fill="#333333">{value:.4g}</text>'
        )
    for epoch in sorted({first, (first + last) // 2, last}):
        parts.append(
            f'<text x="{x(epoch):.1f}" y="{top + _HEIGHT - _BOTTOM + 18:.1f}" text-anchor="middle" '
            f'fill="#333333">{epoch:g}</text>'
        )
    for number, (name, line) in enumerate(points.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        path = " ".join(f"{x(epoch):.1f},{y(value):.1f}" for epoch, value in line)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
        parts.append(f'<text x="{_LEFT + number * 170}" y="{top + 20:.1f}" fill="{colour}">{escape(name)}</text>')
    return "".join(parts)
