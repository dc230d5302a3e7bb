"""What the live canvas shows: a stream with the findings of host and board."""

from __future__ import annotations

from collections.abc import Sequence

from engine.analysis.types import Analysis
from engine.devices.protocol import ModelInfo
from heartkit_gui.canvas.geometry import Lane
from heartkit_gui.canvas.marks import marks_of
from heartkit_gui.canvas.scene import Scene
from heartkit_gui.live.board_marks import BoardMarks
from heartkit_gui.live.board_trace import denoises
from heartkit_gui.live.pages import LivePages
from heartkit_gui.live.ring_record import RingRecord

LANE_UI = 20.0
BOARD_LANE_UI = 74.0
TRACE_UI = 40.0  # more where the board denoises


class BoardScene(Scene):
    """A scene with a lane above the traces for marks, and one below for what the board found."""

    board: BoardMarks | None = None
    has_board = False  # room for the board's findings, so that the traces do not move when the first arrive
    has_board_trace = False  # the same for its denoised signal

    def show_board(self, models: Sequence[ModelInfo]) -> None:
        """Make room for what these models find; for none there is no lane."""
        wanted = (bool(models), denoises(models))
        if wanted != (self.has_board, self.has_board_trace):
            self.has_board, self.has_board_trace = wanted
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
        if not self.has_board or self.record is None:
            return ()
        return (Lane("board", "Board", BOARD_LANE_UI + TRACE_UI * self.has_board_trace),)


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
