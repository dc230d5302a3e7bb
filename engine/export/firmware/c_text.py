"""Pieces of C source."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from engine.errors import EngineError

LINE = 116
GENERATED = "/* Written by `heartkit-engine evb build`: do not edit. */"


def array(declaration: str, values: Iterable[int | str]) -> str:
    """`declaration` = {values}; wrapped."""
    lines, line = [f"{declaration} = {{"], "   "
    for value in values:
        piece = f" {value},"
        if len(line) + len(piece) > LINE:
            lines.append(line)
            line = "   "
        line += piece
    return "\n".join([*lines, line, "};"])


def literal(text: str) -> str:
    """Text as a C string. Raises EngineError for letters that C does not know."""
    if not text.isascii() or not text.isprintable():
        raise EngineError("a model's name or classes hold letters that firmware does not know", hint="use ASCII")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("?", "\\?")
    return f'"{escaped}"'


def header(name: str, lines: Sequence[str]) -> str:
    """A header file with its guard."""
    guard = f"HEARTKIT_{name.upper()}_H"
    return "\n".join([GENERATED, f"#ifndef {guard}", f"#define {guard}", "", *lines, "", "#endif", ""])


def source(includes: Sequence[str], parts: Sequence[str]) -> str:
    """A source file."""
    return "\n\n".join([GENERATED, "\n".join(f'#include "{name}"' for name in includes), *parts]) + "\n"
