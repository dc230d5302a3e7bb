from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.analysis.types import Analysis, Measure, Span
from heartkit_gui.model import findings

Make = Callable[..., Analysis]


def test_intervals_come_in_reading_order_with_spread_beats_and_method(make_analysis: Make) -> None:
    measures = {
        "zeta": Measure(1.5, "mV"),
        "qt": Measure(380, "ms", 10, 8, "QRS onset to T offset", 0, 1000),
        "pr": Measure(150, "ms", 9, 4),
        "hr": Measure(61, "1/min"),
    }
    rows = findings.interval_rows(make_analysis([100, 200], "NN", intervals=measures))
    assert [row.label for row in rows] == ["PR", "QT", "Zeta"]
    assert (rows[1].value, rows[1].spread, rows[1].n) == ("380\u202fms", "± 4", "10")
    assert "QRS onset to T offset" in rows[1].tip
    assert "0:00.0 to 0:10.0" in rows[1].tip


def test_heart_rate_with_and_without_range(make_analysis: Make) -> None:
    rate = {"hr": Measure(61.4, "1/min"), "hr_min": Measure(50, "1/min"), "hr_max": Measure(99, "1/min")}
    assert findings.heart_rate(make_analysis([1, 2], "NN", intervals=rate)) == ("61", "50 to 99")
    assert findings.heart_rate(make_analysis([1, 2], "NN", intervals={"hr": rate["hr"]})) == ("61", "")
    assert findings.heart_rate(make_analysis([], "")) == ("–", "")


def test_all_five_classes_are_counted_absent_ones_too(make_analysis: Make) -> None:
    counts = findings.beat_counts(make_analysis([1, 2, 3, 4], "NNVN"))
    assert [(c.aami, c.count, c.share) for c in counts] == [
        ("N", 3, "75 %"),
        ("S", 0, "0 %"),
        ("V", 1, "25 %"),
        ("F", 0, "0 %"),
        ("Q", 0, "0 %"),
    ]


def test_episodes_are_in_time_order(make_analysis: Make) -> None:
    spans = (Span(0, 5000, "N"), Span(5000, 9000, "AFIB", 0.8), Span(100, 300, "RUN"), Span(0, 60, "PAUSE"))
    rows = findings.episodes(make_analysis([], "", rhythm=spans))
    assert [row.span.label for row in rows] == ["N", "PAUSE", "RUN", "AFIB"]
    assert (rows[3].name, rows[3].start, rows[3].length, rows[3].confidence) == (
        "Atrial fibrillation",
        "0:50.0",
        "40 s",
        "80 %",
    )


def test_readable_share_counts_overlaps_once(make_analysis: Make) -> None:
    analysis = make_analysis([], "", quality=(Span(0, 100, "flat"), Span(50, 150, "noisy"), Span(900, 2000, "gap")))
    assert findings.readable_share(analysis, 0, 1000) == pytest.approx(0.75)
    assert findings.readable_share(analysis, 150, 900) == 1.0
    assert findings.readable_share(analysis, 5, 5) == 1.0


def test_next_beat_forward_backward_and_by_class(make_analysis: Make) -> None:
    analysis = make_analysis([100, 200, 300, 400], "NVNV")
    assert findings.next_beat(analysis, 150, 1) == 1
    assert findings.next_beat(analysis, 200, 1) == 2
    assert findings.next_beat(analysis, 200, -1) == 0
    assert findings.next_beat(analysis, 200, 1, "V") == 3
    assert findings.next_beat(analysis, 400, 1, "V") == -1
    assert findings.next_beat(analysis, 400, 1, "S") == -1
    assert findings.next_beat(analysis, 100, -1) == -1


def test_next_episode_passes_over_sinus_rhythm_unless_there_is_nothing_else(make_analysis: Make) -> None:
    spans = (Span(0, 500, "N"), Span(500, 600, "RUN"), Span(600, 900, "N"), Span(900, 1000, "AFIB"))
    analysis = make_analysis([], "", rhythm=spans)
    assert findings.next_episode(analysis, 0, 1) == spans[1]
    assert findings.next_episode(analysis, 500, 1) == spans[3]
    assert findings.next_episode(analysis, 950, -1) == spans[3]
    assert findings.next_episode(analysis, 500, -1) is None
    only = make_analysis([], "", rhythm=(Span(0, 500, "N"), Span(500, 900, "N")))
    assert findings.next_episode(only, 10, 1) == Span(500, 900, "N")
