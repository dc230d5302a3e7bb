"""The most recent samples of all leads, addressed by sample number; holes are known to be holes.

Stored as the integers the board sent (2 or 4 bytes each), so that an hour of twelve leads at 1000 Hz takes 86 MB,
and so that a recording and the ring agree to the last bit. The memory is claimed at once: what does not fit is
found out at the start, and a long stream needs no more. The lowest code of the width stands for "no value" (lead
off, or lost on the way), on the link as in WFDB files.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
Bool = NDArray[np.bool_]
Ints = NDArray[np.signedinteger]

HOUR_S = 3600.0
MOST_BYTES = 512 << 20  # beyond twelve leads of 24 bits at 2000 Hz less than an hour is kept
_COPY_SAMPLES = 1 << 16  # converted at a time, so that reading an hour needs no second copy of it


def no_value(bits: int) -> int:
    """The code of a missing value among samples of this width."""
    return -(1 << (bits - 1))


def to_mv(adu: Ints, units_per_mv: NDArray[np.float64]) -> F32:
    """Stored integers [leads, n] in millivolts; the float32 nearest to the quotient, as WFDB readers give it."""
    return np.divide(adu, units_per_mv[:, None], dtype=np.float64).astype(np.float32)


class Ring:
    """Samples [tail, head) of the present stream. One thread writes, any may read.

    `rate_hz`: samples a second of every lead. `lead_names`: one a lead. `units_per_mv`: stored units a millivolt,
    one a lead. `bits`: 16 or 24, the width of samples on the link. `seconds`: how much is
    kept, as far as MOST_BYTES allow.
    """

    def __init__(
        self,
        rate_hz: float,
        lead_names: Sequence[str],
        units_per_mv: Sequence[float],
        *,
        bits: int = 16,
        seconds: float = HOUR_S,
    ) -> None:
        if len(lead_names) != len(units_per_mv):
            raise ValueError(f"{len(lead_names)} leads have {len(units_per_mv)} scales")
        self.rate_hz = float(rate_hz)
        self.lead_names = tuple(lead_names)
        self.units_per_mv = np.array(units_per_mv, np.float64)
        self.bits = bits
        self.arrived = threading.Condition()
        self._none = no_value(bits)
        kind = np.dtype(np.int16 if bits == 16 else np.int32)
        self.capacity = max(1, min(round(seconds * rate_hz), MOST_BYTES // (len(lead_names) * kind.itemsize)))
        self._store = np.full((len(lead_names), self.capacity), self._none, kind)
        self._head = 0
        self._claimed = 0  # the head to be, once the samples being written are in

    @property
    def n_leads(self) -> int:
        """Number of leads."""
        return len(self.lead_names)

    @property
    def head(self) -> int:
        """Sample number after the newest one."""
        return self._head

    @property
    def tail(self) -> int:
        """The oldest sample number still kept."""
        return max(0, self._claimed - self.capacity)

    def write(self, start: int, adu: Ints) -> None:
        """Add samples [leads, n] from `start` on, at the head or beyond it; what lies between is a hole."""
        if start < self._head:
            raise ValueError(f"sample {start} lies before the head {self._head}")
        self.skip_to(start)
        stop = start + adu.shape[1]
        self._claimed = stop
        if adu.shape[1] > self.capacity:
            adu, start = adu[:, -self.capacity :], stop - self.capacity
        for a, b, columns in self._pieces(start, stop):
            self._store[:, columns] = adu[:, a - start : b - start]
        self._publish(stop)

    def skip_to(self, position: int) -> None:
        """Move the head; the samples skipped are missing."""
        if position <= self._head:
            return
        self._claimed = position
        for _, _, columns in self._pieces(max(self._head, position - self.capacity), position):
            self._store[:, columns] = self._none
        self._publish(position)

    def read(self, start: int, stop: int, leads: Sequence[int] | None = None) -> tuple[F32, Bool]:
        """Samples [start, stop) in mV, float32 [leads, n], and which of them exist, bool [leads, n].

        What is no longer kept, was lost, or has not come yet is not valid, and neither is a lead that is off; the
        value there is 0.
        """
        chosen = list(range(self.n_leads)) if leads is None else list(leads)
        length = max(0, stop - start)
        values = np.zeros((len(chosen), length), np.float32)
        valid = np.zeros(values.shape, np.bool_)
        first, last = max(start, self.tail), min(stop, self._head)
        for at in range(first, last, _COPY_SAMPLES):
            adu = self._adu(at, min(at + _COPY_SAMPLES, last), chosen)
            known = adu != self._none
            part = slice(at - start, at - start + adu.shape[1])
            values[:, part] = np.where(known, to_mv(adu, self.units_per_mv[chosen]), np.float32(0))
            valid[:, part] = known
        self._forget_overwritten(start, values, valid)
        return values, valid

    def read_adu(self, start: int, stop: int) -> Ints:
        """Stored integers [leads, n] of [start, stop); `no_value(bits)` where there is none."""
        out = np.full((self.n_leads, max(0, stop - start)), self._none, self._store.dtype)
        first, last = max(start, self.tail), min(stop, self._head)
        if first < last:
            out[:, first - start : last - start] = self._adu(first, last, list(range(self.n_leads)))
        lost = min(max(0, self.tail - start), out.shape[1])
        out[:, :lost] = self._none
        return out

    def wait(self, beyond: int, timeout_s: float) -> bool:
        """Wait until the head is beyond a sample number; False when it is not within the time."""
        with self.arrived:
            return self.arrived.wait_for(lambda: self._head > beyond, timeout_s)

    def _adu(self, start: int, stop: int, leads: list[int]) -> Ints:
        pieces = [self._store[leads, columns] for _, _, columns in self._pieces(start, stop)]
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces, axis=1)

    def _forget_overwritten(self, start: int, values: F32, valid: Bool) -> None:
        """Readers hold no lock: what the writer may have replaced meanwhile is given up."""
        lost = min(max(0, self.tail - start), valid.shape[1])
        values[:, :lost] = 0
        valid[:, :lost] = False

    def _pieces(self, start: int, stop: int) -> list[tuple[int, int, slice]]:
        """[start, stop), at most the capacity, as runs of the store: (from, to, columns)."""
        if stop <= start:
            return []
        at = start % self.capacity
        first = min(stop - start, self.capacity - at)
        pieces = [(start, start + first, slice(at, at + first))]
        if start + first < stop:
            pieces.append((start + first, stop, slice(0, stop - start - first)))
        return pieces

    def _publish(self, head: int) -> None:
        with self.arrived:
            self._head = head
            self.arrived.notify_all()
