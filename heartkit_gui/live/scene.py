"""What the live canvas shows: a stream with the findings of host and board."""

from __future__ import annotations

from engine.analysis.types import Analysis
from heartkit_gui.canvas.geometry import Lane
from heartkit_gui.canvas.marks import marks_of
from heartkit_gui.canvas.scene import Scene
from heartkit_gui.live.board_marks import BoardMarks
from heartkit_gui.live.pages import LivePages
from heartkit_gui.live.ring_record import RingRecord

BOARD_LANE_UI = 74.0


class LiveScene(Scene):
    """A scene whose findings change all the time without changing where things lie.

    `version` grows when everything must be drawn again; new findings only change `marks` and `board`.
    """

    board: BoardMarks | None = None
    has_board = False  # room for the board's findings, so that the traces do not move when the first arrive
    record: RingRecord | None

    def show_board(self, wanted: bool) -> None:
        """Make room for the board's own findings, or take it away."""
        if wanted != self.has_board:
            self.has_board = wanted
            self.changed()

    def set_findings(self, analysis: Analysis | None) -> None:
        """The host's findings in the stretch that can be seen."""
        self.marks = None
        if analysis is not None and self.record is not None:
            names = [lead.name for lead in self.record.leads]
            self.marks = marks_of(analysis, names.index(analysis.lead) if analysis.lead in names else 0)

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """Lanes above the rows."""
        if self.record is None:
            return ()
        lanes = [Lane("rhythm", "Host", 20.0)] if "rhythm" in self.overlays else []
        if self.reference is not None and "annotations" in self.overlays:
            lanes.append(Lane("annotations", "Marks", 20.0))
        return tuple(lanes)

    @property
    def lanes_below(self) -> tuple[Lane, ...]:
        """Lanes below the rows."""
        return (Lane("board", "Board", BOARD_LANE_UI),) if self.has_board and self.record is not None else ()

    def _restart(self) -> None:
        super()._restart()
        if self.record is not None:
            self.pages = LivePages(self.record, self.filter)
