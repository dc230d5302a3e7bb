"""The session against the simulated board and everything that can be wrong with board and cable."""

from __future__ import annotations

import os
import socket
import threading
import time

import numpy as np
import pytest

from engine.analysis.stages import CLASSICAL, Stages
from engine.devices import discovery
from engine.devices.discovery import Candidate, PortEntry, discover, only_board
from engine.devices.faults import DeviceError, VersionError
from engine.devices.link_state import LinkState
from engine.devices.live import LiveSession
from engine.devices.live_types import StreamOptions
from engine.devices.protocol import Source
from engine.devices.simulator import Faults, Recording, Simulator
from engine.devices.transports import open_port

STAGES = Stages(CLASSICAL, CLASSICAL, CLASSICAL)
RAMP = 16_000  # samples of a recording in which each tells its own place


def ramp() -> Recording:
    """Sample k of every pass is k µV in lead I."""
    values = np.arange(RAMP, dtype=np.float32)[None] / 1000.0
    return Recording("ramp", 1000.0, ("I",), values)


def until(condition, timeout_s: float = 20.0) -> None:
    end = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    assert condition()


@pytest.fixture
def simulator():
    with Simulator(recordings=[ramp()], models=[], leads=("I",)) as made:
        yield made


@pytest.fixture
def session(simulator):
    live = LiveSession(simulator.url, stages=STAGES, analyse=False)
    live.open()
    live.wait_connected(5)
    yield live
    live.close()


def play_ramp(session: LiveSession) -> None:
    session.start(StreamOptions(rate_hz=1000, source=Source.REPLAY))


def wrong_samples(session: LiveSession) -> int:
    """Samples shown as valid in the last segment that are not the ones the board sent."""
    ring, axis = session.ring, session._feed.intake.axis
    start = axis.segments[-1].start
    values, valid = ring.read(start, ring.head)
    index = axis.segments[-1].device_index + np.arange(ring.head - start)
    return int(np.sum(valid[0] & (np.rint(values[0] * 1000) != index % RAMP)))


def test_damage_loses_frames_but_never_a_sample_unseen_nor_shows_a_wrong_one(simulator, session):
    play_ramp(session)
    until(lambda: session.statistics().samples > 100)
    simulator.faults = Faults(corrupt=1e-3, lose=5e-4)
    until(lambda: session.statistics().gaps >= 3 and session.statistics().frames_bad >= 3)
    simulator.faults = Faults()
    settled = session.ring.head
    until(lambda: session.ring.head > settled + 500)
    ring, told = session.ring, session.statistics()
    assert told.segments == 1
    assert wrong_samples(session) == 0
    missing = int((~ring.read(0, ring.head)[1]).sum())
    assert missing == session._feed.intake.axis.stop - session._feed.intake.account.received
    assert told.samples_lost > 0


@pytest.mark.parametrize("faults", [Faults(drop=0.2), Faults(duplicate=0.3), Faults(burst_s=0.3, jitter_s=0.1)])
def test_dropped_repeated_and_late_frames_leave_the_signal_right(simulator, session, faults):
    play_ramp(session)
    simulator.faults = faults
    until(lambda: session.ring is not None and session.ring.head > 1500)
    told = session.statistics()
    assert wrong_samples(session) == 0
    assert told.segments == 1
    assert (told.samples_lost > 0) == (faults.drop > 0)
    assert (told.samples_repeated > 0) == (faults.duplicate > 0)


def test_unplugged_cable_heals_by_itself(simulator, session):
    play_ramp(session)
    until(lambda: session.ring is not None and session.ring.head > 200)
    simulator.unplug(0.5)
    until(lambda: session.status.state is LinkState.RECONNECTING)
    assert session.status.reason
    until(lambda: session.status.state is LinkState.STREAMING)
    head = session.ring.head
    until(lambda: session.ring.head > head + 200)
    assert wrong_samples(session) == 0
    assert session.statistics().reconnections == 1
    told = session.statistics()
    assert told.samples + told.samples_lost + told.samples_unknown == session._feed.intake.axis.stop


def test_reset_in_the_middle_of_a_frame_begins_a_segment(simulator, session):
    play_ramp(session)
    until(lambda: session.ring is not None and session.ring.head > 200)
    simulator.reset()
    until(lambda: session.statistics().segments == 2)
    head = session.ring.head
    until(lambda: session.ring.head > head + 200)
    assert wrong_samples(session) == 0
    assert session.status.state is LinkState.STREAMING


def test_stalled_board_is_shown_as_stalled_until_it_goes_on(simulator, session):
    play_ramp(session)
    until(lambda: session.ring is not None and session.ring.head > 200)
    simulator.stall(1.6)
    until(lambda: session.status.state is LinkState.STALLED)
    until(lambda: session.status.state is LinkState.STREAMING)
    head = session.ring.head
    until(lambda: session.ring.head > head + 200)
    assert wrong_samples(session) == 0


def test_lead_that_falls_off_is_invalid_and_told(simulator, session):
    play_ramp(session)
    until(lambda: session.ring is not None and session.ring.head > 200)
    simulator.set_lead_off(1)
    until(lambda: "lead_off" in [event.kind for event in session.events])
    head = session.ring.head
    until(lambda: session.ring.head > head + 300)
    assert not session.ring.read(session.ring.head - 50, session.ring.head)[1].any()
    assert session.statistics().samples_lost == 0


def test_another_protocol_version_is_said_to_be_one():
    with Simulator(recordings=[], models=[], version=2) as simulator:
        live = LiveSession(simulator.url, analyse=False)
        live.open()
        with pytest.raises(VersionError, match="protocol"):
            live.wait_connected(5)
        assert live.status.state is LinkState.WRONG_VERSION
        live.close()


@pytest.mark.slow
def test_board_results_equal_the_hosts_also_after_a_change_of_source():
    pytest.importorskip("ai_edge_litert")
    with Simulator(models=["seg-2"]) as simulator:
        live = LiveSession(simulator.url, analyse=False)
        live.open()
        live.wait_connected(5)
        live.start(StreamOptions(rate_hz=250, n_leads=1))
        until(lambda: live.statistics().windows_compared + sum(bool(r.why) for r in live.results(0, 1 << 40)) >= 1)
        live.select_source(Source.REPLAY)
        until(lambda: len(live.results(0, 1 << 40)) >= 3)
        live.stop()
        live.close()
    results = live.results(0, 1 << 40)
    if any("compiler" in r.why for r in results):
        pytest.skip("no C compiler: results are compared by class only")
    assert [r.equal for r in results if not r.why] == [True] * sum(not r.why for r in results)
    assert sum(not r.why for r in results) >= 2
    assert live.disagreements(0, 1 << 40) == ()


def test_noise_and_marks_reach_the_board(simulator, session):
    play_ramp(session)
    session.inject_noise(mains_mv=0.2)
    session.press_mark("here")
    until(lambda: ("mark", "here") in [(e.kind, e.text) for e in session.events])
    until(lambda: session.ring.head > 500)
    assert wrong_samples(session) > 0  # it is another signal now


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="this system has no ptys")
def test_pty_is_a_port_like_any_other():
    with Simulator(recordings=[ramp()], models=[], leads=("I",), port="pty") as simulator:
        live = LiveSession(simulator.url, analyse=False)
        live.open()
        live.wait_connected(5)
        play_ramp(live)
        until(lambda: live.ring is not None and live.ring.head > 300)
        with pytest.raises(DeviceError, match="in use by another program"):
            open_port(simulator.url)
        simulator.unplug(0.4)
        until(lambda: live.status.state is LinkState.RECONNECTING)
        until(lambda: live.status.state is LinkState.STREAMING)
        assert wrong_samples(live) == 0
        live.close()


def test_ports_that_cannot_be_opened_say_why(tmp_path, monkeypatch):
    with pytest.raises(DeviceError, match="there is no port"):
        open_port(str(tmp_path / "ttyNone"))
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(DeviceError, match="nobody listens there"):
            open_port(f"socket://127.0.0.1:{closed.getsockname()[1]}")
    with pytest.raises(DeviceError, match="is no address"):
        open_port("socket://nowhere")
    with pytest.raises(DeviceError, match="is no port"):
        open_port("spy:///dev/null")
    with pytest.raises(DeviceError, match=r"is no serial port|cannot be opened"):
        open_port(str(tmp_path))
    import serial

    def denied(*_args, **_options):
        raise serial.SerialException(13, "could not open port: Permission denied")

    monkeypatch.setattr(serial, "Serial", denied)
    with pytest.raises(DeviceError, match=r"may not be opened by this user.*dialout"):
        open_port("/dev/ttyACM0")


def test_discovery_says_of_every_port_why_it_was_taken_or_not(monkeypatch):
    with Simulator(recordings=[], models=[]) as simulator, socket.create_server(("127.0.0.1", 0)) as chatter:

        def talk() -> None:
            peer, _ = chatter.accept()
            peer.sendall(b"AT+HELLO\r\n" * 9)
            peer.recv(1000)
            peer.close()

        threading.Thread(target=talk, daemon=True).start()
        garbage = f"socket://127.0.0.1:{chatter.getsockname()[1]}"
        ports = [
            PortEntry("/dev/ttyS0", "legacy"),
            PortEntry("/dev/ttyUSB9", "modem", usb=(0x1234, 1)),
            PortEntry(simulator.url, "board", usb=(0xCAFE, 0x4011), product="HeartKit EVB"),
        ]
        monkeypatch.setattr(discovery, "HELLO_S", 0.1)
        found = discover(ports, extra=[garbage])
        told = {c.port: (c.info is not None, c.why) for c in found}
        assert found[0].port == simulator.url and told[simulator.url][0]
        assert "not asked" in told["/dev/ttyUSB9"][1] and "not asked" in told["/dev/ttyS0"][1]
        assert not told[garbage][0] and (
            "nothing in our protocol" in told[garbage][1] or "clos" in told[garbage][1]
        )
        assert only_board(found) == simulator.url
        assert "there is no port" in discover(ports[1:2])[0].why
        both = [found[0], Candidate(PortEntry("/dev/ttyACM1"), "", found[0].info)]
        with pytest.raises(DeviceError, match=r"2 boards are connected.*choose one"):
            only_board(both)
        with pytest.raises(DeviceError, match=r"no board was found.*no serial ports"):
            only_board([])


@pytest.mark.parametrize(
    ("usb", "product", "known"),
    [
        ((0xCAFE, 0x4011), "neuralSPOT", True),
        ((0xCAFE, 0x4011), "", True),
        ((0xCAFE, 0x4011), "TinyUSB Mouse", False),
        ((0xCAFE, 0x9999), "HeartKit", False),
        ((0x1366, 0x1024), "Apollo510 EVB", True),
        ((0x2341, 0x0043), "Arduino Uno", False),
        (None, "", False),
    ],
)
def test_known_boards_have_the_ids_and_the_product(usb, product, known):
    assert PortEntry("x", usb=usb, product=product).is_known is known
