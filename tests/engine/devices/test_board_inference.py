"""Models on request on a board: over a damaged cable too, every output byte is right."""

from __future__ import annotations

import numpy as np
import pytest

from engine.devices import board_inference
from engine.devices.board_inference import InferenceBoard
from engine.devices.faults import DeviceError, RefusedError
from engine.devices.protocol import ModelData, SelfTest, Start
from engine.devices.simulator import Faults, Simulator
from engine.runtime.quantized import TfliteModel
from engine.runtime.zoo import zoo_folder

CONTENT = (zoo_folder("seg-2") / "model.tflite").read_bytes()
DAMAGE = Faults(drop=0.01, duplicate=0.01, corrupt=1e-4, lose=1e-4)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is lost is sent again soon."""
    monkeypatch.setattr(board_inference, "_PIECE_S", 0.2)
    monkeypatch.setattr(board_inference, "INFER_S", 1.0)
    monkeypatch.setattr(board_inference, "_LEAST_INFER_S", 0.5)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_model_is_sent_and_run_over_a_damaged_cable(seed: int, hasty):
    model = TfliteModel(CONTENT)
    generator = np.random.default_rng(seed)
    with Simulator(models=(), faults=DAMAGE, seed=seed) as simulator, InferenceBoard(simulator.url) as bench:
        there = bench.upload("seg-2", CONTENT)
        for _ in range(5):
            tensor = generator.integers(-128, 128, (1, *there.input_shape)).astype(np.int8)
            output = np.frombuffer(bench.infer(there, tensor).output, np.int8)
            # The simulator may run the model as C, which LiteRT's rounding is a few steps off.
            assert np.abs(output.astype(int) - model.run_quantized(tensor).reshape(-1)).max() <= 8


def test_a_piece_at_the_wrong_place_is_refused(hasty):
    with Simulator(models=()) as simulator, InferenceBoard(simulator.url) as bench:
        with pytest.raises(RefusedError, match="refused MODEL_DATA: send MODEL_BEGIN first"):
            bench._send_piece(ModelData(0, b"x"))
        assert bench._client.request(SelfTest()).status == 0


def test_a_refusal_names_the_message_and_the_reason():
    with (
        Simulator(models=()) as simulator,
        InferenceBoard(simulator.url) as bench,
        pytest.raises(DeviceError, match="refused START: rates are 200, 250, 500, 1000 Hz"),
    ):
        bench._client.request(Start(333))
