"""Faults in words: what they mean, which are refused, and that the simulator does them at their time."""

from __future__ import annotations

import time

import pytest

from engine.devices.fault_plan import FORMS, FaultPlan, SingleFault
from engine.devices.faults import DeviceError, LinkLostError
from engine.devices.protocol import Event, EventKind, Frame, FrameDecoder, Message, Samples, Start, encode
from engine.devices.simulator import Faults, Simulator
from engine.devices.transports import open_port
from engine.devices.virtual import start

PATIENCE_S = 20.0


def test_every_fault_has_words():
    words = ["drop=0.1", "duplicate=0.2", "corrupt=1e-4", "lose=1e-5", "jitter=0.05", "burst=0.5", "drift=-30"]
    plan = FaultPlan.parse([*words, "reset@15", "unplug=2@10", "stall=1.5@0"])
    assert plan.lasting == Faults(0.1, 0.2, 1e-4, 1e-5, 0.05, 0.5, -30)
    assert plan.single == (SingleFault("stall", 0, 1.5), SingleFault("unplug", 10, 2), SingleFault("reset", 15))
    assert all(word.partition("=")[0].partition("@")[0] in FORMS for word in words)
    assert FaultPlan.parse([]) == FaultPlan(Faults(), ())


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("earthquake", "no fault"),
        ("", "no fault"),
        ("drop", "no number"),
        ("drop=much", "no number"),
        ("drop=nan", "no number"),
        ("drop=1.5", "share from 0 to 1"),
        ("drift=1e9", "drift"),
        ("unplug=2", "lacks a time"),
        ("stall@3", "lacks a time"),
        ("reset", "lacks a time"),
        ("reset=1@3", "lacks a time"),
        ("unplug=2@soon", "no number"),
        ("unplug=-2@1", "not negative"),
    ],
)
def test_what_is_no_fault_is_refused_in_words(word: str, reason: str):
    with pytest.raises(DeviceError, match=reason):
        FaultPlan.parse([word])


def test_only_the_simulator_takes_faults():
    with pytest.raises(DeviceError, match="only the simulator"):
        start("host", faults=["drop=0.1"])


def heard(plan: FaultPlan, enough) -> list[Message]:
    """What a streaming board says until that is enough, or until the cable is pulled."""
    got: list[Message] = []
    with Simulator(recordings=(), models=(), faults=plan.lasting, later=plan.single) as board:
        port, decoder = open_port(board.url), FrameDecoder()
        port.write(encode(Start(250), 0))
        end = time.monotonic() + PATIENCE_S
        while not enough(got) and time.monotonic() < end:
            try:
                data = port.read(0.1)
            except LinkLostError:
                break
            got += [found.message for found in decoder.feed(data) if isinstance(found, Frame)]
        port.close()
    return got


def is_boot(message: Message) -> bool:
    return isinstance(message, Event) and message.kind == EventKind.BOOT


def test_a_reset_comes_at_its_time():
    def has_started_again(got: list[Message]) -> bool:
        return bool(got) and is_boot(got[-1]) and any(isinstance(m, Samples) for m in got)

    got = heard(FaultPlan.parse(["reset@0.3"]), has_started_again)
    last = [m for m in got if isinstance(m, Samples)][-1]
    assert has_started_again(got) and 50 <= last.index + last.count <= 250


def test_the_cable_is_pulled_at_its_time():
    got = heard(FaultPlan.parse(["unplug=60@0.3"]), lambda got: False)
    assert any(isinstance(m, Samples) for m in got)
