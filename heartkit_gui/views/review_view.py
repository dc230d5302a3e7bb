"""The middle of the window: notices, the trace with its overview, or the welcome page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, Slot
from PySide6.QtWidgets import QFrame, QStackedWidget, QVBoxLayout, QWidget

from engine.records.record import Record
from heartkit_gui.canvas.ecg_canvas import EcgCanvas
from heartkit_gui.canvas.overview_bar import OverviewBar
from heartkit_gui.model.document import Document
from heartkit_gui.model.selection import Selection
from heartkit_gui.theme.tokens import Theme
from heartkit_gui.views.welcome_view import WelcomeView
from heartkit_gui.widgets.banner import Banner

if TYPE_CHECKING:
    from engine.signals.pyramid import Pyramid


class ReviewView(QWidget):
    """Keeps trace and overview in step with the document and the selection."""

    def __init__(self, document: Document, selection: Selection, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("review")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._document = document
        self._selection = selection
        self.banner = Banner()
        self.welcome = WelcomeView()
        self.canvas = EcgCanvas()
        self.overview = OverviewBar()
        self.canvas.installEventFilter(self)
        self._frame = QFrame()
        self._frame.setObjectName("traceFrame")
        framed = QVBoxLayout(self._frame)
        framed.setContentsMargins(2, 2, 2, 2)
        framed.addWidget(self.canvas)
        trace = QWidget()
        column = QVBoxLayout(trace)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._frame, 1)
        column.addWidget(self.overview)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.welcome)
        self._stack.addWidget(trace)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.banner)
        layout.addWidget(self._stack, 1)
        document.record_changed.connect(self._show_record)
        document.analysis_changed.connect(self._show_analysis)
        document.comparison_changed.connect(self._show_comparison)
        document.annotations_changed.connect(self._show_annotations)
        selection.beat_changed.connect(self.canvas.select_beat)
        self.canvas.beat_selected.connect(selection.select_beat)
        self.canvas.view_changed.connect(self.overview.set_view)
        self.overview.view_requested.connect(self.canvas.set_view_start)

    def set_theme(self, theme: Theme) -> None:
        """Colours."""
        self.canvas.set_theme(theme)
        self.overview.set_theme(theme)
        self.banner.set_theme(theme)

    @Slot(object, object)
    def set_pyramid(self, record: Record, pyramid: Pyramid) -> None:
        """Use the overview of a record, if it is still the one shown."""
        if record is self._document.record:
            self.canvas.set_pyramid(pyramid)
            self.overview.set_pyramid(pyramid)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Show a ring around the trace while it has the keyboard."""
        if watched is self.canvas and event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self._frame.setProperty("focused", event.type() == QEvent.Type.FocusIn)
            self._frame.style().unpolish(self._frame)
            self._frame.style().polish(self._frame)
        return super().eventFilter(watched, event)

    @Slot()
    def _show_record(self) -> None:
        record = self._document.record
        self._selection.clear()
        self.banner.dismiss()
        self.canvas.set_record(record)
        self.overview.set_record(record)
        self._stack.setCurrentIndex(0 if record is None else 1)
        if record is not None:
            self.overview.set_view(self.canvas.view_start, self.canvas.view_stop)

    @Slot()
    def _show_analysis(self) -> None:
        self.canvas.set_analysis(self._document.analysis)
        self.overview.set_analysis(self._document.analysis)

    @Slot()
    def _show_comparison(self) -> None:
        self.canvas.set_comparison(self._document.comparison)

    @Slot()
    def _show_annotations(self) -> None:
        self.canvas.set_annotations(self._document.shown_annotations)
