"""What generated C costs, in figures."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine.export.report import TensorIo


@dataclass(frozen=True)
class CodeReport:
    """Figures of one generated model. Sizes in bytes.

    weight_bytes: constants in flash; the code of the kernels comes on top. arena_bytes: the memory that the caller
    lends for one inference, scratch memory included. compile_flags: what the target wants of arm-none-eabi-gcc.
    exact_layers: operators for which the short form of rounding could not be proven, so that they round twice.
    """

    name: str
    target: str
    sha256: str
    source: Path
    header: Path
    input: TensorIo
    output: TensorIo
    arena_bytes: int
    weight_bytes: int
    macs: int
    operators: tuple[tuple[str, int], ...]
    exact_layers: tuple[str, ...]
    compile_flags: tuple[str, ...]

    @property
    def input_bytes(self) -> int:
        """Size of the input."""
        return math.prod(self.input.shape)

    @property
    def output_bytes(self) -> int:
        """Size of the output."""
        return math.prod(self.output.shape)

    @property
    def flash_bytes(self) -> int:
        """Constants of the model."""
        return self.weight_bytes

    @property
    def ram_bytes(self) -> int:
        """Arena, input and output together."""
        return self.arena_bytes + self.input_bytes + self.output_bytes

    def to_document(self) -> dict[str, Any]:
        """JSON-ready figures."""
        document = asdict(self)
        document |= {"source": str(self.source), "header": str(self.header)}
        document |= {
            "operators": dict(self.operators),
            "flash_bytes": self.flash_bytes,
            "ram_bytes": self.ram_bytes,
        }
        return {key: list(value) if isinstance(value, tuple) else value for key, value in document.items()}

    def to_text(self) -> str:
        """The same for people, one figure a line."""
        lines = [
            f"source          {self.source}",
            f"header          {self.header}",
            f"target          {self.target} ({' '.join(self.compile_flags)})",
            f"flash           {self.flash_bytes:,} bytes of weights and scales, kernels not counted",
            f"arena           {self.arena_bytes:,} bytes",
            f"input, output   {self.input_bytes:,} and {self.output_bytes:,} bytes",
            f"MACs a window   {self.macs:,}",
            "operators       " + ", ".join(f"{count} {name}" for name, count in self.operators),
        ]
        if self.exact_layers:
            lines.append("double rounding " + ", ".join(self.exact_layers))
        return "\n".join(lines) + "\n"
