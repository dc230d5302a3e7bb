from __future__ import annotations

import json

import pytest

from engine.cli import BAD_INPUT, DONE, main
from engine.devices.simulator import Simulator
from engine.records import open_record

CONTRACT = {
    "samples",
    "samples_lost",
    "frames_bad",
    "windows",
    "windows_equal",
    "latency_ms",
    "drift_ppm",
    "instructions_per_inference",
}
CLASSICAL = ["--stage", "waves=classical"]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Figures, and the folder of a recording, of three seconds of the simulator."""
    folder = tmp_path_factory.mktemp("stream")
    figures = folder / "figures.json"
    with Simulator(models=["seg-2"]) as simulator:
        where = ["--port", simulator.url, "--rate", "500", "--leads", "2", "--seconds", "3"]
        code = main(["stream", *where, "--record", str(folder), "--json", str(figures), *CLASSICAL])
    assert code == DONE
    return json.loads(figures.read_text()), next(p for p in folder.iterdir() if p.is_dir())


def test_figures_are_those_of_the_contract(recorded):
    told, _ = recorded
    assert told.keys() >= CONTRACT
    assert told["samples"] >= 1000
    assert (told["samples_lost"], told["frames_bad"]) == (0, 0)
    assert told["latency_ms"].keys() == {"p50", "p95", "p99"}


def test_what_was_recorded_is_what_was_streamed(recorded):
    told, folder = recorded
    with open_record(next(folder.glob("live-*.hea"))) as record:
        assert record.n_samples == told["samples"]
        assert (record.fs, len(record.leads), record.info.notices) == (500, 2, ())
        assert record.read().valid.all()


def test_recording_of_bytes_can_be_streamed_again(recorded, capsys):
    told, folder = recorded
    assert main(["stream", "--port", str(next(folder.glob("*.hkraw"))), "--json", "-", *CLASSICAL]) == DONE
    again = json.loads(capsys.readouterr().out)
    assert again["samples"] == told["samples"]
    assert again["latency_ms"]["p95"] is not None


def test_virtual_board_is_started_and_told_of(capsys):
    assert main(["stream", "--board", "simulator", "--seconds", "1", "--no-analysis", "--leads", "1"]) == DONE
    out = capsys.readouterr().out
    assert out.startswith("simulator") and "0 lost" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "/nowhere/tty9", "--seconds", "1"], "there is no port"),
        (["--port", "socket://127.0.0.1:1", "--seconds", "1"], "nobody listens"),
        (["--board", "simulator", "--rate", "333", "--seconds", "1"], "does not sample at 333 Hz"),
        (["--board", "simulator", "--leads", "99", "--seconds", "1"], "leads, not 99"),
        (["--board", "simulator", "--seconds", "-1"], "must be above 0"),
    ],
)
def test_faults_are_one_sentence(arguments, words, capsys):
    assert main(["stream", *arguments]) == BAD_INPUT
    assert words in capsys.readouterr().err
