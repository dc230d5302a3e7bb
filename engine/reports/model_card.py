"""The card of a trained model, in Markdown, made from its configuration and its measured figures alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.config import RunConfig
from engine.datasets.base import DatasetInfo

_FIDUCIALS = ("p_on", "p_off", "qrs_on", "qrs_off", "t_on", "t_off")


def model_card(config: RunConfig, metrics: Mapping[str, Any], datasets: Sequence[DatasetInfo]) -> str:
    """Markdown text. `metrics` is the content of metrics.json."""
    window = config.window
    seconds = window.length / window.rate_hz
    lines = [
        f"# {config.name}",
        "",
        config.about or f"A model for {config.task}.",
        "",
        "For research and engineering. Not a medical device.",
        "",
        "| | |",
        "|---|---|",
        f"| task | {config.task} |",
        f"| input | {window.length} samples at {window.rate_hz:g} Hz ({seconds:.2f} s), "
        f"{', '.join(window.channels)}; {_steps(config)} |",
    ]
    if config.class_names:
        lines.append(f"| classes | {', '.join(config.class_names)} |")
    lines += [
        f"| model | {config.model.name} |",
        f"| parameters | {metrics.get('params', 0):,} |",
        f"| multiply-accumulates per window | {metrics.get('macs', 0):,} |",
        f"| size of model.tflite | {metrics.get('size_bytes', 0):,} bytes ({config.quantization.format}) |",
        f"| split hash | `{str(metrics.get('split_hash', ''))[:16]}` |",
        "",
        "## Figures on test patients",
        "",
        "The exported model on patients it never met in training, validation or calibration; every window counts.",
        "",
    ]
    lines += _figures(metrics)
    lines += _events(metrics.get("events"))
    lines += _gate(metrics)
    lines += ["## Data", ""]
    lines += [f"* {info.title}. {info.citation} Licence: {info.licence}. <{info.home}>" for info in datasets]
    if any(not info.commercial for info in datasets):
        lines += ["", "**Trained on data for non-commercial use only; so are these weights.**"]
    lines += _patients(metrics.get("patients"))
    lines += ["", "## Limits", ""]
    lines += [f"* {limit}" for limit in config.limits] or ["* None stated."]
    lines += ["", "## Rebuild", "", "```", f"heartkit-engine zoo build {config.name} --from DATA", "```", ""]
    return "\n".join(lines)


def _steps(config: RunConfig) -> str:
    if not config.window.preprocesses:
        return "as recorded, in mV"
    return "then " + ", ".join(step.name for step in config.window.preprocesses)


def _figures(metrics: Mapping[str, Any]) -> list[str]:
    lines = ["| figure | value | 95 % interval (patients drawn with replacement) |", "|---|---|---|"]
    intervals = metrics.get("ci95") or {}
    for name, words in (
        ("n", "windows"),
        ("n_patients", "patients"),
        ("coverage", "share of windows scored"),
        ("accuracy", "accuracy"),
        ("f1_macro", "macro F1"),
        ("f1_weighted", "weighted F1"),
        ("auroc_macro", "macro AUROC"),
        ("kappa", "Cohen's kappa"),
        ("ece", "expected calibration error"),
        ("snr_gain_db", "SNR gain, dB"),
    ):
        value = metrics.get(name)
        if value is None:
            continue
        interval = intervals.get(name)
        spread = f"{interval[0]:.3f} to {interval[1]:.3f}" if interval else ""
        lines.append(
            f"| {words} | {value:,}" + f" | {spread} |" if name.startswith("n") else _row(words, value, spread)
        )
    for name, value in (metrics.get("f1_per_class") or {}).items():
        interval = (intervals.get("f1_per_class") or {}).get(name)
        spread = f"{interval[0]:.3f} to {interval[1]:.3f}" if interval else ""
        lines.append(_row(f"F1 of {name}", value, spread))
    for name, value in (metrics.get("task_figures") or {}).items():
        lines.append(_row(name, value, ""))
    return [*lines, ""]


def _row(words: str, value: Any, spread: str) -> str:
    return f"| {words} | {'absent' if value is None else f'{value:.3f}'} | {spread} |"


def _events(events: Mapping[str, Any] | None) -> list[str]:
    if not events:
        return []
    lines = ["| boundary | Se % | +P % | F1 % | mean ms | SD ms |", "|---|---|---|---|---|---|"]
    for name in _FIDUCIALS:
        row = events.get(name)
        if row:
            shares = [None if row.get(key) is None else 100 * row[key] for key in ("se", "ppv", "f1")]
            cells = [*shares, row.get("mean_ms"), row.get("sd_ms")]
            lines.append(f"| {name} | " + " | ".join("" if c is None else f"{c:.2f}" for c in cells) + " |")
    return [*lines, ""]


def _gate(metrics: Mapping[str, Any]) -> list[str]:
    parity = metrics.get("parity")
    if not parity:
        return []
    pair, micro = parity["float_vs_exported"], parity.get("exported_vs_tflm")
    rows = [
        ("decisions that differ from the float model", f"{pair['decisions_changed']:,} of {pair['decisions']:,}"),
        ("validation figure, float", _figure(parity.get("metric_float"))),
        ("validation figure, exported", _figure(parity.get("metric_exported"))),
        (
            "output step apart from TensorFlow Lite Micro, at most",
            f"{micro['max_lsb']:g}" if micro else "not compared",
        ),
    ]
    return ["## Quantization", "", "| | |", "|---|---|", *(f"| {words} | {value} |" for words, value in rows), ""]


def _figure(value: float | None) -> str:
    return "none" if value is None else f"{value:.4f}"


def _patients(patients: Mapping[str, Mapping[str, int]] | None) -> list[str]:
    if not patients:
        return []
    lines = ["", "| dataset | training patients | validation | test |", "|---|---|---|---|"]
    return lines + [f"| {name} | {n['train']} | {n['val']} | {n['test']} |" for name, n in patients.items()]
