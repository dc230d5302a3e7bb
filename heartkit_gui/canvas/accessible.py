"""What the canvas says to a screen reader, as plain text."""

from __future__ import annotations

import math

from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QAccessibleEvent
from PySide6.QtWidgets import QWidget

from engine.analysis.types import RHYTHM_LABELS
from heartkit_gui.canvas.lanes import filter_text, is_non_diagnostic
from heartkit_gui.canvas.marks import KINDS, LOW_CONFIDENCE, Marks
from heartkit_gui.canvas.scale import Scale, elapsed_text, gain_text, speed_text
from heartkit_gui.canvas.scene import Scene

KIND_WORDS = {
    "N": "normal",
    "S": "supraventricular",
    "V": "ventricular",
    "F": "fusion",
    "Q": "unclassified",
    "/": "paced",
}


def describe_view(scene: Scene, scale: Scale, start: int, stop: int) -> str:
    """Leads, time, beats by class, rhythm, quality, scale, filter: "Lead II, 12.0 to 22.0 s of 30:05, 14 beats"."""
    record = scene.record
    if record is None:
        return "No record open."
    names = []
    for row in scene.arrangement.rows:
        names += [cell.label for cell in row.cells if cell.label not in names]
    shown = ("Lead " if len(names) == 1 else "Leads ") + ", ".join(names)
    stop = min(stop, record.n_samples)
    parts = [shown, f"{start / record.fs:.1f} to {stop / record.fs:.1f} s of {elapsed_text(record.duration_s)}"]
    marks = scene.marks
    if marks is not None:
        beats = marks.beats.between(start, stop)
        parts.append("1 beat" if len(beats) == 1 else f"{len(beats)} beats")
        kinds = marks.beats.kind[beats.start : beats.stop]
        for code, kind in enumerate(KINDS):
            count = int((kinds == code).sum())
            if count and kind != "N":
                parts.append(f"{count} {KIND_WORDS[kind]}")
        for spans in (marks.base_rhythm, marks.events):
            for label in dict.fromkeys(span.label for span in spans.between(start, stop)):
                parts.append(RHYTHM_LABELS.get(label, label))
        for label in dict.fromkeys(span.label for span in marks.quality.between(start, stop)):
            parts.append(f"signal partly {label.replace('_', ' ')}")
    state = [speed_text(scale.mm_per_s), gain_text(scale.mm_per_mv), filter_text(scene, scale)]
    if is_non_diagnostic(scene, scale):
        state.append("non-diagnostic bandwidth")
    return f"{', '.join(parts)}. {', '.join(state)}."


def describe_state(scene: Scene, scale: Scale, start: int, stop: int, beat: int) -> str:
    """The selected beat, if any (-1: none), then the view."""
    text = describe_view(scene, scale, start, stop)
    return f"{describe_beat(scene, beat)}. {text}" if beat >= 0 else text


def interval_lines(marks: Marks, index: int) -> list[tuple[str, str]]:
    """Measurements of one beat as (name, value with unit); those that are missing are left out."""
    table = marks.analysis.beat_intervals
    named = (
        ("RR", table.rr_ms, "ms"),
        ("PR", table.pr_ms, "ms"),
        ("QRS", table.qrs_ms, "ms"),
        ("QT", table.qt_ms, "ms"),
        ("QTcB", table.qtc_bazett_ms, "ms"),
        ("QTcF", table.qtc_fridericia_ms, "ms"),
        ("ST", table.st_mv, "mV"),
    )
    lines = []
    for name, values, unit in named:
        if index < len(values) and math.isfinite(values[index]):
            text = f"{values[index]:+.2f}" if unit == "mV" else f"{values[index]:.0f}"
            lines.append((name, f"{text} {unit}"))
    return lines


def describe_beat(scene: Scene, index: int) -> str:
    """One beat in words: "Beat 12 of 2273, V, ventricular, at 0:09.42, RR 640 ms, confidence 93 %"."""
    marks, record = scene.marks, scene.record
    if marks is None or record is None or not 0 <= index < len(marks.beats):
        return "No beat selected"
    beats = marks.beats
    confidence = float(beats.confidence[index])
    parts = [
        f"Beat {index + 1} of {len(beats)}",
        beats.symbol[index],
        KIND_WORDS[KINDS[beats.kind[index]]],
        f"at {elapsed_text(int(beats.sample[index]) / record.fs, 0.01)}",
        *(f"{name} {value}" for name, value in interval_lines(marks, index)),
        f"confidence {confidence * 100:.0f} %",
    ]
    if confidence < LOW_CONFIDENCE:
        parts.append("uncertain")
    return ", ".join(parts)


def announce(widget: QWidget, text: str) -> None:
    """Have a running screen reader say something; nothing happens where there is none."""
    if not text or not QAccessible.isActive():
        return
    QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(widget, text))
    QAccessible.updateAccessibility(QAccessibleEvent(widget, QAccessible.Event.DescriptionChanged))
