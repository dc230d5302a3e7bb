"""A model computed by a board of ours gives what this computer gives."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from engine.cli import BAD_INPUT, main
from engine.errors import EngineError
from engine.jobs.events import Job
from engine.modes.board_predictor import board_predictor
from engine.modes.predictors import open_predictor
from engine.runtime.model import Model

WINDOWS = np.random.default_rng(1).normal(0, 0.3, (2, 256, 1)).astype(np.float32)


def test_a_simulated_board_is_sent_the_model():
    with board_predictor("seg-2", Job(), board="simulator") as board:
        assert board.identity.endswith(" on simulator")
        told = board.predict(WINDOWS)
    assert np.abs(told - open_predictor("seg-2").predict(WINDOWS)).max() < 0.05  # a step of the output, or none


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc")
def test_a_native_board_is_built_with_a_model_that_its_firmware_lacks():
    with board_predictor("seg-2", Job(), board="host") as board:
        told = board.predict(WINDOWS)
    assert np.array_equal(told, Model.open("seg-2", runtime="compiled").predict(WINDOWS))


def test_models_that_are_not_int8_are_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("engine.runtime.quantized.TfliteModel.input_scale", (0.0, 0))
    with (
        pytest.raises(EngineError, match=r"is not an INT8 model \(boards run those only"),
        board_predictor("seg-2", Job(), board="simulator"),
    ):
        pass


def test_the_demo_page_says_who_computed_it(tmp_path: Path):
    page = tmp_path / "demo.html"
    command = ["demo", "--model", "seg-4-lg", "--seconds", "5", "--out", str(page), "--quiet"]
    assert main([*command, "--board", "simulator"]) == 0
    assert " on simulator" in page.read_text(encoding="utf-8")


def test_a_port_where_nobody_is_ends_the_demo_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    command = ["demo", "--model", "seg-2", "--out", str(tmp_path / "d.html"), "--port", "erpc:/dev/nowhere"]
    assert main(command) == BAD_INPUT
    assert "/dev/nowhere" in capsys.readouterr().err
