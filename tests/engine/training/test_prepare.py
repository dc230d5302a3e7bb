from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.config import RunConfig, parse_config
from engine.datasets import catalog
from engine.datasets.base import Dataset, DatasetInfo, RhythmSpan, Strip
from engine.errors import Cancelled, ConfigError, EngineError
from engine.jobs.events import Job
from engine.tasks import registry
from engine.tasks.base import Task, WindowSet
from engine.training import window_cache
from engine.training.prepare import prepare

RATE_HZ = 50.0


class Toys(Dataset):
    """Twelve patients in one text file, each with a constant signal; odd ones fibrillate."""

    info = DatasetInfo("toys", "Toys", "CC0", "none", "none", RATE_HZ, 12, 0, tables=("toys.txt",))
    read: list[str] = []  # noqa: RUF012 - counts what is cut, for the tests

    def patients(self) -> tuple[str, ...]:
        return tuple((self.folder / "toys.txt").read_text().split())

    def strips(self, patient: str, leads: Sequence[str] | None = None) -> Iterator[Strip]:
        self.read.append(patient)
        number = int(patient[1:])
        rhythm = "afib" if number % 2 else "sr"
        yield Strip(
            patient, patient, "I", RATE_HZ, np.full(500, number, np.float32), rhythms=(RhythmSpan(0, 500, rhythm),)
        )

    def published_split(self) -> Mapping[str, tuple[str, ...]]:
        everyone = self.patients()
        return {"train": everyone[:8], "val": everyone[8:10], "test": everyone[10:]}


class ToyTask(Task):
    name = "toy"
    target = "per_window"
    summary = "a task of the tests"

    def default_classes(self) -> Mapping[str, tuple[str, ...]]:
        return {"SR": ("sr",), "AF": ("afib",)}

    def windows(self, strip: Strip, *, training: bool, generator: np.random.Generator) -> WindowSet | None:
        length = self.config.window.length
        starts = (
            np.sort(generator.integers(0, 500 - length, 20)) if training else np.arange(0, 500 - length, length)
        )
        x = strip.samples_mv[starts[:, None] + np.arange(length)][:, :, None] + starts[:, None, None] / 1000
        n = len(starts)
        assert strip.rhythms is not None
        return WindowSet(
            x.astype(np.float32), np.full(n, int(strip.rhythms[0].rhythm == "afib")), np.full(n, strip.patient),
            np.full(n, strip.record), np.full(n, strip.lead), starts, np.full(n, RATE_HZ, np.float32),
        )  # fmt: skip


@pytest.fixture(autouse=True)
def toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(catalog._registered, "toys", Toys)
    monkeypatch.setitem(registry._registered, "toy", ToyTask)
    Toys.read.clear()
    folder = tmp_path / "toys"
    folder.mkdir()
    (folder / "toys.txt").write_text(" ".join(f"p{k}" for k in range(12)))
    return folder


def config(folder: Path, **changes: Any) -> RunConfig:
    window = {"rate_hz": RATE_HZ, "length": 50, **changes.pop("window", {})}
    return parse_config({
        "task": "toy", "datasets": [{"name": "toys", "path": str(folder)}], "window": window, **changes,
    })  # fmt: skip


def texts(events: list[Mapping[str, Any]], kind: str) -> str:
    return " ".join(e["text"] for e in events if e["event"] == kind)


def test_windows_of_a_patient_are_on_one_side_only(toys: Path, tmp_path: Path) -> None:
    found = prepare(config(toys), Job(), tmp_path / "cache")
    assert [set(w.patient) for w in (found.train, found.val, found.test)] == [
        {f"p{k}" for k in ks} for ks in (range(8), range(8, 10), range(10, 12))
    ]
    assert len(found.train) == 8 * 20 and len(found.test) == 2 * 9
    assert found.splits["toys"].test == ("p10", "p11") and len(found.split_hash) == 64


def test_a_second_time_nothing_is_cut_again(toys: Path, tmp_path: Path) -> None:
    first = prepare(config(toys), Job(), tmp_path / "cache")
    assert len(Toys.read) == 12
    second = prepare(config(toys, training={"learning_rate": 0.5}), Job(), tmp_path / "cache")
    assert len(Toys.read) == 12
    np.testing.assert_array_equal(first.train.x, second.train.x)
    np.testing.assert_array_equal(first.train.record, second.train.record)


@pytest.mark.parametrize("change", ["length", "seed", "task_params", "file"])
def test_what_shapes_windows_makes_them_anew(toys: Path, tmp_path: Path, change: str) -> None:
    prepare(config(toys), Job(), tmp_path / "cache")
    changed = {
        "length": config(toys, window={"length": 40}),
        "seed": config(toys, seed=1),
        "task_params": config(toys, task_params={"any": 1}),
        "file": config(toys),
    }[change]
    if change == "file":
        (toys / "more.txt").write_text("new")
    Toys.read.clear()
    prepare(changed, Job(), tmp_path / "cache")
    assert set(Toys.read) >= {f"p{k}" for k in range(8)}


@pytest.mark.parametrize("damage", ["flip", "cut", "gone"])
def test_a_damaged_cache_is_made_again(toys: Path, tmp_path: Path, damage: str) -> None:
    first = prepare(config(toys), Job(), tmp_path / "cache")
    expected = np.array(first.train.x)
    for file in (tmp_path / "cache").rglob("x.npy"):
        data = bytearray(file.read_bytes())
        data[-10] ^= 255
        if damage == "gone":
            file.unlink()
        else:
            file.write_bytes(data if damage == "flip" else data[:-30])
    events: list[Mapping[str, Any]] = []
    again = prepare(config(toys), Job(events.append), tmp_path / "cache")
    np.testing.assert_array_equal(again.train.x, expected)
    assert "damaged" in texts(events, "warning")


def test_entries_not_used_for_longest_are_thrown_out(
    toys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(config(toys), Job(), tmp_path / "cache")
    old = set((tmp_path / "cache").glob("*/index.json"))
    for index in old:
        os.utime(index, (1e9, 1e9))
    monkeypatch.setattr(window_cache, "_MOST_BYTES", 10)
    prepare(config(toys, seed=1), Job(), tmp_path / "cache")
    left = set((tmp_path / "cache").glob("*/index.json"))
    assert len(old) == 3 and len(left) == 3 and len(old & left) == 2  # val and test were used again


def test_a_cache_that_cannot_be_written_does_no_harm(toys: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file is in the way")
    events: list[Mapping[str, Any]] = []
    assert len(prepare(config(toys), Job(events.append), tmp_path / "cache").train) == 160
    assert "cannot be kept" in texts(events, "warning")


def test_training_windows_of_a_patient_are_limited_and_do_not_depend_on_others(toys: Path, tmp_path: Path) -> None:
    few = prepare(config(toys, window={"max_per_patient": 5}), Job(), tmp_path / "cache").train
    assert [int((few.patient == f"p{k}").sum()) for k in range(8)] == [5] * 8
    (toys / "toys.txt").write_text(" ".join(f"p{k}" for k in range(1, 13)))
    other = prepare(config(toys, window={"max_per_patient": 5}), Job(), tmp_path / "cache").train
    np.testing.assert_array_equal(few.x[few.patient == "p3"], other.x[other.patient == "p3"])


def test_counts_are_told_and_a_class_without_windows_is_warned_about(toys: Path, tmp_path: Path) -> None:
    (toys / "toys.txt").write_text(" ".join(f"p{k}" for k in (*range(8), 8, 10, 12, 13)))
    events: list[Mapping[str, Any]] = []
    prepare(config(toys), Job(events.append), tmp_path / "cache")
    assert "train: 160 windows of 8 patients; SR 80, AF 80" in texts(events, "message")
    assert texts(events, "warning") == "no val window has the class AF"


def test_sides_not_asked_for_stay_empty(toys: Path, tmp_path: Path) -> None:
    found = prepare(config(toys), Job(), tmp_path / "cache", sides=("test",))
    assert (len(found.train), len(found.val), len(found.test)) == (0, 0, 18)
    assert set(Toys.read) == {"p10", "p11"}


def test_a_dataset_for_training_only_adds_nothing_to_the_other_sides(toys: Path, tmp_path: Path) -> None:
    whole = config(toys)
    extra = whole.model_copy(
        update={"datasets": tuple(d.model_copy(update={"train_only": True}) for d in whole.datasets)}
    )
    prepared = prepare(extra, Job(), tmp_path)
    assert np.array_equal(prepared.train.x, prepare(whole, Job(), tmp_path).train.x)
    assert len(prepared.val) == len(prepared.test) == 0


def test_cancelling_stops_the_cutting(toys: Path, tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        prepare(config(toys), Job(cancelled=lambda: len(Toys.read) >= 3), tmp_path / "cache")
    assert len(Toys.read) == 3
    assert len(prepare(config(toys), Job(), tmp_path / "cache").train) == 160


def test_faults_of_the_configuration_are_named(toys: Path, tmp_path: Path) -> None:
    plain = config(toys)
    with pytest.raises(ConfigError, match="no dataset"):
        prepare(plain.model_copy(update={"datasets": ()}), Job(), tmp_path)
    with pytest.raises(ConfigError, match="twice"):
        prepare(plain.model_copy(update={"datasets": plain.datasets * 2}), Job(), tmp_path)


def test_scoring_needs_no_noise_that_only_training_adds(
    toys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog, "default_folder", lambda name: tmp_path / "nowhere" / name)
    noisy = config(toys, training={"augmentations": [{"name": "nstdb_noise"}]})
    assert len(prepare(noisy, Job(), tmp_path / "cache", sides=("test",)).test)
    with pytest.raises(EngineError, match="nstdb"):
        prepare(noisy, Job(), tmp_path / "cache", sides=("train",))
