"""Which windows lie in which cell of a confusion matrix: what a person drills into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.config import unknown
from engine.errors import EngineError
from engine.records.atomic import atomic_write
from engine.tasks.base import WindowSet

I64 = NDArray[np.int64]
VERSION = 1
FILE_NAME = "windows.npz"


@dataclass(frozen=True)
class CellWindow:
    """One window of a cell, enough to open it: start in samples of the record at rate_hz.

    probability: of the class answered (per window), or the share of the window's samples in the cell (per sample).
    """

    number: int
    patient: str
    record: str
    lead: str
    start: int
    rate_hz: float
    probability: float


@dataclass(frozen=True)
class ConfusionIndex:
    """Every scored window with its place and its cell.

    cells: one answer a window: int32 [n, 2] of true and answered class. Many answers a window (per sample): counts
    int32 [n, k, k]. Multi-label: bool [n, k, 2], truth and answer of each label.
    score: float32 [n, k], mean probability of each class in the window.
    number: row of the window in the set that was evaluated.
    """

    class_names: tuple[str, ...]
    kind: str  # per_window, per_sample, multi_label
    cells: NDArray[Any]
    score: NDArray[np.float32]
    number: I64
    patient: NDArray[np.str_]
    record: NDArray[np.str_]
    lead: NDArray[np.str_]
    start: I64
    rate_hz: NDArray[np.float32]

    @staticmethod
    def of(
        windows: WindowSet, number: I64, class_names: tuple[str, ...], kind: str, cells: NDArray[Any],
        score: NDArray[Any],
    ) -> ConfusionIndex:  # fmt: skip
        """Index of the windows at positions `number` of a set."""
        w = windows
        return ConfusionIndex(
            class_names, kind, cells, np.asarray(score, np.float32), np.asarray(number, np.int64),
            w.patient[number], w.record[number], w.lead[number], w.start[number], w.rate_hz[number],
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.number)

    def count(self, true: str | int, predicted: str | int) -> int:
        """What the matrix shows in this cell: windows, or samples for a per-sample task."""
        t, p = self._class(true), self._class(predicted)
        if self.kind == "per_sample":
            return int(self.cells[:, t, p].sum())
        return len(self._rows(t, p)[0])

    def windows(self, true: str | int, predicted: str | int, most: int | None = None) -> list[CellWindow]:
        """The windows of one cell, most striking first: highest probability, or most samples in the cell.

        Classes by name or number. Of a multi-label task: windows where `true` holds and `predicted` was answered;
        off the diagonal those where `true` was missed and `predicted` is false. Raises ConfigError for a class
        that is not known.
        """
        t, p = self._class(true), self._class(predicted)
        rows, weight = self._rows(t, p)
        order = np.argsort(-weight, kind="stable")[:most]
        return [self._window(int(rows[i]), float(weight[i])) for i in order]

    def label_windows(
        self, label: str | int, *, holds: bool, answered: bool, most: int | None = None
    ) -> list[CellWindow]:
        """Windows of a multi-label task by truth and answer of one label, most probable first."""
        if self.kind != "multi_label":
            raise EngineError("only a multi-label evaluation has labels apart")
        c = self._class(label)
        rows = np.flatnonzero((self.cells[:, c, 0] == holds) & (self.cells[:, c, 1] == answered))
        weight = self.score[rows, c]
        return [self._window(int(rows[i]), float(weight[i])) for i in np.argsort(-weight, kind="stable")[:most]]

    def save(self, file: Path) -> None:
        """Write a compact .npz without pickles, atomically."""
        arrays: Mapping[str, Any] = {name: getattr(self, name) for name in _ARRAYS}
        names = np.array(self.class_names, np.str_)
        with atomic_write(file) as out:
            np.savez_compressed(
                out, version=np.int64(VERSION), class_names=names, kind=np.array(self.kind), **arrays
            )

    @staticmethod
    def load(file: Path) -> ConfusionIndex:
        """Read what `save` wrote. Raises EngineError for another kind of file."""
        try:
            with np.load(file, allow_pickle=False) as data:
                if int(data["version"]) != VERSION:
                    raise EngineError(f"was written by another version ({int(data['version'])})", path=file)
                arrays = {name: data[name] for name in _ARRAYS}
                return ConfusionIndex(tuple(data["class_names"].tolist()), str(data["kind"]), **arrays)
        except OSError as error:
            raise EngineError(error.strerror or "cannot be read", path=file) from None
        except (KeyError, ValueError, EOFError):
            raise EngineError("is not an index of evaluated windows", path=file, hint="evaluate again") from None

    def _class(self, name: str | int) -> int:
        if isinstance(name, str):
            if name not in self.class_names:
                raise unknown("class", name, list(self.class_names))
            return self.class_names.index(name)
        if not 0 <= name < len(self.class_names):
            raise unknown("class", str(name), [str(i) for i in range(len(self.class_names))])
        return name

    def _rows(self, t: int, p: int) -> tuple[I64, NDArray[np.float32]]:
        """Rows of a cell and by what they are ordered."""
        if self.kind == "per_sample":
            rows = np.flatnonzero(self.cells[:, t, p])
            return rows, self.cells[rows, t, p] / np.maximum(1, self.cells[rows].sum(axis=(1, 2)))
        if self.kind == "multi_label":
            holds, answered = self.cells[:, :, 0].astype(bool), self.cells[:, :, 1].astype(bool)
            inside = holds[:, t] & answered[:, p]
            if t != p:
                inside &= ~answered[:, t] & ~holds[:, p]
        else:
            inside = (self.cells[:, 0] == t) & (self.cells[:, 1] == p)
        rows = np.flatnonzero(inside)
        return rows, self.score[rows, p]

    def _window(self, row: int, probability: float) -> CellWindow:
        return CellWindow(
            int(self.number[row]), str(self.patient[row]), str(self.record[row]), str(self.lead[row]),
            int(self.start[row]), float(self.rate_hz[row]), probability,
        )  # fmt: skip


_ARRAYS = ("cells", "score", "number", "patient", "record", "lead", "start", "rate_hz")
