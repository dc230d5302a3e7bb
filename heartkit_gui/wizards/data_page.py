"""Second step: the recordings a preset needs, where they lie, and how to get those that are missing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from pathlib import Path

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QCheckBox, QFileDialog, QHBoxLayout, QLabel, QLineEdit, QProgressBar

from engine.datasets.catalog import dataset_info, find_folder
from engine.errors import EngineError
from heartkit_gui.services.job_runner import JobRunner
from heartkit_gui.theme.tokens import Theme
from heartkit_gui.widgets.outcome import Outcome
from heartkit_gui.widgets.tables import Column, RowTable
from heartkit_gui.wizards.plan import PlanHolder
from heartkit_gui.wizards.scaffold import Page, page_button


@dataclass(frozen=True)
class DatasetRow:
    """One dataset of the preset and whether it is there."""

    name: str
    title: str
    patients: str
    licence: str
    size: str
    state: str
    folder: Path | None
    must_accept: bool
    tip: str
    terms: str  # what is to be accepted, with a link to the publisher


class DataPage(Page):
    """Folder, state of every dataset, download."""

    def __init__(self, holder: PlanHolder, runner: JobRunner) -> None:
        super().__init__(
            "Data",
            "Recordings stay where they are. Patients are divided into training, validation and test before "
            "anything is cut; test patients are used for the final figures only.",
        )
        self._holder, self._runner = holder, runner
        self._mine = self._ended = False  # a download of this page runs; how the last one ended is still shown
        self.folder = QLineEdit()
        self.folder.setAccessibleName("Folder with the datasets")
        self.folder.setPlaceholderText("Where downloads go (leave empty), or a folder with your copies")
        self.folder.editingFinished.connect(self._folder_edited)
        browse = page_button("Browse…", "Choose the folder with the datasets", self._browse)
        row = QHBoxLayout()
        row.addWidget(QLabel("Folder"))
        row.addWidget(self.folder, 1)
        row.addWidget(browse)
        self.table = RowTable(
            "Datasets of this preset",
            (
                Column("Dataset", lambda r: r.name),
                Column("", lambda r: r.title, stretch=True),
                Column("Patients", lambda r: r.patients, right=True),
                Column("Licence", lambda r: r.licence),
                Column("Size", lambda r: r.size, right=True),
                Column("State", lambda r: r.state),
            ),
            max_rows=8,
        )
        self.terms = QLabel()
        self.terms.setTextFormat(Qt.TextFormat.RichText)
        self.terms.setWordWrap(True)
        self.terms.setOpenExternalLinks(True)
        self.terms.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self.terms.setAccessibleName("Licences to accept")
        self.accept = QCheckBox("I have read these licences and accept them")
        self.accept.setAccessibleName(self.accept.text())
        self.accept.setVisible(False)
        self.accept.toggled.connect(self._refresh)
        self.download = page_button("Download what is missing", "Download what is missing", self._download)
        self.stop = page_button("Stop", "Stop the download and keep what is there", runner.cancel)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Download progress")
        self.note = Outcome()
        buttons = QHBoxLayout()
        buttons.addWidget(self.download)
        buttons.addWidget(self.stop)
        buttons.addStretch(1)
        self.body.addLayout(row)
        self.body.addWidget(self.table)
        self.body.addWidget(self.terms)
        self.body.addWidget(self.accept)
        self.body.addLayout(buttons)
        self.body.addWidget(self.bar)
        self.body.addWidget(self.note)
        self.body.addStretch(1)
        runner.progressed.connect(self._progressed)
        runner.finished.connect(self._done)
        runner.failed.connect(self._failed)
        runner.cancelled.connect(self._cancelled)
        holder.changed.connect(self._refresh)
        self._refresh()

    def is_complete(self) -> bool:
        """Every dataset is there."""
        return bool(self.rows()) and all(row.folder is not None for row in self.rows())

    def is_busy(self) -> bool:
        """A download runs."""
        return self._mine and self._runner.busy

    def command(self) -> tuple[str, ...]:
        """The download of what is missing."""
        missing = [row.name for row in self.rows() if row.folder is None and row.size]
        if not missing:
            return ()
        accepted = ("--accept-licence",) if self.accept.isChecked() else ()
        source = self._holder.plan.source
        return ("download", *missing, *(("--to", str(source)) if source is not None else ()), *accepted)

    def entered(self) -> None:
        """Look at the folders again: they may have changed."""
        self._ended = False
        self._refresh()

    def set_theme(self, theme: Theme) -> None:
        """Take the colours."""
        self.note.set_theme(theme)

    def rows(self) -> list[DatasetRow]:
        """The datasets of the plan as they are now."""
        plan = self._holder.plan
        if not plan.preset:
            return []
        return [_row(dataset.name, plan.source) for dataset in plan.config.datasets]

    @Slot()
    def _refresh(self) -> None:
        rows = self.rows()
        self.table.set_rows(rows)
        missing = [row for row in rows if row.folder is None]
        asking = [row for row in missing if row.must_accept]
        asks = bool(asking)
        self.terms.setText("<br>".join(row.terms for row in asking))
        self.terms.setVisible(asks)
        self.accept.setVisible(asks)
        running = self.is_busy()
        if not running and not self._ended:
            self.note.say(self._cure(missing))
        self.download.setVisible(any(row.size for row in missing) and not running)
        self.download.setEnabled(not self._runner.busy and (not asks or self.accept.isChecked()))
        self.stop.setVisible(running)
        self.bar.setVisible(running)
        source = self._holder.plan.source
        if not self.folder.hasFocus():
            self.folder.setText(str(source) if source is not None else "")
        self.changed.emit()

    def _cure(self, missing: list[DatasetRow]) -> str:
        """What to do about missing recordings; what is wrong with a folder that was named comes first."""
        if not missing:
            return ""
        if self._holder.plan.source is not None or not missing[0].size:
            return missing[0].tip
        return f"Download {_listed([row.name for row in missing])} here, or name the folder that holds copies."

    @Slot()
    def _browse(self) -> None:
        dialog = QFileDialog(self, "Folder with the datasets", self.folder.text() or str(Path.home()))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(self.choose_folder)
        dialog.open()

    @Slot(str)
    def choose_folder(self, folder: str) -> None:
        """Look for the datasets there; empty for where downloads go."""
        self.folder.setText(folder)
        self._folder_edited()

    @Slot()
    def _folder_edited(self) -> None:
        text = self.folder.text().strip()
        self._ended = False
        self._holder.put(replace(self._holder.plan, source=Path(text).expanduser() if text else None))

    @Slot()
    def _download(self) -> None:
        arguments = self.command()
        if arguments and not self._runner.busy:
            self._mine, self._ended = True, False
            self.note.say("Starting…")
            self._runner.start(arguments)
            self._refresh()

    @Slot(str, float, str)
    def _progressed(self, stage: str, share: float, note: str) -> None:
        if self._mine:
            self.bar.setMaximum(1000)
            self.bar.setValue(round(1000 * share))
            self.note.say(f"{stage[:1].upper()}{stage[1:]}  {note}".strip())

    @Slot(dict)
    def _done(self, _: dict) -> None:
        if self._mine:
            self._mine = False
            self._refresh()

    @Slot(str, str)
    def _failed(self, sentence: str, details: str) -> None:
        if self._mine:
            self._mine, self._ended = False, True
            self.note.fail(sentence, details)
            self._refresh()

    @Slot()
    def _cancelled(self) -> None:
        if self._mine:
            self._mine, self._ended = False, True
            self.note.say("Stopped. What was fetched is kept; the download goes on from there next time.")
            self._refresh()


def _row(name: str, source: Path | None) -> DatasetRow:
    try:
        info = dataset_info(name)
    except EngineError as error:
        return DatasetRow(name, "", "", "", "", "unknown", None, False, str(error), "")
    try:
        folder = find_folder(name, source)
        state = "found" if info.size_bytes else "made here"
        tip = str(folder)
    except EngineError as error:
        folder, state, tip = None, "missing", str(error)
    terms = (
        f"{escape(info.title)}: {escape(info.licence)}"
        + ("" if info.commercial else "; not for commercial use, nor are models trained on it")
        + f'. <a href="{escape(info.home)}">{escape(info.home)}</a>'
    )
    size = size_text(info.size_bytes) if info.size_bytes else ""
    patients = f"{info.n_patients:,}" if info.n_patients else ""
    return DatasetRow(name, info.title, patients, info.licence, size, state, folder, info.must_accept, tip, terms)


def _listed(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def size_text(n_bytes: int) -> str:
    """A size as people say it, "380 MB"."""
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:.0f} MB"
