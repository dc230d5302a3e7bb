"""What a person may tell a reader about a file that does not say it itself, and how the reader asks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engine.errors import RecordError


@dataclass(frozen=True, slots=True)
class TextHints:
    """Answers for text tables, arrays and files holding several recordings; None means "find out".

    rate_hz: samples per second; a time column is then not consulted.
    unit: unit of the samples: "V", "mV", "uV", "nV" or "adu" (raw counts).
    adu_per_mv, zero_adu: calibration of raw counts; implies unit "adu" in the file and mV in the record.
    delimiter: one character, or " " for runs of blanks.
    decimal: "." or ",".
    header: False where the first row is already data.
    columns: signals wanted, by name or by 0-based number in the file.
    time_column: name or number of the column of times, where it is not recognised.
    variable: name of the signal array in a .mat, .h5 or .npz file.
    group: 0-based number of the DICOM multiplex group.
    """

    rate_hz: float | None = None
    unit: str | None = None
    adu_per_mv: float | None = None
    zero_adu: float = 0.0
    delimiter: str | None = None
    decimal: Literal[".", ","] | None = None
    header: bool | None = None
    columns: tuple[str | int, ...] | None = None
    time_column: str | int | None = None
    variable: str | None = None
    group: int | None = None


@dataclass(frozen=True, slots=True)
class Guess:
    """What a reader found out on its own, offered when it asks for the rest.

    `rates_hz` lists plausible sampling rates, the likeliest first; `columns` names the columns or arrays;
    `signals` those taken for signals; `preview` holds the first rows as text.
    """

    delimiter: str | None = None
    decimal: Literal[".", ","] = "."
    columns: tuple[str, ...] = ()
    signals: tuple[str, ...] = ()
    unit: str | None = None
    rates_hz: tuple[float, ...] = ()
    preview: tuple[tuple[str, ...], ...] = ()


class NeedsHints(RecordError):  # noqa: N818 - a question, named in the public interface
    """The file is readable, but does not say something that must be known (nearly always the sampling rate)."""

    def __init__(
        self, fault: str, *, path: str | Path | None = None, hint: str | None = None, guess: Guess | None = None
    ) -> None:
        super().__init__(fault, path=path, hint=hint)
        self.guess = guess or Guess()

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (self.fault, self.path, self.hint, self.guess))


def _rebuild(fault: str, path: Path | None, hint: str | None, guess: Guess) -> NeedsHints:
    return NeedsHints(fault, path=path, hint=hint, guess=guess)
