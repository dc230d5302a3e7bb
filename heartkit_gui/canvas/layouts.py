"""Which lead is drawn where: pure description of the arrangements, no Qt.

Layouts with columns are time-sequential, as on a printed 12-lead sheet: a sheet lasts 10 s, each column shows its
lead for its share of the sheet, and the next sheet follows. Every row therefore has one and the same time axis.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

LAYOUTS: tuple[str, ...] = ("3x4+1", "3x4+3", "6x2", "12x1", "cabrera", "stacked")
LAYOUT_NAMES = {
    "3x4+1": "3 × 4 with rhythm strip",
    "3x4+3": "3 × 4 with three rhythm strips",
    "6x2": "6 × 2",
    "12x1": "12 × 1",
    "cabrera": "Cabrera, 6 × 2",
    "stacked": "All chosen leads, one below the other",
}
STANDARD_LEADS: tuple[str, ...] = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
SHEET_S = 10.0
MINUS = "−"

_STANDARD_BY_KEY = {name.lower(): name for name in STANDARD_LEADS}
_ROWS: dict[str, tuple[tuple[str, ...], ...]] = {
    "3x4": (("I", "aVR", "V1", "V4"), ("II", "aVL", "V2", "V5"), ("III", "aVF", "V3", "V6")),
    "6x2": tuple(zip(STANDARD_LEADS[:6], STANDARD_LEADS[6:], strict=True)),
    "12x1": tuple((name,) for name in STANDARD_LEADS),
    "cabrera": tuple(zip(("aVL", "I", "-aVR", "II", "aVF", "III"), STANDARD_LEADS[6:], strict=True)),
}
_GRIDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "3x4+1": ("3x4", ("II",)),
    "3x4+3": ("3x4", ("V1", "II", "V5")),
    "6x2": ("6x2", ()),
    "12x1": ("12x1", ()),
    "cabrera": ("cabrera", ()),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One lead in one column of a row. `sign` is -1 for leads shown upside down (-aVR)."""

    lead: int
    label: str
    sign: int = 1


@dataclass(frozen=True, slots=True)
class Row:
    """Cells in time order; a row of one cell runs through without a break."""

    cells: tuple[Cell, ...]

    @property
    def leads(self) -> tuple[int, ...]:
        """Leads of the row."""
        return tuple(cell.lead for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Rows from top to bottom; `columns` is the largest number of cells in a row."""

    layout: str
    rows: tuple[Row, ...]

    @property
    def columns(self) -> int:
        """Cells of the widest row."""
        return max((len(row.cells) for row in self.rows), default=1)

    @property
    def leads(self) -> tuple[int, ...]:
        """Every lead shown, once, in file order."""
        return tuple(sorted({cell.lead for row in self.rows for cell in row.cells}))

    def rows_of(self, lead: int) -> tuple[int, ...]:
        """Rows where a lead appears."""
        return tuple(i for i, row in enumerate(self.rows) if lead in row.leads)


@dataclass(frozen=True, slots=True)
class CellSpan:
    """A cell on the time axis: seconds [start, stop)."""

    cell: Cell
    start_s: float
    stop_s: float


def standard_name(name: str) -> str | None:
    """Name of a standard lead: "aVR" for "avr", "Lead aVR", "ECG aVR"; None for others ("MLII" is not II)."""
    key = re.sub(r"^(ecg|ekg|lead)[\s_\-]*", "", name.strip(), flags=re.IGNORECASE).strip().lower()
    return _STANDARD_BY_KEY.get(key)


def standard_leads(names: Sequence[str]) -> dict[str, int]:
    """Standard name to lead index; the first of duplicates wins."""
    found: dict[str, int] = {}
    for index, name in enumerate(names):
        standard = standard_name(name)
        if standard is not None:
            found.setdefault(standard, index)
    return found


def available_layouts(names: Sequence[str]) -> tuple[str, ...]:
    """Layouts that a record with these lead names can fill."""
    return LAYOUTS if len(standard_leads(names)) == len(STANDARD_LEADS) else ("stacked",)


def arrange(layout: str, names: Sequence[str], chosen: Sequence[int] | None = None) -> Arrangement:
    """Rows of a layout for a record with these leads.

    `chosen` picks and orders the leads of "stacked" (all by default). A record without the twelve standard leads is
    stacked whatever was asked for; ValueError for a layout that does not exist.
    """
    if layout not in LAYOUTS:
        raise ValueError(f"no layout {layout!r}; there are {', '.join(LAYOUTS)}")
    if layout not in available_layouts(names):
        layout = "stacked"
    if layout == "stacked":
        wanted = range(len(names)) if chosen is None else [i for i in chosen if 0 <= i < len(names)]
        return Arrangement(layout, tuple(Row((Cell(i, standard_name(names[i]) or names[i]),)) for i in wanted))
    grid, strips = _GRIDS[layout]
    index = standard_leads(names)

    def cell(name: str) -> Cell:
        bare = name.lstrip("-")
        return Cell(index[bare], f"{MINUS}{bare}" if name != bare else bare, -1 if name != bare else 1)

    rows = [Row(tuple(cell(name) for name in row)) for row in _ROWS[grid]]
    rows += [Row((cell(name),)) for name in strips]
    return Arrangement(layout, tuple(rows))


def cells_between(row: Row, start_s: float, stop_s: float) -> list[CellSpan]:
    """Cells of a row that lie in [start_s, stop_s), each with its whole span; one endless cell for single rows."""
    count = len(row.cells)
    if count == 1:
        return [CellSpan(row.cells[0], float("-inf"), float("inf"))]
    width = SHEET_S / count
    first, last = int(start_s // width), int(-(-stop_s // width))
    return [CellSpan(row.cells[k % count], k * width, (k + 1) * width) for k in range(first, max(last, first + 1))]
