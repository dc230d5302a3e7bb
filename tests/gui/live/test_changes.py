from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from engine.analysis.types import Analysis, Span
from engine.records.record import ArrayRecord
from heartkit_gui.canvas.marks import Marks, marks_of
from heartkit_gui.live.changes import first_change


@pytest.fixture
def marks(make_record: Callable[..., ArrayRecord], make_analysis: Callable[..., Analysis]) -> Callable[..., Marks]:
    record = make_record(seconds=20.0)

    def make(samples: list[int], symbols: str | None = None, quality: tuple[Span, ...] = ()) -> Marks:
        return marks_of(replace(make_analysis(record, samples, symbols), quality=quality), 0)

    return make


def test_the_same_marks_need_nothing_drawn_again(marks: Callable[..., Marks]) -> None:
    assert first_change(marks([500, 1000]), marks([500, 1000])) is None
    assert first_change(None, None) is None


def test_a_new_beat_is_drawn_from_its_first_wave_on(marks: Callable[..., Marks]) -> None:
    at = first_change(marks([500, 1000]), marks([500, 1000, 1500]))
    assert at == 1400  # 0.2 s before the beat at 500 Hz


def test_a_beat_that_changes_its_type_is_drawn_again(marks: Callable[..., Marks]) -> None:
    assert first_change(marks([500, 1000, 1500], "NNN"), marks([500, 1000, 1500], "NVN")) == 900


def test_beats_that_left_on_the_left_change_nothing(marks: Callable[..., Marks]) -> None:
    assert first_change(marks([500, 1000, 1500]), marks([1000, 1500])) is None


def test_a_bad_stretch_that_grows_changes_from_its_former_end(marks: Callable[..., Marks]) -> None:
    former, present = (marks([500], quality=(Span(800, stop, "noisy"),)) for stop in (1200, 1400))
    assert first_change(former, present) == 1200


def test_first_findings_are_drawn_from_their_start(marks: Callable[..., Marks]) -> None:
    assert first_change(None, marks([500, 1000])) == 400
