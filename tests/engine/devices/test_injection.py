from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from engine.devices.faults import DeviceError
from engine.devices.live import LiveSession
from engine.devices.live_types import StreamOptions
from engine.devices.protocol import Source
from engine.devices.simulator import Simulator
from engine.devices.speeds import SpeedSearch
from engine.devices.transports import open_port
from engine.records.record import ArrayRecord, Lead, RecordInfo


def record(codes: np.ndarray, rate_hz: float = 250.0) -> ArrayRecord:
    """Codes of 1 µV as a record of one lead."""
    info = RecordInfo("ramp", Path("ramp"), "array", rate_hz, len(codes), (Lead("I"),))
    return ArrayRecord(info, codes[None].astype(np.float32) / 1000)


def until(condition, timeout_s: float = 20.0) -> None:
    end = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    assert condition()


def test_samples_of_this_computer_come_back_as_the_boards_own():
    codes = np.random.default_rng(0).integers(-3000, 3000, 400)
    with Simulator(recordings=[], models=[], leads=("I", "II")) as simulator:
        live = LiveSession(simulator.url, analyse=False)
        live.open()
        live.wait_connected(5)
        with pytest.raises(DeviceError, match="nothing streams"):
            live.inject(record(codes))
        live.start(StreamOptions(rate_hz=250, n_leads=2))
        until(lambda: live.ring is not None and live.ring.head > 50)
        live.inject(record(codes))
        until(lambda: "source" in [event.kind for event in live.events])
        until(lambda: live.ring.head > live.events[-1].position + 900)
        live.select_source(Source.SENSOR)
        live.close()
    values, valid = live.ring.read(0, live.ring.head)
    heard = np.rint(values * 1000).astype(int)
    first = next(k for k in range(len(heard[0]) - 800) if np.array_equal(heard[0, k : k + 300], codes[:300]))
    assert np.array_equal(heard[1, first : first + 400], codes)
    assert np.array_equal(heard[0, first + 400 : first + 800], codes)  # from the beginning again
    assert valid[:, first : first + 800].all()


def test_port_that_cannot_be_opened_is_told_at_once(tmp_path):
    live = LiveSession(str(tmp_path / "none"))
    live.open()
    began_s = time.monotonic()
    with pytest.raises(DeviceError, match="there is no port"):
        live.wait_connected(30)
    assert time.monotonic() - began_s < 15
    live.close()


def test_speeds_are_tried_in_turn_beginning_with_the_one_given():
    search = SpeedSearch(460_800)
    tried = []
    is_new = []
    for _ in range(7):
        tried.append(search.baud)
        is_new.append(search.next())
    assert tried[0] == tried[6] == 460_800
    assert is_new == [True] * 5 + [False, True]  # a round is over with the sixth
    assert set(tried) >= {115_200, 921_600}
    with pytest.raises(DeviceError, match="is no port"):
        open_port("rfc2217://x")
