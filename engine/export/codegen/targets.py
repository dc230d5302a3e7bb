"""The instruction sets that generated C is compiled for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.errors import ConfigError


@dataclass(frozen=True)
class Target:
    """One way to compile the kernels; `flags` choose it on arm-none-eabi-gcc (none: any compiler)."""

    name: str
    title: str
    flags: tuple[str, ...]


_M4 = ("-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard", "-mthumb")
_M55 = ("-mcpu=cortex-m55", "-mfloat-abi=hard", "-mthumb")
TARGETS: Mapping[str, Target] = {
    target.name: target
    for target in (
        Target("portable", "plain C99 on any machine", ("-DNN_PORTABLE",)),
        Target("dsp", "Cortex-M4 with DSP instructions", _M4),
        Target("mve", "Cortex-M55 with Helium", _M55),
    )
}


def target_of(name: str) -> Target:
    """A target by name. Raises ConfigError."""
    if name not in TARGETS:
        raise ConfigError(f'no target "{name}"', hint=f"choose one of {', '.join(TARGETS)}")
    return TARGETS[name]
