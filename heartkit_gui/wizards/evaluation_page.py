"""Fifth step: honest figures on the test patients, and the windows behind them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from engine.errors import EngineError
from engine.evaluation.confusion_index import FILE_NAME, ConfusionIndex
from heartkit_gui.model.evaluation_rows import event_rows, figure_rows
from heartkit_gui.services.job_runner import JobRunner
from heartkit_gui.theme.tokens import Theme
from heartkit_gui.widgets.confusion_matrix import ConfusionMatrix, counted
from heartkit_gui.widgets.labels import role_label
from heartkit_gui.widgets.tables import Column, RowTable
from heartkit_gui.wizards.plan import PlanHolder
from heartkit_gui.wizards.scaffold import page_button
from heartkit_gui.wizards.work_page import WorkPage

MOST_SHOWN = 500
HEARTKIT_TIP = (
    "The same windows scored as HeartKit 1.x scores: classes drawn equally often, uncertain windows left out. "
    "For laying side by side, not for belief."
)
FIGURE_COLUMNS = (
    Column("Figure", lambda f: f.name, stretch=True),
    Column("Value", lambda f: f.value, right=True),
    Column("95 % interval", lambda f: f.interval, right=True, tip="Patients drawn with replacement"),
    Column("as HeartKit", lambda f: f.heartkit, right=True, tip=HEARTKIT_TIP),
)
EVENT_COLUMNS = (
    Column("Boundary", lambda e: e.name, stretch=True),
    Column("Found", lambda e: e.se, right=True, tip="Sensitivity"),
    Column("Right", lambda e: e.ppv, right=True, tip="Positive predictivity"),
    Column("Mean error", lambda e: e.mean, right=True),
    Column("SD", lambda e: e.sd, right=True),
)


class EvaluationPage(WorkPage):
    """Figures with intervals, confusion matrix, the windows of each of its cells, a demo on the open record."""

    window_chosen = Signal(object)  # CellWindow

    def __init__(self, holder: PlanHolder, runner: JobRunner, theme: Theme) -> None:
        super().__init__(
            "Evaluation",
            "The model meets the test patients for the first time. Every window counts; intervals come from "
            "drawing patients with replacement. Choose a cell of the matrix to see its windows.",
            "Evaluate", holder, runner,
        )  # fmt: skip
        self._record: Path | None = None
        self._view_start_s: Callable[[], float] = float  # 0.0
        self._demo_page: Path | None = None  # while the demo is being made
        self._shown: Path | None = None  # run whose figures are shown
        self._index: ConfusionIndex | None = None
        self._names: tuple[str, ...] = ()
        self.figures = RowTable("Figures on the test patients", FIGURE_COLUMNS, max_rows=18)
        self.events = RowTable("Wave boundaries on the test patients", EVENT_COLUMNS, max_rows=6)
        self.matrix = ConfusionMatrix(theme)
        self.windows = RowTable(
            "Windows of the chosen cell",
            (
                Column("Record", lambda w: w.record),
                Column("Lead", lambda w: w.lead),
                Column("At", lambda w: f"{w.start / w.rate_hz:.2f} s", right=True),
                Column("Sure", lambda w: f"{w.probability:.0%}", right=True, tip="Probability of the answer"),
                Column("Patient", lambda w: w.patient, stretch=True),
            ),
            max_rows=8,
        )
        self.report = page_button("Open report", "Open the report in the browser", self._open_report)
        self.demo = page_button("Try on the open record", "See what the model makes of the open record", self._demo)
        self.row.insertWidget(2, self.report)
        self.row.insertWidget(3, self.demo)
        self.chosen = role_label("muted", wrap=True)
        self._build()
        self.matrix.cell_chosen.connect(self.show_cell)
        self.windows.chosen.connect(self.window_chosen)
        runner.busy_changed.connect(self._sync_demo)
        self._clear()
        self._sync_demo()
        self.refresh()

    def _build(self) -> None:
        right = QVBoxLayout()
        right.setSpacing(10)
        right.addWidget(self.matrix, 0, Qt.AlignmentFlag.AlignLeft)
        right.addWidget(self.chosen)
        right.addStretch(1)
        left = QVBoxLayout()
        left.addWidget(self.figures)
        left.addStretch(1)
        both = QHBoxLayout()
        both.setSpacing(24)
        both.addLayout(left, 1)
        both.addLayout(right)
        self.body.addLayout(both)
        self.body.addWidget(self.events)
        self.body.addWidget(self.windows)
        self.body.addStretch(1)

    def command(self) -> tuple[str, ...]:
        """Evaluating the run."""
        return self.holder.plan.evaluate_command() if self.holder.plan.preset else ()

    def entered(self) -> None:
        """Show the figures of a run that was evaluated before."""
        folder = self.holder.plan.folder
        if folder != self._shown and not self.runner.busy:
            self._clear()
            self.outcome.say("")
            document = _saved(folder / "evaluation")
            if document is not None:
                self.show_result(document)
        self.refresh()

    def set_theme(self, theme: Theme) -> None:
        """Take the colours."""
        super().set_theme(theme)
        self.matrix.set_theme(theme)

    def set_record(self, record: Path | None, view_start_s: Callable[[], float]) -> None:
        """The record that is open in the main window, and what tells the time in view there."""
        self._record, self._view_start_s = record, view_start_s
        self._sync_demo()

    @Slot()
    def _sync_demo(self) -> None:
        self.demo.setEnabled(self._record is not None and not self.runner.busy)
        self.demo.setToolTip("" if self._record is not None else "Open a record in the main window first")

    def show_result(self, result: dict[str, Any]) -> None:
        """Show figures and matrix, or the page of a demo."""
        page, self._demo_page = self._demo_page, None
        if page is not None:
            self.outcome.say(f"The page is open in your browser; it is kept as {page.name} in the run's folder.")
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(page)))
            return
        folder = self._shown = self.holder.plan.folder
        self.figures.set_rows(figure_rows(result))
        self.figures.setColumnHidden(3, not result.get("heartkit_compatible"))
        self.figures.show()
        self.start.setText("Evaluate again")
        events = event_rows(result)
        self.events.set_rows(events)
        self.events.setVisible(bool(events))
        self._names = tuple(result.get("class_names") or ())
        self._index = _index_in(folder / "evaluation")
        counts = _cells(result, self._index)
        self.matrix.setVisible(counts is not None)
        if counts is not None:
            sampled = self._index is not None and self._index.kind == "per_sample"
            self.matrix.show_counts(self._names, counts, "sample" if sampled else "window")
        self.report.setVisible((folder / "evaluation.html").is_file())
        self.chosen.setText("")
        self.windows.hide()

    @Slot(int, int)
    def show_cell(self, truth: int, prediction: int) -> None:
        """List the windows of one cell, the most certain first."""
        if self._index is None:
            return
        rows = self._index.windows(truth, prediction, MOST_SHOWN)
        total = self._index.count(truth, prediction)
        words = _cell_words(self._index.kind, total, self._names[truth], self._names[prediction])
        self.chosen.setText(f"{words}. Choose a window below to open its record there." if rows else f"{words}.")
        self.windows.set_rows(rows)
        self.windows.setVisible(bool(rows))

    def _clear(self) -> None:
        self._shown = self._index = None
        self.start.setText("Evaluate")
        self.chosen.setText("")
        for part in (self.figures, self.events, self.matrix, self.windows, self.report):
            part.hide()

    @Slot()
    def _demo(self) -> None:
        if self._record is None:
            return
        page = self.holder.plan.folder / "demo.html"
        if self.run(self.holder.plan.demo_command(self._record, round(self._view_start_s(), 2))):
            self._demo_page = page

    @Slot(str, str)
    def _failed(self, sentence: str, details: str) -> None:
        if self.mine:
            self._demo_page = None
        super()._failed(sentence, details)

    @Slot()
    def _cancelled(self) -> None:
        if self.mine:
            self._demo_page = None
        super()._cancelled()

    @Slot()
    def _open_report(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.holder.plan.folder / "evaluation.html")))


def _cells(document: dict[str, Any], index: ConfusionIndex | None) -> NDArray[np.int64] | None:
    """Counts [truth, answer] to show; None for a task without classes.

    Where several labels may hold at once, every label has a table of its own; shown is how often it was found, and
    which labels were answered in error when it was missed, as the index counts them.
    """
    counts = np.array(document.get("confusion") or [], np.int64)
    if counts.ndim == 2 and counts.size:
        return counts
    if counts.ndim == 3 and index is not None:
        labels = range(len(index.class_names))
        return np.array([[index.count(t, p) for p in labels] for t in labels], np.int64)
    return None


def _cell_words(kind: str, total: int, truth: str, answer: str) -> str:
    if kind == "multi_label":
        missed = f"where {truth} was missed and {answer} answered in error"
        return f"{counted(total, 'window')} {f'with {truth}, found' if truth == answer else missed}"
    unit = "sample" if kind == "per_sample" else "window"
    return f"{truth} called {answer}: {counted(total, unit)}"


def _index_in(folder: Path) -> ConfusionIndex | None:
    try:
        return ConfusionIndex.load(folder / FILE_NAME)
    except EngineError:
        return None  # a task without classes has no index


def _saved(folder: Path) -> dict[str, Any] | None:
    from engine.evaluation.result import EvaluationResult

    try:
        return dict(EvaluationResult.load(folder).document)
    except EngineError:
        return None
