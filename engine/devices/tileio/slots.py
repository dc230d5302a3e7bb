"""What Tileio's packets mean: samples with their masks, metrics, and the eight user inputs.

A device does not announce its slots; the profile of its firmware must be known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from engine.devices.faults import DeviceError
from engine.devices.tileio.packet import USUAL_DATA_BYTES, Packet, PacketType

F32 = NDArray[np.float32]
U16 = NDArray[np.uint16]

TYPES = ("u1", "i1", "u2", "i2", "u4", "i4", "f4")  # of numpy, little-endian in a packet


@dataclass(frozen=True)
class SlotProfile:
    """One slot of a firmware. A channel's value is its number / `scale`, in `unit`."""

    name: str
    rate_hz: float
    channels: tuple[str, ...]
    type: str = "i2"
    scale: float = 1000.0
    unit: str = "mV"
    metrics: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.type not in TYPES or not 1 <= len(self.channels) <= 4:
            raise ValueError(f"slot {self.name}: one to four channels of one of {', '.join(TYPES)}")

    @property
    def row(self) -> np.dtype[np.void]:
        """One sample as it travels: the mask, then a value for each channel."""
        return np.dtype([("mask", "<u2"), ("values", f"<{self.type}", (len(self.channels),))])


APOLLO4_HEARTKIT = (
    SlotProfile(
        "ECG",
        100.0,
        ("raw", "denoised"),
        metrics=(
            *("heart rate", "HRV (RMSSD)", "denoising similarity", "rhythm"),
            *("denoise IPS", "segmentation IPS", "rhythm IPS", "CPU"),
        ),
    ),
)
APOLLO5_VITALS = (
    SlotProfile(
        "ECG",
        100.0,
        ("raw", "denoised"),
        metrics=(
            *("heart rate", "HRV (RMSSD)", "denoising similarity", "rhythm"),
            *("denoise IPS", "segmentation IPS", "rhythm IPS", "quality"),
            *("denoise IPS/W", "segmentation IPS/W", "rhythm IPS/W"),
        ),
    ),
    SlotProfile("PPG", 100.0, ("red", "infrared"), metrics=("pulse rate", "SpO2", "quality")),
    SlotProfile(
        "CPU",
        100.0,
        ("denoise", "segmentation", "rhythm"),
        type="f4",
        scale=1.0,
        unit="%",
        metrics=("CPU", "battery days", "mean IPS"),
    ),
)


@dataclass(frozen=True, eq=False)
class TileioSamples:
    """Samples of one slot: `values` float32 [n, channels] in the slot's unit, `mask` uint16 [n]."""

    slot: int
    values: F32
    mask: U16

    @property
    def segment(self) -> U16:
        """Segment class of each sample (bits 0-5)."""
        return _bits(self.mask, 0, 6)

    @property
    def quality(self) -> U16:
        """0 bad .. 3 good (bits 6-7)."""
        return _bits(self.mask, 6, 2)

    @property
    def fiducial(self) -> U16:
        """Peak at this sample: 0 none, 1 P, 2 QRS, 3 T (bits 8-9 of HeartKit's ECG slots)."""
        return _bits(self.mask, 8, 2)

    @property
    def beat(self) -> U16:
        """Beat at this sample: 0 none, 1 normal, 2 premature, 3 noise (bits 10-15 of HeartKit's ECG slots)."""
        return _bits(self.mask, 10, 6)


@dataclass(frozen=True)
class TileioMetrics:
    """The figures of one slot by name; NaN where the device has none."""

    slot: int
    values: dict[str, float]


@dataclass(frozen=True)
class HeartKitInputs:
    """The eight user inputs of HeartKit's demos, one byte each, in this order.

    source: 0-5 canned patients, 6 live. Noises in percent. The last three: 0 off, 1 classical, 2 model.
    """

    source: int = 6
    baseline_percent: int = 0
    muscle_percent: int = 0
    electrode_percent: int = 0
    cpu_speed: int = 0
    denoise: int = 2
    segmentation: int = 2
    rhythm: int = 2

    def packet(self, slot: int = 0) -> Packet:
        """As the host sends it to change them. Raises ValueError for a value beyond a byte."""
        return Packet(slot, PacketType.UIO, bytes(getattr(self, field.name) for field in fields(self)))


def ask_inputs(slot: int = 0) -> Packet:
    """What a host sends first: firmware takes it as the connection and answers with its inputs."""
    return Packet(slot, PacketType.UIO, b"")


TileioMessage = TileioSamples | TileioMetrics | HeartKitInputs


def read_packet(packet: Packet, profiles: tuple[SlotProfile, ...]) -> TileioMessage:
    """What a packet says. Raises DeviceError when it does not fit the profile of its slot."""
    if packet.type is PacketType.UIO:
        if not packet.data:
            raise DeviceError("the device asks for inputs, which only a host does")
        return HeartKitInputs(*packet.data)
    if packet.slot >= len(profiles):
        raise DeviceError(f"the device uses slot {packet.slot}", hint="choose the profile of its firmware")
    profile = profiles[packet.slot]
    if packet.type is PacketType.METRICS:
        return TileioMetrics(packet.slot, _metrics(packet, profile))
    if len(packet.data) % profile.row.itemsize:
        fault = f"{len(packet.data)} bytes are no whole number of samples of the slot {profile.name}"
        raise DeviceError(fault, hint="choose the profile of its firmware")
    rows = np.frombuffer(packet.data, profile.row)
    values = (rows["values"] / profile.scale).astype(np.float32)
    return TileioSamples(packet.slot, values, rows["mask"].astype(np.uint16))


def signal_packets(samples: TileioSamples, profile: SlotProfile) -> list[Packet]:
    """As a device sends samples: rounded to the slot's type and held within it, as many a packet as usual."""
    rows = np.zeros(len(samples.values), profile.row)
    scaled = np.nan_to_num(samples.values.astype(np.float64) * profile.scale)
    if profile.type != "f4":
        limits = np.iinfo(profile.type)
        scaled = np.clip(np.rint(scaled), limits.min, limits.max)
    rows["values"], rows["mask"] = scaled, samples.mask
    most = USUAL_DATA_BYTES // profile.row.itemsize
    return [
        Packet(samples.slot, PacketType.SIGNAL, rows[at : at + most].tobytes()) for at in range(0, len(rows), most)
    ]


def metrics_packet(metrics: TileioMetrics, profile: SlotProfile) -> Packet:
    """As a device sends metrics."""
    values = [metrics.values.get(name, math.nan) for name in profile.metrics]
    return Packet(metrics.slot, PacketType.METRICS, np.asarray(values, "<f4").tobytes())


def _bits(mask: U16, first: int, count: int) -> U16:
    return ((mask >> first) & ((1 << count) - 1)).astype(np.uint16)


def _metrics(packet: Packet, profile: SlotProfile) -> dict[str, float]:
    values = np.frombuffer(packet.data[: len(packet.data) // 4 * 4], "<f4")
    names = (*profile.metrics, *(f"metric {k + 1}" for k in range(len(profile.metrics), len(values))))
    return {name: float(value) for name, value in zip(names, values, strict=False)}
