"""Figures that need more than a model and its test windows: waves after a denoiser, what an embedding knows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.config import RunConfig
from engine.datasets.catalog import find_folder
from engine.errors import EngineError
from engine.jobs.events import Job
from engine.modes.predictors import Predictor, open_predictor
from engine.runtime.zoo import zoo_names
from engine.tasks.base import WindowSet

F32 = NDArray[np.float32]
Predict = Callable[[WindowSet], F32]
WindowsOf = Callable[[RunConfig, str], WindowSet]

REFERENCE = "seg-4-xl"  # segments the signals of the denoiser
_WAVES = "ludb"  # the one dataset whose every wave is marked, of people no denoiser of ours was trained on
_SEED = 31


def waves_after_denoising(
    predictor: Predictor, config: RunConfig, part: str, windows_of: WindowsOf
) -> dict[str, Any]:
    """Segmentation of LUDB's test recordings as recorded, denoised, with noise added, and that denoised.

    Per-sample macro F1 against the cardiologists' marks. Noise is that of the noise stress database at 0 dB (power
    of the recording over power of the noise), each kind in turn, its test part. `drop` is what denoising a clean
    recording costs. Empty when LUDB, or the model that segments, is not there, or the rates differ.
    """
    from engine.datasets.noise import load_noise, noise_at_snr
    from engine.evaluation.do_no_harm import segmentation_kept

    ludb, nstdb = _folder(config, _WAVES), _folder(config, "nstdb")
    if ludb is None or nstdb is None or REFERENCE not in zoo_names():
        return {}
    segmenter = open_predictor(REFERENCE)
    rate_hz = segmenter.config.window.rate_hz
    if rate_hz != config.window.rate_hz or config.window.channels != ("ecg",):
        return {}
    chosen = tuple(c.model_copy(update={"path": ludb}) for c in segmenter.config.datasets if c.name == _WAVES)
    windows = windows_of(segmenter.config.model_copy(update={"datasets": chosen}), part)
    noises = load_noise(nstdb, rate_hz, "test")
    generator = np.random.default_rng(_SEED)

    def denoised(x_mv: F32) -> F32:
        return _through(predictor, x_mv, config.window.length)

    def noisy(name: str) -> Callable[[F32], F32]:
        def add(x_mv: F32) -> F32:
            recorded = noises[name][generator.integers(len(noises[name]))]
            at = generator.integers(0, len(recorded) - len(x_mv) + 1)
            noise = recorded[None, at : at + len(x_mv), None]
            return x_mv + noise_at_snr(x_mv[None, :, None], noise - noise.mean(), 0.0)[0, :, 0]

        return add

    def compared(x: F32) -> dict[str, float]:
        return segmentation_kept(segment, clean, x, windows.y, k)

    def segment(x: F32) -> NDArray[np.int64]:
        return np.asarray(segmenter.predict(x).argmax(axis=-1), np.int64)

    k, clean = len(segmenter.config.classes), windows.x
    of_clean = compared(_recordings(windows, windows.x, denoised))
    before, after = [], []
    for name in noises:
        x = _recordings(windows, windows.x, noisy(name))
        before.append(compared(x)["f1_macro_denoised"])
        after.append(compared(_recordings(windows, x, denoised))["f1_macro_denoised"])
    return {
        "segmented_by": segmenter.identity,
        "n_recordings": len(np.unique(_keys(windows))),
        "f1_macro_clean": of_clean["f1_macro_clean"],
        "f1_macro_clean_denoised": of_clean["f1_macro_denoised"],
        "drop": of_clean["drop"],
        "f1_macro_noisy_0_db": float(np.mean(before)),
        "f1_macro_noisy_0_db_denoised": float(np.mean(after)),
    }


def probed_statements(
    config: RunConfig, test: WindowSet, test_outputs: F32, train: WindowSet, predict: Predict
) -> dict[str, Any]:
    """Linear probes of PTB-XL's superclasses on a frozen embedding, fitted on training patients.

    Empty when no record of the test windows states one of them.
    """
    from engine.evaluation.linear_probe import probe_statements
    from engine.tasks.diagnostic import SUPERCLASSES
    from engine.tasks.foundation import SEPARATOR, STATEMENTS

    stated = {word for text in np.unique(test.extra[STATEMENTS]) for word in str(text).split(SEPARATOR)}
    if not any(stated & set(words) for words in SUPERCLASSES.values()):
        return {}
    return probe_statements(
        predict(train), train, test_outputs, test, SUPERCLASSES,
        replicates=config.evaluation.bootstrap, seed=config.seed,
    )  # fmt: skip


def further_figures(
    predictor: Predictor, config: RunConfig, part: str, job: Job, test: WindowSet, outputs: F32,
    windows_of: Callable[[RunConfig, str, Job], WindowSet], predicted: Callable[[Predictor, WindowSet, Job], F32],
) -> dict[str, Any]:  # fmt: skip
    """What to add to the document of an evaluation; empty for most tasks."""
    if config.task == "denoise":
        kept = waves_after_denoising(predictor, config, part, lambda c, p: windows_of(c, p, job))
        return {"segmentation_kept": kept} if kept else {}
    if config.task == "foundation" and part in ("val", "test"):
        train = windows_of(config, "train", job)
        probe = probed_statements(config, test, outputs, train, lambda w: predicted(predictor, w, job))
        return {"linear_probe": probe} if probe else {}
    return {}


def _folder(config: RunConfig, name: str) -> Path | None:
    """Where a dataset lies: in the configuration, beside its datasets, or where downloads go."""
    for choice in config.datasets:
        if choice.name == name and choice.path is not None:
            return choice.path
    for choice in config.datasets:
        if choice.path is not None and (choice.path.parent / name).is_dir():
            return choice.path.parent / name
    try:
        return find_folder(name, None)
    except EngineError:
        return None


def _keys(windows: WindowSet) -> NDArray[np.str_]:
    return np.char.add(np.char.add(windows.record.astype(str), "\0"), windows.lead.astype(str))


def _recordings(windows: WindowSet, x: F32, change: Callable[[F32], F32]) -> F32:
    """Windows [n, length, 1] after each recording, put together from its windows, was changed as a whole."""
    from engine.tasks.cutting import cut
    from engine.tasks.wave_events import stitch

    changed = np.empty_like(x)
    keys = _keys(windows)
    for key in np.unique(keys):
        rows = np.flatnonzero(keys == key)
        at = windows.extra["at"][rows]
        rows, at = rows[np.argsort(at)], np.sort(at)
        signal = change(stitch(x[rows], at)[:, 0])
        changed[rows] = cut(signal.astype(np.float32), at - at[0], x.shape[1])[:, :, None]
    return changed


def _through(predictor: Predictor, x_mv: F32, length: int) -> F32:
    """A signal [n] in mV after the model, in overlapping windows; one too short for a window stays as it is."""
    from engine.tasks.cutting import cut
    from engine.tasks.wave_events import stitch, window_starts

    starts = window_starts(len(x_mv), length)
    if not len(starts):
        return x_mv
    return stitch(predictor.predict(cut(x_mv, starts, length)[:, :, None]), starts)[:, 0]
