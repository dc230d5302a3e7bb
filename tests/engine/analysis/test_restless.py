"""Stretches without beats: quiet ones are pauses, moving ones are unreadable."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.analysis.pipeline import analyze
from engine.analysis.restless import LineExtent, restless_stretches
from engine.records import open_record
from engine.resources import built_in_record

FS = 250.0


def extent_of(x, valid=None) -> LineExtent:
    line = LineExtent(FS)
    line.push(x.astype(np.float32), np.ones(len(x), np.bool_) if valid is None else valid)
    return line


def beats(*seconds: float):
    r = (np.array(seconds) * FS).astype(np.int64)
    return r, np.full(len(r), 1.0, np.float32)


def test_a_quiet_pause_stays_a_pause():
    r, height = beats(1, 2, 7, 8)
    x = 0.1 * np.sin(np.arange(9 * 250) / 40)
    assert restless_stretches(r, height, extent_of(x), FS, len(x), 2.0) == ()


def test_a_line_that_swings_back_is_unreadable_between_the_beats():
    r, height = beats(1, 2, 7, 8)
    x = np.zeros(9 * 250)
    x[2 * 250 : 7 * 250] = 3 * np.exp(-np.arange(5 * 250) / 400)
    (span,) = restless_stretches(r, height, extent_of(x), FS, len(x), 2.0)
    assert span.label == "noisy"
    assert 2.0 < span.start / FS < 2.6
    assert 6.6 < span.stop / FS < 7.0
    assert "no beat recognised while the line moves by 1.7 mV" in span.detail


def test_movement_is_judged_against_the_size_of_the_beats():
    x = np.zeros(9 * 250)
    x[4 * 250 :] = 0.7
    small, large = beats(1, 7), beats(1, 7)
    assert restless_stretches(small[0], small[1] * 0.9, extent_of(x), FS, len(x), 2.0)
    assert not restless_stretches(large[0], large[1] * 2.0, extent_of(x), FS, len(x), 2.0)


def test_a_record_without_any_beat_is_judged_too():
    none = np.zeros(0, np.int64)
    x = np.sin(np.arange(10 * 250) / 8)
    (span,) = restless_stretches(none, np.zeros(0, np.float32), extent_of(x), FS, len(x), 2.0)
    assert (span.start, span.stop) == (0, len(x))
    assert not restless_stretches(none, np.zeros(0, np.float32), extent_of(0 * x), FS, len(x), 2.0)


@given(st.lists(st.integers(1, 400), min_size=1, max_size=12))
def test_the_extent_does_not_depend_on_chunks(sizes):
    rng = np.random.default_rng(sum(sizes))
    x = rng.normal(size=sum(sizes)).astype(np.float32)
    valid = rng.random(len(x)) > 0.1
    whole, parts = LineExtent(FS), LineExtent(FS)
    whole.push(x, valid)
    for a, b in zip(np.cumsum([0, *sizes[:-1]]), np.cumsum(sizes), strict=True):
        parts.push(x[a:b], valid[a:b])
    assert whole.movement_mv(0, len(x)) == parts.movement_mv(0, len(x))
    assert np.array_equal(whole.low, parts.low)
    assert np.array_equal(whole.high, parts.high)


def test_missing_samples_do_not_move_the_line():
    x = np.zeros(1000)
    x[300:400] = 50
    valid = np.ones(1000, np.bool_)
    valid[300:400] = False
    assert extent_of(x, valid).movement_mv(0, 1000) == 0
    assert extent_of(x, ~valid).movement_mv(0, 250) == 0


def test_the_overload_in_the_built_in_record_is_not_called_asystole():
    result = analyze(open_record(built_in_record()))
    assert not [s for s in result.rhythm if s.label == "ASYS"]
    moving = [(s.start / 360, s.stop / 360) for s in result.quality if "no beat recognised" in s.detail]
    assert any(208.8 < start < stop < 213.6 for start, stop in moving)


@pytest.mark.parametrize(("name", "start_s", "stop_s"), [("201", 376, 384), ("232", 1048, 1060)])
def test_real_pauses_are_still_found(dataset, name, start_s, stop_s):
    result = analyze(open_record(dataset("mitdb") / name))
    found = [s for s in result.rhythm if s.label in {"PAUSE", "ASYS"}]
    assert any(start_s * 360 < s.start < stop_s * 360 for s in found)
