"""Events of a job: one JSON object a line, progress at a bounded pace, cancelling."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.config import RunConfig, load_config
from engine.errors import Cancelled, ConfigError, EngineError
from engine.jobs.events import Job, json_lines
from engine.jobs.run_folder import RunFolder


def collected() -> tuple[list[Mapping[str, Any]], Job]:
    events: list[Mapping[str, Any]] = []
    return events, Job(events.append)


def test_every_line_is_plain_json_with_version_and_time() -> None:
    out = io.StringIO()
    job = Job(json_lines(out))
    job.metric(0, {"loss": np.float32(0.5), "bad": float("nan")})
    job.artefact("model", Path("a/model.keras"))
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["metric", "artefact"]
    assert lines[0]["values"] == {"loss": 0.5, "bad": None}
    assert all(line["v"] == 1 and line["time"] > 1e9 for line in lines)


def test_progress_is_told_at_a_bounded_pace_but_begins_and_ends() -> None:
    events, job = collected()
    for done in range(10_001):
        job.progress("read", done, 10_000)
    assert events[0]["done"] == 0
    assert events[-1]["done"] == 10_000
    assert len(events) < 100


def test_a_cancel_takes_effect_at_the_next_progress_even_if_that_is_not_told() -> None:
    wanted = [False]
    job = Job(None, lambda: wanted[0])
    job.progress("read", 0, 2)
    wanted[0] = True
    with pytest.raises(Cancelled):
        job.progress("read", 1, 2)


def test_a_run_is_never_overwritten_in_silence(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    config = RunConfig(task="rhythm")
    folder.prepare(config)
    folder.checkpoint.touch()
    with pytest.raises(EngineError, match="already holds a run"):
        folder.prepare(config)
    folder.prepare(config, resume=True)
    with pytest.raises(ConfigError, match="another configuration"):
        folder.prepare(RunConfig(task="beat"), resume=True)


def test_a_folder_where_training_never_got_anywhere_is_taken_again(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.prepare(RunConfig(task="rhythm"))
    folder.prepare(RunConfig(task="beat"))
    assert load_config(folder.config).task == "beat"


def test_a_run_keeps_its_events_but_not_its_progress(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    heard: list[Mapping[str, Any]] = []
    job = Job(folder.logged(heard.append))
    job.progress("read", 1, 1)
    job.warning("a class is absent")
    lines = [json.loads(line) for line in folder.log.read_text().splitlines()]
    assert [line["event"] for line in lines] == ["warning"]
    assert [event["event"] for event in heard] == ["progress", "warning"]


def test_the_environment_names_python_and_packages(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.prepare(RunConfig(task="rhythm"))
    made_with = folder.read_json("environment.json")
    assert made_with["packages"]["numpy"] == np.__version__
    with pytest.raises(EngineError, match=r"absent\.json: No such file"):
        folder.read_json("absent.json")
