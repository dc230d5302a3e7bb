"""The stated scale measured in pixels of a grabbed picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage

from heartkit_gui.canvas.ecg_canvas import EcgCanvas
from heartkit_gui.canvas.layouts import STANDARD_LEADS
from heartkit_gui.theme.tokens import PAPER

TRACE = "#0000FF"
PLAIN = replace(PAPER, name="measured", trace=TRACE, canvas_text="#804020", canvas_text_muted="#804020")


def ink(image: QImage) -> NDArray[np.float64]:
    """How much of each pixel the trace covers, [height, width]."""
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    blue, green, red = (pixels[:, : image.width(), k].astype(float) for k in range(3))
    return np.clip((blue - np.maximum(red, green)) / 255.0, 0.0, 1.0)


def step_height(coverage: NDArray[np.float64], low: slice, high: slice) -> float:
    """Pixels between the level of the trace in two ranges of columns."""

    def level(columns: slice) -> float:
        weight = coverage[:, columns].sum(axis=1)
        return float((weight * np.arange(len(weight))).sum() / weight.sum())

    return level(low) - level(high)


def edge_columns(coverage: NDArray[np.float64]) -> list[float]:
    """Centres of the vertical strokes: runs of columns with much more ink than a level line."""
    per_column = coverage.sum(axis=0)
    tall = per_column > 0.5 * per_column.max()
    edges = np.flatnonzero(np.diff(np.concatenate([[0], tall.astype(int), [0]])))
    centres = []
    for a, b in zip(edges[0::2], edges[1::2], strict=True):
        columns = np.arange(a, b)
        centres.append(float((per_column[a:b] * columns).sum() / per_column[a:b].sum()))
    return centres


def square(fs: float, up_s: float, down_s: float, seconds: float, mv: float = 1.0) -> NDArray[np.float32]:
    values = np.zeros((1, round(seconds * fs)), np.float32)
    values[0, round(up_s * fs) : round(down_s * fs)] = mv
    return values


@pytest.fixture
def canvas(qtbot):
    made = EcgCanvas()
    qtbot.addWidget(made)
    made.set_theme(PLAIN)
    return made


@pytest.mark.parametrize("density", [96 / 25.4, 4.0, 5.63])
@pytest.mark.parametrize(("speed", "gain"), [(25.0, 10.0), (50.0, 20.0), (12.5, 5.0), (100.0, 10.0), (25.0, 40.0)])
def test_one_second_and_one_millivolt(canvas, make_record, density, speed, gain):
    fs = 500.0
    canvas.resize(1400, 700)
    canvas.set_record(make_record(values=square(fs, 1.0, 2.0, 10.0)))
    canvas.set_pixels_per_mm(density)
    canvas.set_speed(speed)
    canvas.set_gain(gain)
    canvas.show()
    coverage = ink(canvas.grab().toImage())
    margin = canvas.view.geometry.margin
    second = speed * density
    coverage[:, :margin] = 0.0
    low = slice(margin + round(0.3 * second), margin + round(0.9 * second))
    high = slice(margin + round(1.1 * second), margin + round(1.9 * second))
    height = step_height(coverage, low, high)
    assert height == pytest.approx(gain * density, rel=0.01, abs=0.35)
    up, down = edge_columns(coverage)
    assert down - up == pytest.approx(second, rel=0.01, abs=0.35)
    assert up - margin == pytest.approx(second, rel=0.01, abs=1.0)


def test_twelve_leads_of_ten_seconds(canvas, make_record):
    """Every lead has its own steps; all must agree with 25 mm/s and 10 mm/mV within one per cent."""
    fs, density = 500.0, 96 / 25.4
    values = np.repeat(square(fs, 5.2, 9.8, 10.0), 12, axis=0)
    canvas.resize(1280, 1000)
    canvas.set_record(make_record(STANDARD_LEADS, fs, values=values))
    canvas.set_layout("12x1")
    canvas.set_pixels_per_mm(density)
    canvas.show()
    coverage = ink(canvas.grab().toImage())
    geometry = canvas.view.geometry
    second, left = 25.0 * density, geometry.margin
    for row in geometry.rows:
        top = max(0, round(row.baseline - 12.5 * density))
        band = coverage[top : round(row.baseline + 2.5 * density)].copy()
        band[:, :left] = 0.0
        low = slice(left + round(2 * second), left + round(5 * second))
        high = slice(left + round(6 * second), left + round(9 * second))
        assert step_height(band, low, high) == pytest.approx(10 * density, rel=0.01)
        up, down = edge_columns(band)
        assert down - up == pytest.approx(4.6 * second, rel=0.005)


def test_calibration_pulse_is_one_millivolt_and_200_ms(canvas, make_record):
    density = 4.0
    canvas.resize(1200, 700)
    canvas.set_record(make_record(seconds=20.0))
    canvas.set_pixels_per_mm(density)
    canvas.show()
    coverage = ink(canvas.grab().toImage())[:, : canvas.view.geometry.margin]
    up, down = edge_columns(coverage)
    assert down - up == pytest.approx(0.2 * 25 * density, abs=0.6)
    rows = np.flatnonzero(coverage.max(axis=1) > 0.4)
    assert rows[-1] - rows[0] == pytest.approx(10 * density, abs=2.0)


@pytest.mark.parametrize("density", [96 / 25.4, 5.63])
def test_grid_lines_are_five_millimetres_apart(canvas, make_record, density):
    canvas.resize(1300, 700)
    canvas.set_record(make_record(seconds=60.0))
    canvas.set_pixels_per_mm(density)
    canvas.set_overlay_visible("rhythm", False)
    canvas.show()
    image = canvas.grab().toImage()
    y = round(canvas.view.geometry.paper.top) + 3
    major = QColor(PLAIN.grid_major).rgb()
    lines = [x for x in range(canvas.view.geometry.margin, image.width()) if image.pixel(x, y) == major]
    spacing = (lines[-1] - lines[0]) / (len(lines) - 1)
    assert spacing == pytest.approx(5 * density, rel=0.005)


def test_dense_view_keeps_the_amplitude(canvas, make_record):
    """Sixty samples and more under one pixel: the bar still spans the whole range."""
    fs = 500.0
    values = np.zeros((1, round(600 * fs)), np.float32)
    values[0, ::100] = 1.0
    canvas.resize(1300, 700)
    canvas.set_record(make_record(values=values))
    canvas.set_pixels_per_mm(4.0)
    canvas.set_speed(1.0)
    canvas.show()
    coverage = ink(canvas.grab().toImage())[:, canvas.view.geometry.margin + 20 :]
    rows = np.flatnonzero(coverage[:, 300:800].mean(axis=1) > 0.3)
    assert rows[-1] - rows[0] == pytest.approx(10 * 4.0, abs=2.5)
