"""Firmware on every virtual board that this computer can run, through the real client."""

from __future__ import annotations

import time

import pytest

from engine.analysis.pipeline import analyze
from engine.analysis.stages import CLASSICAL, Stages
from engine.devices.faults import DeviceError
from engine.devices.instruction_count import count_instructions
from engine.devices.live import LiveSession
from engine.devices.live_types import StreamOptions
from engine.devices.protocol import Source
from engine.devices.recorder import RecorderOptions
from engine.devices.virtual import start
from engine.errors import EngineError
from engine.records import open_record

STAGES = Stages(CLASSICAL, CLASSICAL, CLASSICAL)
ALL = 1 << 40


def until(condition, timeout_s: float = 40.0) -> None:
    end = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    assert condition()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["an547", "an386", "host"])
def test_firmware_streams_without_loss_and_computes_what_the_host_computes(name, tmp_path):
    try:
        board = start(name, fallback=False)
    except EngineError as error:
        pytest.skip(f"virtual board {name}: {error}")
    with board:
        live = LiveSession(board.url, stages=STAGES)
        live.open()
        live.wait_connected(20)
        live.record(RecorderOptions(tmp_path, name="rec", durable=False))
        live.start(StreamOptions(rate_hz=500, n_leads=12))
        assert live.options.source is Source.REPLAY
        until(lambda: sum(bool(r.equal is not None or r.why) for r in live.results(0, ALL)) >= 3)
        live.stop()
        live.close()
    told = live.statistics()
    assert (told.samples_lost, told.segments, told.board.samples_dropped) == (0, 1, 0)
    assert live.ring.read(0, live.ring.head, [0])[1].all()
    results = live.results(0, ALL)
    if any("compiler" in r.why for r in results):
        pytest.skip("no C compiler on this computer: results are compared by class only")
    compared = [r.equal for r in results if r.equal is not None]
    assert len(compared) >= 3 and all(compared)
    with open_record(tmp_path / "rec" / "rec.hea") as record:
        assert record.n_samples == told.samples
        again = analyze(record, 0, stages=STAGES)
    assert again.beats.sample.tolist() == live.analysis.beats.sample.tolist()
    assert again.summary == live.analysis.summary


def test_boards_that_cannot_count_instructions_count_none():
    assert count_instructions("host", ["seg-4-lg"]) == {}
    assert count_instructions("", []) == {}


def test_options_left_open_are_chosen_for_the_board():
    with start("simulator") as board:
        live = LiveSession(board.url, analyse=False)
        live.open()
        live.wait_connected(10)
        with pytest.raises(DeviceError, match="has no model 30"):
            live.start(StreamOptions(model_ids=(30,)))
        live.start()
        assert (live.options.rate_hz, live.options.source) == (live.info.rates_hz[0], Source.SENSOR)
        assert live.options.n_leads == len(live.info.leads)
        live.close()
