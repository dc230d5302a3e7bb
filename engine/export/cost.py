"""What a .tflite graph costs: multiply-accumulates, parameters and memory, from the graph alone.

Multiply-accumulates count convolutions, fully connected layers and matrix products (one per weight application, the
bias free); every other operator counts none, as in the published figures of the models compared with.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.export.flatbuffer import GraphError
from engine.export.tflite_graph import Graph, Operator, Tensor

ALIGNMENT = 16  # of buffers in the tensor arena, as in TensorFlow Lite Micro
# What TFLM keeps beside the buffers, in bytes on a 64-bit host (a 32-bit board needs less).
RECORDED_PER_TENSOR = 24  # TfLiteEvalTensor
RECORDED_PER_OPERATOR = 128  # node and registration (64), and a kernel's own data as seen in convolution graphs
RECORDED_PER_CHANNEL = 8  # multiplier and shift of each output channel of a convolution
RECORDED_ENDS = 256  # persistent records of the model's inputs and outputs


@dataclass(frozen=True)
class OperatorCost:
    """All operators of one kind together."""

    name: str
    count: int
    macs: int


def operator_macs(graph: Graph, operator: Operator) -> int:
    """Multiply-accumulates of one operator."""
    inputs = graph.tensor_inputs(operator)
    out = graph.tensors[operator.outputs[0]]
    if operator.name in ("CONV_2D", "FULLY_CONNECTED"):
        weights = _needed(inputs, 1)
        return out.elements * math.prod(weights.shape[1:])
    if operator.name == "DEPTHWISE_CONV_2D":
        weights = _needed(inputs, 1)
        return out.elements * math.prod(weights.shape[1:3])
    if operator.name == "TRANSPOSE_CONV":  # every input value meets the whole kernel of every output channel
        weights, source = _needed(inputs, 1), _needed(inputs, 2)
        return source.elements * math.prod(weights.shape[:3])
    if operator.name == "BATCH_MATMUL":
        return out.elements * (_needed(inputs, 0).shape or (1,))[-1]
    return 0


def operator_costs(graph: Graph) -> tuple[OperatorCost, ...]:
    """Count and multiply-accumulates of each kind of operator, the most expensive first."""
    counts: dict[str, tuple[int, int]] = {}
    for operator in graph.operators:
        count, macs = counts.get(operator.name, (0, 0))
        counts[operator.name] = count + 1, macs + operator_macs(graph, operator)
    costs = [OperatorCost(name, count, macs) for name, (count, macs) in counts.items()]
    return tuple(sorted(costs, key=lambda cost: (-cost.macs, -cost.count, cost.name)))


def parameters(graph: Graph) -> int:
    """Trained numbers in the graph: constants of the operators that have weights, biases included.

    Shapes, axes and the constants of plain arithmetic are counted only where they are no 32-bit index lists.
    """
    weights: set[int] = set()
    for operator in graph.operators:
        inputs = graph.tensor_inputs(operator)
        first = 1 if operator.name in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV") else 0
        for tensor in inputs[first:]:
            if tensor is not None and tensor.data is not None and _is_weight(tensor):
                weights.add(tensor.index)
    return sum(graph.tensors[i].elements for i in weights)


def planned_arena(graph: Graph) -> int:
    """Bytes of tensor arena by our own plan: buffers placed where lifetimes allow, plus TFLM's records.

    Greedy by size as TFLM's planner: the largest buffer first, each at the lowest offset free during its life.
    """
    last_use = {index: len(graph.operators) for index in graph.outputs}
    first_use = dict.fromkeys(graph.inputs, -1)
    for step, operator in enumerate(graph.operators):
        for index in operator.inputs:
            last_use[index] = max(last_use.get(index, step), step)
        for index in operator.outputs:
            first_use.setdefault(index, step)
            last_use.setdefault(index, step)
    spans = [
        (first_use[t.index], last_use.get(t.index, first_use[t.index]), _aligned(t.bytes))
        for t in graph.tensors
        if t.data is None and t.index in first_use
    ]
    spans += [(step, step, _scratch(graph, operator)) for step, operator in enumerate(graph.operators)]
    placed: list[tuple[int, int, int, int]] = []  # start, end, first, last
    for first, last, size in sorted(spans, key=lambda span: -span[2]):  # equals stay in file order, as in TFLM
        rivals = sorted((start, end) for start, end, born, dead in placed if born <= last and first <= dead)
        offset = 0
        for start, end in rivals:
            if offset + size <= start:
                break
            offset = max(offset, end)
        placed.append((offset, offset + size, first, last))
    buffers = max((end for _, end, _, _ in placed), default=0)
    records = RECORDED_PER_TENSOR * len(graph.tensors) + RECORDED_PER_OPERATOR * len(graph.operators)
    return _aligned(buffers + records + RECORDED_PER_CHANNEL * _scaled_channels(graph) + RECORDED_ENDS)


def _scratch(graph: Graph, operator: Operator) -> int:
    """Bytes an operator needs while it runs: a transposed convolution sums its outputs in wide integers."""
    if operator.name != "TRANSPOSE_CONV":
        return 0
    out = graph.tensors[operator.outputs[0]]
    return _aligned(out.elements * {"int8": 4, "int16": 8}.get(out.dtype, 0))


def _scaled_channels(graph: Graph) -> int:
    """Output channels of all convolutions, where each has its own scale."""
    kinds = ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV")
    weights = [graph.tensor_inputs(o)[1] for o in graph.operators if o.name in kinds]
    return sum(len(w.quantization.scale) for w in weights if w is not None and w.quantization is not None)


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def _is_weight(tensor: Tensor) -> bool:
    return tensor.dtype not in ("int32", "int64") or tensor.quantization is not None


def _needed(inputs: tuple[Tensor | None, ...], position: int) -> Tensor:
    tensor = inputs[position] if position < len(inputs) else None
    if tensor is None:
        raise GraphError("is damaged: an operator without its weights or input")
    return tensor
