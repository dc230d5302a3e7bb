"""Long stretches without a recognised beat in which the line moves: neither a pause nor asystole can be read there.

A pause is quiet: only P waves and a little noise move the line. After an overload the line swings back over
seconds, and in ventricular fibrillation or gross artefact it waves; calling that asystole would be wrong. Set on
MIT-BIH DS1: in the pauses of record 201 the line moves by less than a fifth of a QRS complex, in the stretches of
overload and flutter of 116, 203, 207 and 208 by two thirds or more. (The pauses of 219 and 232, looked at
afterwards, stay below a third.)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.analysis.growing_rows import GrowingRows
from engine.analysis.types import Span

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]

CELL_S = 0.25
MOVES_OF_QRS = 0.5  # share of a typical QRS height
LEAST_QRS_MV = 0.5  # taken as typical where beats are smaller or there are none
_AFTER_BEAT_S = 0.5  # room for the T wave
_BEFORE_BEAT_S = 0.3  # room for the P wave


class LineExtent:
    """Lowest and highest sample of every quarter second, counted from the first sample, as samples arrive."""

    def __init__(self, fs_hz: float) -> None:
        self.cell = max(1, round(CELL_S * fs_hz))
        self._low: GrowingRows[np.float32] = GrowingRows(np.float32)
        self._high: GrowingRows[np.float32] = GrowingRows(np.float32)
        self._rest: F32 = np.zeros(0, np.float32)
        self._rest_valid: Bool = np.zeros(0, np.bool_)

    def push(self, x_mv: F32, valid: Bool) -> None:
        """Take the next samples [n] in mV."""
        x_mv, valid = np.concatenate([self._rest, x_mv]), np.concatenate([self._rest_valid, valid])
        whole = len(x_mv) // self.cell * self.cell
        shape = (-1, self.cell)
        if whole:
            cells, seen = x_mv[:whole].reshape(shape), valid[:whole].reshape(shape)
            self._low.extend(np.where(seen, cells, np.float32(np.inf)).min(axis=1))
            self._high.extend(np.where(seen, cells, np.float32(-np.inf)).max(axis=1))
        self._rest, self._rest_valid = x_mv[whole:], valid[whole:]

    @property
    def low(self) -> F32:
        """Lowest sample of every whole cell; infinite where nothing was recorded."""
        return self._low.rows

    @property
    def high(self) -> F32:
        """Highest sample of every whole cell; minus infinite where nothing was recorded."""
        return self._high.rows

    def movement_mv(self, start: int, stop: int) -> float:
        """Range of the line over the whole cells inside [start, stop); 0 where there are none."""
        first, last = -(-start // self.cell), stop // self.cell
        if last <= first:
            return 0.0
        return max(0.0, float(self.high[first:last].max() - self.low[first:last].min()))


def restless_stretches(
    r: I64, qrs_height_mv: F32, line: LineExtent, fs_hz: float, n_samples: int, shortest_s: float
) -> tuple[Span, ...]:
    """Stretches of at least `shortest_s` between beats in which the line moves, as spans of quality "noisy".

    `qrs_height_mv` [n] is the height of each QRS complex; its median is what movement is compared with.
    """
    typical = max(LEAST_QRS_MV, float(np.median(qrs_height_mv)) if len(r) else 0.0)
    marks = np.concatenate([[0], r, [n_samples]])
    spans = []
    for i in np.flatnonzero(np.diff(marks) >= shortest_s * fs_hz).tolist():
        start = int(marks[i]) + (round(_AFTER_BEAT_S * fs_hz) if i > 0 else 0)
        stop = int(marks[i + 1]) - (round(_BEFORE_BEAT_S * fs_hz) if i < len(r) else 0)
        moved = line.movement_mv(start, stop)
        if moved > MOVES_OF_QRS * typical:
            spans.append(
                Span(start, stop, "noisy", 0.9, f"no beat recognised while the line moves by {moved:.1f} mV")
            )
    return tuple(spans)
