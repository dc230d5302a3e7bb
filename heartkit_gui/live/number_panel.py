"""What the stream says of the heart: rate, rhythm, waves, beats, variability, quality."""

from __future__ import annotations

import math

from PySide6.QtCore import QRectF, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QProgressBar, QSizePolicy, QVBoxLayout, QWidget

from engine.analysis.types import Analysis
from engine.reports.wording import AAMI_NAMES, MISSING, percent
from heartkit_gui.canvas.accessible import announce
from heartkit_gui.canvas.primitives import Inks
from heartkit_gui.live import figures
from heartkit_gui.live.poincare import PoincareView
from heartkit_gui.live.rate_limits import RateLimitsRow
from heartkit_gui.theme.tokens import PAPER, Theme
from heartkit_gui.widgets.labels import align_figures, role_label
from heartkit_gui.widgets.panel import Section

BEAT_FLASH_MS = 120
WAVES = ("P", "QRS", "T")


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
    """Shows the newest findings; asks for nothing."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._alerted = ""
        self._beats = 0
        self.dot = BeatDot()
        self.rate = role_label("rate", MISSING)
        self.rate.setAccessibleName("Heart rate per minute")
        align_figures(self.rate)
        self.alert = role_label("alert", wrap=True)
        self.alert.setAccessibleName("Remark on the heart rate")
        self.rhythm = role_label("statement", "", wrap=True)
        self.rhythm.setAccessibleName("Rhythm")
        self.source = role_label("small", wrap=True)
        self.limits = RateLimitsRow()
        self.legend = WaveLegend()
        self.poincare = PoincareView()
        self._counts = {kind: self._figure(AAMI_NAMES[kind]) for kind in figures.KINDS}
        self._variability: dict[str, QLabel] = {}
        self.quality = QProgressBar()
        self.quality.setRange(0, 1000)
        self.quality.setTextVisible(False)
        self.quality.setAccessibleName("Readable share of the last minute")
        self.quality_words = role_label("muted", wrap=True)
        self.contact = role_label("danger", wrap=True)
        self.contact.setAccessibleName("Electrodes")
        self._sections = (
            Section("Beats", self._beat_part()),
            Section("Signal", self._quality_part()),
            Section("Poincaré", self.poincare),
            Section("Variability since the start", self._variability_part()),
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(self._rate_part())
        layout.addWidget(self.alert)
        layout.addWidget(self.limits)
        layout.addWidget(self.rhythm)
        layout.addWidget(self.source)
        layout.addSpacing(4)
        layout.addWidget(self.legend)
        for section in self._sections:
            layout.addWidget(section)
        self.show_findings(None, None, math.nan, "", "")

    def _rate_part(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.rate)
        below = QVBoxLayout()
        below.setSpacing(2)
        below.addStretch(1)
        below.addWidget(self.dot)
        below.addWidget(role_label("unit", "/min"))
        below.addSpacing(8)
        row.addLayout(below)
        row.addStretch(1)
        return row

    def _beat_part(self) -> QWidget:
        part = QWidget()
        grid = QGridLayout(part)
        grid.setContentsMargins(4, 0, 4, 0)
        grid.setSpacing(2)
        for column, (kind, label) in enumerate(self._counts.items()):
            head = role_label("small", kind)
            head.setToolTip(AAMI_NAMES[kind])
            head.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            grid.addWidget(head, 0, column)
            grid.addWidget(label, 1, column)
        return part

    def _quality_part(self) -> QWidget:
        part = QWidget()
        column = QVBoxLayout(part)
        column.setContentsMargins(4, 2, 4, 0)
        column.setSpacing(5)
        column.addWidget(self.quality)
        column.addWidget(self.quality_words)
        column.addWidget(self.contact)
        return part

    def _variability_part(self) -> QWidget:
        part = QWidget()
        grid = QGridLayout(part)
        grid.setContentsMargins(4, 0, 4, 0)
        grid.setSpacing(2)
        for column, (name, value) in enumerate(figures.variability(None)):
            head = role_label("small", name)
            self._variability[name] = self._figure(name)
            self._variability[name].setText(value)
            grid.addWidget(head, 0, column)
            grid.addWidget(self._variability[name], 1, column)
        return part

    @staticmethod
    def _figure(name: str) -> QLabel:
        label = role_label("heading", MISSING)
        label.setAccessibleName(name)
        align_figures(label)
        return label

    def show_findings(
        self, analysis: Analysis | None, recent: Analysis | None, rate: float, alert: str, contact: str
    ) -> None:
        """The analysis so far, the last minutes of it, the rate of now and remarks."""
        self.rate.setText(figures.rate_text(rate))
        self.alert.setText(alert)
        self.alert.setVisible(bool(alert))
        if alert and alert != self._alerted:
            announce(self.alert, alert)
        self._alerted = alert
        self.rhythm.setText(figures.rhythm_text(analysis))
        self.source.setText(_makers(analysis))
        for kind, count in figures.beat_counts(analysis).items():
            self._counts[kind].setText(f"{count:,}".replace(",", "\u2009"))
        for name, value in figures.variability(analysis):
            self._variability[name].setText(value)
        share, why = figures.quality_text(analysis)
        known = math.isfinite(share)
        self.quality.setValue(round(1000 * share) if known else 0)
        words = f"{percent(share)} of the last minute readable" if known else "Not judged yet"
        self.quality_words.setText(f"{words}; {why}" if why else words)
        self.contact.setText(contact)
        self.contact.setVisible(bool(contact))
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

    @Slot()
    def clear(self) -> None:
        """Nothing is known."""
        self.show_findings(None, None, math.nan, "", "")


def _makers(analysis: Analysis | None) -> str:
    """Who sees the waves."""
    if analysis is None:
        return ""
    made_by = analysis.provenance.get("delineation", "").partition(",")[0]
    return f"Waves by {made_by}, lead {analysis.lead}"
