"""Tileio, the dashboard protocol of Ambiq's demos: its packets and what they hold, both ways."""

from __future__ import annotations

from engine.devices.tileio.packet import Packet, PacketType, TileioReader, encode_packet
from engine.devices.tileio.slots import (
    APOLLO4_HEARTKIT,
    APOLLO5_VITALS,
    HeartKitInputs,
    SlotProfile,
    TileioMessage,
    TileioMetrics,
    TileioSamples,
    ask_inputs,
    metrics_packet,
    read_packet,
    signal_packets,
)

__all__ = [
    "APOLLO4_HEARTKIT",
    "APOLLO5_VITALS",
    "HeartKitInputs",
    "Packet",
    "PacketType",
    "SlotProfile",
    "TileioMessage",
    "TileioMetrics",
    "TileioReader",
    "TileioSamples",
    "ask_inputs",
    "encode_packet",
    "metrics_packet",
    "read_packet",
    "signal_packets",
]
