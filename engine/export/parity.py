"""Does the exported model still say what the trained one said?

Three computations of the same windows are laid side by side: Keras in float, the .tflite file in LiteRT, and the
same file in TensorFlow Lite Micro. Differences are counted in steps of the output's integer scale (LSB); where the
output is float, a step is 1/255 of the range of the outputs seen.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.errors import EngineError

F32 = NDArray[np.float32]
Decision = Literal["argmax", "sign", "none"]  # how outputs become findings: by class, by logit, or not at all
Score = Callable[[F32], float]  # of the outputs of all parity windows as the model gives them; higher is better

WORST_SHOWN = 10
INT8_STEPS = 255
# Kernels round differently: by 1.3 steps of an INT8 output on average in the worst of the models tried, while
# graphs that TFLM computes wrongly are off by dozens.
TFLM_STEPS = 4


@dataclass(frozen=True)
class ParityWindows:
    """Windows on which the exported model must agree with the trained one: of validation patients, never test.

    x: preprocessed windows [n, length, channels]. score: the task's own metric, None where there is none.
    decision: how the task reads outputs. origin: where the windows came from, for the report.
    """

    x: F32
    score: Score | None
    metric: str
    decision: Decision
    origin: str


@dataclass(frozen=True)
class Agreement:
    """How far two computations of the same windows are apart; differences in steps of `lsb` output units."""

    pair: str
    windows: int
    outputs: int
    lsb: float
    span: float  # range of the outputs wanted, in output units
    max_lsb: float
    mean_lsb: float
    over_0_lsb: int
    over_1_lsb: int
    decisions: int
    decisions_changed: int
    worst_windows: tuple[tuple[int, float, float], ...]  # index, largest and mean difference

    @property
    def changed_fraction(self) -> float:
        """Part of the decisions that differ."""
        return self.decisions_changed / self.decisions if self.decisions else 0.0

    def to_document(self) -> dict[str, Any]:
        """JSON-ready figures."""
        return {
            "pair": self.pair,
            "windows": self.windows,
            "outputs": self.outputs,
            "lsb": self.lsb,
            "max_lsb": round(self.max_lsb, 3),
            "mean_lsb": round(self.mean_lsb, 4),
            "over_0_lsb": self.over_0_lsb,
            "over_1_lsb": self.over_1_lsb,
            "decisions": self.decisions,
            "decisions_changed": self.decisions_changed,
            "worst_windows": [
                {"window": k, "max_lsb": round(worst, 3), "mean_lsb": round(mean, 4)}
                for k, worst, mean in self.worst_windows
            ],
        }


@dataclass(frozen=True)
class ParityReport:
    """Float against exported against TFLM, and what the export cost in the task's own metric."""

    sha256: str
    origin: str
    float_exported: Agreement
    exported_tflm: Agreement | None
    tflm_note: str  # why there is no comparison with TFLM; empty where there is one
    metric: str
    metric_float: float | None
    metric_exported: float | None
    max_metric_drop: float

    @property
    def metric_drop(self) -> float | None:
        """What was lost; negative where the exported model scores better."""
        if self.metric_float is None or self.metric_exported is None:
            return None
        return self.metric_float - self.metric_exported

    @property
    def faults(self) -> tuple[str, ...]:
        """Why the exported model must not be used; empty when it is sound."""
        found = []
        drop = self.metric_drop
        if drop is not None and not drop <= self.max_metric_drop:  # so that a score of NaN is a fault too
            found.append(
                f"{self.metric} falls from {self.metric_float:.4f} to {self.metric_exported:.4f}, "
                f"the limit is a drop of {self.max_metric_drop:g}"
            )
        pair = self.exported_tflm
        if pair is not None and pair.changed_fraction > self.max_metric_drop:
            found.append(f"TFLM decides {100 * pair.changed_fraction:.1f} % of the outputs otherwise than LiteRT")
        if pair is not None and pair.mean_lsb * pair.lsb > TFLM_STEPS * max(pair.lsb, pair.span / INT8_STEPS):
            found.append(f"TFLM differs from LiteRT by {pair.mean_lsb:.1f} LSB on average")
        return tuple(found)

    def to_document(self) -> dict[str, Any]:
        """JSON-ready figures."""
        return {
            "passed": not self.faults,
            "faults": list(self.faults),
            "sha256": self.sha256,
            "windows_from": self.origin,
            "float_vs_exported": self.float_exported.to_document(),
            "exported_vs_tflm": self.exported_tflm.to_document() if self.exported_tflm else None,
            "tflm_note": self.tflm_note,
            "metric": self.metric,
            "metric_float": _finite(self.metric_float),
            "metric_exported": _finite(self.metric_exported),
            "metric_drop": _finite(self.metric_drop),
            "max_metric_drop": self.max_metric_drop,
        }

    def to_text(self) -> str:
        """The same for people."""
        lines = [_sentence(self.float_exported)]
        lines.append(
            _sentence(self.exported_tflm) if self.exported_tflm else f"no TFLM comparison: {self.tflm_note}"
        )
        if self.metric_drop is not None:
            lines.append(f"{self.metric}: {self.metric_float:.4f} float, {self.metric_exported:.4f} exported")
        lines += [f"FAULT: {fault}" for fault in self.faults]
        return "\n".join(lines) + "\n"


def check(report: ParityReport) -> None:
    """Raise EngineError, with all faults, when the exported model must not be used."""
    if report.faults:
        raise EngineError(
            f"the exported model is not as good as the trained one: {'; '.join(report.faults)}",
            hint="use more representative windows, quantization-aware training (qat_epochs), INT16X8, "
            "or raise max_metric_drop knowingly",
        )


def agreement(pair: str, wanted: F32, got: F32, *, lsb: float, zero_point: int, decision: Decision) -> Agreement:
    """Compare outputs [n, ...] in output units.

    lsb and zero_point: the integer grid of the output; both sides are put on it, without clipping, so that an
    output beyond the range of the grid shows. lsb 0 stands for a float output.
    """
    span = float(wanted.max() - wanted.min())
    if lsb > 0:
        steps = np.abs(_on_grid(got, lsb, zero_point) - _on_grid(wanted, lsb, zero_point))
    else:
        lsb = span / INT8_STEPS or 1.0
        steps = np.abs(got.astype(np.float64) - wanted) / lsb
    flat = steps.reshape(len(steps), -1)
    largest, mean = flat.max(axis=1), flat.mean(axis=1)
    worst = np.argsort(-largest, kind="stable")[:WORST_SHOWN]
    before, after = _decisions(wanted, decision), _decisions(got, decision)
    return Agreement(
        pair=pair,
        windows=len(wanted),
        outputs=wanted.size,
        lsb=lsb,
        span=span,
        max_lsb=float(flat.max()),
        mean_lsb=float(flat.mean()),
        over_0_lsb=int((flat > 0).sum()),
        over_1_lsb=int((flat > 1).sum()),
        decisions=before.size,
        decisions_changed=int((before != after).sum()),
        worst_windows=tuple((int(k), float(largest[k]), float(mean[k])) for k in worst),
    )


def _on_grid(values: F32, lsb: float, zero_point: int) -> NDArray[np.float64]:
    return np.asarray(np.rint(values.astype(np.float64) / lsb) + zero_point)


def _decisions(outputs: F32, decision: Decision) -> NDArray[Any]:
    if decision == "argmax":
        return np.asarray(outputs.argmax(axis=-1))
    return outputs > 0 if decision == "sign" else np.empty(0)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _sentence(pair: Agreement) -> str:
    text = (
        f"{pair.pair}: {pair.windows} windows, mean {pair.mean_lsb:.3f} and at most {pair.max_lsb:.1f} LSB apart, "
        f"{100 * pair.over_1_lsb / pair.outputs:.1f} % of outputs by more than 1"
    )
    return text + (f", {pair.decisions_changed} of {pair.decisions} decisions changed" if pair.decisions else "")
