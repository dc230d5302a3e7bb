"""Curves that grow while a model trains: one plot for losses, one for the validation figure."""

from __future__ import annotations

import pyqtgraph as pg
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
        self.losses = self._plot("loss")
        self.figures = self._plot("validation figure")
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

    def add(self, epoch: int, figures: dict[str, float]) -> None:
        """Take the figures of one epoch (0-based); those that are not numbers are left out."""
        for name, value in figures.items():
            if isinstance(value, int | float) and (name in LOSSES or name.startswith("val_")):
                self._points.setdefault(name, []).append((epoch + 1, float(value)))
                epochs, values = zip(*self._points[name], strict=True)
                self._curve(name).setData(list(epochs), list(values))

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
        for name, curve in self._curves.items():
            curve.setPen(self._pen(name))

    def _plot(self, label: str) -> pg.PlotWidget:
        plot = pg.PlotWidget()
        plot.setAccessibleName(f"Curve of {label}")
        plot.setMenuEnabled(False)
        plot.hideButtons()
        plot.setMouseEnabled(False, False)
        plot.setLabel("left", label)
        plot.setLabel("bottom", "epoch")
        plot.addLegend(offset=(-8, 8), labelTextColor=self._theme.text_muted)
        plot.setMinimumSize(200, 150)
        plot.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        return plot

    def _curve(self, name: str) -> pg.PlotDataItem:
        if name not in self._curves:
            plot = self.losses if name in LOSSES else self.figures
            title = TITLES.get(name, name.removeprefix("val_").replace("_", " "))
            self._curves[name] = plot.plot([], [], pen=self._pen(name), name=title)
        return self._curves[name]

    def _pen(self, name: str) -> object:
        order = ("loss", "val_loss", "val_metric")
        place = order.index(name) if name in order else len(order) + (sum(map(ord, name)) % 2)
        return pg.mkPen(self._theme.chart[place % len(self._theme.chart)], width=1)
