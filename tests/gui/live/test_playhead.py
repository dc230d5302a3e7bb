from __future__ import annotations

import numpy as np

from heartkit_gui.live.playhead import LONGEST_LAG_S, Playhead


def follow(bursts: int, rate: float = 250.0, seconds: float = 6.0, frame_s: float = 1 / 60) -> np.ndarray:
    """Positions of a playhead in a stream that arrives `bursts` samples at a time, and the heads, [frames, 2]."""
    head, rows = Playhead(rate), []
    for k in range(round(seconds / frame_s)):
        now = k * frame_s
        arrived = int(now * rate) // bursts * bursts
        rows.append((head.advance(100 + now, arrived), arrived))
    return np.array(rows)


def test_it_moves_evenly_where_samples_come_in_bursts() -> None:
    rows = follow(bursts=20)
    steps = np.diff(rows[120:, 0])
    assert steps.min() > 0
    assert steps.max() < 3 * steps.mean()
    assert abs(steps.mean() - 250 / 60) < 0.1


def test_it_is_never_ahead_of_the_newest_sample_and_close_behind_it() -> None:
    rows = follow(bursts=20)
    behind = rows[120:, 1] - rows[120:, 0]
    assert behind.min() >= 0
    assert behind.max() <= 30


def test_it_waits_at_the_end_of_a_stream_that_stops() -> None:
    head = Playhead(250.0)
    head.advance(0.0, 1000)
    for k in range(1, 60):
        at = head.advance(k / 60, 1010)
    assert at == 1010


def test_it_jumps_when_far_behind() -> None:
    head = Playhead(250.0)
    head.advance(0.0, 0)
    late = round(250 * LONGEST_LAG_S) + 100
    assert head.advance(1 / 60, late) == late
