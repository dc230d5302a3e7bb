"""The door of evaluation: every kind of task, saving, the index of windows, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from engine.config import EvaluationConfig, RunConfig
from engine.errors import ConfigError, EngineError
from engine.evaluation import heartkit_figures
from engine.evaluation.result import EvaluationResult, evaluate
from engine.tasks.base import Task, WindowSet

FAST = EvaluationConfig(bootstrap=50)


class _Task(Task):
    summary = "for tests"

    def __init__(self, target, classes=(), name="rhythm"):
        labels = {c: (c,) for c in classes}
        super().__init__(RunConfig(task=name, classes=labels))
        self.target, self.name = target, name

    def windows(self, strip, *, training, generator):
        return None

    def default_classes(self):
        return {}


def _windows(y, patients, records=None, x=None, **extra):
    n = len(y)
    return WindowSet(
        np.zeros((n, 8, 1), np.float32) if x is None else x,
        y,
        np.array(patients),
        np.array([f"r{i}" for i in range(n)] if records is None else records),
        np.full(n, "II"),
        np.arange(n) * 100,
        np.full(n, 250, np.float32),
        extra,
    )


def _sure(y, k, share=0.9):
    return (
        np.full((*np.shape(y), k), (1 - share) / (k - 1), np.float32)
        + (share - (1 - share) / (k - 1)) * np.eye(k, dtype=np.float32)[np.maximum(y, 0)]
    )


def test_windows_every_one_counts():
    y = np.array([0, 0, 0, 1, 1, 1])
    answer = np.array([0, 0, 1, 1, 1, 0])
    outputs = _sure(answer, 2)
    outputs[2] = [0.45, 0.55]  # unsure and wrong: still counted
    result = evaluate(
        _Task("per_window", "NV"), _windows(y, list("aabbcc")), outputs, EvaluationConfig(threshold=0.6)
    )
    document = result.to_document()
    assert document["n"] == 6
    assert document["coverage"] == 1.0
    assert document["confusion"] == [[2, 1], [1, 2]]
    assert document["f1_per_class"] == pytest.approx({"N": 2 / 3, "V": 2 / 3})
    assert document["inconclusive"]["n"] == 1
    assert document["heartkit_compatible"]["coverage"] < 1
    low, high = document["ci95"]["f1_macro"]
    assert 0 <= low < 2 / 3 < high <= 1
    assert result.headline == ("f1_macro", pytest.approx(2 / 3))


def test_cells_list_their_windows_and_survive_saving(tmp_path):
    y, answer = np.array([0, 0, 1, -1, 1]), np.array([0, 1, 1, 0, 0])
    result = evaluate(_Task("per_window", "NV"), _windows(y, list("aabbb")), _sure(answer, 2), FAST)
    result.save(tmp_path)
    loaded = EvaluationResult.load(tmp_path)
    assert loaded.to_document() == result.to_document()
    index = loaded.index
    for true in "NV":
        for predicted in "NV":
            shown = result.document["confusion"]["NV".index(true)]["NV".index(predicted)]
            assert index.count(true, predicted) == shown == len(index.windows(true, predicted))
    (missed,) = index.windows("V", "N")
    assert (missed.number, missed.patient, missed.record, missed.start, missed.rate_hz) == (4, "b", "r4", 400, 250)
    assert missed.probability == pytest.approx(0.9)
    with pytest.raises(ConfigError, match='no class is called "X"'):
        index.windows("X", "N")


def test_class_absent_from_the_split_is_said_not_nan():
    y = np.array([0, 0, 1, 1])
    outputs = _sure(np.array([0, 2, 1, 1]), 3)
    document = evaluate(_Task("per_window", "NVS"), _windows(y, list("aabb")), outputs, FAST).to_document()
    assert document["f1_per_class"]["S"] is None
    assert document["f1_macro"] == pytest.approx((2 / 3 + 1) / 2)
    assert any(
        "class S" in words and "1 windows were wrongly called S" in words for words in document["statements"]
    )
    json.dumps(document, allow_nan=False)


def test_one_patient_has_no_interval_and_says_so():
    y = np.array([0, 1])
    document = evaluate(_Task("per_window", "NV"), _windows(y, ["a", "a"]), _sure(y, 2), FAST).to_document()
    assert document["ci95"]["f1_macro"] is None
    assert any("one patient" in words for words in document["statements"])


def test_samples_that_nobody_marked_do_not_count():
    y = np.array([[0, 1, -1, -1], [-1, -1, -1, -1], [1, 1, 0, 0]])
    answer = np.array([[0, 1, 1, 1], [0, 0, 0, 0], [1, 0, 0, 0]])
    result = evaluate(_Task("per_sample", ("none", "p")), _windows(y, list("abc")), _sure(answer, 2), FAST)
    document = result.to_document()
    assert (document["n"], document["n_samples"]) == (2, 6)
    assert document["confusion"] == [[3, 0], [1, 2]]
    assert result.index.count("p", "none") == 1
    (window,) = result.index.windows("p", "none")
    assert window.record == "r2"
    assert window.probability == pytest.approx(0.25)  # of its samples lie in the cell


def test_records_take_the_mean_of_their_windows():
    y = np.array([0, 0, 1, 1, 0, 1])
    outputs = np.array([[0.9, 0.1], [0.4, 0.6], [0.1, 0.9], [0.2, 0.8], [0.9, 0.1], [0.1, 0.9]], np.float32)
    windows = _windows(y, list("aabbcc"), ["1", "1", "2", "2", "3", "3"])
    records = evaluate(_Task("per_window", "NV"), windows, outputs, FAST).document["per_record"]
    assert (records["n"], records["n_left_out"]) == (2, 1)  # record 3 has both classes
    assert records["accuracy"] == 1.0


def test_labels_that_hold_together():
    y = np.array([[1, 0], [1, 1], [0, 0], [0, 1]], np.float32)
    outputs = np.array([[0.9, 0.2], [0.8, 0.4], [0.1, 0.1], [0.3, 0.9]], np.float32)
    result = evaluate(_Task("multi_label", ("MI", "CD"), "diagnostic"), _windows(y, list("abcd")), outputs, FAST)
    document = result.to_document()
    assert document["f1_per_class"] == pytest.approx({"MI": 1.0, "CD": 2 / 3})
    assert document["auroc_macro"] == 1.0
    assert document["exact_match"] == 0.75
    (missed,) = result.index.label_windows("CD", holds=True, answered=False)
    assert missed.record == "r1"


def test_denoising_knows_its_gain():
    rng = np.random.default_rng(0)
    y = rng.standard_normal((6, 64, 1)).astype(np.float32)
    noise = rng.standard_normal((6, 64, 1)).astype(np.float32)
    windows = _windows(y, list("aabbcc"), x=y + noise, snr_db=np.array([0, 0, 0, 6, 6, 6]))
    result = evaluate(_Task("regression", name="denoise"), windows, y + noise / 10, FAST)
    assert result.headline == ("snr_gain_db", pytest.approx(20, abs=1e-3))
    assert [row["group"] for row in result.document["by_snr_db"]] == [0, 6]
    assert result.index is None


def test_embeddings_of_one_patient_lie_together():
    centres = np.eye(4)[np.repeat(np.arange(4), 5)]
    vectors = centres + 0.05 * np.random.default_rng(0).standard_normal(centres.shape)
    windows = _windows(np.zeros(20), [f"p{i}" for i in np.repeat(np.arange(4), 5)])
    result = evaluate(_Task("embedding", name="foundation"), windows, vectors, FAST)
    assert result.headline == ("same_patient_nearest", 1.0)


def test_runs_of_beats_in_record_order():
    labels = {"N": ("N",), "V": ("V",)}
    task = _Task("per_window", (), "beat")
    task.config = RunConfig(task="beat", classes=labels)
    y = np.array([0, 1, 1, 0, 1, 1, 1, 0])
    answer = np.array([0, 1, 1, 0, 1, 0, 1, 0])
    shuffled = np.random.default_rng(3).permutation(8)
    windows = _windows(y, ["a"] * 8, ["1"] * 8, r=np.arange(8) * 90).take(shuffled)
    runs = evaluate(task, windows, _sure(answer, 2)[shuffled], FAST).document["runs"]["V"]
    assert (runs["couplets"]["se"], runs["couplets"]["ppv"]) == (1.0, 1.0)
    assert runs["short_runs"]["se"] == 0.0


def test_heartkit_column_gives_every_class_the_same_weight():
    true = np.array([0] * 90 + [1] * 10)
    patient = np.array([0] * 80 + [1] * 10 + [0] * 5 + [2] * 5)
    weight = heartkit_figures.rebalanced_weights(true, patient, 2)
    assert weight.sum() == pytest.approx(1)
    assert weight[true == 0].sum() == pytest.approx(weight[true == 1].sum())
    assert weight[:80].sum() == pytest.approx(weight[80:90].sum())  # patients of a class evenly


@pytest.mark.parametrize(
    ("outputs", "words"),
    [
        (np.zeros((2, 3), np.float32), "another task, or with other classes"),
        (np.full((2, 2), np.nan, np.float32), "not finite"),
    ],
)
def test_unfit_outputs_are_refused(outputs, words):
    with pytest.raises(EngineError, match=words):
        evaluate(_Task("per_window", "NV"), _windows(np.array([0, 1]), ["a", "b"]), outputs, FAST)


def test_nothing_to_score_is_refused():
    task = _Task("per_window", "NV")
    with pytest.raises(EngineError, match="no windows"):
        evaluate(task, _windows(np.zeros(0, int), np.zeros(0, str), []), np.zeros((0, 2), np.float32), FAST)
    with pytest.raises(EngineError, match="no window is labelled"):
        evaluate(task, _windows(np.array([-1]), ["a"]), np.zeros((1, 2), np.float32), FAST)


def test_a_folder_without_or_with_broken_figures_is_named(tmp_path):
    with pytest.raises(EngineError, match=r"metrics\.json"):
        EvaluationResult.load(tmp_path)
    (tmp_path / "metrics.json").write_text('{"headline_metric": "f1_macro"}')
    (tmp_path / "windows.npz").write_bytes(b"not a zip")
    with pytest.raises(EngineError, match=r"windows\.npz"):
        EvaluationResult.load(tmp_path)
