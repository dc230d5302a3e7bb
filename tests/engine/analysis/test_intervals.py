from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.analysis.intervals import beat_intervals, frontal_axis, st_levels, summarise
from engine.analysis.types import ABSENT, Analysis, Beats, Fiducials, Span
from engine.records.record import ArrayRecord, Lead, RecordInfo

FS = 500.0


def waves_at(r: np.ndarray, fs_hz: float = FS) -> Fiducials:
    """P onset 160 ms before R, QRS from 40 ms before to 50 ms after, T end 340 ms after."""

    def at(ms: float) -> np.ndarray:
        return r + round(ms * fs_hz / 1000)

    return Fiducials(at(-160), at(-120), at(-80), at(-40), r, at(50), at(200), at(280), at(340))


def beats_at(r: np.ndarray, symbol: str = "") -> Beats:
    symbols = tuple(symbol or "N" * len(r))
    return Beats(r, symbols, symbols, np.ones(len(r), np.float32))


def test_corrections_follow_their_formulas() -> None:
    r = np.array([1000, 1400])  # RR 0.8 s, QT 380 ms
    got = beat_intervals(r, waves_at(r), FS)
    assert np.isnan(got.rr_ms[0])
    assert got.rr_ms[1] == 800
    assert (got.pr_ms[1], got.qrs_ms[1], got.qt_ms[1]) == (120, 90, 380)
    assert got.qtc_bazett_ms[1] == pytest.approx(380 / math.sqrt(0.8), rel=1e-6)
    assert got.qtc_fridericia_ms[1] == pytest.approx(380 / 0.8 ** (1 / 3), rel=1e-6)
    assert got.qtc_framingham_ms[1] == pytest.approx(380 + 154 * 0.2, rel=1e-6)
    assert got.qtc_hodges_ms[1] == pytest.approx(380 + 1.75 * 15, rel=1e-6)
    assert np.isnan(got.qtc_bazett_ms[0])
    assert got.qt_ms[0] == 380


def test_at_60_per_minute_all_corrections_agree() -> None:
    r = np.arange(1, 5) * 500
    got = beat_intervals(r, waves_at(r), FS)
    for name in ("bazett", "fridericia", "framingham", "hodges"):
        np.testing.assert_allclose(getattr(got, f"qtc_{name}_ms")[1:], got.qt_ms[1:])


def test_across_missing_data_there_is_no_rr_and_nothing_corrected_by_it() -> None:
    r = np.array([1000, 1400, 3000, 3400])
    gap, blink = Span(1600, 2400, "gap"), Span(3200, 3220, "gap")  # a beat may hide in the one, not in the other
    got = beat_intervals(r, waves_at(r), FS, quality=(gap, blink, Span(1000, 1400, "noisy")))
    assert np.isnan(got.rr_ms).tolist() == [True, False, True, False]
    assert np.isnan(got.qtc_bazett_ms[2])
    assert got.qt_ms[2] == 380


def test_absent_boundaries_give_nan() -> None:
    r = np.array([1000, 1500, 2000])
    table = waves_at(r).table()
    table[1, 0] = ABSENT  # p_on
    table[2, 8] = ABSENT  # t_off
    got = beat_intervals(r, Fiducials.from_table(table), FS)
    assert np.isnan(got.pr_ms).tolist() == [False, True, False]
    assert np.isnan(got.qtc_bazett_ms).tolist() == [True, False, True]
    assert len(beat_intervals(r[:0], Fiducials.from_table(table[:0]), FS).rr_ms) == 0


class TestSt:
    def signal(self, r: np.ndarray, shift_mv: float) -> np.ndarray:
        x = np.full(int(r[-1]) + 500, 0.3, np.float32)  # an offset that must not matter
        for sample in r:
            x[sample - 20 : sample + 25] += 1.0
            x[sample + 25 : sample + 100] += shift_mv
        return x

    def test_level_is_measured_against_the_line_before_the_qrs(self) -> None:
        r = np.array([400, 900, 1400])
        got = st_levels(self.signal(r, -0.2), 0, waves_at(r), FS)
        assert got.dtype == np.float32
        np.testing.assert_allclose(got, -0.2, atol=1e-6)

    def test_bit_identical_in_any_batch(self) -> None:
        rng = np.random.default_rng(0)
        r = np.cumsum(rng.integers(300, 600, 60))
        x = rng.normal(size=int(r[-1]) + 500).astype(np.float32)
        waves = waves_at(r)
        whole = st_levels(x, 0, waves, FS)
        for first, last in ((0, 7), (7, 8), (8, 60)):
            offset = int(r[first]) - 200
            got = st_levels(x[offset:], offset, waves, FS, first, last)
            np.testing.assert_array_equal(got, whole[first:last])

    def test_outside_the_samples_is_nan(self) -> None:
        r = np.array([400, 900])
        x = self.signal(r, 0.1)
        assert np.isnan(st_levels(x[:930], 0, waves_at(r), FS)).tolist() == [False, True]
        table = waves_at(r).table()
        table[0, 5] = ABSENT
        assert np.isnan(st_levels(x, 0, Fiducials.from_table(table), FS)).tolist() == [True, False]


class TestSummary:
    def test_medians_of_normal_beats(self) -> None:
        r = np.arange(1, 21) * 400
        table = waves_at(r).table()
        table[10, 5] += 40  # one wide beat
        got = summarise(
            beat_intervals(r, Fiducials.from_table(table), FS), beats_at(r, "N" * 10 + "V" + "N" * 9), FS
        )
        assert got["hr"].value == pytest.approx(75)
        assert got["hr"].unit == "1/min"
        assert (got["qrs"].value, got["qrs"].n, got["qrs"].unit, got["qrs"].spread) == (90, 19, "ms", 0)
        assert got["qtc_bazett"].n == 17  # not the first beat, the V, nor the one after it
        assert got["qt"].start == r[0]
        assert "normal beats" in got["qt"].method
        assert "st" not in got

    def test_only_ventricular_beats_are_summarised_as_such(self) -> None:
        r = np.arange(1, 11) * 400
        got = summarise(beat_intervals(r, waves_at(r), FS), beats_at(r, "V" * 10), FS)
        assert got["qrs"].n == 10
        assert "none being normal" in got["qrs"].method

    def test_bigeminy_has_the_average_rate(self) -> None:
        r = 1000 + np.cumsum(np.tile([250, 550], 30))
        got = summarise(beat_intervals(r, waves_at(r), FS), beats_at(r), FS)
        assert got["hr"].value == pytest.approx(75)

    def test_rate_extremes_are_eight_beat_averages(self) -> None:
        rr = np.r_[np.full(20, 500), np.full(8, 250), np.full(20, 1000), [3000]]
        r = 1000 + np.cumsum(rr)
        got = summarise(beat_intervals(r, waves_at(r), FS), beats_at(r), FS)
        assert got["hr_max"].value == pytest.approx(120)
        assert got["hr_min"].value == pytest.approx(60 / ((7 * 2 + 6) / 8))
        lost = Span(int(r[-2]) + 10, int(r[-1]) - 10, "gap")
        assert summarise(beat_intervals(r, waves_at(r), FS), beats_at(r), FS, [lost])["hr_min"].value == 30

    @pytest.mark.parametrize("n", [0, 1])
    def test_too_little_gives_no_rate(self, n: int) -> None:
        r = np.arange(1, n + 1) * 500
        got = summarise(beat_intervals(r, waves_at(r), FS), beats_at(r), FS)
        assert "hr" not in got
        assert ("qrs" in got) is (n == 1)


def axis_case(angle_deg: float, names: tuple[str, ...]) -> tuple[ArrayRecord, Analysis]:
    """A heart vector of fixed direction seen by the leads of Einthoven's triangle."""
    r = np.arange(1, 12) * 400
    n = 5000
    pulse = np.zeros(n)
    for sample in r:
        pulse[sample - 20 : sample + 25] += np.hanning(45)
    lead_angles = {"I": 0, "II": 60, "III": 120, "aVF": 90}
    values = np.stack(
        [
            pulse
            * math.cos(math.radians(angle_deg - lead_angles[name]))
            * (math.sqrt(3) / 2 if name.startswith("a") else 1.0)
            + 0.4
            for name in names
        ]
    ).astype(np.float32)
    record = ArrayRecord(RecordInfo("x", Path("x"), "array", FS, n, tuple(Lead(name) for name in names)), values)
    waves = waves_at(r)
    analysis = Analysis("x", FS, n, "II", beats_at(r), waves, beat_intervals(r, waves, FS), (), ())
    return record, analysis


class TestAxis:
    @pytest.mark.parametrize("angle_deg", [-150, -45, 0, 30, 59, 90, 170])
    @pytest.mark.parametrize("names", [("I", "aVF"), ("I", "II"), ("II", "III"), ("I", "II", "III", "aVF")])
    def test_known_direction(self, angle_deg: float, names: tuple[str, ...]) -> None:
        got = frontal_axis(*axis_case(angle_deg, names))
        assert got is not None
        assert got.value == pytest.approx(angle_deg, abs=0.5)
        assert (got.unit, got.n) == ("deg", 11)
        assert got.spread == pytest.approx(0, abs=0.5)

    @pytest.mark.parametrize("names", [("II",), ("aVF", "II")])
    def test_without_the_leads_there_is_none(self, names: tuple[str, ...]) -> None:
        assert frontal_axis(*axis_case(30, names)) is None

    def test_against_ludb(self, dataset: Callable[[str], Path]) -> None:
        """The order of the cardiologists' axis classes, from their own QRS marks (their limits are not given)."""
        import wfdb

        folder = next(dataset("ludb").rglob("1.hea")).parent
        axes: dict[str, list[float]] = {"left": [], "horizontal": [], "normal": [], "vertical": []}
        for number in range(1, 101):
            base = str(folder / str(number))
            source = wfdb.rdrecord(base)
            report = " ".join(source.comments).lower()
            marks = wfdb.rdann(base, "ii")
            r = [i for i, s in enumerate(marks.symbol) if s == "N"][1:-1]
            rows = np.array([[marks.sample[i - 1], marks.sample[i], marks.sample[i + 1]] for i in r])
            table = np.full((len(rows), 9), ABSENT)
            table[:, 3:6] = rows
            leads = tuple(Lead(name) for name in source.sig_name)
            info = RecordInfo(str(number), Path(base), "wfdb", FS, source.sig_len, leads)
            record = ArrayRecord(info, source.p_signal.T.astype(np.float32))
            waves = Fiducials.from_table(table)
            measured = beat_intervals(waves.r, waves, FS)
            got = frontal_axis(
                record, Analysis("", FS, source.sig_len, "II", beats_at(waves.r), waves, measured, (), ())
            )
            if got is None or "axis of the heart: " not in report:
                continue
            stated = re.split(r"\W", report.split("axis of the heart: ")[1])[0]
            if stated in axes:
                axes[stated].append(got.value)
        assert all(len(values) >= 4 for values in axes.values())
        left, horizontal, normal, vertical = (float(np.median(values)) for values in axes.values())
        assert left < horizontal < normal < vertical
        assert left < 10
        assert 35 < normal < 65
