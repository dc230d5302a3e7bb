"""The boards that exist in software only, in the order in which they are offered."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class VirtualKind:
    """A virtual board: what `engine.devices.virtual.start` calls it, and what people should know."""

    key: str
    title: str
    about: str


VIRTUAL_KINDS: tuple[VirtualKind, ...] = (
    VirtualKind("an547", "Virtual Cortex-M55", "The firmware on an emulated Cortex-M55 with Helium (QEMU)"),
    VirtualKind("an386", "Virtual Cortex-M4", "The firmware on an emulated Cortex-M4F (QEMU)"),
    VirtualKind("host", "Native process", "The firmware as a program of this computer"),
    VirtualKind("simulator", "Simulator", "The protocol played in Python: needs nothing, and can have faults"),
)
TITLES = {kind.key: kind.title for kind in VIRTUAL_KINDS}
