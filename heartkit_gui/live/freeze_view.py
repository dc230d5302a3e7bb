"""The stream as it was when it was frozen: the last hour on the canvas of the review, while streaming goes on."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from engine.devices.live import LiveSession
from engine.errors import Cancelled
from heartkit_gui.canvas.ecg_canvas import EcgCanvas
from heartkit_gui.canvas.overview_bar import OverviewBar
from heartkit_gui.live.board_lane import draw_board
from heartkit_gui.live.board_reading import board_marks
from heartkit_gui.live.board_trace import board_trace
from heartkit_gui.live.event_marks import event_marks
from heartkit_gui.live.ring_record import RingRecord
from heartkit_gui.live.scene import BoardScene
from heartkit_gui.model.excerpt import excerpt
from heartkit_gui.services.delivery import Mailbox
from heartkit_gui.services.pyramids import WORTHWHILE_S
from heartkit_gui.theme.tokens import PAPER, Theme
from heartkit_gui.widgets.labels import role_label

SETTLED_S = 5.0  # later samples that a beat's findings may still depend on


class FreezeView(QWidget):
    """Scroll, zoom, walk through beats and measure as in the review."""

    thaw_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._mailbox = Mailbox(self)
        self._stop = threading.Event()
        self._record: RingRecord | None = None
        self._known_to = 0  # sample of the ring up to which the findings go
        self._scene = BoardScene(PAPER)
        self.canvas = EcgCanvas(scene=self._scene, draw_below=draw_board)
        self.canvas.setAccessibleName("Frozen ECG")
        self.overview = OverviewBar()
        self.canvas.view_changed.connect(self.overview.set_view)
        self.overview.view_requested.connect(self.canvas.set_view_start)
        self.told = role_label("heading")
        self.told.setAccessibleName("Frozen at")
        self.reading = role_label("muted")
        self.reading.setAccessibleName("Under the pointer")
        self.canvas.cursor_moved.connect(self.reading.setText)
        self.canvas.caliper_changed.connect(self.reading.setText)
        row = QHBoxLayout()
        row.setContentsMargins(12, 4, 8, 4)
        row.setSpacing(6)
        row.addWidget(self.told)
        row.addSpacing(12)
        row.addWidget(self.reading, 1)
        self.back = QPushButton("Back to live")
        self.back.setDefault(True)
        self.back.setAccessibleName("Back to the live trace")
        self.back.clicked.connect(self.thaw_wanted)
        row.addWidget(self.back)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(row)
        layout.addWidget(self.canvas, 1)
        layout.addWidget(self.overview)

    def freeze(
        self,
        stream: RingRecord,
        session: LiveSession | None,
        at: int | None,
        leads: tuple[int, ...] | None = None,
    ) -> None:
        """Show what the ring holds now, sample `at` of it at the left edge; by default the newest at the right."""
        ring, first = stream.ring, stream.ring.tail
        start = stream.info.start_time
        began = start + timedelta(seconds=first / ring.rate_hz) if start is not None else None
        record = RingRecord(ring, stream.name, first=first, start_time=began)
        self.canvas.set_record(record)
        self.canvas.set_leads(leads)
        self.overview.set_record(record)
        self._record, self._known_to = record, 0
        self._build_pyramid(record)
        info = session.info if session is not None else None
        self._scene.show_board(info.models if info is not None else ())
        if session is not None:
            self.show_findings(session)
        self.canvas.set_view_start(record.n_samples if at is None else at - first)
        self.told.setText(f"Frozen at {datetime.now():%H:%M:%S}")
        self.canvas.setFocus()

    def _build_pyramid(self, record: RingRecord) -> None:
        """The overview that zooming out over an hour needs."""
        self._stop.set()
        if record.duration_s >= WORTHWHILE_S:
            self._stop = threading.Event()
            self._mailbox.start("frozen pyramid", _Pyramid(record, self._stop), self._take_pyramid)

    def _take_pyramid(self, answer: object) -> None:
        assert isinstance(answer, tuple)
        record, pyramid = answer
        if pyramid is not None and record is self._record:
            self.canvas.set_pyramid(pyramid)
            self.overview.set_pyramid(pyramid)

    def shutdown(self) -> None:
        """End what works in the background."""
        self._stop.set()
        self.canvas.finish_loading()
        self._mailbox.close()

    @property
    def is_settled(self) -> bool:
        """Whether the findings shown will not change any more."""
        record = self._record
        return record is not None and self._known_to > record.stop + SETTLED_S * record.fs

    def show_findings(self, session: LiveSession) -> None:
        """What host and board have found by now in what was frozen, and the marks in it; the newest beats are
        settled a moment later."""
        record, analysis, info = self._record, session.analysis, session.info
        if record is None:
            return
        first, stop, found = record.first, record.stop, None
        if analysis is not None:
            self._known_to = analysis.n_samples
            found = excerpt(analysis, first, stop, first)
            self.canvas.set_analysis(found)
            self.overview.set_analysis(found)
        if info is not None and info.models:
            results = [replace(r, start=r.start - first, stop=r.stop - first) for r in session.results(first, stop)]
            differs = [
                replace(d, start=d.start - first, stop=d.stop - first) for d in session.disagreements(first, stop)
            ]
            marks = board_marks(results, differs, info.models, found, record.fs)
            self._scene.board = replace(marks, trace=board_trace(results, info.models, record))
        events = [replace(e, position=e.position - first) for e in session.events if first <= e.position < stop]
        self.canvas.set_annotations(event_marks(events, record.fs) if events else None)

    def release(self) -> None:
        """Forget what was frozen."""
        self._record = self._scene.board = None
        self._stop.set()
        self.canvas.finish_loading()
        self.canvas.set_record(None)
        self.overview.set_record(None)

    def set_theme(self, theme: Theme) -> None:
        """Colours."""
        self.canvas.set_theme(theme)
        self.overview.set_theme(theme)


class _Pyramid:
    """Builds the pyramid of what was frozen; None when stopped."""

    def __init__(self, record: RingRecord, stop: threading.Event) -> None:
        self._record, self._stop = record, stop

    def __call__(self) -> object:
        from engine.signals.pyramid import Pyramid

        try:
            return self._record, Pyramid.build(self._record, cancelled=self._stop.is_set)
        except Cancelled:
            return self._record, None
