from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import ConfigError
from engine.signals.filters import (
    MONITOR,
    PRESETS,
    UNFILTERED,
    CausalFilter,
    FilterSpec,
    apply_zero_phase,
    biquads,
)

FS = 500.0


def ecg_like(n: int = 5000, fs_hz: float = FS, rate_hz: float = 1.2) -> np.ndarray:
    """Narrow QRS-shaped pulses and broad T waves, mV."""
    t = np.arange(n) / fs_hz
    phase = (t * rate_hz) % 1.0 / rate_hz
    qrs = 1.2 * np.exp(-0.5 * ((phase - 0.3) / 0.012) ** 2) - 0.3 * np.exp(-0.5 * ((phase - 0.335) / 0.010) ** 2)
    return qrs + 0.25 * np.exp(-0.5 * ((phase - 0.55) / 0.05) ** 2)


class TestSpec:
    @pytest.mark.parametrize(
        ("spec", "label"),
        [
            (UNFILTERED, "unfiltered"),
            (FilterSpec(0.05, 40, 50), "0.05–40 Hz, 50 Hz notch"),
            (FilterSpec(0.5, None), "0.5 Hz high-pass"),
            (FilterSpec(None, 35), "35 Hz low-pass"),
            (FilterSpec(mains_hz=60, mains_method="subtract"), "60 Hz subtracted"),
        ],
    )
    def test_label(self, spec: FilterSpec, label: str) -> None:
        assert spec.label == label

    @pytest.mark.parametrize(
        ("spec", "zero_phase", "causal"),
        [
            (UNFILTERED, False, False),
            (FilterSpec(0.05, 150), False, False),
            (FilterSpec(0.5, 150), False, True),
            (FilterSpec(0.67, None), False, True),
            (FilterSpec(0.7, None), True, True),
            (FilterSpec(0.05, 149), True, True),
            (MONITOR, True, True),
        ],
    )
    def test_diagnostic_bandwidth(self, spec: FilterSpec, zero_phase: bool, causal: bool) -> None:
        assert spec.non_diagnostic is zero_phase
        assert spec.non_diagnostic_causal is causal

    @pytest.mark.parametrize(
        "arguments",
        [(40, 0.5), (-1, None), (float("nan"), None), (None, 0), (None, None, 55), (None, None, 50, "x")],
    )
    def test_nonsense_is_refused(self, arguments: tuple) -> None:
        with pytest.raises(ConfigError):
            FilterSpec(*arguments)

    def test_what_a_rate_cannot_carry_is_left_out(self) -> None:
        assert FilterSpec(0.5, 150, 60).at_rate(100.0) == FilterSpec(0.5, None, None)
        assert FilterSpec(0.5, 150, 60).at_rate(500.0) == FilterSpec(0.5, 150, 60)


@pytest.mark.parametrize("passes", [1, 2])
def test_corners_are_three_decibels_down_in_all(passes: int) -> None:
    from scipy import signal

    sos = biquads(FilterSpec(0.5, 40), FS, passes=passes)
    _, response = signal.freqz_sos(sos, [0.5, 4.0, 40.0], fs=FS)
    decibels = 20 * np.log10(np.abs(response) ** passes)
    assert decibels[[0, 2]] == pytest.approx([-3.01, -3.01], abs=0.02)
    assert decibels[1] == pytest.approx(0, abs=0.05)


class TestZeroPhase:
    def test_no_delay_and_no_baseline(self) -> None:
        t = np.arange(10_000) / FS
        wanted = np.sin(2 * np.pi * 8 * t)
        got = apply_zero_phase(wanted + 2 * np.sin(2 * np.pi * 0.05 * t) + 1, FS, FilterSpec(0.5, 40))
        assert np.abs(got - wanted)[1500:-1500].max() < 0.03

    def test_any_leading_shape_and_dtype(self) -> None:
        x = np.random.default_rng(0).normal(size=(2, 3, 700)).astype(np.float32)
        got = apply_zero_phase(x, FS, MONITOR)
        assert got.shape == x.shape
        assert got.dtype == np.float32
        np.testing.assert_array_equal(got[1, 2], apply_zero_phase(x[1, 2], FS, MONITOR))

    @pytest.mark.parametrize("n", [0, 1, 2, 10])
    @pytest.mark.parametrize("name", list(PRESETS))
    def test_very_short_signals(self, n: int, name: str) -> None:
        assert apply_zero_phase(np.ones((2, n)), FS, PRESETS[name]).shape == (2, n)

    def test_a_hole_does_not_smear(self) -> None:
        x = ecg_like() + 2.0
        valid = np.ones(x.size, bool)
        valid[2400:2480] = False
        with_hole = apply_zero_phase(np.where(valid, x, 0.0), FS, MONITOR, valid)
        whole = apply_zero_phase(x, FS, MONITOR)
        assert (with_hole[~valid] == 0).all()
        assert np.abs(with_hole - whole)[valid].max() < 0.12  # filling with zeros would give a step of 2 mV

    def test_all_missing(self) -> None:
        got = apply_zero_phase(
            np.zeros((1, 900)), FS, FilterSpec(0.5, 40, 50, "subtract"), np.zeros((1, 900), bool)
        )
        assert (got == 0).all()


class TestMains:
    @pytest.mark.parametrize("frequency_hz", [49.9, 50.0, 50.1])
    def test_subtraction_removes_mains_and_spares_the_qrs(self, frequency_hz: float) -> None:
        clean = ecg_like()
        mains = 0.2 * np.sin(2 * np.pi * frequency_hz * np.arange(clean.size) / FS + 0.7)
        middle = slice(1000, 4000)
        by_subtraction = apply_zero_phase(clean + mains, FS, FilterSpec(mains_hz=50, mains_method="subtract"))
        by_notch = apply_zero_phase(clean + mains, FS, FilterSpec(mains_hz=50))
        assert np.abs(by_subtraction - clean)[middle].max() < 0.006
        assert np.abs(by_subtraction - clean)[middle].max() < 0.5 * np.abs(by_notch - clean)[middle].max()

    def test_clean_ecg_is_left_alone(self) -> None:
        clean = ecg_like()
        got = apply_zero_phase(clean, FS, FilterSpec(mains_hz=50, mains_method="subtract"))
        assert np.abs(got - clean).max() < 0.003

    @pytest.mark.parametrize(("fs_hz", "mains_hz"), [(360.0, 60), (250.0, 60), (257.3, 50), (128.0, 50)])
    def test_causal_subtraction_at_awkward_rates(self, fs_hz: float, mains_hz: int) -> None:
        clean = ecg_like(5000, fs_hz)
        mains = 0.2 * np.sin(2 * np.pi * mains_hz * np.arange(clean.size) / fs_hz)
        spec = FilterSpec(mains_hz=mains_hz, mains_method="subtract")  # type: ignore[arg-type]
        got = CausalFilter(spec, fs_hz, 1).push((clean + mains)[None])[0]
        assert np.sqrt(np.mean((got - clean)[-2000:] ** 2)) < 0.012


class TestCausal:
    @settings(max_examples=25, deadline=None)
    @given(
        cuts=st.lists(st.integers(0, 3000), max_size=12),
        holes=st.lists(st.tuples(st.integers(0, 2999), st.integers(1, 400)), max_size=4),
        spec=st.sampled_from(
            [
                MONITOR,
                FilterSpec(0.05, 150, 50),
                FilterSpec(0.5, None, 50, "subtract"),
                UNFILTERED,
                FilterSpec(None, 35),
            ]
        ),
    )
    def test_bit_identical_however_cut(
        self, cuts: list[int], holes: list[tuple[int, int]], spec: FilterSpec
    ) -> None:
        rng = np.random.default_rng(4)
        x = (np.stack([ecg_like(3000), -ecg_like(3000)]) + rng.normal(0, 0.05, (2, 3000))).astype(np.float32)
        valid = np.ones(x.shape, bool)
        for i, (start, length) in enumerate(holes):
            valid[i % 2, start : start + length] = False
        x[~valid] = 0
        whole = CausalFilter(spec, FS, 2).push(x, valid)
        piecewise = CausalFilter(spec, FS, 2)
        edges = [0, *sorted(cuts), 3000]
        pieces = [piecewise.push(x[:, a:b], valid[:, a:b]) for a, b in itertools.pairwise(edges)]
        np.testing.assert_array_equal(np.concatenate(pieces, axis=1), whole)

    def test_starts_settled(self) -> None:
        x = np.full((1, 1000), 3.0)
        np.testing.assert_allclose(CausalFilter(MONITOR, FS, 1).push(x), 0, atol=1e-9)
        np.testing.assert_allclose(CausalFilter(FilterSpec(None, 40, 50), FS, 1).push(x), 3, atol=1e-9)

    def test_a_long_hole_starts_afresh(self) -> None:
        x = np.concatenate([np.zeros(1000), np.full(1000, 5.0)])[None]
        valid = np.ones(x.shape, bool)
        valid[:, 800:1000] = False
        np.testing.assert_allclose(CausalFilter(MONITOR, FS, 1).push(x, valid), 0, atol=1e-9)

    def test_biquads_describe_it(self) -> None:
        spec = FilterSpec(0.5, 40, 50)
        filtered = CausalFilter(spec, FS, 1)
        sections = filtered.biquads()
        assert sections.shape == (3, 6)
        x = np.random.default_rng(1).normal(size=400)
        x[0] = 0.0  # starts settled on zero
        y = x.copy()
        for b0, b1, b2, _, a1, a2 in sections:
            s1 = s2 = 0.0
            for i, value in enumerate(y):
                y[i] = b0 * value + s1
                s1, s2 = b1 * value - a1 * y[i] + s2, b2 * value - a2 * y[i]
        np.testing.assert_allclose(filtered.push(x[None])[0], y, rtol=0, atol=1e-12)

    def test_wrong_channel_count(self) -> None:
        with pytest.raises(ValueError):
            CausalFilter(MONITOR, FS, 2).push(np.zeros((3, 5)))
