"""The catalog as text: docs/datasets.md is `datasets_markdown()`, and a test keeps it so."""

from __future__ import annotations

from engine.datasets.base import DatasetInfo
from engine.datasets.catalog import catalog


def datasets_markdown() -> str:
    """One table of all datasets, and each with its citation."""
    lines = [
        "# Datasets",
        "",
        "`heartkit-engine download NAME` fetches one, `--from DIR` takes a copy you have.",
        "",
        "| name | what it is | people | Hz | labels | licence | download |",
        "|---|---|---|---|---|---|---|",
        *(_row(info) for info in catalog()),
        "",
        "A licence marked * must be accepted before the download (`--accept-licence`). Models trained on data"
        " marked as non-commercial say so on their card.",
        "",
        "## Where they come from",
        "",
    ]
    for info in catalog():
        source = f" <{info.home}>" if info.home else ""
        if info.citation:
            lines.append(f"* **{info.name}**: {info.citation}.{source}")
    return "\n".join(lines) + "\n"


def _row(info: DatasetInfo) -> str:
    licence = info.licence + (" *" if info.must_accept else "") + ("" if info.commercial else " (non-commercial)")
    people = f"{info.n_patients:,}" if info.n_patients else "any"
    rate = f"{info.rate_hz:g}" if info.rate_hz else "any"
    size = _size(info.size_bytes) if info.n_patients else ""
    labels = ", ".join(info.contains)
    return f"| `{info.name}` | {info.title} | {people} | {rate} | {labels} | {licence} | {size} |"


def _size(n_bytes: int) -> str:
    if n_bytes == 0:
        return "made on the spot"
    return f"{n_bytes / 1e9:,.1f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:,.0f} MB"


if __name__ == "__main__":
    from pathlib import Path

    Path("docs/datasets.md").write_text(datasets_markdown(), encoding="utf-8")
