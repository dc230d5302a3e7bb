"""The beat windows and row arithmetic of the delineator."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.analysis import delineation_grid as grid
from engine.analysis.delineation_neighbours import average, find_neighbours

NONE_MISSING = np.zeros(0, np.int64)


@pytest.mark.parametrize("fs_hz", [100.0, 250.0, 333.3, 500.0, 1000.0])
def test_a_window_carries_a_slow_wave_unchanged_at_any_rate(fs_hz: float) -> None:
    n = int(4 * fs_hz)
    r = np.array([2 * n // 4])
    wave = np.sin(2 * np.pi * 2.0 * np.arange(n) / fs_hz).astype(np.float32)
    window = grid.beat_windows(wave, r, fs_hz, NONE_MISSING).values[0]
    expected = np.sin(2 * np.pi * 2.0 * (r[0] / fs_hz + (grid.COLUMNS - grid.BEFORE) / grid.GRID_HZ))
    assert np.abs(window - expected).max() < 0.01


def test_a_window_ends_at_missing_samples_and_holds_its_last_value() -> None:
    x = np.arange(2000, dtype=np.float32)
    windows = grid.beat_windows(x, np.array([1000]), 250.0, np.array([900, 901, 1100]))
    assert (windows.first[0], windows.last[0]) == (grid.BEFORE - 98, grid.BEFORE + 99)
    assert not windows.whole[0]
    row = windows.values[0]
    assert row.min() >= 902 and row.max() <= 1099
    assert row[0] == row[10] and row[-1] == row[-10]


def test_a_window_is_cut_at_the_ends_of_the_signal() -> None:
    windows = grid.beat_windows(np.zeros(301, np.float32), np.array([100, 150]), 250.0, NONE_MISSING)
    assert windows.first.tolist() == [grid.BEFORE - 100, grid.BEFORE - 150]
    assert windows.last.tolist() == [grid.WIDTH - 1, grid.BEFORE + 150]


@pytest.mark.parametrize("width", [3, 5, 9])
def test_smoothing_keeps_levels_and_spreads_an_impulse_evenly(width: int) -> None:
    rows = np.full((2, 101), 7.0)
    rows[1, 50] += 1.0
    smoothed = grid.smooth(rows, width)
    assert np.allclose(smoothed[0], 7.0, rtol=0, atol=1e-12)
    kernel = smoothed[1] - 7.0
    offset = np.arange(101) - 50
    assert kernel.sum() == pytest.approx(1.0)
    assert (kernel * offset).sum() == pytest.approx(0.0, abs=1e-9)
    assert (kernel * offset**2).sum() == pytest.approx((width**2 - 1) / 4)


def test_a_bump_is_measured_over_its_chord_whatever_the_slope() -> None:
    column = np.arange(81.0)
    rows = (3.0 + 0.5 * column)[None, :].copy()
    rows[0, 40] += 2.0
    height = grid.bump(rows, 10)[0]
    assert height[40] == pytest.approx(2.0)
    assert height[20] == pytest.approx(0.0)


def test_the_search_between_columns_takes_both_ends_and_survives_an_empty_span() -> None:
    rows = np.array([[5.0, 1.0, 4.0, 3.0, 9.0]] * 3)
    low, high = np.array([1, 1, 3]), np.array([3, 4, 2])
    assert grid.argmax_between(rows, low, high).tolist() == [2, 4, 3]


def test_the_median_of_a_row_leaves_out_what_is_not_a_number() -> None:
    nan = np.nan
    rows = np.array([[3.0, nan, 1.0, 2.0], [nan, nan, nan, nan], [4.0, nan, nan, 8.0]])
    assert np.array_equal(grid.row_median(rows), [2.0, nan, 8.0], equal_nan=True)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_a_row_has_the_same_bits_alone_and_among_others(seed: int, beats: int) -> None:
    rows = np.random.default_rng(seed).standard_normal((beats, grid.WIDTH)) * 3 + 100
    alone = slice(beats // 2, beats // 2 + 1)
    for together, single in (
        (grid.smooth(rows, 7), grid.smooth(rows[alone], 7)),
        (grid.bump(rows, 9), grid.bump(rows[alone], 9)),
        (grid.row_sum(rows * rows), grid.row_sum(rows[alone] * rows[alone])),
        (grid.row_sum(rows[:, 20:76]), grid.row_sum(rows[alone, 20:76])),
    ):
        assert np.array_equal(together[alone], single)


def test_neighbours_line_up_and_strangers_are_left_out() -> None:
    fs_hz, n = 250.0, 3000
    random = np.random.default_rng(3)
    r = np.arange(300, 2700, 200)
    x = 0.02 * random.standard_normal(n)
    time = np.arange(n)
    odd = 6
    for k, beat in enumerate(r):
        sign, width = (-1.0, 12.0) if k == odd else (1.0, 4.0)
        x += sign * np.exp(-0.5 * ((time - beat) / width) ** 2)
    shifted = r.copy()
    shifted[4] += 3
    windows = grid.beat_windows(x.astype(np.float32), shifted, fs_hz, NONE_MISSING)
    rows = np.arange(len(r))
    found = find_neighbours(windows, shifted, fs_hz, rows)
    of_odd = found.index == odd
    assert not found.alike[of_odd & found.near].any()
    assert not found.alike[odd].any()
    assert set(found.lag[5][found.alike[5] & (found.index[5] == 4)]) == {-3}
    noise = np.abs(average(windows, found)[3, 20:120]).std() / np.abs(windows.values[3, 20:120]).std()
    assert noise < 0.6
