from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from PySide6.QtGui import QKeySequence

from heartkit_gui.actions.reference import shortcuts_markdown
from heartkit_gui.actions.registry import PORTABLE
from heartkit_gui.actions.sheet import COLUMNS, balanced, keyed_groups
from heartkit_gui.actions.table import ACTIONS, RESERVED_KEYS

ROOT = Path(__file__).resolve().parents[3]


def test_ids_are_unique() -> None:
    ids = [row.id for row in ACTIONS]
    assert len(ids) == len(set(ids))


def test_no_two_actions_share_a_key() -> None:
    owner: dict[str, str] = {}
    for row in ACTIONS:
        for key in row.keys:
            portable = QKeySequence(key, PORTABLE).toString(PORTABLE)
            assert portable, f"{row.id}: {key} is no key"
            assert portable not in owner, f"{key}: {row.id} and {owner[portable]}"
            owner[portable] = row.id


def test_keys_kept_for_label_editing_and_replay_are_free() -> None:
    used = {QKeySequence(key, PORTABLE).toString(PORTABLE) for row in ACTIONS for key in row.keys}
    assert used.isdisjoint(QKeySequence(key, PORTABLE).toString(PORTABLE) for key in RESERVED_KEYS)


@pytest.mark.parametrize("row", ACTIONS, ids=lambda row: row.id)
def test_every_row_is_complete(row: object) -> None:
    assert row.text.strip()  # type: ignore[attr-defined]
    assert row.tip.strip()  # type: ignore[attr-defined]
    assert not row.tip.endswith(".")  # type: ignore[attr-defined]
    assert row.menu  # type: ignore[attr-defined]
    icon = row.icon  # type: ignore[attr-defined]
    assert not icon or (ROOT / "resources" / "icons" / f"{icon}.svg").is_file()


def test_a_mnemonic_is_used_once_in_each_menu() -> None:
    for menu, rows in itertools.groupby(sorted(ACTIONS, key=lambda row: row.menu), key=lambda row: row.menu):
        letters = [row.text[row.text.index("&") + 1].lower() for row in rows if "&" in row.text]
        assert len(letters) == len(set(letters)), (menu, letters)


def test_the_documentation_is_made_from_the_table() -> None:
    path = ROOT / "docs" / "shortcuts.md"
    assert path.read_text(encoding="utf-8") == shortcuts_markdown(), (
        "write it anew: python -m heartkit_gui.actions.reference"
    )


def test_the_sheet_shows_every_key_once_in_columns_of_like_height() -> None:
    groups = keyed_groups()
    shown = [row.id for _, rows in groups for row in rows]
    assert sorted(shown) == sorted(row.id for row in ACTIONS if row.keys)
    columns = balanced(groups)
    assert [group for column in columns for group in column] == groups
    assert len(columns) == COLUMNS
    heights = [sum(len(rows) + 2 for _, rows in column) for column in columns]
    assert max(heights) < 1.6 * min(heights)
