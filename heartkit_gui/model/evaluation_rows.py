"""The figures of an evaluation as rows of text: for the wizard and the list of models. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Key, words, decimals; in the order of display. Figures a document lacks are left out.
FIGURES: tuple[tuple[str, str, int], ...] = (
    ("f1_macro", "Macro F1", 3),
    ("f1_weighted", "Weighted F1", 3),
    ("accuracy", "Accuracy", 3),
    ("kappa", "Cohen's kappa", 3),
    ("auroc_macro", "Macro AUROC", 3),
    ("ece", "Calibration error", 3),
    ("snr_gain_db", "SNR gain, dB", 2),
    ("snr_in_db", "SNR before, dB", 2),
    ("snr_out_db", "SNR after, dB", 2),
    ("prd", "Residual (PRD), %", 1),
    ("cosine", "Likeness (cosine)", 3),
    ("mae", "Mean absolute error, mV", 4),
    ("same_patient_nearest", "Nearest window is of the same patient", 3),
)
SHAPES = (
    ("correlation_median", "QRS shape: correlation, median"),
    ("correlation_p05", "QRS shape: correlation, worst 5 %"),
    ("amplitude_ratio_median", "QRS height kept, median ratio"),
)
BOUNDARIES = (
    ("p_on", "P onset"), ("p_off", "P end"), ("qrs_on", "QRS onset"), ("qrs_off", "QRS end"), ("t_on", "T onset"),
    ("t_off", "T end"),
)  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """A named figure, its interval, and the same figure computed as HeartKit does."""

    name: str
    value: str
    interval: str = ""
    heartkit: str = ""

    @property
    def tip(self) -> str:
        """The whole name, for columns too narrow for it."""
        return self.name


@dataclass(frozen=True)
class EventRow:
    """How one kind of wave boundary was found."""

    name: str
    se: str
    ppv: str
    mean: str
    sd: str
    tip: str = ""


def figure_rows(document: Mapping[str, Any]) -> list[Figure]:
    """Figures of an evaluation document; what it does not have is left out."""
    intervals = document.get("ci95") or {}
    heartkit = document.get("heartkit_compatible") or {}
    rows = []
    if document.get("n") is not None:
        of = f" of {document['n_patients']:,} patients" if document.get("n_patients") else ""
        rows.append(Figure("Windows", f"{document['n']:,}", of.strip()))
    coverage = heartkit.get("coverage")
    shown = "" if coverage is None else f"{coverage:.1%}"
    rows.append(Figure("Windows that count", f"{document.get('coverage') or 1:.1%}", "", shown))
    for key, words, decimals in FIGURES:
        if isinstance(document.get(key), int | float):
            theirs = heartkit.get(key)
            rows.append(
                Figure(
                    words, f"{document[key]:.{decimals}f}", _interval(intervals.get(key), decimals),
                    f"{theirs:.{decimals}f}" if isinstance(theirs, int | float) else "",
                )
            )  # fmt: skip
    per_class = intervals.get("f1_per_class") or {}
    for name, value in (document.get("f1_per_class") or {}).items():
        rows.append(
            Figure(
                f"F1 of {name}", "absent" if value is None else f"{value:.3f}", _interval(per_class.get(name), 3)
            )
        )
    shape = document.get("shape") or {}
    rows += [Figure(words, f"{shape[key]:.3f}") for key, words in SHAPES if isinstance(shape.get(key), int | float)]
    taken = {words.lower() for _, words, _ in FIGURES} | {"snr in, db", "snr out, db", "prd, %", "cosine likeness"}
    for words, value in (document.get("task_figures") or {}).items():
        if words.lower() not in taken and isinstance(value, int | float):
            rows.append(Figure(words[:1].upper() + words[1:], f"{value:.3f}"))
    for row in document.get("by_snr_db") or ():
        rows.append(
            Figure(f"SNR gain at {row['group']:g} dB", f"{row['snr_gain_db']:.2f} dB", f"{row['n']:,} windows")
        )
    return rows


def event_rows(document: Mapping[str, Any]) -> list[EventRow]:
    """Wave boundaries of a segmentation; none for other tasks."""
    events = document.get("events") or {}
    rows = []
    for key, words in BOUNDARIES:
        event = events.get(key)
        if event:
            se, ppv, mean, sd = (event.get(name) for name in ("se", "ppv", "mean_ms", "sd_ms"))
            rows.append(EventRow(words, _share(se), _share(ppv), _ms(mean, signed=True), _ms(sd)))
    return rows


def _interval(pair: Any, decimals: int) -> str:
    return f"{pair[0]:.{decimals}f} to {pair[1]:.{decimals}f}" if pair and None not in pair else ""


def _share(value: Any) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _ms(value: Any, *, signed: bool = False) -> str:
    if value is None:
        return "–"
    return f"{value:+.1f} ms" if signed else f"{value:.1f} ms"
