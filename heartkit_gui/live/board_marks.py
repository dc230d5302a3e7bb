"""What the board itself made of the signal, ready for drawing. No Qt."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from heartkit_gui.canvas.marks import BeatMarks, Spans
from heartkit_gui.live.board_trace import BoardTrace

NO_BEATS = BeatMarks(np.zeros(0, np.int64), np.zeros(0, np.int8), (), np.zeros(0, np.float32))


@dataclass(frozen=True)
class BoardMarks:
    """Findings of the board on the host's sample axis, and where the host finds otherwise.

    `waves`: stretches of P, QRS and T. `rhythm`: stretches with a rhythm label. `beats`: beats by class.
    `compared`: windows that the host ran the same model on. `differs`: where its result is another one.
    `doubted`: where the host's own analysis, which may be of another make, sees other waves. `trace`: the signal as
    a denoising model on the board gives it.
    """

    waves: Spans = field(default_factory=lambda: Spans(()))
    rhythm: Spans = field(default_factory=lambda: Spans(()))
    beats: BeatMarks = NO_BEATS
    compared: Spans = field(default_factory=lambda: Spans(()))
    differs: Spans = field(default_factory=lambda: Spans(()))
    doubted: Spans = field(default_factory=lambda: Spans(()))
    trace: BoardTrace | None = None
