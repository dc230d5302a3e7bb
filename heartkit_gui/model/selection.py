"""What the user is looking at: one selected beat or one selected stretch, shared by all views."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from engine.analysis.types import Span

NO_BEAT = -1


class Selection(QObject):
    """Selected beat (index into the analysis) and selected span; both are cleared with the document."""

    beat_changed = Signal(int)
    span_changed = Signal(object)  # Span | None

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._beat = NO_BEAT
        self._span: Span | None = None

    @property
    def beat(self) -> int:
        """Index of the selected beat, NO_BEAT for none."""
        return self._beat

    @property
    def span(self) -> Span | None:
        """The selected episode or stretch of quality, if any."""
        return self._span

    def select_beat(self, index: int) -> None:
        """Select a beat; NO_BEAT selects none."""
        if index != self._beat:
            self._beat = index
            self.beat_changed.emit(index)

    def select_span(self, span: Span | None) -> None:
        """Select a stretch."""
        if span != self._span:
            self._span = span
            self.span_changed.emit(span)

    def clear(self) -> None:
        """Select nothing."""
        self.select_beat(NO_BEAT)
        self.select_span(None)
