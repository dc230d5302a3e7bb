"""What the picture shows: gaps, overlays, tiles, filters, faults."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage

from engine.analysis.types import Span
from engine.errors import RecordError
from engine.records.annotations import Annotations
from engine.records.record import ArrayRecord, Record
from engine.signals.filters import DIAGNOSTIC, MONITOR, UNFILTERED
from engine.signals.pyramid import Pyramid
from heartkit_gui.canvas.ecg_canvas import EcgCanvas
from heartkit_gui.canvas.lanes import NON_DIAGNOSTIC_TEXT, filter_text, is_non_diagnostic, scale_text
from heartkit_gui.canvas.layouts import LAYOUTS, STANDARD_LEADS
from heartkit_gui.canvas.overlays import beat_lane_y
from heartkit_gui.canvas.scene import OVERLAYS
from heartkit_gui.theme.tokens import DARK, PAPER

BLUE_TRACE = replace(PAPER, name="blue", trace="#0000FF", canvas_text="#804020", canvas_text_muted="#804020")


def pixels(image: QImage) -> NDArray[np.uint8]:
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    raw = np.frombuffer(image.constBits(), np.uint8)
    return raw.reshape(image.height(), image.bytesPerLine() // 4, 4)[:, : image.width(), :3].copy()


def trace_mask(image: QImage) -> NDArray[np.bool_]:
    blue, green, red = (pixels(image)[:, :, k].astype(int) for k in range(3))
    return (blue - np.maximum(red, green)) > 60


def wave(fs: float, seconds: float, leads: int = 1) -> NDArray[np.float32]:
    t = np.arange(round(fs * seconds)) / fs
    phase = t % 0.8
    beat = np.exp(-(((phase - 0.4) / 0.015) ** 2)) + 0.25 * np.exp(-(((phase - 0.65) / 0.05) ** 2))
    return np.repeat(beat[None, :].astype(np.float32), leads, axis=0)


@pytest.fixture
def canvas(qtbot):
    made = EcgCanvas()
    qtbot.addWidget(made)
    made.resize(1100, 600)
    made.set_pixels_per_mm(4.0)
    made.show()
    return made


def picture(canvas: EcgCanvas) -> NDArray[np.uint8]:
    canvas.finish_loading()
    return pixels(canvas.grab().toImage())


@pytest.mark.parametrize("speed", [50.0, 25.0, 5.0, 1.0])
def test_gap_is_never_a_line(canvas, make_record, speed):
    fs, seconds = 250.0, 600.0
    values = wave(fs, seconds)
    valid = np.ones(values.shape, np.bool_)
    width_s = 1000 / 4.0 / speed
    gap = (0.3 * width_s, 0.6 * width_s)
    valid[:, round(gap[0] * fs) : round(gap[1] * fs)] = False
    record = make_record(fs=fs, values=values, valid=valid)
    canvas.set_theme(BLUE_TRACE)
    canvas.set_record(record, Pyramid.build(record))
    canvas.set_speed(speed)
    mask = trace_mask(canvas.grab().toImage())
    geometry = canvas.view.geometry
    left, right = (geometry.margin + s * speed * 4.0 for s in gap)
    assert not mask[:, round(left) + 3 : round(right) - 3].any()
    assert mask[:, round(left) - 30 : round(left) - 4].any(axis=0).all()
    assert mask[:, round(right) + 4 : round(right) + 30].any(axis=0).all()


def test_gap_of_one_lead_leaves_the_other_whole(canvas, make_record):
    values = wave(250.0, 10.0, leads=2)
    valid = np.ones(values.shape, np.bool_)
    valid[0, 500:1500] = False
    canvas.set_theme(BLUE_TRACE)
    canvas.set_record(make_record(("I", "II"), 250.0, values=values, valid=valid))
    mask = trace_mask(canvas.grab().toImage())
    geometry = canvas.view.geometry
    inside = slice(geometry.margin + round(2.2 * 100), geometry.margin + round(5.8 * 100))
    first, second = geometry.rows
    assert not mask[round(first.top) : round(first.bottom), inside].any()
    assert mask[round(second.top) : round(second.bottom), inside].any(axis=0).all()


def test_nothing_is_drawn_after_the_end_of_the_record(canvas, make_record):
    canvas.set_theme(BLUE_TRACE)
    canvas.set_record(make_record(fs=250.0, values=wave(250.0, 4.0)))
    mask = trace_mask(canvas.grab().toImage())
    assert not mask[:, canvas.view.geometry.margin + 404 :].any()


@pytest.mark.parametrize("speed", [25.0, 5.0, 0.5])
def test_panned_picture_equals_a_fresh_one(qtbot, canvas, make_record, make_analysis, speed):
    record = make_record(("I", "II"), 250.0, values=wave(250.0, 900.0, leads=2))
    pyramid = Pyramid.build(record)
    findings = make_analysis(record, list(range(100, record.n_samples - 200, 200)))

    def shown(target: EcgCanvas) -> EcgCanvas:
        target.set_record(record, pyramid)
        target.set_analysis(findings)
        target.set_speed(speed)
        return target

    shown(canvas)
    for _ in range(37):
        canvas.scroll_px(23)
        canvas.grab()
    other = EcgCanvas()
    qtbot.addWidget(other)
    other.resize(1100, 600)
    other.set_pixels_per_mm(4.0)
    other.show()
    shown(other).move_to_px(37 * 23)
    assert canvas.view_start == other.view_start > 0
    assert np.array_equal(picture(canvas), picture(other))


@pytest.mark.parametrize("overlay", ["segments", "fiducials", "beats", "rhythm", "quality", "annotations"])
def test_every_overlay_can_be_hidden(canvas, make_record, make_analysis, overlay):
    record = make_record(fs=250.0, values=wave(250.0, 10.0))
    canvas.set_record(record)
    canvas.set_analysis(make_analysis(record, [300, 500, 700, 900], "NVNS", quality=(Span(1000, 1300, "noisy"),)))
    canvas.set_annotations(Annotations(np.array([300, 500]), ("N", "V"), 250.0))
    assert set(OVERLAYS) == {"segments", "fiducials", "beats", "rhythm", "quality", "annotations"}
    whole = picture(canvas)
    canvas.set_overlay_visible(overlay, False)
    assert not np.array_equal(picture(canvas), whole)
    canvas.set_overlay_visible(overlay, True)
    assert np.array_equal(picture(canvas), whole)


def test_findings_are_confined_to_the_analysed_lead(canvas, make_record, make_analysis):
    record = make_record(("I", "II", "III"), 250.0, values=wave(250.0, 10.0, leads=3))
    canvas.set_record(record)
    canvas.set_overlay_visible("rhythm", False)
    bare = picture(canvas)
    canvas.set_analysis(make_analysis(record, [300, 500, 700], lead=1))
    changed = (picture(canvas) != bare).any(axis=(1, 2))
    row = canvas.view.geometry.rows[1]
    touched = np.flatnonzero(changed)
    assert touched[0] >= int(row.top) and touched[-1] <= int(row.bottom) + 1


def test_segments_lie_at_their_samples(canvas, make_record, make_analysis):
    record = make_record(fs=250.0, values=np.zeros((1, 2500), np.float32))
    canvas.set_record(record)
    for name in ("fiducials", "beats", "rhythm"):
        canvas.set_overlay_visible(name, False)
    bare = picture(canvas)
    canvas.set_analysis(make_analysis(record, [1250]))
    row = canvas.view.geometry.rows[0]
    line = round(row.baseline) - 12
    columns = np.flatnonzero((picture(canvas)[line] != bare[line]).any(axis=1)) - canvas.view.geometry.margin
    # P -200..-120 ms, QRS -50..50 ms, T 160..340 ms around 5 s, at 100 px/s
    expected = [*range(480, 488), *range(495, 505), *range(516, 534)]
    assert set(columns) ^ set(expected) <= {479, 480, 487, 488, 494, 495, 504, 505, 515, 516, 533, 534}


def test_beat_classes_differ_in_shape_and_doubt_is_hollow(canvas, make_record, make_analysis):
    record = make_record(fs=250.0, seconds=10.0)
    one_colour = replace(PAPER, name="grey", beats=dict.fromkeys(PAPER.beats, "#404040"))
    canvas.set_theme(one_colour)
    canvas.set_record(record)
    for name in ("segments", "fiducials", "rhythm"):
        canvas.set_overlay_visible(name, False)

    def mark(symbol: str, confidence: float) -> NDArray[np.bool_]:
        canvas.set_analysis(make_analysis(record, [1250], symbol, confidence=[confidence]))
        geometry = canvas.view.geometry
        x, y = geometry.margin + 500, round(beat_lane_y(geometry.rows[0], 1.0))
        return picture(canvas)[y - 7 : y + 8, x - 6 : x + 6].max(axis=2) < 120

    shapes = {symbol: mark(symbol, 0.98) for symbol in "NSVFQ/"}
    for a in shapes:
        for b in shapes:
            assert a == b or (shapes[a] != shapes[b]).sum() > 8, (a, b)
    for symbol in "NSVF/":
        assert mark(symbol, 0.2).sum() < shapes[symbol].sum(), symbol


def test_a_hundred_thousand_beats_draw_only_what_shows(canvas, make_record, make_analysis, monkeypatch):
    record = make_record(fs=100.0, values=np.zeros((1, 100 * 80_000), np.float32))
    canvas.set_record(record)
    canvas.set_analysis(make_analysis(record, list(range(50, record.n_samples - 100, 80))))
    drawn = []
    from heartkit_gui.canvas import overlays

    monkeypatch.setattr(overlays, "draw_beat_mark", lambda *args: drawn.append(args))
    canvas.centre_on(record.n_samples / 2)
    canvas.grab()
    assert 10 <= len(drawn) < 100


@pytest.mark.parametrize("theme", [PAPER, DARK], ids=lambda t: t.name)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_show_every_row(canvas, make_record, layout, theme):
    canvas.set_theme(replace(theme, trace="#0000FF"))
    canvas.set_record(make_record(STANDARD_LEADS, 500.0, values=wave(500.0, 10.0, leads=12)))
    canvas.set_layout(layout)
    mask = trace_mask(canvas.grab().toImage())
    for row in canvas.view.geometry.rows:
        band = mask[int(row.top) : int(row.bottom), canvas.view.geometry.margin + 2 :]
        assert band.any(axis=0).mean() > 0.95


def test_minus_avr_is_upside_down(canvas, make_record):
    values = np.zeros((12, 5000), np.float32)
    values[STANDARD_LEADS.index("aVR")] = wave(500.0, 10.0)[0]
    canvas.set_theme(BLUE_TRACE)
    canvas.set_record(make_record(STANDARD_LEADS, 500.0, values=values))
    canvas.set_layout("cabrera")
    mask = trace_mask(canvas.grab().toImage())
    row = canvas.view.geometry.rows[2]
    ink = mask[:, canvas.view.geometry.margin :]
    below = ink[round(row.baseline) + 15 : round(row.baseline) + 38].sum()
    above = ink[round(row.baseline) - 38 : round(row.baseline) - 15].sum()
    assert below > 0 and above == 0


def test_offset_traces_are_brought_into_their_row(canvas, make_record):
    values = wave(250.0, 60.0)
    values[0, 7500:] += 40.0  # an electrode jumps by 40 mV
    canvas.set_theme(BLUE_TRACE)
    canvas.set_record(make_record(fs=250.0, values=values + 300.0))
    row = canvas.view.geometry.rows[0]

    def band() -> NDArray[np.bool_]:
        return trace_mask(canvas.grab().toImage())[int(row.top) : int(row.bottom), canvas.view.geometry.margin :]

    assert band().any(axis=0).mean() > 0.95
    canvas.set_view_start(45 * 250)
    canvas.finish_loading()
    assert band().any(axis=0).mean() > 0.95


def test_filter_state_is_written(canvas, make_record):
    record = make_record(fs=500.0, values=wave(500.0, 60.0))
    canvas.set_record(record)
    scene, view = canvas.scene, canvas.view
    assert scale_text(scene, view.scale) == "25 mm/s   10 mm/mV   unfiltered"
    canvas.set_filter(DIAGNOSTIC)
    assert filter_text(scene, view.scale) == "0.05–150 Hz"
    assert not is_non_diagnostic(scene, view.scale)
    plain = picture(canvas)
    canvas.set_filter(MONITOR)
    assert is_non_diagnostic(scene, view.scale)
    badge = QColor(PAPER.warning_badge)
    footer = picture(canvas)[int(view.geometry.footer.top) :]
    assert (footer == [badge.blue(), badge.green(), badge.red()]).all(axis=2).sum() > len(NON_DIAGNOSTIC_TEXT) * 20
    assert not (plain == [badge.blue(), badge.green(), badge.red()]).all(axis=2).any()
    canvas.set_filter(UNFILTERED)
    assert filter_text(scene, view.scale) == "unfiltered"


def test_a_filter_that_the_rate_cannot_carry_is_not_claimed(canvas, make_record):
    canvas.set_record(make_record(fs=200.0, values=wave(200.0, 20.0)))
    canvas.set_filter(DIAGNOSTIC)
    assert filter_text(canvas.scene, canvas.view.scale) == "0.05 Hz high-pass"


def test_wide_overviews_say_that_they_are_unfiltered(canvas, make_record):
    record = make_record(fs=500.0, values=np.zeros((1, 500 * 3600), np.float32))
    canvas.set_record(record, Pyramid.build(record))
    canvas.set_filter(MONITOR)
    canvas.fit_to_width()
    assert filter_text(canvas.scene, canvas.view.scale) == "unfiltered overview"
    assert not is_non_diagnostic(canvas.scene, canvas.view.scale)


def test_slow_filters_run_in_the_background_and_arrive(qtbot, canvas, make_record, monkeypatch):
    from heartkit_gui.canvas import pages

    monkeypatch.setattr(pages, "QUICK_VALUES", 0)
    canvas.set_theme(BLUE_TRACE)
    canvas.set_record(make_record(fs=250.0, values=wave(250.0, 20.0)))
    canvas.set_filter(MONITOR)
    margin = canvas.view.geometry.margin
    canvas.grab()

    def drawn() -> bool:
        return bool(trace_mask(canvas.grab().toImage())[:, margin:].any(axis=0).mean() > 0.95)

    qtbot.waitUntil(drawn, timeout=10_000)


def test_filtered_pages_join_without_a_seam(make_record):
    from engine.signals.filters import apply_zero_phase
    from heartkit_gui.canvas.pages import PageSource

    record = make_record(fs=250.0, values=wave(250.0, 65.0) + 0.5)
    source = PageSource(record, MONITOR)
    paged = np.concatenate([source.read(a, a + 777).values for a in range(0, record.n_samples, 777)], axis=1)
    whole = apply_zero_phase(record.read().values, 250.0, MONITOR)
    assert paged.shape == whole.shape
    assert np.abs(paged - whole).max() < 1e-3


class Broken(ArrayRecord):
    def _read(self, start, stop, leads):
        if stop > 1000:
            raise RecordError("ends early", path=self.path)
        return super()._read(start, stop, leads)


def test_a_record_that_cannot_be_read_is_a_gap_and_told_once(qtbot, canvas, make_record):
    whole: Record = make_record(fs=250.0, values=wave(250.0, 20.0))
    broken = Broken(whole.info, wave(250.0, 20.0))
    told = []
    canvas.read_failed.connect(told.append)
    canvas.set_record(broken)
    canvas.grab()
    qtbot.waitUntil(lambda: bool(told), timeout=2000)
    canvas.grab()
    assert told == ["made: ends early"]


def test_other_units_get_a_scale_of_their_own(canvas, make_record):
    t = np.arange(5000) / 250.0
    values = np.stack([wave(250.0, 20.0)[0], (90 + 30 * np.sin(7 * t)).astype(np.float32)])
    canvas.set_theme(BLUE_TRACE)
    canvas.set_record(make_record(("II", "ABP"), 250.0, values=values, units=("mV", "mmHg")))
    mask = trace_mask(canvas.grab().toImage())
    row = canvas.view.geometry.rows[1]
    rows = np.flatnonzero(mask[:, canvas.view.geometry.margin + 10 :].any(axis=1))
    inside = rows[(rows >= row.top) & (rows < row.bottom)]
    assert 0.3 * row.height < np.ptp(inside) < row.height
    assert canvas.scene.units_per_mm(0, canvas.view.geometry) == pytest.approx(0.1)


def test_empty_canvas_and_empty_record(canvas, make_record):
    canvas.grab()
    canvas.set_record(make_record(values=np.zeros((1, 0), np.float32)))
    canvas.page(1.0)
    canvas.fit_to_width()
    canvas.set_tool("time")
    canvas.grab()
    canvas.set_record(None)
    canvas.grab()
    assert canvas.accessibleDescription() == "No record open."


def test_tiny_and_huge_sizes(canvas, make_record):
    canvas.set_record(make_record(STANDARD_LEADS, 500.0, values=wave(500.0, 10.0, leads=12)))
    for size in ((1, 1), (30, 20), (200, 60), (3840, 200)):
        canvas.resize(*size)
        canvas.grab()


def test_absurd_amplitudes_do_not_stop_the_painter(canvas, make_record):
    values = wave(250.0, 10.0)
    values[0, 1000:1100] = 1e30
    values[0, 1200:1210] = -3e38
    canvas.set_record(make_record(fs=250.0, values=values))
    canvas.grab()


@pytest.mark.parametrize("record", ["100", "208"])
def test_real_record_from_open_to_picture(canvas, dataset, record):
    from engine.records import open_record

    with open_record(dataset("mitdb") / record) as opened:
        canvas.set_theme(BLUE_TRACE)
        canvas.set_record(opened)
        canvas.centre_on(300_000)
        canvas.finish_loading()
        mask = trace_mask(canvas.grab().toImage())
        for row in canvas.view.geometry.rows:
            band = mask[int(row.top) : int(row.bottom), canvas.view.geometry.margin :]
            assert band.any(axis=0).mean() > 0.95
        canvas.set_record(None)


def test_findings_prefer_the_rhythm_strip(canvas, make_record, make_analysis):
    record = make_record(STANDARD_LEADS, 500.0, values=wave(500.0, 10.0, leads=12))
    canvas.set_record(record)
    canvas.set_layout("3x4+1")
    canvas.set_analysis(make_analysis(record, [1000, 3000], lead=1))
    assert canvas.scene.marked_rows == (3,)
    canvas.set_analysis(make_analysis(record, [1000, 3000], lead=STANDARD_LEADS.index("V2")))
    assert canvas.scene.marked_rows == (1,)
    canvas.set_layout("stacked")
    canvas.set_leads([0, 2])
    assert canvas.scene.marked_rows == (0,)


def test_names_of_rhythms_keep_clear_of_events():
    from heartkit_gui.canvas.lanes import _free_stretches

    assert _free_stretches(0, 100, []) == [(0, 100)]
    assert _free_stretches(0, 100, [(-5, 20), (40, 60), (50, 55)]) == [(20, 40), (60, 100)]
    assert _free_stretches(0, 100, [(0, 100)]) == []
