"""What an export produced, in figures."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.export.cost import OperatorCost, operator_costs, parameters, planned_arena
from engine.export.flatbuffer import GraphError
from engine.export.tflite_graph import Graph, Tensor, read_graph

# Cycles a multiply-accumulate and clock, for a first idea of a window's time in INT8. From HeartKit's published
# cycle counts: 8 M and 5.5 M for models of 0.6 M and 0.5 M MACs on Apollo4 Plus; 5.8 M for 1.2 M MACs of small
# dilated convolutions on Apollo510, where wide convolutions need a sixth of that.
DEVICES: Mapping[str, tuple[float, float]] = {
    "Apollo4 Plus, 192 MHz": (12, 192e6),
    "Apollo510, 250 MHz": (5, 250e6),
}


@dataclass(frozen=True)
class TensorIo:
    """One end of the model: value = scale * (stored - zero_point); scale 0 for float."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float
    zero_point: int


@dataclass(frozen=True)
class ExportReport:
    """Figures of one .tflite model. Times are estimates from the multiply-accumulates, no measurements."""

    format: str
    io_type: str
    file_bytes: int
    sha256: str
    weight_bytes: int
    parameters: int
    macs: int
    operators: tuple[OperatorCost, ...]
    input: TensorIo
    output: TensorIo
    arena_planned_bytes: int
    arena_tflm_bytes: int | None = None  # on this computer; None where it was not measured
    estimated_ms: Mapping[str, float] = field(default_factory=dict)
    representative: str = ""  # where the windows that set the scales came from
    notes: tuple[str, ...] = ()

    @property
    def arena_bytes(self) -> int:
        """Tensor arena to reserve, in whole KiB: as measured, else half as much again as planned.

        TFLM's planner needed up to 1.4 times our plan in the models tried.
        """
        return -(-(self.arena_tflm_bytes or self.arena_planned_bytes * 3 // 2) // 1024) * 1024

    def to_document(self) -> dict[str, Any]:
        """JSON-ready figures."""
        return {
            "format": self.format,
            "io_type": self.io_type,
            "file_bytes": self.file_bytes,
            "flash_bytes": self.file_bytes,
            "weight_bytes": self.weight_bytes,
            "sha256": self.sha256,
            "params": self.parameters,
            "macs": self.macs,
            "operators": [{"name": o.name, "count": o.count, "macs": o.macs} for o in self.operators],
            "input": _io_document(self.input),
            "output": _io_document(self.output),
            "arena_bytes": self.arena_bytes,
            "arena_planned_bytes": self.arena_planned_bytes,
            "arena_tflm_bytes": self.arena_tflm_bytes,
            "estimated_ms": dict(self.estimated_ms),
            "representative": self.representative,
            "notes": list(self.notes),
        }

    def to_text(self) -> str:
        """The same for people, one figure a line."""
        arena = (
            "measured by TFLM on this computer" if self.arena_tflm_bytes else "planned with a reserve, not measured"
        )
        lines = [
            f"{self.format} with {self.io_type} input and output, {self.file_bytes / 1024:.1f} KiB",
            f"parameters      {self.parameters:,}",
            f"MACs a window   {self.macs:,}",
            f"tensor arena    {self.arena_bytes / 1024:.0f} KiB ({arena})",
            f"input           {self.input.dtype} {list(self.input.shape)}",
            f"output          {self.output.dtype} {list(self.output.shape)}",
            "operators       " + ", ".join(f"{o.count} {o.name}" for o in self.operators),
            *(
                f"estimated       about {ms:.1f} ms a window on {device}"
                for device, ms in self.estimated_ms.items()
            ),
            *(f"note            {note}" for note in self.notes),
        ]
        return "\n".join(lines) + "\n"


def describe(content: bytes, *, kind: str, representative: str = "", notes: tuple[str, ...] = ()) -> ExportReport:
    """The report of a model's bytes; `kind` is the format it was exported to. Raises GraphError."""
    graph = read_graph(content)
    costs = operator_costs(graph)
    macs = sum(cost.macs for cost in costs)
    ends = _single_ends(graph)
    return ExportReport(
        format=kind,
        io_type=ends[0].dtype,
        file_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        weight_bytes=sum(t.bytes for t in graph.tensors if t.data is not None),
        parameters=parameters(graph),
        macs=macs,
        operators=costs,
        input=ends[0],
        output=ends[1],
        arena_planned_bytes=planned_arena(graph),
        estimated_ms=_estimates(macs) if kind == "INT8" else {},
        representative=representative,
        notes=notes,
    )


def _estimates(macs: int) -> dict[str, float]:
    return {device: round(1e3 * macs * cycles / clock_hz, 2) for device, (cycles, clock_hz) in DEVICES.items()}


def _single_ends(graph: Graph) -> tuple[TensorIo, TensorIo]:
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise GraphError(f"has {len(graph.inputs)} inputs and {len(graph.outputs)} outputs instead of one each")
    return tensor_end(graph.tensors[graph.inputs[0]]), tensor_end(graph.tensors[graph.outputs[0]])


def tensor_end(tensor: Tensor) -> TensorIo:
    """A tensor as an end of the model."""
    scale, zero = 0.0, 0
    if tensor.quantization is not None:
        scale, zero = float(tensor.quantization.scale[0]), int(tensor.quantization.zero_point[0])
    return TensorIo(tensor.name, tensor.shape, tensor.dtype, scale, zero)


def _io_document(end: TensorIo) -> dict[str, Any]:
    return {
        "name": end.name,
        "shape": list(end.shape),
        "dtype": end.dtype,
        "scale": end.scale,
        "zero_point": end.zero_point,
    }
