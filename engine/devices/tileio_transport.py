"""A board that speaks Tileio, behind the same door: `tileio:PORT`, over any byte stream.

Slot 0 is taken for HeartKit's ECG; the segments in its mask become results of a model named "on the board". Packets
carry no sample index, so that lost ones cannot be noticed; the board's description says so.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.devices.faults import DeviceError
from engine.devices.protocol import (
    DeviceInfo,
    Message,
    ModelInfo,
    Result,
    Results,
    Samples,
    Start,
    encode_class_runs,
)
from engine.devices.stand_in import POLL_S, StandIn
from engine.devices.tileio import (
    APOLLO4_HEARTKIT,
    Packet,
    PacketType,
    TileioReader,
    TileioSamples,
    ask_inputs,
    encode_packet,
    read_packet,
)
from engine.devices.transports import DEFAULT_BAUD, Transport, now_s, open_port
from engine.errors import EngineError

PREFIX = "tileio:"
ECG_SLOT = 0
CLASSES = ("none", "p", "qrs", "t")
_WINDOW = 10  # samples in a usual packet
_HIGHEST = 32767
LOOK_S = 4.0  # HeartKit's firmware sends every 2 s at the least


class TileioTransport(StandIn):
    """Takes Tileio's packets for samples, and their masks for results."""

    refusal = "use the board's own dashboard for that"

    def __init__(self, port: str, opener: Callable[[str], Transport] | None = None) -> None:
        super().__init__(port)
        ask = opener or (lambda where: open_port(where, baud=DEFAULT_BAUD))
        self._below = ask(port.removeprefix(PREFIX))
        self._reader = TileioReader()
        self._start: Start | None = None
        self._index = 0
        try:
            self._look()
        except BaseException:
            self._below.close()
            raise

    @property
    def info(self) -> DeviceInfo:
        """The ECG slot of HeartKit's firmware."""
        profile = APOLLO4_HEARTKIT[ECG_SLOT]
        segments = ModelInfo(
            id=0,
            name="on the board",
            rate_hz=profile.rate_hz,
            input_shape=(_WINDOW, 1),
            output_shape=(_WINDOW, len(CLASSES)),
            input_scale=1.0,
            input_zero=0,
            output_scale=1.0,
            output_zero=0,
            hop=_WINDOW,
            task="segmentation",
            classes=CLASSES,
        )
        return DeviceInfo(
            firmware="Tileio",
            board="HeartKit demo",
            protocol=(1, 1),
            leads=profile.channels,
            rates_hz=(round(profile.rate_hz),),
            uv_per_lsb=1.0,
            models=(segments,),
            note="packets carry no sample index: lost ones cannot be noticed",
        )

    def start(self, start: Start) -> str:
        """Pass on the samples from now on, counted from 0."""
        if start.sample_bits != 16 or start.lead_mask.bit_length() > len(APOLLO4_HEARTKIT[ECG_SLOT].channels):
            return "there are two leads of 16 bits"
        self._start, self._index = start, 0
        return ""

    def stop(self) -> None:
        """Let packets pass unread."""
        self._start = None

    def read(self, timeout_s: float) -> bytes:
        """Answers, or frames made of the packets that came."""
        packets = self._reader.feed(self._below.read(min(timeout_s, POLL_S)))
        with self._news:  # no sample may go before the answer to START
            answers = self.take_answers()
            start = self._start
            messages: list[Message] = []
            if start is not None:
                for ecg in filter(None, map(_ecg_of, packets)):
                    messages += self._messages(ecg, start)
            return answers + b"".join(self.frame(message) for message in messages)

    def close(self) -> None:
        """Release the port."""
        self._below.close()

    def _look(self) -> None:
        """Wait for a first packet. Raises DeviceError when none comes."""
        self._below.write(encode_packet(ask_inputs()))
        n_bytes, until_s = 0, now_s() + LOOK_S
        while now_s() < until_s:
            data = self._below.read(0.1)
            n_bytes += len(data)
            if self._reader.feed(data):
                return
        name = self.port.removeprefix(PREFIX)
        if n_bytes:
            raise DeviceError(f"{name}: {n_bytes:,} bytes came, but no packets of Tileio", hint="another device?")
        raise DeviceError(f"{name}: nothing comes", hint="is the firmware running?")

    def _messages(self, found: TileioSamples, start: Start) -> list[Message]:
        chosen = [k for k in range(found.values.shape[1]) if start.lead_mask >> k & 1]
        codes = np.clip(np.rint(found.values[:, chosen] * 1000.0), -_HIGHEST, _HIGHEST).astype(np.int16)
        index, self._index = self._index, (self._index + len(codes)) & 0xFFFFFFFF
        messages: list[Message] = [Samples(index, codes)]
        if start.model_mask & 1:
            runs = encode_class_runs(np.minimum(found.segment, len(CLASSES) - 1).astype(np.uint8))
            messages.append(
                Result(
                    index=index,
                    window=len(codes),
                    model=0,
                    encoding=Results.CLASS_RUNS,
                    latency_us=0,
                    total=len(runs),
                    data=runs,
                )
            )
        return messages


def _ecg_of(packet: Packet) -> TileioSamples | None:
    """The ECG in a packet, if it holds any."""
    if packet.type is not PacketType.SIGNAL or packet.slot != ECG_SLOT:
        return None
    try:
        found = read_packet(packet, APOLLO4_HEARTKIT)
    except EngineError:
        return None
    return found if isinstance(found, TileioSamples) and len(found.mask) else None
