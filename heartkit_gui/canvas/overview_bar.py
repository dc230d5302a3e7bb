"""`OverviewBar`: the whole record in one strip: rhythm, quality, ectopic beats, and the view as a window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.analysis.types import Analysis
from engine.errors import EngineError
from engine.records.record import Record
from engine.signals.columns import Columns, columns_from_samples
from heartkit_gui.canvas.accessible import announce
from heartkit_gui.canvas.lanes import axis_text
from heartkit_gui.canvas.marks import KINDS, Marks, marks_of
from heartkit_gui.canvas.primitives import Inks, LineBuffer
from heartkit_gui.canvas.scale import elapsed_text, tick_step_s
from heartkit_gui.theme.tokens import PAPER, Theme

if TYPE_CHECKING:
    from engine.signals.pyramid import Pyramid

HEIGHT = 72
RHYTHM_UI = 8.0
TICKS_UI = 12.0  # V above S
AXIS_UI = 14.0
MIN_WINDOW_UI = 7.0
READ_MAX = 4_000_000  # samples read for a record without a pyramid
NOTCH = 120


class OverviewBar(QWidget):
    """Click or drag to move the view; arrow keys move it by one view, Page keys by ten."""

    view_requested = Signal(int)  # sample that should be at the left edge

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._record: Record | None = None
        self._pyramid: Pyramid | None = None
        self._marks: Marks | None = None
        self._theme = PAPER
        self._view = (0, 0)
        self._inks = Inks(self.font().family())
        self._lines = LineBuffer()
        self._picture: QImage | None = None
        self._grip: float | None = None  # samples from the start of the view to where it was taken
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Overview of the record")
        self._describe()

    # -- what is shown ------------------------------------------------------------------------------------------

    def set_record(self, record: Record | None, pyramid: Pyramid | None = None) -> None:
        """Show another record."""
        self._record, self._pyramid, self._marks = record, pyramid, None
        self._view = (0, 0)
        self._changed()

    def set_pyramid(self, pyramid: Pyramid | None) -> None:
        """The record's pyramid, when it is ready."""
        self._pyramid = pyramid
        self._changed()

    def set_analysis(self, analysis: Analysis | None) -> None:
        """Findings to mark."""
        self._marks = None
        if analysis is not None and self._record is not None:
            try:
                lead = self._record.lead_index(analysis.lead)
            except EngineError:
                lead = 0
            self._marks = marks_of(analysis, lead)
        self._changed()

    def set_view(self, start: int, stop: int) -> None:
        """The part that the canvas shows."""
        self._view = (start, stop)
        self._describe()
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Colours."""
        self._theme = theme
        self._changed()

    def _changed(self) -> None:
        self._picture = None
        self._describe()
        self.update()

    def _describe(self) -> None:
        record = self._record
        if record is None:
            self.setAccessibleDescription("No record open.")
            return
        start, stop = (max(0.0, min(s, record.n_samples) / record.fs) for s in self._view)
        text = f"View from {elapsed_text(start)} to {elapsed_text(stop)} of {elapsed_text(record.duration_s)}."
        self.setAccessibleDescription(text)

    # -- geometry, in device pixels -----------------------------------------------------------------------------

    def _x(self, sample: float) -> float:
        count = max(1, self._record.n_samples if self._record is not None else 1)
        return sample / count * round(self.width() * self.devicePixelRatioF())

    def _sample(self, logical_x: float) -> float:
        count = self._record.n_samples if self._record is not None else 0
        return logical_x / max(1, self.width()) * count

    def _window(self) -> QRectF:
        """The view, never narrower than can be seen and gripped."""
        ui = self.devicePixelRatioF()
        left, right = self._x(self._view[0]), self._x(self._view[1])
        spare = max(0.0, MIN_WINDOW_UI * ui - (right - left))
        return QRectF(left - spare / 2, 0.5, right - left + spare, HEIGHT * ui - 1.0)

    # -- drawing ------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """The picture of the record, dimmed outside the view."""
        ui = self.devicePixelRatioF()
        if self._picture is None:
            self._picture = self._draw_picture(ui)
        painter = QPainter(self)
        painter.scale(1 / ui, 1 / ui)
        painter.drawImage(0, 0, self._picture)
        if self._record is not None and self._record.n_samples:
            window, width, height = self._window(), self._picture.width(), (HEIGHT - AXIS_UI) * ui
            veil = self._inks.colour(self._theme.paper_outside, 0.30)
            painter.fillRect(QRectF(0, 0, window.left(), height), veil)
            painter.fillRect(QRectF(window.right(), 0, max(0.0, width - window.right()), height), veil)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
            colour = self._theme.selection
            painter.setPen(self._inks.pen(colour, (2.2 if self.hasFocus() else 1.4) * ui))
            painter.setBrush(self._inks.colour(colour, 0.08))
            painter.drawRoundedRect(window.adjusted(ui, ui, -ui, -ui), 3 * ui, 3 * ui)
        painter.end()

    def _draw_picture(self, ui: float) -> QImage:
        theme = self._theme
        size = (max(1, round(self.width() * ui)), max(1, round(HEIGHT * ui)))
        image = QImage(*size, QImage.Format.Format_RGB32)
        image.fill(self._inks.colour(theme.canvas_strip))
        record = self._record
        if record is None or record.n_samples == 0:
            return image
        painter = QPainter(image)
        self._draw_quality(painter, ui)
        self._draw_trace(painter, record, image.width(), ui)
        self._draw_rhythm(painter, ui)
        self._draw_ectopic(painter, ui)
        self._draw_axis(painter, record, image.width(), ui)
        painter.fillRect(QRectF(0, 0, image.width(), 1), self._inks.colour(theme.canvas_line))
        painter.end()
        return image

    def _columns(self, record: Record, lead: int, width: int) -> Columns | None:
        n = record.n_samples
        if self._pyramid is not None and self._pyramid.covers(0, n, width):
            return self._pyramid.columns(lead, 0, n, width)
        if n > READ_MAX:
            return None
        try:
            block = record.read(0, n, [lead])
        except (EngineError, OSError):
            return None
        return columns_from_samples(block.values[0], block.valid[0], 0, n, width)

    def _draw_trace(self, painter: QPainter, record: Record, width: int, ui: float) -> None:
        lead = self._marks.lead if self._marks is not None else 0
        columns = self._columns(record, lead, width)
        top, bottom = (RHYTHM_UI + 2) * ui, (HEIGHT - AXIS_UI - TICKS_UI) * ui
        if columns is None or not columns.valid.any():
            return
        # The tallest hundredth may be cut off: one artefact must not flatten a day.
        low = float(np.quantile(columns.lo[columns.valid], 0.01))
        high = float(np.quantile(columns.hi[columns.valid], 0.99))
        gain = (bottom - top) / max(high - low, 1e-6)

        def y(values: NDArray[np.float32]) -> NDArray[np.float64]:
            return np.clip(bottom - (values.astype(np.float64) - low) * gain, top, bottom)

        joined = columns.joined()
        where = np.flatnonzero(joined.valid)
        out = self._lines.take(len(where))
        out[:, 0] = out[:, 2] = where + 0.5
        out[:, 1] = y(joined.hi[where]) - 0.5 * ui
        out[:, 3] = y(joined.lo[where]) + 0.5 * ui
        pen = QPen(self._inks.pen(self._theme.trace_muted, 1.0))
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(pen)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        self._lines.draw(painter, len(where))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        hatch = QBrush(self._inks.colour(self._theme.gap_hatch, 0.7), Qt.BrushStyle.BDiagPattern)
        for x in np.flatnonzero(columns.gap & ~columns.valid).tolist():
            painter.fillRect(QRectF(x, top, 1, bottom - top), hatch)

    def _draw_rhythm(self, painter: QPainter, ui: float) -> None:
        if self._marks is None:
            return
        for spans, top, height in (
            (self._marks.base_rhythm, 0.0, RHYTHM_UI * ui),
            (self._marks.events, 2 * ui, (RHYTHM_UI - 2) * ui),
        ):
            for span in spans.spans:
                left, right = self._x(span.start), self._x(span.stop)
                colour = self._theme.rhythm.get(span.label, self._theme.rhythm[""])
                quiet = 0.45 if span.label == "N" else 1.0
                area = QRectF(left, top, max(1.5 * ui, right - left), height)
                painter.fillRect(area, self._inks.colour(colour, quiet))

    def _draw_quality(self, painter: QPainter, ui: float) -> None:
        if self._marks is None:
            return
        top, height = RHYTHM_UI * ui, (HEIGHT - AXIS_UI - RHYTHM_UI) * ui
        for span in self._marks.quality.spans:
            colour = self._theme.quality.get(span.label, self._theme.quality[""])
            left, right = self._x(span.start), self._x(span.stop)
            area = QRectF(left, top, max(1.0, right - left), height)
            painter.fillRect(area, self._inks.colour(colour, 0.14))
            painter.fillRect(area, QBrush(self._inks.colour(colour, 0.45), Qt.BrushStyle.BDiagPattern))

    def _draw_ectopic(self, painter: QPainter, ui: float) -> None:
        """One tick per pixel with a V beat, below it one per pixel with an S beat."""
        if self._marks is None:
            return
        beats = self._marks.beats
        base = (HEIGHT - AXIS_UI - TICKS_UI) * ui
        for kind, top in (("V", base), ("S", base + TICKS_UI / 2 * ui)):
            samples = beats.sample[beats.kind == KINDS.index(kind)]
            if len(samples):
                colour = self._inks.colour(self._theme.beats[kind])
                for x in np.unique(np.floor(samples * (self._x(1.0)))).tolist():
                    painter.fillRect(QRectF(x, top, max(1.0, ui), TICKS_UI / 2 * ui - 1), colour)

    def _draw_axis(self, painter: QPainter, record: Record, width: int, ui: float) -> None:
        px_per_s = width / record.duration_s
        step_s = tick_step_s(px_per_s, 90 * ui)
        top = (HEIGHT - AXIS_UI) * ui
        painter.setFont(self._inks.font(10 * ui))
        for k in range(int(record.duration_s // step_s) + 1):
            x = k * step_s * px_per_s
            painter.fillRect(
                QRectF(round(x), top, max(1.0, ui), 4 * ui), self._inks.colour(self._theme.border_strong)
            )
            painter.setPen(self._inks.pen(self._theme.canvas_text_muted))
            text = axis_text(record.info.start_time, k * step_s, step_s)
            box = QRectF(x + 3 * ui, top, 90 * ui, AXIS_UI * ui)
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)

    # -- moving -------------------------------------------------------------------------------------------------

    def _request(self, start: float) -> None:
        if self._record is None:
            return
        length = self._view[1] - self._view[0]
        start = round(min(max(start, 0.0), max(0.0, self._record.n_samples - length)))
        self.view_requested.emit(start)
        if start == self._view[0]:
            announce(self, self.accessibleDescription())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the window, or bring it to where was clicked."""
        if event.button() != Qt.MouseButton.LeftButton:
            return
        sample = self._sample(event.position().x())
        inside = self._window().contains(QPointF(event.position().x() * self.devicePixelRatioF(), HEIGHT / 2))
        self._grip = sample - self._view[0] if inside else (self._view[1] - self._view[0]) / 2
        if not inside:
            self._request(sample - self._grip)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the window."""
        if self._grip is not None:
            self._request(self._sample(event.position().x()) - self._grip)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        self._grip = None

    def wheelEvent(self, event: QWheelEvent) -> None:
        """One view per notch."""
        turn = event.angleDelta().y() or event.angleDelta().x()
        self._request(self._view[0] - turn / NOTCH * (self._view[1] - self._view[0]))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move by one view, Page keys by ten, Home and End to the ends."""
        length = self._view[1] - self._view[0]
        moves = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_PageUp: -10,
            Qt.Key.Key_PageDown: 10,
        }
        key = Qt.Key(event.key())
        if key in moves and event.modifiers() == Qt.KeyboardModifier.NoModifier:
            self._request(self._view[0] + moves[key] * length)
        elif key == Qt.Key.Key_Home:
            self._request(0)
        elif key == Qt.Key.Key_End and self._record is not None:
            self._request(self._record.n_samples)
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw again."""
        self._picture = None

    def event(self, event: QEvent) -> bool:
        """Draw again on another screen; show the focus."""
        kind = event.type()
        if kind in (QEvent.Type.ScreenChangeInternal, QEvent.Type.DevicePixelRatioChange, QEvent.Type.FontChange):
            self._inks = Inks(self.font().family())
            self._picture = None
        elif kind in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.update()
        return super().event(event)

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(600, HEIGHT)
