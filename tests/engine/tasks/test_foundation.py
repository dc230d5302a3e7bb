"""Windows of the foundation task."""

from __future__ import annotations

import numpy as np
import pytest

from engine.config import RunConfig
from engine.datasets.base import Strip
from engine.errors import ConfigError
from engine.tasks.registry import open_task


def task(**params):
    return open_task(
        RunConfig(
            task="foundation", task_params=params, classes={"A": ("a",)}, window={"length": 200, "rate_hz": 100}
        )
    )


def strip(n=2500, **changes):
    values = np.random.default_rng(0).normal(size=n).astype(np.float32)
    about = {"patient": "p", "record": "r", "lead": "II", "rate_hz": 250.0, "samples_mv": values}
    return Strip(**about | {"statements": frozenset({"SR", "NORM"})} | changes)


def test_evaluation_windows_cover_the_strip_and_carry_its_statements():
    found = task().windows(strip(), training=False, generator=np.random.default_rng(0))
    assert found.x.shape == (5, 200, 1)
    assert found.start.tolist() == [0, 500, 1000, 1500, 2000]
    assert set(found.extra["statements"]) == {"NORM\nSR"}


def test_training_crops_are_as_many_as_asked_and_follow_the_seed():
    made = [task(crops=4).windows(strip(), training=True, generator=np.random.default_rng(s)) for s in (1, 1, 2)]
    assert len(made[0]) == 4
    np.testing.assert_array_equal(made[0].x, made[1].x)
    assert not np.array_equal(made[0].start, made[2].start)


def test_flat_short_and_unwanted_strips_train_nothing():
    generator = np.random.default_rng(0)
    assert task().windows(strip(samples_mv=np.zeros(2500, np.float32)), training=True, generator=generator) is None
    assert task().windows(strip(n=300), training=False, generator=generator) is None
    assert task(leads=("V1",)).windows(strip(), training=False, generator=generator) is None


def test_an_embedding_has_a_size_but_no_classes():
    assert task(size=32).n_outputs == 32
    assert task().class_names == ()
    with pytest.raises(ConfigError, match='did you mean "size"'):
        task(sizes=3)
