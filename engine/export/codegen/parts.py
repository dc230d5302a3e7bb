"""What a lowered operator is made of: constants, parameter blocks and kernel calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

CTYPES: dict[str, str] = {"int8": "int8_t", "int16": "int16_t", "int32": "int32_t"}
SCRATCH = "scratch"  # argument of a call: the step's scratch memory


@dataclass(frozen=True)
class Constant:
    """A read-only array of the generated file."""

    name: str
    values: NDArray[Any]

    @property
    def bytes(self) -> int:
        """Size in flash."""
        return int(self.values.nbytes)


@dataclass(frozen=True)
class Layer:
    """A parameter block: kernel struct `ctype` with fields of numbers, names, tuples or further fields."""

    name: str
    ctype: str
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Place:
    """Where a tensor's bytes are, plus an offset."""

    tensor: int
    offset: int = 0


@dataclass(frozen=True)
class Call:
    """One kernel call; strings are C text, `SCRATCH` is the scratch memory."""

    kernel: str
    arguments: tuple[Place | str, ...]


@dataclass
class Step:
    """One operator on its way to C; the lowering fills it."""

    index: int
    operator: str
    reads: tuple[int, ...] = ()
    writes: tuple[int, ...] = ()
    constants: list[Constant] = field(default_factory=list)
    layers: list[Layer] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    scratch_bytes: int = 0
    exact_rounding: bool = False  # the short form of rounding could not be proven
    may_overwrite: tuple[int, ...] = ()  # inputs that the first output may take the place of

    def constant(self, what: str, values: NDArray[Any]) -> str:
        """Name of a new constant with these values."""
        name = f"{what}_{self.index}"
        if any(constant.name == name for constant in self.constants):
            name = f"{what}_{self.index}_{len(self.constants)}"
        self.constants.append(Constant(name, np.ascontiguousarray(values).ravel()))
        return name

    def layer(self, ctype: str, fields: Mapping[str, Any]) -> str:
        """Address of a new parameter block."""
        name = f"layer_{self.index}" + (f"_{len(self.layers)}" if self.layers else "")
        self.layers.append(Layer(name, ctype, fields))
        return f"&{name}"

    def call(self, kernel: str, *arguments: Place | str) -> None:
        """Call a kernel."""
        self.calls.append(Call(kernel, arguments))

    def scratch(self, size: int) -> str:
        """Scratch memory of at least this many bytes."""
        self.scratch_bytes = max(self.scratch_bytes, size)
        return SCRATCH
