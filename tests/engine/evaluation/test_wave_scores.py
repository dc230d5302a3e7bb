"""Wave events of joined recordings: targets turned into probabilities must score as found, shifted ones as late."""

from __future__ import annotations

import json

import numpy as np
import pytest

from engine.config import EvaluationConfig, RunConfig
from engine.datasets.base import RhythmSpan, Strip, Wave
from engine.evaluation.result import evaluate
from engine.evaluation.wave_scores import score_waves
from engine.tasks.base import WindowSet
from engine.tasks.segmentation import Segmentation

RATE = 500.0
NAMES = ("none", "p", "qrs", "t")


def _strip(patient: str, rhythm: str = "sr") -> Strip:
    waves = []
    for beat in range(300, 4600, 400):
        waves += [
            Wave("p", beat - 110, beat - 85, beat - 60),
            Wave("qrs", beat - 25, beat, beat + 25),
            Wave("t", beat + 80, beat + 120, beat + 160),
        ]
    signal = np.zeros(5000, np.float32)
    for wave in waves:
        at = np.arange(wave.onset, wave.offset + 1)
        signal[at] += np.interp(at, [wave.onset, wave.peak, wave.offset], [0, 1, 0])
    spans = (RhythmSpan(0, 5000, rhythm),)
    return Strip(patient, patient, "ii", RATE, signal, waves=tuple(waves), marked=(150, 4900), rhythms=spans)


def _windows(task: Segmentation, strips: list[Strip]) -> WindowSet:
    rng = np.random.default_rng(0)
    return WindowSet.join([task.windows(s, training=False, generator=rng) for s in strips])


@pytest.fixture
def task() -> Segmentation:
    return Segmentation(RunConfig(task="segmentation", classes={name: (name,) for name in NAMES}))


def _probabilities(task: Segmentation, windows: WindowSet, shift: int = 0) -> np.ndarray:
    """Each window's class by the strip all strips here share, `shift` samples late."""
    whole = np.zeros(1001, int)
    for number, kind in enumerate(NAMES):
        for wave in _strip("x").waves or ():
            if wave.kind == kind:
                whole[-(-wave.onset // 5) + shift : wave.offset // 5 + 1 + shift] = number
    at = windows.extra["at"][:, None] + np.arange(windows.x.shape[1])
    return 0.02 + 0.92 * np.eye(4, dtype=np.float32)[whole[np.minimum(at, 1000)]]


def test_right_answers_score_one_with_errors_below_the_grid(task):
    windows = _windows(task, [_strip("a"), _strip("b"), _strip("c")])
    document = evaluate(task, windows, _probabilities(task, windows), EvaluationConfig(bootstrap=20)).to_document()
    json.dumps(document, allow_nan=False)
    assert set(document["events"]) == {"p_on", "p", "p_off", "qrs_on", "r", "qrs_off", "t_on", "t", "t_off"}
    for name, event in document["events"].items():
        assert (event["se"], event["ppv"], event["f1"]) == (1, 1, 1), name
        assert abs(event["mean_ms"]) <= 5, name
    assert document["event_f1_macro_tight"] == 1
    assert document["ci95"]["event_f1_macro_150ms"] == [1, 1]
    assert document["p_onsets_per_10_s_without_p"] is None
    assert any("fibrillation" in words for words in document["statements"])


def test_late_answers_are_late_and_miss_the_tight_window(task):
    windows = _windows(task, [_strip("a"), _strip("b")])
    found = score_waves(windows, _probabilities(task, windows, shift=6), NAMES, 100.0, replicates=0)
    assert found["events"]["qrs_on"]["f1"] == 1
    assert found["events"]["qrs_on"]["mean_ms"] == pytest.approx(60, abs=5)
    assert found["events_tight"]["qrs_on"]["f1"] == 0
    assert found["events_tight"]["t_off"]["f1"] == 1  # its tight window is 100 ms


def test_p_onsets_are_counted_where_there_can_be_none(task):
    windows = _windows(task, [_strip("a"), _strip("b", "afib")])
    found = score_waves(windows, _probabilities(task, windows), NAMES, 100.0, replicates=0)
    assert found["n_recordings_without_p"] == 1
    assert found["p_onsets_per_10_s_without_p"] == pytest.approx(11, abs=1.5)


def test_waves_may_come_from_any_finder(task):
    windows = _windows(task, [_strip("a")])
    nothing = score_waves(windows, _probabilities(task, windows), NAMES, 100.0, replicates=0, find=lambda _: {})
    assert nothing["events"]["r"]["se"] == 0
    assert np.isnan(nothing["events"]["r"]["ppv"])
    assert nothing["event_f1_macro_150ms"] == 0
