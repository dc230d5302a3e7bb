"""GUI tests run without a screen; records made here are small and exact."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.analysis.types import ABSENT, Analysis, BeatIntervals, Beats, Fiducials, Span
from engine.records.annotations import AAMI_OF_SYMBOL
from engine.records.record import ArrayRecord, Lead, RecordInfo

MakeRecord = Callable[..., ArrayRecord]
MakeAnalysis = Callable[..., Analysis]


def pytest_configure(config: pytest.Config) -> None:
    # Qt's offscreen platform says so whenever a window with size limits is shown; any other warning is a failure.
    config.addinivalue_line("qt_log_ignore", "This plugin does not support propagateSizeHints")


@pytest.fixture
def make_record() -> MakeRecord:
    """A record in memory: `values` [leads, n] in mV, or silence of `seconds`; `valid` marks missing samples."""

    def make(
        names: tuple[str, ...] = ("II",),
        fs: float = 500.0,
        seconds: float = 10.0,
        values: NDArray[np.float32] | None = None,
        valid: NDArray[np.bool_] | None = None,
        units: tuple[str, ...] | None = None,
        **facts: object,
    ) -> ArrayRecord:
        if values is None:
            values = np.zeros((len(names), round(seconds * fs)), np.float32)
        units = units or ("mV",) * len(names)
        leads = tuple(Lead(name, unit) for name, unit in zip(names, units, strict=True))
        info = RecordInfo("made", Path("made"), "array", fs, values.shape[1], leads, **facts)  # type: ignore[arg-type]
        return ArrayRecord(info, values.astype(np.float32), valid)

    return make


@pytest.fixture
def make_analysis() -> MakeAnalysis:
    """Findings for a record: beats at `samples` with WFDB `symbols`, P, QRS and T around each."""

    def make(
        record: ArrayRecord,
        samples: list[int],
        symbols: str | None = None,
        lead: int = 0,
        confidence: list[float] | None = None,
        rhythm: tuple[Span, ...] | None = None,
        quality: tuple[Span, ...] = (),
    ) -> Analysis:
        at = np.array(samples, np.int64)
        kinds = tuple(symbols or "N" * len(at))
        offsets_s = np.array([-0.20, -0.16, -0.12, -0.05, 0.0, 0.05, 0.16, 0.26, 0.34])
        table = at[:, None] + np.round(offsets_s * record.fs).astype(np.int64)[None, :]
        table[(table < 0) | (table >= record.n_samples)] = ABSENT
        rr = np.full(len(at), np.nan, np.float32)
        rr[1:] = np.diff(at) / record.fs * 1000
        full = [np.full(len(at), value, np.float32) for value in (160, 100, 390, 420, 410, 408, 415)]
        return Analysis(
            record=record.name,
            fs=record.fs,
            n_samples=record.n_samples,
            lead=record.leads[lead].name,
            beats=Beats(
                at,
                kinds,
                tuple(AAMI_OF_SYMBOL[k] for k in kinds),
                np.array(confidence if confidence is not None else [0.98] * len(at), np.float32),
            ),
            fiducials=Fiducials.from_table(table),
            beat_intervals=BeatIntervals(rr, *full, np.full(len(at), np.nan, np.float32)),
            rhythm=(Span(0, record.n_samples, "N"),) if rhythm is None else rhythm,
            quality=quality,
        )

    return make
