from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heartkit_gui.canvas.scale import (
    GAINS,
    SPEEDS,
    Scale,
    elapsed_text,
    nice_units_per_mm,
    plausible_px_per_mm,
    speed_text,
    step,
    tick_step_s,
    zoom_step,
)


def test_default_scale_on_a_96_dpi_screen():
    scale = Scale(fs=500.0)
    assert scale.px_per_s == pytest.approx(94.488, abs=1e-3)
    assert scale.px_per_mv == pytest.approx(37.795, abs=1e-3)
    assert scale.samples_per_px == pytest.approx(5.2917, abs=1e-4)


@given(st.floats(50, 5000), st.sampled_from(SPEEDS), st.sampled_from(GAINS), st.floats(2, 60), st.floats(-1e7, 1e7))
def test_pixels_and_samples_are_inverse(fs, speed, gain, density, sample):
    scale = Scale(fs, speed, gain, density)
    assert scale.sample_of_px(scale.px_of_sample(sample)) == pytest.approx(sample, rel=1e-9, abs=1e-6)
    assert scale.samples_in_mm(speed) == pytest.approx(fs)


def test_another_device_is_the_same_paper():
    screen = Scale(250.0, 50.0, 20.0, 3.78)
    printer = screen.with_density(1200 / 25.4)
    assert printer.px_per_s / printer.px_per_mm == pytest.approx(screen.px_per_s / screen.px_per_mm)


@pytest.mark.parametrize("dpi", [0.0, -1.0, float("inf"), float("nan"), 20.0, 5000.0])
def test_impossible_screen_reports_fall_back_to_96_dpi(dpi):
    assert plausible_px_per_mm(dpi) == pytest.approx(96 / 25.4)


def test_plausible_screen_reports_are_believed():
    assert plausible_px_per_mm(110.0) == pytest.approx(110 / 25.4)


def test_steps_stop_at_the_ends():
    assert step(GAINS, 10.0, 1) == 20.0
    assert step(GAINS, 10.0, -1) == 5.0
    assert step(GAINS, 40.0, 1) == 40.0
    assert step(GAINS, 2.5, -1) == 2.5
    assert step(SPEEDS, 30.0, 1) == 50.0


def test_zoom_passes_every_paper_speed_and_goes_on():
    seen = [100.0]
    for _ in range(8):
        seen.append(zoom_step(seen[-1], -1))
    assert tuple(reversed(seen[:7])) == SPEEDS
    assert seen[7:] == [2.5, 1.25]
    back = [seen[-1]]
    for _ in range(8):
        back.append(zoom_step(back[-1], 1))
    assert back == list(reversed(seen))


def test_speed_text_marks_what_is_not_standard():
    assert speed_text(25.0) == "25 mm/s"
    assert speed_text(6.25) == "6.25 mm/s"
    assert speed_text(0.0173) == "0.0173 mm/s (non-standard)"
    assert speed_text(33.3333) == "33.3 mm/s (non-standard)"


def test_elapsed_text():
    assert elapsed_text(7) == "0:07"
    assert elapsed_text(3723) == "1:02:03"
    assert elapsed_text(59.99, 0.1) == "1:00.0"
    assert elapsed_text(1.25, 0.01) == "0:01.25"


@given(st.floats(1e-5, 5000))
def test_ticks_are_never_too_close(px_per_s):
    assert tick_step_s(px_per_s, 72) * px_per_s >= 72 * (1 - 1e-9)


@given(st.floats(1e-6, 1e6), st.floats(1, 200))
def test_scale_of_other_units_fits_and_is_round(span, height_mm):
    per_mm = nice_units_per_mm(span, height_mm)
    assert span / per_mm <= height_mm * (1 + 1e-6)
    assert span / per_mm >= height_mm / 2.6
    mantissa = float(f"{per_mm:e}".split("e")[0])
    assert min(abs(mantissa - m) for m in (1, 2, 5, 10)) < 1e-6
