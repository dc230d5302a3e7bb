"""Last step: the quantized model, checked against the float one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QComboBox, QLabel

from heartkit_gui.services.job_runner import JobRunner
from heartkit_gui.widgets.labels import name_choice
from heartkit_gui.widgets.tables import Column, RowTable
from heartkit_gui.wizards.plan import PlanHolder
from heartkit_gui.wizards.scaffold import page_button
from heartkit_gui.wizards.work_page import WorkPage

FORMS = (
    ("INT8", "INT8: smallest and fastest"),
    ("INT16X8", "INT16 activations, INT8 weights"),
    ("FP16", "FP16"),
    ("FP32", "FP32"),
)


@dataclass(frozen=True)
class Line:
    """One line of the export's summary."""

    name: str
    value: str


class ExportPage(WorkPage):
    """Number format, parity with the float model, files."""

    def __init__(self, holder: PlanHolder, runner: JobRunner) -> None:
        super().__init__(
            "Export",
            "Quantization is calibrated on training patients and checked against the float model; a loss beyond "
            "the limit of the preset stops the export. An exported model can be chosen in Analysis > Algorithms.",
            "Export", holder, runner,
        )  # fmt: skip
        self.form = QComboBox()
        name_choice(self.form, "Number format")
        for form, words in FORMS:
            self.form.addItem(words, form)
        self.row.insertWidget(0, QLabel("Format"))
        self.row.insertWidget(1, self.form)
        self.folder_button = page_button("Open folder", "Open the folder of the run", self._open_folder)
        self.row.addWidget(self.folder_button)
        self.report = RowTable(
            "Export report",
            (Column("", lambda f: f.name, stretch=True), Column("", lambda f: f.value, right=True)),
            max_rows=16,
            header=False,
        )
        self.body.addWidget(self.report)
        self.body.addStretch(1)
        self._shown: Path | None = None
        self.report.hide()
        self.form.currentIndexChanged.connect(self.refresh)
        self.refresh()

    def command(self) -> tuple[str, ...]:
        """Exporting the run."""
        return self.holder.plan.export_command(self.form.currentData()) if self.holder.plan.preset else ()

    def entered(self) -> None:
        """Show the summary of a run that was exported before."""
        folder = self.holder.plan.folder
        if folder != self._shown and not self.runner.busy:
            self.outcome.say("")
            self._show(_saved_summary(folder))
            self._shown = folder
        self.refresh()

    def show_result(self, result: dict[str, Any]) -> None:
        """Show sizes and parity."""
        self._shown = self.holder.plan.folder
        self._show(_saved_summary(self._shown) or result.get("summary") or {})
        self.outcome.say(f"Written to {self._shown}.")

    def _show(self, summary: dict[str, Any]) -> None:
        self.report.set_rows([Line(name, str(value)) for name, value in summary.items()])
        self.report.setVisible(bool(summary))

    @Slot()
    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.holder.plan.folder)))


def _saved_summary(folder: Path) -> dict[str, str]:
    from engine.modes.export import summary

    try:
        parts = ("export", "parity")
        return summary({p: json.loads((folder / f"{p}.json").read_text(encoding="utf-8")) for p in parts})
    except (OSError, ValueError, KeyError, TypeError):
        return {}  # not exported yet, or by a version that wrote something else
