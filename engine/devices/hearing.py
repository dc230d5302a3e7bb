"""What was heard on a port since it was opened, and what to make of it when nobody introduces himself."""

from __future__ import annotations

from engine.devices.faults import NoAnswerError, VersionError
from engine.devices.protocol import VERSION, Assembler, BadFrame, BadReason, DeviceInfo, Info, InfoError
from engine.errors import EngineError

GARBAGE_FRAMES = 20  # damaged ones in a row, not one good
GARBAGE_BYTES = 64  # without a good frame among them


class Hearing:
    """Counts of one opening of a port. Not for several threads at once."""

    def __init__(self) -> None:
        self.n_bytes = 0
        self.n_good = 0
        self.n_described = 0  # boards of our protocol that said what they are
        self.bad_in_row = 0
        self.misfit: EngineError | None = None  # why what answers is of no use
        self._assembler = Assembler()

    def good(self) -> None:
        """A good frame."""
        self.n_good += 1
        self.bad_in_row = 0

    def bad(self, bad: BadFrame) -> None:
        """A frame that was refused."""
        self.bad_in_row += 1
        if bad.reason is BadReason.VERSION:
            self.misfit = _other_version(bad.detail)

    def introduced(self, piece: Info) -> DeviceInfo | None:
        """The board that this piece of INFO completes, if it is one of ours; otherwise `misfit` says why not."""
        document = self._assembler.add(piece)
        if document is None:
            return None
        try:
            info = DeviceInfo.from_json(document)
        except InfoError as error:
            self.misfit = error
            return None
        first, last = info.protocol
        if not first <= VERSION <= last:
            theirs = f"version {first}" if first == last else f"versions {first} to {last}"
            self.misfit = _other_version(f"{info.board} speaks protocol {theirs}, this program version {VERSION}")
            return None
        self.n_described += 1
        return info

    @property
    def is_garbage(self) -> bool:
        """True when something talks, but not in our protocol, or not at this speed."""
        return self.bad_in_row >= GARBAGE_FRAMES or (self.n_bytes >= GARBAGE_BYTES and self.n_good == 0)

    def why_not(self, port: str) -> EngineError:
        """Why nobody of ours is there."""
        if self.misfit is not None:
            return self.misfit
        if self.bad_in_row >= GARBAGE_FRAMES and self.n_good:
            return NoAnswerError(
                f"{port}: {self.bad_in_row} damaged frames in a row", hint="another speed, or a bad cable?"
            )
        if self.is_garbage:
            what = f"{self.n_bytes:,} bytes came, but nothing in our protocol"
            hint = f"another speed, or another kind of device? lines:{port} reads one that prints numbers"
            return NoAnswerError(f"{port}: {what}", hint=hint)
        return NoAnswerError(
            f"{port}: nobody answers", hint="is the firmware running? does another program hold the board?"
        )


def _other_version(fault: str) -> VersionError:
    return VersionError(fault, hint="update the firmware, or use the program it came with")
