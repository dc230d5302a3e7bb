"""Commands of the Models menu."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from engine.errors import EngineError
from heartkit_gui.services.job_runner import JobRunner

if TYPE_CHECKING:
    from engine.evaluation.confusion_index import CellWindow
    from heartkit_gui.views.main_window import MainWindow
    from heartkit_gui.wizards.training_wizard import TrainingWizard


class ModelCommands(QObject):
    """Train a model; look at the windows of an evaluation."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._runner = JobRunner(self)
        self._wizard: TrainingWizard | None = None
        self._wanted_s: float | None = None
        window.context.document.record_changed.connect(self._record_changed)

    @property
    def runs_folder(self) -> Path:
        """Where training runs are kept."""
        return self._window.context.folders.runs

    @property
    def wizard(self) -> TrainingWizard | None:
        """The training wizard while it is open."""
        return self._wizard

    def train(self) -> None:
        """Open the training wizard, or bring it to the front."""
        from heartkit_gui.wizards.training_wizard import TrainingWizard

        if self._wizard is None:
            self._wizard = TrainingWizard(self.runs_folder, self._runner, self._window.theme, self._window)
            self._wizard.destroyed.connect(self._forget)
            self._wizard.window_chosen.connect(self.open_window)
            self._show_record()
        self._wizard.show()
        self._wizard.raise_()
        self._wizard.activateWindow()

    def zoo(self) -> None:
        """List the built-in models."""
        from heartkit_gui.views.models_dialog import ModelsDialog

        self._window.show_dialog(ModelsDialog(self._window))

    def set_theme(self) -> None:
        """Give an open wizard the window's colours."""
        if self._wizard is not None:
            self._wizard.set_theme(self._window.theme)

    def shutdown(self) -> None:
        """End work under way; a training run can be resumed."""
        self._runner.shutdown()

    @Slot()
    def _forget(self) -> None:
        self._wizard = None

    @Slot(object)
    def open_window(self, chosen: CellWindow) -> None:
        """Open the recording of an evaluated window, at its time."""
        from engine.config import load_config
        from engine.datasets.recordings import find_recording

        if self._wizard is None:
            return
        try:
            config = load_config(self._wizard.holder.plan.folder / "config.json")
        except EngineError as error:
            self._window.show_fault("Cannot open the recording", str(error))
            return
        plan = self._wizard.holder.plan
        places = [*(dataset.path for dataset in config.datasets), plan.source]
        folders = [place for place in places if place is not None]
        path = find_recording(chosen.record, folders)
        if path is None:
            self._window.show_fault(
                "Cannot open the recording",
                f"Recording {chosen.record} is no file of its own in the dataset's folder.",
            )
            return
        self._wanted_s = chosen.start / chosen.rate_hz
        self._window.open_path(path)

    @Slot()
    def _record_changed(self) -> None:
        self._show_record()
        self._go_to_wanted()

    def _show_record(self) -> None:
        """Tell the wizard what its model can be tried on."""
        record = self._window.context.document.record
        if self._wizard is not None:
            path = record.path if record is not None else None
            self._wizard.evaluation.set_record(path, self._view_start)

    def _view_start(self) -> float:
        record, canvas = self._window.context.document.record, self._window.review.canvas
        return 0.0 if record is None else canvas.view_start / record.fs

    def _go_to_wanted(self) -> None:
        record = self._window.context.document.record
        if self._wanted_s is not None and record is not None:
            seconds, self._wanted_s = self._wanted_s, None
            self._window.go.to_time(seconds)
