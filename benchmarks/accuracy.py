"""Accuracy of every built-in model on its test patients, as it ships, against what was aimed at.

`python benchmarks/accuracy.py --data FOLDER` scores every model anew; without --data the stored figures of each
model's metrics.json are shown. `--write` puts the table into README.md. Nothing is asserted: a missed aim is shown
as missed.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.jobs.events import Job
from engine.modes.evaluate import evaluate_model
from engine.resources import resource_path
from engine.runtime.zoo import zoo_names

README = Path(__file__).resolve().parent.parent / "README.md"
BEGIN, END = "<!-- zoo table -->", "<!-- end of zoo table -->"


@dataclass(frozen=True)
class Aim:
    """A figure, where it stands in the evaluation document, and the least (or, `below`, the most) aimed at."""

    words: str
    place: tuple[str, ...]
    value: float
    below: bool = False

    def of(self, document: Mapping[str, Any]) -> float | None:
        found: Any = document
        for step in self.place:
            if found is None:
                return None
            found = mean_of(found, step) if "+" in step else found.get(step)
        return None if found is None else float(found)

    def met(self, value: float) -> bool:
        return value <= self.value if self.below else value >= self.value


def mean_of(found: Mapping[str, Any], names: str) -> float | None:
    """Mean of several entries, written "N+A+O"."""
    values = [found.get(name) for name in names.split("+")]
    return None if None in values else sum(values) / len(values)  # type: ignore[arg-type]


def f1(name: str) -> tuple[str, ...]:
    return ("f1_per_class", name)


AIMS: Mapping[str, tuple[Aim, ...]] = {
    "seg-2": (Aim("QRS F1 per sample", f1("qrs"), 0.93),),
    "seg-4-sm": (Aim("macro F1 per sample", ("f1_macro",), 0.90), Aim("P F1 per sample", f1("p"), 0.86)),
    "seg-4-lg": (
        Aim("macro F1 per sample", ("f1_macro",), 0.92),
        Aim("P F1 per sample", f1("p"), 0.88),
        Aim("boundaries, macro F1 at 150 ms", ("event_f1_macro_150ms",), 0.98),
        Aim("boundaries, macro F1, tight", ("event_f1_macro_tight",), 0.96),
        Aim("P onsets in 10 s of AF or flutter", ("p_onsets_per_10_s_without_p",), 2.0, below=True),
    ),
    "seg-4-xl": (
        Aim("boundaries, macro F1 at 150 ms", ("event_f1_macro_150ms",), 0.989),
        Aim("boundaries, macro F1, tight", ("event_f1_macro_tight",), 0.977),
        Aim("QRS onset SD, ms", ("events", "qrs_on", "sd_ms"), 12, below=True),
        Aim("QRS offset SD, ms", ("events", "qrs_off", "sd_ms"), 14, below=True),
        Aim("P onset SD, ms", ("events", "p_on", "sd_ms"), 14, below=True),
        Aim("T offset SD, ms", ("events", "t_off", "sd_ms"), 18, below=True),
    ),
    "beat-aami": (Aim("V F1", f1("V"), 0.93), Aim("S F1", f1("S"), 0.72), Aim("N F1", f1("N"), 0.98)),
    "beat-3": (
        Aim("PVC F1", f1("pvc"), 0.93),
        Aim("PAC F1", f1("pac"), 0.72),
        Aim("normal F1", f1("normal"), 0.98),
    ),
    "beat-2": (),
    "rhythm-2": (Aim("macro F1 per record", ("per_record", "f1_macro"), 0.97),),
    "rhythm-cinc": (Aim("mean F1 of N, A, O per record", ("per_record", "f1_per_class", "N+A+O"), 0.80),),
    "rhythm-4": (Aim("macro F1", ("f1_macro",), 0.93),),
    "den-sm": (),
    "den-lg": (
        Aim("SNR gain at 0 dB, dB", ("snr_gain_db",), 9.0),
        Aim("macro F1 of waves lost by denoising", ("segmentation_kept", "drop"), 0.02, below=True),
    ),
    "diag": (),
}


def rows(name: str, document: Mapping[str, Any]) -> list[str]:
    """Table rows of one model."""
    size = f"{document.get('params', 0):,} / {2 * document.get('macs', 0) / 1e6:.2f} M"
    aims = AIMS.get(name, ())
    if not aims:
        metric = document["headline_metric"]
        return [f"| {name} | {size} | {metric.replace('_', ' ')} | {_shown(document[metric])} | |"]
    lines = []
    for number, aim in enumerate(aims):
        value = aim.of(document)
        sign = "at most" if aim.below else "at least"
        verdict = "" if value is None or aim.met(value) else ", missed"
        head = f"| {name} | {size}" if number == 0 else "| |"
        shown = "not measured" if value is None else _shown(value)
        lines.append(f"{head} | {aim.words} | {shown} | {sign} {_shown(aim.value)}{verdict} |")
    return lines


def _shown(value: float | None) -> str:
    if value is None:
        return "not measured"
    return f"{value:.3f}" if abs(value) < 1 else f"{value:.1f}"


def table(documents: Mapping[str, Mapping[str, Any]]) -> str:
    """The whole table."""
    lines = ["| model | parameters / FLOP | figure | reached | aim |", "|---|---|---|---|---|"]
    for name, document in documents.items():
        lines += rows(name, document)
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", metavar="NAME", help="models (default: all)")
    parser.add_argument("--data", type=Path, help="folder with the datasets")
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    options = parser.parse_args()
    documents = {}
    for name in options.models or zoo_names():
        stored = json.loads((resource_path("models", name) / "metrics.json").read_text(encoding="utf-8"))
        if options.data is not None:
            stored |= evaluate_model(name, Job(), source=options.data).to_document()
        documents[name] = stored
    text = table(documents)
    print(text)
    if options.write:
        page = README.read_text(encoding="utf-8")
        head, _, rest = page.partition(BEGIN)
        _, _, tail = rest.partition(END)
        README.write_text(f"{head}{BEGIN}\n{text}\n{END}{tail}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
