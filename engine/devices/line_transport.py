"""A board that prints lines of numbers, behind the same door: `lines:PORT?rate=250&uv=4.9&baud=115200`.

rate: samples a second; without it the rate is found from the arrival of the first lines. uv: microvolts that a
printed 1 stands for; without it whole numbers are taken for microvolts and others for millivolts, which a note of
the board's description says. Without a clock among the columns, lost lines cannot be noticed; the note says that
too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from urllib.parse import parse_qsl

import numpy as np
from numpy.typing import NDArray

from engine.devices.faults import DeviceError
from engine.devices.protocol import (
    MOST_BODY_BYTES,
    NO_VALUE_16,
    NO_VALUE_24,
    DeviceInfo,
    Message,
    Samples,
    Samples24,
    Start,
)
from engine.devices.stand_in import POLL_S, StandIn
from engine.devices.text_lines import LineShape, LineSplitter, numbers_of, shape_of
from engine.devices.transports import DEFAULT_BAUD, Transport, now_s, open_port

PREFIX = "lines:"
LOOK_S = 2.0
GIVE_UP_S = 5.0
HEADROOM = 4  # values may grow by this much before they are clipped
_LARGEST_16 = 32767
_LARGEST_24 = (1 << 23) - 1


class LineTransport(StandIn):
    """Listens to the port until it knows what the lines hold; then a board like any other."""

    refusal = "a board that prints lines cannot do that"

    def __init__(self, port: str, opener: Callable[[str, int], Transport] | None = None) -> None:
        super().__init__(port)
        name, _, query = port.removeprefix(PREFIX).partition("?")
        given = dict(parse_qsl(query, keep_blank_values=True))
        if unknown := given.keys() - {"rate", "uv", "baud"}:
            raise DeviceError(f'{port}: "{min(unknown)}" is no option of lines', hint="they are rate, uv and baud")
        rate_hz = _number(port, given, "rate")
        self._uv = _number(port, given, "uv")
        baud = int(_number(port, given, "baud") or DEFAULT_BAUD)
        ask = opener or (lambda where, speed: open_port(where, baud=speed))
        self._below = ask(name, baud)
        self._splitter = LineSplitter()
        self._start: Start | None = None
        self._index = 0
        self._clock: float | None = None  # of the last line that had one
        self._unread = 0  # lines since then that were no numbers
        try:
            self._shape = self._look(name, rate_hz)
        except BaseException:
            self._below.close()
            raise

    @property
    def info(self) -> DeviceInfo:
        """What the lines hold."""
        shape, nominal = self._shape, max(1, round(self._shape.rate_hz))
        notes = []
        if self._uv is None:
            notes.append("not calibrated: " + ("mV" if shape.has_decimals else "µV") + " are assumed")
        if shape.clock_step is None:
            notes.append("the lines carry no clock: lost ones cannot be noticed")
        return DeviceInfo(
            firmware="lines of numbers",
            board="plotter",
            protocol=(1, 1),
            leads=shape.names,
            rates_hz=(nominal,),
            true_rates_hz=(shape.rate_hz,),
            uv_per_lsb=self._uv_per_code(16),
            uv_per_lsb_24=self._uv_per_code(24),
            note="; ".join(notes),
        )

    def start(self, start: Start) -> str:
        """Send samples from now on, counted from 0."""
        if start.lead_mask.bit_length() > len(self._shape.names):
            return f"the lines hold {len(self._shape.names)} values"
        self._start, self._index, self._clock, self._unread = start, 0, None, 0
        return ""

    def stop(self) -> None:
        """Let the lines pass unread."""
        self._start = None

    def read(self, timeout_s: float) -> bytes:
        """Answers, or frames made of the lines that came."""
        lines = self._splitter.feed(self._below.read(min(timeout_s, POLL_S)))
        with self._news:  # no sample may go before the answer to START
            answers = self.take_answers()
            messages = [] if self._start is None or not lines else self._messages(lines, self._start)
            return answers + b"".join(self.frame(message) for message in messages)

    def close(self) -> None:
        """Release the port."""
        self._below.close()

    def _look(self, name: str, rate_hz: float | None) -> LineShape:
        """What the lines hold, after some seconds of them. Raises DeviceError."""
        lines: list[str] = []
        arrived: list[float] = []
        began_s = now_s()
        while (passed_s := now_s() - began_s) < GIVE_UP_S:
            new = self._splitter.feed(self._below.read(0.1))
            lines += new
            arrived += [now_s()] * len(new)
            if passed_s >= LOOK_S:
                shape = shape_of(lines, arrived, rate_hz)
                if shape is not None:
                    return shape
        if lines and all(line.isprintable() and "\N{REPLACEMENT CHARACTER}" not in line for line in lines[-3:]):
            raise DeviceError(f'{name}: the lines are no numbers ("{lines[-1][:40]}")')
        what = "what comes is no text" if lines else "no lines of text came"
        raise DeviceError(f"{name}: {what}", hint="another speed? lines:PORT?baud=9600")

    def _uv_per_unit(self) -> float:
        return self._uv if self._uv is not None else 1000.0 if self._shape.has_decimals else 1.0

    def _uv_per_code(self, bits: int) -> float:
        """The finest code, in powers of two of a microvolt (or of the printed unit), that holds the values."""
        unit = 1.0 if self._shape.has_decimals else self._uv_per_unit()
        largest = max(self._shape.largest * self._uv_per_unit() / unit * HEADROOM, 1.0)
        limit = _LARGEST_16 if bits == 16 else _LARGEST_24
        return float(unit * 2.0 ** max(0, math.ceil(math.log2(largest / limit))))

    def _messages(self, lines: list[str], start: Start) -> list[Message]:
        """Samples of lines, cut where the clock says that lines are missing."""
        bits = start.sample_bits
        chosen = [k for k in range(len(self._shape.names)) if start.lead_mask >> k & 1]
        most = min(255, (MOST_BODY_BYTES - 6) // (len(chosen) * bits // 8))
        out: list[Message] = []
        rows: list[NDArray[np.int32]] = []
        first = 0
        for line in lines:
            codes, step = self._row(line, bits)
            self._index += step
            if rows and (step > 1 or len(rows) == most):
                out.append(_samples(first, rows, bits))
                rows = []
            if not rows:
                first = self._index - 1
            rows.append(codes[chosen])
        return [*out, _samples(first, rows, bits)]

    def _row(self, line: str, bits: int) -> tuple[NDArray[np.int32], int]:
        """Codes of a line, and how many samples it lies after the one before.

        A line that is no row of numbers is a sample without a value.
        """
        none = NO_VALUE_24 if bits == 24 else NO_VALUE_16
        n_leads, has_clock = len(self._shape.names), self._shape.clock_step is not None
        found = numbers_of(line)
        if found is None or len(found[1]) != n_leads + has_clock:
            self._unread += 1
            return np.full(n_leads, none, np.int32), 1
        values, step = found[1], 1
        if self._shape.clock_step is not None:
            clock, values = values[0], values[1:]
            if self._clock is not None and clock > self._clock:
                passed = round((clock - self._clock) / self._shape.clock_step)
                step = max(1, passed - self._unread)
            self._clock, self._unread = clock, 0
        codes = np.rint(np.array(values) * (self._uv_per_unit() / self._uv_per_code(bits)))
        return np.clip(codes, none + 1, -none - 1).astype(np.int32), step


def _samples(first: int, rows: list[NDArray[np.int32]], bits: int) -> Message:
    kind = Samples24 if bits == 24 else Samples
    return kind(first & 0xFFFFFFFF, np.array(rows))


def _number(port: str, given: dict[str, str], name: str) -> float | None:
    if name not in given:
        return None
    try:
        value = float(given[name])
    except ValueError:
        value = math.nan
    if not value > 0:
        raise DeviceError(f'{port}: "{name}" is not a number above 0')
    return value
