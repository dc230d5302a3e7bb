from __future__ import annotations

import numpy as np
import pytest

from engine.analysis.summary import summary_sentence
from engine.analysis.types import Beats, Measure, Span

FS = 250.0
MINUTE = int(60 * FS)


def sentence(rhythm: tuple[Span, ...], aami: str = "N" * 70, bpm: float = 73.0, n_samples: int = MINUTE) -> str:
    n = len(aami)
    beats = Beats(np.arange(n, dtype=np.int64) * 200, tuple(aami), tuple(aami), np.ones(n, np.float32))
    return summary_sentence(beats, rhythm, (), {"hr": Measure(bpm, "1/min")}, FS, n_samples)


def event(label: str, seconds: float = 1.0, detail: str = "") -> Span:
    return Span(1000, 1000 + int(seconds * FS), label, 0.9, detail)


SINUS = Span(0, MINUTE, "N", 1.0, "73/min")


@pytest.mark.parametrize(
    ("rhythm", "aami", "expected"),
    [
        ((SINUS,), "N" * 70, "Sinus rhythm, 73/min without ectopic beats; no pause."),
        (
            (SINUS, event("C")),
            "N" * 58 + "V" * 12,
            "Sinus rhythm, 73/min with twelve ventricular beats and one couplet; no pause.",
        ),
        (
            (SINUS, event("B"), event("B"), event("PAUSE", 2.6)),
            "NV" * 35 + "S",
            "Sinus rhythm, 73/min with 35 ventricular beats, one supraventricular beat and two episodes of bigeminy"
            "; one pause, the longest 2.6 s.",
        ),
        ((Span(0, MINUTE, "AFIB"),), "N" * 70, "Atrial fibrillation, 73/min; no pause."),
        (
            (Span(0, 9000, "N"), Span(9000, MINUTE, "AFIB")),
            "N" * 70,
            "Sinus rhythm, 75/min, also atrial fibrillation (24 s) without ectopic beats; no pause.",
        ),
        (
            (Span(0, 9000, "N"), Span(9000, MINUTE, "NOISE")),
            "N" * 70,
            "Sinus rhythm, 73/min without ectopic beats; no pause; 40 % not readable.",
        ),
        (
            (Span(0, 3000, "AFIB"), Span(3000, MINUTE, "NOISE")),
            "N" * 70,
            "Only 20 % is readable, and there: atrial fibrillation, 73/min; no pause.",
        ),
        ((Span(0, MINUTE, "NOISE"),), "N" * 3, "The signal is too noisy to read."),
        (
            (
                Span(0, MINUTE, "UNKNOWN", 1.0, "0 beats only"),
                event("ASYS", 60, "no beat found for at least 60.0 s"),
            ),
            "",
            "No heart beat found: no beat found for at least 60.0 s.",
        ),
    ],
)
def test_sentences(rhythm: tuple[Span, ...], aami: str, expected: str) -> None:
    assert sentence(rhythm, aami) == expected


def test_an_unknown_rate_is_not_printed() -> None:
    assert sentence((SINUS,), bpm=float("nan")) == "Sinus rhythm without ectopic beats; no pause."
