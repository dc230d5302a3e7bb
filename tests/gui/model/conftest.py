from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from engine.analysis.types import Analysis, BeatIntervals, Beats, Fiducials, Measure, Span


@pytest.fixture
def make_analysis() -> Callable[..., Analysis]:
    """An analysis at 100 Hz from R samples and AAMI letters."""

    def make(
        samples: list[int],
        aami: str,
        *,
        rhythm: tuple[Span, ...] = (),
        quality: tuple[Span, ...] = (),
        intervals: dict[str, Measure] | None = None,
        n_samples: int = 10_000,
    ) -> Analysis:
        n = len(samples)
        where = np.array(samples, dtype=np.int64)
        nothing = np.full(n, np.nan, dtype=np.float32)
        rr = np.full(n, np.nan, dtype=np.float32)
        rr[1:] = np.diff(where) * 10.0
        return Analysis(
            record="made",
            fs=100.0,
            n_samples=n_samples,
            lead="II",
            beats=Beats(where, tuple(aami), tuple(aami), np.ones(n, dtype=np.float32)),
            fiducials=Fiducials.from_table(np.full((n, 9), -1, dtype=np.int64)),
            beat_intervals=BeatIntervals(rr, *(nothing.copy() for _ in range(8))),
            rhythm=rhythm,
            quality=quality,
            intervals=intervals or {},
        )

    return make
