"""The line at the bottom: where we are, what is under the pointer, how the signal is shown, what is running."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QStatusBar, QToolButton, QWidget

from engine.analysis.types import Analysis
from engine.reports.wording import clock, duration, percent, quality_name, rate
from heartkit_gui.model.findings import readable_share
from heartkit_gui.theme.icons import themed_icon
from heartkit_gui.theme.tokens import Theme
from heartkit_gui.widgets.labels import ElidedLabel, align_figures

if TYPE_CHECKING:
    from heartkit_gui.live.stream_words import StreamWords

REMARK_MS = 6000


class StatusBar(QStatusBar):
    """Fed by the window; asks for nothing itself."""

    cancel_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Status")
        self.setSizeGripEnabled(False)
        self.setContentsMargins(10, 0, 10, 0)
        self.time = self._label("Time in view")
        self.pointer = ElidedLabel("", Qt.TextElideMode.ElideRight)
        self.pointer.setAccessibleName("Under the pointer")
        align_figures(self.pointer)
        self._remark = QTimer(self)
        self._remark.setSingleShot(True)
        self._remark.setInterval(REMARK_MS)
        self._remark.timeout.connect(self._forget_remark)
        self.quality = self._label("Signal quality in view")
        self.rate = self._label("Sampling rate")
        self.filter = self._label("Filter")
        self.state = self._label("Analysis")
        self.aside = self._label("Live stream")
        self.progress = QProgressBar()
        self.progress.setAccessibleName("Progress of the analysis")
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        self.progress.setFixedWidth(110)
        self._cancel = QToolButton()
        self._cancel.setAccessibleName("Stop the analysis")
        self._cancel.setToolTip("Stop the analysis")
        self._cancel.setIconSize(QSize(16, 16))
        self._cancel.setAutoRaise(True)
        self._cancel.clicked.connect(self.cancel_wanted)
        running = QWidget()
        row = QHBoxLayout(running)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.progress)
        row.addWidget(self._cancel)
        self._running = running
        self.addWidget(self.time)
        self.addWidget(self.pointer, 1)
        self.pointer.setContentsMargins(14, 0, 0, 0)
        for widget in (self.aside, self.quality, self.rate, self.filter, self.state, running):
            self.addPermanentWidget(widget)
        self._record = (self.time, self.aside, self.quality, self.rate, self.filter, self.state)
        names = ("Stream", "Sampling rate of the stream", "Filter of the stream", "Analysis of the stream")
        self.stream = tuple(self._label(name) for name in names)
        self.insertWidget(0, self.stream[0])
        for label in self.stream[1:]:
            self.addPermanentWidget(label)
        self.show_stream(None)
        self.set_busy(False)

    def set_theme(self, theme: Theme) -> None:
        """Tint the icon."""
        self._cancel.setIcon(themed_icon("cancel", theme))

    def show_view(self, fs: float, n_samples: int, start: int, stop: int, analysis: Analysis | None) -> None:
        """Time and quality of the stretch in view."""
        stop = min(stop, n_samples)
        length = f"{clock(start / fs)} – {clock(stop / fs)}  of  {clock(n_samples / fs)}"
        self.time.setText(length)
        if analysis is None:
            self.quality.setText("")
            return
        share = readable_share(analysis, start, stop)
        if share > 0.9995:
            self.quality.setText("Signal readable")
            self.quality.setToolTip("No part of the view was found unreadable")
            return
        kinds = {quality_name(s.label).lower() for s in analysis.quality if s.start < stop and s.stop > start}
        self.quality.setText(f"{percent(1 - share)} unreadable")
        self.quality.setToolTip(", ".join(sorted(kinds)).capitalize())

    def show_record(self, fs: float, duration_s: float) -> None:
        """Rate of the record."""
        self.rate.setText(rate(fs))
        self.rate.setToolTip(f"{rate(fs)}, {duration(duration_s)}")

    def show_stream(self, words: StreamWords | None) -> None:
        """Tell of a stream in place of the record; None tells of the record again."""
        if self.stream[0].isHidden() == (words is not None):
            self.pointer.setText("")
            for label in self._record:
                label.setVisible(words is None)
            for label in self.stream:
                label.setVisible(words is not None)
        if words is not None:
            for label, text in zip(self.stream, (words.state, words.rate, words.filter, words.lead), strict=True):
                label.setText(text)

    def show_aside(self, words: str) -> None:
        """That something streams or is being recorded, while a record is looked at."""
        self.aside.setText(words)

    @Slot(str)
    def show_pointer(self, text: str) -> None:
        """What is under the pointer, or the reading of the calipers."""
        self._remark.stop()
        self.pointer.setText(text)

    def say(self, sentence: str) -> None:
        """A passing remark, beside the time."""
        self.pointer.setText(sentence)
        self._remark.start()

    @Slot()
    def _forget_remark(self) -> None:
        self.pointer.setText("")

    def clear_record(self) -> None:
        """Nothing is open."""
        for label in (self.time, self.quality, self.rate, self.filter, self.state):
            label.setText("")
        self.pointer.setText("")

    def set_busy(self, busy: bool) -> None:
        """Show or hide progress."""
        self._running.setVisible(busy)
        if busy:
            self.progress.setValue(0)

    @Slot(float, str)
    def show_progress(self, share: float, stage: str) -> None:
        """How far the analysis is."""
        self.progress.setValue(round(share * 1000))
        self.state.setText(f"{stage} {percent(share)}")

    @staticmethod
    def _label(name: str) -> QLabel:
        label = QLabel()
        label.setAccessibleName(name)
        label.setTextFormat(Qt.TextFormat.PlainText)
        align_figures(label)
        return label
