"""Last steps: honest figures on the test patients, and the quantized model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout

from engine.errors import EngineError
from engine.evaluation.confusion_index import FILE_NAME, ConfusionIndex
from heartkit_gui.services.job_runner import JobRunner
from heartkit_gui.theme.tokens import Theme
from heartkit_gui.widgets.confusion_matrix import ConfusionMatrix
from heartkit_gui.widgets.labels import name_choice, role_label
from heartkit_gui.widgets.tables import Column, RowTable
from heartkit_gui.wizards.plan import PlanHolder
from heartkit_gui.wizards.scaffold import Page

MOST_SHOWN = 500
FIGURES = (
    ("f1_macro", "Macro F1"),
    ("f1_weighted", "Weighted F1"),
    ("accuracy", "Accuracy"),
    ("kappa", "Cohen's kappa"),
    ("auroc_macro", "Macro AUROC"),
    ("ece", "Calibration error"),
    ("snr_gain_db", "SNR gain, dB"),
)


@dataclass(frozen=True)
class Figure:
    """A named figure with its interval."""

    name: str
    value: str
    interval: str
    tip: str = ""


class WorkPage(Page):
    """A page with one button that runs one engine command."""

    def __init__(self, title: str, purpose: str, verb: str, holder: PlanHolder, runner: JobRunner) -> None:
        super().__init__(title, purpose)
        self.holder, self.runner = holder, runner
        self._mine = False
        self.start = QPushButton(verb)
        self.start.setAutoDefault(False)
        self.start.clicked.connect(self._start)
        self.stop = QPushButton("Stop")
        self.stop.setAutoDefault(False)
        self.stop.clicked.connect(runner.cancel)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setMaximum(1000)
        self.bar.setAccessibleName(f"{title} progress")
        self.state = role_label("muted", wrap=True)
        self.row = QHBoxLayout()
        self.row.addWidget(self.start)
        self.row.addWidget(self.stop)
        self.row.addStretch(1)
        self.body.addLayout(self.row)
        self.body.addWidget(self.bar)
        self.body.addWidget(self.state)
        runner.progressed.connect(self._progressed)
        runner.message.connect(self._said)
        runner.finished.connect(self._done)
        runner.failed.connect(self._failed)
        runner.cancelled.connect(self._cancelled)
        runner.busy_changed.connect(self._refresh)
        holder.changed.connect(self._refresh)
        self._refresh()

    def is_busy(self) -> bool:
        """The work runs."""
        return self._mine and self.runner.busy

    def show_result(self, result: dict[str, Any]) -> None:
        """Show what the command found."""
        raise NotImplementedError

    @Slot()
    def _start(self) -> None:
        if not self.runner.busy:
            self._mine = True
            self.state.setText("Starting…")
            self.runner.start(self.command())
            self._refresh()

    @Slot()
    def _refresh(self) -> None:
        self.start.setEnabled(not self.runner.busy)
        self.stop.setVisible(self.is_busy())
        self.bar.setVisible(self.is_busy())
        self.changed.emit()

    @Slot(str, float, str)
    def _progressed(self, stage: str, share: float, note: str) -> None:
        if self._mine:
            self.bar.setValue(round(1000 * share))
            self.state.setText(f"{stage}  {note}".strip())

    @Slot(str, str)
    def _said(self, kind: str, text: str) -> None:
        if self._mine and kind == "warning":
            self.state.setText(text)

    @Slot(dict)
    def _done(self, result: dict[str, Any]) -> None:
        if self._mine:
            self._end("")
            self.show_result(result)
            self.changed.emit()

    @Slot(str, str)
    def _failed(self, sentence: str, _: str) -> None:
        self._end(sentence)

    @Slot()
    def _cancelled(self) -> None:
        self._end("Stopped.")

    def _end(self, sentence: str) -> None:
        if self._mine:
            self._mine = False
            self.state.setText(sentence)
            self._refresh()


class EvaluationPage(WorkPage):
    """Figures with intervals, confusion matrix, and the windows behind each of its cells."""

    window_chosen = Signal(object)  # CellWindow

    def __init__(self, holder: PlanHolder, runner: JobRunner, theme: Theme) -> None:
        self.figures = RowTable(
            "Figures on the test patients",
            (
                Column("Figure", lambda f: f.name, stretch=True),
                Column("Value", lambda f: f.value, right=True),
                Column("95 % interval", lambda f: f.interval, right=True),
            ),
            max_rows=14,
        )
        self.matrix = ConfusionMatrix(theme)
        self.windows = RowTable(
            "Windows of the chosen cell",
            (
                Column("Record", lambda w: w.record),
                Column("Lead", lambda w: w.lead),
                Column("At", lambda w: f"{w.start / w.rate_hz:.2f} s", right=True),
                Column("Sure", lambda w: f"{w.probability:.0%}", right=True),
                Column("Patient", lambda w: w.patient, stretch=True),
            ),
            max_rows=10,
        )
        super().__init__(
            "Evaluation",
            "The model meets the test patients for the first time. Every window counts; intervals come from "
            "drawing patients with replacement. Choose a cell of the matrix to see its windows.",
            "Evaluate",
            holder,
            runner,
        )
        self._index: ConfusionIndex | None = None
        self._names: tuple[str, ...] = ()
        self.report = QPushButton("Open report")
        self.report.setAutoDefault(False)
        self.report.clicked.connect(self._open_report)
        self.row.insertWidget(2, self.report)
        self.chosen = role_label("muted", wrap=True)
        left = QVBoxLayout()
        left.addWidget(self.figures)
        left.addStretch(1)
        right = QVBoxLayout()
        right.addWidget(self.matrix, 0, Qt.AlignmentFlag.AlignLeft)
        right.addStretch(1)
        both = QHBoxLayout()
        both.setSpacing(24)
        both.addLayout(left, 1)
        both.addLayout(right, 1)
        self.body.addLayout(both)
        self.body.addWidget(self.chosen)
        self.body.addWidget(self.windows)
        self.body.addStretch(1)
        self.matrix.cell_chosen.connect(self.show_cell)
        self.windows.chosen.connect(self.window_chosen)
        self.windows.hide()
        self.report.hide()

    def command(self) -> tuple[str, ...]:
        """Evaluating the run."""
        return self.holder.plan.evaluate_command() if self.holder.plan.preset else ()

    def set_theme(self, theme: Theme) -> None:
        """Take the colours."""
        self.matrix.set_theme(theme)

    def show_result(self, result: dict[str, Any]) -> None:
        """Show figures and matrix."""
        self.figures.set_rows(figures_of(result))
        self._names = tuple(result.get("class_names") or ())
        confusion = result.get("confusion")
        self.matrix.setVisible(bool(confusion) and bool(self._names))
        if confusion and self._names:
            self.matrix.show_counts(self._names, np.array(confusion, np.int64))
        folder = self.holder.plan.folder
        self._index = _index_in(folder / "evaluation")
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
        what = "samples" if self._index.kind == "per_sample" else "windows"
        words = f"{total:,} {what} that are {self._names[truth]} and were called {self._names[prediction]}"
        hint = "; choose a window to open its record there." if rows else "."
        self.chosen.setText(words + hint)
        self.windows.set_rows(rows)
        self.windows.setVisible(bool(rows))

    @Slot()
    def _open_report(self) -> None:
        path: Path = self.holder.plan.folder / "evaluation.html"
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))


class ExportPage(WorkPage):
    """Number format, parity with the float model, files."""

    def __init__(self, holder: PlanHolder, runner: JobRunner) -> None:
        self.form = QComboBox()
        name_choice(self.form, "Number format")
        for form, words in (
            ("INT8", "INT8: smallest and fastest"),
            ("INT16X8", "INT16 activations, INT8 weights"),
            ("FP16", "FP16"),
            ("FP32", "FP32"),
        ):
            self.form.addItem(words, form)
        super().__init__(
            "Export",
            "Quantization is calibrated on training patients and checked against the float model; a loss beyond "
            "the limit of the preset stops the export.",
            "Export",
            holder,
            runner,
        )
        self.row.insertWidget(0, QLabel("Format"))
        self.row.insertWidget(1, self.form)
        self.folder_button = QPushButton("Open folder")
        self.folder_button.setAutoDefault(False)
        self.folder_button.clicked.connect(self._open_folder)
        self.row.addWidget(self.folder_button)
        self.report = RowTable(
            "Export report",
            (Column("", lambda f: f.name, stretch=True), Column("", lambda f: f.value, right=True)),
            max_rows=16,
            header=False,
        )
        self.body.addWidget(self.report)
        self.body.addStretch(1)
        self.form.currentIndexChanged.connect(self._refresh)

    def command(self) -> tuple[str, ...]:
        """Exporting the run."""
        return self.holder.plan.export_command(self.form.currentData()) if self.holder.plan.preset else ()

    def show_result(self, result: dict[str, Any]) -> None:
        """Show sizes and parity."""
        self.report.set_rows(
            [Figure(name, str(value), "") for name, value in (result.get("summary") or {}).items()]
        )

    @Slot()
    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.holder.plan.folder)))


def _index_in(folder: Path) -> ConfusionIndex | None:
    try:
        return ConfusionIndex.load(folder / FILE_NAME)
    except EngineError:
        return None  # a task without classes has no index


def figures_of(result: dict[str, Any]) -> list[Figure]:
    """The figures of an evaluation document as rows; what it does not have is left out."""
    intervals = result.get("ci95") or {}
    rows = [
        Figure("Windows", f"{result.get('n', 0):,}", ""),
        Figure("Coverage", f"{result.get('coverage', 1):.1%}", ""),
    ]
    for key, words in FIGURES:
        if isinstance(result.get(key), int | float):
            rows.append(Figure(words, f"{result[key]:.4f}", _interval(intervals.get(key))))
    per_class = intervals.get("f1_per_class") or {}
    for name, value in (result.get("f1_per_class") or {}).items():
        shown = "absent" if value is None else f"{value:.4f}"
        rows.append(Figure(f"F1 of {name}", shown, _interval(per_class.get(name))))
    return rows


def _interval(pair: Any) -> str:
    return f"{pair[0]:.3f} to {pair[1]:.3f}" if pair and None not in pair else ""
