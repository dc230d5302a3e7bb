"""Where the data records of an EDF+ file lie on the sample axis."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.records.edf_annotations import file_zero_s, record_onset
from engine.records.edf_file import EdfFile

_ONSET_BYTES = 40
_MAX_SPAN_S = 366 * 86_400.0
_JITTER = 2  # samples by which the decimal onset of a data record may be rounded


@dataclass(frozen=True, slots=True)
class Run:
    """Data records [first, last) that follow one another without a gap; `start` is the first one's first sample."""

    first: int
    last: int
    start: int


def find_runs(file: EdfFile, n_out: int, fs: float) -> tuple[tuple[Run, ...], tuple[str, ...]]:
    """Runs of a file with `n_out` samples per data record at rate `fs`, and notices about doubtful onsets.

    Only a discontinuous file has more than one. Onsets that go backwards are taken for damage: as many records as
    possible keep their stated place, the others are put after the record before them.
    """
    header = file.header
    whole = (Run(0, header.n_records, 0),)
    if header.plus != "D":
        return whole, ()
    clock = next((s for s in header.signals if s.is_annotations), None)
    if clock is None:
        return whole, ("No signal says when its data records start; they are taken to be continuous.",)
    zero_s = file_zero_s(file)
    stated = np.full(header.n_records, np.nan)
    for number, raw in enumerate(file.texts(clock, 0, header.n_records, _ONSET_BYTES)):
        onset_s = record_onset(raw)
        if onset_s is not None and 0 <= onset_s - zero_s < _MAX_SPAN_S:
            stated[number] = onset_s - zero_s
    delay = np.round(stated * fs) - np.arange(header.n_records) * n_out  # samples missing before each record
    kept = _rising(delay)
    doubtful = file.n_present - int(np.count_nonzero(kept[: file.n_present]))
    notices = (
        (f"{doubtful} data records state no possible start; each is put after the one before.",) if doubtful else ()
    )
    positions = np.maximum.accumulate(np.where(kept, delay, 0)).astype(np.int64)
    edges = [0, *(np.flatnonzero(np.diff(positions)) + 1).tolist(), header.n_records]
    runs = [Run(a, b, int(positions[a]) + a * n_out) for a, b in pairwise(edges)]
    return tuple(runs), notices


def _rising(delay: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Mask of a longest subsequence that never falls (by more than the rounding of onsets) nor goes below 0."""
    kept = np.isfinite(delay) & (delay >= -_JITTER)
    where = np.flatnonzero(kept)
    values = delay[where]
    if np.all(np.diff(values) >= -_JITTER):
        return kept
    tails: list[float] = []
    tail_at: list[int] = []
    before = np.full(len(values), -1)
    for i, value in enumerate(values.tolist()):
        at = bisect_right(tails, value)
        before[i] = tail_at[at - 1] if at else -1
        tails[at : at + 1] = [value]
        tail_at[at : at + 1] = [i]
    kept[:] = False
    i = tail_at[-1] if tail_at else -1
    while i >= 0:
        kept[where[i]] = True
        i = int(before[i])
    return kept
