"""Windows of the translation task."""

from __future__ import annotations

import numpy as np
import pytest

from engine.config import RunConfig
from engine.datasets.base import Strip
from engine.errors import ConfigError
from engine.tasks.registry import open_task


def task(channels=("ecg",), **params):
    window = {"length": 200, "rate_hz": 100, "channels": channels}
    return open_task(RunConfig(task="translate", task_params=params, window=window))


def strip(**changes):
    t = np.arange(1000) / 100
    ecg, ppg = np.sin(2 * np.pi * t) + 0.3, 40 * np.sin(2 * np.pi * t - 1) + 900
    about = {"patient": "p", "record": "r", "lead": "II", "rate_hz": 100.0, "samples_mv": ecg.astype(np.float32)}
    return Strip(**about | {"companions": {"ppg": ppg.astype(np.float32)}} | changes)


def windows(made, of, training=False, seed=0):
    return made.windows(of, training=training, generator=np.random.default_rng(seed))


def test_the_target_has_the_companions_shape_and_the_inputs_scale():
    found = windows(task(), strip())
    assert found.x.shape == found.y.shape == (5, 200, 1)
    np.testing.assert_allclose(found.y.mean(axis=1), found.x.mean(axis=1), atol=1e-4)
    np.testing.assert_allclose(found.y.std(axis=1), found.x.std(axis=1), rtol=1e-4)
    for k in range(5):
        part = strip().companions["ppg"][200 * k : 200 * (k + 1)]
        assert np.corrcoef(part, found.y[k, :, 0])[0, 1] > 0.9999


def test_any_direction_can_be_asked_for():
    there, back = windows(task(), strip()), windows(task(source="ppg", target="ecg"), strip())
    assert np.corrcoef(there.x[0, :, 0], back.y[0, :, 0])[0, 1] > 0.9999


def test_stretches_without_signal_and_strips_without_the_companion_are_left_out():
    assert windows(task(), strip(missing=((250, 260),))).start.tolist() == [0, 400, 600, 800]
    ppg = strip().companions["ppg"].copy()
    ppg[600:] = 5
    assert windows(task(), strip(companions={"ppg": ppg})).start.tolist() == [0, 200, 400]
    assert windows(task(), strip(companions={})) is None


def test_training_crops_follow_the_seed():
    made = [windows(task(crops_per_minute=60), strip(), training=True, seed=s) for s in (1, 1, 2)]
    assert len(made[0]) == 10
    np.testing.assert_array_equal(made[0].start, made[1].start)
    assert not np.array_equal(made[0].start, made[2].start)


def test_one_signal_to_itself_and_several_inputs_are_refused():
    with pytest.raises(ConfigError, match='both "ecg"'):
        task(target="ecg")
    with pytest.raises(ConfigError, match="one signal"):
        task(channels=("ecg", "ppg"))
