from __future__ import annotations

import numpy as np
import pytest

from engine.devices.live_types import StreamOptions
from engine.devices.protocol import DeviceInfo, Samples, Samples24, encode
from engine.devices.start_request import start_request

BOARD = DeviceInfo("1", "b", (1, 1), tuple("ABCDEFGHIJKL"), (250, 1000), 5.0, uv_per_lsb_24=1.0)


@pytest.mark.parametrize(
    ("rate", "leads", "bits", "samples"),
    [(250, 1, 16, 8), (250, 12, 16, 3), (1000, 1, 16, 32), (1000, 12, 16, 3), (1000, 12, 24, 2)],
)
def test_frames_are_short_for_the_picture_and_for_damage(rate: int, leads: int, bits: int, samples: int) -> None:
    start = start_request(StreamOptions(rate_hz=rate, n_leads=leads, sample_bits=bits), BOARD)
    assert start.samples_per_frame == samples
    values = np.full((samples, leads), -1, np.int32)
    frame = Samples24(0, values) if bits == 24 else Samples(0, values.astype(np.int16))
    assert (1 - 1e-4) ** len(encode(frame, 0)) >= 0.99


def test_who_wants_frames_of_another_length_gets_them() -> None:
    options = StreamOptions(rate_hz=1000, n_leads=12, samples_per_frame=20)
    assert start_request(options, BOARD).samples_per_frame == 20
