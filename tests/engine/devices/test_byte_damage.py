"""One byte in 10,000 damaged: what survives, what is lost, and that nothing wrong is shown."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from engine.devices.live_types import StreamOptions
from engine.devices.protocol import DeviceInfo, Frame, FrameDecoder, Samples, encode
from engine.devices.simulator.cable import Cable, Faults
from engine.devices.start_request import start_request
from engine.devices.stream_intake import StreamIntake, StreamShape

BOARD = DeviceInfo("1", "b", (1, 1), tuple("ABCDEFGHIJKL"), (250, 1000), 5.0)
DAMAGE = 1e-4
N_FRAMES = 20_000


@pytest.mark.parametrize("faults", [Faults(corrupt=DAMAGE), Faults(lose=DAMAGE)], ids=["flipped", "missing"])
@pytest.mark.parametrize(("rate_hz", "n_leads"), [(250, 1), (1000, 12)])
def test_frames_survive_and_every_lost_sample_is_known(rate_hz, n_leads, faults):
    start = start_request(StreamOptions(rate_hz=rate_hz, n_leads=n_leads), BOARD)
    count = start.samples_per_frame
    sent = np.random.default_rng(1).integers(-3000, 3000, (N_FRAMES * count, n_leads)).astype(np.int16)
    frames = [encode(Samples(k * count, sent[k * count : (k + 1) * count]), k) for k in range(N_FRAMES)]
    cable = Cable(seed=2)
    cable.faults = faults
    arrived = [cable.damage(frame) for frame in frames]

    shape = StreamShape.of(start, BOARD)
    intake = StreamIntake(shape, shape.ring(N_FRAMES * count / rate_hz), None)
    intake.restart(0.0, 0)
    good = set()
    for found in FrameDecoder().feed(b"".join(arrived)):
        if isinstance(found, Frame):
            good.add(found.sequence)
            intake.take(found.message, found.sequence, found.sequence * count / rate_hz, 0.0)

    assert len(good) >= 0.99 * N_FRAMES
    whole = [a == b for a, b in zip(arrived, frames, strict=True)]
    in_step = {k for k, (before, own) in enumerate(itertools.pairwise([True, *whole])) if before and own}
    assert in_step <= good  # after one whole frame at the latest it is in step again
    stop = intake.ring.head
    codes = intake.ring.read_adu(0, stop).T
    valid = intake.ring.read(0, stop)[1].all(axis=0)
    assert np.array_equal(codes[valid], sent[:stop][valid])
    assert intake.account.lost == int((~valid).sum()) == stop - len(good) * count
