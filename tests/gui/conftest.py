"""GUI tests run without a screen; records made here are small and exact."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.analysis.types import ABSENT, Analysis, BeatIntervals, Beats, Fiducials, Span
from engine.config import RunConfig, dump_config
from engine.records.annotations import AAMI_OF_SYMBOL
from engine.records.record import ArrayRecord, Lead, RecordInfo

MakeRecord = Callable[..., ArrayRecord]
MakeAnalysis = Callable[..., Analysis]
WriteModel = Callable[..., Path]


def pytest_configure(config: pytest.Config) -> None:
    # Qt's offscreen platform says so whenever a window with size limits is shown; any other warning is a failure.
    config.addinivalue_line("qt_log_ignore", "This plugin does not support propagateSizeHints")


@pytest.fixture
def make_record() -> MakeRecord:
    """A record in memory: `values` [leads, n] in mV, or silence of `seconds`; `valid` marks missing samples."""

    def make(
        names: tuple[str, ...] = ("II",),
        fs: float = 500.0,
        seconds: float = 10.0,
        values: NDArray[np.float32] | None = None,
        valid: NDArray[np.bool_] | None = None,
        units: tuple[str, ...] | None = None,
        **facts: object,
    ) -> ArrayRecord:
        if values is None:
            values = np.zeros((len(names), round(seconds * fs)), np.float32)
        units = units or ("mV",) * len(names)
        leads = tuple(Lead(name, unit) for name, unit in zip(names, units, strict=True))
        info = RecordInfo("made", Path("made"), "array", fs, values.shape[1], leads, **facts)  # type: ignore[arg-type]
        return ArrayRecord(info, values.astype(np.float32), valid)

    return make


@pytest.fixture
def make_analysis() -> MakeAnalysis:
    """Findings for a record: beats at `samples` with WFDB `symbols`, P, QRS and T around each."""

    def make(
        record: ArrayRecord,
        samples: list[int],
        symbols: str | None = None,
        lead: int = 0,
        confidence: list[float] | None = None,
        rhythm: tuple[Span, ...] | None = None,
        quality: tuple[Span, ...] = (),
    ) -> Analysis:
        at = np.array(samples, np.int64)
        kinds = tuple(symbols or "N" * len(at))
        offsets_s = np.array([-0.20, -0.16, -0.12, -0.05, 0.0, 0.05, 0.16, 0.26, 0.34])
        table = at[:, None] + np.round(offsets_s * record.fs).astype(np.int64)[None, :]
        table[(table < 0) | (table >= record.n_samples)] = ABSENT
        rr = np.full(len(at), np.nan, np.float32)
        rr[1:] = np.diff(at) / record.fs * 1000
        full = [np.full(len(at), value, np.float32) for value in (160, 100, 390, 420, 410, 408, 415)]
        return Analysis(
            record=record.name,
            fs=record.fs,
            n_samples=record.n_samples,
            lead=record.leads[lead].name,
            beats=Beats(
                at,
                kinds,
                tuple(AAMI_OF_SYMBOL[k] for k in kinds),
                np.array(confidence if confidence is not None else [0.98] * len(at), np.float32),
            ),
            fiducials=Fiducials.from_table(table),
            beat_intervals=BeatIntervals(rr, *full, np.full(len(at), np.nan, np.float32)),
            rhythm=(Span(0, record.n_samples, "N"),) if rhythm is None else rhythm,
            quality=quality,
        )

    return make


@pytest.fixture
def write_model() -> WriteModel:
    """A model's folder with a real configuration, made-up figures and a file in place of the network."""

    def write(folder: Path, task: str, classes: dict[str, list[str]], **changes: Any) -> Path:
        folder.mkdir(parents=True)
        config = {
            "name": folder.name,
            "about": f"Made for tests of {task}. Nothing else.",
            "task": task,
            "classes": classes,
            "datasets": [{"name": "ludb"}],
            "model": {"name": "tcn"},
            "limits": ["Knows nothing of children."],
            **changes,
        }
        figures = {
            "n": 400,
            "n_patients": 40,
            "coverage": 1.0,
            "f1_macro": 0.912,
            "ci95": {"f1_macro": [0.9, 0.92], "f1_per_class": {"qrs": [0.95, 0.97]}},
            "f1_per_class": {"qrs": 0.96, "p": None},
            "headline": "f1_macro 0.9120 on 40 test patients",
            "params": 7000,
            "macs": 1_100_000,
            "heartkit_compatible": {"f1_macro": 0.95, "coverage": 0.89},
            "events": {"p_on": {"se": 0.98, "ppv": 0.97, "f1": 0.975, "mean_ms": -1.5, "sd_ms": 12.25}},
        }
        (folder / "config.json").write_text(dump_config(RunConfig.model_validate(config)))
        (folder / "metrics.json").write_text(json.dumps(figures))
        (folder / "model.tflite").write_bytes(folder.name.encode())
        return folder

    return write


@pytest.fixture
def zoo(tmp_path: Path, write_model: WriteModel, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Built-in models of the tests' own, in place of those that ship."""
    folder = tmp_path / "zoo"
    write_model(folder / "seg-a", "segmentation", {"none": ["none"], "p": ["p"], "qrs": ["qrs"], "t": ["t"]})
    write_model(folder / "ppg-a", "segmentation", {"none": ["none"], "sys": ["sys"]})
    write_model(folder / "beat-a", "beat", {"n": ["N"], "v": ["V"]})
    write_model(folder / "rhythm-a", "rhythm", {"sr": ["sr"], "afib": ["afib", "aflut"]})
    write_model(folder / "rate-a", "rhythm", {"sr": ["sr"], "sbrad": ["sbrad"]})
    names = tuple(sorted(path.name for path in folder.iterdir()))
    monkeypatch.setattr("engine.runtime.zoo.zoo_names", lambda: names)
    monkeypatch.setattr("engine.runtime.zoo.zoo_folder", lambda name: folder / name)
    return folder
