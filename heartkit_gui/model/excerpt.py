"""A stretch of an analysis as an analysis of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace

import numpy as np

from engine.analysis.types import ABSENT, Analysis, BeatIntervals, Beats, Fiducials
from engine.signals.span import Span


def excerpt(analysis: Analysis, start: int, stop: int, origin: int = 0) -> Analysis:
    """What an analysis found in samples [start, stop), with sample `origin` as sample 0.

    Rates, variability and the summary stay those of the whole: they are not worked out anew.
    """
    beats = analysis.beats
    first, last = (int(i) for i in np.searchsorted(beats.sample, [start, stop]))
    cut = slice(first, last)
    table = analysis.fiducials.table()[cut] if len(analysis.fiducials) else np.zeros((0, 9), np.int64)
    intervals = [getattr(analysis.beat_intervals, f.name)[cut] for f in fields(BeatIntervals)]
    return replace(
        analysis,
        n_samples=max(0, min(stop, analysis.n_samples) - origin),
        beats=Beats(
            beats.sample[cut] - origin, beats.symbol[cut], beats.aami[cut], np.asarray(beats.confidence)[cut]
        ),
        fiducials=Fiducials.from_table(np.where(table == ABSENT, ABSENT, table - origin)),
        beat_intervals=BeatIntervals(*intervals),
        rhythm=shifted(analysis.rhythm, start, stop, origin),
        quality=shifted(analysis.quality, start, stop, origin),
    )


def shifted(spans: Iterable[Span], start: int, stop: int, origin: int = 0) -> tuple[Span, ...]:
    """Spans as far as they lie in [start, stop), with sample `origin` as sample 0."""
    return tuple(
        replace(s, start=max(s.start, start) - origin, stop=min(s.stop, stop) - origin)
        for s in spans
        if s.start < stop and s.stop > start
    )
