"""From frames to ring and account: what the clock says of a step in the sample index."""

from __future__ import annotations

import numpy as np
import pytest

from engine.devices.protocol import Samples
from engine.devices.stream_intake import SLACK_S, StreamIntake, StreamShape

SHAPE = StreamShape(100.0, ("I",), 400.0, 16)


@pytest.fixture
def intake():
    made = StreamIntake(SHAPE, SHAPE.ring(60.0))
    made.restart(0.0, 0)
    for second in range(20):
        take(made, 100 * second, 1.0 + second)
    return made


def take(intake: StreamIntake, index: int, arrived_s: float) -> None:
    values = np.full((100, 1), 7, np.int16)
    assert intake.take(Samples(index, values), index // 100, arrived_s, 0.0) is not None


def test_loss_has_its_exact_width_however_long_it_lasted(intake):
    take(intake, 2000 + 2 * 360_000, 21.0 + 2 * 3600)
    assert (intake.account.lost, intake.account.segments) == (2 * 360_000, 1)


def test_frame_that_lies_about_its_place_costs_seconds_not_hours(intake):
    take(intake, 300_000, 21.0)
    assert intake.account.lost == 0
    assert intake.account.unknown <= 1.1 * SLACK_S * SHAPE.rate_hz
    head = intake.ring.head
    take(intake, 2100, 22.0)
    assert intake.ring.head == head + 100
    assert intake.ring.read(0, 2000)[1].all()  # what came before is still there
