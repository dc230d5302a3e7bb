"""Recordings that a crash or a power cut interrupted: found when the window comes up, finished on request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from engine.errors import EngineError
from heartkit_gui.services.errands import Errands, Failed
from heartkit_gui.widgets.dialogs import name_buttons
from heartkit_gui.widgets.labels import role_label

if TYPE_CHECKING:
    from heartkit_gui.views.main_window import MainWindow

LOOK_MS = 1500  # after the window is up: nothing waits for it
MOST_NAMED = 4
WIDTH = 460


@dataclass(frozen=True)
class Recovered:
    """WFDB headers of what was finished, and why the rest could not be."""

    headers: tuple[Path, ...]
    faults: tuple[str, ...]


class RecoveryDialog(QDialog):
    """Offers to finish recordings."""

    recovery_wanted = Signal()

    def __init__(self, names: Sequence[str], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Interrupted recordings")
        self.setAccessibleName("Interrupted recordings")
        many = len(names) > 1
        named = ", ".join(names[:MOST_NAMED]) + (f" and {len(names) - MOST_NAMED} more" * (len(names) > MOST_NAMED))
        what = f"{len(names)} recordings were" if many else "A recording was"
        self.sentence = role_label("", f"{what} interrupted before the end: {named}.", wrap=True)
        about = "Recovering keeps all but about the last second. Nothing is lost by doing it later."
        buttons = QDialogButtonBox()
        self.recover = buttons.addButton("Recover", QDialogButtonBox.ButtonRole.AcceptRole)
        self.later = buttons.addButton("Not now", QDialogButtonBox.ButtonRole.RejectRole)
        name_buttons(buttons)
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 18, 22, 16)
        layout.setSpacing(12)
        layout.addWidget(self.sentence)
        layout.addWidget(role_label("small", about, wrap=True))
        layout.addWidget(buttons)
        self.setMinimumWidth(WIDTH)

    @Slot()
    def _accept(self) -> None:
        self.recovery_wanted.emit()
        self.accept()


class LiveRecovery(QObject):
    """Looks once, asks once."""

    done = Signal(object)  # Recovered

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._folder = window.context.folders.recordings
        self._errands: Errands | None = None
        self._found: tuple[Path, ...] = ()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    @Slot()
    def look(self) -> None:
        """Offer what is there."""
        self._timer.stop()
        if self._folder.is_dir():
            self._do(_Look(self._folder), self._deliver_found)

    def shutdown(self) -> None:
        """Look no more; what is being finished is finished."""
        self._timer.stop()
        if self._errands is not None:
            self._errands.close()

    def _do(self, work: _Look | _Recover, deliver: Callable[[object], None]) -> None:
        if self._errands is None:
            self._errands = Errands("recovery", self)
        self._errands.give("recovery", work, deliver)

    def _deliver_found(self, outcome: object) -> None:
        if not isinstance(outcome, tuple) or not outcome:
            return
        self._found = outcome
        dialog = RecoveryDialog([folder.stem for folder in outcome], self._window)
        dialog.recovery_wanted.connect(self._recover)
        self._window.show_dialog(dialog)

    @Slot()
    def _recover(self) -> None:
        self._do(_Recover(self._found), self._deliver_recovered)

    def _deliver_recovered(self, outcome: object) -> None:
        if isinstance(outcome, Failed):
            self._window.show_fault("Cannot recover", outcome.sentence, outcome.details)
            return
        assert isinstance(outcome, Recovered)
        if outcome.headers:
            self._window.open_path(outcome.headers[-1])
            names = ", ".join(header.stem for header in outcome.headers[:MOST_NAMED])
            self._window.say(f"Recovered {names}.")
        if outcome.faults:
            self._window.show_fault("Not everything could be recovered", "\n".join(outcome.faults))
        self.done.emit(outcome)


@dataclass(frozen=True)
class _Look:
    folder: Path

    def __call__(self) -> tuple[Path, ...]:
        from engine.devices.recorder import unfinished
        from engine.devices.recording_claim import is_claimed

        return tuple(folder for folder in unfinished(self.folder) if not is_claimed(folder))


@dataclass(frozen=True)
class _Recover:
    folders: tuple[Path, ...]

    def __call__(self) -> Recovered:
        from engine.devices.recorder import recover

        headers, faults = [], []
        for folder in self.folders:
            try:
                headers.append(recover(folder))
            except EngineError as error:
                faults.append(str(error))
        return Recovered(tuple(headers), tuple(faults))
