"""`deploy` and `evb` from the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from engine.cli import main
from engine.devices import virtual
from engine.devices.board_inference import InferenceBoard
from engine.devices.simulator import Simulator
from engine.runtime.model import read_card


def needs(*programs: str) -> None:
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not on this machine")


def test_a_model_is_deployed_to_an_emulated_board_and_agrees(capsys, tmp_path: Path):
    needs("gcc", "arm-none-eabi-gcc", "qemu-system-arm")
    kept = tmp_path / "seg.elf"
    assert main(["deploy", "seg-4-sm", "--board", "an547", "--windows", "3", "--output", str(kept), "--quiet"]) == 0
    said = capsys.readouterr().out
    assert "3 of 3 windows, 3,072 bytes compared" in said and "(emulated)" in said
    assert kept.is_file()


def test_a_model_is_compared_on_a_board_that_holds_it(capsys):
    needs("gcc")
    with virtual.start("simulator") as board:
        assert main(["deploy", "seg-4-lg", "--port", board.url, "--windows", "3", "--json-events"]) == 0
        assert main(["deploy", "den-sm", "--port", board.url, "--windows", "2", "--quiet"]) == 0
    lines = capsys.readouterr().out.splitlines()
    events = [json.loads(line) for line in lines if line.startswith("{")]
    result = events[-1]["result"]
    assert events[-1]["event"] == "finished" and result["passed"] and result["windows_equal"] == 3
    assert any("2 of 2 windows" in line for line in lines)


def test_a_model_is_sent_to_a_board_that_takes_models():
    card = read_card("seg-4-sm")
    with virtual.start("simulator") as board, InferenceBoard(board.url) as bench:
        assert bench.model(card.name, card.sha256) is None
        model = bench.upload(card.name, card.path.read_bytes())
        assert bench.model(card.name, card.sha256) == model
        run = bench.infer(model, np.zeros(model.input_shape, np.int8))
    assert len(run.output) == np.prod(model.output_shape)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["deploy", "no-such-model"], "no model"),
        (["deploy", "seg-4-sm", "--windows", "0"], "at least 1"),
        (["deploy", "seg-4-sm", "--port", "socket://127.0.0.1:1", "--output", "x"], "--output"),
        (["evb", "build", "--board", "an999", "--output", "x"], "an386"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(arguments, words, capsys):
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1


def test_a_simulator_without_a_compiler_is_named_as_the_cause(capsys, monkeypatch: pytest.MonkeyPatch):
    needs("gcc")
    with monkeypatch.context() as bare:
        bare.setenv("PATH", "")
        bare.delenv("CC", raising=False)
        simulator = Simulator(models=("seg-4-lg",))
    with simulator:
        assert main(["deploy", "seg-4-lg", "--port", simulator.url, "--windows", "2", "--quiet"]) == 2
    assert "finds no C compiler" in capsys.readouterr().err


def test_without_a_compiler_nothing_is_begun(capsys, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CC", raising=False)
    assert main(["deploy", "seg-4-sm"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("no C compiler is installed") and "building" not in said
