from __future__ import annotations

import queue
import time

import numpy as np
import pytest

from engine.devices.faults import DeviceError
from engine.devices.live import LiveSession
from engine.devices.tileio import (
    APOLLO4_HEARTKIT,
    HeartKitInputs,
    PacketType,
    TileioReader,
    TileioSamples,
    encode_packet,
    signal_packets,
)
from engine.devices.tileio_transport import TileioTransport
from engine.devices.transports import Transport


class Demo(Transport):
    """HeartKit's demo firmware: waits to be asked, then sends."""

    def __init__(self) -> None:
        super().__init__("demo")
        self.asked = TileioReader()
        self.out: queue.Queue[bytes] = queue.Queue()

    def read(self, timeout_s: float) -> bytes:
        try:
            return self.out.get(timeout=timeout_s)
        except queue.Empty:
            return b""

    def write(self, data: bytes) -> None:
        for packet in self.asked.feed(data):
            assert packet.type is PacketType.UIO and packet.data == b""
            self.out.put(encode_packet(HeartKitInputs().packet()))

    def close(self) -> None:
        pass


@pytest.mark.parametrize(("said", "words"), [(b"", "nothing comes"), (b"\x55" * 700, "700 bytes came, but no")])
def test_port_without_tileio_is_refused(monkeypatch, said, words):
    monkeypatch.setattr("engine.devices.tileio_transport.LOOK_S", 0.2)
    demo = Demo()
    demo.write = lambda data: demo.out.put(said)
    with pytest.raises(DeviceError, match=words):
        TileioTransport("tileio:x", lambda _: demo)


def test_heartkits_demo_streams_like_any_other_board_with_its_segments_as_results():
    rng = np.random.default_rng(0)
    values = (rng.integers(-2000, 2000, (200, 2)) / 1000).astype(np.float32)
    mask = np.repeat([0, 1, 2, 3], 50).astype(np.uint16)
    demo = Demo()
    live = LiveSession("tileio:x", analyse=False, opener=lambda: TileioTransport("tileio:x", lambda _: demo))
    live.open()
    info = live.wait_connected(5)
    assert info.leads == ("raw", "denoised") and "lost ones cannot be noticed" in info.note
    live.start()
    for at in range(0, 200, 10):
        part = TileioSamples(0, values[at : at + 10], mask[at : at + 10])
        for packet in signal_packets(part, APOLLO4_HEARTKIT[0]):
            demo.out.put(b"\x55noise" + encode_packet(packet))
    end = time.monotonic() + 10
    while (live.ring is None or live.ring.head < 200) and time.monotonic() < end:
        time.sleep(0.01)
    live.close()
    heard, valid = live.ring.read(0, 200)
    assert valid.all()
    assert np.array_equal(np.rint(heard.T * 1000), np.rint(values * 1000))
    results = live.results(0, 200)
    assert np.array_equal(np.concatenate([r.classes for r in results]), mask)
    assert {r.equal for r in results} == {None} and all("no model" in r.why for r in results)
