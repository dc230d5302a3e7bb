"""The numbers of the live view as words, from the state of a session. No Qt."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.analysis.types import QUALITY_LABELS, RHYTHM_LABELS, Analysis
from engine.devices.live_types import LiveStatistics, ModelFigures, RateAlert
from engine.devices.protocol import DeviceInfo, ModelInfo
from engine.devices.recorder import RecorderStatus
from engine.reports.wording import MISSING, clock, percent
from heartkit_gui.canvas.marks import LOW_CONFIDENCE
from heartkit_gui.live.state_words import sentence
from heartkit_gui.model.comparison import split_rhythm

RECENT_S = 60.0
KINDS = ("N", "S", "V", "F", "Q")
INTERVALS = {
    "PR": "P onset to QRS onset",
    "QRS": "QRS onset to QRS offset",
    "QT": "QRS onset to T offset",
    "QTcF": "QT corrected by Fridericia",
}
VARIABILITY = {
    "SDNN": "Standard deviation of the intervals between normal beats",
    "RMSSD": "Root mean square of their successive differences",
    "pNN50": "Share of successive differences above 50 ms",
}
NOT_AN_ALARM = "not an alarm"
NO_SIGNAL = "No signal now"


@dataclass(frozen=True)
class Present:
    """What is so at this moment, in words; without a stream nothing is.

    `goes_on`: beats still come, so that the type of the newest may change.
    """

    rate: str = MISSING
    rhythm: str = NO_SIGNAL
    alert: str = ""
    contact: str = ""
    goes_on: bool = False


def rate_text(rate_per_min: float) -> str:
    """A heart rate, or a dash."""
    return f"{rate_per_min:.0f}" if math.isfinite(rate_per_min) else MISSING


def rhythm_text(analysis: Analysis | None) -> str:
    """The rhythm of now, in words; doubt is said."""
    if analysis is None or not analysis.rhythm:
        return "Listening…" if analysis is None else "No rhythm yet"
    base, _ = split_rhythm(analysis.rhythm)
    if not base:
        return "No rhythm yet"
    last = base[-1]
    words = RHYTHM_LABELS.get(last.label, last.label)
    return f"{words}?" if last.confidence < LOW_CONFIDENCE else words


def alert_text(alert: RateAlert | None) -> str:
    """A remark on the rate, which says that it is none of an alarm system."""
    if alert is None:
        return ""
    side = "Above" if alert.kind == "high" else "Below"
    return f"{side} {alert.limit_per_min:.0f} per minute ({NOT_AN_ALARM})"


def beat_counts(analysis: Analysis | None, goes_on: bool = False) -> dict[str, int]:
    """Beats of each class since the start; while it goes on without the newest, whose type may still change."""
    aami = analysis.beats.aami if analysis is not None else ()
    aami = aami[:-1] if goes_on else aami
    return {kind: aami.count(kind) for kind in KINDS}


def quality_text(analysis: Analysis | None) -> tuple[float, str]:
    """Readable share of the last minute (NaN before the first second) and why it is not all."""
    if analysis is None or analysis.n_samples < analysis.fs:
        return math.nan, ""
    stop = analysis.n_samples
    start = max(0, stop - round(RECENT_S * analysis.fs))
    bad = np.zeros(stop - start, bool)
    kinds = set()
    for span in analysis.quality:
        if span.stop > start:
            bad[max(0, span.start - start) : span.stop - start] = True
            kinds.add(QUALITY_LABELS.get(span.label, span.label).lower())
    return 1.0 - float(bad.mean()), ", ".join(sorted(kinds))


def lead_off_text(mask: int, info: DeviceInfo | None) -> str:
    """Leads without contact."""
    if info is None:
        return ""
    off = [name for i, name in enumerate(info.leads) if mask >> i & 1]
    return f"No contact: {', '.join(off)}" if off else ""


def intervals(analysis: Analysis | None) -> tuple[tuple[str, str], ...]:
    """Medians of PR, QRS, QT and QTc since the start, in milliseconds."""
    rows = []
    for name, key in zip(INTERVALS, ("pr", "qrs", "qt", "qtc_fridericia"), strict=True):
        measure = analysis.intervals.get(key) if analysis is not None else None
        rows.append((name, MISSING if measure is None else f"{measure.value:.0f}"))
    return tuple(rows)


def variability(analysis: Analysis | None) -> tuple[tuple[str, str], ...]:
    """SDNN, RMSSD and pNN50 since the start."""
    rows = []
    for name in VARIABILITY:
        measure = analysis.hrv.get(name.lower()) if analysis is not None else None
        known = measure is not None and math.isfinite(measure.value)
        rows.append((name, f"{measure.value:.0f} {measure.unit}" if known and measure is not None else MISSING))
    return tuple(rows)


def milliseconds(value: float) -> str:
    """As in "34 ms"."""
    return f"{value:.0f} ms" if math.isfinite(value) else MISSING


def amount(value: float, unit: str) -> str:
    """As in "4.24 M instructions"."""
    if not math.isfinite(value):
        return MISSING
    for factor, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= factor:
            return f"{value / factor:.3g}\u2009{prefix}{'' if unit in ('B',) else ' '}{unit}".strip()
    return f"{value:.0f}\u2009{unit}"


@dataclass(frozen=True)
class LinkRow:
    """One figure of the link, with what it means."""

    name: str
    value: str
    tip: str
    is_bad: bool = False


def link_rows(
    told: LiveStatistics, paint_ms: tuple[float, float], frames_per_s: float, frame_ms: float
) -> tuple[LinkRow, ...]:
    """The link in figures; `paint_ms`: delay from board to screen (half of all frames, 95 %)."""
    due = told.samples + told.samples_lost
    share = told.samples_lost / due if due else 0.0
    lost = f"{told.samples_lost:,} of {due:,}".replace(",", "\u2009") if due else MISSING
    away = f", {told.samples_unknown} while away" if told.samples_unknown else ""
    drift = f"{told.drift_ppm:+.0f} ppm" if told.drift_ppm is not None else MISSING
    speed = told.bytes_received / told.elapsed_s if told.elapsed_s > 0 else math.nan
    return (
        LinkRow(
            "To screen",
            _delay(*paint_ms),
            "From the moment a sample was due on the board until it was painted",
            paint_ms[1] > 120,
        ),
        LinkRow(
            "To memory",
            _delay(told.latency.p50_ms, told.latency.p95_ms),
            "From the moment a sample was due on the board until this program had it",
        ),
        LinkRow(
            "Longest gap",
            milliseconds(told.worst_frame_gap_ms),
            "Longest time between two frames: the jitter of the link",
        ),
        LinkRow(
            "Samples lost",
            f"{lost}{away}",
            f"{share:.4%} of the samples due, by the numbers that they carry",
            told.samples_lost > 0,
        ),
        LinkRow(
            "Frames bad",
            f"{told.frames_bad:,}".replace(",", "\u2009"),
            f"Refused by their check sum; {100 * told.frames_whole:.2f} % came whole, by their numbers",
            told.frames_bad > 0,
        ),
        LinkRow("Clock drift", drift, "How much faster the board samples than it says, by this computer's clock"),
        LinkRow("Received", f"{amount(speed, 'B')}/s", "Bytes a second over the link"),
        LinkRow("Reconnected", _times(told.reconnections), "How often the link came back by itself"),
        LinkRow(
            "Screen",
            f"{frames_per_s:.0f} fps, 95 % in {frame_ms:.0f} ms" if math.isfinite(frame_ms) else MISSING,
            "Frames painted each second, and the time that painting one takes",
            math.isfinite(frame_ms) and frame_ms > 16,
        ),
    )


@dataclass(frozen=True)
class ModelWords:
    """What a model on the board does: pace and cost, size, how often it equalled the host's run of it."""

    cost: str
    size: str
    equal: str = ""
    differs: bool = False


def model_words(
    model: ModelInfo, figures: ModelFigures | None, recorded: int = 0, is_on: bool = True
) -> ModelWords:
    """Words for a model; `recorded`: instructions of an inference as counted when the image of the emulated board
    was made, told where the board counts none while it streams."""
    parts = [f"{amount(model.flash_bytes, 'B')} flash"] if model.flash_bytes else []
    parts += [f"{amount(model.ram_bytes, 'B')} RAM"] if model.ram_bytes else []
    size = ", ".join(parts)
    if figures is None:
        return ModelWords("on request" if not model.hop else "no result yet" if is_on else "off", size)
    cost = [f"{figures.inferences_per_s:.2g}/s"] if figures.inferences_per_s else []
    cost.append(f"{figures.last_us / 1000:.1f} ms")
    if figures.instructions:
        cost.append(amount(figures.instructions, "instructions"))
    elif recorded:
        cost.append(amount(recorded, "instructions"))
    if figures.skipped:
        cost.append(f"{figures.skipped} left out")
    equal = f"{figures.equal} of {figures.compared} equal" if figures.compared else "not compared"
    return ModelWords(", ".join(cost), size, equal, figures.equal < figures.compared)


def counts_earlier(told: LiveStatistics, recorded: Mapping[str, int]) -> bool:
    """Whether instructions are told that were counted earlier: the board counts none while it streams."""
    return any(not model.instructions and recorded.get(model.model) for model in told.models)


def _times(count: int) -> str:
    """As in "never", "once", "3 times"."""
    return {0: "never", 1: "once"}.get(count, f"{count} times")


def _delay(p50_ms: float, p95_ms: float) -> str:
    """Half and 95 % of the delays."""
    return f"{milliseconds(p50_ms)}, 95 % in {milliseconds(p95_ms)}" if math.isfinite(p50_ms) else MISSING


def board_rows(
    info: DeviceInfo, told: LiveStatistics, recorded: Mapping[str, int] | None = None
) -> tuple[tuple[str, str], ...]:
    """What the board is and how it does; `recorded`: instructions of an inference by model, as in `model_words`."""
    kind = ", simulated" if info.simulated else ", emulated" if info.emulated else ""
    rows = [("Firmware", f"{info.firmware}{kind}")]
    board = told.board
    if math.isfinite(board.cpu_share):
        rows.append(("Processor", f"{percent(board.cpu_share)} busy"))
    known = recorded or {}
    counted = [(m.instructions or known.get(m.model, 0)) * m.inferences_per_s for m in told.models]
    if sum(counted):
        rows.append(("Models", f"{amount(sum(counted), 'instructions')}/s"))
    if info.ram_bytes:
        used = sum(m.ram_bytes for m in info.models)
        rows.append(("RAM", f"{amount(used, 'B')} of {amount(info.ram_bytes, 'B')} by models"))
    if info.flash_bytes:
        used = sum(m.flash_bytes for m in info.models)
        rows.append(("Flash", f"{amount(used, 'B')} of {amount(info.flash_bytes, 'B')} by models"))
    if board.battery_percent >= 0:
        rows.append(("Battery", f"{board.battery_percent} %"))
    if board.samples_dropped:
        rows.append(("Dropped", f"{board.samples_dropped} samples, link too slow"))
    return tuple(rows)


def elapsed(seconds: float) -> str:
    """Time since the start, without tenths."""
    return clock(seconds).rpartition(".")[0]


def recorded(seconds: float, size_bytes: int) -> str:
    """How far a recording is."""
    return f"{elapsed(seconds)}, {amount(size_bytes, 'B')}"


def recorded_words(status: RecorderStatus) -> str:
    """A recording that ended, and why where it ended early."""
    told = f"Recorded {status.name}: {recorded(status.seconds, status.size_bytes)}."
    if not status.n_samples:
        told = "Nothing was recorded."
    return f"{told} {sentence(status.fault)}".strip()
