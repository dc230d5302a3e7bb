"""The shipped segmentation and denoising models keep to their size and are as good as their cards say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from engine.presets import load_preset
from engine.resources import resource_path
from engine.runtime.model import Model
from engine.tasks.wave_events import events_from_probabilities, stitch, window_starts

# name -> most parameters, most multiply-accumulates a window of 256 samples
SIZES = {
    "seg-2": (2_500, 250_000),
    "seg-4-sm": (8_000, 1_200_000),
    "seg-4-lg": (12_000, 2_000_000),
    "seg-4-xl": (150_000, 8_000_000),
    "den-sm": (3_500, 500_000),
    "den-lg": (7_000, 950_000),
}


def metrics(name: str) -> Mapping[str, Any]:
    return json.loads((resource_path("models") / name / "metrics.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", SIZES)
def test_models_keep_to_their_size(name: str):
    figures = metrics(name)
    params, macs = SIZES[name]
    assert figures["params"] <= params and figures["macs"] <= macs


@pytest.mark.parametrize("name", SIZES)
def test_models_were_made_from_their_presets(name: str):
    config = json.loads((resource_path("models") / name / "config.json").read_text(encoding="utf-8"))
    preset = load_preset(name)
    assert config["model"]["params"] == preset.model.params
    assert list(config["classes"]) == list(preset.class_names)


@pytest.mark.parametrize(
    ("name", "macro", "p_wave"), [("seg-4-sm", 0.90, 0.86), ("seg-4-lg", 0.92, 0.88), ("seg-4-xl", 0.92, 0.88)]
)
def test_figures_per_sample_on_unseen_patients(name: str, macro: float, p_wave: float):
    figures = metrics(name)
    assert figures["n_patients"] == 41 and figures["coverage"] == 1.0
    assert figures["f1_macro"] >= macro and figures["f1_per_class"]["p"] >= p_wave


@pytest.mark.parametrize(("name", "wide", "tight"), [("seg-4-lg", 0.980, 0.960), ("seg-4-xl", 0.989, 0.977)])
def test_figures_of_boundaries_on_unseen_patients(name: str, wide: float, tight: float):
    figures = metrics(name)
    assert figures["event_f1_macro_150ms"] >= wide and figures["event_f1_macro_tight"] >= tight


def test_spread_of_boundaries_of_the_large_model():
    events = metrics("seg-4-xl")["events"]
    most_ms = {"qrs_on": 12, "qrs_off": 14, "p_on": 14, "t_off": 18}
    assert {name: events[name]["sd_ms"] < most for name, most in most_ms.items()} == dict.fromkeys(most_ms, True)


def test_denoising_gain_on_unseen_patients_and_noise():
    figures = metrics("den-lg")
    assert figures["snr_gain_db"] >= 9 and abs(figures["snr_in_db"]) < 0.01


@pytest.mark.parametrize("name", ["seg-2", "seg-4-sm", "seg-4-lg", "seg-4-xl"])
def test_every_complex_of_a_plain_rhythm_is_found(name: str):
    time = np.arange(960) / 100
    phase = (time % 0.8) - 0.4
    ecg = 1.2 * np.exp(-((phase / 0.018) ** 2)) - 0.25 * np.exp(-(((phase - 0.04) / 0.012) ** 2))
    ecg += 0.15 * np.exp(-(((phase + 0.17) / 0.03) ** 2)) + 0.3 * np.exp(-(((phase - 0.25) / 0.06) ** 2))
    model = Model.open(name)
    starts = window_starts(len(time), 256)
    windows = ecg[starts[:, None] + np.arange(256)][:, :, None].astype(np.float32)
    events = events_from_probabilities(
        stitch(model.predict(windows), starts), model.card.class_names, 100.0, signal_mv=ecg.astype(np.float32)
    )
    peaks = events.qrs.peak
    expected = np.arange(40, 960, 80)
    assert len(peaks) == len(expected) and np.abs(peaks - expected).max() < 3
