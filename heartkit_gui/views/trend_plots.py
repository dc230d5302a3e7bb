"""The plots of the trends panel; imported when it is first shown, as pyqtgraph takes a third of a second."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QKeyEvent

from engine.analysis.types import Analysis
from engine.reports.wording import clock
from heartkit_gui.canvas.scale import TICK_STEPS_S
from heartkit_gui.model.trends import poincare, rate_trend, rr_series
from heartkit_gui.theme.tokens import Theme

F64 = NDArray[np.float64]

TICK_PX = 90.0
MANY = 6000  # points beyond which single ones are not told apart
SQUARES = 160  # of the density picture


class ClockAxis(pg.AxisItem):
    """A time axis in hours, minutes and seconds."""

    def tickSpacing(self, low: float, high: float, size: float) -> list[tuple[float, float]]:
        """Round steps of minutes and hours, as many as have room."""
        wanted = max(high - low, 1e-6) * TICK_PX / max(size, 1.0)
        step = next((s for s in TICK_STEPS_S if s >= wanted), TICK_STEPS_S[-1])
        return [(step, 0.0)]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Clock times, without tenths where ticks are seconds apart."""
        return [clock(max(0.0, v)).rpartition(".")[0] if spacing >= 1 else clock(max(0.0, v)) for v in values]


class BeatPlot(pg.PlotWidget):
    """Points that stand for beats. Click or Return goes to one; arrow keys walk, with Shift ten at a time."""

    beat_chosen = Signal(int)
    described = Signal(str)

    def __init__(self, name: str, x_axis: pg.AxisItem | None = None) -> None:
        super().__init__(axisItems={"bottom": x_axis} if x_axis is not None else None)
        self.setAccessibleName(name)
        self.viewport().setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setFrameShape(self.Shape.NoFrame)
        self._x: F64 = np.empty(0)
        self._y: F64 = np.empty(0)
        self._beat = np.empty(0, dtype=np.int64)
        self._at = -1
        self._marker = pg.ScatterPlotItem(size=11, pxMode=True)
        self._marker.setZValue(100)
        self.addItem(self._marker)
        self.scene().sigMouseClicked.connect(self._click)

    def set_points(self, x: F64, y: F64, beat: NDArray[np.int64]) -> None:
        """Points that can be chosen, in the order in which the arrow keys walk."""
        self._x, self._y, self._beat, self._at = x, y, beat, -1
        self._marker.setData([], [])

    def set_theme(self, theme: Theme) -> None:
        """Colours of paper, axes and marker."""
        self.setBackground(theme.panel)
        for side in ("left", "bottom"):
            axis = self.getAxis(side)
            axis.setPen(pg.mkPen(theme.border_strong))
            axis.setTextPen(pg.mkPen(theme.text_muted))
            axis.setStyle(tickLength=-4)
        self.showGrid(x=True, y=True, alpha=0.12)
        self._marker.setPen(pg.mkPen(theme.focus, width=2))
        self._marker.setBrush(pg.mkBrush(None))

    def show_beat(self, beat: int) -> None:
        """Mark the point of a beat, if it has one."""
        where = np.flatnonzero(self._beat == beat)
        self._mark(int(where[0]) if where.size else -1)

    def describe(self, at: int) -> str:
        """What a point says."""
        return f"{self._x[at]:.0f}, {self._y[at]:.0f}"

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walk with Left, Right, Home and End; choose with Return."""
        last = len(self._x) - 1
        stride = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        moves = {
            Qt.Key.Key_Right: min(last, self._at + stride),
            Qt.Key.Key_Left: max(0, self._at - stride),
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        key = Qt.Key(event.key())
        if last >= 0 and key in moves:
            self._mark(moves[key])
        elif self._at >= 0 and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.beat_chosen.emit(int(self._beat[self._at]))
        else:
            event.ignore()

    def nearest(self, at: QPointF) -> int:
        """Index of the point that is nearest on the screen to a place in plot coordinates; -1 without points."""
        if not len(self._x):
            return -1
        width, height = self.getViewBox().viewPixelSize()
        return int(np.argmin(((self._x - at.x()) / width) ** 2 + ((self._y - at.y()) / height) ** 2))

    @Slot(object)
    def _click(self, event: object) -> None:
        if event.button() == Qt.MouseButton.LeftButton:  # type: ignore[attr-defined]
            at = self.nearest(self.getViewBox().mapSceneToView(event.scenePos()))  # type: ignore[attr-defined]
            if at >= 0:
                self._mark(at)
                self.beat_chosen.emit(int(self._beat[at]))

    def _mark(self, at: int) -> None:
        self._at = at
        if at < 0:
            self._marker.setData([], [])
            self.described.emit("")
            return
        self._marker.setData([self._x[at]], [self._y[at]])
        text = self.describe(at)
        self.setAccessibleDescription(text)
        self.described.emit(text)


class RatePlot(BeatPlot):
    """Heart rate over time: median and range per step."""

    def __init__(self) -> None:
        super().__init__("Heart rate trend", ClockAxis("bottom"))
        self.setLabel("left", "beats per minute")
        self.setMouseEnabled(x=True, y=False)
        self._low = pg.PlotDataItem()
        self._high = pg.PlotDataItem()
        self._band = pg.FillBetweenItem(self._low, self._high)
        self._line = pg.PlotDataItem(connect="finite")
        self.addItem(self._band)
        self.addItem(self._line)

    def set_theme(self, theme: Theme) -> None:
        """Colours."""
        super().set_theme(theme)
        self._line.setPen(pg.mkPen(theme.accent, width=1))
        tint = QColor(theme.accent)
        tint.setAlphaF(0.22)
        self._band.setBrush(pg.mkBrush(tint))

    def show_analysis(self, analysis: Analysis) -> None:
        """Draw the trend; its points lead to the beat in the middle of their step."""
        series = rr_series(analysis)
        trend = rate_trend(series, analysis.n_samples / analysis.fs)
        known = np.isfinite(trend.median)
        x, y = trend.time_s[known], trend.median[known]
        self._low.setData(x, trend.low[known])
        self._high.setData(x, trend.high[known])
        self._line.setData(trend.time_s, trend.median)
        nearest = np.clip(np.searchsorted(series.time_s, x), 0, max(0, len(series) - 1))
        self.set_points(x, y, series.beat[nearest] if len(series) else np.empty(0, np.int64))
        self.autoRange(padding=0.03)

    def describe(self, at: int) -> str:
        """Rate and time."""
        return f"{self._y[at]:.0f} per minute at {clock(self._x[at])}"


class TachogramPlot(BeatPlot):
    """Every RR interval over time; intervals beside an ectopic beat in another colour and shape."""

    def __init__(self) -> None:
        super().__init__("RR intervals", ClockAxis("bottom"))
        self.setLabel("left", "RR, ms")
        self.setMouseEnabled(x=True, y=False)
        self._normal = pg.ScatterPlotItem(size=4, pxMode=True, pen=None)
        self._other = pg.ScatterPlotItem(size=7, pxMode=True, pen=None, symbol="t")
        self.addItem(self._normal)
        self.addItem(self._other)

    def set_theme(self, theme: Theme) -> None:
        """Colours."""
        super().set_theme(theme)
        self._normal.setBrush(pg.mkBrush(theme.accent))
        self._other.setBrush(pg.mkBrush(theme.beats["V"]))

    def show_analysis(self, analysis: Analysis) -> None:
        """Draw the intervals; of very many, those that stand out and an even choice of the rest."""
        series = rr_series(analysis)
        self.set_points(series.time_s, series.rr_ms, series.beat)
        shown = _thinned(series.rr_ms)
        normal = shown & series.normal
        other = shown & ~series.normal
        self._normal.setData(series.time_s[normal], series.rr_ms[normal])
        self._other.setData(series.time_s[other], series.rr_ms[other])
        self.autoRange(padding=0.03)

    def describe(self, at: int) -> str:
        """Interval and time."""
        return f"RR {self._y[at]:.0f} ms at {clock(self._x[at])}"


class PoincarePlot(BeatPlot):
    """Each interval against the one before; a density picture where there are many."""

    def __init__(self) -> None:
        super().__init__("Poincaré plot")
        self.setLabel("left", "next RR, ms")
        self.setLabel("bottom", "RR, ms")
        self.setAspectLocked(True)
        self._image = pg.ImageItem()
        self._normal = pg.ScatterPlotItem(size=4, pxMode=True, pen=None)
        self._other = pg.ScatterPlotItem(size=7, pxMode=True, pen=None, symbol="t")
        self._line = pg.PlotDataItem()
        for item in (self._image, self._line, self._normal, self._other):
            self.addItem(item)

    def set_theme(self, theme: Theme) -> None:
        """Colours."""
        super().set_theme(theme)
        self._normal.setBrush(pg.mkBrush(theme.accent))
        self._other.setBrush(pg.mkBrush(theme.beats["V"]))
        self._line.setPen(pg.mkPen(theme.border_strong, style=Qt.PenStyle.DashLine))
        paper, ink = QColor(theme.panel), QColor(theme.accent)
        self._image.setColorMap(pg.ColorMap([0.0, 1.0], [paper, ink]))

    def show_analysis(self, analysis: Analysis) -> None:
        """Draw the pairs."""
        series = rr_series(analysis)
        index, x, y, both = poincare(series)
        self.set_points(x, y, series.beat[index])
        many = len(x) > MANY
        self._image.setVisible(many)
        if many:
            self._draw_density(x, y)
            both = both & False
            others = np.zeros(len(x), dtype=bool)
        else:
            others = ~both
        self._normal.setData(x[both], y[both])
        self._other.setData(x[others], y[others])
        if not len(x):
            self._line.setData([], [])
            return
        low, high = (float(v) for v in np.percentile(np.concatenate([x, y]), [0.5, 99.5]))
        room = max(100.0, 0.15 * (high - low))
        self._line.setData([0.0, 2 * high], [0.0, 2 * high])
        self.setRange(xRange=(low - room, high + room), yRange=(low - room, high + room), padding=0)

    def describe(self, at: int) -> str:
        """Both intervals."""
        return f"RR {self._x[at]:.0f} ms, then {self._y[at]:.0f} ms"

    def _draw_density(self, x: F64, y: F64) -> None:
        low, high = np.percentile(np.concatenate([x, y]), [0.1, 99.9])
        span = max(float(high - low), 1.0)
        counts, _, _ = np.histogram2d(x, y, bins=SQUARES, range=[[low, low + span]] * 2)
        self._image.setImage(np.log1p(counts), levels=(0.0, float(np.log1p(counts.max()))))
        self._image.setRect(float(low), float(low), span, span)


def _thinned(values: F64) -> NDArray[np.bool_]:
    """At most about `MANY` of the values: an even choice, and those far from their neighbours."""
    if len(values) <= MANY:
        return np.ones(len(values), dtype=bool)
    keep = np.zeros(len(values), dtype=bool)
    keep[:: -(-2 * len(values) // MANY)] = True
    jump = np.abs(np.diff(values, prepend=values[:1]))
    keep[np.argsort(jump)[-MANY // 2 :]] = True
    return keep
