from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.devices.live_types import BoardResult
from engine.devices.protocol import ModelInfo
from engine.records.record import ArrayRecord, Lead, RecordInfo
from heartkit_gui.live.board_trace import board_trace, denoises

RATE_HZ = 250.0
DENOISES = ModelInfo(0, "den", 100.0, (100, 1), (100, 1), 0.1, 0, 0.02, 5, 80, "denoise")
WINDOW = 250  # samples of the stream that a window of the model stands for


def record(hole: slice = slice(0)) -> ArrayRecord:
    """Ten seconds of a sine of 1 mV around 0.5 mV, and a lead that no model sees."""
    n = round(10 * RATE_HZ)
    sine = 0.5 + np.sin(np.arange(n) / 7.0)
    valid = np.ones((2, n), bool)
    valid[:, hole] = False
    info = RecordInfo("r", Path("r"), "array", RATE_HZ, n, (Lead("II"), Lead("V1")))
    return ArrayRecord(info, np.stack([sine, np.full(n, 9.0)]).astype(np.float32), valid)


def result(of: ArrayRecord, start: int) -> BoardResult:
    """What a model gives that changes nothing: the window at its rate, less its mean, in units of its spread."""
    window = of.read(start, start + WINDOW).values[0].astype(np.float64)
    thin = np.interp(np.arange(100) * 2.5, np.arange(WINDOW), window)
    steps = np.rint((thin - window.mean()) / window.std() / DENOISES.output_scale) + DENOISES.output_zero
    return BoardResult(start, start + WINDOW, 0, "den", 0, 0, 0, 0, output=steps.astype(np.int8))


def test_a_model_that_changes_nothing_gives_the_signal_back_in_millivolts() -> None:
    whole = record()
    trace = board_trace([result(whole, 200), result(whole, 400)], (DENOISES,), whole)
    assert trace is not None
    assert (np.diff(trace.position) > 0).all()
    known = np.isfinite(trace.mv)
    assert (trace.position[known].min(), trace.position[known].max()) == (200.0, 647.5)
    expected = np.interp(trace.position[known], np.arange(whole.n_samples), whole.read().values[0])
    np.testing.assert_allclose(trace.mv[known], expected, atol=0.02)
    assert trace.level_mv == round(trace.level_mv, 1)


def test_between_windows_that_do_not_meet_and_over_missing_samples_there_is_no_line() -> None:
    holed = record(hole=slice(1000, 1010))
    windows = [result(holed, start) for start in (0, 500, 750, 900, 1150)]
    trace = board_trace(windows, (DENOISES,), holed)
    assert trace is not None
    ends = trace.position[np.isnan(trace.mv)]
    assert ends.tolist() == [250.0, 900.0, 1400.0]
    known = trace.position[np.isfinite(trace.mv)]
    assert not ((known >= 900) & (known < 1150)).any()


def test_without_a_denoising_model_or_its_whole_outputs_there_is_none() -> None:
    whole = record()
    silent = BoardResult(0, WINDOW, 0, "den", 0, 0, 0, 0)
    other = ModelInfo(0, "seg", 100.0, (100, 1), (100, 4), 0.1, 0, 0.1, 0, 80, "segmentation")
    assert board_trace([silent], (DENOISES,), whole) is None
    assert board_trace([result(whole, 0)], (other,), whole) is None
    assert denoises((other, DENOISES)) and not denoises((other,))
