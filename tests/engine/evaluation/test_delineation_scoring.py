"""The delineation protocol on cases worked out by hand, and the frozen LUDB split."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.analysis.delineation import delineate
from engine.analysis.qrs import detect_qrs
from engine.analysis.types import FIDUCIAL_NAMES, Fiducials
from engine.errors import DatasetError
from engine.evaluation import ludb
from engine.evaluation.delineation import (
    BOUNDARIES,
    TIGHT_S,
    marks_of,
    score_delineation,
    score_fiducial,
)

FS = 500.0
# As openecg's stratified_split(seed=42, val_frac=0.2) draws them.
VALIDATION = [
    *(10, 11, 14, 20, 21, 22, 28, 33, 34, 35, 39, 47, 48, 53, 55, 56, 66, 67, 70, 72, 73, 74, 78, 91, 92, 93, 95),
    *(101, 115, 119, 120, 133, 135, 154, 174, 178, 179, 189, 191, 194, 196),
]


def marks(**given: list[int]) -> dict[str, np.ndarray]:
    return {name: np.array(given.get(name, []), dtype=np.int64) for name in FIDUCIAL_NAMES}


def regular(shift: int = 0) -> dict[str, np.ndarray]:
    start = {
        "p_on": 0,
        "p": 25,
        "p_off": 50,
        "qrs_on": 70,
        "r": 90,
        "qrs_off": 115,
        "t_on": 160,
        "t": 210,
        "t_off": 250,
    }
    return {name: np.arange(500, 4000, 400) + at + shift for name, at in start.items()}


def test_a_reference_scores_full_marks_against_itself() -> None:
    score = score_delineation({1: regular()}, {1: regular()}, FS)
    assert score.macro_f1 == score.macro_f1_tight == 100.0
    assert all(row.mean_ms == row.sd_ms == 0.0 for row in score.fiducials.values())


def test_a_shift_shows_as_the_mean_error_and_fails_the_tight_windows_it_exceeds() -> None:
    score = score_delineation({1: regular()}, {1: regular(shift=23)}, FS)
    assert score.macro_f1 == 100.0
    assert score.fiducials["t"].mean_ms == pytest.approx(46.0)
    assert score.fiducials["t"].median_abs_ms == pytest.approx(46.0)
    assert [score.tight[name].f1 for name in BOUNDARIES] == [100.0, 100.0, 0.0, 0.0, 100.0, 100.0]


def test_detections_outside_the_marked_span_do_not_count() -> None:
    truth = marks(p_on=[1000, 1400], r=[1100, 1500])
    found = marks(r=[300, 1100, 1500, 1900], p_on=[1000, 1400, 1800])
    for name in ("r", "p_on"):
        assert score_fiducial({1: truth}, {1: found}, name, FS, 0.15).false == 0


def test_a_detection_in_the_margin_may_match_but_is_never_false() -> None:
    truth = marks(p_on=[1000], r=[1100])
    early = score_fiducial({1: truth}, {1: marks(p_on=[940])}, "p_on", FS, 0.15)
    assert (early.matched, early.false, early.missed) == (1, 0, 0)
    late = score_fiducial({1: truth}, {1: marks(p_on=[1000, 1150])}, "p_on", FS, 0.15)
    assert (late.matched, late.false, late.missed) == (1, 0, 0)


def test_an_unmatched_detection_inside_the_span_is_false() -> None:
    truth = marks(t=[1000, 2000], r=[900, 1900])
    row = score_fiducial({1: truth}, {1: marks(t=[1000, 1500, 2000])}, "t", FS, 0.15)
    assert (row.matched, row.false, row.missed) == (2, 1, 0)
    assert row.precision == pytest.approx(200 / 3)
    assert row.f1 == 80.0


def test_the_window_includes_its_end() -> None:
    truth, name = marks(t_off=[1000], r=[700]), "t_off"
    assert score_fiducial({1: truth}, {1: marks(t_off=[1075])}, name, FS, 0.15).matched == 1
    assert score_fiducial({1: truth}, {1: marks(t_off=[1076])}, name, FS, 0.15).matched == 0


def test_a_recording_without_result_counts_as_empty_and_one_without_marks_not_at_all() -> None:
    row = score_fiducial({1: regular(), 2: regular(), 3: marks()}, {1: regular(), 3: regular()}, "p_on", FS, 0.15)
    assert (row.matched, row.false, row.missed) == (9, 0, 9)
    assert row.sensitivity == 50.0


def test_every_p_onset_of_a_record_without_p_waves_counts() -> None:
    found = {1: regular(), 2: marks(p_on=[10, 10, 2000])}
    score = score_delineation({1: regular(), 2: marks(r=[500, 1000])}, found, FS, without_p=[2, 7])
    assert (score.n_without_p, score.p_onsets_without_p) == (1, 2)


def test_marks_of_leaves_out_what_is_absent() -> None:
    table = np.full((2, 9), -1, np.int64)
    table[:, 4] = [700, 300]
    table[1, 8] = 460
    found = marks_of(Fiducials.from_table(table))
    assert found["r"].tolist() == [300, 700]
    assert found["t_off"].tolist() == [460]
    assert len(found["p_on"]) == 0


def test_onset_and_offset_belong_to_the_peak_they_touch() -> None:
    found = ludb.marks_of_symbols(list("(p)(N)t)"), np.arange(10, 90, 10))
    assert {name: at.tolist() for name, at in found.items() if len(at)} == {
        "p_on": [10],
        "p": [20],
        "p_off": [30],
        "qrs_on": [40],
        "r": [50],
        "qrs_off": [60],
        "t": [70],
        "t_off": [80],
    }


def test_a_folder_that_is_not_ludb_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"ludb\.csv: is missing"):
        ludb.rhythms(tmp_path)


def test_the_validation_split_is_the_published_one(dataset: Callable[[str], Path]) -> None:
    rhythm_of = ludb.rhythms(dataset("ludb"))
    assert ludb.validation_records(rhythm_of) == VALIDATION
    assert len(ludb.without_p_waves(rhythm_of)) == 18


def test_the_delineator_holds_its_bars_on_ludb(dataset: Callable[[str], Path]) -> None:
    folder = dataset("ludb")
    records = list(ludb.rhythms(folder))
    found = {}
    for record in records:
        x_mv = ludb.signal(folder, record, "ii")
        found[record] = marks_of(delineate(x_mv, 0, detect_qrs(x_mv, FS).sample, FS))
    score = score_delineation({record: ludb.marks(folder, record, "ii") for record in records}, found, FS)
    assert score.macro_f1 >= 97.0
    assert score.macro_f1_tight >= 93.5
    assert set(score.tight) == set(TIGHT_S)
