"""The rhythm task: which windows there are, and which class each belongs to."""

from __future__ import annotations

import numpy as np
import pytest

from engine.config import parse_config
from engine.datasets.base import RhythmSpan, Strip
from engine.errors import ConfigError
from engine.tasks.registry import open_task

RHYTHM_4 = {
    "SR": ["sr", "sarrh"],
    "SBRAD": ["sbrad"],
    "AFIB": ["afib", "aflut"],
    "GSVT": ["stach", "svt"],
}


def task(length=200, hop=None, classes=None, **params):
    return open_task(
        parse_config(
            {
                "task": "rhythm",
                "task_params": params,
                "classes": classes or {},
                "window": {"rate_hz": 100, "length": length, "hop": hop},
            }
        )
    )


def strip(n, rate_hz=100.0, **labels):
    samples = np.arange(n, dtype=np.float32)
    return Strip(patient="p", record="r", lead="I", rate_hz=rate_hz, samples_mv=samples, **labels)


def evaluated(task, strip):
    return task.windows(strip, training=False, generator=np.random.default_rng(0))


def beats_at(rate_bpm, seconds, rate_hz=100.0):
    r = np.arange(0.3, seconds, 60 / rate_bpm) * rate_hz
    return r.astype(np.int64), ("N",) * len(r)


def test_evaluation_windows_cover_the_whole_strip_and_keep_its_own_samples_as_starts():
    found = evaluated(task(), strip(1100, 200.0, statements=frozenset({"AFIB"})))
    assert found.x.shape == (3, 200, 1) and found.x.dtype == np.float32
    assert found.start.tolist() == [0, 400, 700]  # at 200 Hz, the last flush with the end
    assert found.y.tolist() == [1, 1, 1]
    assert set(found.rate_hz.tolist()) == {200.0}


@pytest.mark.parametrize(
    ("statements", "number"),
    [({"N"}, 0), ({"A"}, 1), ({"SR", "NORM"}, 0), ({"AFLT", "LVH"}, 1), ({"AFIB", "AFLT"}, 1)],
)
def test_statements_of_all_publishers_name_the_class(statements, number):
    assert evaluated(task(), strip(200, statements=frozenset(statements))).y.tolist() == [number]


@pytest.mark.parametrize("statements", [{"O"}, {"~"}, {"NORM"}, {"SR", "AFIB"}, set()])
def test_a_record_of_no_class_or_of_two_is_left_out_and_counted(statements):
    one = strip(400, statements=frozenset(statements))
    assert evaluated(task(), one) is None
    assert [name.startswith("left out") for name in task().census(one)] == [True]
    assert task().census(one).total() == 2


def test_a_publishers_own_statement_may_name_a_class_beside_marks_of_the_whole_record():
    one = strip(200, statements=frozenset({"~"}), rhythms=(RhythmSpan(0, 200, "noise"),))
    assert evaluated(task(classes={"N": ["N"], "bad": ["~"]}), one).y.tolist() == [1]


def test_marks_decide_by_the_larger_part_of_the_window():
    marks = (RhythmSpan(0, 290, "sr"), RhythmSpan(290, 390, "afib"), RhythmSpan(390, 600, "aflut"))
    found = evaluated(task(), strip(600, rhythms=marks))
    assert found.y.tolist() == [0, 1, 1]
    assert task().census(strip(600, rhythms=marks)) == {"SR": 1, "AFIB": 2}


def test_a_window_that_no_rhythm_fills_enough_is_left_out():
    marks = (RhythmSpan(0, 100, "sr"), RhythmSpan(100, 200, "afib"))
    assert evaluated(task(min_share=0.6), strip(200, rhythms=marks)) is None
    unmarked = (RhythmSpan(150, 200, "sr"),)
    assert evaluated(task(), strip(200, rhythms=unmarked)) is None


def test_a_window_that_is_mostly_without_signal_is_left_out():
    one = strip(600, statements=frozenset({"N"}), missing=((0, 90), (230, 380)))
    assert evaluated(task(), one).start.tolist() == [0, 400]
    assert task().census(one) == {"SR": 2, "left out: not labelled": 1}


def test_short_strips_are_filled_up_with_their_median_or_left_out():
    short = strip(150, statements=frozenset({"A"}))
    found = evaluated(task(), short)
    assert found.x[0, :150, 0].tolist() == short.samples_mv.tolist()
    assert set(found.x[0, 150:, 0].tolist()) == {74.5}
    assert evaluated(task(pad_short=False), short) is None


@pytest.mark.parametrize(("rate_bpm", "name"), [(50, "SBRAD"), (75, "SR"), (130, "GSVT")])
def test_rate_tells_sinus_rhythms_apart_where_the_publisher_does_not(rate_bpm, name):
    four = task(800, classes=RHYTHM_4, sinus_by_rate=True)
    one = strip(800, statements=frozenset({"N"}), beats=beats_at(rate_bpm, 8))
    assert four.class_names[evaluated(four, one).y[0]] == name
    stated = strip(800, statements=frozenset({"SR"}), beats=beats_at(rate_bpm, 8))
    assert four.class_names[evaluated(four, stated).y[0]] == "SR"


def test_tempo_shows_every_strip_at_another_rate_too_and_names_it_so():
    four = task(800, classes=RHYTHM_4, sinus_by_rate=True, tempo=(2, 2), windows_per_strip=4)
    for statement, names in (("N", ["SBRAD"] * 4 + ["GSVT"] * 4), ("A", ["AFIB"] * 8)):
        one = strip(4000, statements=frozenset({statement}), beats=beats_at(56, 40))
        found = four.windows(one, training=True, generator=np.random.default_rng(0))
        assert [four.class_names[k] for k in found.y] == names
        steps = np.diff(found.x[:, :, 0], axis=1).mean(axis=1)
        assert np.allclose(steps, [1] * 4 + [2] * 4, atol=0.05)
        assert len(evaluated(four, one)) == 5


def test_rate_comes_from_detected_beats_where_none_are_given():
    r, _ = beats_at(130, 20)
    samples = np.zeros(2000, np.float32)
    for at in r:
        samples[max(0, at - 2) : at + 3] += np.array([0.2, 0.7, 1.2, 0.6, -0.2], np.float32)[
            : len(samples[at - 2 : at + 3])
        ]
    samples += np.random.default_rng(0).normal(0, 0.01, 2000).astype(np.float32)
    one = Strip("p", "r", "I", 100.0, samples, statements=frozenset({"N"}))
    four = task(800, classes=RHYTHM_4, sinus_by_rate=True)
    assert {four.class_names[k] for k in evaluated(four, one).y} == {"GSVT"}


def test_training_crops_are_random_but_repeat_with_the_seed():
    one = strip(3000, statements=frozenset({"N"}))
    crops = [
        task(windows_per_strip=5).windows(one, training=True, generator=np.random.default_rng(seed)).start.tolist()
        for seed in (1, 1, 2)
    ]
    assert crops[0] == crops[1] != crops[2]
    assert len(crops[0]) == 5


def test_unknown_names_are_refused_with_the_nearest():
    with pytest.raises(ConfigError, match='"afibb"; did you mean "afib"'):
        task(classes={"A": ["afibb"]})
    with pytest.raises(ConfigError, match='"windows_per_stripe"; did you mean "windows_per_strip"'):
        task(windows_per_stripe=3)


def test_a_real_challenge_record_without_rate_statements(dataset):
    datasets = pytest.importorskip("engine.datasets.catalog")
    found = datasets.open_dataset("cinc2017", dataset("cinc2017"))
    patient = found.patients()[0]
    one = next(iter(found.strips(patient)))
    windows = evaluated(task(800, classes={"N": ["N"], "A": ["A"], "O": ["O"], "~": ["~"]}), one)
    assert windows is not None and windows.rate_hz[0] == 300
    assert windows.start[-1] + 2400 == len(one.samples_mv)


@pytest.mark.parametrize(
    ("name", "most_params", "most_macs"),
    [("rhythm-2", 20_000, 650_000), ("rhythm-4", 30_000, 800_000), ("rhythm-cinc", 60_000, None)],
)
def test_presets_stay_within_their_budgets(name, most_params, most_macs):
    pytest.importorskip("keras")
    from engine.models.build import build_model
    from engine.models.counts import count
    from engine.presets import load_preset

    preset = load_preset(name)
    open_task(preset)
    model = build_model(
        preset.model, length=preset.window.length, channels=1, outputs=len(preset.classes), head="window"
    )
    cost = count(model)
    assert cost.params <= most_params
    assert most_macs is None or cost.macs <= most_macs
