"""Segmentation windows and targets."""

from __future__ import annotations

import numpy as np
import pytest

from engine.config import RunConfig, parse_config
from engine.datasets.base import RhythmSpan, Strip, Wave
from engine.errors import ConfigError
from engine.tasks.base import IGNORED, anything_but
from engine.tasks.registry import open_task
from engine.tasks.segmentation import MARK_NAMES, sample_targets, stitched_recordings

RATE_HZ = 500.0


def config(**task_params) -> RunConfig:
    return parse_config({"task": "segmentation", "task_params": task_params, "window": {"length": 256}})


def strip(seconds: float = 10.0, *, marked=(400, 4600), lead: str = "II", rhythm: str = "sr") -> Strip:
    """A beat a second: P 0.10-0.20, QRS 0.30-0.40, T 0.55-0.75 s after the second."""
    n = int(seconds * RATE_HZ)
    waves = []
    for k in range(int(seconds)):
        at = k * 500
        for kind, on, peak, off in (("p", 50, 75, 100), ("qrs", 150, 175, 200), ("t", 275, 325, 375)):
            if at + on >= marked[0] and at + off <= marked[1]:
                waves.append(Wave(kind, at + on, at + peak, at + off))
    samples = np.random.default_rng(1).normal(size=n).astype(np.float32)
    return Strip(
        "7", "7", lead, RATE_HZ, samples, waves=tuple(waves), marked=marked, rhythms=(RhythmSpan(0, n, rhythm),)
    )


def generator() -> np.random.Generator:
    return np.random.default_rng(5)


CLASSES = {"none": ("none",), "p": ("p",), "qrs": ("qrs",), "t": ("t",)}


def test_targets_name_the_wave_and_leave_out_what_nobody_marked():
    y = sample_targets(strip(), 100.0, 1000, CLASSES)
    assert (y[:80] == IGNORED).all() and (y[921:] == IGNORED).all()
    assert y[110:121].tolist() == [1] * 11 and y[109] == 0 and y[121] == 0
    assert (y[130:141] == 2).all() and (y[155:176] == 3).all()


def test_two_classes_put_the_other_waves_into_one():
    y = sample_targets(strip(), 100.0, 1000, {"other": ("none", "p", "t"), "qrs": ("qrs",)})
    assert sorted(set(y.tolist())) == [IGNORED, 0, 1]
    assert (y == 1).sum() == 8 * 11


def test_a_wave_without_onset_leaves_the_stretch_before_it_unjudged():
    waves = (Wave("qrs", 50, 60, 70), Wave("t", -1, -1, 150))
    short = Strip("1", "1", "I", 100.0, np.zeros(300, np.float32), waves=waves, marked=(40, 200))
    y = sample_targets(short, 100.0, 300, CLASSES)
    assert (y[71:151] == IGNORED).all() and y[151] == 0


def test_a_wave_from_its_peak_on_is_judged_from_there():
    waves = (Wave("qrs", 50, 60, 70), Wave("t", -1, 120, 150))
    short = Strip("1", "1", "I", 100.0, np.zeros(300, np.float32), waves=waves, marked=(40, 200))
    y = sample_targets(short, 100.0, 300, CLASSES)
    assert (y[71:120] == IGNORED).all() and (y[120:151] == 3).all() and y[151] == 0


def test_missing_signal_is_not_judged():
    base = strip()
    holes = Strip(
        "7", "7", "II", RATE_HZ, base.samples_mv, waves=base.waves, marked=base.marked, missing=((1000, 1500),)
    )
    assert (sample_targets(holes, 100.0, 1000, CLASSES)[200:300] == IGNORED).all()


def test_evaluation_judges_every_marked_sample_once_and_ignores_the_generator():
    task = open_task(config())
    one = task.windows(strip(), training=False, generator=generator())
    other = task.windows(strip(), training=False, generator=np.random.default_rng(99))
    assert np.array_equal(one.x, other.x) and np.array_equal(one.y, other.y)
    count = np.zeros(1000, int)
    for at, y in zip(one.extra["at"], one.y, strict=True):
        count[at : at + 256] += y != IGNORED
    assert (count[80:921] == 1).all() and count.sum() == 841


def test_stitched_recordings_give_back_outputs_and_references():
    task = open_task(config())
    windows = task.windows(strip(rhythm="afib"), training=False, generator=generator())
    (recording,) = stitched_recordings(windows, np.repeat(windows.x, 4, axis=2))
    assert recording.first == 0 and recording.values.shape == (1000, 4)
    np.testing.assert_array_equal(recording.values[:, 2], recording.signal_mv)
    np.testing.assert_allclose(recording.marks["qrs_on"], 0.3 + np.arange(1, 9))
    assert set(recording.marks) == set(MARK_NAMES) and recording.without_p


def test_training_windows_follow_the_generator_and_hold_marked_samples():
    task = open_task(config(crops=5))
    one, same = (task.windows(strip(), training=True, generator=generator()) for _ in range(2))
    assert one.x.shape == (5, 256, 1) and np.array_equal(one.x, same.x)
    assert (one.y != IGNORED).any(axis=1).all()


def test_long_recordings_marked_in_a_short_stretch_give_few_windows():
    task = open_task(config())
    windows = task.windows(strip(60.0, marked=(20_000, 22_000)), training=False, generator=generator())
    assert 2 <= len(windows) <= 5 and windows.extra["at"].min() == 3900


def test_leads_can_be_chosen_apart_for_scoring():
    task = open_task(config(evaluation_leads=["ii"]))
    assert task.windows(strip(lead="V1"), training=True, generator=generator()) is not None
    assert task.windows(strip(lead="V1"), training=False, generator=generator()) is None
    assert task.windows(strip(lead="II"), training=False, generator=generator()) is not None


def test_a_strip_shorter_than_a_window_is_filled_with_unjudged_samples():
    task = open_task(config())
    windows = task.windows(strip(2.0, marked=(0, 1000)), training=False, generator=generator())
    assert windows.x.shape == (1, 256, 1) and (windows.y[0, 200:] == IGNORED).all()


def test_strips_without_marks_train_only_where_a_teacher_judges_them():
    bare = Strip("1", "1", "I", 100.0, np.zeros(3000, np.float32), missing=((0, 2000),))
    task = open_task(config(unlabelled_per_minute=80))
    windows = task.windows(bare, training=True, generator=generator())
    assert (windows.y == IGNORED).all() and 0 < len(windows) < 40 and windows.start.min() >= 2000
    assert task.windows(bare, training=False, generator=generator()) is None


def test_fibrillation_without_marks_is_known_to_have_no_p_waves():
    bare = Strip("1", "1", "I", 100.0, np.zeros(6000, np.float32), rhythms=(RhythmSpan(0, 6000, "afib"),))
    windows = open_task(config(fibrillation_per_minute=12)).windows(bare, training=True, generator=generator())
    assert len(windows) == 12 and (windows.y == anything_but(1)).all()
    assert open_task(config(unlabelled_per_minute=12)).windows(bare, training=True, generator=generator()) is None


def test_strips_without_wave_labels_have_no_windows():
    bare = Strip("1", "1", "I", 100.0, np.zeros(3000, np.float32))
    assert open_task(config()).windows(bare, training=True, generator=generator()) is None


def test_unknown_parameters_are_refused():
    with pytest.raises(ConfigError, match=r'"crop".*crops'):
        open_task(config(crop=3))
