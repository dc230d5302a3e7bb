"""The simulated board is no board of its own kind: it answers every request as the firmware does."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import numpy as np
import pytest
from firmware_host import HostLink
from random_frames import framed, random_bodies

from engine.devices.protocol import (
    Ack,
    Infer,
    Inject,
    Input,
    Mark,
    Message,
    ModelCommit,
    ModelData,
    Reset,
    SelfTest,
    SetModels,
    SetNoise,
    SetSource,
    Source,
    Start,
    Stop,
)
from engine.devices.simulator import Simulator

REPLAY, INJECT = Source.REPLAY, Source.INJECT
CONVERSATION: list[Message] = [
    Stop(),
    Start(333),
    Start(250, 1 << 12),
    Start(250, source=9),
    Start(250, sample_bits=12),
    Start(250, results=7),
    Start(250, model_mask=1 << 20),
    Start(250, model_mask=0b100, source=REPLAY),  # beat-aami has no windows of its own
    Start(1000, 0xFFF, samples_per_frame=21),
    SetSource(REPLAY, 9),
    SetSource(7),
    SetSource(REPLAY, 1),
    SetModels(1 << 20),
    Inject(0, np.array([[1]])),
    Infer(0),
    Infer(31),
    Input(0, 0, 5, b"short"),
    Input(0, 0, 256, bytes(200)),
    Input(0, 100, 256, bytes(56)),
    Input(0, 200, 256, bytes(56)),
    Infer(0),
    Infer(1),
    SetNoise(10, 20, 30, 40),
    Mark("here"),
    SelfTest(),
    Start(250, 0b11, source=INJECT, model_mask=0b11),
    Inject(0, np.array([[1]])),
    Inject(0, np.array([[1, 2]])),
    Inject(20_000, np.array([[1, 2]])),
    SelfTest(),
    SetModels(0b10),
    Stop(),
    Start(250, sample_bits=24, source=REPLAY),
    Stop(),
    Ack(3),
    Reset(),
]
MASKS = (0, 1, 2, 3, 4, 8, 1 << 31, 0xFFFFFFFF)
INDICES = (0, 1, 100, 20_000, 1 << 31, (1 << 32) - 1)
LATER: list[Message] = [ModelData(0, b"x"), ModelCommit(0)]  # boards that take no uploads answer otherwise


@pytest.fixture(scope="module")
def simulated() -> Iterator[HostLink]:
    with Simulator(models=("seg-4-sm", "den-sm", "beat-aami")) as simulator:
        link = HostLink(int(simulator.url.rpartition(":")[2]))
        yield link
        link.close()


def any_request(random: Random) -> Message:
    """A request that is nearly always understood and often wrong."""
    pick = random.choice
    piece = bytes(pick((1, 5, 56, 200, 256)))
    return pick(
        [
            Start(
                pick((200, 250, 500, 1000, 333)),
                pick((1, 0b11, 0x801, 0xFFF, 0x1000)),
                samples_per_frame=pick((0, 5, 20, 21, 83, 255)),
                sample_bits=pick((16, 16, 24, 12)),
                source=random.randrange(4),
                results=random.randrange(4),
                model_mask=pick(MASKS),
            ),
            Start(pick((250, 500, 1000)), 1, source=pick((REPLAY, INJECT)), model_mask=pick(MASKS[:4])),
            Stop(),
            SetSource(random.randrange(4), pick((0, 1, 2, 3, 4, 200))),
            SetModels(pick(MASKS)),
            SetNoise(*(pick((0, 100, 65535)) for _ in range(4))),
            Mark("x" * pick((0, 10, 498, 506))),
            SelfTest(),
            Reset(),
            Inject(pick(INDICES), np.full((pick((1, 10)), pick((1, 2, 12))), pick((-32768, 5)))),
            Infer(pick((0, 1, 2, 31))),
            Input(pick((0, 1, 2, 31)), pick((0, 56, 200)), 456, piece),
            Input(pick((0, 1)), pick((0, 56)), 256 if len(piece) == 200 else 1000, piece),
        ]
    )


def answer(link: HostLink, message: Message) -> tuple[str, int, int]:
    ack = link.ask(message)
    room_goes_by = isinstance(message, Inject)  # with time
    return type(message).__name__, ack.status, 0 if room_goes_by else ack.value


def test_every_request_ends_alike(board: HostLink, simulated: HostLink):
    assert [answer(simulated, m) for m in CONVERSATION] == [answer(board, m) for m in CONVERSATION]


def test_any_conversation_goes_alike(board: HostLink, simulated: HostLink):
    random = Random(5)
    for number in range(250):
        message = any_request(random)
        assert answer(simulated, message) == answer(board, message), f"{number}: {message}"


def test_random_requests_do_not_end_the_simulator(simulated: HostLink):
    for sequence, (kind, body) in enumerate(random_bodies(np.random.default_rng(6), 1000)):
        if sequence % 100 == 0:
            simulated.send(Start(1000, 0b11, source=REPLAY, model_mask=0b11))
        simulated.send_bytes(framed(kind, body, sequence))
        if sequence % 10 == 0:
            simulated.read()
    simulated.settle()
    assert simulated.info().board == "simulator"


def test_no_upload_without_a_beginning(board: HostLink, simulated: HostLink):
    for message in LATER:
        assert board.ask(message).status != 0
        assert simulated.ask(message).status != 0


def test_both_describe_themselves_alike(board: HostLink, simulated: HostLink):
    ours, theirs = simulated.info(), board.info()
    for name in ("protocol", "leads", "uv_per_lsb", "uv_per_lsb_24", "sources"):
        assert getattr(ours, name) == getattr(theirs, name), name
    assert set(ours.rates_hz) == set(theirs.rates_hz)
    for simulated_model, model in zip(ours.models, theirs.models, strict=True):
        for name in ("id", "name", "input_shape", "output_shape", "input_zero", "output_zero", "task", "classes"):
            assert getattr(simulated_model, name) == getattr(model, name), name
        assert simulated_model.hop == model.hop
        assert simulated_model.input_scale == pytest.approx(model.input_scale, rel=1e-6)
