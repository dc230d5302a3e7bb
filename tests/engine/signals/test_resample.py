from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import ConfigError
from engine.signals.resample import StreamResampler, convert_positions, output_length, resample

RATES = [
    (360.0, 250.0),
    (500.0, 100.0),
    (250.0, 500.0),
    (128.0, 250.0),
    (257.3, 250.0),
    (250.0, 250.0),
    (1000.0, 360.0),
]


@pytest.mark.parametrize(("fs_in", "fs_out"), RATES)
def test_a_slow_sine_stays_where_it_is(fs_in: float, fs_out: float) -> None:
    def sine(n: int, fs_hz: float) -> np.ndarray:
        return np.sin(2 * np.pi * 17.0 * np.arange(n) / fs_hz + 0.3)

    n = round(4 * fs_in)
    got = resample(sine(n, fs_in), fs_in, fs_out)
    assert len(got) == output_length(n, fs_in, fs_out)
    middle = slice(round(0.5 * fs_out), round(3.5 * fs_out))
    np.testing.assert_allclose(got[middle], sine(len(got), fs_out)[middle], atol=3e-3)


@pytest.mark.parametrize(("fs_in", "fs_out"), RATES)
def test_a_constant_stays_constant_to_the_ends(fs_in: float, fs_out: float) -> None:
    np.testing.assert_allclose(resample(np.full(700, 1.25), fs_in, fs_out), 1.25, rtol=1e-12)


@pytest.mark.parametrize("frequency_hz", [51.0, 70.0, 149.0, 200.0])
def test_what_the_new_rate_cannot_carry_is_removed(frequency_hz: float) -> None:
    x = np.sin(2 * np.pi * frequency_hz * np.arange(5000) / 500)
    assert np.abs(resample(x, 500.0, 100.0)[50:-50]).max() < 2e-3


def test_an_impulse_keeps_its_time() -> None:
    x = np.zeros(1000)
    x[360] = 1.0
    assert np.argmax(resample(x, 360.0, 250.0)) == 250


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_very_short(n: int) -> None:
    got = resample(np.ones((2, n), np.float32), 360.0, 250.0)
    assert got.shape == (2, output_length(n, 360.0, 250.0))
    assert got.dtype == np.float32


@settings(max_examples=30, deadline=None)
@given(
    rates=st.sampled_from(RATES),
    cuts=st.lists(st.integers(0, 1500), max_size=12),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_bit_identical_however_cut(rates: tuple[float, float], cuts: list[int], dtype: type) -> None:
    x = np.random.default_rng(0).normal(size=(2, 1500)).astype(dtype)
    whole = resample(x, *rates)
    stream = StreamResampler(*rates, 2)
    pieces = [stream.push(x[:, a:b]) for a, b in pairwise([0, *sorted(cuts), 1500])]
    pieces.append(stream.flush().astype(dtype))
    np.testing.assert_array_equal(np.concatenate(pieces, axis=1), whole)


def test_positions() -> None:
    got = convert_positions(np.array([0, 1, 360, 361, -1, 2**40]), 360.0, 250.0)
    assert got.tolist() == [0, 1, 250, 251, -1, round(2**40 * 25 / 36)]
    there = np.arange(5000)
    np.testing.assert_array_equal(convert_positions(convert_positions(there, 250.0, 1000.0), 1000.0, 250.0), there)


@pytest.mark.parametrize("rates", [(0.0, 250.0), (250.0, -1.0), (250.0, float("nan")), (1.0, 50_000.5)])
def test_impossible_rates(rates: tuple[float, float]) -> None:
    with pytest.raises(ConfigError):
        resample(np.zeros(10), *rates)
