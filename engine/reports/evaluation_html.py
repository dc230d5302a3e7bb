"""The report of an evaluation as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from engine.reports.charts import Series, chart, heat_map
from engine.reports.page import figure, interval, number, page, row, table

if TYPE_CHECKING:
    from engine.evaluation.result import EvaluationResult

_FIGURES = (
    ("f1_macro", "macro F1"),
    ("f1_weighted", "weighted F1"),
    ("accuracy", "accuracy"),
    ("balanced_accuracy", "balanced accuracy"),
    ("exact_match", "all labels of a window right"),
    ("kappa", "Cohen's kappa"),
    ("mcc", "Matthews' correlation"),
    ("auroc_macro", "macro AUROC"),
    ("auprc_macro", "macro average precision"),
    ("snr_in_db", "SNR in, dB"),
    ("snr_out_db", "SNR out, dB"),
    ("snr_gain_db", "SNR gain, dB"),
    ("prd", "PRD, %"),
    ("mae", "mean absolute error"),
    ("mse", "mean squared error"),
    ("cosine", "cosine likeness"),
    ("event_f1_macro_150ms", "macro F1 of wave boundaries, 150 ms"),
    ("event_f1_macro_tight", "macro F1 of wave boundaries, tight"),
    ("p_onsets_per_10_s_without_p", "P onsets per 10 s in AF or flutter"),
    ("same_patient_nearest", "nearest window is the same patient's"),
    ("by_chance", "the same by chance"),
    ("cosine_within", "cosine within a patient"),
    ("cosine_between", "cosine between patients"),
)
_COMPARED = (
    ("f1_weighted", "weighted F1"),
    ("f1_macro", "macro F1"),
    ("accuracy", "accuracy"),
    ("snr_db", "SNR, dB"),
    ("cosine", "cosine likeness"),
    ("mae", "mean absolute error"),
    ("coverage", "share of windows scored"),
)


def evaluation_html(result: EvaluationResult, title: str = "Evaluation") -> str:
    """The page; names patients only by the keys their publisher uses."""
    document = result.to_document()
    body = [
        f"<h1>{escape(title)}: {escape(document['task'])}</h1>",
        f'<p class="facts">{document["n"]:,} windows of {document["n_patients"]:,} patients '
        f"({document['n_records']:,} records). Every labelled window counts: coverage "
        f"{document['coverage']:.0%}.</p>",
        *(f'<p class="facts">Notice: {escape(words)}</p>' for words in document.get("statements") or ()),
        _totals(document),
        _confusion(document),
        _classes(document),
        _record_table(document),
        _events(document),
        _runs(document),
        _signals(document),
        _compatible(document),
        _confidence(document),
        _curves(document),
        _patients(document),
    ]
    return page(f"{title}: {document['task']}", body)


def _totals(document: Mapping[str, Any]) -> str:
    intervals = document.get("ci95") or {}
    rows = [
        (words, number(document[name]), interval(intervals.get(name)))
        for name, words in _FIGURES
        if document.get(name) is not None
    ]
    note = document.get("ci95_method")
    return table("Figures", ("figure", "value", "95 % interval"), rows) + (
        f'<p class="note">Intervals: {escape(note)}.</p>' if note else ""
    )


def _confusion(document: Mapping[str, Any]) -> str:
    if "confusion" not in document:
        return ""
    names, counts = document["class_names"], document["confusion"]
    if document["target"] == "multi_label":
        maps = [figure(heat_map(one, (f"not {name}", name)), name) for name, one in zip(names, counts, strict=True)]
        return "<h2>Confusion of each label</h2>" + row(maps)
    unit = "time samples" if document["target"] == "per_sample" else "windows"
    return "<h2>Confusion</h2>" + figure(heat_map(counts, names), f"{unit}; share of the true class and count")


def _classes(document: Mapping[str, Any]) -> str:
    intervals = document.get("ci95_per_class") or {}
    columns = ("class", "members", "Se", "95 %", "PPV", "95 %", "specificity", "F1", "95 %", "AUROC", "AP")
    rows = []
    for name, figures in (document.get("per_class") or {}).items():
        bounds = intervals.get(name) or {}
        cells: list[str] = [name, number(figures["support"])]
        for key in ("se", "ppv", "specificity", "f1"):
            cells.append(number(figures[key]))
            if key != "specificity":
                cells.append(interval(bounds.get(key)))
        rows.append([*cells, number(figures.get("auroc")), number(figures.get("auprc"))])
    return table("Classes", columns, rows)


def _record_table(document: Mapping[str, Any]) -> str:
    records = document.get("per_record")
    if not records:
        return ""
    intervals = records.get("ci95") or {}
    rows = [
        (words, number(records[name]), interval(intervals.get(name)))
        for name, words in _FIGURES
        if records.get(name) is not None
    ]
    rows += [
        (f"F1 of {name}", number(value), interval((intervals.get("f1_per_class") or {}).get(name)))
        for name, value in records["f1_per_class"].items()
    ]
    left = f", {records['n_left_out']:,} of several classes left out" if records.get("n_left_out") else ""
    title = f"Whole records ({records['n']:,}{left}): {records['rule']}"
    return table(title, ("figure", "value", "95 % interval"), rows)


def _events(document: Mapping[str, Any]) -> str:
    if "events" not in document:
        return ""
    tight = document["events_tight"]
    rows = [
        (
            name, number(e["se"]), number(e["ppv"]), number(e["f1"]), interval(e["ci95"]["f1"]),
            number(tight[name]["f1"]) if name in tight else "–", number(e["mean_ms"], 1), number(e["sd_ms"], 1),
            number(e["matched"]), number(e["missed"]), number(e["false"]),
        )
        for name, e in document["events"].items()
    ]  # fmt: skip
    columns = (
        "fiducial", "Se", "PPV", "F1", "95 %", "F1 tight", "mean ms", "SD ms", "matched", "missed", "false",
    )  # fmt: skip
    note = f'<p class="note">{escape(document["event_protocol"])}.</p>'
    return table(f"Waves in {document['n_recordings']:,} recordings", columns, rows) + note


def _runs(document: Mapping[str, Any]) -> str:
    rows = [
        (name, kind.replace("_", " "), number(f["se"]), f"{f['found']} of {f['reference']}", number(f["ppv"]),
         f"{f['confirmed']} of {f['reported']}")
        for name, kinds in (document.get("runs") or {}).items()
        for kind, f in kinds.items()
    ]  # fmt: skip
    return table("Runs of ectopic beats (EC57)", ("class", "run", "Se", "found", "PPV", "confirmed"), rows)


def _signals(document: Mapping[str, Any]) -> str:
    parts = []
    if "shape" in document:
        shape = document["shape"]
        shown = (
            ("correlation_median", "correlation of the steep parts, median"),
            ("correlation_p05", "the same, 5th percentile"),
            ("amplitude_ratio_median", "amplitude out over amplitude of the truth, median"),
        )
        parts.append(table("Shape of the QRS", ("figure", "value"), [(w, number(shape[k])) for k, w in shown]))
    for key, words in (("by_snr_db", "input SNR, dB"), ("by_noise", "noise")):
        rows = [(g["group"], number(g["n"]), number(g["snr_gain_db"], 2)) for g in document.get(key) or ()]
        parts.append(table(f"By {words}", (words, "windows", "gain, dB"), rows))
    return "".join(parts)


def _compatible(document: Mapping[str, Any]) -> str:
    theirs = document.get("heartkit_compatible")
    if not theirs:
        return ""
    honest = dict(document) | {"snr_db": document.get("snr_out_pooled_db")}
    rows = [
        (words, number(honest.get(name)), number(theirs[name]))
        for name, words in _COMPARED
        if theirs.get(name) is not None
    ]
    details = [theirs.get("sampling"), theirs["note"]]
    if theirs.get("threshold") is not None:
        details.insert(0, f"threshold {theirs['threshold']:g}")
    note = "; ".join(d for d in details if d)
    return (
        table("Honest, and computed as HeartKit does", ("figure", "honest", "HeartKit-compatible"), rows)
        + f'<p class="note">Second column: {escape(note)}.</p>'
    )


def _confidence(document: Mapping[str, Any]) -> str:
    if "calibration" not in document:
        return ""
    cal, risk = document["calibration"], document["coverage_risk"]
    whole = (0.0, 1.0)
    centres = [(a + b) / 2 for a, b in zip(cal["edges"], cal["edges"][1:], strict=False)]
    most = max(1, *cal["count"])
    reliability = chart(
        [
            Series(centres, [c / most for c in cal["count"]], "count", "bars", "#b9c2d3"),
            Series([0, 1], [0, 1], "ideal", "dashed", "#666666"),
            Series(cal["confidence"], cal["accuracy"], "model", "line", "#D55E00"),
        ],
        x_name="probability of the answer",
        y_name="share right",
        x_range=whole,
        y_range=whole,
        legend_low=True,
    )
    curve = chart(
        [Series(risk["coverage"], risk["risk"])],
        x_name="coverage: share of answers kept",
        y_name="error rate among them",
        x_range=whole,
        y_range=(0.0, max(0.02, 1.1 * max(risk["risk"], default=0.0))),
    )
    said = document.get("inconclusive")
    words = (
        f'<p class="note">Below a probability of {said["threshold"]:g} an answer reads "inconclusive": '
        f"{said['n']:,} of {said['n'] / max(1e-9, said['share']):,.0f} ({said['share']:.1%}). "
        "They count as answered in every figure above.</p>"
        if said and said["share"]
        else ""
    )
    return "<h2>Confidence</h2>" + words + row([
        figure(
            reliability,
            f"Reliability: calibration error {number(cal['ece'])}, Brier score {number(cal['brier'])}",
        ),
        figure(
            curve,
            f"Coverage and risk: area {number(risk['area'], 4)} (at best {number(risk['best_area'], 4)})",
        ),
    ])  # fmt: skip


def _curves(document: Mapping[str, Any]) -> str:
    curves = document.get("curves") or {}
    known = {name: c for name, c in curves.items() if c["true_rate"]}
    if not known:
        return ""
    whole = (0.0, 1.0)
    roc = chart(
        [Series(c["false_rate"], c["true_rate"], name) for name, c in known.items()],
        x_name="false positive rate", y_name="sensitivity", x_range=whole, y_range=whole, legend_low=True,
    )  # fmt: skip
    recall = chart(
        [Series(c["recall"], c["precision"], name) for name, c in known.items()],
        x_name="sensitivity", y_name="PPV", x_range=whole, y_range=whole, legend_low=True,
    )  # fmt: skip
    pair = row([figure(roc, "ROC, each class against the rest"), figure(recall, "Precision and recall")])
    return "<h2>Ranking</h2>" + pair


def _patients(document: Mapping[str, Any]) -> str:
    rows = [
        (p["patient"], number(p["n"]), number(p["wrong"]), number(p["accuracy"]), number(p["f1_macro"]))
        for p in document.get("patients_worst") or ()
    ]
    return table(
        "Patients with the largest share of errors", ("patient", "n", "wrong", "accuracy", "macro F1"), rows
    )
