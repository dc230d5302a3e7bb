"""The traces themselves: separate anti-aliased segments where samples can be told apart, one bar per pixel column
where they cannot. A polyline with a wide pen is never used: Qt strokes it as one path, which takes seconds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QPainter

from engine.records.record import Block
from engine.signals.columns import Columns, columns_from_samples
from heartkit_gui.canvas.geometry import OVERLAP, Geometry, RowBand
from heartkit_gui.canvas.layouts import cells_between
from heartkit_gui.canvas.primitives import Inks, LineBuffer
from heartkit_gui.canvas.scene import Scene

F64 = NDArray[np.float64]
Bool = NDArray[np.bool_]

FAR_PX = 20_000.0  # beyond any surface; keeps absurd amplitudes inside the rasteriser's range
SPREAD = 3.0  # samples per pixel above which the line is drawn through the ranges of half pixels
GAP_TEXT = "no data"
GAP_TEXT_PX = 260  # one "no data" for so many pixels of gap


def draw_traces(
    painter: QPainter, scene: Scene, geometry: Geometry, x0: float, width: int, inks: Inks, lines: LineBuffer
) -> None:
    """Draw every row on a surface whose left edge lies `x0` device pixels after sample 0, `width` pixels wide."""
    if scene.record is None:
        return
    scale = geometry.scale
    spp = scale.samples_per_px
    start, stop = (x0 - 2) * spp - 1, (x0 + width + 2) * spp + 2
    dense = scene.is_dense(scale)
    block = None if dense else scene.block(start, stop)
    t0, t1 = x0 / scale.px_per_s, (x0 + width) / scale.px_per_s
    pen_width = scene.theme.trace_width * geometry.ui
    for row, band in zip(scene.arrangement.rows, geometry.rows, strict=True):
        for span in cells_between(row, t0, t1):
            left = max(0.0, round(span.start_s * scale.px_per_s - x0)) if span.start_s > t0 else 0.0
            right = (
                min(float(width), round(span.stop_s * scale.px_per_s - x0)) if span.stop_s < t1 else float(width)
            )
            if right <= left:
                continue
            reach = OVERLAP * band.height
            area = QRectF(left, band.top - reach, right - left, band.height + 2 * reach)
            painter.setClipRect(area)
            lead, sign = span.cell.lead, span.cell.sign
            gain = sign * scene.px_per_unit(lead, geometry)
            offset = scene.offset(lead, scale)
            painter.setPen(inks.pen(scene.theme.trace, 1.0 if dense else pen_width))
            if dense:
                a, b = (x0 + left) * spp, (x0 + right) * spp
                columns = scene.columns(lead, a, b, int(right - left), scale)
                if columns is None:
                    _draw_pending(painter, scene, geometry, band, left, right, inks)
                    continue
                _draw_columns(painter, columns, left, band, gain, offset, pen_width, lines)
                _draw_gap_runs(painter, scene, geometry, band, _runs(columns.gap), left, 1.0, left, x0, inks)
            elif block is not None and block.values.shape[1]:
                _draw_segments(painter, block, lead, band, gain, offset, scale.px_per_sample, x0, width, lines)
                missing = ~block.valid[lead]
                if missing.any():
                    pps = scale.px_per_sample
                    _draw_gap_runs(
                        painter, scene, geometry, band, _runs(missing), block.start * pps - x0, pps, left, x0, inks
                    )
    painter.setClipping(False)


def _draw_segments(
    painter: QPainter,
    block: Block,
    lead: int,
    band: RowBand,
    gain: float,
    offset: float,
    px_per_sample: float,
    x0: float,
    width: int,
    lines: LineBuffer,
) -> None:
    if px_per_sample * SPREAD >= 1.0:
        x = np.arange(block.start, block.stop) * px_per_sample - x0
        y = band.baseline - (block.values[lead].astype(np.float64) - offset) * gain
        joined = block.valid[lead][1:] & block.valid[lead][:-1]
    else:
        # Half pixels counted from sample 0, so that neighbouring tiles agree on them.
        first, last = int(np.floor((x0 - 2) * 2)), int(np.ceil((x0 + width + 2) * 2))
        half = 0.5 / px_per_sample
        columns = columns_from_samples(
            block.values[lead], block.valid[lead], first * half, last * half, last - first, first=block.start
        )
        x, y, joined = _through_ranges(columns, first * 0.5 + 0.25 - x0, band.baseline, gain, offset)
    np.clip(y, -FAR_PX, FAR_PX, out=y)
    whole = bool(joined.all())
    count = len(x) - 1 if whole else int(joined.sum())
    if count <= 0:
        return
    out = lines.take(count)
    keep: slice | Bool = slice(None) if whole else joined
    out[:, 0] = x[:-1][keep]
    out[:, 1] = y[:-1][keep]
    out[:, 2] = x[1:][keep]
    out[:, 3] = y[1:][keep]
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    lines.draw(painter, count)


def _through_ranges(
    columns: Columns, x_first: float, baseline: float, gain: float, offset: float
) -> tuple[F64, F64, Bool]:
    """A line through the range of every half pixel: low then high where the signal rises, else high then low."""
    n = len(columns.lo)
    lo, hi = columns.lo.astype(np.float64), columns.hi.astype(np.float64)
    middle = lo + hi
    rising = np.empty(n, np.bool_)
    rising[1:-1] = middle[2:] >= middle[:-2]
    rising[[0, -1]] = True
    values = np.empty(2 * n)
    values[0::2] = np.where(rising, lo, hi)
    values[1::2] = np.where(rising, hi, lo)
    x = x_first + np.repeat(np.arange(n) * 0.5, 2)
    usable = columns.valid & ~columns.gap
    joined = np.empty(2 * n - 1, np.bool_)
    joined[0::2] = columns.valid
    joined[1::2] = usable[:-1] & usable[1:]
    return x, baseline - (values - offset) * gain, joined


def _draw_columns(
    painter: QPainter,
    columns: Columns,
    left: float,
    band: RowBand,
    gain: float,
    offset: float,
    pen_width: float,
    lines: LineBuffer,
) -> None:
    joined = columns.joined()
    where = np.flatnonzero(joined.valid)
    if where.size == 0:
        return
    out = lines.take(len(where))
    x = left + where + 0.5
    a = band.baseline - (joined.lo[where] - offset) * gain
    b = band.baseline - (joined.hi[where] - offset) * gain
    half = pen_width / 2
    out[:, 0] = x
    out[:, 2] = x
    out[:, 1] = np.clip(np.minimum(a, b) - half, -FAR_PX, FAR_PX)
    out[:, 3] = np.clip(np.maximum(a, b) + half, -FAR_PX, FAR_PX)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    pen = painter.pen()
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    painter.setPen(pen)
    lines.draw(painter, len(where))


def _runs(flags: Bool) -> list[tuple[int, int]]:
    """[start, stop) of every stretch of True."""
    padded = np.zeros(len(flags) + 2, np.int8)
    padded[1:-1] = flags
    edges = np.flatnonzero(np.diff(padded))
    return [(int(a), int(b)) for a, b in zip(edges[0::2], edges[1::2], strict=True)]


def _draw_gap_runs(
    painter: QPainter,
    scene: Scene,
    geometry: Geometry,
    band: RowBand,
    runs: list[tuple[int, int]],
    x_first: float,
    px_each: float,
    left: float,
    x0: float,
    inks: Inks,
) -> None:
    """Hatch stretches without data, and say so where there is room; a gap is never a line."""
    theme, ui = scene.theme, geometry.ui
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    top, height = band.top + 0.12 * band.height, 0.76 * band.height
    hatch = QBrush(inks.colour(theme.gap_hatch, 0.55), Qt.BrushStyle.BDiagPattern)
    painter.setBrushOrigin(QPointF(-(round(x0) % 8), 0))
    for a, b in runs:
        area = QRectF(x_first + a * px_each, top, max(1.0, (b - a) * px_each), height)
        painter.fillRect(area, inks.colour(theme.paper, 0.75))
        painter.fillRect(area, hatch)
        if area.width() < 8 * ui:
            continue
        painter.setFont(inks.font(11 * ui))
        painter.setPen(inks.pen(theme.canvas_text_muted))
        half = 30 * ui
        spacing = GAP_TEXT_PX * ui
        first = np.ceil((area.left() + x0 + half) / spacing)
        last = np.floor((area.right() + x0 - half) / spacing)
        for k in range(int(first), int(last) + 1):
            box = QRectF(k * spacing - x0 - half, band.middle - 9 * ui, 2 * half, 18 * ui)
            painter.fillRect(box, inks.colour(theme.paper))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, GAP_TEXT)


def _draw_pending(
    painter: QPainter, scene: Scene, geometry: Geometry, band: RowBand, left: float, right: float, inks: Inks
) -> None:
    painter.setPen(inks.pen(scene.theme.canvas_text_muted))
    painter.setFont(inks.font(11 * geometry.ui))
    area = QRectF(left, band.top, right - left, band.height)
    painter.drawText(area, Qt.AlignmentFlag.AlignCenter, "preparing overview")
