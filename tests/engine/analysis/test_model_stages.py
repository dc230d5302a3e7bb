"""Models as stages of the analysis: fixed places, no dependence on how the stream is cut, waves on their beats."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.analysis.model_beats import BeatModel
from engine.analysis.model_rhythm import RhythmModel
from engine.analysis.model_waves import WaveModel, with_p_waves_of
from engine.analysis.model_windows import ModelWindows
from engine.analysis.stages import CLASSICAL, DEFAULT, Stages
from engine.analysis.types import ABSENT, Fiducials
from engine.config import RunConfig, WindowConfig
from engine.errors import ConfigError

LENGTH = 256


@dataclass(frozen=True)
class FakeCard:
    config: RunConfig
    name: str = "fake"
    identity: str = "fake/0"

    @property
    def task(self) -> str:
        return self.config.task

    @property
    def class_names(self) -> tuple[str, ...]:
        return self.config.class_names


@dataclass
class FakeModel:
    """Calls a sample by its height: above 0.8 mV QRS, 0.1 to 0.2 P, 0.2 to 0.5 T. Rhythm: share of high samples."""

    card: Any
    seen: list[int] = field(default_factory=list)

    def predict(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        assert windows.shape[0] == 1, "every window runs by itself"
        self.seen.append(windows.shape[1])
        x = windows[0, :, 0]
        if self.card.task == "rhythm":
            share = float((x > 0.8).mean())
            return np.array([[1 - share, share]], np.float32)
        out = np.zeros((1, len(x), 4), np.float32)
        kind = np.select([x > 0.8, (x > 0.08) & (x < 0.2), (x >= 0.2) & (x < 0.5)], [2, 1, 3], 0)
        out[0, np.arange(len(x)), kind] = 0.9
        out[0] += 0.025
        return out


def segmenter() -> FakeModel:
    classes = {"none": ("none",), "p": ("p",), "qrs": ("qrs",), "t": ("t",)}
    config = RunConfig(task="segmentation", classes=classes, window=WindowConfig(length=LENGTH))
    return FakeModel(FakeCard(config))


def rhythm_model() -> FakeModel:
    classes = {"SR": ("sr",), "AFIB": ("afib",)}
    return FakeModel(
        FakeCard(RunConfig(task="rhythm", classes=classes, window=WindowConfig(length=LENGTH, hop=100)))
    )


def steps(seconds: float, fs: float = 500.0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """A staircase ECG: P, QRS and T as boxes of their own heights, one beat a second."""
    x = np.zeros(round(seconds * fs), np.float32)
    r = np.arange(0.5, seconds - 0.6, 1.0)
    for at in r:
        for low, high, height in ((-0.2, -0.1, 0.14), (-0.04, 0.05, 1.2), (0.2, 0.35, 0.35)):
            x[round((at + low) * fs) : round((at + high) * fs)] = height
    return x, np.round(r * fs).astype(np.int64)


def table_of(x: NDArray[np.float32], r: NDArray[np.int64], cuts: list[int]) -> NDArray[np.int64]:
    stream = WaveModel(segmenter(), 500.0)  # type: ignore[arg-type]
    for part in np.split(x, cuts):
        stream.push(part)
    stream.finish()
    return stream.fiducials(r).table()


def test_waves_do_not_depend_on_how_the_stream_is_cut() -> None:
    x, r = steps(200.0)
    whole = table_of(x, r, [])
    cuts = np.sort(np.random.default_rng(1).integers(0, len(x), 60)).tolist()
    np.testing.assert_array_equal(table_of(x, r, cuts), whole)


def test_every_wave_lands_on_its_beat() -> None:
    x, r = steps(200.0)
    table = table_of(x, r, [])
    offsets = (table - r[:, None]) / 500.0
    assert (table != ABSENT).all()
    borders = offsets[:, [0, 2, 3, 4, 5, 6, 8]]
    expected = [-0.2, -0.1, -0.04, 0.0, 0.05, 0.2, 0.35]
    np.testing.assert_allclose(borders, np.tile(expected, (len(r), 1)), atol=0.012)
    assert ((offsets[:, 1] > -0.2) & (offsets[:, 1] < -0.1)).all()
    assert ((offsets[:, 7] > 0.2) & (offsets[:, 7] < 0.35)).all()


def test_a_stream_stopped_early_gives_the_waves_of_a_file_of_that_length() -> None:
    x, r = steps(150.0)
    stream = WaveModel(segmenter(), 500.0)  # type: ignore[arg-type]
    stream.push(x[:40_100])
    early = copy.deepcopy(stream)
    early.finish()
    stream.push(x[40_100:])
    stream.finish()
    np.testing.assert_array_equal(early.fiducials(r[:70]).table(), table_of(x[:40_100], r[:70], []))
    np.testing.assert_array_equal(stream.fiducials(r).table(), table_of(x, r, []))


def test_a_beat_without_waves_of_the_model_has_only_its_r() -> None:
    x, _ = steps(20.0)
    r = np.array([5], np.int64)
    row = table_of(np.zeros_like(x), r, [])[0]
    assert row[4] == 5
    assert (np.delete(row, 4) == ABSENT).all()


@pytest.mark.parametrize("seconds", [0.02, 1.0, 2.56, 2.57, 61.3])
def test_every_sample_is_seen_by_some_window(seconds: float) -> None:
    windows = ModelWindows(segmenter(), 100.0, LENGTH - 50)  # type: ignore[arg-type]
    x = np.zeros(round(seconds * 100), np.float32)
    found = windows.push(x)[1]
    found += windows.flush()[1]
    seen = np.zeros(max(len(x), LENGTH), bool)
    for window in found:
        seen[window.start : window.start + LENGTH] = True
    assert seen[: len(x)].all()


def test_fibrillation_is_the_mean_of_the_windows_that_hold_a_beat() -> None:
    fs = 100.0
    x = np.zeros(6000, np.float32)
    x[3000:] = 1.0
    r = np.array([100, 2900, 3100, 5900], np.int64)
    stream = RhythmModel(rhythm_model(), fs)  # type: ignore[arg-type]
    stream.push(x)
    stream.finish()
    chance = stream.fibrillation(r)
    assert chance[0] == 0 and chance[3] == pytest.approx(1, abs=0.02)
    assert 0 < chance[1] < 0.5 < chance[2] < 1


def test_a_model_of_another_task_is_refused_for_a_stage() -> None:
    with pytest.raises(ConfigError, match="model for rhythm"):
        WaveModel(rhythm_model(), 500.0)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="does not tell atrial fibrillation"):
        RhythmModel(segmenter(), 500.0)  # type: ignore[arg-type]


def test_stages_are_read_from_text() -> None:
    assert Stages.parse([]) == DEFAULT
    assert Stages.parse([f"waves={CLASSICAL}", "rhythm=mine"]) == Stages(CLASSICAL, DEFAULT.beats, "mine")
    with pytest.raises(ConfigError, match="stages: waves, beats, rhythm"):
        Stages.parse(["wave=x"])


@dataclass
class FakeBeatModel:
    """Calls a beat ventricular when its own shape is unlike the sinus beat's."""

    card: Any

    def predict(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        assert windows.shape[0] == 1
        unlike = float(np.abs(windows[0, :, 0] - windows[0, :, 1]).mean() > 0.2)
        return np.array([[0.9 - 0.8 * unlike, 0.1 + 0.8 * unlike]], np.float32)


def beat_model(classes: dict[str, tuple[str, ...]]) -> FakeBeatModel:
    window = WindowConfig(length=192, channels=("beat", "sinus"))
    return FakeBeatModel(FakeCard(RunConfig(task="beat", classes=classes, window=window)))


def test_beat_types_do_not_depend_on_where_the_signal_at_hand_begins() -> None:
    x, r = steps(60.0)
    x += np.random.default_rng(2).normal(0, 0.03, len(x)).astype(np.float32)
    x[r[20] - 60 : r[20] + 60] = -np.hanning(120) * 2
    classes = {"N": ("N",), "V": ("V",)}
    whole, parts = BeatModel(beat_model(classes), 500.0), BeatModel(beat_model(classes), 500.0)  # type: ignore[arg-type]
    whole.take(x, 0, r)
    for first in range(0, len(r), 7):
        some = r[first : first + 7]
        begin = max(0, int(some[0]) - 1600)
        parts.take(x[begin : int(some[-1]) + 1600], begin, some)
    said = whole.probabilities()
    np.testing.assert_array_equal(said, parts.probabilities())
    assert whole.symbols == ("N", "V")
    assert np.flatnonzero(said[:, 1] > 0.5).tolist() == [20]


def test_a_beat_model_that_mixes_types_is_refused() -> None:
    with pytest.raises(ConfigError, match="mixes the beat types S, V"):
        BeatModel(beat_model({"N": ("N",), "ectopic": ("A", "V")}), 500.0)  # type: ignore[arg-type]


def _table(rows: list[list[int]]) -> Fiducials:
    return Fiducials.from_table(np.array(rows, np.int64))


def test_p_waves_that_the_model_passes_over_come_from_the_rules_where_they_fit() -> None:
    none = [ABSENT, ABSENT, ABSENT]
    model = _table([[*none, 95, 100, 105, 120, 140, 160], [170, 180, 190, 195, 200, 205, *none]])
    rules = _table([[60, 70, 80, 96, 100, 104, *none], [150, 155, 165, 196, 200, 204, *none]])
    both = with_p_waves_of(model, rules)
    assert both.table()[:, :3].tolist() == [[60, 70, 80], [170, 180, 190]]
    assert np.array_equal(both.table()[:, 3:], model.table()[:, 3:])
    late = _table([[60, 70, 80, 95, 100, 105, 120, 140, 160], [*none, 195, 200, 205, *none]])
    assert with_p_waves_of(late, rules).table()[1, :3].tolist() == none, "inside the T wave before"
