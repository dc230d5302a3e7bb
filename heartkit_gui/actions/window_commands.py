"""Commands that concern the window itself, the analysis and help."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QWhatsThis

from engine.errors import EngineError
from heartkit_gui.actions.palette import CommandPalette
from heartkit_gui.actions.sheet import ShortcutSheet
from heartkit_gui.views.about_dialog import AboutDialog
from heartkit_gui.views.settings_dialog import SettingsDialog

if TYPE_CHECKING:
    from heartkit_gui.views.main_window import MainWindow


class WindowCommands(QObject):
    """Panels, full screen, settings."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    def settings(self) -> None:
        """Edit the preferences."""
        store, canvas = self._window.context.settings, self._window.review.canvas
        runs = self._window.context.folders.runs
        dialog = SettingsDialog(store.settings, canvas.pixels_per_mm, self._window, runs)
        dialog.accepted_changes.connect(self._change_settings)
        self._window.show_dialog(dialog)

    @Slot(dict)
    def _change_settings(self, changes: dict[str, Any]) -> None:
        self._window.context.settings.update(**changes)

    def quit(self) -> None:
        """Close the window, and with it the program."""
        self._window.close()

    def full_screen(self, full: bool) -> None:
        """Use the whole screen, or go back."""
        if full:
            self._window.showFullScreen()
        else:
            self._window.showNormal()

    def panel(self, name: str, visible: bool) -> None:
        """Show or hide a panel; one that appears gets the keyboard."""
        panel = self._window.panels.dock(name)
        panel.setVisible(visible)
        if visible:
            panel.raise_()
            self._window.panels.focus(name)

    def focus_panel(self, step: str) -> None:
        """Move the keyboard to the next visible panel, or the one before."""
        self._window.panels.focus_next(int(step))

    def reset_layout(self) -> None:
        """Panels as they were at first."""
        self._window.panels.reset()


class AnalysisCommands(QObject):
    """Run, stop, save."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._context = window.context

    def run(self) -> None:
        """Analyse the open record."""
        self._window.start_analysis()

    def cancel(self) -> None:
        """Stop."""
        self._context.analysis.cancel()

    def export_json(self) -> None:
        """Ask where to, then save the findings."""
        record = self._context.document.record
        if record is None:
            return
        dialog = QFileDialog(
            self._window, "Save findings", str(Path.home() / f"{record.name}.json"), "JSON (*.json)"
        )
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("json")
        dialog.fileSelected.connect(self.write_json)
        self._window.show_dialog(dialog)

    @Slot(str)
    def write_json(self, path: str) -> None:
        """Save the findings as the document that the command line writes."""
        from engine.analysis.document import to_document
        from engine.records.atomic import write_atomic

        record, analysis = self._context.document.record, self._context.document.analysis
        if record is None or analysis is None:
            return
        text = json.dumps(to_document(analysis, record.info), indent=1)
        try:
            write_atomic(Path(path), text.encode())
        except EngineError as error:
            self._window.show_fault("Cannot save the findings", str(error))
        else:
            self._window.say(f"Saved {Path(path).name}.")


class HelpCommands(QObject):
    """Palette, sheet, about."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    def palette(self) -> None:
        """Find a command by name."""
        CommandPalette(list(self._window.registry), self._window).open_over()

    def shortcuts(self) -> None:
        """All keys."""
        self._window.show_dialog(ShortcutSheet(self._window))

    def whats_this(self) -> None:
        """Point at a control to have it explained."""
        QWhatsThis.enterWhatsThisMode()

    def log_folder(self) -> None:
        """Show the folder of the log file."""
        folder = self._window.context.folders.log
        folder.mkdir(parents=True, exist_ok=True)
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

    def about(self) -> None:
        """Version and licence."""
        self._window.show_dialog(AboutDialog(self._window))
