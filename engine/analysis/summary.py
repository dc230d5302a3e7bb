"""One plain sentence on what was found."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.analysis.types import RHYTHM_LABELS, Beats, Measure, Span

_EVENT_LABELS = frozenset({"B", "T", "C", "RUN", "SRUN", "PAUSE", "ASYS"})
_SILENT = frozenset({"NOISE", "UNKNOWN"})
_NAMES = {"VT": "ventricular tachycardia", "IVR": "idioventricular rhythm", "AFIB": "atrial fibrillation"}
_SMALL = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def summary_sentence(
    beats: Beats,
    rhythm: tuple[Span, ...],
    quality: tuple[Span, ...],
    intervals: Mapping[str, Measure],
    fs_hz: float,
    n_samples: int,
) -> str:
    """For example "Sinus rhythm, 73/min, with 12 ventricular beats and one couplet; no pause.".

    Parameters
    ----------
    rhythm: base spans and events as `statements` gives them.
    intervals: without an "hr" no rate is named; where rhythms change it is that of the prevailing one.
    """
    base = [s for s in rhythm if s.label not in _EVENT_LABELS]
    events = [s for s in rhythm if s.label in _EVENT_LABELS]
    seconds: dict[str, float] = {}
    for span in base:
        seconds[span.label] = seconds.get(span.label, 0.0) + (span.stop - span.start) / fs_hz
    readable = {label: s for label, s in seconds.items() if label not in _SILENT}
    asystole = [s for s in events if s.label == "ASYS"]
    if not readable:
        if asystole:
            return f"No heart beat found: {asystole[0].detail}."
        if seconds.get("NOISE", 0.0) > 0.5 * n_samples / fs_hz:
            return "The signal is too noisy to read."
        return f"Too little readable signal for a rhythm statement ({_count(len(beats), 'beat')})."

    main = max(readable, key=lambda label: readable[label])
    total = sum(readable.values())
    words = RHYTHM_LABELS[main]
    rate = intervals["hr"].value if "hr" in intervals else float("nan")
    if len(readable) > 1 and np.isfinite(rate):
        rate = _rate(beats, [s for s in base if s.label == main], fs_hz)
    if np.isfinite(rate):
        words += f", {rate:.0f}/min"
    others = sorted((label for label in readable if label != main), key=lambda label: -readable[label])
    shares = [
        f"{_lower(label)} ({_length(readable[label], total)})"
        for label in others
        if label not in ("VT", "IVR", "SVTA")
    ]
    if shares:
        words += ", also " + _list(shares)

    finds = []
    ventricular = sum(a == "V" for a in beats.aami)
    supraventricular = sum(a == "S" for a in beats.aami)
    if ventricular:
        finds.append(_count(ventricular, "ventricular beat"))
    if supraventricular:
        finds.append(_count(supraventricular, "supraventricular beat"))
    for label, noun in (
        ("C", "couplet"),
        ("RUN", "ventricular run"),
        ("SRUN", "supraventricular run"),
        ("B", "episode of bigeminy"),
        ("T", "episode of trigeminy"),
    ):
        number = sum(s.label == label for s in events)
        if number:
            finds.append(_count(number, noun))
    if finds:
        words += " with " + _list(finds)
    elif main == "N":
        words += " without ectopic beats"

    pauses = [s for s in events if s.label == "PAUSE"]
    tail = []
    if pauses:
        longest = max(pauses, key=lambda s: s.stop - s.start)
        tail.append(f"{_count(len(pauses), 'pause')}, the longest {(longest.stop - longest.start) / fs_hz:.1f} s")
    if asystole:
        longest = max(asystole, key=lambda s: s.stop - s.start)
        tail.append(f"asystole: {longest.detail}")
    if not tail:
        tail.append("no pause")
    lost = sum(seconds.get(label, 0.0) for label in _SILENT) * fs_hz / n_samples
    if lost > 0.5:
        words = f"Only {100 * (1 - lost):.0f} % is readable, and there: {words[0].lower()}{words[1:]}"
    elif lost > 0.05:
        tail.append(f"{100 * lost:.0f} % not readable")
    return f"{words}; {'; '.join(tail)}."


def _rate(beats: Beats, spans: list[Span], fs_hz: float) -> float:
    """Median rate per minute of the beats inside the spans; NaN with fewer than two in a row."""
    rr = [np.diff(beats.sample[slice(*np.searchsorted(beats.sample, [s.start, s.stop]))]) for s in spans]
    joined = np.concatenate(rr) if rr else np.zeros(0)
    return float(60 * fs_hz / np.median(joined)) if joined.size else float("nan")


def _lower(label: str) -> str:
    name = _NAMES.get(label, RHYTHM_LABELS[label])
    return name[0].lower() + name[1:]


def _length(seconds: float, total: float) -> str:
    return f"{seconds:.0f} s" if seconds < 60 else f"{100 * seconds / total:.0f} % of the time"


def _count(number: int, noun: str) -> str:
    head, _, tail = noun.partition(" ")
    plural = noun if number == 1 else (f"{head}s {tail}" if tail.startswith("of ") else f"{noun}s")
    return f"{_SMALL[number] if number < len(_SMALL) else number} {plural}"


def _list(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
