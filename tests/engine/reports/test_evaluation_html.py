"""The evaluation page: complete, well formed, self-contained."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np

from engine.config import EvaluationConfig, RunConfig
from engine.evaluation.result import EvaluationResult, evaluate
from engine.reports.charts import Series, chart, heat_map, ticks
from engine.reports.evaluation_html import evaluation_html
from engine.tasks.base import Task, WindowSet


class _Task(Task):
    name, target, summary = "rhythm", "per_window", "for tests"

    def windows(self, strip, *, training, generator):
        return None

    def default_classes(self):
        return {}


def _result() -> EvaluationResult:
    rng = np.random.default_rng(0)
    n = 60
    y = rng.integers(0, 2, n)
    outputs = rng.dirichlet((1, 1, 1), n).astype(np.float32)
    windows = WindowSet(
        np.zeros((n, 4, 1), np.float32), y, np.repeat([f"<p{i}>" for i in range(6)], 10),
        np.repeat([f"r{i}" for i in range(30)], 2), np.full(n, "II"), np.arange(n), np.full(n, 100, np.float32),
    )  # fmt: skip
    task = _Task(RunConfig(task="rhythm", classes={name: (name,) for name in ("SR", "AFIB", "R&D")}))
    return evaluate(task, windows, outputs, EvaluationConfig(threshold=0.5, bootstrap=20))


def _drawings(html: str) -> list[ElementTree.Element]:
    return [ElementTree.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", html, re.S)]


def test_page_holds_every_part_and_needs_nothing_from_outside():
    html = evaluation_html(_result())
    for words in (
        "macro F1", "95 % interval", "HeartKit-compatible", "Reliability", "Coverage and risk", "ROC",
        "Precision and recall", "Inconclusive".lower(), "Patients with the largest", "Not a medical device",
        "no windows of class R&amp;D",
    ):  # fmt: skip
        assert words in html, words
    assert "&lt;p0&gt;" in html
    assert "<p0>" not in html
    assert "nan" not in html.lower().replace("provenance", "")
    assert not re.search(r'(src|href)="', html)
    assert len(_drawings(html)) == 5


def test_saved_figures_make_the_same_page(tmp_path):
    result = _result()
    result.save(tmp_path)
    assert evaluation_html(EvaluationResult.load(tmp_path)) == evaluation_html(result)


def test_heat_map_shows_shares_of_rows():
    drawing = heat_map([[3, 1], [0, 0]], ("a", "b"))
    texts = [t.text for t in ElementTree.fromstring(drawing).iter() if t.tag.endswith("text")]
    assert "75.0%" in texts
    assert "25.0%" in texts
    assert not any(t and t.startswith("0") for t in texts)  # a class without members stays blank


def test_chart_leaves_out_what_is_not_finite():
    drawing = chart([Series([0, 1, 2, 3], [0.0, None, float("nan"), 1.0])], x_name="x", y_name="y")
    lines = [e for e in ElementTree.fromstring(drawing).iter() if e.tag.endswith("polyline")]
    assert len(lines[0].attrib["points"].split()) == 2


def test_ticks_are_round_and_inside():
    assert ticks(0, 1) == [0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert ticks(-7, 93) == [0, 20, 40, 60, 80]
