from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.analysis.types import QUALITY_LABELS, Span
from engine.signals.quality import QualityMeter

FS = 250.0


def ecg(seconds: float, fs_hz: float = FS, amplitude_mv: float = 1.0, noise_mv: float = 0.008) -> np.ndarray:
    n = round(seconds * fs_hz)
    t = np.arange(n) / fs_hz
    phase = (t * 1.2) % 1.0 / 1.2
    beats = np.exp(-0.5 * ((phase - 0.3) / 0.012) ** 2) + 0.2 * np.exp(-0.5 * ((phase - 0.55) / 0.05) ** 2)
    noise = np.random.default_rng(1).normal(0, noise_mv, n)
    return (amplitude_mv * beats + noise).astype(np.float32)


def spans_of(x: np.ndarray, valid: np.ndarray | None = None, fs_hz: float = FS) -> list[Span]:
    meter = QualityMeter(fs_hz)
    return [*meter.push(x.astype(np.float32), valid), *meter.flush()]


def labelled(spans: list[Span], label: str, n: int) -> np.ndarray:
    mask = np.zeros(n, bool)
    for span in spans:
        mask[span.start : span.stop] |= span.label == label
    return mask


class TestVerdicts:
    @pytest.mark.parametrize("fs_hz", [100.0, 128.0, 250.0, 257.3, 360.0, 1000.0])
    @pytest.mark.parametrize("amplitude_mv", [0.3, 1.0, 3.0])
    def test_good_signal_has_nothing_wrong(self, fs_hz: float, amplitude_mv: float) -> None:
        assert spans_of(ecg(30, fs_hz, amplitude_mv), fs_hz=fs_hz) == []

    @pytest.mark.parametrize("level_mv", [0.0, -0.3])
    def test_flat(self, level_mv: float) -> None:
        x = ecg(40)
        x[2500:5000] = level_mv
        (span,) = spans_of(x)
        assert (span.label, span.start, span.stop) == ("flat", 2500, 5000)

    def test_stuck_far_away_is_lead_off(self) -> None:
        x = ecg(40)
        x[2500:5000] = 5.11
        spans = spans_of(x)
        assert labelled(spans, "lead_off", x.size)[2600:4900].all()
        assert spans[0].detail == "stuck at +5.1 mV"

    def test_a_second_that_is_flat_alone_is_not_reported(self) -> None:
        x = ecg(20)
        x[2500:2750] = 0.0
        assert not labelled(spans_of(x), "flat", x.size).any()

    @pytest.mark.parametrize("amplitude_mv", [0.03, 0.06])
    def test_asystole_is_neither_flat_nor_lead_off_nor_noisy(self, amplitude_mv: float) -> None:
        t = np.arange(round(60 * FS)) / FS
        x = ecg(60)
        quiet = 0.003 * np.random.default_rng(0).normal(size=t.size) + amplitude_mv * np.sin(2 * np.pi * 0.3 * t)
        x[5000:10_000] = quiet[5000:10_000]
        assert spans_of(x) == []

    @pytest.mark.parametrize("sign", [1, -1])
    def test_clipping_names_the_level(self, sign: int) -> None:
        x = sign * np.minimum(2.5 * ecg(20, noise_mv=0.002), 1.2).astype(np.float32)
        spans = spans_of(x)
        assert labelled(spans, "saturated", x.size).mean() > 0.8
        assert spans[0].detail == f"clipped at {sign * 1.2:+.1f} mV"

    @pytest.mark.parametrize(("mains_hz", "fs_hz"), [(50, 250.0), (60, 360.0), (50, 500.0)])
    def test_mains(self, mains_hz: int, fs_hz: float) -> None:
        x = ecg(60, fs_hz)
        hum = 0.4 * np.sin(2 * np.pi * mains_hz * np.arange(x.size) / fs_hz)
        third = x.size // 3
        x[third : 2 * third] += hum[third : 2 * third].astype(np.float32)
        (span,) = spans_of(x, fs_hz=fs_hz)
        assert (span.label, span.detail) == ("noisy", f"mains {mains_hz} Hz")
        assert abs(span.start - third) < 4 * fs_hz
        assert abs(span.stop - 2 * third) < 4 * fs_hz

    def test_muscle_noise(self) -> None:
        x = ecg(60)
        x[5000:10_000] += np.random.default_rng(2).normal(0, 0.3, 5000).astype(np.float32)
        (span,) = spans_of(x)
        assert (span.label, span.detail) == ("noisy", "muscle")
        assert 0.5 < span.confidence <= 1

    def test_extreme_baseline_wander(self) -> None:
        x = ecg(40) + 4 * np.sin(2 * np.pi * 0.25 * np.arange(10_000) / FS)
        spans = spans_of(x)
        assert {(span.label, span.detail) for span in spans} == {("noisy", "baseline wander")}

    def test_ordinary_baseline_wander_is_accepted(self) -> None:
        x = ecg(40) + 0.7 * np.sin(2 * np.pi * 0.25 * np.arange(10_000) / FS)
        assert spans_of(x) == []

    def test_gaps_are_exact(self) -> None:
        x = ecg(30)
        valid = np.ones(x.size, bool)
        valid[1003:1007] = False
        valid[3000:5555] = False
        x[~valid] = 0
        gaps = [span for span in spans_of(x, valid) if span.label == "gap"]
        assert [(span.start, span.stop) for span in gaps] == [(1003, 1007), (3000, 5555)]

    @pytest.mark.parametrize("n", [0, 1, 124, 125, 300, 1249])
    def test_short_signals(self, n: int) -> None:
        assert spans_of(ecg(10)[:n]) == []
        missing = spans_of(np.zeros(n), np.zeros(n, bool))
        assert [(span.start, span.stop, span.label) for span in missing] == ([(0, n, "gap")] if n else [])

    def test_low_rates_are_not_judged_for_noise(self) -> None:
        x = np.random.default_rng(0).normal(0, 1, 600)
        assert spans_of(x, fs_hz=25.0) == []


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 12_000), max_size=15), seed=st.integers(0, 20))
def test_same_spans_however_cut(cuts: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = ecg(48)
    valid = np.ones(x.size, bool)
    for _ in range(6):
        start, length = int(rng.integers(0, x.size)), int(rng.integers(1, 2500))
        part = slice(start, start + length)
        kind = rng.integers(0, 5)
        if kind == 0:
            valid[part] = False
        elif kind == 1:
            x[part] = 0.1
        elif kind == 2:
            x[part] = np.minimum(x[part] * 3, 1.0)
        else:
            x[part] += rng.normal(0, 0.3, x[part].size).astype(np.float32)
    x[~valid] = 0
    whole = spans_of(x, valid)
    meter = QualityMeter(FS)
    pieces: list[Span] = []
    edges = [0, *sorted(cuts), x.size]
    for a, b in pairwise(edges):
        pieces += meter.push(x[a:b], valid[a:b])
    pieces += meter.flush()
    assert pieces == whole
    assert all(before.stop <= after.start for before, after in pairwise(whole))
    assert all(span.label in QUALITY_LABELS and span.start < span.stop for span in whole)


class TestOnRecordings:
    def read(self, folder: Path, name: str, seconds: int) -> tuple[np.ndarray, float]:
        import wfdb

        record = wfdb.rdrecord(str(folder / name), channels=[0])
        return record.p_signal[: round(seconds * record.fs), 0].astype(np.float32), float(record.fs)

    @pytest.mark.parametrize("name", ["100", "119", "123", "220", "231"])
    def test_clean_records_are_hardly_flagged(self, dataset: Callable[[str], Path], name: str) -> None:
        x, fs_hz = self.read(dataset("mitdb"), name, 600)
        assert sum(span.stop - span.start for span in spans_of(x, fs_hz=fs_hz)) < 0.01 * x.size

    @pytest.mark.parametrize("kind", ["em", "ma"])
    @pytest.mark.parametrize(("gain", "least", "most"), [(4.0, 0.9, 1.0), (0.1, 0.0, 0.05)])
    def test_stress_noise(
        self, dataset: Callable[[str], Path], kind: str, gain: float, least: float, most: float
    ) -> None:
        x, fs_hz = self.read(dataset("mitdb"), "100", 300)
        noise, _ = self.read(dataset("nstdb"), kind, 300)
        mask = labelled(spans_of(x + gain * noise, fs_hz=fs_hz), "noisy", x.size)
        assert least <= mask.mean() <= most
