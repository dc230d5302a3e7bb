from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.analysis.types import Analysis
from engine.devices.live_types import BoardResult, Disagreement
from engine.devices.protocol import ModelInfo
from engine.records.record import ArrayRecord
from engine.signals.span import Span
from heartkit_gui.live.board_reading import board_marks

RATE_HZ = 500.0


def model(number: int, task: str, classes: tuple[str, ...]) -> ModelInfo:
    return ModelInfo(number, f"m{number}", 100.0, (100, 1), (100, len(classes)), 0.1, 0, 0.1, 0, 0, task, classes)


WAVES = model(0, "segmentation", ("none", "p", "qrs", "t"))
RHYTHM = model(1, "rhythm", ("sr", "afib"))
BEAT = model(2, "beat", ("normal", "pac", "pvc"))


def result(of: ModelInfo, start: int, stop: int, classes: list[int], equal: bool | None = True) -> BoardResult:
    found = np.array(classes, np.uint8)
    return BoardResult(start, stop, of.id, of.name, 0, 0, 0, 0, classes=found, equal=equal, host_classes=found)


def test_classes_of_samples_become_waves_at_the_rate_of_the_stream() -> None:
    window = result(WAVES, 1000, 1500, [0] * 20 + [1] * 10 + [2] * 10 + [0] * 20 + [3] * 40)
    marks = board_marks([window], [], (WAVES,), None, RATE_HZ)
    assert list(marks.waves.spans) == [Span(1100, 1150, "P"), Span(1150, 1200, "QRS"), Span(1300, 1500, "T")]
    assert list(marks.compared.spans) == [Span(1000, 1500, "")]


def test_the_later_of_two_windows_holds_and_a_wave_across_them_is_one() -> None:
    windows = [result(WAVES, 0, 500, [2] * 100), result(WAVES, 400, 900, [0] * 40 + [3] * 60)]
    marks = board_marks(windows, [], (WAVES,), None, RATE_HZ)
    assert list(marks.waves.spans) == [Span(0, 400, "QRS"), Span(600, 900, "T")]
    assert list(marks.compared.spans) == [Span(0, 900, "")]


def test_rhythm_and_beats_of_whole_windows() -> None:
    windows = [
        result(RHYTHM, 0, 5000, [0]),
        result(RHYTHM, 2500, 7500, [0]),
        result(RHYTHM, 5000, 10000, [1]),
        result(BEAT, 900, 1100, [0]),
        result(BEAT, 1900, 2100, [2]),
    ]
    marks = board_marks(windows, [], (RHYTHM, BEAT), None, RATE_HZ)
    assert list(marks.rhythm.spans) == [Span(0, 5000, "N"), Span(5000, 10000, "AFIB")]
    assert marks.beats.symbol == ("N", "V")
    assert marks.beats.sample.tolist() == [1000, 2000]


def test_other_classes_and_other_bytes_are_both_differences() -> None:
    told = [Disagreement(100, 150, 0, 1, 2)]
    same_classes = result(WAVES, 1000, 1500, [0] * 100, equal=False)
    marks = board_marks([same_classes], told, (WAVES,), None, RATE_HZ)
    assert [span.label for span in marks.differs.spans] == ["class", "bytes"]
    assert not len(marks.compared)


def test_other_waves_of_the_hosts_own_analysis_are_doubts(
    make_record: Callable[..., ArrayRecord], make_analysis: Callable[..., Analysis]
) -> None:
    record = make_record(seconds=20.0)
    analysis = make_analysis(record, [1000, 2000])
    qrs = [0] * 500
    for at in (1000, 2000):  # as the host sees them: P, QRS, T
        for code, a, b in ((1, -0.2, -0.12), (2, -0.05, 0.05), (3, 0.16, 0.34)):
            for k in range(round((at + a * RATE_HZ) / 5), round((at + b * RATE_HZ) / 5)):
                qrs[k] = code
    agreed = board_marks([result(WAVES, 0, 2500, qrs)], [], (WAVES,), analysis, RATE_HZ)
    assert not len(agreed.doubted)
    without = [0 if code == 3 else code for code in qrs]
    doubted = board_marks([result(WAVES, 0, 2500, without)], [], (WAVES,), analysis, RATE_HZ).doubted.spans
    assert [(s.start, s.stop) for s in doubted] == [(1080, 1171), (2080, 2171)]


def test_models_that_nobody_knows_are_left_out() -> None:
    marks = board_marks([result(WAVES, 0, 500, [1] * 100)], [], (), None, RATE_HZ)
    assert not len(marks.waves)
