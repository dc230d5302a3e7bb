"""Commands of the Go and Measure menus, and the jumps that other panels ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Slot

from engine.analysis.types import Span
from engine.reports.wording import clock, duration, rhythm_name
from heartkit_gui.model import findings
from heartkit_gui.model.findings import MeasureRow
from heartkit_gui.model.selection import NO_BEAT
from heartkit_gui.widgets.dialogs import TimeDialog

if TYPE_CHECKING:
    from heartkit_gui.views.main_window import MainWindow

ECTOPIC = "SVFQ"
LEAD_IN = 0.12  # of the view, before an episode
PER_BEAT = {
    "pr": "pr_ms",
    "qrs": "qrs_ms",
    "qt": "qt_ms",
    "qtc_bazett": "qtc_bazett_ms",
    "qtc_fridericia": "qtc_fridericia_ms",
    "qtc_framingham": "qtc_framingham_ms",
    "qtc_hodges": "qtc_hodges_ms",
    "st": "st_mv",
}


class GoCommands(QObject):
    """Moves through the record."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._canvas = window.review.canvas
        self._document = window.context.document
        self._selection = window.context.selection

    # -- by the page

    def page(self, fraction: str) -> None:
        """Move by part of a page."""
        self._window.still.page(float(fraction))

    def seconds(self, count: str) -> None:
        """Move by seconds."""
        self._window.still.scroll_seconds(float(count))

    def edge(self, which: str) -> None:
        """To the start or the end."""
        canvas = self._window.still
        canvas.set_view_start(0 if which == "start" else canvas.scene.n_samples)

    def time_dialog(self) -> None:
        """Ask for a time."""
        record = self._document.record
        if record is not None:
            dialog = TimeDialog(clock(record.duration_s), self._window)
            dialog.chosen.connect(self.to_time)
            self._window.show_dialog(dialog)

    @Slot(float)
    def to_time(self, seconds: float) -> None:
        """Put a time in the middle."""
        record = self._document.record
        if record is not None:
            self._canvas.centre_on(seconds * record.fs)

    # -- by what was found

    def beat(self, step: str) -> None:
        """Next or former beat."""
        canvas = self._window.still
        moved = canvas.next_beat() if int(step) > 0 else canvas.previous_beat()
        if not moved:
            self._window.say("No further beat.")

    def ectopic(self, step: str) -> None:
        """Next or former beat that is not normal."""
        self._to_class(ECTOPIC, int(step))

    @Slot(str)
    def to_class(self, aami: str) -> None:
        """Next beat of a class; from the last one back to the first."""
        if not self._to_class(aami, 1):
            analysis = self._document.analysis
            if analysis is not None:
                self._select(findings.next_beat(analysis, -1, 1, aami))

    def _to_class(self, classes: str, step: int) -> bool:
        analysis = self._document.analysis
        if analysis is None:
            return False
        found = findings.next_beat(analysis, self._position(), step, classes)
        if found < 0:
            self._window.say("No further beat of that kind.")
            return False
        self._select(found)
        return True

    def episode(self, step: str) -> None:
        """Next or former rhythm statement."""
        analysis = self._document.analysis
        if analysis is None:
            return
        span = self._selection.span
        in_view = span is not None and span.start < self._canvas.view_stop and span.stop > self._canvas.view_start
        at = span.start if span is not None and in_view else self._canvas.view_start - (int(step) > 0)
        found = findings.next_episode(analysis, at, int(step))
        if found is None:
            self._window.say("No further episode.")
        else:
            self.to_span(found)

    @Slot(object)
    def to_span(self, span: Span) -> None:
        """Show a stretch and select it: in the middle where it fits, else from its start."""
        view = self._canvas.view_stop - self._canvas.view_start
        if span.stop - span.start <= view * (1 - 2 * LEAD_IN):
            self._canvas.centre_on((span.start + span.stop) / 2)
        else:
            self._canvas.set_view_start(span.start - LEAD_IN * view)
        self._selection.select_span(span)
        record = self._document.record
        if record is not None:
            length = duration((span.stop - span.start) / record.fs)
            self._window.say(f"{rhythm_name(span.label)}, {clock(span.start / record.fs)}, {length}")

    @Slot(int)
    def to_beat(self, index: int) -> None:
        """Show a beat in the middle and select it."""
        analysis = self._document.analysis
        if analysis is not None and 0 <= index < len(analysis.beats):
            self._canvas.centre_on(int(analysis.beats.sample[index]))
            self._select(index)

    @Slot(object)
    def to_measure(self, row: MeasureRow) -> None:
        """Show the beat whose value is closest to the median: a typical one."""
        analysis = self._document.analysis
        name = PER_BEAT.get(row.key)
        if analysis is None or name is None:
            return
        values = np.asarray(getattr(analysis.beat_intervals, name), dtype=np.float64)
        known = np.isfinite(values)
        if known.any():
            distance = np.where(known, np.abs(values - analysis.intervals[row.key].value), np.inf)
            self.to_beat(int(np.argmin(distance)))
            self._window.say(f"A beat with typical {row.label}.")

    def _select(self, index: int) -> None:
        if index >= 0:
            self._selection.select_beat(index)

    def _position(self) -> float:
        """The selected beat while it is in view, else the middle of the view."""
        analysis, beat = self._document.analysis, self._selection.beat
        if analysis is not None and beat != NO_BEAT:
            at = int(analysis.beats.sample[beat])
            if self._canvas.view_start <= at < self._canvas.view_stop:
                return at
        return self._middle()

    def _middle(self) -> float:
        return (self._canvas.view_start + self._canvas.view_stop) / 2


class MeasureCommands(QObject):
    """Calipers."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        window.review.canvas.tool_changed.connect(self.sync)

    def tool(self, name: str) -> None:
        """Take a tool in hand; the keyboard goes to the trace, so that arrow keys move the caliper."""
        self._window.still.set_tool(name)
        self._window.still.setFocus()

    def clear(self) -> None:
        """Remove the caliper, take the hand."""
        self._window.still.clear_calipers()
        self._window.still.set_tool("pan")

    @Slot()
    def sync(self) -> None:
        """Mark the tool in hand."""
        self._window.registry.check("tool", self._window.still.tool)
