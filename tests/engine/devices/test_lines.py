from __future__ import annotations

import queue
import time

import numpy as np
import pytest

from engine.devices.faults import DeviceError
from engine.devices.line_transport import LineTransport
from engine.devices.live import LiveSession
from engine.devices.live_types import StreamOptions
from engine.devices.protocol import Ack, FrameDecoder, Samples, Start, encode
from engine.devices.text_lines import LineSplitter, numbers_of, shape_of
from engine.devices.transports import Transport


@pytest.mark.parametrize(
    ("line", "names", "values"),
    [
        ("512", [""], [512]),
        ("512,-3.5", ["", ""], [512, -3.5]),
        ("1 2\t3;4", [""] * 4, [1, 2, 3, 4]),
        ("ecg:512 ppg:3", ["ecg", "ppg"], [512, 3]),
        ("0,25;1,5", ["", ""], [0.25, 1.5]),
        ("12\t0,5", ["", ""], [12, 0.5]),
        ("ECG = 0.25, RESP : 1e-3", ["ECG", "RESP"], [0.25, 0.001]),
    ],
)
def test_lines_of_plotters_are_read(line, names, values):
    assert numbers_of(line) == (names, values)


@pytest.mark.parametrize("line", ["hello", "1,two", "nan", "", "1,,x", "inf"])
def test_lines_that_are_no_numbers_are_not(line):
    assert numbers_of(line) is None


def test_lines_are_put_together_from_any_pieces_without_the_first():
    text = b"77\r\n1,2\r\n# note\n\n3,4\n5"
    for size in (1, 2, 3, 50):
        splitter = LineSplitter()
        lines = [line for at in range(0, len(text), size) for line in splitter.feed(text[at : at + size])]
        assert lines == ["1,2", "3,4"]
    endless = LineSplitter()
    for _ in range(100):
        assert endless.feed(b"x" * 1000) == []
    assert len(endless._held) <= 1000


def bursts(n: int, rate_hz: float) -> list[float]:
    """Lines arrive every 16 ms in bursts, as USB serial converters pass them on."""
    return [np.ceil(k / rate_hz / 0.016) * 0.016 for k in range(n)]


@pytest.mark.parametrize("rate_hz", [125, 250, 360, 500, 137])
def test_rate_and_columns_are_found(rate_hz):
    lines = [f"{np.sin(k):.3f},{k % 7}" for k in range(2 * rate_hz)]
    shape = shape_of(lines, bursts(len(lines), rate_hz), None)
    assert shape is not None
    assert shape.rate_hz == pytest.approx(rate_hz, rel=0.02)
    assert (shape.names, shape.clock_step, shape.has_decimals) == (("column 1", "column 2"), None, True)
    assert shape_of(lines, bursts(len(lines), rate_hz), 200).rate_hz == 200


@pytest.mark.parametrize(("unit", "rate_hz"), [(1e3, 250), (1e6, 500), (1e3, 333)])
def test_clock_column_is_found_and_gives_the_rate(unit, rate_hz):
    lines = [f"{int(5000 + k * unit / rate_hz)},{k % 91}" for k in range(2 * rate_hz)]
    shape = shape_of(lines, bursts(len(lines), rate_hz), None)
    assert shape is not None
    assert shape.names == ("column 2",)
    assert shape.rate_hz == pytest.approx(rate_hz, rel=0.01)


@pytest.mark.parametrize(
    ("header", "names"),
    [
        (["v1.2 ready", "time,ecg,ppg"], ("ecg", "ppg")),
        (["time;ECG (mV);PPG"], ("ECG (mV)", "PPG")),
        (["ecg,ppg"], ("column 2", "column 3")),
        (["leads are off"], ("column 2", "column 3")),
        ([], ("column 2", "column 3")),
    ],
)
def test_columns_are_named_by_a_header_line(header, names):
    lines = [*header, *(f"{4 * k},{k % 91},{k % 7}" for k in range(500))]
    shape = shape_of(lines, [0.0] * len(header) + bursts(500, 250), None)
    assert shape is not None
    assert (shape.names, shape.rate_hz) == (names, 250)


def test_lines_that_cannot_be_read_count_for_the_rate():
    lines = ["!" if 100 <= k < 190 else str(k) for k in range(500)]  # as boards say "lead off"
    shape = shape_of(lines, bursts(500, 250), None)
    assert shape is not None and shape.rate_hz == 250


def test_text_is_no_signal():
    assert shape_of(["boot ok", "sensor found"] * 40, bursts(80, 100), None) is None
    assert shape_of(["1"] * 5, bursts(5, 100), None) is None


class Plotter(Transport):
    """A port on which lines come."""

    def __init__(self) -> None:
        super().__init__("plotter")
        self.lines: queue.Queue[str] = queue.Queue()

    def read(self, timeout_s: float) -> bytes:
        time.sleep(min(timeout_s, 0.01))
        text = ""
        while not self.lines.empty():
            text += self.lines.get() + "\r\n"
        return text.encode()

    def write(self, data: bytes) -> None:
        raise AssertionError("nothing is written to a board that prints")

    def close(self) -> None:
        pass


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr("engine.devices.line_transport.LOOK_S", 0.2)
    monkeypatch.setattr("engine.devices.line_transport.GIVE_UP_S", 0.4)


def test_board_that_prints_streams_like_any_other(quick):
    plotter = Plotter()
    for k in range(60):
        plotter.lines.put(f"{k * 4},{k}")
    live = LiveSession(
        "lines:x", analyse=False, opener=lambda: LineTransport("lines:x?rate=250&uv=2", lambda *_: plotter)
    )
    live.open()
    info = live.wait_connected(5)
    assert (info.leads, info.rates_hz, info.uv_per_lsb, info.note) == (("column 2",), (250,), 2.0, "")
    live.start(StreamOptions())
    clock = 400
    for value in (10, 20, "x", 30, None, None, 40, -50):
        if value is not None:
            plotter.lines.put(f"{clock},{value}")
        clock += 4
    end = time.monotonic() + 10
    while (live.ring is None or live.ring.head < 8) and time.monotonic() < end:
        time.sleep(0.01)
    live.close()
    values, valid = live.ring.read(0, 8)
    assert valid[0].tolist() == [True, True, False, True, False, False, True, True]
    assert np.rint(values[0] * 1000).tolist() == [20, 40, 0, 60, 0, 0, 80, -100]
    assert live.statistics().samples_lost == 2


def test_no_sample_goes_before_the_answer_to_start(quick):
    plotter = Plotter()
    for k in range(60):
        plotter.lines.put(str(k % 50))
    transport = LineTransport("lines:x?rate=100", lambda *_: plotter)

    def read_while_start_comes(timeout_s: float) -> bytes:
        transport.write(encode(Start(100, 1), 5))
        return b"7\r\n8\r\n"

    plotter.read = read_while_start_comes
    answer, samples = [frame.message for frame in FrameDecoder().feed(transport.read(1.0))]
    assert isinstance(answer, Ack) and answer.request_sequence == 5
    assert isinstance(samples, Samples) and (samples.index, samples.count) == (0, 2)


def test_uncalibrated_and_large_values_are_said_and_kept_within_range(quick):
    plotter = Plotter()
    for k in range(60):
        plotter.lines.put(str(8_000_000 - k))
    transport = LineTransport("lines:x?rate=100", lambda *_: plotter)
    assert "µV are assumed" in transport.info.note and "no clock" in transport.info.note
    assert transport.info.uv_per_lsb == 1024.0
    plotter = Plotter()
    with pytest.raises(DeviceError, match="no lines of text"):
        LineTransport("lines:x", lambda *_: plotter)
    with pytest.raises(DeviceError, match=r'"speed" is no option of lines .*rate, uv and baud'):
        LineTransport("lines:x?speed=9600", lambda *_: plotter)
    with pytest.raises(DeviceError, match='"rate" is not a number'):
        LineTransport("lines:x?rate=fast", lambda *_: plotter)
    for _ in range(30):
        plotter.lines.put("\x1b[31m\xff")
    with pytest.raises(DeviceError, match=r"what comes is no text .another speed\?"):
        LineTransport("lines:x", lambda *_: plotter)
    for _ in range(30):
        plotter.lines.put("booting")
    with pytest.raises(DeviceError, match=r'no numbers .*"booting"'):
        LineTransport("lines:x", lambda *_: plotter)
