from __future__ import annotations

import pytest

from engine.analysis.types import Measure
from engine.reports.wording import clock, duration, measure_value, number, percent
from heartkit_gui.widgets.dialogs import parse_clock


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00.0"),
        (5.04, "0:05.0"),
        (59.96, "1:00.0"),
        (65.25, "1:05.2"),
        (3661.5, "1:01:01.5"),
        (86400, "24:00:00.0"),
    ],
)
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


@pytest.mark.parametrize("seconds", [0.0, 7.5, 61.0, 3599.9, 3600.0, 86399.9])
def test_a_clock_reading_can_be_typed_back(seconds: float) -> None:
    assert parse_clock(clock(seconds)) == pytest.approx(seconds, abs=0.051)


@pytest.mark.parametrize("text", ["", "x", "1:2:3:4", "-5", "1:", ":5", "1e9", "1 2"])
def test_what_is_no_time_is_refused(text: str) -> None:
    assert parse_clock(text) is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.84, "0.8 s"), (12.4, "12 s"), (300, "5 min"), (303, "5 min 3 s"), (86640, "24 h 4 min"), (7200, "2 h")],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (148.6, "ms", "149"),
        (float("nan"), "ms", "–"),
        (0.0512, "mV", "0.05"),
        (12.34, "", "12.3"),
        (54321.0, "ms^2", "54\u2009321"),
        (12.34, "%", "12.3"),
    ],
)
def test_number(value: float, unit: str, text: str) -> None:
    assert number(value, unit) == text


def test_a_measure_carries_its_unit() -> None:
    assert measure_value(Measure(148.2, "ms")) == "148\u202fms"
    assert measure_value(Measure(49.0, "deg")) == "49°"
    assert measure_value(Measure(float("nan"), "ms")) == "–"


def test_certainty_is_never_rounded_up() -> None:
    assert (percent(1.0), percent(0.999), percent(0.5), percent(float("nan"))) == ("100 %", "99 %", "50 %", "–")
