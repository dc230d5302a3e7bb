"""The strict configuration: what it refuses, and how it says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.config import Choice, RunConfig, dump_config, load_config, parse_config, unknown
from engine.errors import ConfigError
from engine.presets import load_preset, preset_names
from engine.tasks.registry import open_task, task_class, task_names


def test_a_configuration_survives_its_file(tmp_path: Path) -> None:
    config = RunConfig(
        task="rhythm", classes={"SR": ("sr",)}, model=Choice(name="tcn", params={"a": 1}), limits=("One lead.",)
    )
    path = tmp_path / "config.json"
    path.write_text(dump_config(config))
    assert load_config(path) == config


def test_an_unknown_key_is_refused_with_the_nearest_and_the_known_ones() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config({"task": "rhythm", "window": {"rate": 100}})
    message = str(caught.value)
    assert 'unknown key "window.rate"' in message
    assert 'did you mean "rate_hz"?' in message
    assert "length" in message


def test_a_value_that_cannot_be_is_named_by_its_place() -> None:
    with pytest.raises(ConfigError, match=r"training\.epochs: .*greater than or equal to 1"):
        parse_config({"task": "rhythm", "training": {"epochs": 0}})


def test_a_missing_task_is_named() -> None:
    with pytest.raises(ConfigError, match="task: field required"):
        parse_config({})


def test_a_file_that_is_no_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_text("{")
    with pytest.raises(ConfigError, match=r"broken\.json: is not JSON"):
        load_config(path)
    with pytest.raises(ConfigError, match=r"absent\.json: No such file"):
        load_config(tmp_path / "absent.json")


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden"])
def test_a_run_name_is_a_plain_file_name(name: str) -> None:
    with pytest.raises(ConfigError, match="plain file name"):
        parse_config({"task": "rhythm", "name": name})


def test_an_unknown_name_lists_what_there_is() -> None:
    error = unknown("task", "segmentaton", ["segmentation", "rhythm"])
    assert 'did you mean "segmentation"?' in str(error)
    assert "known: rhythm, segmentation" in str(error)
    with pytest.raises(ConfigError, match="no task is called"):
        task_class("nonsense")


def test_every_task_opens_with_its_own_classes() -> None:
    for name in task_names():
        task = open_task(RunConfig(task=name))
        assert task.name == name
        assert task.n_outputs >= 1


def test_every_preset_is_valid_and_says_what_it_is_for() -> None:
    assert preset_names()
    for name in preset_names():
        config = load_preset(name)
        assert config.name == name
        assert config.about, f"{name} has no description"
        assert config.limits, f"{name} states no limits"
        assert all(choice.path is None for choice in config.datasets)
        json.loads(dump_config(config))


def test_an_unknown_preset_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="no preset is called"):
        load_preset("seg-5")
