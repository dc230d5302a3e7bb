from __future__ import annotations

import math

import numpy as np
import pytest

from engine.devices.clock_fit import ClockFit
from engine.devices.latency import LatencyHistogram


def arrivals(ppm: float, seconds: float, jitter_s: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Frames every 40 ms of board time and when they arrive: exponential delays, and now and then a stall."""
    rng = np.random.default_rng(seed)
    board_s = np.arange(0.04, seconds, 0.04)
    host_s = 1000.0 + board_s / (1 + ppm * 1e-6)
    delay = 0.003 + rng.exponential(jitter_s, len(board_s))
    delay[rng.random(len(board_s)) < 0.02] += 0.3
    return board_s, np.maximum.accumulate(host_s + delay)


@pytest.mark.parametrize("ppm", [-200.0, -20.0, 0.0, 45.0, 500.0])
@pytest.mark.parametrize(("seconds", "within"), [(60, 6.0), (600, 0.6)])
def test_drift_is_found_under_jitter_and_stalls(ppm, seconds, within):
    fit = ClockFit()
    for board_s, host_s in zip(*arrivals(ppm, seconds, 0.008), strict=True):
        fit.add(board_s, host_s)
    assert fit.drift_ppm == pytest.approx(ppm, abs=within)


def test_line_lies_under_all_arrivals_and_touches_the_fastest():
    fit = ClockFit()
    board_s, host_s = arrivals(30.0, 120, 0.01)
    for b, h in zip(board_s, host_s, strict=True):
        fit.add(b, h)
    assert fit.line is not None
    above = host_s - np.array([fit.line.host_s(b) for b in board_s])
    assert above.min() > -1e-4
    assert above.min() < 1e-3


def test_nothing_is_said_of_drift_before_enough_was_seen():
    fit = ClockFit()
    assert fit.line is None and fit.drift_ppm is None
    fit.add(0.1, 5.0)
    fit.add(0.2, 5.05)
    assert fit.drift_ppm is None
    assert fit.line is not None and fit.line.slope == 1.0
    assert fit.line.host_s(0.3) == pytest.approx(5.15)


def test_clock_forgets_what_is_old():
    fit = ClockFit()
    for board_s, host_s in zip(*arrivals(100.0, 400, 0.002), strict=True):
        fit.add(board_s, host_s)
    shift_b, shift_h = board_s, host_s
    for b, h in zip(*arrivals(-100.0, 1200, 0.002), strict=True):
        fit.add(shift_b + b, shift_h + h - 1000.0)
    assert fit.drift_ppm == pytest.approx(-100.0, abs=2)
    assert len(fit._points) <= 602


def test_percentiles_are_within_two_percent():
    rng = np.random.default_rng(3)
    delays = rng.lognormal(3, 1, 20_000)
    histogram = LatencyHistogram()
    for delay in delays:
        histogram.add(delay)
    for share in (0.5, 0.95, 0.99):
        assert histogram.percentile_ms(share) == pytest.approx(np.quantile(delays, share), rel=0.03)
    assert histogram.summary.max_ms == delays.max()
    edges, counts = histogram.counts()
    assert counts.sum() == 20_000 and len(edges) == len(counts) + 1


def test_empty_histogram_says_so():
    summary = LatencyHistogram().summary
    assert summary.n == 0 and math.isnan(summary.p95_ms)
