"""What the live canvas shows: a stream with the findings of host and board."""

from __future__ import annotations

from engine.analysis.types import Analysis
from heartkit_gui.canvas.geometry import Lane
from heartkit_gui.canvas.marks import marks_of
from heartkit_gui.canvas.scene import Scene
from heartkit_gui.live.board_marks import BoardMarks
from heartkit_gui.live.pages import LivePages
from heartkit_gui.live.ring_record import RingRecord

LANE_UI = 20.0
BOARD_LANE_UI = 74.0


class BoardScene(Scene):
    """A scene with a lane above the traces for marks, and one below for what the board found."""

    board: BoardMarks | None = None
    has_board = False  # room for the board's findings, so that the traces do not move when the first arrive

    def show_board(self, wanted: bool) -> None:
        """Make room for the board's own findings, or take it away."""
        if wanted != self.has_board:
            self.has_board = wanted
            self.changed()

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """Lanes above the rows; they are there before the first finding and the first mark."""
        if self.record is None:
            return ()
        lanes = (Lane("rhythm", "Host", LANE_UI), Lane("annotations", "Marks", LANE_UI))
        return tuple(lane for lane in lanes if lane.name in self.overlays)

    @property
    def lanes_below(self) -> tuple[Lane, ...]:
        """Lanes below the rows."""
        return (Lane("board", "Board", BOARD_LANE_UI),) if self.has_board and self.record is not None else ()


class LiveScene(BoardScene):
    """A scene whose findings change all the time without changing where things lie.

    `version` grows when everything must be drawn again; new findings only change `marks` and `board`.
    """

    record: RingRecord | None

    def set_findings(self, analysis: Analysis | None) -> None:
        """The host's findings in the stretch that can be seen."""
        self.marks = None
        if analysis is not None and self.record is not None:
            names = [lead.name for lead in self.record.leads]
            self.marks = marks_of(analysis, names.index(analysis.lead) if analysis.lead in names else 0)

    def _restart(self) -> None:
        super()._restart()
        if self.record is not None:
            self.pages = LivePages(self.record, self.filter)
