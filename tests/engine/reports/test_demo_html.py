"""Demo pages of every task from plain arrays."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from engine.reports.demo_html import (
    DemoBeats,
    DemoDenoise,
    DemoDiagnostic,
    DemoEmbedding,
    DemoRhythm,
    DemoSegment,
    DemoSource,
    DemoSpan,
    DemoTranslate,
    demo_html,
    principal_axes,
)

SOURCE = DemoSource("record <1>", "seg-4/abc")
RATE = 100.0
R = np.arange(50, 9000, 80)
SIGNAL = np.zeros(9000, np.float32)
SIGNAL[R] = 1.0
CLASSES = np.zeros(9000, np.int64)
CLASSES[:50], CLASSES[100:150] = 1, 2


def _svgs(html: str) -> list[ElementTree.Element]:
    return [ElementTree.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", html, re.S)]


DEMOS = [
    (DemoSegment(SOURCE, SIGNAL, RATE, CLASSES, ("none", "p", "qrs"), R), ["Waves", "75.0", "RMSSD", "Poincar"]),
    (DemoBeats(SOURCE, SIGNAL, RATE, R[:2], ("N", "V"), np.array([0.9, 0.4]), 0.5), ["Inconclusive", "Too few"]),
    (DemoRhythm(SOURCE, SIGNAL, RATE, (DemoSpan(0, 900, "AFIB", 0.8),)), ["AFIB 80%", "9.0"]),
    (DemoDenoise(SOURCE, SIGNAL, SIGNAL, RATE), ["no clean reference"]),
    (DemoDenoise(SOURCE, SIGNAL + 0.1, SIGNAL, RATE, SIGNAL), ["SNR dB", "1.000"]),
    (DemoDiagnostic(SOURCE, SIGNAL, RATE, ("MI", "CD"), np.array([0.7, 0.1]), frozenset("X")), ["70%", "stated"]),
    (DemoEmbedding(SOURCE, np.eye(6, 4), tuple("aabbcc")), ["6 windows in 3 groups", "first axis"]),
    (DemoTranslate(SOURCE, SIGNAL, SIGNAL, RATE, "ecg", "ppg", SIGNAL), ["From ecg to ppg", "1.000"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("demo", "words"), DEMOS, ids=lambda v: type(v).__name__ if not isinstance(v, list) else ""
)
def test_every_task_has_a_page(demo, words):
    html = demo_html(demo)
    assert "record &lt;1&gt;" in html
    assert "Not a medical device" in html
    for word in words:
        assert word in html, word
    assert len(_svgs(html)) >= 2
    assert not re.search(r'(src|href)="', html)
    assert not re.search(r"\d\d:\d\d", html)  # no time of day is invented


def test_a_short_recording_has_no_band_powers():
    short = DemoSegment(SOURCE, SIGNAL[:2000], RATE, CLASSES[:2000], ("none", "p", "qrs"), R[R < 2000])
    assert "no band powers" in demo_html(short)
    varied = np.cumsum(80 + 8 * np.sin(np.arange(400) / 3)).astype(np.int64)
    long = DemoSegment(SOURCE, np.zeros(40_000, np.float32), RATE, np.zeros(40_000, int), ("none", "qrs"), varied)
    html = demo_html(long)
    assert "Band powers" in html
    assert "First 60 of 400 s" in html


def test_principal_axes_find_the_direction_of_spread():
    t = np.linspace(-1, 1, 30)
    at, share = principal_axes(np.column_stack([3 * t, 4 * t, np.zeros(30)]))
    assert share[0] == pytest.approx(1)
    assert np.abs(at[:, 0]) == pytest.approx(np.abs(5 * t))
    assert principal_axes(np.zeros((3, 1)))[0].shape == (3, 2)
