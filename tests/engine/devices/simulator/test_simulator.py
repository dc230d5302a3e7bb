"""The simulated board behind its cable and port: every fault does what it says, and the same every time."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import serial

from engine.devices.faults import DeviceError
from engine.devices.protocol import (
    BadFrame,
    BadReason,
    Event,
    EventKind,
    Frame,
    FrameDecoder,
    Hello,
    Info,
    Message,
    Samples,
    Start,
    Stats,
    encode,
)
from engine.devices.simulator import Faults, Recording, Simulator
from engine.devices.simulator.cable import MOST_WAITING_BYTES, Cable

LINE = Recording("line", 250.0, ("I",), np.zeros((1, 250), np.float32))
PATIENCE_S = 20.0
FRAMES = [encode(Samples(10 * k, np.full((10, 2), k, np.int16)), k) for k in range(2000)]


def simulator(**options: Any) -> Simulator:
    return Simulator(recordings=(LINE,), models=(), **options)


class Host:
    """A plain serial port with a decoder."""

    def __init__(self, url: str) -> None:
        self._port = serial.serial_for_url(url, timeout=0.05)
        self._decoder = FrameDecoder()
        self.sequence = 0
        self.found: list[Frame | BadFrame] = []

    def send(self, message: Message) -> None:
        self._port.write(encode(message, self.sequence))
        self.sequence += 1

    def wait(self, enough: Callable[[Host], bool]) -> None:
        until = time.monotonic() + PATIENCE_S
        while not enough(self):
            assert time.monotonic() < until, "the board did not say enough"
            waiting = max(1, min(4096, self._port.in_waiting))
            self.found += self._decoder.feed(self._port.read(waiting))

    @property
    def messages(self) -> list[Message]:
        return [f.message for f in self.found if isinstance(f, Frame)]

    @property
    def bad(self) -> list[BadFrame]:
        return [f for f in self.found if isinstance(f, BadFrame)]

    def count(self, kind: type[Message]) -> int:
        return sum(isinstance(m, kind) for m in self.messages)

    def close(self) -> None:
        self._port.close()


@pytest.fixture
def plugged() -> Iterator[Callable[..., tuple[Simulator, Host]]]:
    opened: list[Any] = []

    def plug(**options: Any) -> tuple[Simulator, Host]:
        board = simulator(**options)
        host = Host(board.start())
        opened.extend([host, board])
        return board, host

    yield plug
    for thing in opened:
        thing.close()


PORTS = ["tcp", pytest.param("pty", marks=pytest.mark.skipif(not hasattr(os, "openpty"), reason="no ptys here"))]


@pytest.mark.parametrize("port", PORTS)
def test_it_answers_and_streams_at_its_port(plugged, port: str):
    board, host = plugged(port=port)
    host.send(Hello())
    host.send(Start(1000, 0xFFF))
    host.wait(lambda h: h.count(Stats) >= 1)
    frames = [m for m in host.messages if isinstance(m, Samples)]
    assert host.count(Info) >= 1 and board.streaming and not host.bad
    assert [m.index for m in frames] == [frames[0].count * k for k in range(len(frames))]


@pytest.mark.parametrize("port", PORTS)
def test_after_the_cable_was_out_it_is_at_the_same_place(plugged, port: str):
    board, host = plugged(port=port)
    host.send(Start(250))
    host.wait(lambda h: h.count(Samples) > 2)
    board.unplug(0.2)
    with pytest.raises((serial.SerialException, OSError)):
        host.wait(lambda h: False)
    host.close()
    again = None
    until = time.monotonic() + PATIENCE_S
    while again is None and time.monotonic() < until:
        try:
            again = Host(board.url)
        except (serial.SerialException, OSError):
            time.sleep(0.02)
    assert again is not None
    again.wait(lambda h: h.count(Samples) > 2)  # it streamed on
    again.close()


def test_a_second_host_takes_the_place_of_the_first(plugged):
    board, first = plugged()
    second = Host(board.url)
    second.send(Hello())
    second.wait(lambda h: h.count(Info) >= 1)
    with pytest.raises((serial.SerialException, OSError)):
        first.wait(lambda h: False)
    second.close()


def test_a_reset_cuts_a_frame_and_tells_of_the_boot(plugged):
    board, host = plugged()
    host.send(Start(250))
    host.wait(lambda h: h.count(Samples) > 2)
    board.reset()
    host.wait(lambda h: any(isinstance(m, Event) and m.kind == EventKind.BOOT for m in h.messages))
    assert not board.streaming


def test_buttons_and_lead_off_are_told(plugged):
    board, host = plugged()
    host.send(Start(250, 0b11))
    host.wait(lambda h: h.count(Samples) > 1)
    board.press_button()
    board.set_lead_off(1)
    host.wait(lambda h: sum(isinstance(m, Event) for m in h.messages) >= 2)
    kinds = [m.kind for m in host.messages if isinstance(m, Event)]
    assert kinds == [EventKind.BUTTON, EventKind.LEAD_OFF]


def test_a_long_stall_loses_the_oldest_samples_and_counts_them(plugged, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("engine.devices.simulator.stream.BUFFER_S", 0.3)
    board, host = plugged()
    host.send(Start(1000, 0xFFF, sample_bits=24))
    host.wait(lambda h: h.count(Samples) > 2)
    board.stall(0.8)
    host.wait(lambda h: any(isinstance(m, Stats) and m.samples_dropped for m in h.messages))
    host.wait(lambda h: isinstance(h.messages[-1], Samples))
    indices = [m.index for m in host.messages if isinstance(m, Samples)]
    (count,) = {m.count for m in host.messages if isinstance(m, Samples)}
    holes = sum(b - a - count for a, b in pairwise(indices))
    dropped = next(m.samples_dropped for m in host.messages if isinstance(m, Stats) and m.samples_dropped)
    assert holes >= dropped > 0


def test_another_protocol_version_is_recognised(plugged):
    _, host = plugged(version=2)
    host.send(Hello())
    host.wait(lambda h: bool(h.bad))
    assert host.bad[0].reason is BadReason.VERSION and host.messages == []


def test_faults_may_be_set_while_it_runs(plugged):
    board, host = plugged()
    host.send(Start(1000, 0xFFF))
    host.wait(lambda h: h.count(Samples) > 5)
    assert not host.bad
    board.faults = Faults(corrupt=0.01)
    host.wait(lambda h: len(h.bad) > 3)
    board.faults = Faults()
    before = host.count(Samples)
    host.wait(lambda h: h.count(Samples) > before + 5)


def test_closing_ends_its_thread_and_frees_the_port():
    board = simulator()
    url = board.start()
    assert board.start() == url  # harmless
    board.close()
    board.close()
    assert not [t for t in threading.enumerate() if t.name == "simulated board"]
    address = url.removeprefix("socket://").rsplit(":", 1)
    with pytest.raises(OSError):
        socket.create_connection((address[0], int(address[1])), 1).close()


def test_where_there_are_no_ptys_it_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delattr(os, "openpty", raising=False)
    with pytest.raises(DeviceError, match="pty"):
        simulator(port="pty")


# -- the cable by itself


def through(faults: Faults, seed: int = 1) -> bytes:
    cable = Cable(seed)
    cable.faults = faults
    cable.send(FRAMES, 0.0)
    return cable.receive(1e9)


def decoded(wire: bytes) -> tuple[list[int], int]:
    found = FrameDecoder().feed(wire)
    return [f.sequence for f in found if isinstance(f, Frame)], sum(isinstance(f, BadFrame) for f in found)


def test_without_faults_everything_arrives():
    assert through(Faults()) == b"".join(FRAMES)


def test_the_same_seed_gives_the_same_faults():
    faults = Faults(drop=0.1, duplicate=0.1, corrupt=1e-3, lose=1e-3, jitter_s=0.1)
    assert through(faults) == through(faults) != through(faults, seed=2)


def test_dropped_and_repeated_frames_come_in_the_share_asked_for():
    sequences, bad = decoded(through(Faults(drop=0.1)))
    assert not bad and len(sequences) == pytest.approx(1800, abs=60)
    sequences, bad = decoded(through(Faults(duplicate=0.1)))
    assert not bad and len(sequences) == pytest.approx(2200, abs=60) and len(set(sequences)) == 2000


@pytest.mark.parametrize("faults", [Faults(corrupt=1e-4), Faults(lose=1e-4)])
def test_damaged_bytes_cost_less_than_a_frame_in_a_hundred(faults: Faults):
    sequences, bad = decoded(through(faults))
    assert 1980 <= len(sequences) < 2000 and bad and sequences == sorted(set(sequences))


def test_jitter_delays_frames_and_keeps_their_order():
    cable = Cable()
    cable.faults = Faults(jitter_s=0.5)
    wire = b""
    for k, frame in enumerate(FRAMES[:200]):
        cable.send([frame], 0.01 * k)
        wire += cable.receive(0.01 * k)
    assert len(wire) < 200 * len(FRAMES[0])
    wire += cable.receive(10.0)
    assert decoded(wire) == (list(range(200)), 0)


def test_bursts_come_together_once_in_their_time():
    cable = Cable()
    cable.faults = Faults(burst_s=0.5)
    sizes = []
    for k in range(100):
        cable.send([FRAMES[k]], 0.02 * k)
        sizes.append(len(decoded(cable.receive(0.02 * k))[0]))
    bursts = [n for n in sizes if n]
    assert len(bursts) <= 5 and max(bursts) >= 20


def test_a_stalled_cable_fills_up():
    cable = Cable()
    cable.stall(5.0)
    for frame in FRAMES:
        if cable.has_room:
            cable.send([frame], 0.0)
    assert cable.receive(4.9) == b"" and not cable.has_room
    late = cable.receive(5.0)
    assert MOST_WAITING_BYTES <= len(late) < MOST_WAITING_BYTES + 100 and cable.has_room


def test_a_cut_leaves_half_a_frame():
    cable = Cable()
    cable.send(FRAMES[:3], 0.0)
    cable.cut()
    cable.send(FRAMES[3:5], 0.0)
    assert decoded(cable.receive(0.0)) == ([4], 1)


@pytest.mark.parametrize("wrong", [{"drop": 1.5}, {"corrupt": -0.1}, {"jitter_s": -1}, {"drift_ppm": 1e6}])
def test_impossible_faults_are_refused(wrong: dict[str, float]):
    with pytest.raises(ValueError):
        Faults(**wrong)
