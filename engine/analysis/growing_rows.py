"""Rows of a table that only ever grows: settled findings of a stream, shared between it and its snapshots."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)

_FIRST_ROOM = 256


class GrowingRows(Generic[Scalar]):
    """Rows of `width` values of one type; rows once added never change.

    A deep copy shares the rows there are and costs nothing; it takes its own room when it grows. The original may
    grow at the same time: what it adds lies beyond what the copy looks at.
    """

    def __init__(self, kind: type[Scalar], *width: int) -> None:
        self._count = 0
        self._is_ours = True
        self._room: NDArray[Scalar] = np.zeros((0, *width), kind)

    def __len__(self) -> int:
        return self._count

    def __deepcopy__(self, memo: dict[int, Any]) -> GrowingRows[Scalar]:
        twin: GrowingRows[Scalar] = object.__new__(GrowingRows)
        twin._count, twin._is_ours, twin._room = self._count, False, self._room
        memo[id(self)] = twin
        return twin

    def extend(self, rows: NDArray[Scalar]) -> None:
        """Add rows [n, *width] at the end."""
        count = self._count + len(rows)
        if len(rows) and (count > len(self._room) or not self._is_ours):
            # Doubled, so that a long stream is seldom copied; a copy soon thrown away takes no more than it needs.
            size = max(2 * count, _FIRST_ROOM) if self._is_ours else count
            room = np.empty((size, *self._room.shape[1:]), self._room.dtype)
            room[: self._count] = self._room[: self._count]
            self._room, self._is_ours = room, True
        self._room[self._count : count] = rows
        self._count = count

    @property
    def rows(self) -> NDArray[Scalar]:
        """All rows, [n, *width]; not to be written to."""
        view = self._room[: self._count]
        view.flags.writeable = False
        return view
