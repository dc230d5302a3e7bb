"""The trends panel: heart rate, RR intervals, Poincaré plot. Its plots are made when it is first shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from engine.analysis.types import Analysis
from heartkit_gui.theme.tokens import Theme
from heartkit_gui.widgets.labels import ElidedLabel, role_label

if TYPE_CHECKING:
    from heartkit_gui.views.trend_plots import PoincarePlot, RatePlot, TachogramPlot

WIDEST_POINCARE = 1.6  # times its height
TITLES = ("Heart rate", "RR intervals", "Poincaré")


class TrendsView(QWidget):
    """One plot at a time; a chosen point is a beat to go to."""

    beat_chosen = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._theme = theme
        self._analysis: Analysis | None = None
        self._fresh: set[int] = set()  # plots that show the present analysis
        self.plots: tuple[RatePlot, TachogramPlot, PoincarePlot] | None = None
        self.tabs = QTabBar()
        self.tabs.setAccessibleName("Trend plots")
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        for title in TITLES:
            self.tabs.addTab(title)
        self.tabs.currentChanged.connect(self._show_tab)
        self._reading = ElidedLabel("", Qt.TextElideMode.ElideRight, "muted")
        self._reading.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        top = QHBoxLayout()
        top.setContentsMargins(6, 0, 14, 0)
        top.addWidget(self.tabs)
        top.addWidget(self._reading, 1)
        self._stack = QStackedWidget()
        nothing = role_label("muted", "Trends appear when a record has been analysed.")
        nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack.addWidget(nothing)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 4)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addWidget(self._stack, 1)

    def show_analysis(self, analysis: Analysis | None) -> None:
        """Plot another analysis, now if visible, else when shown."""
        self._analysis = analysis
        self._fresh.clear()
        self._refresh()

    def show_beat(self, beat: int) -> None:
        """Mark a beat on the plot in view."""
        if self.plots is not None and self._analysis is not None and self.isVisible():
            self.plots[self.tabs.currentIndex()].show_beat(beat)

    def set_theme(self, theme: Theme) -> None:
        """Colours."""
        self._theme = theme
        for plot in self.plots or ():
            plot.set_theme(theme)

    def showEvent(self, event: QShowEvent) -> None:
        """Make the plots the first time."""
        super().showEvent(event)
        self._refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Equal scales need no wide plot."""
        super().resizeEvent(event)
        self._shape_poincare()

    def _shape_poincare(self) -> None:
        if self.plots is not None:
            self.plots[2].setMaximumWidth(round(self._stack.height() * WIDEST_POINCARE))

    def _refresh(self) -> None:
        if self._analysis is None or len(self._analysis.beats) < 2:
            self._stack.setCurrentIndex(0)
            return
        if not self.isVisible():
            return
        plots = self._made()
        current = self.tabs.currentIndex()
        if current not in self._fresh:
            plots[current].show_analysis(self._analysis)
            self._fresh.add(current)
        self._stack.setCurrentIndex(1 + current)
        self.setFocusProxy(plots[current])

    def _made(self) -> tuple[RatePlot, TachogramPlot, PoincarePlot]:
        if self.plots is None:
            from heartkit_gui.views.trend_plots import PoincarePlot, RatePlot, TachogramPlot

            self.plots = (RatePlot(), TachogramPlot(), PoincarePlot())
            for plot in self.plots:
                plot.set_theme(self._theme)
                plot.beat_chosen.connect(self.beat_chosen)
                plot.described.connect(self._reading.setText)
                self._stack.addWidget(plot)
            self._shape_poincare()
        return self.plots

    @Slot(int)
    def _show_tab(self, index: int) -> None:
        self._reading.setText("")
        self._refresh()
