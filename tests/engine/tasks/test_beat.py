"""The beat task: which beats become windows, and what their channels hold."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from engine.config import parse_config
from engine.datasets.base import Strip
from engine.errors import ConfigError
from engine.tasks.beat import Beat
from engine.tasks.beat_channels import CHANNELS, beat_channels

RATE_HZ = 360.0


def trace(r: np.ndarray, shapes: list[float], *, gain: float = 1.0) -> np.ndarray:
    """P, QRS and T as bumps around each R; a shape below 0 is an inverted broad QRS without P."""
    t = np.arange(int(r[-1] + 2 * RATE_HZ)) / RATE_HZ
    x = np.zeros(len(t))
    for at, kind in zip(r / RATE_HZ, shapes, strict=True):
        bump = [(-0.16, 0.02, 0.15), (0, 0.012, 1.0), (0.26, 0.04, 0.3)]
        if kind < 0:
            bump = [(0, 0.04, -1.2), (0.3, 0.05, 0.4)]
        for shift, width, height in bump:
            x += height * np.exp(-0.5 * ((t - at - shift) / width) ** 2)
    return (gain * x).astype(np.float32)


def strip_of(symbols: str, *, patient: str = "p") -> Strip:
    rr = np.full(len(symbols), 0.8)
    for i, symbol in enumerate(symbols):
        if symbol in "AV" and i:
            rr[i] = 0.55
            rr[min(i + 1, len(rr) - 1)] = 1.05
    r = np.round(np.cumsum(rr) * RATE_HZ).astype(np.int64)
    x = trace(r, [-1.0 if s == "V" else 1.0 for s in symbols])
    return Strip(patient, patient, "MLII", RATE_HZ, x, beats=(r, tuple(symbols)))


def task(**changes: object) -> Beat:
    window = {"length": 192, "channels": list(CHANNELS)}
    return Beat(parse_config({"task": "beat", "window": window, **changes}))


def test_every_beat_of_a_class_is_one_window() -> None:
    windows = task().windows(strip_of("NNNANNVNNF" * 3), training=False, generator=np.random.default_rng(0))
    assert windows is not None
    assert windows.x.shape == (30, 192, 8) and windows.x.dtype == np.float32
    assert windows.y.tolist() == [0, 0, 0, 1, 0, 0, 2, 0, 0, 3] * 3
    assert np.isfinite(windows.x).all()


def test_symbols_of_no_class_are_left_out() -> None:
    classes = {"normal": ["N"], "pac": ["A"]}
    windows = task(classes=classes).windows(strip_of("NNANV"), training=False, generator=np.random.default_rng(0))
    assert windows is not None and windows.y.tolist() == [0, 0, 1, 0]


def test_paced_recordings_are_skipped_unless_kept() -> None:
    strip = strip_of("NN/NN")
    rng = np.random.default_rng(0)
    assert task().windows(strip, training=False, generator=rng) is None
    kept = task(task_params={"paced": True}).windows(strip, training=False, generator=rng)
    assert kept is not None and kept.y.tolist() == [0, 0, 4, 0, 0]


def test_normals_are_thinned_in_training_only_and_by_seed() -> None:
    strip = strip_of("NNNNNNAV" * 5)
    few = task(task_params={"normals": 8})
    a, b = (few.windows(strip, training=True, generator=np.random.default_rng(4)) for _ in range(2))
    assert a is not None and b is not None
    assert np.bincount(a.y).tolist() == [8, 5, 5]
    np.testing.assert_array_equal(a.start, b.start)
    full = few.windows(strip, training=False, generator=np.random.default_rng(4))
    assert full is not None and len(full) == 40


@pytest.mark.parametrize("params", [{"normals": 0}, {"paced": "maybe"}, {"norms": 3}])
def test_bad_parameters_are_refused(params: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        task(task_params=params)


def test_unknown_channel_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="rr_usual"):
        beat_channels(np.zeros(10, np.float32), 100.0, np.array([5]), names=("rr_usal",))


def test_channels_do_not_depend_on_gain_or_on_the_point_marked_as_r() -> None:
    strip = strip_of("NNNNANNNVNNN" * 3)
    assert strip.beats is not None
    r = strip.beats[0]
    plain = beat_channels(strip.samples_mv, RATE_HZ, r)
    louder = beat_channels(3 * strip.samples_mv, RATE_HZ, r)
    moved = beat_channels(strip.samples_mv, RATE_HZ, r + np.random.default_rng(1).integers(-7, 8, len(r)))
    np.testing.assert_allclose(plain, louder, atol=1e-4)
    near = slice(96 - 40, 96 + 45)  # farther out the sinus beat is a median of neighbours at many distances
    assert np.abs(plain - moved)[:, near].max() < 0.2


def test_premature_beat_shows_as_short_interval_and_foreign_beat_as_unlike() -> None:
    symbols = "NNNNANNNVNNN" * 4
    strip = strip_of(symbols)
    assert strip.beats is not None
    x = beat_channels(strip.samples_mv, RATE_HZ, strip.beats[0])
    at = 4 * 32  # slot of the beat itself
    rr, alike = x[:, at, CHANNELS.index("rr_usual")], x[:, at, CHANNELS.index("qrs_alike")]
    kind = np.array(list(symbols))
    assert rr[kind == "A"].max() < -0.8 < -0.2 < rr[kind == "N"].min()
    assert alike[kind == "V"].max() < 0.5 < 0.9 < alike[kind == "N"].min()


def test_sinus_beat_stays_sinus_where_most_beats_are_premature() -> None:
    strip = strip_of("NVNVNV" * 10)
    assert strip.beats is not None
    x = beat_channels(strip.samples_mv, RATE_HZ, strip.beats[0], names=("sinus",))
    assert x[:, 96, 0].min() > 1.5


def test_channels_do_not_depend_on_what_comes_much_later() -> None:
    strip = strip_of("NNNNANNNVNNN" * 12)
    assert strip.beats is not None
    r = strip.beats[0]
    whole = beat_channels(strip.samples_mv, RATE_HZ, r)
    cut = beat_channels(strip.samples_mv[: r[99] + 2 * int(RATE_HZ)], RATE_HZ, r[:100])
    np.testing.assert_array_equal(whole[:64], cut[:64])


def test_made_up_strips_give_every_class_in_training_only() -> None:
    strip = strip_of("N" * 60)
    generous = task(task_params={"made_up": 10, "normals": 10})
    windows = generous.windows(strip, training=True, generator=np.random.default_rng(3))
    assert windows is not None and np.isfinite(windows.x).all()
    counts = np.bincount(windows.y, minlength=5)
    assert counts[0] > 100 and counts[1] > 20 and counts[2] > 10
    plain = generous.windows(strip, training=False, generator=np.random.default_rng(3))
    assert plain is not None and len(plain) == 60


def test_strips_of_known_rhythm_are_borrowed_for_training_alone() -> None:
    typed = strip_of("N" * 40)
    strip = dataclasses.replace(typed, beats=None, statements=frozenset({"SR"}))
    lending = task(task_params={"borrowed": 1.0})
    windows = lending.windows(strip, training=True, generator=np.random.default_rng(0))
    assert windows is not None and 20 < len(windows) <= 100
    assert lending.windows(strip, training=False, generator=np.random.default_rng(0)) is None
    assert task().windows(strip, training=True, generator=np.random.default_rng(0)) is None
    other = dataclasses.replace(strip, statements=frozenset({"PACE"}))
    assert lending.windows(other, training=True, generator=np.random.default_rng(0)) is None


def test_fibrillating_strips_lend_normal_beats() -> None:
    rng = np.random.default_rng(2)
    r = np.round(np.cumsum(rng.uniform(0.5, 1.1, 40)) * RATE_HZ).astype(np.int64)
    strip = Strip("p", "p", "I", RATE_HZ, trace(r, [1.0] * 40), statements=frozenset({"A"}))
    windows = task(task_params={"fibrillating": 1.0}).windows(strip, training=True, generator=rng)
    assert windows is not None and set(windows.y.tolist()) == {0}


def test_aberrant_beats_can_be_left_out_of_training() -> None:
    strip = strip_of("NNNNNNAV" * 6)
    assert strip.beats is not None
    renamed = tuple("A" if s == "V" else s for s in strip.beats[1])
    strip = dataclasses.replace(strip, beats=(strip.beats[0], renamed))
    cautious = task(task_params={"aberrant": False})
    learned = cautious.windows(strip, training=True, generator=np.random.default_rng(0))
    scored = cautious.windows(strip, training=False, generator=np.random.default_rng(0))
    assert learned is not None and np.bincount(learned.y).tolist() == [36, 6]
    assert scored is not None and np.bincount(scored.y).tolist() == [36, 12]


def test_only_the_leads_asked_for_are_scored_but_all_are_learned() -> None:
    strip = dataclasses.replace(strip_of("NNNA" * 5), lead="V1")
    picky = task(task_params={"scored_leads": ["mlii"]})
    assert picky.windows(strip, training=False, generator=np.random.default_rng(0)) is None
    assert picky.windows(strip, training=True, generator=np.random.default_rng(0)) is not None


def test_ecg_alone_stands_for_all_channels() -> None:
    plain = Beat(parse_config({"task": "beat", "window": {"length": 192}}))
    assert plain.config.window.channels == CHANNELS
    windows = plain.windows(strip_of("NNAN"), training=False, generator=np.random.default_rng(0))
    assert windows is not None and windows.x.shape == (4, 192, len(CHANNELS))
