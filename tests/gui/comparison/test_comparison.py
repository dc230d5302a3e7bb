from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from engine.analysis.stages import Stages
from engine.analysis.types import ABSENT, Analysis, Fiducials, Span
from engine.records.record import ArrayRecord
from heartkit_gui.model.comparison import (
    ADDED,
    MISSED,
    RHYTHM,
    TYPE,
    P,
    T,
    compare,
    paired,
    summary_lines,
)

OTHER = Stages(waves="seg-x")
AT = [500, 1000, 1500, 2000, 2500]  # at 500 Hz


@pytest.fixture
def shown(make_record: Callable[..., ArrayRecord], make_analysis: Callable[..., Analysis]) -> Analysis:
    record = make_record(seconds=6.0)
    return make_analysis(record, AT, "NNVNN", rhythm=(Span(0, 3000, "N"),))


def moved(analysis: Analysis, column: int, samples: int) -> Analysis:
    """The same with one kind of boundary moved in every beat."""
    table = analysis.fiducials.table().copy()
    table[:, column] += samples
    return replace(analysis, fiducials=Fiducials.from_table(table))


def test_an_analysis_agrees_with_itself(shown: Analysis) -> None:
    found = compare(shown, shown, OTHER)
    assert len(found.differences) == 0
    assert found.beats_both == 5
    assert {boundary.shift_ms for boundary in found.boundaries} == {0.0}
    assert "No differences." in summary_lines(found)


def test_beats_that_only_one_found_or_named_otherwise_are_counted(shown: Analysis, make_analysis: object) -> None:
    keep = [0, 1, 2, 4]
    symbols = ("N", "V", "V", "N", "N")
    beats = replace(
        shown.beats,
        sample=np.array([502, 998, 1500, 2505, 2900], np.int64),
        symbol=symbols,
        aami=symbols,
    )
    table = shown.fiducials.table()[[*keep, 4]]
    other = replace(shown, beats=beats, fiducials=Fiducials.from_table(table))
    found = compare(shown, other, OTHER)
    assert (found.beats_missed, found.beats_added, found.beats_retyped) == (1, 1, 1)
    at = {
        int(kind): int(start) for start, kind in zip(found.differences.start, found.differences.kind, strict=True)
    }
    assert at[MISSED] == 2000 - 25
    assert at[ADDED] == 2900 - 25
    assert at[TYPE] == 1000 - 25


def test_a_boundary_counts_beyond_twenty_milliseconds(shown: Analysis) -> None:
    near = compare(shown, moved(shown, 8, 10), OTHER)  # T end, 20 ms later
    far = compare(shown, moved(shown, 8, 11), OTHER)
    t_off = far.boundaries[5]
    assert (near.boundaries[5].shift_ms, near.boundaries[5].beyond, len(near.differences)) == (20.0, 0, 0)
    assert (t_off.name, t_off.shift_ms, t_off.beyond) == ("t_off", 22.0, 5)
    assert set(far.differences.kind.tolist()) == {T}
    first = (int(far.differences.start[0]), int(far.differences.stop[0]))
    assert first == (580, 682)  # the T wave of both, from its onset to the later end


def test_a_wave_that_only_one_found_is_a_difference(shown: Analysis) -> None:
    table = shown.fiducials.table().copy()
    table[2, :3] = ABSENT
    found = compare(shown, replace(shown, fiducials=Fiducials.from_table(table)), OTHER)
    assert found.differences.kind.tolist() == [P]
    p_on = found.boundaries[0]
    assert (p_on.both, p_on.only_shown, p_on.only_other) == (4, 1, 0)


def test_time_with_another_rhythm_is_measured(shown: Analysis) -> None:
    rhythm = (Span(0, 1000, "N"), Span(1000, 2000, "AFIB"), Span(2000, 3000, "N"), Span(1500, 1600, "RUN"))
    found = compare(shown, replace(shown, rhythm=rhythm), OTHER)
    assert found.rhythm_s == 2.0
    assert found.differences.kind.tolist() == [RHYTHM]
    assert "2.0 s of 6.0 s" in summary_lines(found)[2]


def test_differences_are_walked_in_order(shown: Analysis) -> None:
    differences = compare(shown, moved(shown, 8, 11), OTHER).differences
    assert differences.start.tolist() == sorted(differences.start.tolist())
    assert differences.after(-1, 1) == 0
    assert differences.after(float(differences.start[0]), 1) == 1
    assert differences.after(float(differences.start[-1]), 1) == -1
    assert differences.after(float(differences.start[0]), -1) == -1
    assert differences.between(600, 610).tolist() == [0]


def test_no_beats_at_all_can_be_compared(make_record: Callable[..., ArrayRecord], make_analysis: object) -> None:
    empty = make_analysis(make_record(seconds=2.0), [])  # type: ignore[operator]
    found = compare(empty, empty, OTHER)
    assert len(found.differences) == 0
    assert np.isnan(found.boundaries[0].shift_ms)


def test_other_leads_are_refused(shown: Analysis) -> None:
    with pytest.raises(ValueError, match="same lead"):
        compare(shown, replace(shown, lead="V1"), OTHER)


def test_each_beat_has_one_partner() -> None:
    a, b = paired(np.array([100, 110, 500]), np.array([108, 490]), 20)
    assert list(zip(a.tolist(), b.tolist(), strict=True)) == [(1, 0), (2, 1)]
