"""The C header that carries a model into firmware: C11 or C++11, for TensorFlow Lite Micro."""

from __future__ import annotations

import re
from collections.abc import Sequence

from engine.errors import ConfigError
from engine.export.report import ExportReport, TensorIo

ALIGNMENT = 16
BYTES_PER_LINE = 12
_WORDS = """
    alignas alignof and asm auto bool break case catch char class const constexpr continue decltype default
    delete do double else enum explicit export extern false float for friend goto if inline int long mutable
    namespace new noexcept not nullptr operator or private protected public register restrict return short
    signed sizeof static struct switch template this throw true try typedef typeid typename typeof union
    unsigned using virtual void volatile wchar_t while xor
"""
_KEYWORDS = frozenset(_WORDS.split())


def c_header(
    content: bytes, report: ExportReport, *, c_name: str, title: str = "", class_names: Sequence[str] = ()
) -> str:
    """The header's text: the model's bytes, aligned, and what firmware must know to run it.

    The same model and names give the same text. c_name: name of the array and, in capitals, of the constants.
    Raises ConfigError when it is no C identifier.
    """
    check_c_name(c_name)
    upper = c_name.upper()
    names = ", ".join(c_string(name) for name in class_names)
    parts = [
        f"/* {_comment(title or c_name)}: {report.format} TensorFlow Lite model. Generated, do not edit.",
        f" * SHA-256 {report.sha256}",
        f" * {report.parameters} parameters, {report.macs} multiply-accumulates a window. */",
        f"#ifndef {upper}_H_",
        f"#define {upper}_H_",
        "",
        "#if defined(__cplusplus)",
        f"#define {upper}_ALIGN alignas({ALIGNMENT})",
        "#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L",
        f"#define {upper}_ALIGN _Alignas({ALIGNMENT})",
        "#else",
        f"#define {upper}_ALIGN __attribute__((aligned({ALIGNMENT})))",
        "#endif",
        "",
        f"#define {upper}_BYTES {len(content)}u",
        f'#define {upper}_SHA256 "{report.sha256}"',
        "/* Bytes of tensor arena to reserve, for 64-bit addresses and rounded up: enough on a 32-bit board. */",
        f"#define {upper}_ARENA_BYTES {report.arena_bytes}u",
        f"#define {upper}_MACS {report.macs}u",
        *_io(f"{upper}_INPUT", report.input),
        *_io(f"{upper}_OUTPUT", report.output),
        f"#define {upper}_CLASSES {len(class_names)}",
        "",
    ]
    if class_names:
        parts += [f"static const char *const {c_name}_class_names[{upper}_CLASSES] = {{{names}}};", ""]
    parts += [
        f"{upper}_ALIGN static const unsigned char {c_name}[{upper}_BYTES] = {{",
        *_rows(content),
        "};",
        f"static const unsigned int {c_name}_len = {upper}_BYTES;",
        "",
        f"#endif /* {upper}_H_ */",
    ]
    return "\n".join(parts) + "\n"


def check_c_name(name: str, what: str = "quantization.c_name") -> None:
    """Raise ConfigError when this cannot name an array or a function in C and C++."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,62}", name) or name in _KEYWORDS or "__" in name:
        raise ConfigError(
            f'{what} "{name}" cannot name an array in C',
            hint='use letters, digits and single underscores, for example "g_model"',
        )


def c_string(text: str) -> str:
    """A C string literal; what is not plain ASCII is escaped as UTF-8 octets."""
    octets = text.encode("utf-8")
    plain = (chr(b) if 32 <= b < 127 and b not in b'"\\?' else f"\\{b:03o}" for b in octets)
    return f'"{"".join(plain)}"'


def _io(prefix: str, end: TensorIo) -> list[str]:
    return [
        f'#define {prefix}_TYPE "{end.dtype}"',
        f"#define {prefix}_ELEMENTS {_product(end.shape)}u",
        f"#define {prefix}_LENGTH {end.shape[1] if len(end.shape) > 2 else 1}u",
        f"#define {prefix}_CHANNELS {end.shape[-1]}u",
        f"#define {prefix}_SCALE {_c_float(end.scale)}",
        f"#define {prefix}_ZERO_POINT ({end.zero_point})",
    ]


def _c_float(value: float) -> str:
    """Nine digits give back the same 32-bit float."""
    return f"{value:.9e}f"


def _product(shape: tuple[int, ...]) -> int:
    result = 1
    for length in shape:
        result *= length
    return result


def _rows(content: bytes) -> list[str]:
    return [
        "  " + " ".join(f"0x{b:02x}," for b in content[k : k + BYTES_PER_LINE])
        for k in range(0, len(content), BYTES_PER_LINE)
    ]


def _comment(text: str) -> str:
    return "".join(c for c in text if c.isprintable()).replace("*/", "* /")
