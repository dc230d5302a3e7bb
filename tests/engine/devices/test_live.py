from __future__ import annotations

import math
import random
import struct
import time
from binascii import crc_hqx
from dataclasses import fields, is_dataclass

import numpy as np
import pytest
from fake_board import FakeBoard

from engine.analysis.pipeline import analyze
from engine.analysis.stages import CLASSICAL, DEFAULT, Stages
from engine.devices.faults import DeviceError, NoAnswerError, VersionError
from engine.devices.link_state import LinkState
from engine.devices.live import LiveSession
from engine.devices.live_types import StreamOptions
from engine.devices.protocol import FLUSH, Ack, Source, Start, Status, encode
from engine.devices.protocol.cobs import cobs_encode
from engine.devices.protocol.messages import BY_TYPE
from engine.devices.recorder import RecorderOptions
from engine.devices.transports import open_port
from engine.records import open_record, read_annotations

CLASSICAL_STAGES = Stages(CLASSICAL, CLASSICAL, CLASSICAL)


def ecg_codes(n: int, rate_hz: float, leads: int = 1) -> np.ndarray:
    """A heart at 72 a minute with T waves, wander and noise; codes [leads, n] of 2.5 µV."""
    rng = np.random.default_rng(1)
    t = np.arange(n) / rate_hz
    phase = (t * 1.2) % 1
    beat = 400 * np.exp(-((phase - 0.4) ** 2) / 2e-4) + 90 * np.exp(-((phase - 0.7) ** 2) / 2e-3)
    lead = beat + 60 * np.sin(1.3 * t)
    return np.rint(lead[None] * (1 + np.arange(leads)[:, None]) + rng.normal(0, 4, (leads, n))).astype(np.int16)


def until(condition, timeout_s: float = 10.0) -> bool:
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


@pytest.fixture
def board():
    return FakeBoard()


@pytest.fixture
def session(board):
    live = LiveSession("fake", opener=board.plug, stages=CLASSICAL_STAGES)
    live.open()
    live.wait_connected(5)
    yield live
    live.close()


def play(board: FakeBoard, codes: np.ndarray, lost: set[int] = frozenset(), width: int = 25) -> None:
    """Send codes as frames, those with the numbers `lost` left out."""
    for number, at in enumerate(range(0, codes.shape[1], width)):
        if number not in lost:
            board.emit(at, codes[:, at : at + width])


def differences(a: object, b: object, where: str = "") -> list[str]:
    """Where two results are not the same to the last bit."""
    if is_dataclass(a):
        pairs = [(f".{f.name}", getattr(a, f.name), getattr(b, f.name)) for f in fields(a)]
    elif isinstance(a, dict):
        pairs = [(f"[{key}]", a.get(key), b.get(key)) for key in a.keys() | b.keys()]
    elif isinstance(a, tuple | list) and isinstance(b, tuple | list) and len(a) == len(b):
        pairs = [(f"[{k}]", x, y) for k, (x, y) in enumerate(zip(a, b, strict=True))]
    elif isinstance(a, np.ndarray):
        is_same = a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
        return [] if is_same else [where]
    else:
        is_same = a == b or (isinstance(a, float) and isinstance(b, float) and math.isnan(a) and math.isnan(b))
        return [] if is_same else [where]
    return [found for name, x, y in pairs for found in differences(x, y, where + name)]


def test_stream_of_samples_lands_in_the_ring_with_its_holes(session, board):
    codes = ecg_codes(1000, 250, leads=2)
    session.start(StreamOptions(rate_hz=250, n_leads=2))
    play(board, codes, lost={3, 4, 20})
    assert until(lambda: session.ring is not None and session.ring.head == 1000)
    values, valid = session.ring.read(0, 1000)
    holes = np.zeros(1000, bool)
    holes[75:125] = holes[500:525] = True
    assert np.array_equal(valid, np.broadcast_to(~holes, (2, 1000)))
    assert np.array_equal(values[:, ~holes], (codes[:, ~holes] / 400.0).astype(np.float32))
    assert not values[:, holes].any()
    told = session.statistics()
    assert (told.samples, told.samples_lost, told.gaps, told.segments) == (925, 75, 2, 1)
    assert told.frames_lost == 0  # the board never numbered what it did not send


@pytest.mark.parametrize("lost", [set(), {40, 41, 42, 300}])
@pytest.mark.parametrize("stages", [CLASSICAL_STAGES, DEFAULT], ids=["rules", "models"])
def test_analysis_of_the_stream_is_the_analysis_of_its_recording(board, tmp_path, lost, stages):
    if stages is DEFAULT:
        pytest.importorskip("ai_edge_litert")
    codes = ecg_codes(250 * 40, 250, leads=2)
    session = LiveSession("fake", opener=board.plug, stages=stages)
    session.open()
    session.wait_connected(5)
    session.record(RecorderOptions(tmp_path, name="rec", durable=False))
    session.start(StreamOptions(rate_hz=250, n_leads=2))
    play(board, codes, lost)
    assert until(lambda: session.ring is not None and session.ring.head == codes.shape[1])
    if lost:
        board.reboot()
        assert until(lambda: sum(isinstance(m, Start) for m in board.received) == 2)
        play(board, codes[:, :2000])
        assert until(lambda: session.statistics().samples >= codes.shape[1] + 2000 - 25 * len(lost))
    session.close()
    assert session.analysis is not None
    with open_record(tmp_path / "rec" / "rec.hea") as record:
        assert record.info.notices == ()
        assert record.verify() == ()
        again = analyze(record, 0, stages=stages)
        ring_values, ring_valid = session.ring.read(0, record.n_samples)
        block = record.read()
        assert np.array_equal(block.values, ring_values)
        assert np.array_equal(block.valid, ring_valid)
        marks = read_annotations(record)
    assert len(again.beats) > 40 and session.statistics().segments == 1 + bool(lost)
    # The axis needs several leads.
    assert set(differences(session.analysis, again)) == {".record", ".intervals[axis]"}
    kept = next(a for a in marks if a.name == "hkw")
    assert np.array_equal(kept.beats.sample, session.analysis.beats.sample)


@pytest.mark.parametrize("bits", [16, 24])
def test_recording_of_bytes_plays_back_through_the_same_door(session, board, tmp_path, bits):
    codes = ecg_codes(250 * 20, 250, leads=2)
    session.record(RecorderOptions(tmp_path, name="rec", durable=False))
    session.start(StreamOptions(rate_hz=250, n_leads=2, sample_bits=bits))
    play(board, codes, lost={1, 7})
    board.send_bytes(b"\x05damage\x00")
    play_on = ecg_codes(250, 250, leads=2)
    board.emit(codes.shape[1], play_on)
    assert until(lambda: session.ring is not None and session.ring.head == codes.shape[1] + 250)
    session.close()
    live = session.statistics()

    again = LiveSession(str(tmp_path / "rec" / "rec_0001.hkraw"), stages=CLASSICAL_STAGES, speed=math.inf)
    again.open()
    info = again.wait_connected(5)
    assert info.board == "fake (recording)"
    again.start()
    assert until(lambda: again.status.state is LinkState.CLOSED)
    assert "ended" in again.status.reason
    again.close()
    told = again.statistics()
    assert (told.samples, told.samples_lost, told.gaps) == (live.samples, live.samples_lost, live.gaps)
    assert told.frames_bad == live.frames_bad == 1
    assert told.frames_lost == live.frames_lost == 0
    assert differences(again.analysis, session.analysis) == []
    bad = tmp_path / "x.hkraw"
    bad.write_bytes(b"nothing")
    with pytest.raises(DeviceError, match="is no recording"):
        open_port(str(bad))


def test_cable_pulled_and_plugged_in_again_streams_on_in_a_new_segment(session, board):
    codes = ecg_codes(500, 250)
    session.start(StreamOptions(rate_hz=250, n_leads=1))
    play(board, codes)
    assert until(lambda: session.ring is not None and session.ring.head == 500)
    board.unplugged = True
    assert until(lambda: session.status.state is LinkState.RECONNECTING)
    board.unplugged = False
    assert until(lambda: session.status.state is LinkState.STREAMING)
    play(board, codes)
    assert until(lambda: session.statistics().samples == 1000)
    told = session.statistics()
    assert (told.segments, told.reconnections, told.samples_lost) == (2, 1, 0)
    assert told.samples_unknown > 0
    values, valid = session.ring.read(0, session.ring.head, [0])
    assert valid[0, :500].all() and not valid[0, 500:-500].any() and valid[0, -500:].all()
    assert np.array_equal(values[0, :500], values[0, -500:])


def test_board_that_kept_streaming_while_the_cable_was_out_leaves_a_gap_of_exact_width(session, board):
    codes = ecg_codes(2000, 250)
    session.start(StreamOptions(rate_hz=250, n_leads=1))
    board.emit(0, codes[:, :250])
    assert until(lambda: session.ring is not None and session.ring.head == 250)
    board.unplugged = True
    assert until(lambda: session.status.state is LinkState.RECONNECTING)
    board.unplugged = False
    starts = sum(isinstance(m, Start) for m in board.received)
    for at in range(1000, 2000, 25):
        board.emit(at, codes[:, at : at + 25])
        time.sleep(0.02)
        if session.status.state is LinkState.STREAMING:
            break
    assert until(lambda: session.status.state is LinkState.STREAMING)
    assert sum(isinstance(m, Start) for m in board.received) == starts
    told = session.statistics()
    assert told.samples_lost == 750
    assert told.segments == 1


@pytest.mark.parametrize("after", [FLUSH, b""])  # without it BOOT is lost with the frame that was cut
def test_reset_of_the_board_is_noticed_and_the_stream_begins_anew(session, board, after):
    session.start(StreamOptions(rate_hz=250, n_leads=1))
    board._sequence = 40_000
    board.emit(0, ecg_codes(250, 250))
    assert until(lambda: session.ring is not None and session.ring.head == 250)
    starts = sum(isinstance(m, Start) for m in board.received)
    board.send_bytes(encode(Ack(3), 9)[:-6] + after)  # cut in the middle of a frame
    board.reboot()
    assert until(lambda: sum(isinstance(m, Start) for m in board.received) > starts)
    board.emit(0, ecg_codes(250, 250))
    assert until(lambda: session.statistics().samples == 500)
    assert (session.statistics().segments, session.statistics().frames_lost) == (2, 0)
    assert "segment" in [event.kind for event in session.events]


def test_silent_board_is_said_to_be_stalled_and_asked_again(session, board):
    session.start(StreamOptions(rate_hz=250, n_leads=1))
    board.emit(0, ecg_codes(250, 250))
    assert until(lambda: session.status.state is LinkState.STALLED)
    starts = sum(isinstance(m, Start) for m in board.received)
    assert until(lambda: sum(isinstance(m, Start) for m in board.received) > starts)
    board.emit(0, ecg_codes(250, 250))
    assert until(lambda: session.status.state is LinkState.STREAMING)


def test_board_that_answers_but_never_streams_stays_stalled(session, board):
    session.start(StreamOptions(rate_hz=250, n_leads=1))
    assert until(lambda: session.status.state is LinkState.STALLED)
    starts = sum(isinstance(m, Start) for m in board.received)
    assert until(lambda: sum(isinstance(m, Start) for m in board.received) > starts + 1)
    told = session.log_lines
    assert session.status.state is LinkState.STALLED
    assert sum("no samples come" in line for line in told) == 1


def test_refused_requests_name_what_was_refused(session, board):
    board.refuse[Start.TYPE] = Status.BUSY
    with pytest.raises(DeviceError, match="refused START: busy"):
        session.start()
    board.refuse[Start.TYPE] = 77  # of later firmware
    with pytest.raises(DeviceError, match="refused START: status 77"):
        session.start()
    with pytest.raises(DeviceError, match=r"does not sample at 123 Hz.*250, 500, 1000"):
        session.start(StreamOptions(rate_hz=123))
    with pytest.raises(DeviceError, match="has 3 leads, not 4"):
        session.start(StreamOptions(n_leads=4))
    with pytest.raises(DeviceError, match="no source replay"):
        session.start(StreamOptions(source=Source.REPLAY))


def connect(board: FakeBoard) -> LiveSession:
    live = LiveSession("fake", opener=board.plug)
    live.open()
    return live


def test_firmware_of_another_version_is_told_apart(board):
    from dataclasses import replace

    board.info = replace(board.info, protocol=(2, 3))
    live = connect(board)
    with pytest.raises(VersionError, match="speaks protocol versions 2 to 3, this program version 1"):
        live.wait_connected(5)
    assert live.status.state is LinkState.WRONG_VERSION
    live.close()


def test_frames_of_another_version_are_told_apart(board):
    plain = struct.pack("<BBH", 7, 2, 0)
    board.mute = True
    for _ in range(3):
        board.send_bytes(cobs_encode(plain + struct.pack("<H", crc_hqx(plain, 0xFFFF))) + b"\0")
    live = connect(board)
    with pytest.raises(VersionError, match="protocol 7"):
        live.wait_connected(5)
    live.close()


def test_garbage_is_called_garbage_and_silence_silence(board):
    board.mute = True
    live = connect(board)
    with pytest.raises(NoAnswerError, match="nobody answers"):
        live.wait_connected(1.2)
    live.close()
    board.send_bytes(bytes(range(1, 200)) * 3)
    live = connect(board)
    assert until(lambda: live.status.state is LinkState.GARBAGE)
    assert "597 bytes came" in live.status.reason
    board.mute = False
    assert until(lambda: live.status.state is LinkState.READY)
    live.close()


def test_marks_are_kept_where_they_were_made(session, board, tmp_path):
    with pytest.raises(DeviceError, match="nothing streams"):
        session.mark("too early")
    session.start(StreamOptions(rate_hz=250, n_leads=1))
    board.emit(0, ecg_codes(250, 250))
    assert until(lambda: session.ring is not None and session.ring.head == 250)
    session.record(RecorderOptions(tmp_path, name="m", durable=False, before_s=0.4, edf=True))
    session.mark("palpitations")
    board.emit(250, ecg_codes(250, 250))
    assert until(lambda: session.ring.head == 500)
    status = session.stop_recording()
    assert (status.first_position, status.n_samples, status.fault) == (150, 350, "")
    with open_record(status.header_path) as record:
        marks = next(a for a in read_annotations(record) if a.name == "event")
    assert marks.sample.tolist() == [100]
    assert marks.aux == ("mark: palpitations",)
    with open_record(status.folder / "m.edf") as record:
        assert record.n_samples >= 350


def test_whatever_a_board_says_in_good_frames_the_session_goes_on(session, board):
    session.start(StreamOptions(rate_hz=250, n_leads=2))
    rng = random.Random(4)
    n = 3000
    for k in range(n):
        octets = [0, 1, 2, 255] if k % 2 else range(256)
        body = bytes(rng.choice(octets) for _ in range(rng.choice([0, 1, 4, 8, 10, 14, 30, 60])))
        plain = struct.pack("<BBH", 1, rng.choice(list(BY_TYPE)), k) + body
        board.send_bytes(cobs_encode(plain + struct.pack("<H", crc_hqx(plain, 0xFFFF))) + b"\0")
    assert until(lambda: session.statistics().frames + session.statistics().frames_bad >= n, 30)
    session.results(0, 1 << 40), session.disagreements(0, 1 << 40)
    assert until(lambda: session.status.state.is_connected)  # too many bodies of no sense are garbage, which heals
    assert not any("failed" in line for line in session.log_lines)
    assert "event" in {event.kind.partition(" ")[0] for event in session.events}  # kinds this program does not know
