from __future__ import annotations

from pathlib import Path

from engine.datasets.reference import datasets_markdown

PAGE = Path(__file__).resolve().parents[3] / "docs" / "datasets.md"


def test_the_page_of_datasets_is_made_from_the_catalog() -> None:
    assert PAGE.read_text(encoding="utf-8") == datasets_markdown(), (
        "write it anew: python -m engine.datasets.reference"
    )


def test_what_must_be_accepted_and_what_is_not_for_commerce_is_marked() -> None:
    row = next(line for line in datasets_markdown().splitlines() if line.startswith("| `icentia11k`"))
    assert "CC BY-NC-SA 4.0 * (non-commercial)" in row and "271.0 GB" in row
