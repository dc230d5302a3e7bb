from __future__ import annotations

import numpy as np
import pytest
from beat_signals import draw, fiducials, places
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.analysis.beat_features import COLUMN, COLUMNS, CONTEXT_S, QRS, beat_features

FS = 360.0
KINDS = "NNNVNNNSNNNNVN" * 3
RR_S = np.random.default_rng(3).uniform(0.5, 1.1, len(KINDS) - 1)
R = places(RR_S, FS, 0.1)
N = int(R[-1] + 0.1 * FS)
X = draw(R, KINDS, FS, N, noise_mv=0.03)
WAVES = fiducials(R, has_p=np.arange(len(R)) % 3 > 0)
ALL = beat_features(X, 0, R, WAVES, FS)


def test_one_row_a_beat_with_named_columns() -> None:
    assert ALL.shape == (len(R), len(COLUMNS))
    assert ALL.dtype == np.float32
    assert len(set(COLUMNS)) == len(COLUMNS)


@settings(max_examples=40, deadline=None)
@given(first=st.integers(0, len(R) - 1), count=st.integers(1, 12), spare=st.integers(0, 300))
def test_rows_are_the_same_bit_for_bit_however_beats_and_samples_are_cut(
    first: int, count: int, spare: int
) -> None:
    last = min(len(R), first + count)
    table = type(WAVES).from_table(WAVES.table()[first:last])
    context = int(np.ceil(CONTEXT_S * FS)) + spare
    start, stop = max(0, int(R[first]) - context), min(N, int(R[last - 1]) + context + 1)
    part = beat_features(X[start:stop], start, R, table, FS, first=first, last=last)
    assert part.tobytes() == ALL[first:last].tobytes()


def test_the_window_follows_the_qrs_not_the_mark() -> None:
    moved = beat_features(X, 0, R + 6, fiducials(R + 6), FS)
    inner = slice(1, -1)
    assert np.abs(moved[inner, QRS] - ALL[inner, QRS]).max() < 0.12


def test_a_shift_of_the_base_line_changes_only_the_rest_level() -> None:
    shifted = beat_features(X + np.float32(2), 0, R, WAVES, FS)
    keep = [i for name, i in COLUMN.items() if name != "rest_mv"]
    np.testing.assert_allclose(shifted[:, keep], ALL[:, keep], atol=2e-4, rtol=2e-3)
    assert np.median(shifted[:, COLUMN["rest_mv"]] - ALL[:, COLUMN["rest_mv"]]) == pytest.approx(2, abs=1e-3)


@pytest.mark.parametrize("fs_hz", [125.0, 250.0, 1000.0])
def test_the_sampling_rate_hardly_matters(fs_hz: float) -> None:
    r = places(np.full(9, 0.8), fs_hz)
    here = beat_features(draw(r, "N" * 10, fs_hz, int(10 * fs_hz), noise_mv=0), 0, r, fiducials(r), fs_hz)
    r = places(np.full(9, 0.8), FS)
    there = beat_features(draw(r, "N" * 10, FS, int(10 * FS), noise_mv=0), 0, r, fiducials(r), FS)
    assert np.abs(here[5, QRS] - there[5, QRS]).max() < 0.15


def test_ectopic_beats_measure_wider_and_slower() -> None:
    is_v = np.array(list(KINDS)) == "V"
    width = ALL[:, COLUMN["width_ms"]]
    assert width[is_v].min() > 1.5 * width[~is_v].max()


def test_durations_come_from_the_fiducials() -> None:
    has_p = np.arange(len(R)) % 3 > 0
    pr = ALL[:, COLUMN["pr_ms"]]
    assert np.isnan(pr[~has_p]).all()
    assert pr[has_p] == pytest.approx(40 * 1000 / FS, rel=1e-5)
    assert np.isnan(ALL[:, COLUMN["qrs_ms"]]).all()  # no QRS end given


def test_a_pacing_spike_stands_out() -> None:
    r = places(np.full(9, 0.8), 500.0)
    x = draw(r, "P" * 10, 500.0, 5000, noise_mv=0.005)
    x[r[5] - 30] += 0.6
    spike = beat_features(x, 0, r, fiducials(r), 500.0)[:, COLUMN["spike_mv"]]
    assert spike[5] > 0.5
    assert np.delete(spike, 5).max() < 0.05
