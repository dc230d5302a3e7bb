"""Results of a board's models, as they are kept."""

from __future__ import annotations

from engine.devices.board_results import BoardResults
from engine.devices.protocol import DeviceInfo, Result, Results, encode_class_runs

INFO = DeviceInfo("f", "b", (1, 1), ("I",), (250,), 2.5)


def take(results: BoardResults, index: int) -> None:
    runs = encode_class_runs([0, 1, 1, 2])
    message = Result(
        index=index, window=250, model=0, encoding=Results.CLASS_RUNS, latency_us=5, total=len(runs), data=runs
    )
    assert results.take(message, INFO, lambda position: position, 1.0) is not None


def test_results_are_forgotten_with_their_samples_but_stay_counted():
    results = BoardResults()
    for index in range(0, 2500, 250):
        take(results, index)
    results.forget_before(1000)
    assert [result.start for result in results.between(0, 2500)] == [1000, 1250, 1500, 1750, 2000, 2250]
    assert results.totals == (10, 0, 0)
    assert results.figures()[0].windows == 10
    results.forget_before(5000)
    assert results.between(0, 5000) == ()
    assert results.figures()[0].last_us == 0
