"""The services and models that one window works with, made in one place and handed down."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject

from heartkit_gui.model.document import Document
from heartkit_gui.model.selection import Selection
from heartkit_gui.services.analysis import AnalysisService
from heartkit_gui.services.crash import FaultReporter, open_log
from heartkit_gui.services.live import LiveService
from heartkit_gui.services.loaders import RecordLoader
from heartkit_gui.services.pyramids import PyramidService
from heartkit_gui.services.settings_store import SettingsStore
from heartkit_gui.services.thumbnails import ThumbnailService

APP_NAME = "heartkit-workbench"


@dataclass(frozen=True)
class Folders:
    """Where the program keeps its own files."""

    config: Path
    cache: Path
    log: Path
    runs: Path

    @property
    def recordings(self) -> Path:
        """Where live recordings go."""
        return self.runs.parent / "recordings"

    @staticmethod
    def of_user() -> Folders:
        """The folders that the platform foresees."""
        from platformdirs import PlatformDirs

        dirs = PlatformDirs(APP_NAME, appauthor=False)
        return Folders(
            dirs.user_config_path, dirs.user_cache_path, dirs.user_log_path, dirs.user_data_path / "runs"
        )

    @staticmethod
    def inside(folder: Path) -> Folders:
        """All in one folder: tests, snapshots."""
        return Folders(folder / "config", folder / "cache", folder / "log", folder / "runs")


class AppContext(QObject):
    """Container of the services; `shutdown` ends them in the right order."""

    def __init__(self, folders: Folders, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folders = folders
        self.settings = SettingsStore(folders.config / "settings.json", self)
        self.faults = FaultReporter(open_log(folders.log), self)
        self.document = Document(self)
        self.selection = Selection(self)
        self.loader = RecordLoader(self)
        self.analysis = AnalysisService(self)
        self.comparison = AnalysisService(self)  # its process starts with the first comparison
        self.pyramids = PyramidService(folders.cache / "pyramids", self)
        self.thumbnails = ThumbnailService(self)
        self.live = LiveService(self)

    @property
    def geometry_file(self) -> Path:
        """Where window geometry is remembered."""
        return self.folders.config / "window.ini"

    @property
    def glyph_folder(self) -> Path:
        """Where the style sheet's tinted glyphs are kept."""
        return self.folders.cache / "glyphs"

    def shutdown(self) -> None:
        """End threads and processes, close the record."""
        self.live.shutdown()
        self.loader.shutdown()
        self.analysis.shutdown()
        self.comparison.shutdown()
        self.pyramids.shutdown()
        self.thumbnails.shutdown()
        self.document.close()
        self.faults.uninstall()
