"""What the live view asks of a session, as functions for another thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.devices.live import LiveSession
from engine.devices.protocol import Source
from engine.devices.recorder import RecorderOptions, RecorderStatus
from engine.records import open_record
from engine.records.hints import TextHints


@dataclass(frozen=True)
class SelectSource:
    """Take samples from elsewhere."""

    source: Source
    item: int = 0

    def __call__(self, session: LiveSession) -> None:
        """Ask it."""
        session.select_source(self.source, self.item)


@dataclass(frozen=True)
class InjectRecord:
    """Have the board take its samples from a record of this computer."""

    path: Path
    hints: TextHints | None = None

    def __call__(self, session: LiveSession) -> None:
        """Ask it."""
        session.inject(open_record(self.path, hints=self.hints))


@dataclass(frozen=True)
class InjectNoise:
    """Add noise; levels in mV by keyword of `LiveSession.inject_noise`."""

    levels: Mapping[str, float]

    def __call__(self, session: LiveSession) -> None:
        """Ask it."""
        session.inject_noise(**self.levels)


@dataclass(frozen=True)
class SelectModels:
    """Run these models."""

    ids: tuple[int, ...]

    def __call__(self, session: LiveSession) -> None:
        """Ask it."""
        session.select_models(self.ids)


@dataclass(frozen=True)
class BeginRecording:
    """Record into a folder."""

    folder: Path

    def __call__(self, session: LiveSession) -> None:
        """Ask it."""
        session.record(RecorderOptions(self.folder))


def end_recording(session: LiveSession) -> RecorderStatus:
    """Finish the recording."""
    return session.stop_recording()
