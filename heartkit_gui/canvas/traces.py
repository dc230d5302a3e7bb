"""The traces themselves: separate anti-aliased segments where samples can be told apart, one bar per pixel column
where they cannot. A polyline with a wide pen is never used: Qt strokes it as one path, which takes seconds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush

from engine.records.record import Block
from engine.signals.columns import Columns, columns_from_samples
from heartkit_gui.canvas.geometry import OVERLAP, RowBand
from heartkit_gui.canvas.layouts import CellSpan, cells_between
from heartkit_gui.canvas.primitives import LineBuffer
from heartkit_gui.canvas.surface import CENTRE, Surface

F64 = NDArray[np.float64]
Bool = NDArray[np.bool_]

FAR_PX = 20_000.0  # beyond any surface; keeps absurd amplitudes inside the rasteriser's range
SPREAD = 3.0  # samples per pixel above which the line is drawn through the ranges of half pixels
OVERVIEW_SPP = 60.0  # samples per pixel above which columns are a cloud, drawn paler
OVERVIEW_ALPHA = 0.7
GAP_SHADE = 0.35
PENDING_TEXT = "preparing overview"


@dataclass(frozen=True, slots=True)
class _Cell:
    """One lead on one stretch of a row, with how its values become heights."""

    row: int
    band: RowBand
    lead: int
    left: float
    right: float
    gain: float  # device px per unit, negative upside down
    offset: float

    def y(self, values: NDArray) -> F64:
        heights = self.band.baseline - (values.astype(np.float64) - self.offset) * self.gain
        return np.clip(heights, -FAR_PX, FAR_PX)


@dataclass(frozen=True, slots=True)
class Gap:
    """Missing data in a row, in device pixels from sample 0."""

    row: int
    left: float
    right: float


def draw_traces(surface: Surface, lines: LineBuffer) -> list[Gap]:
    """Draw every row of the scene; the gaps met."""
    scene, scale, painter = surface.scene, surface.scale, surface.painter
    gaps: list[Gap] = []
    if scene.record is None:
        return gaps
    dense = scene.is_dense(scale)
    block = None if dense else scene.block(*surface.samples(pad_px=3.0 + 2.0 * scale.px_per_sample))
    pen_width = surface.theme.trace_width * surface.ui
    alpha = OVERVIEW_ALPHA if scale.samples_per_px > OVERVIEW_SPP else 1.0
    for index, (row, band) in enumerate(zip(scene.arrangement.rows, surface.geometry.rows, strict=True)):
        for span in cells_between(row, *surface.seconds()):
            cell = _place(surface, span, index)
            if cell is None:
                continue
            reach = OVERLAP * band.height
            surface.clip(QRectF(cell.left, band.top - reach, cell.right - cell.left, band.height + 2 * reach))
            painter.setPen(surface.inks.pen(surface.theme.trace, 1.0 if dense else pen_width, alpha))
            if dense:
                gaps += _draw_dense(surface, cell, pen_width, lines)
            elif block is not None and block.values.shape[1]:
                gaps += _draw_detail(surface, cell, block, lines)
    surface.unclip()
    return gaps


def _place(surface: Surface, span: CellSpan, row: int) -> _Cell | None:
    """The part of a cell that shows."""
    scene = surface.scene
    left = max(0.0, float(round(max(surface.x_of_s(span.start_s), -1.0))))
    right = min(float(surface.width), float(round(min(surface.x_of_s(span.stop_s), surface.width + 1.0))))
    if right <= left:
        return None
    lead = span.cell.lead
    gain = span.cell.sign * scene.px_per_unit(lead, surface.geometry)
    return _Cell(row, surface.geometry.rows[row], lead, left, right, gain, scene.offset(lead, surface.scale))


def _draw_detail(surface: Surface, cell: _Cell, block: Block, lines: LineBuffer) -> list[Gap]:
    values, valid = block.values[cell.lead], block.valid[cell.lead]
    px_per_sample = surface.scale.px_per_sample
    if px_per_sample * SPREAD >= 1.0:
        x = np.arange(block.start, block.stop) * px_per_sample - surface.left
        y = cell.y(values)
        joined = valid[1:] & valid[:-1]
    else:
        # Half pixels counted from sample 0, so that neighbouring tiles agree on them.
        first = int(np.floor((surface.left - 2) * 2))
        last = int(np.ceil((surface.left + surface.width + 2) * 2))
        half = 0.5 / px_per_sample
        columns = columns_from_samples(values, valid, first * half, last * half, last - first, first=block.start)
        through, joined = _through_ranges(columns)
        x = first * 0.5 + 0.25 - surface.left + np.repeat(np.arange(last - first) * 0.5, 2)
        y = cell.y(through)
    keep: slice | Bool = slice(None) if joined.all() else joined
    count = len(x) - 1 if isinstance(keep, slice) else int(joined.sum())
    if count > 0:
        out = lines.take(count)
        out[:, 0], out[:, 1] = x[:-1][keep], y[:-1][keep]
        out[:, 2], out[:, 3] = x[1:][keep], y[1:][keep]
        surface.smooth(True)
        lines.draw(surface.painter, count)
    if valid.all():
        return []
    edges = [(surface.x(block.start + a), surface.x(block.start + b)) for a, b in _runs(~valid)]
    return _draw_gaps(surface, cell.row, edges)


def _through_ranges(columns: Columns) -> tuple[F64, Bool]:
    """Values of a line through the range of every column, two each: low then high where the signal rises, else high
    then low; and which neighbouring pairs of them to join."""
    n = len(columns.lo)
    lo, hi = columns.lo.astype(np.float64), columns.hi.astype(np.float64)
    middle = lo + hi
    rising = np.ones(n, np.bool_)
    rising[1:-1] = middle[2:] >= middle[:-2]
    values = np.empty(2 * n)
    values[0::2] = np.where(rising, lo, hi)
    values[1::2] = np.where(rising, hi, lo)
    usable = columns.valid & ~columns.gap
    joined = np.empty(2 * n - 1, np.bool_)
    joined[0::2] = columns.valid
    joined[1::2] = usable[:-1] & usable[1:]
    return values, joined


def _draw_dense(surface: Surface, cell: _Cell, pen_width: float, lines: LineBuffer) -> list[Gap]:
    spp = surface.scale.samples_per_px
    start, stop = (surface.left + cell.left) * spp, (surface.left + cell.right) * spp
    columns = surface.scene.columns(cell.lead, start, stop, int(cell.right - cell.left), surface.scale)
    if columns is None:
        surface.font(11)
        area = QRectF(cell.left, cell.band.top, cell.right - cell.left, cell.band.height)
        surface.write(area, PENDING_TEXT, surface.theme.canvas_text_muted, CENTRE)
        return []
    joined = columns.joined()
    where = np.flatnonzero(joined.valid)
    if where.size:
        out = lines.take(len(where))
        low, high = cell.y(joined.lo[where]), cell.y(joined.hi[where])
        out[:, 0] = out[:, 2] = cell.left + where + 0.5
        out[:, 1] = np.minimum(low, high) - pen_width / 2
        out[:, 3] = np.maximum(low, high) + pen_width / 2
        pen = surface.painter.pen()
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        surface.painter.setPen(pen)
        surface.smooth(True)
        lines.draw(surface.painter, len(where))
    if not columns.gap.any():
        return []
    return _draw_gaps(surface, cell.row, [(cell.left + a, cell.left + b) for a, b in _runs(columns.gap)])


def _runs(flags: Bool) -> list[tuple[int, int]]:
    """[start, stop) of every stretch of True."""
    padded = np.zeros(len(flags) + 2, np.int8)
    padded[1:-1] = flags
    edges = np.flatnonzero(np.diff(padded)).tolist()
    return list(zip(edges[0::2], edges[1::2], strict=True))


def _draw_gaps(surface: Surface, row: int, edges: list[tuple[float, float]]) -> list[Gap]:
    """Shade and hatch stretches without data; a gap is never a line. The shade is what shows of a narrow one."""
    band, painter = surface.geometry.rows[row], surface.painter
    surface.smooth(False)
    hatch = QBrush(surface.inks.colour(surface.theme.gap_hatch, 0.55), Qt.BrushStyle.BDiagPattern)
    painter.setBrushOrigin(QPointF(-(round(surface.left) % 8), 0))
    for left, right in edges:
        area = QRectF(left, band.top + 0.12 * band.height, max(1.0, right - left), 0.76 * band.height)
        surface.fill(area, surface.theme.paper, 0.75)
        surface.fill(area, surface.theme.gap_hatch, GAP_SHADE)
        painter.fillRect(area, hatch)
    return [Gap(row, surface.left + left, surface.left + right) for left, right in edges]
