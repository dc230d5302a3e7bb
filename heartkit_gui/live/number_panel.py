"""What the stream says of the heart: rate, rhythm, waves, beats, variability, quality."""

from __future__ import annotations

import math
from collections.abc import Mapping

from PySide6.QtCore import QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from engine.analysis.types import Analysis
from engine.reports.wording import AAMI_NAMES, MISSING, percent
from heartkit_gui.canvas.accessible import announce
from heartkit_gui.canvas.primitives import Inks
from heartkit_gui.live import figures
from heartkit_gui.live.poincare import PoincareView
from heartkit_gui.live.rate_limits import RateLimitBoxes
from heartkit_gui.theme.tokens import PAPER, Theme
from heartkit_gui.widgets.labels import ElidedLabel, align_figures, role_label, set_role
from heartkit_gui.widgets.panel import Section

BEAT_FLASH_MS = 120
WAVES = ("P", "QRS", "T")
WIDEST_RATE = "288"
INSET = 4


class BeatDot(QWidget):
    """A dot that lights up with every beat."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._inks = Inks(self.font().family())
        self.theme = PAPER
        self._lit = QTimer(self)
        self._lit.setSingleShot(True)
        self._lit.setInterval(BEAT_FLASH_MS)
        self._lit.timeout.connect(self.update)
        self.setFixedSize(QSize(16, 16))

    def flash(self) -> None:
        """Light up for a moment."""
        self._lit.start()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        lit = self._lit.isActive()
        painter.setBrush(self._inks.colour(self.theme.danger, 1.0 if lit else 0.25))
        painter.drawEllipse(QRectF(1, 1, 14, 14) if lit else QRectF(3, 3, 10, 10))


class WaveLegend(QWidget):
    """The colours of P, QRS and T."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._inks = Inks(self.font().family())
        self.theme = PAPER
        self.setFixedHeight(20)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Colours of the waves")
        self.setAccessibleDescription("P blue, QRS orange, T green; each with its letter.")

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.setFont(self._inks.font(12, bold=True))
        metrics, x = painter.fontMetrics(), 0
        for name in WAVES:
            width = metrics.horizontalAdvance(name) + 22
            box = QRectF(x, 1, width, 18)
            painter.fillRect(box, self._inks.colour(self.theme.segments[name], self.theme.segment_alpha * 1.6))
            painter.fillRect(QRectF(x, 16, width, 3), self._inks.colour(self.theme.segments[name]))
            painter.setPen(self._inks.colour(self.theme.segment_text[name]))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, name)
            x += width + 6


class NumberPanel(QWidget):
    """Shows the newest findings; asks for nothing. Nothing moves when numbers and remarks come and go."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._alerted = ""
        self._beats = 0
        self.dot = BeatDot()
        self.rate = role_label("rate", MISSING)
        self.rate.setAccessibleName("Heart rate per minute")
        align_figures(self.rate)
        self.limits = RateLimitBoxes()
        self.rhythm = ElidedLabel("", role="statement")
        self.rhythm.setAccessibleName("Rhythm")
        self.source = role_label("small", wrap=True)
        self.alert = role_label("alert", wrap=True)
        self.alert.setAccessibleName("Remark on the heart rate")
        self._remark = QStackedWidget()
        for label in (self.source, self.alert):
            self._remark.addWidget(label)
        self._remark.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.legend = WaveLegend()
        self.poincare = PoincareView()
        self._counts = {kind: _figure(AAMI_NAMES[kind]) for kind in figures.KINDS}
        self._intervals = {name: _figure(tip) for name, tip in figures.INTERVALS.items()}
        self._variability = {name: _figure(tip) for name, tip in figures.VARIABILITY.items()}
        self.quality = QProgressBar()
        self.quality.setRange(0, 1000)
        self.quality.setTextVisible(False)
        self.quality.setAccessibleName("Readable share of the last minute")
        self.quality_words = role_label("muted")
        self.contact = ElidedLabel("", role="small")
        self.contact.setAccessibleName("What is wrong with the signal")
        self._sections = (
            Section("Signal", self._quality_part(), flush=True),
            Section("Beats since the start", _columns(self._counts, AAMI_NAMES), flush=True),
            Section("Intervals, median in ms", _columns(self._intervals, figures.INTERVALS), flush=True),
            Section("Variability since the start", _columns(self._variability, figures.VARIABILITY), flush=True),
            Section("Poincaré", self.poincare, flush=True),
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        top = QVBoxLayout()
        top.setContentsMargins(INSET, 0, INSET, 0)
        top.setSpacing(4)
        top.addLayout(self._rate_part())
        for part in (self.rhythm, self._remark, self.legend):
            top.addWidget(part)
        layout.addLayout(top)
        for section in self._sections:
            layout.addWidget(section)
        self.clear("")

    def _rate_part(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.rate)
        beside = QVBoxLayout()
        beside.setSpacing(2)
        beside.addStretch(1)
        beside.addWidget(self.dot)
        beside.addWidget(role_label("unit", "/min"))
        beside.addStretch(1)
        row.addLayout(beside)
        row.addStretch(1)
        row.addWidget(self.limits, 0, Qt.AlignmentFlag.AlignVCenter)
        return row

    def _quality_part(self) -> QWidget:
        part = QWidget()
        column = QVBoxLayout(part)
        column.setContentsMargins(INSET, 2, INSET, 0)
        column.setSpacing(4)
        for widget in (self.quality, self.quality_words, self.contact):
            column.addWidget(widget)
        return part

    def show_findings(self, analysis: Analysis | None, recent: Analysis | None, present: figures.Present) -> None:
        """The analysis so far, the last minutes of it, and what is so now."""
        self.rate.setText(present.rate)
        set_role(self.rate, "norate" if present.rate == MISSING else "rate")
        self.alert.setText(present.alert)
        self._remark.setCurrentWidget(self.alert if present.alert else self.source)
        if present.alert and present.alert != self._alerted:
            announce(self.alert, present.alert)
        self._alerted = present.alert
        self.rhythm.setText(present.rhythm)
        self.source.setText(_makers(analysis))
        for kind, count in figures.beat_counts(analysis, present.goes_on).items():
            self._counts[kind].setText(f"{count:,}".replace(",", "\u2009"))
        for name, value in figures.intervals(analysis):
            self._intervals[name].setText(value)
        for name, value in figures.variability(analysis):
            self._variability[name].setText(value)
        share, why = figures.quality_text(analysis)
        known = math.isfinite(share)
        self.quality.setValue(round(1000 * share) if known else 0)
        self.quality_words.setText(f"{percent(share)} of the last minute readable" if known else "Not judged yet")
        self.contact.setText(present.contact or (f"The rest: {why}" if why else ""))
        set_role(self.contact, "danger" if present.contact else "small")
        self.poincare.show_analysis(recent)
        beats = len(analysis.beats) if analysis is not None else 0
        if beats > self._beats and self.isVisible():
            self.dot.flash()
        self._beats = beats

    def set_theme(self, theme: Theme) -> None:
        """Colours."""
        for part in (self.dot, self.legend):
            part.theme = theme
            part.update()
        self.poincare.set_theme(theme)
        for section in self._sections:
            section.set_theme(theme)

    def clear(self, rhythm: str) -> None:
        """Nothing is known; `rhythm` stands in its place."""
        self.show_findings(None, None, figures.Present(rhythm=rhythm))

    def showEvent(self, event: QShowEvent) -> None:
        """The font is known from now on: room for three figures, so that nothing moves with the rate."""
        self.rate.ensurePolished()
        self.rate.setMinimumWidth(self.rate.fontMetrics().horizontalAdvance(WIDEST_RATE))
        super().showEvent(event)


def _figure(name: str) -> QLabel:
    label = role_label("heading", MISSING)
    label.setAccessibleName(name)
    align_figures(label)
    return label


def _columns(values: Mapping[str, QLabel], tips: Mapping[str, str]) -> QWidget:
    """Figures side by side, each under its short name."""
    part = QWidget()
    grid = QGridLayout(part)
    grid.setContentsMargins(INSET, 0, INSET, 0)
    grid.setSpacing(2)
    for column, (name, label) in enumerate(values.items()):
        head = role_label("small", name)
        for shown in (head, label):
            shown.setToolTip(tips[name])
        grid.addWidget(head, 0, column)
        grid.addWidget(label, 1, column)
        grid.setColumnStretch(column, 1)
    return part


def _makers(analysis: Analysis | None) -> str:
    """Who sees the waves."""
    if analysis is None:
        return ""
    made_by = analysis.provenance.get("delineation", "").partition(",")[0].partition("/")[0]
    return f"Waves by {made_by}, lead {analysis.lead}"
