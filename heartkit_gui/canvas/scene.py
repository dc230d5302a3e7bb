"""What is shown, whatever it is shown on: record, findings, arrangement, filter and vertical positions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.analysis.types import Analysis
from engine.errors import RecordError
from engine.records.annotations import Annotations
from engine.records.record import Block, Record
from engine.signals.columns import Columns, columns_from_samples
from heartkit_gui.canvas.geometry import Geometry, Lane
from heartkit_gui.canvas.layouts import Arrangement, arrange
from heartkit_gui.canvas.marks import Marks, OtherMarks, ReferenceMarks, marks_of, reference_of
from heartkit_gui.canvas.pages import PageSource
from heartkit_gui.canvas.scale import Scale, nice_units_per_mm
from heartkit_gui.model.comparison import other_name
from heartkit_gui.theme.tokens import Theme

if TYPE_CHECKING:
    from engine.signals.filters import FilterSpec
    from engine.signals.pyramid import Pyramid
    from heartkit_gui.model.comparison import Comparison

OVERLAYS: tuple[str, ...] = ("segments", "fiducials", "beats", "rhythm", "quality", "annotations")
DETAIL_MAX = 16.0  # samples per pixel up to which the trace is drawn as a line
FILTERED_MAX = 64.0  # samples per pixel up to which a filter is applied; overviews beyond show the raw range
READ_MAX = 6_000_000  # values read for one tile where the pyramid is still missing
OTHER_LANE_UI = 70.0  # height of the lane of another analysis
RECENTRE = 0.38  # of the row height: how far the middle of a trace may stray before it is moved back


class Scene:
    """State of the drawing. `version` grows whenever something drawn has changed."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self.record: Record | None = None
        self.pages: PageSource | None = None
        self.pyramid: Pyramid | None = None
        self.filter: FilterSpec | None = None
        self.marks: Marks | None = None
        self.reference: ReferenceMarks | None = None
        self.other: OtherMarks | None = None
        self.layout = "stacked"
        self.chosen: tuple[int, ...] | None = None
        self.inverted: frozenset[int] = frozenset()
        self.overlays: set[str] = set(OVERLAYS)
        self.arrangement = Arrangement("stacked", ())
        self.version = 0
        self._analysis: Analysis | None = None
        self._offsets: dict[bool, NDArray[np.float64]] = {}
        self._units_per_mm: dict[int, float] = {}

    # -- what is shown ------------------------------------------------------------------------------------------

    def set_record(self, record: Record | None, pyramid: Pyramid | None) -> None:
        """Show another record, without findings until they are given."""
        self.record, self.pyramid = record, pyramid
        self.marks = self.reference = self.other = self._analysis = None
        self.chosen, self.inverted = None, frozenset()
        self._restart()

    def set_filter(self, spec: FilterSpec | None) -> None:
        """Filter the traces; None shows them as recorded."""
        self.filter = spec
        self._restart()

    def _restart(self) -> None:
        self.pages = None if self.record is None else PageSource(self.record, self.filter)
        self._offsets.clear()
        self._units_per_mm.clear()
        self.arrange()

    def arrange(self) -> None:
        """Bring the rows up to date with layout, record and chosen leads."""
        names = [] if self.record is None else [lead.name for lead in self.record.leads]
        self.arrangement = arrange(self.layout, names, self.chosen)
        self.changed()

    def set_analysis(self, analysis: Analysis | None) -> None:
        """Findings to overlay; those for a lead that the record lacks go on the first."""
        self._analysis = analysis
        self.marks = None
        if analysis is not None and self.record is not None:
            try:
                lead = self.record.lead_index(analysis.lead)
            except RecordError:
                lead = 0
            self.marks = marks_of(analysis, lead)
        self.changed()

    def set_reference(self, annotations: Annotations | None) -> None:
        """Annotations for the reference lane."""
        self.reference = None if annotations is None else reference_of(annotations, self.n_samples)
        self.changed()

    def set_comparison(self, comparison: Comparison | None) -> None:
        """Another analysis for the lane below the rows."""
        self.other = None
        if comparison is not None and self.marks is not None:
            marks = marks_of(comparison.other, self.marks.lead)
            self.other = OtherMarks(other_name(comparison), marks, comparison.differences)
        self.changed()

    def changed(self) -> None:
        """Mark everything drawn so far as out of date."""
        self.version += 1

    @property
    def n_samples(self) -> int:
        """Length of the record, 0 without one."""
        return 0 if self.record is None else self.record.n_samples

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """Lanes above the rows, from the top."""
        lanes = []
        if self.marks is not None and "rhythm" in self.overlays and len(self.marks.base_rhythm):
            lanes.append(Lane("rhythm", "Rhythm", 20.0))
        if self.reference is not None and "annotations" in self.overlays:
            lanes.append(Lane("annotations", self.reference.name, 40.0 if self.reference.has_words else 20.0))
        return tuple(lanes)

    @property
    def lanes_below(self) -> tuple[Lane, ...]:
        """Lanes below the rows, from the top."""
        return () if self.other is None else (Lane("other", self.other.title, OTHER_LANE_UI),)

    @property
    def marked_rows(self) -> tuple[int, ...]:
        """Rows that carry the findings: those where the analysed lead runs through, else where it appears at all,
        else the first."""
        if self.marks is None or not self.arrangement.rows:
            return ()
        rows = self.arrangement.rows_of(self.marks.lead)
        through = tuple(i for i in rows if len(self.arrangement.rows[i].cells) == 1)
        return through or rows or (0,)

    def marked_lead(self) -> int | None:
        """Lead under the findings."""
        if self.marks is None or not self.arrangement.rows:
            return None
        if self.arrangement.rows_of(self.marks.lead):
            return self.marks.lead
        return self.arrangement.rows[0].cells[0].lead

    # -- signal -------------------------------------------------------------------------------------------------

    def is_filtered(self, scale: Scale) -> bool:
        """Whether the trace at this scale passes the filter; wide overviews show the raw range."""
        return self.pages is not None and self.pages.spec is not None and scale.samples_per_px <= FILTERED_MAX

    def is_dense(self, scale: Scale) -> bool:
        """Whether the trace is drawn as one range per pixel column."""
        return scale.samples_per_px > DETAIL_MAX

    def block(self, start: float, stop: float) -> Block | None:
        """Samples around [start, stop) of all leads, as shown (filtered)."""
        return None if self.pages is None else self.pages.read(np.floor(start), np.ceil(stop))

    def awaited(self, start: float, stop: float, scale: Scale) -> range:
        """Pages of [start, stop) that must be filtered before it can be drawn, where that would hold up drawing."""
        if self.pages is None or not self.is_filtered(scale):
            return range(0)
        missing = self.pages.missing(start, stop)
        return range(0) if self.pages.is_quick(missing) else missing

    def columns(self, lead: int, start: float, stop: float, width: int, scale: Scale) -> Columns | None:
        """Range per pixel column of a lead; None while the overview is still being prepared."""
        if self.record is None or self.pages is None:
            return None
        filtered = self.is_filtered(scale)
        if not filtered and self.pyramid is not None and self.pyramid.covers(start, stop, width):
            return self.pyramid.columns(lead, start, stop, width)
        if (stop - start) * len(self.record.leads) > READ_MAX:
            return None
        a, b = start - 1, stop + 1
        block = self.pages.read(a, b) if filtered else self.pages.raw(a, b)
        return columns_from_samples(block.values[lead], block.valid[lead], start, stop, width, first=block.start)

    def units_per_mm(self, lead: int, geometry: Geometry) -> float:
        """Vertical scale of a lead: millivolts by the gain, other units by a round number that fits the row."""
        assert self.record is not None
        if self.record.leads[lead].is_voltage:
            return 1.0 / geometry.scale.mm_per_mv
        if lead not in self._units_per_mm and geometry.rows:
            assert self.pages is not None
            block = self.pages.raw(0, 30 * self.record.fs)
            seen = block.values[lead][block.valid[lead]]
            span = float(np.ptp(np.quantile(seen, [0.002, 0.998]))) if seen.size else 1.0
            self._units_per_mm[lead] = nice_units_per_mm(
                span, 0.7 * geometry.rows[0].height / geometry.scale.px_per_mm
            )
        return self._units_per_mm.get(lead, 1.0)

    def px_per_unit(self, lead: int, geometry: Geometry) -> float:
        """Device pixels per millivolt (or per unit), negative for leads shown inverted."""
        sign = -1.0 if lead in self.inverted else 1.0
        return sign * geometry.scale.px_per_mm / self.units_per_mm(lead, geometry)

    def offset(self, lead: int, scale: Scale) -> float:
        """Value that lies on the row's zero line."""
        offsets = self._offsets.get(self.is_filtered(scale))
        return 0.0 if offsets is None or np.isnan(offsets[lead]) else float(offsets[lead])

    def is_centred(self, scale: Scale) -> bool:
        """Whether every trace has been placed in its row since record or filter changed."""
        offsets = self._offsets.get(self.is_filtered(scale))
        return offsets is not None and not np.isnan(offsets[list(self.arrangement.leads)]).any()

    def recentre(self, start: float, stop: float, geometry: Geometry) -> bool:
        """Move traces that have strayed from their rows (electrode offset, drift) back; True if any moved.

        Only a constant is taken off, so shapes and amplitudes stay what they are.
        """
        if self.record is None or self.pages is None or not geometry.rows:
            return False
        scale = geometry.scale
        key = self.is_filtered(scale)
        middle = (start + min(stop, self.n_samples)) / 2
        reach = min(stop - start, 10.0 * self.record.fs) / 2
        a, b = middle - reach, middle + reach + 1
        if self.awaited(a, b, scale):
            return False
        block = self.pages.read(a, b) if key else self.pages.raw(a, b)
        offsets = self._offsets.setdefault(key, np.full(len(self.record.leads), np.nan))
        moved = False
        for row, band in zip(self.arrangement.rows, geometry.rows, strict=True):
            for lead in row.leads:
                seen = block.values[lead][block.valid[lead]]
                if seen.size == 0:
                    continue
                centre = float(np.median(seen))
                stray = abs(centre - offsets[lead]) * abs(self.px_per_unit(lead, geometry))
                if np.isnan(offsets[lead]) or stray > RECENTRE * band.height:
                    offsets[lead] = centre
                    moved = True
        if moved:
            self.changed()
        return moved

    def set_pyramid(self, pyramid: Pyramid | None) -> None:
        """The overview of the record."""
        self.pyramid = pyramid
        self.changed()

    def set_overlay(self, name: str, visible: bool) -> None:
        """Show or hide one of OVERLAYS."""
        if name not in OVERLAYS:
            raise ValueError(f"no overlay {name!r}")
        (self.overlays.add if visible else self.overlays.discard)(name)
        self.changed()

    def set_inverted(self, leads: Sequence[int]) -> None:
        """Show these leads upside down."""
        self.inverted = frozenset(leads)
        self.changed()
