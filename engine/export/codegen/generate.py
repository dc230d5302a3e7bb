"""From a .tflite file to C: lower every operator, plan the arena, write the text."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.errors import EngineError
from engine.export.codegen.net import Net
from engine.export.codegen.operators import LOWERINGS, VIEWS, cure
from engine.export.codegen.parts import Constant, Place, Step
from engine.export.codegen.plan import Plan, plan
from engine.export.codegen.refusal import UnsupportedModelError
from engine.export.codegen.report import CodeReport
from engine.export.codegen.shapes import check_shapes
from engine.export.codegen.source import Address, header_text, source_text
from engine.export.codegen.targets import target_of
from engine.export.cost import operator_macs
from engine.export.flatbuffer import GraphError
from engine.export.header import check_c_name
from engine.export.report import TensorIo, tensor_end
from engine.export.tflite_graph import Graph, load_graph, read_graph
from engine.records.atomic import write_atomic


@dataclass(frozen=True)
class CSource:
    """A generated model as text, with its figures."""

    name: str
    source: str
    header: str
    report: CodeReport


def generate(tflite: Path, folder: Path, name: str, target: str = "portable") -> CodeReport:
    """Write NAME.c and NAME.h for a quantized model into `folder`, which must exist; both or neither.

    The C is the same for every target: the target says how to compile it together with `firmware/nn`, in the
    report. Raises UnsupportedModelError naming the operator and the cure, GraphError for damaged files, ConfigError
    for names that are none in C.
    """
    if not folder.is_dir():
        raise EngineError("no such folder", path=folder)
    try:
        graph = load_graph(tflite)
        made = _generate(graph, hashlib.sha256(tflite.read_bytes()).hexdigest(), folder, name, target)
    except (UnsupportedModelError, GraphError) as error:
        raise type(error)(error.fault, path=tflite, hint=error.hint) from None
    write_atomic(made.report.source, made.source.encode())
    write_atomic(made.report.header, made.header.encode())
    return made.report


def generate_source(content: bytes, name: str, target: str = "portable") -> CSource:
    """The same from a model's bytes, written nowhere."""
    return _generate(read_graph(content), hashlib.sha256(content).hexdigest(), Path(), name, target)


def _generate(graph: Graph, sha256: str, folder: Path, name: str, target: str) -> CSource:
    check_c_name(name, "the name")
    chosen = target_of(target)
    net = Net(graph)
    ends = _end(graph, graph.inputs), _end(graph, graph.outputs)
    _check_flow(graph)
    homes = _homes(graph)
    steps = _lowered(net, homes)
    if graph.tensors[homes[graph.outputs[0]]].data is not None:
        raise UnsupportedModelError("cannot become C: its output is constant", hint="train the model")
    arena_tensors = {
        home: graph.tensors[home].bytes
        for home in {homes[t] for step in steps for t in step.writes}
        if home != homes[graph.outputs[0]]
    }
    arena = plan(steps, arena_tensors)
    constants, address = _addresses(graph, homes, arena)
    for step in steps:  # constants read as activations belong to the step that reads them first
        step.constants += [c for t in step.reads if (c := constants.pop(t, None)) is not None]
    report = CodeReport(
        name=name,
        target=target,
        sha256=sha256,
        source=folder / f"{name}.c",
        header=folder / f"{name}.h",
        input=ends[0],
        output=ends[1],
        arena_bytes=max(arena.arena_bytes, 16),
        weight_bytes=sum(constant.bytes for step in steps for constant in step.constants),
        macs=sum(operator_macs(graph, operator) for operator in graph.operators),
        operators=tuple(Counter(operator.name for operator in graph.operators).most_common()),
        exact_layers=tuple(f"{step.operator} {step.index}" for step in steps if step.exact_rounding),
        compile_flags=chosen.flags,
    )
    title = f"{name}: INT8 network of {len(graph.operators)} operators"
    header = header_text(name, ends, arena=report.arena_bytes, macs=report.macs, sha256=sha256, title=title)
    scratch = {k: f"arena + {offset}" for k, offset in arena.scratch.items()}
    ending = _ending(graph, homes)
    return CSource(name, source_text(name, steps, address, scratch, ending=ending, title=title), header, report)


def _end(graph: Graph, indices: tuple[int, ...]) -> TensorIo:
    if len(indices) != 1:
        raise UnsupportedModelError(
            "cannot become C: it has more than one input or output", hint="export one model for each"
        )
    tensor = graph.tensors[indices[0]]
    if tensor.dtype != "int8":
        raise UnsupportedModelError(
            f"cannot become C: its input or output is {tensor.dtype} instead of int8",
            hint="export it with quantization format INT8 and io_type int8",
        )
    if tensor.dynamic or not tensor.shape or tensor.quantization is None:
        raise UnsupportedModelError(
            "cannot become C: its input or output has an open size or no scale",
            hint="export it with `heartkit-engine export`",
        )
    return tensor_end(tensor)


def _check_flow(graph: Graph) -> None:
    """Every tensor is the input, a constant, or written once; otherwise memory could not be planned."""
    given = {t.index for t in graph.tensors if t.data is not None} | set(graph.inputs)
    for operator in graph.operators:
        for index in operator.outputs:
            if index in given:
                raise GraphError(f"is damaged: {operator.name} writes a constant, the input, or what is written")
            given.add(index)
    if any(tensor.is_variable for tensor in graph.tensors):
        raise UnsupportedModelError(
            "cannot become C: it keeps state between windows", hint="unroll recurrent layers"
        )


def _homes(graph: Graph) -> dict[int, int]:
    """Tensor -> tensor in whose memory it lies: views lie in what they view."""
    homes = {tensor.index: tensor.index for tensor in graph.tensors}
    for operator in graph.operators:
        if operator.name in VIEWS:
            homes[operator.outputs[0]] = homes[operator.inputs[0]]
    return homes


def _lowered(net: Net, homes: dict[int, int]) -> list[Step]:
    steps = []
    for index, operator in enumerate(net.graph.operators):
        if operator.name not in LOWERINGS and operator.name not in VIEWS:
            raise UnsupportedModelError(f"{operator.name} cannot become C", hint=cure(operator.name))
        check_shapes(net, operator)
        if operator.name in VIEWS:
            continue
        step = Step(index, operator.name)
        LOWERINGS[operator.name](net, operator, step)
        read = [a.tensor for call in step.calls for a in call.arguments if isinstance(a, Place)]
        step.writes = tuple(dict.fromkeys(homes[t] for t in operator.outputs))
        step.reads = tuple(dict.fromkeys(homes[t] for t in read if homes[t] not in step.writes))
        step.may_overwrite = tuple(homes[t] for t in step.may_overwrite)
        steps.append(step)
    return steps


def _addresses(graph: Graph, homes: dict[int, int], arena: Plan) -> tuple[dict[int, Constant], Address]:
    """Constants that are read as activations, and where a place is in memory."""
    constants = {
        t.index: Constant(f"tensor_{t.index}", np.ravel(t.data))
        for t in graph.tensors
        if t.data is not None and t.dtype == "int8"
    }
    names = {index: constant.name for index, constant in constants.items()}

    def address(place: Place) -> str:
        home = homes[place.tensor]
        if home == graph.inputs[0]:
            base = "input"
        elif home == homes[graph.outputs[0]]:
            base = "output"
        elif home in names:
            base = names[home]
        else:
            return f"arena + {arena.offsets[home] + place.offset}"
        return f"{base} + {place.offset}" if place.offset else base

    return constants, address


def _ending(graph: Graph, homes: dict[int, int]) -> list[str]:
    """What remains to do where the output is a view of the input."""
    out = graph.tensors[graph.outputs[0]]
    return [f"memcpy(output, input, {out.elements});"] if homes[out.index] == homes[graph.inputs[0]] else []
