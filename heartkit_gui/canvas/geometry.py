"""Where everything lies on the device: rows, lanes, margin and the time axis. Pure arithmetic in device pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from heartkit_gui.canvas.layouts import Arrangement
from heartkit_gui.canvas.scale import PULSE_S, Scale

AXIS_UI = 22.0  # heights in ui pixels (scaled by the device pixel ratio)
FOOTER_UI = 24.0
MIN_ROW_MM = 8.0
MAX_ROW_MM = 55.0  # at 10 mm/mV; grows with the gain
BASELINE_FRACTION = 0.58  # of the row height, from its top: R waves mostly point up
MIN_MARGIN_UI = 54.0
OVERLAP = 0.45  # of the row height that a trace may reach into its neighbours


@dataclass(frozen=True, slots=True)
class Band:
    """A horizontal strip [top, bottom) in device pixels."""

    top: float
    bottom: float

    @property
    def height(self) -> float:
        """Height in device pixels."""
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        """Centre line."""
        return (self.top + self.bottom) / 2


@dataclass(frozen=True, slots=True)
class Lane:
    """A strip above or below the rows; its height is in ui pixels."""

    name: str
    title: str
    height_ui: float


@dataclass(frozen=True, slots=True)
class RowBand(Band):
    """A row of traces with the height of its zero line."""

    baseline: float


@dataclass(frozen=True, slots=True)
class Geometry:
    """The whole surface. `origin_px` is the time position, in device pixels from sample 0, of the left edge of the
    time region, which begins at x = `margin`."""

    scale: Scale
    ui: float  # device pixels per ui pixel
    width: int
    height: int
    margin: int
    paper: Band
    rows: tuple[RowBand, ...]
    lanes: tuple[Band, ...]
    below: tuple[Band, ...]
    axis: Band
    footer: Band

    @property
    def time_width(self) -> int:
        """Width of the time region."""
        return max(1, self.width - self.margin)

    def row_at(self, y: float) -> int | None:
        """Row whose band holds `y`."""
        for i, row in enumerate(self.rows):
            if row.top <= y < row.bottom:
                return i
        return None


def lay_out(
    arrangement: Arrangement,
    scale: Scale,
    ui: float,
    width: int,
    height: int,
    lanes: Sequence[Lane] = (),
    below: Sequence[Lane] = (),
) -> Geometry:
    """Geometry of an arrangement on `width` x `height` device pixels, with lanes above and below the rows.

    Rows share the height; their pitch and zero lines are whole millimetres, so that every zero line lies on the
    grid.
    """
    mm = scale.px_per_mm
    edges, lower = _edges(lanes, ui), _edges(below, ui)
    top = float(edges[-1])
    footer = Band(height - round(FOOTER_UI * ui), height)
    axis = Band(footer.top - round(AXIS_UI * ui), footer.top)
    bottom = axis.top - lower[-1]
    paper = Band(top, max(top + 1, bottom))
    count = max(1, len(arrangement.rows))
    limit = MAX_ROW_MM * max(1.0, scale.mm_per_mv / 10.0)
    row_mm = min(paper.height / mm / count, limit)
    if row_mm >= MIN_ROW_MM:
        row_mm = float(int(row_mm))
    spare_mm = max(0.0, paper.height / mm - row_mm * count)
    first = paper.top + int(spare_mm / 2) * mm
    rows = []
    for i in range(len(arrangement.rows)):
        row_top = first + i * row_mm * mm
        zero_mm = round(row_mm * BASELINE_FRACTION) if row_mm >= MIN_ROW_MM else row_mm * BASELINE_FRACTION
        rows.append(RowBand(row_top, row_top + row_mm * mm, row_top + zero_mm * mm))
    pulse_mm = min(max(PULSE_S * scale.mm_per_s, 1.5), 20.0)
    return Geometry(
        scale=scale,
        ui=ui,
        width=width,
        height=height,
        margin=round(max((pulse_mm + 5.0) * mm, MIN_MARGIN_UI * ui)),
        paper=paper,
        rows=tuple(rows),
        lanes=tuple(Band(a, b) for a, b in pairwise(edges)),
        below=tuple(Band(bottom + a, bottom + b) for a, b in pairwise(lower)),
        axis=axis,
        footer=footer,
    )


def _edges(lanes: Sequence[Lane], ui: float) -> list[float]:
    """Where lanes that lie one below the other begin and end."""
    heights = [round(lane.height_ui * ui) for lane in lanes]
    return [0.0, *np.cumsum(heights).astype(float).tolist()]
