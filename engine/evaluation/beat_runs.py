"""Runs of ectopic beats found and invented, after ANSI/AAMI EC57 and IEC 60601-2-47.

A run is beats of one class with no other beat between: two make a couplet, three to five a short run, six or more a
long one. Sensitivity: of each reference run, how long a run the algorithm reports within its span (150 ms wider at
both ends); a couplet counts as found when that is two or more, a short run when three or more, a long run when six
or more. Positive predictivity is the same with the sides exchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

I64 = NDArray[np.int64]
F64 = NDArray[np.float64]
Bool = NDArray[np.bool_]

LONGEST = 6  # longer runs count as this
KINDS: Mapping[str, tuple[int, int]] = {"couplets": (2, 2), "short_runs": (3, 5), "long_runs": (6, LONGEST)}


@dataclass(frozen=True)
class RunCounts:
    """Counts [7, 7] of runs by own length (row, 0 unused, 6 = six or more) and by the other side's length (column).

    found: rows are reference runs. confirmed: rows are the algorithm's runs.
    """

    found: I64
    confirmed: I64

    def __add__(self, other: RunCounts) -> RunCounts:
        return RunCounts(self.found + other.found, self.confirmed + other.confirmed)

    def figures(self) -> dict[str, dict[str, Any]]:
        """By kind: se and ppv (NaN without runs), and the counts they rest on."""
        table = {}
        for kind, (low, high) in KINDS.items():
            se, reference, found = _share(self.found, low, high)
            ppv, reported, confirmed = _share(self.confirmed, low, high)
            table[kind] = {
                "se": se, "ppv": ppv, "reference": reference, "found": found, "reported": reported,
                "confirmed": confirmed,
            }  # fmt: skip
        return table


def no_runs() -> RunCounts:
    """Nothing counted yet."""
    return RunCounts(np.zeros((LONGEST + 1, LONGEST + 1), np.int64), np.zeros((LONGEST + 1, LONGEST + 1), np.int64))


def compare_runs(
    reference: NDArray[Any], is_reference: Bool, detected: NDArray[Any], is_detected: Bool, tolerance: float
) -> RunCounts:
    """Runs of one record: times of all beats on both sides (ascending, one unit) and which belong to the class."""
    return RunCounts(
        _matrix(
            np.asarray(reference, np.float64),
            is_reference,
            np.asarray(detected, np.float64),
            is_detected,
            tolerance,
        ),
        _matrix(
            np.asarray(detected, np.float64),
            is_detected,
            np.asarray(reference, np.float64),
            is_reference,
            tolerance,
        ),
    )


def runs_of(member: Bool) -> list[tuple[int, int]]:
    """Stretches [first, stop) of neighbouring members."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], np.asarray(member, np.int8), [0]))))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _matrix(own: F64, member: Bool, other: F64, other_member: Bool, tolerance: float) -> I64:
    counts = np.zeros((LONGEST + 1, LONGEST + 1), np.int64)
    for first, stop in runs_of(member):
        low = int(np.searchsorted(other, own[first] - tolerance, side="left"))
        high = int(np.searchsorted(other, own[stop - 1] + tolerance, side="right"))
        answered = max((b - a for a, b in runs_of(other_member[low:high])), default=0)
        counts[min(stop - first, LONGEST), min(answered, LONGEST)] += 1
    return counts


def _share(counts: I64, low: int, high: int) -> tuple[float, int, int]:
    """(share, runs of this kind, of them answered by a run of at least the kind's least length)."""
    rows = counts[low : high + 1]
    total, answered = int(rows.sum()), int(rows[:, low:].sum())
    return (answered / total if total else float("nan")), total, answered
