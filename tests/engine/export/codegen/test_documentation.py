"""docs/codegen.md says what the generator does."""

from __future__ import annotations

from pathlib import Path

from engine.export.codegen import SUPPORTED, TARGETS
from engine.export.codegen.documentation import NOTES, with_tables

PAGE = Path(__file__).parents[4] / "docs" / "codegen.md"


def test_the_page_holds_the_tables_of_the_code():
    text = PAGE.read_text(encoding="utf-8")
    assert with_tables(text) == text, "run python -m engine.export.codegen.documentation"


def test_every_operator_and_target_is_described_once():
    named = [name for names in NOTES for name in names]
    assert sorted(named) == list(SUPPORTED)
    text = PAGE.read_text(encoding="utf-8")
    assert all(f"| `{target}` |" in text for target in TARGETS)
