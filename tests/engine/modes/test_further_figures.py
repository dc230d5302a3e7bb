from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.config import RunConfig
from engine.errors import EngineError
from engine.jobs.events import Job
from engine.modes.data_folders import with_folders
from engine.modes.evaluate import windows_of
from engine.modes.further_figures import probed_statements, waves_after_denoising
from engine.modes.predictors import Predictor, open_predictor
from engine.tasks.base import WindowSet
from engine.tasks.foundation import STATEMENTS


@pytest.fixture
def denoiser(dataset: Callable[[str], Path]) -> tuple[Predictor, RunConfig]:
    folder = dataset("ludb").parent
    dataset("nstdb")
    predictor = open_predictor("den-sm")
    return predictor, with_folders(predictor.config, folder)


def windows(config: RunConfig, part: str) -> WindowSet:
    return windows_of(config, part, Job())


def test_a_denoiser_that_changes_nothing_costs_no_wave(denoiser: tuple[Predictor, RunConfig]) -> None:
    predictor, config = denoiser
    figures = waves_after_denoising(replace(predictor, predict=lambda x: x), config, "test", windows)
    assert figures["n_recordings"] == 41
    assert figures["drop"] == pytest.approx(0.0, abs=1e-9)
    assert figures["f1_macro_noisy_0_db"] == pytest.approx(figures["f1_macro_noisy_0_db_denoised"])
    assert 0.8 < figures["f1_macro_noisy_0_db"] < figures["f1_macro_clean"] - 0.02


def test_a_denoiser_that_wipes_out_the_signal_costs_them_all(denoiser: tuple[Predictor, RunConfig]) -> None:
    predictor, config = denoiser
    figures = waves_after_denoising(replace(predictor, predict=np.zeros_like), config, "test", windows)
    assert figures["drop"] > 0.5


def test_without_the_marked_dataset_nothing_is_claimed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(name: str, source: Path | None) -> Path:
        raise EngineError(f"no {name}")

    monkeypatch.setattr("engine.modes.further_figures.find_folder", nothing)
    predictor = open_predictor("den-sm")
    alone = tuple(c.model_copy(update={"path": tmp_path / c.name}) for c in predictor.config.datasets[:1])
    config = predictor.config.model_copy(update={"datasets": alone})
    assert waves_after_denoising(predictor, config, "test", windows) == {}


def records(words: list[str], n: int = 60) -> WindowSet:
    number = np.arange(n)
    return WindowSet(
        x=np.zeros((n, 4, 1), np.float32),
        y=np.zeros(n, np.int64),
        patient=np.char.add("p", number.astype(str)),
        record=np.char.add("r", number.astype(str)),
        lead=np.full(n, "I"),
        start=np.zeros(n, np.int64),
        rate_hz=np.full(n, 100, np.float32),
        extra={STATEMENTS: np.array([words[i % len(words)] for i in number])},
    )


def test_an_embedding_that_holds_the_diagnosis_is_told_by_its_probe() -> None:
    train, test = records(["NORM", "IMI"]), records(["NORM", "IMI"], 40)
    outputs = np.stack([np.arange(40) % 2, np.ones(40)], axis=1).astype(np.float32)

    def embed(windows: WindowSet) -> np.ndarray:
        return np.stack([np.arange(len(windows)) % 2, np.ones(len(windows))], axis=1).astype(np.float32)

    config = RunConfig(task="foundation")
    figures = probed_statements(config, test, outputs, train, embed)
    assert figures["auroc_per_class"] == {"NORM": 1.0, "MI": 1.0}
    assert probed_statements(config, records(["nothing known"], 40), outputs, train, embed) == {}
