"""Denoising pairs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.config import parse_config
from engine.datasets.base import Strip
from engine.errors import EngineError
from engine.tasks.denoise import NOISES, Denoise, without_wander
from engine.tasks.registry import open_task

wfdb = pytest.importorskip("wfdb")


def write_noise(folder: Path) -> None:
    """Three minutes of noise in the publisher's layout; white, so that no two stretches are alike."""
    folder.mkdir()
    generator = np.random.default_rng(3)
    for name in NOISES:
        signal = generator.normal(size=(360 * 180, 2)) * 0.2
        wfdb.wrsamp(name, 360, ["mV", "mV"], ["noise1", "noise2"], signal, fmt=["212"] * 2, write_dir=str(folder))


@pytest.fixture
def task(tmp_path: Path) -> Denoise:
    write_noise(tmp_path / "nstdb")
    config = parse_config(
        {
            "task": "denoise",
            "task_params": {
                "crops_per_minute": 12,
                "evaluation_crops": 5,
                "snr_db": [0, 6],
            },
            "datasets": [{"name": "nstdb", "path": str(tmp_path / "nstdb"), "train_only": True}],
        }
    )
    return open_task(config)


def strip(**changes) -> Strip:
    time = np.arange(360 * 30) / 360
    ecg = np.exp(-(((time % 0.8) - 0.4) ** 2) / 0.0008) + 0.5 * np.sin(2 * np.pi * 0.1 * time)
    return Strip(**{"patient": "9", "record": "9", "lead": "MLII", "rate_hz": 360.0,
                    "samples_mv": ecg.astype(np.float32), **changes})  # fmt: skip


def test_training_windows_are_clean_and_without_wander(task: Denoise):
    windows = task.windows(strip(), training=True, generator=np.random.default_rng(0))
    assert windows.x.shape == windows.y.shape == (6, 256, 1)
    assert np.array_equal(windows.x, windows.y)
    assert abs(float(windows.y.mean())) < 0.05


def test_scored_windows_hold_every_noise_at_every_ratio(task: Denoise):
    windows = task.windows(strip(), training=False, generator=np.random.default_rng(0))
    assert len(windows) == 5 * 3 * 2
    noise = windows.x - windows.y
    snr = 10 * np.log10(windows.y.var(axis=(1, 2)) / noise.var(axis=(1, 2)))
    np.testing.assert_allclose(snr, windows.extra["snr_db"], atol=1e-3)
    assert sorted(set(windows.extra["noise"])) == [0, 1, 2]


def test_scoring_does_not_depend_on_the_generator(task: Denoise):
    one, other = (task.windows(strip(), training=False, generator=np.random.default_rng(k)) for k in (1, 2))
    assert np.array_equal(one.x, other.x)


def test_test_patients_meet_the_test_part_of_the_noise(task: Denoise):
    windows = task.windows(strip(), training=False, generator=np.random.default_rng(0))
    added = (windows.x - windows.y)[windows.extra["noise"] == NOISES.index("em"), :, 0][0]
    noise = task._noise["test"]["em"]
    best = max(np.corrcoef(added, noise[lead, at : at + 256])[0, 1] for lead in (0, 1) for at in range(8740))
    assert best > 0.999


def test_flat_and_missing_stretches_are_left_out(task: Denoise):
    flat = strip(samples_mv=np.zeros(360 * 30, np.float32))
    assert task.windows(flat, training=True, generator=np.random.default_rng(0)) is None
    holes = strip(missing=((0, 360 * 20),))
    windows = task.windows(holes, training=False, generator=np.random.default_rng(0))
    assert windows.start.min() >= 360 * 20


def test_strips_of_noise_have_no_windows(task: Denoise):
    noise = strip(statements=frozenset(("em",)))
    assert task.windows(noise, training=True, generator=np.random.default_rng(0)) is None


def test_wander_goes_and_complexes_stay():
    time = np.arange(3000) / 100
    ecg = np.exp(-(((time % 0.8) - 0.4) ** 2) / 0.0008)
    kept = without_wander((ecg + np.sin(2 * np.pi * 0.05 * time)).astype(np.float32), 100.0)
    assert np.abs(kept - (ecg - ecg.mean()))[300:-300].max() < 0.15


def test_missing_noise_names_the_cure(tmp_path: Path):
    config = parse_config({"task": "denoise", "datasets": [{"name": "nstdb", "path": str(tmp_path / "nowhere")}]})
    with pytest.raises(EngineError):
        open_task(config).windows(strip(), training=False, generator=np.random.default_rng(0))
