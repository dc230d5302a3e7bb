"""Settings on disk: read once, written atomically, never in the way when the file is broken."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from engine.errors import EngineError
from engine.records.atomic import write_atomic
from heartkit_gui.model.settings import Settings, parse_settings

MAX_BYTES = 1_000_000


class SettingsStore(QObject):
    """Holds the present `Settings`; every change is written at once and announced.

    A file that cannot be understood is kept beside as `settings.broken.json`, defaults apply, and `notice` says so.
    """

    changed = Signal(object)  # Settings

    def __init__(self, path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path = path
        self.notice = ""
        self._settings = self._load()

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._settings

    @property
    def folder(self) -> Path:
        """Folder of the settings file, home of everything else the window remembers."""
        return self._path.parent

    def update(self, **changes: Any) -> None:
        """Change some settings; ValueError when a value is not acceptable."""
        self.replace(parse_settings({**self._settings.model_dump(mode="json"), **changes}))

    def replace(self, settings: Settings) -> None:
        """Put other settings in force and store them."""
        if settings == self._settings:
            return
        self._settings = settings
        self._write()
        self.changed.emit(settings)

    def _load(self) -> Settings:
        try:
            if self._path.stat().st_size > MAX_BYTES:
                raise ValueError("the settings file is too large")
            return parse_settings(json.loads(self._path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return Settings()
        except (OSError, ValueError) as error:
            broken = self._path.with_name(f"{self._path.stem}.broken.json")
            self.notice = f"Settings could not be read and were reset: {error}"
            with suppress(OSError):  # an unreadable folder must not stop the program; the defaults serve
                self._path.replace(broken)
            return Settings()

    def _write(self) -> None:
        text = json.dumps(self._settings.model_dump(mode="json"), indent=2)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(self._path, text.encode())
        except (OSError, EngineError) as error:
            self.notice = f"Settings could not be saved: {error}"
