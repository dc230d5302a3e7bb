from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.analysis.hrv import hrv, normal_intervals
from engine.analysis.hrv_frequency import band_powers, lomb
from engine.analysis.hrv_nonlinear import dfa, poincare, sample_entropy
from engine.analysis.types import Span

Beats = tuple[np.ndarray, list[str], float]


def beats_of(rr_ms: np.ndarray, fs_hz: float = 1000.0) -> tuple[np.ndarray, str]:
    r = np.round(np.concatenate([[0.0], np.cumsum(rr_ms)]) * fs_hz / 1000).astype(np.int64)
    return r, "N" * len(r)


@pytest.fixture(scope="module")
def record_100(dataset: Callable[[str], Path]) -> Beats:
    """Reference beats of MIT-BIH record 100: 2,273 of them, 2,204 NN."""
    import wfdb

    marks = wfdb.rdann(str(dataset("mitdb") / "100"), "atr")
    rows = [i for i, symbol in enumerate(marks.symbol) if symbol in "NAV"]
    return marks.sample[rows], [marks.symbol[i] for i in rows], 360.0


class TestRecord100:
    """Against the figures of independent programs on the same 2,204 intervals."""

    @pytest.mark.parametrize(
        ("name", "value", "relative"),
        [
            ("mean_nn", 795.0116, 1e-6),
            ("sdnn", 35.9609, 1e-5),
            ("rmssd", 27.7911, 1e-5),
            ("pnn50", 5.9918, 1e-4),
            ("sd1", 19.66, 5e-4),
            ("sd2", 46.90, 5e-4),
            ("sample_entropy", 1.7886, 1e-4),
            # PhysioNet's lomb program, which leaves the linear trend in.
            ("lf", 85.71, 0.02),
            ("hf", 522.40, 0.02),
            ("lf_hf", 0.1641, 0.02),
            ("vlf", 326.45, 0.02),
            ("total", 1261.29, 0.02),
        ],
    )
    def test_closed_series(self, record_100: Beats, name: str, value: float, relative: float) -> None:
        r, symbols, fs_hz = record_100
        assert hrv(r, symbols, fs_hz, rule="closed")[name].value == pytest.approx(value, rel=relative)

    @pytest.mark.parametrize(("name", "value"), [("rmssd", 27.4805), ("pnn50", 5.7630), ("mean_nn", 795.0116)])
    def test_neighbour_rule(self, record_100: Beats, name: str, value: float) -> None:
        r, symbols, fs_hz = record_100
        measure = hrv(r, symbols, fs_hz)[name]
        assert measure.value == pytest.approx(value, rel=1e-5)
        assert (measure.n, measure.start, measure.stop) == (2204, r[0], r[-1] + 1)

    def test_rows_of_the_periodogram_are_those_of_the_lomb_program(self, record_100: Beats) -> None:
        series = normal_intervals(*record_100, rule="closed")
        frequency, power = lomb(series.t_s, series.nn_ms, 0.63)
        assert len(frequency) == 4408
        assert frequency[-1] == pytest.approx(0.629, abs=5e-4)
        for (low, high), value in {
            (0.0033, 0.04): 326.45,
            (0.0, 0.04): 653.18,
            (0.04, 0.15): 85.71,
            (0.15, 0.40): 522.40,
            (0.0, 1.0): 1331.67,
        }.items():
            assert power[(frequency >= low) & (frequency < high)].sum() == pytest.approx(value, rel=1e-4)

    def test_physiokit_gives_no_ms2_and_twice_the_ratio(self, record_100: Beats) -> None:
        """Why this module replaces it: amplitudes are summed instead of powers, so LF/HF is 0.33, not 0.16."""
        from physiokit.hrv import compute_hrv_frequency

        r, symbols, fs_hz = record_100
        series = normal_intervals(r, symbols, fs_hz, rule="closed")
        peaks = np.round(np.cumsum(series.nn_ms)).astype(int)
        theirs = compute_hrv_frequency(peaks, series.nn_ms, [(0.04, 0.15), (0.15, 0.4)], sample_rate=1000)
        ratio = theirs.bands[0].total_power / theirs.bands[1].total_power
        assert ratio > 1.8 * 0.1641
        assert hrv(r, symbols, fs_hz, rule="closed")["lf_hf"].value == pytest.approx(0.1641, rel=0.02)


def test_a_flat_line_gives_nothing_where_physiokit_fails_or_finds_beats() -> None:
    """0.10 raises IndexError on zeros; 0.11 finds beats in the rounding noise of a filtered constant."""
    from physiokit import ecg

    from engine.analysis.qrs import QrsDetector

    flat = np.ones(3000, np.float32)
    try:
        ecg.find_peaks(np.zeros(3000), sample_rate=100)
        theirs = len(ecg.find_peaks(ecg.clean(flat.astype(np.float64), sample_rate=100), sample_rate=100))
    except IndexError:
        theirs = -1
    assert theirs != 0
    detector = QrsDetector(100.0)
    ours = [detector.push(flat, np.ones(3000, np.bool_)).sample, detector.flush().sample]
    r = np.concatenate(ours).astype(np.int64)
    assert len(r) == 0
    assert hrv(r, "", 100.0) == {}


class TestSelection:
    def test_only_intervals_between_normal_beats(self) -> None:
        r = np.arange(8) * 800
        series = normal_intervals(r, "NNVNNNAN", 1000.0)
        assert len(series.nn_ms) == 3
        assert series.follows.tolist() == [False, False, True]
        assert series.t_s.tolist() == [0.8, 3.2, 4.0]
        assert series.n_rr == 7
        closed = normal_intervals(r, "NNVNNNAN", 1000.0, rule="closed")
        assert closed.follows.tolist() == [False, True, True]
        assert closed.t_s.tolist() == pytest.approx([0.8, 1.6, 2.4])

    def test_bad_signal_and_impossible_intervals_are_left_out(self) -> None:
        r = np.cumsum([0, 800, 800, 800, 200, 800, 3100, 800])
        series = normal_intervals(r, "N" * 8, 1000.0, [Span(900, 950, "noisy")])
        assert series.nn_ms.tolist() == [800] * 4

    def test_bundle_branch_block_counts_as_sinus(self) -> None:
        assert len(normal_intervals(np.arange(4) * 800, "LLRN", 1000.0).nn_ms) == 3

    def test_unknown_rule(self) -> None:
        with pytest.raises(ValueError):
            hrv(np.arange(40) * 800, "N" * 40, 1000.0, rule="open")  # type: ignore[arg-type]


class TestTimeDomain:
    def test_alternating_series(self) -> None:
        r, symbols = beats_of(np.tile([780.0, 840.0], 50))
        got = hrv(r, symbols, 1000.0)
        assert got["mean_nn"].value == pytest.approx(810)
        assert got["rmssd"].value == pytest.approx(60)
        assert got["pnn50"].value == 100
        assert got["sdnn"].value == pytest.approx(30 * math.sqrt(100 / 99))
        assert got["cv_nn"].value == pytest.approx(100 * got["sdnn"].value / 810)
        assert got["triangular_index"].value == 2
        assert got["iqr_nn"].value == 60
        assert {"sdann", "sdnn_index"}.isdisjoint(got)

    def test_segment_measures_of_a_drifting_rate(self) -> None:
        levels = np.repeat([700.0, 800.0, 900.0], [429, 375, 333])  # five minutes each
        got = hrv(*beats_of(levels), 1000.0)
        assert got["sdann"].value == pytest.approx(100, rel=0.01)
        assert got["sdnn_index"].value < 6
        assert got["sdnn"].value > 80

    @pytest.mark.parametrize("n", [0, 1, 2, 19])
    def test_too_few_intervals_give_nothing(self, n: int) -> None:
        assert hrv(*beats_of(np.full(n, 800.0)), 1000.0) == {}

    def test_what_a_length_allows(self) -> None:
        rr = 800 + 30 * np.sin(np.arange(2000))

        def names(n: int) -> set[str]:
            return set(hrv(*beats_of(rr[:n]), 1000.0))

        assert {"lf", "vlf", "sample_entropy", "dfa_alpha1"}.isdisjoint(names(100))
        assert "lf" in names(160)
        assert "vlf" not in names(160)
        assert {"vlf", "sample_entropy", "dfa_alpha1", "sdann"} - names(500) == {"sdann"}
        assert {"dfa_alpha2", "sdann"} <= names(1000)

    def test_constant_series_has_no_undefined_measures(self) -> None:
        got = hrv(*beats_of(np.full(1000, 800.0)), 1000.0)
        assert got["sdnn"].value == 0
        assert all(math.isfinite(measure.value) for measure in got.values())
        assert "lf_hf" not in got or got["lf_hf"].value >= 0


class TestFrequencyDomain:
    def tachogram(self, seconds: float, lf_ms: float, hf_ms: float) -> tuple[np.ndarray, np.ndarray]:
        t, times, values = 0.0, [], []
        while t < seconds:
            rr = 850 + lf_ms * math.sin(2 * math.pi * 0.1 * t) + hf_ms * math.sin(2 * math.pi * 0.25 * t)
            t += rr / 1000
            times.append(t)
            values.append(rr)
        return np.array(times), np.array(values)

    @pytest.mark.parametrize("seconds", [300.0, 1800.0, 7200.0])
    def test_sines_have_half_their_squared_amplitude(self, seconds: float) -> None:
        powers = band_powers(*self.tachogram(seconds, 30.0, 20.0))
        assert powers is not None
        assert powers.lf == pytest.approx(30**2 / 2, rel=0.08)
        assert powers.hf == pytest.approx(20**2 / 2, rel=0.08)
        assert ("segments of 5 min" in powers.method) is (seconds > 4000)

    def test_linear_trend_does_not_leak(self) -> None:
        t, nn = self.tachogram(600.0, 30.0, 20.0)
        plain, tilted = band_powers(t, nn), band_powers(t, nn + 0.3 * t)
        assert plain is not None
        assert tilted is not None
        assert tilted.lf == pytest.approx(plain.lf, rel=1e-6)
        assert tilted.total == pytest.approx(plain.total, rel=1e-6)

    def test_segments_with_too_few_intervals_are_left_out(self) -> None:
        t, nn = self.tachogram(7200.0, 30.0, 20.0)
        kept = (t < 2000) | (t > 3700)
        powers = band_powers(t[kept], nn[kept])
        assert powers is not None
        assert powers.lf == pytest.approx(30**2 / 2, rel=0.08)
        assert "mean of 16 segments" in powers.method


class TestNonlinear:
    def test_poincare_of_known_steps(self) -> None:
        nn = np.tile([780.0, 840.0], 50)
        follows = np.r_[False, np.ones(99, bool)]
        sd1, sd2 = poincare(nn, follows)
        assert sd1 == pytest.approx(np.std(np.diff(nn), ddof=1) / math.sqrt(2))
        assert sd2 == pytest.approx(0, abs=5)

    def test_sample_entropy_counts_pairs(self) -> None:
        rng = np.random.default_rng(0)
        x = rng.normal(size=150)
        reach = 0.2 * np.std(x, ddof=1)
        counts = []
        for m in (2, 3):
            rows = np.stack([x[i : len(x) - 2 + i][: len(x) - 2] for i in range(2)], axis=1)
            if m == 3:
                rows = np.column_stack([rows, x[2:]])
            distance = np.abs(rows[:, None] - rows[None]).max(axis=2)
            counts.append((np.count_nonzero(distance <= reach) - len(rows)) / 2)
        follows = np.r_[False, np.ones(149, bool)]
        assert sample_entropy(x, follows) == pytest.approx(math.log(counts[0] / counts[1]))

    def test_sample_entropy_tells_order_from_noise(self) -> None:
        follows = np.r_[False, np.ones(999, bool)]
        noise = np.random.default_rng(0).normal(size=1000)
        assert sample_entropy(np.sin(np.arange(1000) / 5), follows) < 0.3
        assert sample_entropy(noise, follows) > 1.8

    def test_templates_do_not_run_over_breaks(self) -> None:
        x = np.random.default_rng(0).normal(size=400)
        follows = np.r_[False, np.ones(399, bool)]
        follows[::3] = False
        assert math.isnan(sample_entropy(x, follows, m=3))

    def test_sample_entropy_of_a_long_series_is_that_of_its_blocks(self) -> None:
        x = np.random.default_rng(0).normal(size=6000)
        follows = np.r_[False, np.ones(5999, bool)]
        assert sample_entropy(x, follows) == pytest.approx(sample_entropy(x[:5000], follows[:5000]), abs=0.1)

    @pytest.mark.parametrize("scales", [range(4, 17), range(16, 65)])
    @pytest.mark.parametrize(("cumulative", "exponent"), [(False, 0.5), (True, 1.5)])
    def test_dfa_of_noise_and_of_its_sum(self, scales: range, cumulative: bool, exponent: float) -> None:
        x = np.random.default_rng(3).normal(size=8000)
        assert dfa(np.cumsum(x) if cumulative else x, scales) == pytest.approx(exponent, abs=0.1)


def test_a_day_of_beats() -> None:
    rng = np.random.default_rng(0)
    got = hrv(*beats_of(800 + rng.normal(0, 40, 108_000)), 1000.0)
    assert got["sdnn"].value == pytest.approx(40, rel=0.02)
    assert got["rmssd"].value == pytest.approx(40 * math.sqrt(2), rel=0.02)
    assert "segments" in got["lf"].method
    assert got["total"].value < 1600
