"""The open record with everything known about it; the one thing that the views look at."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from engine.analysis.types import Analysis
from engine.records.annotations import Annotations
from engine.records.hints import TextHints
from engine.records.record import Record
from heartkit_gui.model.comparison import Comparison


class Document(QObject):
    """One record, its annotation sets and its analysis, each replaced as a whole and announced.

    `revision` grows with every change, so that a view can tell whether what it shows is still true.
    """

    record_changed = Signal()
    annotations_changed = Signal()
    analysis_changed = Signal()
    comparison_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._record: Record | None = None
        self._hints: TextHints | None = None
        self._annotations: tuple[Annotations, ...] = ()
        self._shown: Annotations | None = None
        self._analysis: Analysis | None = None
        self._comparison: Comparison | None = None
        self._revision = 0

    @property
    def record(self) -> Record | None:
        """The open record, if any."""
        return self._record

    @property
    def hints(self) -> TextHints | None:
        """What the user answered about the file so that it could be read; needed to open it again."""
        return self._hints

    @property
    def annotations(self) -> tuple[Annotations, ...]:
        """Annotation sets that came with the record."""
        return self._annotations

    @property
    def shown_annotations(self) -> Annotations | None:
        """The set that is drawn, if any."""
        return self._shown

    @property
    def analysis(self) -> Analysis | None:
        """The latest finished analysis of this record."""
        return self._analysis

    @property
    def comparison(self) -> Comparison | None:
        """Another analysis laid beside this one, if any."""
        return self._comparison

    @property
    def revision(self) -> int:
        """Number of changes so far."""
        return self._revision

    def open(
        self, record: Record, annotations: tuple[Annotations, ...] = (), hints: TextHints | None = None
    ) -> None:
        """Show another record; the former one is closed."""
        self._replace_record(record, annotations, hints)

    def close(self) -> None:
        """Show nothing."""
        if self._record is not None:
            self._replace_record(None, (), None)

    def show_annotations(self, name: str | None) -> None:
        """Draw the annotation set of that annotator name, or none."""
        shown = next((found for found in self._annotations if found.name == name), None)
        if shown is not self._shown:
            self._shown = shown
            self._revision += 1
            self.annotations_changed.emit()

    def set_analysis(self, analysis: Analysis | None) -> None:
        """Replace the analysis; a comparison with the former one is dropped."""
        self._analysis = analysis
        self._revision += 1
        self.analysis_changed.emit()
        self.set_comparison(None)

    def set_comparison(self, comparison: Comparison | None) -> None:
        """Lay another analysis beside the present one; None takes it away."""
        if comparison is not self._comparison:
            self._comparison = comparison
            self._revision += 1
            self.comparison_changed.emit()

    def _replace_record(
        self, record: Record | None, annotations: tuple[Annotations, ...], hints: TextHints | None
    ) -> None:
        former = self._record
        self._record, self._hints = record, hints
        self._annotations, self._shown, self._analysis = annotations, None, None
        self._revision += 1
        self.record_changed.emit()
        self.annotations_changed.emit()
        self.analysis_changed.emit()
        self.set_comparison(None)
        if former is not None and former is not record:
            former.close()
