"""What can go wrong between a board and its reader, as errors that name fault and cure."""

from __future__ import annotations

from pathlib import Path

from engine.errors import EngineError


class DeviceError(EngineError):
    """A board or port cannot be found, opened, understood or kept."""


class LinkLostError(DeviceError):
    """The port was there and is gone: cable pulled, board without power, other end closed."""


class NoAnswerError(DeviceError):
    """The port is open but nobody answers in our protocol."""


class RefusedError(DeviceError):
    """The board answered that it will not do what was asked. value: the number in its answer."""

    def __init__(
        self, fault: str, *, path: str | Path | None = None, hint: str | None = None, value: int = 0
    ) -> None:
        super().__init__(fault, path=path, hint=hint)
        self.value = value


class VersionError(DeviceError):
    """The firmware speaks another version of the protocol."""


class RecordingEndedError(LinkLostError):
    """A recording was played to its end."""
