"""Commands of the File menu."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from engine.errors import EngineError
from engine.resources import built_in_record, resource_path
from heartkit_gui.services.catalogue import SUFFIXES

if TYPE_CHECKING:
    from heartkit_gui.views.main_window import MainWindow

PATTERNS = " ".join(f"*{suffix}" for suffix in sorted(SUFFIXES))
FILTERS = f"Recordings ({PATTERNS});;All files (*)"


class FileCommands(QObject):
    """Open, close, save pictures."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._settings = window.context.settings
        self._document = window.context.document

    def open_dialog(self) -> None:
        """Ask for a recording."""
        dialog = QFileDialog(self._window, "Open record", self._start_folder(), FILTERS)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self._file_chosen)
        self._window.show_dialog(dialog)

    def folder_dialog(self) -> None:
        """Ask for a folder to browse."""
        dialog = QFileDialog(self._window, "Open folder", self._start_folder())
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(self._file_chosen)
        self._window.show_dialog(dialog)

    def open_sample(self, name: str) -> None:
        """Open one of the recordings that come with the program."""
        try:
            twelve = name == "12lead"
            path = resource_path("samples", "dicom_12lead", "waveform_ecg.dcm") if twelve else built_in_record()
        except EngineError as error:
            self._window.show_fault("Cannot open the sample", str(error))
            return
        self._window.open_path(path)

    def reload(self) -> None:
        """Open the present record once more."""
        record = self._document.record
        if record is not None:
            self._window.open_path(record.path, self._document.hints)

    def close(self) -> None:
        """Close the record."""
        self._window.close_record()

    def clear_recent(self) -> None:
        """Forget which records were opened."""
        self._settings.update(recent=[])

    def save_picture(self) -> None:
        """Ask where to, then save what the trace shows."""
        record = self._document.record
        if record is None:
            return
        dialog = QFileDialog(self._window, "Save picture", str(Path.home() / f"{record.name}.png"), "PNG (*.png)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("png")
        dialog.fileSelected.connect(self.write_picture)
        self._window.show_dialog(dialog)

    def copy_picture(self) -> None:
        """Put what the trace shows on the clipboard."""
        QGuiApplication.clipboard().setPixmap(self._window.review.canvas.grab())
        self._window.say("The trace is on the clipboard.")

    @Slot(str)
    def write_picture(self, path: str) -> None:
        """Save what the trace shows."""
        if self._window.review.canvas.grab().save(path, "PNG"):
            self._window.say(f"Saved {Path(path).name}.")
        else:
            self._window.show_fault("Cannot save the picture", f"{Path(path).name}: the file cannot be written.")

    @Slot(str)
    def _file_chosen(self, path: str) -> None:
        self._window.open_path(Path(path))

    def _start_folder(self) -> str:
        record = self._document.record
        return str(record.path.parent) if record is not None else self._settings.settings.browser_folder
