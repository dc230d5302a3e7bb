"""Waves read from probabilities."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import ConfigError
from engine.tasks.wave_events import (
    EventRules,
    events_from_probabilities,
    owned,
    stitch,
    window_starts,
)

CLASSES = ("none", "p", "qrs", "t")
RATE_HZ = 100.0


def ramps(n: int, waves: list[tuple[int, float, float]]) -> np.ndarray:
    """Probabilities [n, 4] in which class k holds from `onset` to `offset`, exactly one half at each."""
    time = np.arange(n)
    p = np.zeros((n, 4))
    for k, onset, offset in waves:
        p[:, k] = np.maximum(p[:, k], np.clip(np.minimum(time - onset, offset - time) / 4 + 0.5, 0, 1))
    p[:, 0] = np.clip(1 - p[:, 1:].sum(axis=1), 0, 1)
    return p


def beats(n_beats: int, *, p_beats: set[int] | None = None) -> np.ndarray:
    waves = []
    for k in range(n_beats):
        start = 100.0 * k
        if p_beats is None or k in p_beats:
            waves.append((1, start + 20.3, start + 31.0))
        waves += [(2, start + 40.2, start + 49.7), (3, start + 62.5, start + 85.1)]
    return ramps(100 * n_beats, waves)


def test_boundaries_lie_between_samples():
    events = events_from_probabilities(beats(3), CLASSES, RATE_HZ)
    np.testing.assert_allclose(events.p.onset, [20.3, 120.3, 220.3], atol=1e-6)
    np.testing.assert_allclose(events.qrs.offset, [49.7, 149.7, 249.7], atol=1e-6)
    np.testing.assert_allclose(events.t.onset, [62.5, 162.5, 262.5], atol=1e-6)


def test_marks_count_from_the_stream_at_another_rate():
    events = events_from_probabilities(beats(2), CLASSES, RATE_HZ, first=1000)
    assert events.marks(500.0)["qrs_on"].tolist() == [5201, 5701]


def test_peak_is_the_extremum_of_the_signal():
    signal = np.zeros(200, np.float32)
    signal[[46, 146]] = -1.0
    events = events_from_probabilities(beats(2), CLASSES, RATE_HZ, signal_mv=signal)
    np.testing.assert_allclose(events.qrs.peak, [46, 146], atol=0.1)


def test_a_lonely_p_wave_is_dropped_and_a_missing_one_costs_the_others_nothing():
    lonely = events_from_probabilities(beats(10, p_beats={4}), CLASSES, RATE_HZ)
    assert len(lonely.p) == 0
    most = events_from_probabilities(beats(10, p_beats=set(range(10)) - {4}), CLASSES, RATE_HZ)
    assert len(most.p) == 9


def test_one_t_wave_between_two_complexes():
    p = ramps(200, [(2, 10, 20), (3, 40, 60), (3, 80, 86), (2, 110, 120)])
    events = events_from_probabilities(p, CLASSES, RATE_HZ)
    np.testing.assert_allclose(events.t.onset, [40])


def test_of_two_complexes_too_near_the_weaker_goes():
    p = ramps(200, [(2, 50, 60), (2, 68, 73)])
    events = events_from_probabilities(p, CLASSES, RATE_HZ)
    np.testing.assert_allclose(events.qrs.onset, [50])


def test_short_and_uncertain_runs_are_no_waves():
    p = np.zeros((100, 4))
    p[40:42, 2] = 1.0
    p[60:80, 2] = 0.55
    p[:, 0] = 1 - p[:, 2]
    assert len(events_from_probabilities(p, CLASSES, RATE_HZ, rules=EventRules()).qrs) == 0


def test_a_wave_cut_by_the_end_has_no_offset():
    events = events_from_probabilities(beats(1)[:45], CLASSES, RATE_HZ)
    assert np.isnan(events.qrs.offset).tolist() == [True]
    assert events.marks(RATE_HZ)["qrs_off"].tolist() == []


def test_two_classes_give_only_complexes():
    p = beats(2)
    two = np.stack([1 - p[:, 2], p[:, 2]], axis=1)
    events = events_from_probabilities(two, ("other", "qrs"), RATE_HZ)
    assert (len(events.p), len(events.qrs), len(events.t)) == (0, 2, 0)


def test_faults_are_named():
    with pytest.raises(ConfigError, match="qrs"):
        events_from_probabilities(np.zeros((5, 2)), ("a", "b"), RATE_HZ)
    with pytest.raises(ConfigError, match="shape"):
        events_from_probabilities(np.zeros((5, 3)), CLASSES, RATE_HZ)


@pytest.mark.parametrize("n", [256, 257, 1000, 4321])
def test_windows_own_every_sample_once(n: int):
    starts = window_starts(n, 256)
    count = np.zeros(n, int)
    for start, (low, high) in zip(starts, owned(starts, 256), strict=True):
        count[start + low : start + high] += 1
    assert (count == 1).all()


def test_stitching_takes_each_sample_from_the_window_it_lies_deepest_in():
    starts = window_starts(462, 256)  # 0 and 206
    outputs = np.stack([np.full((256, 1), k) for k in range(2)])
    joined = stitch(outputs, starts)
    assert joined[:231].max() == 0 and joined[231:].min() == 1


def test_a_stream_in_pieces_gives_the_waves_of_the_whole():
    p = beats(20)
    starts = window_starts(len(p), 256)
    windows = np.stack([p[s : s + 256] for s in starts])
    np.testing.assert_allclose(stitch(windows, starts), p, atol=1e-6)


def test_samples_no_window_covers_are_missing():
    joined = stitch(np.ones((2, 10, 1)), np.array([0, 30]))
    assert np.isnan(joined[10:30]).all() and np.isfinite(joined[30:]).all()


def test_no_windows_fit_a_short_signal():
    assert len(window_starts(100, 256)) == 0


def test_p_waves_need_more_support_where_beats_come_irregularly():
    def rhythm(gaps: list[int]) -> np.ndarray:
        waves, at = [], 50.0
        for k, gap in enumerate(gaps):
            if k % 3 == 1:  # one beat of three has something like a P wave
                waves.append((1, at - 20, at - 10))
            waves += [(2, at, at + 9)]
            at += gap
        return ramps(int(at) + 50, waves)

    regular = events_from_probabilities(rhythm([80] * 24), CLASSES, RATE_HZ)
    irregular = events_from_probabilities(rhythm([60, 95, 70, 120] * 6), CLASSES, RATE_HZ)
    assert len(regular.p) == 8 and len(irregular.p) == 0


def test_the_peak_of_a_complex_is_r_even_beside_a_deeper_s():
    signal = np.zeros(200, np.float32)
    signal[[43, 143]], signal[[47, 147]] = 0.5, -1.0
    events = events_from_probabilities(beats(2), CLASSES, RATE_HZ, signal_mv=signal)
    np.testing.assert_allclose(events.qrs.peak, [43, 143], atol=0.5)
