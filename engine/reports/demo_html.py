"""What a model makes of one recording, for every task, as one self-contained HTML page.

Each task has its own input: plain arrays that the caller took from a recording and a model. Times are seconds from
the recording's start; no time of day is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.reports.charts import Series, chart, image
from engine.reports.demo_intervals import interval_section
from engine.reports.page import COLOURS, figure, number, page, row, table
from engine.reports.strip_svg import paper_pattern
from engine.reports.trace_svg import Band, Curve, Mark, colour_of, rows_svg

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]

INK, FAINT = "#10203a", "#9aa3b5"
_MOST_COMPARED = 400


@dataclass(frozen=True)
class DemoSource:
    """What the demo was made from: names for the heading, and the model's identity."""

    record: str
    model: str
    note: str = ""


@dataclass(frozen=True)
class DemoSegment:
    """Segmentation: signal [n] in mV, class number of each sample [n] (0 draws nothing), R samples [m]."""

    source: DemoSource
    signal_mv: F32
    rate_hz: float
    classes: I64
    class_names: tuple[str, ...]
    r: I64


@dataclass(frozen=True)
class DemoBeats:
    """Beat types: R samples [m], a label and a probability of each; below `threshold` it reads inconclusive."""

    source: DemoSource
    signal_mv: F32
    rate_hz: float
    r: I64
    labels: tuple[str, ...]
    probability: F32
    threshold: float | None = None


@dataclass(frozen=True)
class DemoSpan:
    """A stretch [start, stop) in samples with its label and probability."""

    start: int
    stop: int
    label: str
    probability: float


@dataclass(frozen=True)
class DemoRhythm:
    """Rhythm: signal and labelled stretches; below `threshold` a stretch reads inconclusive."""

    source: DemoSource
    signal_mv: F32
    rate_hz: float
    spans: tuple[DemoSpan, ...]
    threshold: float | None = None


@dataclass(frozen=True)
class DemoDenoise:
    """Denoising: noisy input and output [n] in mV, and the clean reference where there is one."""

    source: DemoSource
    noisy_mv: F32
    clean_mv: F32
    rate_hz: float
    reference_mv: F32 | None = None


@dataclass(frozen=True)
class DemoDiagnostic:
    """Diagnoses: probability of each label, what the publisher states (None: nothing), and the lead shown."""

    source: DemoSource
    signal_mv: F32
    rate_hz: float
    labels: tuple[str, ...]
    probability: F32
    stated: frozenset[str] | None = None
    threshold: float = 0.5


@dataclass(frozen=True)
class DemoEmbedding:
    """Embeddings [n, size] of windows with the group (patient, rhythm ...) each belongs to."""

    source: DemoSource
    vectors: F32
    groups: tuple[str, ...]


@dataclass(frozen=True)
class DemoTranslate:
    """Translation: the input signal, what the model made of it, and the true other signal, each [n]."""

    source: DemoSource
    given: F32
    made: F32
    rate_hz: float
    given_name: str
    made_name: str
    truth: F32 | None = None


Demo = DemoSegment | DemoBeats | DemoRhythm | DemoDenoise | DemoDiagnostic | DemoEmbedding | DemoTranslate


def demo_html(demo: Demo) -> str:
    """The page of a demo."""
    words, body = _PAGES[type(demo)]
    source = demo.source
    facts = f"{escape(source.record)}, by {escape(source.model)}" + (
        f". {escape(source.note)}" if source.note else ""
    )
    title = f"{words}: {source.record}"
    return page(title, [paper_pattern(), f"<h1>{escape(words)}</h1>", f'<p class="facts">{facts}</p>', *body(demo)])


def principal_axes(vectors: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rows [n, size] along their two directions of largest spread [n, 2], and each one's share of the variance."""
    centred = np.asarray(vectors, np.float64) - np.mean(vectors, axis=0)
    _, spread, directions = np.linalg.svd(centred, full_matrices=False)
    share = spread**2 / max(1e-12, float(np.sum(spread**2)))
    at = np.zeros((len(centred), 2))
    found = centred @ directions[:2].T
    at[:, : found.shape[1]] = found
    return at, np.append(share, [0.0, 0.0])[:2]


def _segment(demo: DemoSegment) -> list[str]:
    bands = []
    for c, name in enumerate(demo.class_names):
        if c == 0:
            continue
        edges = np.flatnonzero(np.diff(np.concatenate(([0], (demo.classes == c).astype(np.int8), [0]))))
        short = name.upper().removesuffix("WAVE")
        bands += [
            Band(int(a), int(b), colour_of(name, c), short) for a, b in zip(edges[::2], edges[1::2], strict=True)
        ]
    share = np.bincount(demo.classes, minlength=len(demo.class_names)) / max(1, len(demo.classes))
    marks = [Mark(int(r), "R") for r in demo.r]
    rows = [(name, f"{s:.1%}") for name, s in zip(demo.class_names, share.tolist(), strict=True)]
    return [
        "<h2>Waves</h2>",
        figure(rows_svg([Curve(demo.signal_mv, INK)], demo.rate_hz, bands, marks)),
        table("Share of time", ("class", "share"), rows),
        interval_section(demo.r, demo.rate_hz),
    ]


def _beats(demo: DemoBeats) -> list[str]:
    said = _said(demo.labels, demo.probability, demo.threshold)
    names = sorted(set(said))
    colours = _colours([name for name in names if name != INCONCLUSIVE])
    short = {name: "?" if name == INCONCLUSIVE else name for name in names}
    marks = [Mark(int(r), short[name], colours[name]) for r, name in zip(demo.r, said, strict=True)]
    count = Counter(said)
    rows = [(name, number(count[name]), f"{count[name] / max(1, len(said)):.1%}") for name in names]
    return [
        "<h2>Beats</h2>",
        figure(rows_svg([Curve(demo.signal_mv, INK)], demo.rate_hz, (), marks)),
        table("Counts", ("type", "beats", "share"), rows),
        interval_section(demo.r, demo.rate_hz),
    ]


def _rhythm(demo: DemoRhythm) -> list[str]:
    said = _said([s.label for s in demo.spans], [s.probability for s in demo.spans], demo.threshold)
    colours = _colours(sorted({s.label for s in demo.spans}))
    bands = [
        Band(
            span.start,
            span.stop,
            colours[words],
            f"{words} {span.probability:.0%}" if words == span.label else words,
        )
        for span, words in zip(demo.spans, said, strict=True)
    ]
    rows = [
        (
            f"{span.start / demo.rate_hz:.1f}", f"{span.stop / demo.rate_hz:.1f}", words, span.label,
            f"{span.probability:.0%}",
        )
        for span, words in zip(demo.spans, said, strict=True)
    ]  # fmt: skip
    return [
        "<h2>Rhythm</h2>",
        figure(rows_svg([Curve(demo.signal_mv, INK)], demo.rate_hz, bands)),
        table("Stretches", ("from s", "to s", "finding", "likeliest", "probability"), rows),
    ]


def _denoise(demo: DemoDenoise) -> list[str]:
    strips = [("Noisy", demo.noisy_mv), ("Denoised", demo.clean_mv)]
    if demo.reference_mv is not None:
        strips.insert(0, ("Reference", demo.reference_mv))
    body = [
        part
        for name, values in strips
        for part in (f"<h2>{name}</h2>", figure(rows_svg([Curve(values, INK, name)], demo.rate_hz, most_rows=2)))
    ]
    if demo.reference_mv is None:
        return [*body, '<p class="note">There is no clean reference here, so no figures.</p>']
    rows = [
        (name, number(_cosine(demo.reference_mv, values)), number(_snr_db(demo.reference_mv, values), 1))
        for name, values in strips[1:]
    ]
    return [*body, table("Against the reference", ("signal", "cosine", "SNR dB"), rows)]


def _diagnostic(demo: DemoDiagnostic) -> list[str]:
    rows = [
        (
            name,
            f"{p:.0%}",
            "yes" if p >= demo.threshold else "no",
            "–" if demo.stated is None else ("yes" if name in demo.stated else "no"),
        )
        for name, p in zip(demo.labels, demo.probability.tolist(), strict=True)
    ]
    columns = ("label", "probability", f"at {demo.threshold:g}", "stated by the publisher")
    bars = "".join(
        f'<rect x="60" y="{8 + 22 * i}" width="{260 * p:.1f}" height="14" fill="{COLOURS[0]}" '
        f'fill-opacity="{0.85 if p >= demo.threshold else 0.3}"/>'
        f'<text x="54" y="{19 + 22 * i}" text-anchor="end">{escape(name)}</text>'
        for i, (name, p) in enumerate(zip(demo.labels, demo.probability.tolist(), strict=True))
    )
    height = 22 * len(demo.labels) + 14
    at = 60 + 260 * demo.threshold
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="340" height="{height}" viewBox="0 0 340 {height}" '
        f'font-size="11">{bars}<line x1="{at:.1f}" x2="{at:.1f}" y1="2" y2="{height - 6}" stroke="#666" '
        'stroke-dasharray="4 3"/></svg>'
    )
    return [
        "<h2>Labels</h2>",
        row([figure(drawing), table("", columns, rows)]),
        "<h2>Signal</h2>",
        figure(rows_svg([Curve(demo.signal_mv, INK)], demo.rate_hz, most_rows=1)),
    ]


def _embedding(demo: DemoEmbedding) -> list[str]:
    at, share = principal_axes(demo.vectors)
    groups = np.array(demo.groups)
    names = sorted(set(demo.groups))
    series = [
        Series(at[groups == name, 0], at[groups == name, 1], name if len(names) <= 8 else "", "dots")
        for name in names
    ]
    first, second = f"first axis ({share[0]:.0%} of variance)", f"second axis ({share[1]:.0%})"
    scatter = chart(series, x_name=first, y_name=second, width=420, height=340)
    order = np.argsort(groups, kind="stable")
    order = order[:: -(-len(order) // _MOST_COMPARED)]
    unit = np.asarray(demo.vectors, np.float64)[order]
    unit = unit / np.maximum(1e-12, np.linalg.norm(unit, axis=1, keepdims=True))
    pair = [
        figure(scatter, "Principal axes; one dot a window"),
        figure(image(unit @ unit.T, low=-1, high=1), "Cosine of all pairs, ordered by group; dark: alike"),
    ]
    return [f"<h2>Embeddings of {len(demo.vectors):,} windows in {len(names)} groups</h2>", row(pair)]


def _translate(demo: DemoTranslate) -> list[str]:
    t = np.arange(len(demo.given)) / demo.rate_hz
    series = [Series(t, _unit(demo.made), f"{demo.made_name}, made", "line", COLOURS[1])]
    rows = []
    if demo.truth is not None:
        series.insert(0, Series(t, _unit(demo.truth), f"{demo.made_name}, true", "line", FAINT))
        rows = [
            ("cosine", number(_cosine(demo.truth, demo.made))),
            ("SNR dB", number(_snr_db(demo.truth, demo.made), 1)),
        ]
    above = [Series(t, _unit(demo.given), "", "line", INK)]
    given = chart(above, x_name="s", y_name=demo.given_name, width=940, height=210)
    made = chart(series, x_name="s", y_name=demo.made_name, width=940, height=210)
    return [
        f"<h2>From {escape(demo.given_name)} to {escape(demo.made_name)}</h2>",
        figure(given, f"{demo.given_name}, scaled to unit deviation"),
        figure(made, f"{demo.made_name}, scaled to unit deviation"),
        table("Against the true signal", ("figure", "value"), rows),
    ]


INCONCLUSIVE = "Inconclusive"


def _said(labels: Sequence[str], probability: Any, threshold: float | None) -> list[str]:
    """The label, or "Inconclusive" where its probability is at or below the threshold."""
    sure = [threshold is None or p > threshold for p in np.asarray(probability).tolist()]
    return [label if ok else INCONCLUSIVE for label, ok in zip(labels, sure, strict=True)]


def _colours(names: Sequence[str]) -> dict[str, str]:
    return {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(names)} | {INCONCLUSIVE: FAINT}


def _cosine(a: Any, b: Any) -> float:
    a, b = a - np.mean(a), b - np.mean(b)
    return float(np.dot(a, b) / max(1e-12, float(np.linalg.norm(a) * np.linalg.norm(b))))


def _snr_db(truth: Any, made: Any) -> float:
    truth, made = truth - np.mean(truth), made - np.mean(made)
    return float(10 * np.log10(max(1e-12, np.sum(truth**2)) / max(1e-12, np.sum((made - truth) ** 2))))


def _unit(values: Any) -> NDArray[np.float64]:
    values = np.asarray(values, np.float64)
    return (values - values.mean()) / max(1e-12, float(values.std()))


_PAGES: Mapping[type, tuple[str, Callable[[Any], list[str]]]] = {
    DemoSegment: ("Waves of the ECG", _segment),
    DemoBeats: ("Types of beats", _beats),
    DemoRhythm: ("Rhythm", _rhythm),
    DemoDenoise: ("Denoising", _denoise),
    DemoDiagnostic: ("Diagnostic labels", _diagnostic),
    DemoEmbedding: ("Embeddings", _embedding),
    DemoTranslate: ("Translation", _translate),
}
