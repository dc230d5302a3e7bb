"""What an exported graph must not hold, and what to do about it."""

from __future__ import annotations

from pathlib import Path

from engine.errors import EngineError
from engine.export.tflite_graph import Graph, Operator

_OPEN_BATCH = (
    "convert with a batch of one, as `heartkit-engine export` does; then dilation stays inside the convolution"
)
_FLOAT_INSIDE = (
    "a layer has no integer form and would run in float: "
    "use BatchNormalization instead of LayerNormalization or GroupNormalization, ReLU6 instead of ELU"
)
# operator -> cure. TFLM computes the first two wrongly for dilated graphs without an error; SHAPE stands for an
# open batch dimension.
FORBIDDEN: dict[str, str] = {
    "SPACE_TO_BATCH_ND": _OPEN_BATCH,
    "BATCH_TO_SPACE_ND": _OPEN_BATCH,
    "SHAPE": _OPEN_BATCH,
    "DEQUANTIZE": _FLOAT_INSIDE,
}


def check_graph(graph: Graph, *, path: Path | None = None) -> None:
    """Raise EngineError naming the first operator that must not be exported, and the cure.

    DEQUANTIZE is fine where it unpacks a constant (FP16 weights) or makes a float output, and nowhere else. RELU6
    by itself is fine where its input and output share their scale: TFLM clips codes and never rescales them.
    """
    for operator in graph.operators:
        if operator.name == "RELU6" and _rescales(graph, operator):
            raise EngineError(
                "the converted graph holds RELU6 with an output scaled other than its input, which is not exported",
                path=path,
                hint="put it directly behind a convolution, dense layer or sum, so that it becomes part of that",
            )
        if operator.name in FORBIDDEN and not (operator.name == "DEQUANTIZE" and _at_the_edge(graph, operator)):
            raise EngineError(
                f"the converted graph holds {operator.name}, which is not exported",
                path=path,
                hint=FORBIDDEN[operator.name],
            )
    if any(graph.tensors[i].dynamic for i in graph.inputs + graph.outputs):
        raise EngineError("the converted graph has an input or output of open size", path=path, hint=_OPEN_BATCH)


def _at_the_edge(graph: Graph, operator: Operator) -> bool:
    source = graph.tensor_inputs(operator)[0]
    return (source is not None and source.data is not None) or set(operator.outputs) <= set(graph.outputs)


def _rescales(graph: Graph, operator: Operator) -> bool:
    ends = [graph.tensors[index].quantization for index in (operator.inputs[0], operator.outputs[0])]
    if ends[0] is None or ends[1] is None:  # a float model
        return False
    return bool(ends[0].scale[0] != ends[1].scale[0] or ends[0].zero_point[0] != ends[1].zero_point[0])
