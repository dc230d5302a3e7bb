"""HeartKit's own boards: eRPC as their firmware speaks it, for running models there and for the demo of 2023."""

from __future__ import annotations

from engine.devices.erpc.codec import Call, CallStatus, DataBlock, DataType, ErpcError, ErpcReader, encode_call
from engine.devices.erpc.inference import EvbInference
from engine.devices.erpc.live_demo import (
    DemoEvent,
    DemoMask,
    DemoResults,
    DemoSamples,
    DemoText,
    DemoUnknown,
    LiveDemoServer,
)

__all__ = [
    "Call",
    "CallStatus",
    "DataBlock",
    "DataType",
    "DemoEvent",
    "DemoMask",
    "DemoResults",
    "DemoSamples",
    "DemoText",
    "DemoUnknown",
    "ErpcError",
    "ErpcReader",
    "EvbInference",
    "LiveDemoServer",
    "encode_call",
]
