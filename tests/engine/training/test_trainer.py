from __future__ import annotations

import json
import shutil
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.config import RunConfig, dump_config, parse_config
from engine.errors import Cancelled, ConfigError, EngineError
from engine.jobs.events import Job
from engine.tasks.base import WindowSet
from engine.training.prepare import Prepared
from engine.training.trainer import train

pytest.importorskip("keras")
LENGTH = 64


def config(**training: Any) -> RunConfig:
    quantization = training.pop("quantization", {})
    window = training.pop("window", {})
    return parse_config({
        "task": "segmentation",
        "classes": {"none": [], "p": ["p"], "qrs": ["qrs"]},
        "window": {"length": LENGTH, **window},
        "model": {"name": "tcn", "params": {
            "input_kernel": 3, "input_filters": 8, "output_kernel": 3,
            "blocks": [{"filters": 8, "kernel": 3, "dropout": 0.2}],
        }},
        "quantization": quantization,
        "training": {
            "epochs": 4, "batch_size": 16, "learning_rate": 0.02,
            "augmentations": [{"name": "random_noise"}, {"name": "random_shift"}], **training,
        },
    })  # fmt: skip


def windows(n: int, seed: int) -> WindowSet:
    """Steps of three heights: the height is the class."""
    generator = np.random.default_rng(seed)
    y = np.repeat(generator.integers(0, 3, (n, LENGTH // 8)), 8, axis=1)
    x = (y[:, :, None] + 0.2 * generator.standard_normal((n, LENGTH, 1))).astype(np.float32)
    names = np.full(n, "p")
    extra = {"dataset": np.zeros(n, np.int64)}
    return WindowSet(x, y, names, names, names, np.zeros(n, np.int64), np.full(n, 100, np.float32), extra)


def prepared(train_windows: WindowSet | None = None) -> Prepared:
    return Prepared(
        windows(160, 0) if train_windows is None else train_windows, windows(48, 1), windows(16, 2), {}, "hash"
    )


def load(path: Path) -> Any:
    import keras

    return keras.models.load_model(path, safe_mode=True)


def run_with_copy(run: RunConfig, folder: Path, stage: str, done: int) -> list[Mapping[str, Any]]:
    """Train to the end, and keep in `folder`-killed what a kill at that moment would have left; the events."""
    events: list[Mapping[str, Any]] = []

    def sink(event: Mapping[str, Any]) -> None:
        events.append(event)
        if event["event"] == "progress" and (event["stage"], event["done"]) == (stage, done):
            shutil.copytree(folder, killed(folder))

    train(run, prepared(), folder, Job(sink))
    return events


def killed(folder: Path) -> Path:
    return folder.with_name(folder.name + "-killed")


def assert_equal_models(a: Path, b: Path) -> None:
    for mine, other in zip(load(a).weights, load(b).weights, strict=True):
        np.testing.assert_array_equal(mine.numpy(), other.numpy())


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Mapping[str, Any]]]:
    """A run from start to end, and its events; its -killed copy died in the third epoch."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    return folder, run_with_copy(config(), folder, "train", 30)


def test_it_learns_and_leaves_a_plain_model(finished: tuple[Path, list[Mapping[str, Any]]]) -> None:
    folder, _ = finished
    history = json.loads((folder / "history.json").read_text())
    assert history[-1]["val_loss"] < 0.8 * history[0]["val_loss"]
    assert history[-1]["val_f1_macro"] > 0.7
    model = load(folder / "model.keras")
    assert getattr(model, "optimizer", None) is None and model.output_shape == (None, LENGTH, 3)


def test_it_tells_size_progress_and_figures(finished: tuple[Path, list[Mapping[str, Any]]]) -> None:
    _, events = finished
    size = next(e["text"] for e in events if e["event"] == "message")
    assert "parameters" in size and "MAC" in size and "receptive field 7 samples" in size
    assert [e["epoch"] for e in events if e["event"] == "metric"] == [0, 1, 2, 3]
    assert {"loss", "val_loss", "val_f1_macro"} == set(next(e for e in events if e["event"] == "metric")["values"])
    progress = [e for e in events if e["event"] == "progress"]
    assert progress[-1]["done"] == progress[-1]["total"] == 40


def test_history_and_curves_are_written(finished: tuple[Path, list[Mapping[str, Any]]]) -> None:
    folder, _ = finished
    rows = (folder / "history.csv").read_text().splitlines()
    assert rows[0] == "epoch,loss,val_loss,val_f1_macro" and len(rows) == 5
    drawing = ElementTree.fromstring((folder / "curves.svg").read_text())
    assert len(drawing.findall("{http://www.w3.org/2000/svg}polyline")) == 3


def test_a_killed_run_resumes_to_the_same_weights_bit_for_bit(
    finished: tuple[Path, list[Mapping[str, Any]]],
) -> None:
    folder, _ = finished
    assert len(json.loads((killed(folder) / "history.json").read_text())) == 2
    messages: list[Mapping[str, Any]] = []
    resumed = train(config(), prepared(), killed(folder), Job(messages.append), resume=True)
    assert any("goes on after epoch 2" in e.get("text", "") for e in messages)
    assert (killed(folder) / "history.json").read_text() == (folder / "history.json").read_text()
    assert_equal_models(folder / "model.keras", resumed)


def test_cancelling_keeps_the_epochs_done(tmp_path: Path) -> None:
    done: list[int] = []
    job = Job(lambda e: done.append(1) if e["event"] == "metric" else None, cancelled=lambda: bool(done))
    with pytest.raises(Cancelled):
        train(config(), prepared(), tmp_path, job)
    assert (tmp_path / "checkpoint.npz").is_file() and not (tmp_path / "model.keras").exists()


def test_a_loss_that_is_no_number_stops_the_run_with_a_cure_and_leaves_it_resumable(tmp_path: Path) -> None:
    sick = windows(160, 0)
    done: list[int] = []

    def poison(event: Mapping[str, Any]) -> None:
        if event["event"] == "metric":
            done.append(1)
            sick.x[:] = np.nan

    with pytest.raises(EngineError, match=r"loss stopped being a number in epoch 2.*learning_rate"):
        train(config(augmentations=[]), prepared(sick), tmp_path, Job(poison))
    assert len(done) == 1
    healthy = train(config(augmentations=[]), prepared(), tmp_path, Job(), resume=True)
    assert len(json.loads((tmp_path / "history.json").read_text())) == 4 and healthy.is_file()


def test_patience_ends_the_run_and_the_best_weights_stay(tmp_path: Path) -> None:
    scrambled = prepared()
    scrambled.train.y[:] = np.random.default_rng(0).permuted(scrambled.train.y, axis=1)
    events: list[Mapping[str, Any]] = []
    train(config(epochs=30, patience=2, learning_rate=0.1, ema=None), scrambled, tmp_path, Job(events.append))
    history = json.loads((tmp_path / "history.json").read_text())
    best = max(range(len(history)), key=lambda k: history[k]["val_f1_macro"])
    assert len(history) == best + 3 < 30
    assert any("no better" in e.get("text", "") for e in events)


def test_damaged_checkpoints_are_named(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.npz").write_bytes(b"PK\x03\x04 nonsense")
    with pytest.raises(EngineError, match=r"checkpoint\.npz: is damaged"):
        train(config(), prepared(), tmp_path, Job(), resume=True)


def test_a_task_with_a_target_for_every_sample_refuses_resizing(tmp_path: Path) -> None:
    resized = config(window={"preprocesses": [{"name": "resizing", "params": {"length": 32}}]})
    with pytest.raises(ConfigError, match="resizing"):
        train(resized, prepared(), tmp_path, Job())


def test_without_training_windows_nothing_is_trained(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="no training windows"):
        train(config(), prepared(windows(160, 0).take(np.zeros(0, np.int64))), tmp_path, Job())


def test_a_student_learns_from_its_teacher_alone(
    finished: tuple[Path, list[Mapping[str, Any]]], tmp_path: Path
) -> None:
    teacher, _ = finished
    (teacher / "config.json").write_text(dump_config(config()))
    unlabelled = windows(160, 0)
    unlabelled.y[:] = -1
    taught = config(teacher=str(teacher), distillation_weight=1.0)
    train(taught, prepared(unlabelled), tmp_path, Job())
    assert json.loads((tmp_path / "history.json").read_text())[-1]["val_f1_macro"] > 0.7


def test_a_teacher_of_another_task_is_refused(
    finished: tuple[Path, list[Mapping[str, Any]]], tmp_path: Path
) -> None:
    teacher, _ = finished
    (teacher / "config.json").write_text(dump_config(config(window={"rate_hz": 250})))
    with pytest.raises(ConfigError, match=r"window\.rate_hz: 250"):
        train(config(teacher=str(teacher)), prepared(), tmp_path, Job())


def test_fine_tuning_starts_where_the_other_model_ended(
    finished: tuple[Path, list[Mapping[str, Any]]], tmp_path: Path
) -> None:
    first, _ = finished
    tuned = config(initial_weights=str(first / "model.keras"), epochs=1, learning_rate=1e-5, ema=None)
    train(tuned, prepared(), tmp_path, Job())
    before = json.loads((first / "history.json").read_text())[-1]["val_f1_macro"]
    assert json.loads((tmp_path / "history.json").read_text())[0]["val_f1_macro"] > before - 0.05


class TestInt8:
    def test_tuning_lowers_the_error_and_resumes_to_the_same_weights(self, tmp_path: Path) -> None:
        run = config(epochs=2, quantization={"qat_epochs": 2, "qat_learning_rate": 5e-3}, monitor="loss")
        folder = tmp_path / "run"
        run_with_copy(run, folder, "int8 tuning", 20)
        history = json.loads((folder / "history_int8.json").read_text())
        assert history[0]["epoch"] == -1
        assert min(row["val_loss"] for row in history[1:]) < history[0]["val_loss"]
        kinds = {type(layer).__name__ for layer in load(folder / "model.keras").layers}
        assert "BatchNormalization" not in kinds and not any(kind.startswith("Int8") for kind in kinds)
        resumed = train(run, prepared(), killed(folder), Job(), resume=True)
        assert_equal_models(folder / "model.keras", resumed)

    def test_the_simulation_rounds_weights_and_activations(self) -> None:
        from engine.config import Choice
        from engine.models.build import build_model
        from engine.models.fold import deployable
        from engine.training.qat import simulate_int8

        choice = Choice(name=config().model.name, params=config().model.params)
        plain = deployable(build_model(choice, length=LENGTH, channels=1, outputs=3, head="sample"))
        simulated = simulate_int8(plain)
        x = windows(32, 3).x
        simulated(x, training=True)
        exact, rounded = plain(x).numpy(), simulated(x).numpy()
        difference = np.abs(exact - rounded).max()
        assert 0 < difference < 0.1 * np.ptp(exact)
        assert len(np.unique(rounded)) <= 256
