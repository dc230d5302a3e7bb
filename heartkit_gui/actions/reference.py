"""The action table as text: docs/shortcuts.md is `shortcuts_markdown()`, and a test keeps it so."""

from __future__ import annotations

from collections.abc import Sequence

from heartkit_gui.actions.row import ActionRow
from heartkit_gui.actions.table import ACTIONS, RESERVED_KEYS

WHERE = {"window": "window", "trace": "trace", "canvas": "trace", "live": "live trace"}


def grouped(rows: Sequence[ActionRow] = ACTIONS) -> dict[str, list[ActionRow]]:
    """Rows by top-level menu, in the order of the table."""
    groups: dict[str, list[ActionRow]] = {}
    for row in rows:
        groups.setdefault(row.menu.replace("&", "").partition("/")[0] or "Other", []).append(row)
    return groups


def shortcuts_markdown() -> str:
    """All commands and their keys as a Markdown document."""
    lines = [
        "# Commands and keys",
        "",
        'Made from the action table by `heartkit_gui.actions.reference`. Keys marked "trace" work while the trace',
        'has the keyboard focus, those marked "live trace" while the live trace has it, the others anywhere in the',
        "window. `Ctrl+Tab` leaves the trace.",
        "On macOS, Ctrl is the Command key.",
    ]
    for menu, rows in grouped().items():
        lines += ["", f"## {menu}", "", "| command | keys | where | what it does |", "|---|---|---|---|"]
        for row in rows:
            keys = ", ".join(f"`{key}`" for key in row.keys)
            where = WHERE[row.scope] if row.keys else ""
            lines.append(f"| {row.title} | {keys} | {where} | {row.tip} |")
    kept = ", ".join(f"`{key}`" for key in RESERVED_KEYS)
    lines += ["", f"Kept for editing of labels: {kept}."]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    from pathlib import Path

    Path("docs/shortcuts.md").write_text(shortcuts_markdown(), encoding="utf-8")
