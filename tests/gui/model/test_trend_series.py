from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.analysis.types import Analysis
from heartkit_gui.model.trends import poincare, rate_trend, rr_series

Make = Callable[..., Analysis]


def test_intervals_of_impossible_length_are_left_out(make_analysis: Make) -> None:
    series = rr_series(make_analysis([0, 100, 105, 205, 905], "NNNVN"))
    assert series.beat.tolist() == [1, 3]
    assert series.rr_ms.tolist() == [1000.0, 1000.0]
    assert series.normal.tolist() == [True, False]
    assert series.time_s.tolist() == [1.0, 2.05]


def test_rate_trend_is_the_median_rate_of_each_step(make_analysis: Make) -> None:
    slow = list(range(0, 10_000, 100))
    fast = list(range(10_000, 20_000, 50))
    trend = rate_trend(rr_series(make_analysis(slow + fast, "N" * 300)), 200.0, steps=2)
    assert trend.median.tolist() == [60.0, 120.0]
    assert trend.low.tolist() == [60.0, 60.0]
    assert trend.high.tolist() == [60.0, 120.0]


def test_steps_without_beats_are_unknown_not_zero(make_analysis: Make) -> None:
    trend = rate_trend(rr_series(make_analysis(list(range(0, 15_000, 100)), "N" * 150)), 300.0, steps=4)
    assert trend.median[:2].tolist() == [60.0, 60.0]
    assert np.isnan(trend.median[2:]).all()


def test_few_intervals_stand_for_themselves(make_analysis: Make) -> None:
    trend = rate_trend(rr_series(make_analysis([0, 100, 150], "NNN")), 10.0)
    assert trend.time_s.tolist() == [1.0, 1.5]
    assert trend.median.tolist() == [60.0, 120.0]


def test_poincare_pairs_only_intervals_that_follow_each_other(make_analysis: Make) -> None:
    series = rr_series(make_analysis([0, 100, 200, 300, 310, 410, 510], "NNNNNNN"))
    index, x, y, _ = poincare(series)
    assert series.beat[index].tolist() == [2, 3, 6]
    assert x.tolist() == [1000.0, 1000.0, 1000.0]
    assert y.tolist() == [1000.0, 1000.0, 1000.0]


def test_no_beats_give_empty_series(make_analysis: Make) -> None:
    series = rr_series(make_analysis([], ""))
    assert len(series) == 0
    assert len(poincare(series)[0]) == 0
    assert len(rate_trend(series, 10.0).median) == 0
