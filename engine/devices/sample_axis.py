"""One unbroken sample axis out of the indexes that frames carry: what is new, what is missing, what came twice.

A frame says the index of its first sample (u32, wraps). Samples are counted on an axis of our own that starts at 0
and never goes back: a hole in the indexes is a hole of exactly that width on the axis; a board that starts anew
(reset, cable pulled) opens a segment whose distance from the one before is only known from the host's clock.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

WRAP = 1 << 32
_REMEMBERED_FRAMES = 8  # a frame that comes twice does so at once


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch counted by one run of the board. `estimated` gaps before it come from the host's clock."""

    start: int
    device_index: int
    estimated_gap: int


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a frame's samples go: the first `skip` are known already, the others begin at `start`."""

    start: int
    skip: int
    gap: int  # missing samples right before `start`


@dataclass(frozen=True, slots=True)
class Account:
    """Samples counted so far. `lost` are those the indexes prove; `unknown` are gaps between segments."""

    received: int = 0
    lost: int = 0
    repeated: int = 0
    unknown: int = 0
    gaps: int = 0
    segments: int = 0


class SampleAxis:
    """Places frames on the axis and keeps the account. Not for several threads at once."""

    def __init__(self) -> None:
        self.stop = 0  # axis position after the last sample received
        self.segments: list[Segment] = []
        self._expected = 0  # device index of the next sample
        self._recent: deque[tuple[int, int]] = deque(maxlen=_REMEMBERED_FRAMES)
        self._opening: tuple[int, int | None] | None = (0, None)
        self._received = self._lost = self._repeated = self._unknown = self._gaps = 0

    def open_segment(self, gap: int, first_index: int | None = None) -> None:
        """The next frame comes from a board that counts anew, `gap` samples later by the host's clock.

        `first_index` is the index it starts from, if known: samples missing before the first frame then count as
        lost.
        """
        self._opening = (max(0, gap), first_index)

    def place(self, index: int, count: int, sequence: int, *, longest_gap: int) -> Placement:
        """Where `count` samples from device index `index` (u32) of frame `sequence` go.

        A step back that is no repetition, or one ahead of more than `longest_gap` samples, cannot be a loss: it
        opens a segment, `longest_gap` (a step ahead) or 0 samples (a step back) further on.
        """
        gap = (index - self._expected) % WRAP
        if self._opening is None:
            behind = WRAP - gap if gap >= WRAP // 2 else 0
            if behind and (behind < count or (sequence, index) in self._recent):
                return self._overlap(index, count, sequence, min(behind, count))
            if behind or gap > longest_gap:
                self._opening = (0 if behind else longest_gap, None)
        if self._opening is not None:
            gap = self._open(index, longest_gap)
        self._recent.append((sequence, index))
        start = self.stop + gap
        self._lost += gap
        self._gaps += gap > 0
        self._advance(start, index, count)
        return Placement(start, 0, gap)

    @property
    def account(self) -> Account:
        """The count so far."""
        return Account(self._received, self._lost, self._repeated, self._unknown, self._gaps, len(self.segments))

    def device_index(self, position: int) -> int:
        """Index (u32) that the board gave the sample at an axis position."""
        for segment in reversed(self.segments):
            if position >= segment.start:
                return (segment.device_index + position - segment.start) % WRAP
        raise ValueError(f"sample {position} lies before the first segment")

    def position(self, index: int) -> int | None:
        """Axis position of a device index of the present segment, the one nearest to now; None before the first."""
        if not self.segments:
            return None
        back = (self._expected - index) % WRAP
        position = self.stop - back if back < WRAP // 2 else self.stop + WRAP - back
        return position if position >= self.segments[-1].start else None

    def _open(self, index: int, longest_gap: int) -> int:
        """Begin a segment at `index`; the samples its beginning lacks."""
        assert self._opening is not None
        estimated, first = self._opening
        self._opening = None
        self._recent.clear()
        missing = 0 if first is None else (index - first) % WRAP
        if missing > longest_gap:
            missing = 0
        self.stop += estimated
        self._unknown += estimated
        self.segments.append(Segment(self.stop, (index - missing) % WRAP, estimated))
        return missing

    def _overlap(self, index: int, count: int, sequence: int, known: int) -> Placement:
        """A frame whose first `known` samples came before."""
        self._repeated += known
        start = self.stop
        if known < count:
            self._recent.append((sequence, index))
            self._advance(start, (index + known) % WRAP, count - known)
        return Placement(start, known, 0)

    def _advance(self, start: int, index: int, count: int) -> None:
        self.stop = start + count
        self._expected = (index + count) % WRAP
        self._received += count
