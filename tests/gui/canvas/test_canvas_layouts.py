from __future__ import annotations

from itertools import pairwise

import pytest

from heartkit_gui.canvas.geometry import Lane, lay_out
from heartkit_gui.canvas.layouts import (
    LAYOUTS,
    STANDARD_LEADS,
    arrange,
    available_layouts,
    cells_between,
    standard_name,
)
from heartkit_gui.canvas.scale import Scale

SHUFFLED = ("v6", "v5", "v4", "v3", "v2", "v1", "avf", "avl", "avr", "iii", "ii", "i")


def labels(layout: str, names: tuple[str, ...] = STANDARD_LEADS) -> list[list[str]]:
    return [[cell.label for cell in row.cells] for row in arrange(layout, names).rows]


def test_sheet_of_three_rows_and_a_rhythm_strip():
    assert labels("3x4+1") == [
        ["I", "aVR", "V1", "V4"],
        ["II", "aVL", "V2", "V5"],
        ["III", "aVF", "V3", "V6"],
        ["II"],
    ]
    assert labels("3x4+3")[3:] == [["V1"], ["II"], ["V5"]]


def test_cabrera_runs_from_avl_to_iii_and_turns_avr_over():
    rows = arrange("cabrera", STANDARD_LEADS).rows
    assert [row.cells[0].label for row in rows] == ["aVL", "I", "−aVR", "II", "aVF", "III"]
    assert [row.cells[0].sign for row in rows] == [1, 1, -1, 1, 1, 1]
    assert rows[2].cells[0].lead == STANDARD_LEADS.index("aVR")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_leads_are_found_by_name_in_any_order(layout):
    for row in arrange(layout, SHUFFLED).rows:
        for cell in row.cells:
            assert standard_name(SHUFFLED[cell.lead]) == cell.label.lstrip("−")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_shows_all_twelve_leads(layout):
    assert len(arrange(layout, STANDARD_LEADS).leads) == 12


def test_records_without_twelve_leads_are_stacked():
    names = ("MLII", "V5")
    assert available_layouts(names) == ("stacked",)
    assert labels("3x4+1", names) == [["MLII"], ["V5"]]


def test_chosen_leads_keep_their_order():
    assert [row.cells[0].lead for row in arrange("stacked", STANDARD_LEADS, (7, 1, 99)).rows] == [7, 1]


def test_names():
    assert standard_name("ECG aVR") == "aVR"
    assert standard_name("Lead II") == "II"
    assert standard_name("lead_v3") == "V3"
    assert standard_name("MLII") is None
    assert standard_name("V10") is None


def test_unknown_layout():
    with pytest.raises(ValueError, match="no layout"):
        arrange("4x3", STANDARD_LEADS)


def test_columns_follow_each_other_in_time_and_sheet_follows_sheet():
    row = arrange("3x4+1", STANDARD_LEADS).rows[0]
    spans = cells_between(row, 4.0, 12.0)
    assert [(s.cell.label, s.start_s, s.stop_s) for s in spans] == [
        ("aVR", 2.5, 5.0),
        ("V1", 5.0, 7.5),
        ("V4", 7.5, 10.0),
        ("I", 10.0, 12.5),
    ]


def test_rhythm_strips_run_through():
    strip = arrange("3x4+1", STANDARD_LEADS).rows[3]
    (span,) = cells_between(strip, 4.0, 12.0)
    assert span.start_s == float("-inf") and span.stop_s == float("inf")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("height", [300, 640, 1080, 2160])
def test_rows_share_the_paper_without_overlap_and_lie_on_the_grid(layout, height):
    scale = Scale(500.0, px_per_mm=96 / 25.4)
    lanes = (Lane("rhythm", "", 20.0),)
    geometry = lay_out(arrange(layout, STANDARD_LEADS), scale, 1.0, 1280, height, lanes)
    rows = geometry.rows
    assert rows[0].top >= geometry.paper.top == 20.0
    assert rows[-1].bottom <= geometry.paper.bottom + 1e-6
    for above, below in pairwise(rows):
        assert above.bottom <= below.top + 1e-6
        pitch_mm = (below.baseline - above.baseline) / scale.px_per_mm
        assert pitch_mm < 8.0 or pitch_mm == pytest.approx(round(pitch_mm))
    assert geometry.axis.bottom <= geometry.footer.top and geometry.footer.bottom == height


def test_row_under_a_point():
    geometry = lay_out(arrange("12x1", STANDARD_LEADS), Scale(500.0), 1.0, 1000, 900)
    assert geometry.row_at(geometry.rows[5].middle) == 5
    assert geometry.row_at(geometry.axis.middle) is None
