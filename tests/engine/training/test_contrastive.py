"""Contrastive training."""

from __future__ import annotations

import numpy as np
import pytest

from engine.config import RunConfig
from engine.errors import Cancelled, ConfigError, EngineError
from engine.jobs.events import Job
from engine.tasks.base import WindowSet
from engine.training.contrastive import nt_xent, pair_order, people, train_contrastive
from engine.training.prepare import Prepared

pytest.importorskip("keras")


def windows(n_patients, seed, n_each=6):
    """Each patient's windows are a wave of the patient's own frequency at random phases, in noise."""
    generator = np.random.default_rng(seed)
    frequency = np.repeat(np.linspace(1, 12, n_patients), n_each)[:, None]
    t = np.arange(64)[None] / 64
    x = np.sin(2 * np.pi * (frequency * t + generator.random((len(frequency), 1))))
    x = x + 0.1 * generator.normal(size=x.shape)
    n = len(x)
    patient = np.repeat([f"p{seed}-{k}" for k in range(n_patients)], n_each)
    return WindowSet(
        x[..., None].astype(np.float32), np.zeros(n, np.int64), patient, patient, np.full(n, "I"),
        np.zeros(n, np.int64), np.full(n, 100, np.float32), {"dataset": np.zeros(n, np.int64)},
    )  # fmt: skip


def config(**training):
    return RunConfig(
        task="foundation",
        task_params={"size": 8},
        window={"length": 64},
        model={
            "name": "resnet",
            "params": {"input_filters": 4, "input_strides": 4, "blocks": [{"filters": 8}]},
        },
        training={"epochs": 4, "batch_size": 16, "learning_rate": 1e-2, "steps_per_epoch": 6} | training,
    )


def prepared(n_train=10):
    return Prepared(windows(n_train, 1), windows(8, 2), windows(2, 3), {}, "hash")


def test_the_loss_is_the_one_of_the_paper():
    generator = np.random.default_rng(0)
    z = generator.normal(size=(6, 3))
    unit = z / np.linalg.norm(z, axis=1, keepdims=True)
    likeness = np.exp(unit @ unit.T / 0.5)
    each = [
        -np.log(likeness[i, i ^ 1] / (likeness[i].sum() - likeness[i, i]))  # the mate of i is its neighbour
        for i in range(6)
    ]
    patient = np.array([0, 0, 1, 1, 2, 2], np.float32)[:, None]
    found = float(np.asarray(nt_xent(0.5)(patient, z.astype(np.float32))))
    assert found == pytest.approx(np.mean(each), rel=1e-5)


def test_pairs_are_two_windows_of_one_patient_and_a_batch_has_each_patient_once():
    person = people(windows(10, 1))
    order = pair_order(person, 12, 20, seed=3, epoch=0)
    assert order.shape == (20, 12)
    pairs = order.reshape(20, 6, 2)
    assert (person[pairs[..., 0]] == person[pairs[..., 1]]).all() and (pairs[..., 0] != pairs[..., 1]).all()
    assert all(len(set(person[row])) == 6 for row in order)
    np.testing.assert_array_equal(order, pair_order(person, 12, 20, seed=3, epoch=0))
    assert not np.array_equal(order, pair_order(person, 12, 20, seed=3, epoch=1))


def test_training_draws_windows_of_a_patient_together_and_keeps_no_projection(tmp_path):
    data = prepared()
    path = train_contrastive(config(), data, tmp_path, Job())
    from engine.models.files import load_model_safely

    model = load_model_safely(path)
    assert model.output_shape == (None, 8)
    assert not [layer.name for layer in model.layers if "projection" in layer.name]
    history = (tmp_path / "history.csv").read_text().splitlines()
    losses = [float(line.split(",")[2]) for line in history[1:]]
    assert len(losses) == 4 and losses[-1] < losses[0]


def test_a_run_that_was_cut_off_goes_on_to_the_same_weights(tmp_path):
    data = prepared()
    whole = train_contrastive(config(), data, tmp_path / "whole", Job())
    calls = iter(range(100))
    with pytest.raises(Cancelled):
        train_contrastive(config(), data, tmp_path / "cut", Job(cancelled=lambda: next(calls) >= 14))
    resumed = train_contrastive(config(), data, tmp_path / "cut", Job(), resume=True)
    from engine.models.files import load_model_safely

    for a, b in zip(load_model_safely(whole).get_weights(), load_model_safely(resumed).get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_cannot_be_trained_is_refused(tmp_path):
    with pytest.raises(EngineError, match="two patients, there are 1"):
        train_contrastive(config(), prepared(n_train=1), tmp_path, Job())
    with pytest.raises(ConfigError, match="without a teacher"):
        train_contrastive(config(teacher="seg-4-xl"), prepared(), tmp_path, Job())
    with pytest.raises(ConfigError, match='no loss is called "dice"'):
        train_contrastive(config(loss={"name": "dice"}), prepared(), tmp_path, Job())
