"""The text of a generated model: one C file and its header."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from engine.export.codegen.parts import CTYPES, SCRATCH, Call, Constant, Layer, Place, Step
from engine.export.codegen.plan import ALIGNMENT
from engine.export.report import TensorIo

LINE = 116
Address = Callable[[Place], str]


def header_text(
    name: str, ends: tuple[TensorIo, TensorIo], *, arena: int, macs: int, sha256: str, title: str
) -> str:
    """The header: sizes, scales and the one function."""
    upper = name.upper()
    lines = [
        f"/* {title}. Generated, do not edit.",
        f" * SHA-256 of the model {sha256} */",
        f"#ifndef {upper}_H_",
        f"#define {upper}_H_",
        "",
        "#include <stdint.h>",
        "",
        "#ifdef __cplusplus",
        'extern "C" {',
        "#endif",
        "",
        f'#define {upper}_SHA256 "{sha256}"',
        f"#define {upper}_MACS {macs}",
        f"#define {upper}_ARENA_BYTES {arena}",
        *_end_lines(f"{upper}_INPUT", ends[0]),
        *_end_lines(f"{upper}_OUTPUT", ends[1]),
        "",
        f"/* One inference. arena: {upper}_ARENA_BYTES of memory aligned to {ALIGNMENT}, free afterwards.",
        f" * input: {upper}_INPUT_BYTES, only read; output: {upper}_OUTPUT_BYTES; none may overlap another. */",
        f"void {name}_invoke(const int8_t *input, int8_t *output, int8_t *arena);",
        "",
        "#ifdef __cplusplus",
        "}",
        "#endif",
        "",
        "#endif",
    ]
    return "\n".join(lines) + "\n"


def source_text(
    name: str,
    steps: Sequence[Step],
    address: Address,
    scratch: Mapping[int, str],
    *,
    ending: Sequence[str],
    title: str,
) -> str:
    """The C file. `address` says where a place is in memory, `scratch` where each step's scratch memory is."""
    parts = [
        f'/* {title}. Generated, do not edit. */\n#include "{name}.h"\n\n#include <string.h>\n\n#include "nn.h"\n'
    ]
    calls = []
    for k, step in enumerate(steps):
        parts += [_constant(constant) for constant in step.constants]
        parts += [_layer(layer) for layer in step.layers]
        calls += [f"    /* {step.operator} */"] if step.calls else []
        calls += [f"    {_call(call, address, scratch.get(k, '0'))}" for call in step.calls]
    body = [
        f"void {name}_invoke(const int8_t *input, int8_t *output, int8_t *arena) {{",
        "    (void)arena;",
        *calls,
        *(f"    {line}" for line in ending),
        "}",
    ]
    return "\n".join([*parts, *body]) + "\n"


def _end_lines(prefix: str, end: TensorIo) -> list[str]:
    return [
        f"#define {prefix}_BYTES {math.prod(end.shape)}",
        f"#define {prefix}_LENGTH {end.shape[1] if len(end.shape) > 2 else 1}",
        f"#define {prefix}_CHANNELS {end.shape[-1]}",
        f"#define {prefix}_SCALE {end.scale:.9e}f",
        f"#define {prefix}_ZERO_POINT ({end.zero_point})",
    ]


def _constant(constant: Constant) -> str:
    kind = CTYPES[constant.values.dtype.name]
    start = f"static const {kind} {constant.name}[{constant.values.size}] = {{"
    return "\n".join([start, *_rows(constant), "};"])


def _rows(constant: Constant) -> list[str]:
    rows, row = [], "   "
    least = -(1 << 31)
    for value in constant.values.tolist():
        # -2147483648 is no constant in C, but minus of one that is too large
        text = f" {value}," if value != least else f" ({least + 1} - 1),"
        if len(row) + len(text) > LINE:
            rows.append(row)
            row = "   "
        row += text
    return [*rows, row]


def _layer(layer: Layer) -> str:
    return f"static const {layer.ctype} {layer.name} = {_value(layer.fields)};\n"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f".{key} = {_value(part)}" for key, part in value.items()) + "}"
    if isinstance(value, tuple):
        return "{" + ", ".join(_value(part) for part in value) + "}"
    return value if isinstance(value, str) else str(int(np.int64(value)))


def _call(call: Call, address: Address, scratch: str) -> str:
    given = [
        address(argument) if isinstance(argument, Place) else scratch if argument == SCRATCH else argument
        for argument in call.arguments
    ]
    return f"{call.kernel}({', '.join(given)});"
