"""Pieces of C source."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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


def header(name: str, lines: Sequence[str]) -> str:
    """A header file with its guard."""
    guard = f"HEARTKIT_{name.upper()}_H"
    return "\n".join([GENERATED, f"#ifndef {guard}", f"#define {guard}", "", *lines, "", "#endif", ""])


def source(includes: Sequence[str], parts: Sequence[str]) -> str:
    """A source file."""
    return "\n\n".join([GENERATED, "\n".join(f'#include "{name}"' for name in includes), *parts]) + "\n"
