"""The firmware's `messages.h` and `messages.c` (C99, no heap), from the message table."""

from __future__ import annotations

import re
import textwrap
from enum import IntEnum

from engine.devices.protocol.fields import MOST_LEADS, WIDTHS, Message, Wire
from engine.devices.protocol.frame import MOST_WIRE_BYTES
from engine.devices.protocol.messages import (
    ENUMS,
    MESSAGES,
    MOST_BODY_BYTES,
    MOST_FRAME_BYTES,
    NO_VALUE_16,
    NO_VALUE_24,
    VERSION,
)

WARNING = (
    "/* Written by python -m engine.devices.protocol.generator: change engine/devices/protocol/messages.py. */"
)
FULL = {"u8": 0xFF, "u16": 0xFFFF, "u32": 0xFFFFFFFF, "u64": 0xFFFFFFFFFFFFFFFF}


def snake(name: str) -> str:
    """`ModelBegin` as `model_begin`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def wire_name(kind: type[Message]) -> str:
    """`ModelBegin` as `MODEL_BEGIN`."""
    return snake(kind.__name__).upper()


def header_text() -> str:
    """`firmware/link/messages.h`."""
    parts = [_HEADER_START, *(_enum_text(kind) for kind in ENUMS), _types_text()]
    parts += [_struct_text(kind) for kind in MESSAGES]
    parts.append(_HEADER_END)
    return "\n".join(parts)


def source_text() -> str:
    """`firmware/link/messages.c`."""
    parts = [_SOURCE_START]
    for kind in _filled():
        parts += [_pack_text(kind), _unpack_text(kind)]
    parts.append(_body_text())
    return "\n".join(parts)


def _enum_text(kind: type[IntEnum]) -> str:
    prefix = f"LINK_{snake(kind.__name__).upper()}_"
    values = ",\n".join(f"    {prefix}{member.name} = {member.value}" for member in kind)
    about = (kind.__doc__ or "").strip().splitlines()[0]
    return f"/* {about} */\nenum link_{snake(kind.__name__)} {{\n{values}\n}};\n"


def _types_text() -> str:
    values = ",\n".join(f"    LINK_TYPE_{snake(kind.__name__).upper()} = {kind.TYPE}" for kind in MESSAGES)
    return f"enum link_type {{\n{values}\n}};\n"


def _struct_text(kind: type[Message]) -> str:
    name = snake(kind.__name__)
    about = (kind.__doc__ or "").strip().splitlines()[0]
    rows = [_comment(f"{wire_name(kind)}, {kind.DIRECTION.value}: {about}")]
    if kind not in _filled():
        return f"{rows[0]}\n#define LINK_{name.upper()}_BODY_BYTES 0u\n"
    rows.append("typedef struct {")
    rows += [f"    {_c_type(wire)} {field}; /* {_meaning(wire)} */" for field, wire in kind.fixed()]
    tail = kind.tail()
    if tail is not None:
        field, wire = tail
        if wire.kind in ("text", "bytes"):
            rows.append(f"    const uint8_t *{field}; /* {_meaning(wire)} */")
            rows.append(f"    uint16_t {field}_size;")
        else:
            rows += ["    uint8_t leads;", "    uint8_t count; /* samples of each lead */"]
            rows.append(
                f"    const uint8_t *{field}; /* {wire.kind} little-endian, [count][leads]; {wire.about} */"
            )
    rows.append(f"}} link_{name}_t;\n")
    rows.append(f"int link_pack_{name}(const link_{name}_t *message, uint8_t *body, size_t room);")
    rows.append(f"bool link_unpack_{name}(link_{name}_t *message, const uint8_t *body, size_t size);\n")
    return "\n".join(rows)


def _comment(words: str) -> str:
    return "\n * ".join(textwrap.wrap(f"/* {words} */", 112))


def _c_type(wire: Wire) -> str:
    return f"uint{wire.bits}_t"


def _meaning(wire: Wire) -> str:
    about = wire.about if wire.enum is None else f"{wire.about}: enum link_{snake(wire.enum.__name__)}"
    return f"{about}, {wire.unit}" if wire.unit else about


def _filled() -> list[type[Message]]:
    """Messages whose body is not empty."""
    return [kind for kind in MESSAGES if kind.fixed() or kind.tail() is not None]


def _size(kind: type[Message]) -> int:
    return sum(struct_bytes(wire) for _, wire in kind.fixed())


def struct_bytes(wire: Wire) -> int:
    """Bytes of a field of fixed width."""
    return wire.bits // 8


def _limits(kind: type[Message]) -> list[str]:
    """C expressions that are true when a field is out of its range."""
    found = []
    for field, wire in kind.fixed():
        if wire.low > 0:
            found.append(f"message->{field} < {wire.low}u")
        if wire.high is not None and wire.high < FULL[wire.kind]:
            found.append(f"message->{field} > {wire.high}u")
    tail = kind.tail()
    if tail is not None and tail[1].kind not in ("text", "bytes"):
        found += [f"!shape_ok(message->leads, message->count, {tail[1].bits // 8}u)"]
    if kind.PARTS:
        found.append("!part_ok(message->offset, message->data_size, message->total)")
    return found


def _pack_text(kind: type[Message]) -> str:
    name, fixed, tail = snake(kind.__name__), _size(kind), kind.tail()
    size, puts = f"{fixed}u", []
    at = 0
    for field, wire in kind.fixed():
        puts.append(f"    put_u{wire.bits}(body + {at}, message->{field});")
        at += struct_bytes(wire)
    if tail is not None and tail[1].kind in ("text", "bytes"):
        size = f"{fixed}u + (size_t)message->{tail[0]}_size"
        puts.append(f"    put_bytes(body + {fixed}, message->{tail[0]}, message->{tail[0]}_size);")
    elif tail is not None:
        size = f"{fixed + 2}u + (size_t)message->leads * message->count * {tail[1].bits // 8}u"
        puts.append(f"    body[{fixed}] = message->leads;")
        puts.append(f"    body[{fixed + 1}] = message->count;")
        puts.append(f"    put_bytes(body + {fixed + 2}, message->{tail[0]}, size - {fixed + 2}u);")
    rows = [f"int link_pack_{name}(const link_{name}_t *message, uint8_t *body, size_t room)", "{"]
    rows.append(f"    const size_t size = {size};")
    rows.append(f"    if (room < size{'' if tail is None else ' || size > LINK_MOST_BODY_BYTES'}) return -1;")
    rows += [f"    if ({limit}) return -1;" for limit in _limits(kind)]
    return "\n".join([*rows, *puts, "    return (int)size;", "}", ""])


def _unpack_text(kind: type[Message]) -> str:
    name, size, tail = snake(kind.__name__), _size(kind), kind.tail()
    rows = [f"bool link_unpack_{name}(link_{name}_t *message, const uint8_t *body, size_t size)", "{"]
    if tail is None:
        rows.append(f"    if (size != {size}u) return false;")
    elif tail[1].kind in ("text", "bytes"):
        least = f"size < {size}u || " if size else ""
        rows.append(f"    if ({least}size > LINK_MOST_BODY_BYTES) return false;")
    else:
        rows.append(f"    if (size < {size + 2}u) return false;")
    at = 0
    for field, wire in kind.fixed():
        rows.append(f"    message->{field} = get_u{wire.bits}(body + {at});")
        at += struct_bytes(wire)
    if tail is not None and tail[1].kind in ("text", "bytes"):
        rows.append(f"    message->{tail[0]} = body + {size};")
        rows.append(f"    message->{tail[0]}_size = (uint16_t)(size - {size}u);")
    elif tail is not None:
        rows.append(f"    message->leads = body[{size}];")
        rows.append(f"    message->count = body[{size + 1}];")
        rows.append(f"    message->{tail[0]} = body + {size + 2};")
        values = f"(size_t)message->leads * message->count * {tail[1].bits // 8}u"
        rows.append(f"    if (size != {size + 2}u + {values}) return false;")
    rows += [f"    if ({limit}) return false;" for limit in _limits(kind)]
    rows += ["    return true;", "}", ""]
    return "\n".join(rows)


def _body_text() -> str:
    rows = ["int link_check_body(uint8_t type, const uint8_t *body, size_t size)", "{", "    union {"]
    filled = _filled()
    rows += [f"        link_{snake(k.__name__)}_t {snake(k.__name__)};" for k in filled]
    rows += ["    } any;", "    bool good;", "    switch (type) {"]
    for kind in MESSAGES:
        name = snake(kind.__name__)
        test = f"link_unpack_{name}(&any.{name}, body, size)" if kind in filled else "size == 0u"
        rows.append(f"    case LINK_TYPE_{name.upper()}: good = {test}; break;")
    rows += ["    default: return LINK_BAD_REASON_TYPE;", "    }"]
    rows += ["    return good ? 0 : LINK_BAD_REASON_BODY;", "}", ""]
    return "\n".join(rows)


_HEADER_START = f"""{WARNING}
#ifndef HEARTKIT_LINK_MESSAGES_H
#define HEARTKIT_LINK_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINK_VERSION {VERSION}u
#define LINK_MOST_FRAME_BYTES {MOST_FRAME_BYTES}u
#define LINK_MOST_BODY_BYTES {MOST_BODY_BYTES}u
#define LINK_MOST_WIRE_BYTES {MOST_WIRE_BYTES}u /* a whole frame after byte stuffing, closing zero included */
#define LINK_MOST_LEADS {MOST_LEADS}u
#define LINK_NO_VALUE_16 ({NO_VALUE_16})
#define LINK_NO_VALUE_24 ({NO_VALUE_24})

/* link_pack_NAME writes a body and returns its size, or -1 when it does not fit `room` or a value is not allowed.
 * link_unpack_NAME is false when the body does not fit the table; pointers then filled in lead into `body`. */
"""

_HEADER_END = """/* 0 when the body is well formed, else LINK_BAD_REASON_TYPE or LINK_BAD_REASON_BODY. */
int link_check_body(uint8_t type, const uint8_t *body, size_t size);

#endif
"""

_SOURCE_START = f"""{WARNING}
#include "messages.h"

static void put_u8(uint8_t *at, uint8_t value) {{ at[0] = value; }}

static void put_u16(uint8_t *at, uint16_t value)
{{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}}

static void put_u32(uint8_t *at, uint32_t value)
{{
    put_u16(at, (uint16_t)value);
    put_u16(at + 2, (uint16_t)(value >> 16));
}}

static void put_u64(uint8_t *at, uint64_t value)
{{
    put_u32(at, (uint32_t)value);
    put_u32(at + 4, (uint32_t)(value >> 32));
}}

static void put_bytes(uint8_t *at, const uint8_t *from, size_t size)
{{
    for (size_t i = 0; i < size; i++) at[i] = from[i];
}}

static uint8_t get_u8(const uint8_t *at) {{ return at[0]; }}
static uint16_t get_u16(const uint8_t *at) {{ return (uint16_t)(at[0] | (uint16_t)at[1] << 8); }}
static uint32_t get_u32(const uint8_t *at) {{ return get_u16(at) | (uint32_t)get_u16(at + 2) << 16; }}
static uint64_t get_u64(const uint8_t *at) {{ return get_u32(at) | (uint64_t)get_u32(at + 4) << 32; }}

static bool shape_ok(uint8_t leads, uint8_t count, size_t width)
{{
    return leads >= 1u && leads <= LINK_MOST_LEADS && count >= 1u && leads * count * width < LINK_MOST_BODY_BYTES;
}}

static bool part_ok(size_t offset, size_t size, size_t total)
{{
    return offset + size <= total && (size > 0u || total == 0u);
}}
"""
assert set(FULL) == set(WIDTHS)
