"""Scores of signals with known noise."""

from __future__ import annotations

import numpy as np
import pytest

from engine.evaluation import waveforms
from engine.evaluation.do_no_harm import segmentation_kept


def _beats(n: int = 6, length: int = 300) -> np.ndarray:
    t = np.arange(length)
    shape = sum(np.exp(-0.5 * ((t - c) / 3) ** 2) for c in (60, 160, 260))
    return np.tile(shape, (n, 1))[:, :, None]


def _noise(y: np.ndarray, snr_db: float, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal(y.shape)
    noise -= noise.mean(axis=1, keepdims=True)
    power = ((y - y.mean(axis=1, keepdims=True)) ** 2).sum(axis=1, keepdims=True)
    return noise * np.sqrt(power / (noise**2).sum(axis=1, keepdims=True) / 10 ** (snr_db / 10))


def test_known_ratios():
    y = _beats()
    found = waveforms.score_signals(
        y, y + _noise(y, 10, 1), np.array(list("aabbcc")), x=y + _noise(y, 0, 2), replicates=50
    )
    assert found["snr_in_db"] == pytest.approx(0)
    assert found["snr_out_db"] == pytest.approx(10)
    assert found["snr_gain_db"] == pytest.approx(10)
    assert found["prd"] == pytest.approx(100 / np.sqrt(10))
    assert found["ci95"]["snr_gain_db"] == pytest.approx((10, 10))


def test_an_offset_costs_nothing():
    y = _beats()
    noisy = y + _noise(y, 6, 1)
    a = waveforms.score_signals(y, noisy, np.arange(6), replicates=0)
    b = waveforms.score_signals(y, noisy + 3.0, np.arange(6), replicates=0)
    assert b["snr_out_db"] == pytest.approx(a["snr_out_db"])


def test_flattened_complexes_show_in_the_shape():
    y = _beats()
    kept = waveforms.score_signals(y, y, np.arange(6), replicates=0)["shape"]
    halved = waveforms.score_signals(y, y / 2, np.arange(6), replicates=0)["shape"]
    assert kept["amplitude_ratio_median"] == pytest.approx(1)
    assert halved["amplitude_ratio_median"] == pytest.approx(0.5)
    assert halved["correlation_median"] == pytest.approx(1)


def test_heartkit_ratio_is_pooled_over_scaled_windows():
    y = _beats(2) * np.array([1.0, 10.0])[:, None, None]
    output = y + _noise(y, 10, 3)
    assert waveforms.score_signals(y, output, np.arange(2), replicates=0)["heartkit_compatible"]["snr_db"] == (
        pytest.approx(10)
    )


def test_harm_to_segmentation_is_the_drop_in_f1():
    clean = _beats(3).astype(np.float32)
    labels = (clean[:, :, 0] > 0.5).astype(np.int64)
    labels[:, :10] = -1

    def segment(x):
        return (x[:, :, 0] > 0.5).astype(np.int64)

    assert segmentation_kept(segment, clean, clean, labels, 2)["drop"] == 0
    spoilt = segmentation_kept(segment, clean, clean * 0.4, labels, 2)
    assert spoilt["f1_macro_clean"] == 1
    assert spoilt["drop"] > 0.4
