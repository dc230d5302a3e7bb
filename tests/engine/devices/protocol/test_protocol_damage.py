"""What a bad cable costs: at one damaged byte in ten thousand, under a frame in a hundred, and nothing false."""

from __future__ import annotations

import numpy as np
import pytest

from engine.devices.protocol import Frame, FrameDecoder, Samples, encode

N_FRAMES = 4000


@pytest.fixture(scope="module")
def stream() -> tuple[list[bytes], bytes]:
    generator = np.random.default_rng(1)
    sent = [Samples(10 * k, generator.integers(-400, 400, (10, 2)).astype(np.int16)) for k in range(N_FRAMES)]
    bodies = [message.pack() for message in sent]
    return bodies, b"".join(encode(message, k) for k, message in enumerate(sent))


def lose(wire: bytes, rate: float, generator: np.random.Generator) -> bytes:
    octets = np.frombuffer(wire, np.uint8)
    return octets[generator.random(len(octets)) >= rate].tobytes()


def flip(wire: bytes, rate: float, generator: np.random.Generator) -> bytes:
    octets = np.frombuffer(wire, np.uint8).copy()
    hit = generator.random(len(octets)) < rate
    octets[hit] ^= (1 << generator.integers(0, 8, int(hit.sum()))).astype(np.uint8)
    return octets.tobytes()


@pytest.mark.parametrize(("rate", "survive"), [(0.0, 1.0), (1e-5, 0.999), (1e-4, 0.99), (1e-3, 0.93)])
@pytest.mark.parametrize("damage", [lose, flip])
def test_frames_survive_and_nothing_false_gets_through(stream, damage, rate: float, survive: float):
    bodies, wire = stream
    damaged = damage(wire, rate, np.random.default_rng(7))
    found = FrameDecoder().feed(damaged)
    good = [f.message for f in found if isinstance(f, Frame)]
    assert len(good) >= survive * N_FRAMES
    assert all(message.pack() == bodies[message.index // 10] for message in good)
    assert len({message.index for message in good}) == len(good)
