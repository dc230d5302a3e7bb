"""Any message of the protocol, for hypothesis."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from engine.devices.protocol import MOST_BODY_BYTES
from engine.devices.protocol.fields import Message
from engine.devices.protocol.messages import MESSAGES

FULL = {"u8": 0xFF, "u16": 0xFFFF, "u32": 0xFFFFFFFF, "u64": 0xFFFFFFFFFFFFFFFF}


@st.composite
def tables(draw, bits: int):
    leads = draw(st.integers(1, 16))
    count = draw(st.integers(1, min(255, (MOST_BODY_BYTES - 6) // (leads * bits // 8))))
    limit = 1 << (bits - 1)
    kind = np.int16 if bits == 16 else np.int32
    return draw(arrays.arrays(kind, (count, leads), elements=st.integers(-limit, limit - 1)))


@st.composite
def messages(draw, kinds: Sequence[type[Message]] = MESSAGES) -> Message:
    kind = draw(st.sampled_from(kinds))
    values = {name: draw(st.integers(w.low, w.high or FULL[w.kind])) for name, w in kind.fixed()}
    room = MOST_BODY_BYTES - sum(w.bits // 8 for _, w in kind.fixed())
    tail = kind.tail()
    if tail is not None:
        name, wire = tail
        if wire.kind == "bytes":
            values[name] = draw(st.binary(max_size=room))
        elif wire.kind == "text":
            values[name] = draw(st.text(max_size=room // 4))
        else:
            values[name] = draw(tables(wire.bits))
    if kind.PARTS:  # the piece lies inside its block
        size = len(values["data"])
        low = max(size, kind_low(kind, "total"))
        values["total"] = draw(st.integers(low, 0xFFFF)) if size else kind_low(kind, "total")
        if values["total"] and not size:
            values["data"], size = b"x", 1
        values["offset"] = draw(st.integers(0, values["total"] - size))
    return kind(**values)


def kind_low(kind: type[Message], field: str) -> int:
    return dict(kind.fixed())[field].low
