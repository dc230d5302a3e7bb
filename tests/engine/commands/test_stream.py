from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from engine.cli import BAD_INPUT, DONE, main
from engine.commands.stream_telling import report
from engine.devices.live_types import LiveStatistics, ModelFigures
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
        (["--board", "simulator", "--baud", "0"], "must be above 0"),
        (["--board", "simulator", "--edf"], "--record DIR"),
        (["--board", "simulator", "--stage", "waves=nothing"], 'no model "nothing"'),
        (["--board", "simulator", "--json", "/nowhere/figures.json"], "there is no folder /nowhere"),
    ],
)
def test_faults_are_one_sentence(arguments, words, capsys):
    assert main(["stream", *arguments]) == BAD_INPUT
    captured = capsys.readouterr()
    assert words in captured.err
    assert captured.out == ""


COMMAND = [sys.executable, "-m", "engine", "stream", "--no-analysis", "--leads", "1"]


@pytest.mark.skipif(os.name == "nt", reason="signals are for POSIX")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_signals_end_the_stream_with_all_its_figures_also_in_the_background(tmp_path, name):
    with Simulator(models=[]) as simulator:
        child = subprocess.Popen(
            [*COMMAND, "--port", simulator.url, "--record", str(tmp_path), "--json", "-"],
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),  # as shells do for "command &"
        )
        wait_until(lambda: any(path.stat().st_size for path in tmp_path.glob("live-*.part/*.dat")))
        child.send_signal(getattr(signal, name))
        told = json.loads(child.communicate(timeout=30)[0])
    assert child.returncode == DONE
    assert told["samples"] == told["recording"]["samples"] > 0
    assert (told["recording"]["fault"], told["state"]) == ("", "streaming")
    assert open_record(told["recording"]["path"]).n_samples == told["samples"]


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is for POSIX")
def test_recording_of_a_killed_run_is_finished_by_the_next(tmp_path):
    with Simulator(models=[]) as simulator:
        port = ["--port", simulator.url, "--record", str(tmp_path)]
        child = subprocess.Popen([*COMMAND, *port], stderr=subprocess.DEVNULL)
        wait_until(lambda: any(path.stat().st_size for path in tmp_path.glob("live-*.part/*.dat")))
        child.kill()
        child.wait()
        again = subprocess.run([*COMMAND, *port, "--seconds", "1"], capture_output=True, text=True, timeout=30)
    assert "finished a recording that was interrupted" in again.stderr
    headers = sorted(tmp_path.glob("live-*/live-*.hea"))
    assert len(headers) == 2 and not list(tmp_path.glob("*.part"))
    assert all(open_record(header).n_samples for header in headers)


def test_board_that_vanishes_is_told_of_at_once_and_in_the_end(capsys):
    simulator = Simulator(models=[])
    simulator.start()
    threading.Timer(1.0, simulator.close).start()
    arguments = ["--no-analysis", "--leads", "1", "--seconds", "2.5", "--json", "-"]
    assert main(["stream", "--port", simulator.url, *arguments]) == DONE
    captured = capsys.readouterr()
    told = json.loads(captured.out)
    assert told["samples"] > 0
    assert told["state"] == "reconnecting" and told["reason"]
    assert "Connection lost, trying again" in captured.err


def test_recording_that_ends_early_is_told_of_and_the_exit_code_says_so(tmp_path, monkeypatch, capsys):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("engine.devices.recording_wfdb.write_all", full)
    with Simulator(models=[]) as simulator:
        where = ["--port", simulator.url, "--no-analysis", "--seconds", "1", "--record", str(tmp_path)]
        assert main(["stream", *where, "--json", "-"]) == BAD_INPUT
    captured = capsys.readouterr()
    told = json.loads(captured.out)
    assert told["samples"] > 0 and "the disk is full" in told["recording"]["fault"]
    assert "the disk is full" in captured.err


def wait_until(condition, timeout_s: float = 20.0) -> None:
    end = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    assert condition()


def test_windows_that_are_not_compared_have_their_reason_told_once():
    models = tuple(ModelFigures(k, f"m{k}", 3, 0, 0.5, 10, 10, 0, 0, 0, "no C compiler") for k in range(2))
    quiet: Any = SimpleNamespace(info=None, port="x", analysis=None, recording=None)
    said = report(quiet, LiveStatistics(models=models)).splitlines()
    assert said[-3:] == ["m0: 3 windows, none compared", "m1: 3 windows, none compared", "no C compiler"]


def test_faults_of_the_simulator_are_chosen_in_words(tmp_path):
    figures = tmp_path / "figures.json"
    where = ["--board", "simulator", "--rate", "1000", "--leads", "1", "--seconds", "2", "--no-analysis"]
    assert main(["stream", *where, "--fault", "drop=0.2", "--json", str(figures)]) == DONE
    told = json.loads(figures.read_text())
    assert told["samples_lost"] > 100 and told["samples"] > 500


def test_faults_are_for_the_simulator(capsys):
    assert main(["stream", "--port", "x", "--fault", "drop=1"]) == BAD_INPUT
    assert "--board simulator" in capsys.readouterr().err
