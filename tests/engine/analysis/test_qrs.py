"""QRS detection: what is found, where, and that streaming changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import wfdb
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.analysis.qrs import LOOKAHEAD_S, Detections, QrsDetector, detect_qrs
from engine.evaluation.beat_matching import match_beats, reference_beats, score_beats
from engine.records.annotations import Annotations

F32 = NDArray[np.float32]
Dataset = Callable[[str], Path]


def ecg(beats_s: NDArray[np.float64], duration_s: float, fs_hz: float, amplitude_mv: float = 1.0) -> F32:
    """P, QRS and T waves as Gaussian bumps; the R peak lies at each of beats_s."""
    t = np.arange(round(duration_s * fs_hz)) / fs_hz
    x = np.zeros_like(t)
    waves = (
        (-0.16, 0.025, 0.12),
        (-0.025, 0.008, -0.12),
        (0.0, 0.010, 1.0),
        (0.028, 0.009, -0.25),
        (0.28, 0.05, 0.3),
    )
    for beat in beats_s:
        for delay, width, height in waves:
            x += height * np.exp(-0.5 * ((t - beat - delay) / width) ** 2)
    noise = np.random.default_rng(7).normal(0, 0.01, len(t))
    return (amplitude_mv * (x + noise)).astype(np.float32)


def regular(duration_s: float, rr_s: float = 0.8) -> NDArray[np.float64]:
    return np.arange(0.5, duration_s - 0.3, rr_s)


def assert_found(found: Detections, beats_s: NDArray[np.float64], fs_hz: float, within_ms: float = 10.0) -> None:
    score = score_beats(beats_s * fs_hz, found.sample, fs_hz, tolerance_ms=within_ms)
    assert (score.false_positive, score.false_negative) == (0, 0)


def in_pieces(x: F32, fs_hz: float, sizes: NDArray[np.int64], valid: NDArray[np.bool_] | None = None) -> Detections:
    """Push x in pieces of the given sizes, over and over; check that nothing comes later than promised."""
    detector = QrsDetector(fs_hz)
    parts: list[Detections] = []
    at = k = 0
    while at < len(x):
        stop = min(at + int(sizes[k % len(sizes)]), len(x))
        parts.append(detector.push(x[at:stop], None if valid is None else valid[at:stop]))
        assert np.all(parts[-1].sample >= at - LOOKAHEAD_S * fs_hz)
        at, k = stop, k + 1
    parts.append(detector.flush())
    return Detections(np.concatenate([p.sample for p in parts]), np.concatenate([p.confidence for p in parts]))


def assert_same(a: Detections, b: Detections) -> None:
    np.testing.assert_array_equal(a.sample, b.sample)
    np.testing.assert_array_equal(a.confidence.view(np.int32), b.confidence.view(np.int32))


@pytest.mark.parametrize("fs_hz", [100.0, 128.0, 250.0, 257.3, 360.0, 500.0, 1000.0, 2000.0])
def test_every_beat_is_found_at_every_rate(fs_hz: float) -> None:
    beats = regular(40)
    assert_found(detect_qrs(ecg(beats, 40, fs_hz), fs_hz), beats, fs_hz)


@pytest.mark.parametrize("factor", [0.1, -0.1, -1.0, 5.0, -20.0])
def test_gain_and_polarity_do_not_matter(factor: float) -> None:
    beats = regular(30)
    x = ecg(beats, 30, 250.0)
    assert_found(detect_qrs(factor * x, 250.0), beats, 250.0)


def test_offset_and_slow_drift_do_not_matter() -> None:
    beats = regular(30)
    t = np.arange(30 * 250) / 250
    x = ecg(beats, 30, 250.0) + 150 + 2 * np.sin(2 * np.pi * 0.2 * t)
    assert_found(detect_qrs(x, 250.0), beats, 250.0, within_ms=20)


@pytest.mark.parametrize("rr_s", [0.3, 0.5, 1.0, 1.9])
def test_from_tachycardia_to_bradycardia(rr_s: float) -> None:
    beats = np.arange(0.5, 59.5, rr_s)
    t = np.arange(60 * 250) / 250
    x = sum(np.exp(-0.5 * ((t - b) / 0.012) ** 2) for b in beats) + 0 * t
    assert_found(detect_qrs(x.astype(np.float32), 250.0), beats, 250.0)


def test_a_pause_is_not_filled() -> None:
    beats = regular(60)
    beats = beats[(beats < 30) | (beats > 38)]
    assert_found(detect_qrs(ecg(beats, 60, 250.0), 250.0), beats, 250.0)


def test_asystole_is_not_filled_with_noise() -> None:
    beats = regular(200)
    beats = beats[(beats < 60) | (beats > 160)]
    found = detect_qrs(ecg(beats, 200, 250.0), 250.0)
    in_silence = (found.sample > 60.5 * 250) & (found.sample < 159.5 * 250)
    assert np.count_nonzero(in_silence) <= 5
    assert np.all(found.confidence[in_silence] < 0.9)


def test_fast_broad_complexes_are_found() -> None:
    """As in ventricular tachycardia: hardly any baseline between them."""
    t = np.arange(90 * 250) / 250
    beats = regular(30)
    fast = np.arange(30.4, 60, 0.32)
    x = ecg(beats, 90, 250.0)
    for beat in fast:
        x += (1.2 * np.exp(-0.5 * ((t - beat) / 0.035) ** 2)).astype(np.float32)
    late = np.arange(61, 89.5, 0.8)
    x += ecg(late, 90, 250.0)
    score = score_beats(np.concatenate([beats, fast, late]) * 250, detect_qrs(x, 250.0).sample, 250.0)
    assert score.sensitivity > 95
    assert score.predictivity > 98


def test_tall_t_waves_are_not_beats() -> None:
    beats = regular(60)
    t = np.arange(60 * 250) / 250
    x = ecg(beats, 60, 250.0)
    for beat in beats:
        x += (1.2 * np.exp(-0.5 * ((t - beat - 0.3) / 0.045) ** 2)).astype(np.float32)
    assert_found(detect_qrs(x, 250.0), beats, 250.0)


def test_clipped_beats_are_found() -> None:
    beats = regular(30)
    x = np.clip(ecg(beats, 30, 250.0), -0.1, 0.5)
    assert_found(detect_qrs(x, 250.0), beats, 250.0, within_ms=20)


@pytest.mark.parametrize(
    "x",
    [
        np.zeros(0),
        np.zeros(1),
        np.zeros(5000),
        np.full(5000, 3.3),
        np.full(5000, np.nan),
        np.full(5000, 1e30),
        np.where(np.arange(5000) % 2, np.inf, -np.inf),
        np.linspace(-5, 5, 5000),
        0.002 * np.random.default_rng(0).normal(size=5000),
    ],
    ids=["empty", "one sample", "zero", "flat", "all missing", "huge", "infinite", "ramp", "2 uV noise"],
)
def test_no_beats_where_there_is_no_ecg(x: NDArray[np.float64]) -> None:
    assert len(detect_qrs(x, 250.0)) == 0


def test_missing_samples_hold_no_beat_and_do_not_disturb_their_surroundings() -> None:
    beats = regular(60)
    x = ecg(beats, 60, 250.0)
    valid = np.ones(len(x), bool)
    valid[20 * 250 : 30 * 250] = False
    x[20 * 250 : 30 * 250] = 77.0
    x[30 * 250 :] += 5.0  # another level after the gap
    found = detect_qrs(x, 250.0, valid)
    assert np.all(valid[found.sample])
    kept = beats[(beats < 19.9) | (beats > 30.1)]
    score = score_beats(kept * 250, found.sample, 250.0, tolerance_ms=20, excluded=[(4975, 7525)])
    assert (score.false_positive, score.false_negative) == (0, 0)
    x[~valid] = np.nan
    assert_same(detect_qrs(x, 250.0), found)


def test_a_gap_through_the_r_wave_leaves_no_beat_on_it() -> None:
    beats = regular(20)
    x = ecg(beats, 20, 250.0)
    valid = np.ones(len(x), bool)
    for beat in beats[5:15]:
        at = round(beat * 250)
        valid[at - 3 : at + 4] = False
    assert np.all(valid[detect_qrs(x, 250.0, valid).sample])


def test_confidence_is_high_on_clean_beats_and_lower_in_noise() -> None:
    beats = regular(120)
    x = ecg(beats, 120, 250.0)
    rng = np.random.default_rng(3)
    burst = slice(60 * 250, 90 * 250)
    x[burst] += np.convolve(rng.normal(0, 1.2, 30 * 250), np.ones(6) / 6, "same").astype(np.float32)
    found = detect_qrs(x, 250.0)
    assert np.all((found.confidence >= 0) & (found.confidence <= 1))
    noisy = (found.sample > 61 * 250) & (found.sample < 89 * 250)
    clean = (found.sample > 10 * 250) & (found.sample < 58 * 250)
    assert np.median(found.confidence[clean]) > 0.99
    assert found.confidence[noisy].mean() < found.confidence[clean].mean() - 0.05


def test_what_is_found_in_noise_alone_is_doubtful() -> None:
    x = np.random.default_rng(2).normal(0, 0.05, 60 * 250)
    assert np.median(detect_qrs(x, 250.0).confidence) < 0.6


def test_beats_of_another_size_and_polarity_are_found() -> None:
    """As after the electrodes were moved."""
    beats = regular(120)
    x = ecg(beats, 120, 250.0)
    x[60 * 250 :] *= -0.2
    assert_found(detect_qrs(x, 250.0), beats, 250.0)


def test_samples_increase_and_lie_inside() -> None:
    x = np.random.default_rng(5).normal(size=20_000).astype(np.float32)
    found = detect_qrs(x, 250.0)
    assert np.all(np.diff(found.sample) > 0)
    assert len(found) == 0 or (found.sample[0] >= 0 and found.sample[-1] < len(x))
    assert found.sample.dtype == np.int64 and found.confidence.dtype == np.float32


@pytest.mark.parametrize("fs_hz", [0.0, -250.0, 40.0, float("nan"), float("inf")])
def test_impossible_rates_are_refused(fs_hz: float) -> None:
    with pytest.raises(ValueError, match="sampling rate"):
        QrsDetector(fs_hz)


def test_validity_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="differ in length"):
        detect_qrs(np.zeros(10), 250.0, np.ones(9, bool))


def test_a_flushed_detector_takes_no_more() -> None:
    detector = QrsDetector(250.0)
    detector.flush()
    with pytest.raises(RuntimeError, match="flushed"):
        detector.push(np.zeros(10))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(1, 900), min_size=1, max_size=12),
    st.sampled_from([100.0, 250.0, 360.0]),
    st.integers(0, 2**32 - 1),
)
def test_any_cut_gives_the_same(sizes: list[int], fs_hz: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    beats = np.cumsum(rng.uniform(0.4, 1.3, 25))
    x = ecg(beats, 26, fs_hz) + (rng.normal(0, 0.15, round(26 * fs_hz)) * (rng.random() < 0.5)).astype(np.float32)
    valid = np.ones(len(x), bool)
    for start in rng.integers(0, len(x), 4).tolist():
        valid[start : start + int(rng.integers(1, 300))] = False
    assert_same(in_pieces(x, fs_hz, np.array(sizes), valid), detect_qrs(x, fs_hz, valid))


@pytest.mark.parametrize("record", ["100", "208"])
def test_odd_sized_chunks_of_mit_bih_give_the_same(dataset: Dataset, record: str) -> None:
    path = str(dataset("mitdb") / record)
    x = wfdb.rdrecord(path, channels=[0], sampto=360 * 600).p_signal[:, 0].astype(np.float32)
    sizes = np.random.default_rng(11).integers(1, 999, 50)
    assert_same(in_pieces(x, 360.0, sizes), detect_qrs(x, 360.0))


def reference(path: str) -> tuple[NDArray[np.int64], list[tuple[int, int]]]:
    mark = wfdb.rdann(path, "atr")
    return reference_beats(Annotations(mark.sample, tuple(mark.symbol), 360.0))


# Records that other detectors stumble over: (record, largest number of errors in 2-3 thousand beats).
@pytest.mark.parametrize(
    ("record", "limit"), [("100", 1), ("108", 20), ("113", 3), ("114", 5), ("203", 50), ("207", 8)]
)
def test_mit_bih_records(dataset: Dataset, record: str, limit: int) -> None:
    path = str(dataset("mitdb") / record)
    x = wfdb.rdrecord(path, channels=[0]).p_signal[:, 0].astype(np.float32)
    beats, spans = reference(path)
    score = score_beats(beats, detect_qrs(x, 360.0).sample, 360.0, excluded=spans)
    assert score.false_positive + score.false_negative <= limit
    assert abs(score.mean_error_ms) < 25
    assert score.sd_error_ms < 16


def test_strong_noise_costs_few_beats(dataset: Dataset) -> None:
    path = str(dataset("nstdb") / "118e00")
    x = wfdb.rdrecord(path, channels=[0]).p_signal[:, 0].astype(np.float32)
    beats, _ = reference(path)
    score = score_beats(beats, detect_qrs(x, 360.0).sample, 360.0, learning_s=300)
    assert score.f1 > 90
    clean = (beats > 430 * 360) & (beats < 530 * 360)
    found, _ = match_beats(beats[clean], detect_qrs(x, 360.0).sample, 54)
    assert len(found) == np.count_nonzero(clean)
