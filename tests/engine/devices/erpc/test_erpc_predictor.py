"""HeartKit's own firmware computes a built-in model: sent over eRPC, window by window."""

from __future__ import annotations

import numpy as np
import pytest
from erpc_boards import EngineFirmware, wire

from engine.devices.erpc.codec import CallStatus, DataBlock
from engine.devices.faults import DeviceError
from engine.jobs.events import Job
from engine.modes.board_predictor import board_predictor
from engine.modes.predictors import open_predictor
from engine.runtime.quantized import TfliteModel


class ModelFirmware(EngineFirmware):
    """Runs what it was sent."""

    def _take(self, block: DataBlock) -> CallStatus:
        status = super()._take(block)
        if block.command == 4:
            model = TfliteModel(bytes(self.model))
            given = np.frombuffer(bytes(self.input), np.int8).reshape(model.input_shape)
            self.output = model.run_quantized(given).tobytes()
        return status


def windows() -> np.ndarray:
    return np.random.default_rng(1).normal(0, 0.3, (2, 256, 1)).astype(np.float32)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch):
    here, there = wire()

    def open_port(port: str):
        assert port == "/dev/ttyACM0"
        return here

    monkeypatch.setattr("engine.modes.board_predictor.open_port", open_port)
    monkeypatch.setattr("engine.devices.erpc.inference.PAUSE_S", 0.0)
    return there


def test_the_board_gives_what_this_computer_gives(opened):
    firmware = ModelFirmware(opened)
    given = windows()
    with board_predictor("seg-2", Job(), port="erpc:/dev/ttyACM0") as board:
        told = board.predict(given)
        assert board.identity.endswith(" on wire")
    firmware.join()
    assert np.array_equal(told, open_predictor("seg-2").predict(given))
    assert bytes(firmware.model) == board.path.read_bytes()


def test_an_answer_of_another_size_is_refused(opened):
    firmware = EngineFirmware(opened)  # gives back as many bytes as it got
    with (
        board_predictor("seg-2", Job(), port="erpc:/dev/ttyACM0") as board,
        pytest.raises(DeviceError, match="wire gave 256 bytes where seg-2 gives 512"),
    ):
        board.predict(windows())
    firmware.join()


def test_a_model_too_large_for_that_firmware_is_refused_before_it_is_sent(opened):
    firmware = EngineFirmware(opened)
    with (
        pytest.raises(DeviceError, match=r"the model has \d+ bytes; this firmware takes 81920"),
        board_predictor("seg-4-xl", Job(), port="erpc:/dev/ttyACM0"),
    ):
        pass
    firmware.join()
    assert not firmware.model
