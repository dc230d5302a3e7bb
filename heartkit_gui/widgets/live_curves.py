"""Curves that grow while a model trains: one plot for losses, one for the validation figure."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from heartkit_gui.theme.tokens import Theme

LOSSES = ("loss", "val_loss")
TITLES = {"loss": "training", "val_loss": "validation", "val_metric": "validation"}


class LiveCurves(QWidget):
    """Figures by epoch."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Training curves")
        self._theme = theme
        self._points: dict[str, list[tuple[int, float]]] = {}
        self._curves: dict[str, pg.PlotDataItem] = {}
        self.losses = self._plot("loss", (-10, 10))
        self.figures = self._plot("validation figure", (-10, -10))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addWidget(self.losses, 1)
        layout.addWidget(self.figures, 1)
        self.set_theme(theme)

    def clear(self) -> None:
        """Forget all points."""
        self._points.clear()
        for curve in self._curves.values():
            curve.setData([], [])
        for plot in (self.losses, self.figures):
            plot.getAxis("bottom").setTicks(None)

    def add(self, epoch: int, figures: dict[str, float]) -> None:
        """Take the figures of one epoch (0-based); those that are not numbers are left out."""
        for name, value in figures.items():
            if isinstance(value, int | float) and (name in LOSSES or name.startswith("val_")):
                self._points.setdefault(name, []).append((epoch + 1, float(value)))
                epochs, values = zip(*self._points[name], strict=True)
                self._curve(name).setData(list(epochs), list(values))
                self._ticks(max(epochs))

    def points(self, name: str) -> list[tuple[int, float]]:
        """What was added for one figure: epoch from 1, value."""
        return list(self._points.get(name, ()))

    def set_theme(self, theme: Theme) -> None:
        """Take the colours."""
        self._theme = theme
        for plot in (self.losses, self.figures):
            plot.setBackground(theme.panel)
            for side in ("left", "bottom"):
                axis = plot.getAxis(side)
                axis.setPen(pg.mkPen(theme.border_strong))
                axis.setTextPen(pg.mkPen(theme.text_muted))
            plot.getPlotItem().legend.setLabelTextColor(theme.text_muted)
        for name, curve in self._curves.items():
            self._ink(curve, name)

    def _plot(self, label: str, corner: tuple[int, int]) -> pg.PlotWidget:
        plot = pg.PlotWidget()
        plot.setAccessibleName(f"Curve of {label}")
        plot.viewport().setAccessibleName(f"Curve of {label}")
        plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the figures are in the log as text
        plot.setMenuEnabled(False)
        plot.hideButtons()
        plot.setMouseEnabled(False, False)
        plot.setLabel("left", label)
        plot.setLabel("bottom", "epoch")
        item = plot.getPlotItem()
        item.layout.setContentsMargins(8, 12, 14, 6)  # room for the half of a label beyond its tick
        item.getViewBox().setDefaultPadding(0.08)
        for side in ("left", "bottom"):
            item.getAxis(side).enableAutoSIPrefix(False)
        item.getAxis("left").setWidth(58)
        item.addLegend(offset=corner, labelTextColor=self._theme.text_muted, verSpacing=-6)
        plot.setMinimumSize(200, 150)
        plot.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        return plot

    def _curve(self, name: str) -> pg.PlotDataItem:
        if name not in self._curves:
            plot = self.losses if name in LOSSES else self.figures
            title = TITLES.get(name, name.removeprefix("val_").replace("_", " "))
            self._curves[name] = plot.plot([], [], name=title, symbol="o", symbolSize=4, symbolPen=None)
            self._ink(self._curves[name], name)
        return self._curves[name]

    def _ticks(self, last: int) -> None:
        """Whole epochs only."""
        step = max(1, round(last / 6))
        for plot in (self.losses, self.figures):
            axis = plot.getAxis("bottom")
            axis.setTicks([[(k, str(k)) for k in range(step, last + 1, step)]])

    def _ink(self, curve: pg.PlotDataItem, name: str) -> None:
        order = (*LOSSES, "val_metric")
        place = order.index(name) if name in order else len(order) + (sum(map(ord, name)) % 2)
        colour = self._theme.chart[place % len(self._theme.chart)]
        curve.setPen(pg.mkPen(colour, width=1))
        curve.setSymbolBrush(colour)
