"""A board in Python that speaks the wire protocol, for where there is no other, and for trying what faults do."""

from __future__ import annotations

from engine.devices.simulator.cable import Faults
from engine.devices.simulator.server import Simulator
from engine.devices.simulator.signals import Recording

__all__ = ["Faults", "Recording", "Simulator"]
