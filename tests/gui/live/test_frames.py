from __future__ import annotations

import pytest

from engine.devices.live_types import StreamOptions
from engine.devices.protocol import MOST_BODY_BYTES, DeviceInfo
from heartkit_gui.services.live import with_short_frames

BOARD = DeviceInfo("1", "b", (1, 1), tuple("ABCDEFGHIJKL"), (250, 1000), 5.0)


@pytest.mark.parametrize(
    ("rate", "leads", "bits", "samples"), [(250, 1, 16, 8), (1000, 12, 16, 20), (1000, 12, 24, 13)]
)
def test_frames_are_short_and_fit(rate: int, leads: int, bits: int, samples: int) -> None:
    options = with_short_frames(StreamOptions(rate_hz=rate, n_leads=leads, sample_bits=bits), BOARD)
    assert options.samples_per_frame == samples
    assert 6 + samples * leads * bits // 8 <= MOST_BODY_BYTES


def test_what_is_not_said_is_the_boards_usual() -> None:
    assert with_short_frames(StreamOptions(), BOARD).samples_per_frame == 8
