from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.analysis.stages import CLASSICAL, DEFAULT, Stages
from heartkit_gui.model.algorithms import algorithms_for, stages_text
from heartkit_gui.model.settings import Settings, parse_settings, stage_settings


@pytest.mark.parametrize(
    ("stage", "models"), [("waves", ["seg-a"]), ("beats", ["beat-a"]), ("rhythm", ["rhythm-a"])]
)
def test_only_models_that_can_make_a_stage_are_offered(zoo: Path, stage: str, models: list[str]) -> None:
    assert [algorithm.key for algorithm in algorithms_for(stage)] == [CLASSICAL, *models]


def test_without_models_there_is_the_classical_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.runtime.zoo.zoo_names", lambda: ())
    assert [algorithm.key for algorithm in algorithms_for("waves")] == [CLASSICAL]


def test_each_choice_says_what_it_is_worth(zoo: Path) -> None:
    about = algorithms_for("waves")[1].about
    assert "Made for tests of segmentation" in about
    assert "0.9120 on 40 test patients" in about
    assert "7,000 parameters" in about


def test_own_exported_runs_are_offered_by_their_folder(
    zoo: Path, tmp_path: Path, write_model: Callable[..., Path]
) -> None:
    runs = tmp_path / "runs"
    mine = write_model(runs / "mine", "segmentation", {"none": ["none"], "qrs": ["qrs"]})
    (runs / "unfinished").mkdir()
    own = algorithms_for("waves", runs)[-1]
    assert (own.key, own.title) == (str(mine), "mine (own)")


def test_a_broken_model_is_left_out(zoo: Path) -> None:
    (zoo / "seg-a" / "config.json").write_text("{")
    assert [algorithm.key for algorithm in algorithms_for("waves")] == [CLASSICAL]


def test_stages_are_kept_in_the_settings_unless_they_are_the_default() -> None:
    assert Settings().stages == DEFAULT
    assert stage_settings(DEFAULT) == {"waves_by": None, "beats_by": None, "rhythm_by": None}
    stages = Stages(waves="/runs/mine", rhythm="rhythm-a")
    kept = parse_settings({**Settings().model_dump(mode="json"), **stage_settings(stages)})
    assert kept.stages == stages


def test_settings_of_version_1_keep_everything_and_use_the_default_algorithms() -> None:
    lifted = parse_settings({"version": 1, "theme": "dark"})
    assert (lifted.theme, lifted.stages) == ("dark", DEFAULT)


def test_stages_in_words_name_models_only() -> None:
    assert stages_text(Stages(CLASSICAL, CLASSICAL, CLASSICAL)) == "classical"
    assert stages_text(Stages("/home/me/runs/mine", CLASSICAL, "rhythm-a")) == "waves by mine, rhythm by rhythm-a"
