"""The findings: one sentence, heart rate, beats, rhythm, intervals, variability, and how they were found."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from engine.analysis.types import Analysis, Span
from engine.reports.wording import AAMI_NAMES
from heartkit_gui.model import findings
from heartkit_gui.model.findings import BeatCount, MeasureRow, SpanRow
from heartkit_gui.theme.tokens import Theme
from heartkit_gui.views.comparison_view import ComparisonView
from heartkit_gui.widgets.labels import name_choice, role_label, rule
from heartkit_gui.widgets.panel import Section, scrolling
from heartkit_gui.widgets.tables import Column, RowTable

DISCLAIMER = "For research and engineering. Not a medical device."
SIDE = 14

_MEASURES = (
    Column("", lambda row: row.label, stretch=True),
    Column("median", lambda row: row.value, right=True, tip="Median over the beats"),
    Column("spread", lambda row: row.spread, right=True, tip="Half the width of the middle half of the values"),
    Column("beats", lambda row: row.n, right=True, tip="Number of beats it rests on"),
)
_SPANS = (
    Column("from", lambda row: row.start, right=True),
    Column("what", lambda row: row.name, stretch=True),
    Column("length", lambda row: row.length, right=True),
    Column("sure", lambda row: row.confidence, right=True, tip="Confidence"),
)


class BeatClassButton(QToolButton):
    """Letter, colour and count of one class of beats; a click goes to the next one."""

    class_chosen = Signal(str)

    def __init__(self, aami: str) -> None:
        super().__init__()
        self.aami = aami
        self.setObjectName("beatClass")
        self.setAccessibleName(AAMI_NAMES[aami])
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setIconSize(QSize(18, 18))
        self.setAutoRaise(True)
        self.clicked.connect(self._choose)

    def show_count(self, count: BeatCount, maker: str = "") -> None:
        """Show how many there are, and say what told them apart."""
        self.setText(f"{count.count:,}".replace(",", "\u202f"))
        self.setEnabled(count.count > 0)
        beats = "beat" if count.count == 1 else "beats"
        self.setAccessibleName(f"{count.name}: {count.count} {beats}, {count.share}")
        by = f"\nBeat types by {maker}" if maker else ""
        self.setToolTip(f"{count.name}: {count.count} {beats}, {count.share}. Click for the next one.{by}")

    def set_theme(self, theme: Theme) -> None:
        """Draw the letter in its colour."""
        ratio = 2.0
        picture = QPixmap(QSize(36, 36))
        picture.fill(Qt.GlobalColor.transparent)
        picture.setDevicePixelRatio(ratio)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.beats[self.aami]))
        painter.drawRoundedRect(1, 1, 16, 16, 4, 4)
        font = QFont(self.font())
        font.setPixelSize(11)
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(QColor("#10151C" if theme.is_dark else "#FFFFFF"))
        painter.drawText(1, 1, 16, 16, Qt.AlignmentFlag.AlignCenter, self.aami)
        painter.end()
        icon = QIcon(picture)
        icon.addPixmap(picture, QIcon.Mode.Disabled)
        self.setIcon(icon)

    @Slot()
    def _choose(self) -> None:
        self.class_chosen.emit(self.aami)


class FindingsView(QWidget):
    """Shows an analysis; every row that has a place in time can be chosen to go there."""

    span_chosen = Signal(object)  # Span
    class_chosen = Signal(str)  # AAMI letter
    measure_chosen = Signal(object)  # MeasureRow
    analysis_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._analysis: Analysis | None = None
        self._episodes: list[SpanRow] = []
        self._stack = QStackedWidget()
        self._stack.addWidget(self._build_message())
        self._stack.addWidget(self._build_findings())
        footer = role_label("small", DISCLAIMER)
        footer.setContentsMargins(SIDE, 6, SIDE, 8)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._stack, 1)
        layout.addWidget(rule())
        layout.addWidget(footer)
        self.show_message("Open a record to see its findings.")

    # -- what is shown

    def show_message(self, sentence: str, *, can_run: bool = False) -> None:
        """Show a sentence in place of findings, with a button to analyse if that makes sense."""
        self._analysis = None
        self._message.setText(sentence)
        self._run.setVisible(can_run)
        self._stack.setCurrentIndex(0)

    def show_analysis(self, analysis: Analysis) -> None:
        """Show an analysis."""
        self._analysis = analysis
        self.summary.setText(analysis.summary or "No summary.")
        value, spread = findings.heart_rate(analysis)
        self.rate.setText(value)
        self._rate_range.setText(f"range {spread}" if spread else "")
        for button, count in zip(self.classes, findings.beat_counts(analysis), strict=True):
            button.show_count(count, findings.maker(analysis, "beats"))
        self._lead.setText(f"{len(analysis.beats):,} beats in lead {analysis.lead}".replace(",", "\u202f"))
        self._episodes = findings.episodes(analysis)
        self._fill_filter()
        self._show_episodes()
        self.intervals.set_rows(findings.interval_rows(analysis))
        hrv = findings.hrv_rows(analysis)
        self.hrv.set_rows(hrv)
        self._hrv_section.setVisible(bool(hrv))
        quality = findings.quality_spans(analysis)
        self.quality.set_rows(quality)
        self._quality_section.setVisible(bool(quality))
        self._provenance.setText("\n".join(f"{what}: {how}" for what, how in findings.provenance_rows(analysis)))
        self._made_by.setText(findings.models_used(analysis))
        self._stack.setCurrentIndex(1)

    def show_span(self, span: Span | None) -> None:
        """Mark the row of a selected stretch."""
        for table in (self.episodes, self.quality):
            table.show_row(next((row for row in table.rows.rows if row.span == span), None))

    def show_comparison_section(self, shown: bool) -> None:
        """Make room for a comparison, or take it back."""
        self._comparison_section.setVisible(shown)

    def set_theme(self, theme: Theme) -> None:
        """Tint marks and beat letters."""
        for section in self._sections:
            section.set_theme(theme)
        for button in self.classes:
            button.set_theme(theme)

    # -- building

    def _build_message(self) -> QWidget:
        page = QWidget()
        self._message = role_label("muted", wrap=True)
        self._message.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._run = QPushButton("Analyse")
        self._run.setAccessibleName("Analyse the record")
        self._run.clicked.connect(self.analysis_wanted)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(24, 36, 24, 24)
        layout.setSpacing(14)
        layout.addWidget(self._message)
        layout.addWidget(self._run, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(1)
        return page

    def _build_findings(self) -> QWidget:
        self.episodes = RowTable("Rhythm and events", _SPANS, max_rows=9)
        self.episodes.chosen.connect(self._choose_span)
        self.intervals = RowTable("Intervals", _MEASURES, max_rows=24)
        self.intervals.chosen.connect(self.measure_chosen)
        self.hrv = RowTable(
            "Heart rate variability", (*_MEASURES[:1], _value_column(), *_MEASURES[3:]), max_rows=40
        )
        self.hrv.chosen.connect(self.measure_chosen)
        self.quality = RowTable("Signal quality", _SPANS, max_rows=6)
        self.quality.chosen.connect(self._choose_span)
        self._provenance = role_label("small", wrap=True, selectable=True)
        self._provenance.setContentsMargins(SIDE, 2, SIDE, 8)
        self._filter = QComboBox()
        name_choice(self._filter, "Which rhythm rows to list")
        self._filter.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._filter.setMinimumContentsLength(9)
        self._filter.setMaximumWidth(190)
        self._filter.currentIndexChanged.connect(self._show_episodes)
        rhythm = Section("Rhythm", _inset(self.episodes))
        rhythm.add_to_heading(self._filter)
        self._quality_section = Section("Unreadable signal", _inset(self.quality))
        self._hrv_section = Section("Heart rate variability", _inset(self.hrv))
        self.comparison = ComparisonView()
        self._comparison_section = Section("Comparison", self.comparison)
        self._comparison_section.hide()
        self._sections = (
            self._comparison_section,
            rhythm,
            Section("Intervals", _inset(self.intervals)),
            self._hrv_section,
            self._quality_section,
            Section("How this was found", self._provenance, open_=False),
        )
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(0, 12, 0, 12)
        layout.setSpacing(4)
        layout.addLayout(self._build_head())
        for section in self._sections:
            layout.addWidget(section)
        layout.addStretch(1)
        return scrolling(body, "Findings")

    def _build_head(self) -> QVBoxLayout:
        self.summary = role_label("statement", wrap=True, selectable=True)
        self.rate = role_label("figure")
        self.rate.setAccessibleName("Heart rate, median")
        self._rate_range = role_label("small")
        self._lead = role_label("small", wrap=True)
        self._made_by = role_label("small", wrap=True)
        self._made_by.setAccessibleName("What made the findings")
        beside = QVBoxLayout()
        beside.setSpacing(0)
        beside.addStretch(1)
        beside.addWidget(role_label("muted", "beats per minute"))
        beside.addWidget(self._rate_range)
        beside.addSpacing(4)
        figure = QHBoxLayout()
        figure.setSpacing(8)
        figure.addWidget(self.rate, 0, Qt.AlignmentFlag.AlignBottom)
        figure.addLayout(beside, 1)
        self.classes = tuple(BeatClassButton(aami) for aami in "NSVFQ")
        chips = QGridLayout()
        chips.setSpacing(0)
        for i, button in enumerate(self.classes):
            button.class_chosen.connect(self.class_chosen)
            chips.addWidget(button, 0, i, Qt.AlignmentFlag.AlignLeft)
        chips.setColumnStretch(len(self.classes), 1)
        head = QVBoxLayout()
        head.setContentsMargins(SIDE, 0, SIDE, 4)
        head.setSpacing(8)
        head.addWidget(self.summary)
        head.addLayout(figure)
        head.addWidget(self._lead)
        head.addWidget(self._made_by)
        head.addLayout(chips)
        return head

    # -- rhythm rows

    def _fill_filter(self) -> None:
        names: dict[str, int] = {}
        for row in self._episodes:
            names[row.name] = names.get(row.name, 0) + 1
        self._filter.blockSignals(True)
        self._filter.clear()
        self._filter.addItem(f"All ({len(self._episodes)})", "")
        for name, count in sorted(names.items(), key=lambda item: (-item[1], item[0])):
            self._filter.addItem(f"{name} ({count})", name)
        self._filter.blockSignals(False)
        self._filter.setVisible(len(names) > 1)

    @Slot()
    def _show_episodes(self) -> None:
        wanted = self._filter.currentData() or ""
        self.episodes.set_rows([row for row in self._episodes if not wanted or row.name == wanted])

    @Slot(object)
    def _choose_span(self, row: SpanRow) -> None:
        self.span_chosen.emit(row.span)


def _value_column() -> Column:
    def value(row: MeasureRow) -> str:
        return row.value

    return Column("value", value, right=True)


def _inset(table: RowTable) -> QWidget:
    """A table with the margins of the panel's text (its cells have 6 px of their own)."""
    box = QWidget()
    layout = QVBoxLayout(box)
    layout.setContentsMargins(SIDE - 6, 0, SIDE - 6, 0)
    layout.addWidget(table)
    return box
