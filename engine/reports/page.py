"""The shell of a self-contained HTML page and the small pieces all reports share."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from engine import __version__

NOTICE = "For research and engineering. Not a medical device."
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#666666", "#8C6D1F")

_STYLE = """
body{font:14px/1.45 system-ui,sans-serif;color:#1b2333;max-width:272mm;margin:2em auto;padding:0 1em}
h1{font-size:1.5em;margin:0}h2{font-size:1.1em;margin:1.8em 0 .4em}
.summary{font-size:1.25em;margin:.8em 0}.facts,figcaption,footer,.note{color:#5a6475}
.row{display:flex;flex-wrap:wrap;gap:1.2em;align-items:flex-start}
table{border-collapse:collapse}td,th{padding:.2em .9em .2em 0;text-align:left;vertical-align:top}
th{border-bottom:1px solid #ccd;font-weight:600}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
figure{margin:.6em 0;overflow-x:auto}figcaption{font-size:.9em}
svg{font-family:system-ui,sans-serif}svg text.wave{font-size:2px;text-anchor:middle;fill:#333}
footer{margin-top:2em;border-top:1px solid #ccd;padding-top:.6em}
@media print{body{margin:0}figure{break-inside:avoid}}
"""


def page(title: str, body: Iterable[str]) -> str:
    """One HTML page without outside references."""
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    foot = f"<footer>HeartKit Workbench {__version__}. {NOTICE}</footer>"
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(body)}{foot}</body></html>\n'


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table under a heading; numbers are aligned right. Empty text without rows."""
    lines = [tuple(row) for row in rows]
    if not lines:
        return ""
    numeric = [all(_is_number(row[i]) for row in lines) for i in range(len(columns))]
    mark = ['class="n"' if n else "" for n in numeric]
    head = "".join(f"<th {m}>{escape(c)}</th>" for c, m in zip(columns, mark, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td {m}>{escape(str(c))}</td>" for c, m in zip(row, mark, strict=True)) + "</tr>"
        for row in lines
    )
    heading = f"<h2>{escape(title)}</h2>" if title else ""
    return f"{heading}<table><tr>{head}</tr>{body}</table>"


def figure(drawing: str, caption: str = "") -> str:
    """An SVG with its caption."""
    words = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f"<figure>{words}{drawing}</figure>"


def row(parts: Iterable[str]) -> str:
    """Pieces side by side as far as the page is wide."""
    return f'<div class="row">{"".join(parts)}</div>'


def number(value: Any, digits: int = 3) -> str:
    """A figure for people; a dash for one that does not exist."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:.{digits}f}"


def interval(bounds: Sequence[float] | None, digits: int = 3) -> str:
    """A 95 % interval for people."""
    return "" if bounds is None else f"{number(bounds[0], digits)} to {number(bounds[1], digits)}"


def _is_number(cell: Any) -> bool:
    text = str(cell).replace(",", "").replace("–", "0").strip(" %") or "0"
    try:
        float(text.split(" to ")[0])
    except ValueError:
        return False
    return True
