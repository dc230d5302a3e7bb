"""What the delineator must find, must not find, and may depend on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.analysis import delineation
from engine.analysis.delineation import delineate
from engine.analysis.qrs import detect_qrs
from engine.analysis.types import ABSENT, FIDUCIAL_NAMES, Fiducials
from engine.evaluation import ludb

# (centre s, SD s, height mV) of each wave of a made-up beat, relative to R
P = (-0.16, 0.020, 0.12)
QRS = ((-0.022, 0.008, -0.10), (0.0, 0.010, 1.0), (0.026, 0.009, -0.20))
T = (0.28, 0.045, 0.30)


def made_up(
    fs_hz: float,
    *,
    beats: int = 12,
    rr_s: float = 0.85,
    p: tuple[float, float, float] | None = P,
    t: tuple[float, float, float] | None = T,
    noise_mv: float = 0.005,
    fibrillation_mv: float = 0.0,
    rr_jitter_s: float = 0.0,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Signal and R samples; Gaussians for waves, a slow drift, white noise."""
    random = np.random.default_rng(7)
    at_s = 0.6 + np.cumsum(rr_s + rr_jitter_s * random.uniform(-1, 1, beats)) - rr_s
    r = np.rint(at_s * fs_hz).astype(np.int64)
    time = np.arange(int((at_s[-1] + 1.0) * fs_hz)) / fs_hz
    x = 0.1 * np.sin(2 * np.pi * 0.2 * time) + noise_mv * random.standard_normal(len(time))
    phase = 2 * np.pi * np.cumsum(6.0 + 0.8 * np.sin(2 * np.pi * 0.31 * time)) / fs_hz
    x += fibrillation_mv * np.sin(phase)
    for beat in r / fs_hz:
        for centre, sd, height in (*QRS, *(w for w in (p, t) if w)):
            x += height * np.exp(-0.5 * ((time - beat - centre) / sd) ** 2)
    return x.astype(np.float32), r


def found(samples: NDArray[np.int64]) -> NDArray[np.int64]:
    return samples[samples != ABSENT]


@pytest.mark.parametrize("fs_hz", [100.0, 128.0, 250.0, 360.0, 500.0, 1000.0, 2000.0])
def test_waves_lie_where_they_were_put_at_any_rate(fs_hz: float) -> None:
    x, r = made_up(fs_hz)
    waves = delineate(x, 0, r, fs_hz)
    inner = slice(1, -1)
    expected_s = {
        "p_on": P[0] - 2.3 * P[1],
        "p": P[0],
        "p_off": P[0] + 2.3 * P[1],
        "qrs_on": -0.040,
        "r": 0.0,
        "qrs_off": 0.046,
        "t_on": T[0] - 2.3 * T[1],
        "t": T[0],
        "t_off": T[0] + 2.3 * T[1],
    }
    for name, seconds in expected_s.items():
        tolerance = 0.006 + 1 / fs_hz if name in ("p", "t", "r") else 0.025
        error_s = (getattr(waves, name) - r)[inner] / fs_hz - seconds
        assert np.all(getattr(waves, name)[inner] != ABSENT), name
        assert np.abs(error_s).max() < tolerance, name


def test_an_inverted_t_wave_is_found_like_an_upright_one() -> None:
    x, r = made_up(500.0, t=(T[0], T[1], -T[2]))
    waves = delineate(x, 0, r, 500.0)
    assert np.abs((waves.t - r)[1:-1] / 500.0 - T[0]).max() < 0.008


def test_an_inverted_p_wave_is_found_like_an_upright_one() -> None:
    x, r = made_up(500.0, p=(P[0], P[1], -P[2]))
    waves = delineate(x, 0, r, 500.0)
    assert np.abs((waves.p - r)[1:-1] / 500.0 - P[0]).max() < 0.008


def test_no_p_wave_where_there_is_none() -> None:
    x, r = made_up(500.0, p=None)
    assert len(found(delineate(x, 0, r, 500.0).p)) == 0


def test_fibrillation_waves_are_no_p_waves() -> None:
    x, r = made_up(500.0, p=None, fibrillation_mv=0.06, rr_jitter_s=0.2, beats=40, rr_s=0.7)
    assert len(found(delineate(x, 0, r, 500.0).p_on)) <= 2


def test_p_waves_survive_an_irregular_sinus_rhythm() -> None:
    x, r = made_up(500.0, rr_jitter_s=0.1, beats=30)
    assert len(found(delineate(x, 0, r, 500.0).p_on)) >= 28


def test_a_fast_rhythm_keeps_waves_apart_and_in_order() -> None:
    x, r = made_up(500.0, rr_s=0.36, t=(0.17, 0.03, 0.25), p=(-0.11, 0.015, 0.12), beats=30)
    table = delineate(x, 0, r, 500.0).table()
    assert_ordered(table)
    seen = table[:-1, 8] != ABSENT
    assert np.all(table[:-1, 8][seen] < r[1:][seen])


def assert_ordered(table: NDArray[np.int64]) -> None:
    for row in table:
        present = row[row != ABSENT]
        assert np.all(np.diff(present) >= 0), dict(zip(FIDUCIAL_NAMES, row, strict=True))


def test_a_flat_signal_has_beats_but_no_waves() -> None:
    r = np.arange(300, 4000, 400)
    table = delineate(np.full(4500, 0.4, np.float32), 0, r, 500.0).table()
    assert np.all(np.delete(table, 4, axis=1) == ABSENT)
    assert np.array_equal(table[:, 4], r)


def test_nothing_is_found_on_missing_samples() -> None:
    x, r = made_up(500.0)
    valid = np.ones(len(x), np.bool_)
    gaps = [(r[4] + 80, r[4] + 200), (r[7] - 20, r[7] + 20), (r[9] - 140, r[9] - 60)]
    for start, stop in gaps:
        valid[start:stop] = False
        x[start:stop] = 0
    waves = delineate(x, 0, r, 500.0, valid=valid)
    assert waves.t[4] == ABSENT and waves.qrs_on[4] != ABSENT
    assert [waves.qrs_on[7], waves.t[7], waves.p[7]] == [ABSENT] * 3
    assert waves.p[9] == ABSENT and waves.t[9] != ABSENT
    everything = np.delete(waves.table(), 4, axis=1)
    assert valid[everything[everything != ABSENT]].all()


def test_nan_counts_as_missing() -> None:
    x, r = made_up(500.0)
    x[r[5] - 30 : r[5] + 30] = np.nan
    waves = delineate(x, 0, r, 500.0)
    assert waves.qrs_on[5] == ABSENT
    assert waves.qrs_on[3] != ABSENT


def test_beats_at_the_very_ends_of_the_signal() -> None:
    x, r = made_up(500.0)
    whole = delineate(x, 0, r, 500.0)
    cut = x[r[0] - 10 : r[-1] + 10]
    waves = delineate(cut, int(r[0]) - 10, r, 500.0)
    assert waves.p[0] == ABSENT and waves.t[-1] == ABSENT
    assert np.array_equal(waves.t[2:-2], whole.t[2:-2])


def test_few_beats_or_none() -> None:
    x, r = made_up(250.0)
    assert len(delineate(x, 0, r[:0], 250.0)) == 0
    alone = delineate(x, 0, r[5:6], 250.0)
    assert alone.qrs_on[0] != ABSENT and alone.t[0] != ABSENT


@pytest.mark.parametrize("fs_hz", [99.0, 2001.0, 0.0, float("nan")])
def test_a_rate_outside_the_range_is_refused(fs_hz: float) -> None:
    with pytest.raises(ValueError, match="100 to 2000 Hz"):
        delineate(np.zeros(10, np.float32), 0, np.zeros(0, np.int64), fs_hz)


def in_batches(x: NDArray[np.float32], r: NDArray[np.int64], fs_hz: float, size: int, extra_s: float) -> Fiducials:
    """Batches of `size` beats, each given only the declared context, and extra_s more signal."""
    before = round((delineation.CONTEXT_BEFORE_S + extra_s) * fs_hz)
    after = round((delineation.CONTEXT_AFTER_S + extra_s) * fs_hz)
    parts = []
    for first in range(0, len(r), size):
        last = min(first + size, len(r))
        low, high = max(0, int(r[first]) - before), min(len(x), int(r[last - 1]) + after + 1)
        from_beat = max(0, first - delineation.CONTEXT_BEATS_BEFORE)
        to_beat = min(len(r), last + delineation.CONTEXT_BEATS_AFTER)
        near = r[from_beat:to_beat]
        part = delineate(x[low:high], low, near, fs_hz, first=first - from_beat, last=last - from_beat)
        parts.append(part.table())
    return Fiducials.from_table(np.concatenate(parts))


@pytest.mark.parametrize("size", [1, 2, 7, 100])
@pytest.mark.parametrize("rr_s", [0.4, 0.9, 2.2])
def test_the_result_does_not_depend_on_batches(size: int, rr_s: float) -> None:
    x, r = made_up(360.0, beats=40, rr_s=rr_s, rr_jitter_s=0.15 * rr_s, noise_mv=0.03)
    whole = delineate(x, 0, r, 360.0).table()
    assert np.array_equal(in_batches(x, r, 360.0, size, 0.37).table(), whole)


def test_the_result_depends_on_nothing_outside_the_context() -> None:
    x, r = made_up(360.0, beats=40, noise_mv=0.02)
    beat = 20
    low = int(r[beat] - delineation.CONTEXT_BEFORE_S * 360)
    high = int(r[beat] + delineation.CONTEXT_AFTER_S * 360) + 1
    other = np.random.default_rng(1).standard_normal(len(x)).astype(np.float32)
    other[low:high] = x[low:high]
    expected = delineate(x, 0, r, 360.0, first=beat, last=beat + 1).table()
    assert np.array_equal(delineate(other, 0, r, 360.0, first=beat, last=beat + 1).table(), expected)


@pytest.mark.parametrize("record", ["100", "208"])
def test_real_records_give_the_same_bits_in_any_batches(dataset: Callable[[str], Path], record: str) -> None:
    import wfdb

    path = str(dataset("mitdb") / record)
    x = np.ascontiguousarray(wfdb.rdrecord(path, channels=[0], sampto=360 * 600).p_signal[:, 0], np.float32)
    r = detect_qrs(x, 360.0).sample
    whole = delineate(x, 0, r, 360.0)
    assert_ordered(whole.table())
    for size, extra_s in ((1, 0.0), (13, 2.0), (300, 60.0)):
        assert np.array_equal(in_batches(x, r, 360.0, size, extra_s).table(), whole.table())


def test_records_in_fibrillation_hold_next_to_no_p_waves(dataset: Callable[[str], Path]) -> None:
    folder = dataset("ludb")
    records = ludb.without_p_waves(ludb.rhythms(folder))
    count = 0
    for record in records:
        x = ludb.signal(folder, record, "ii")
        count += len(found(delineate(x, 0, detect_qrs(x, ludb.FS_HZ).sample, ludb.FS_HZ).p_on))
    assert len(records) == 18
    assert count <= 72
