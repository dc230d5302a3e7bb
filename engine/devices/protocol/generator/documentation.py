"""`docs/protocol.md`, from the message table."""

from __future__ import annotations

import inspect
from dataclasses import MISSING, fields
from enum import IntEnum

import numpy as np

from engine.devices.protocol.fields import MOST_LEADS, Direction, Message, Wire
from engine.devices.protocol.frame import MOST_WIRE_BYTES, encode
from engine.devices.protocol.generator.c_code import snake, wire_name
from engine.devices.protocol.info import DeviceInfo, ModelInfo
from engine.devices.protocol.messages import (
    ENUMS,
    MESSAGES,
    MOST_BODY_BYTES,
    MOST_FRAME_BYTES,
    VERSION,
    Hello,
    Log,
    Samples,
    Start,
    Stop,
)

ARROWS = {Direction.TO_BOARD: "host → board", Direction.TO_HOST: "board → host"}


def documentation_text() -> str:
    """The page."""
    parts = [_START, _overview(), "## Messages\n"]
    parts += [_message_text(kind) for kind in MESSAGES]
    parts += ["## Values\n", *(_enum_text(kind) for kind in ENUMS)]
    parts += [_INFO, _example(), _RULES, _golden(), _OTHERS]
    return "\n".join(parts)


def _overview() -> str:
    rows = ["| number | message | direction | body, bytes |", "|---|---|---|---|"]
    for kind in MESSAGES:
        rows.append(f"| {kind.TYPE} | {wire_name(kind)} | {ARROWS[kind.DIRECTION]} | {_size_text(kind)} |")
    return "\n".join([*rows, ""])


def _size_text(kind: type[Message]) -> str:
    size = sum(wire.bits // 8 for _, wire in kind.fixed())
    tail = kind.tail()
    if tail is None:
        return str(size)
    if tail[1].kind in ("text", "bytes"):
        return f"{size} + text" if tail[1].kind == "text" else f"{size} + data"
    return f"{size + 2} + {tail[1].bits // 8} · leads · count"


def _message_text(kind: type[Message]) -> str:
    rows = [f"### {kind.TYPE} {wire_name(kind)}\n", f"{ARROWS[kind.DIRECTION]}. {inspect.getdoc(kind)}\n"]
    tail = kind.tail()
    wires = [*kind.fixed(), *([tail] if tail else [])]
    if not wires:
        return "\n".join([*rows, "The body is empty.\n"])
    usual = {field.name: field.default for field in fields(kind)}  # type: ignore[arg-type]
    rows += ["| offset | field | type | unit | default | meaning |", "|---|---|---|---|---|---|"]
    at = 0
    for name, wire in wires:
        default = usual[name]
        rows += _rows(at, name, wire, "" if default is MISSING else _default_text(default))
        at += wire.bits // 8 if wire.kind.startswith("u") else 0
    return "\n".join([*rows, ""])


def _rows(at: int, name: str, wire: Wire, default: str) -> list[str]:
    if wire.kind in ("i16", "i24"):
        return [
            f"| {at} | leads | u8 |  |  | leads, 1-{MOST_LEADS} |",
            f"| {at + 1} | count | u8 |  |  | samples of each lead, from 1 |",
            f"| {at + 2} | {name} | {wire.kind}[count][leads] |  |  | {wire.about} |",
        ]
    limits = []
    if wire.low:
        limits.append(f"at least {wire.low}")
    if wire.high is not None:
        limits.append(f"at most {wire.high}")
    if wire.enum is not None:
        limits.append(f"see [{wire.enum.__name__}](#{wire.enum.__name__.lower()})")
    meaning = "; ".join([wire.about, *limits])
    return [f"| {at} | {name} | {wire.kind} | {wire.unit} | {default} | {meaning} |"]


def _default_text(value: object) -> str:
    if isinstance(value, IntEnum):
        return value.name
    return str(value) if isinstance(value, int) else ""


def _enum_text(kind: type[IntEnum]) -> str:
    values = ", ".join(f"{member.value} {member.name}" for member in kind)
    in_c = f"In C: `LINK_{snake(kind.__name__).upper()}_...`."
    return f"### {kind.__name__}\n\n{inspect.getdoc(kind)} {in_c}\n\n{values}\n"


def _example() -> str:
    model = ModelInfo(0, "seg-4-sm", 100.0, (256, 1), (256, 4), 0.047, -1, 0.12, 5, 128, "segmentation")
    board = DeviceInfo("1.0.0", "mps3-an547", (1, 1), ("I", "II"), (250, 500), 1.0, models=(model,), emulated=True)
    return f"```json\n{board.to_json().decode('utf-8')}\n```\n"


def _golden() -> str:
    examples: list[tuple[str, Message, int]] = [
        ("HELLO", Hello(), 0),
        ("START at 250 Hz, lead 0, 10 samples a frame", Start(250, 1, 10), 1),
        ("STOP", Stop(), 2),
        ("SAMPLES from index 10: (0, -1), (1000, -500)", Samples(10, np.array([[0, -1], [1000, -500]])), 258),
        ('LOG "ok"', Log("ok"), 7),
    ]
    rows = ["## Frames to test a codec with\n", "| message | sequence | on the wire |", "|---|---|---|"]
    rows += [f"| {name} | {seq} | `{encode(message, seq).hex(' ')}` |" for name, message, seq in examples]
    return "\n".join([*rows, ""])


_START = f"""<!-- Written by python -m engine.devices.protocol.generator from messages.py there: change that. -->
# Wire protocol, version {VERSION}

What HeartKit Workbench and a board say to each other over any stream of bytes: USB-CDC, a UART, a pty or TCP.
The table in `engine/devices/protocol/messages.py` is the source; the Python codec runs on it, and the C codec
(`firmware/link/messages.h`, `messages.c`) and this page are generated from it.

## Frame

`COBS( version u8 | type u8 | sequence u16 | body | CRC u16 )`, then one byte 00.

- All numbers are little-endian. A frame has at most {MOST_FRAME_BYTES} bytes before COBS (a body at most
  {MOST_BODY_BYTES}) and at most {MOST_WIRE_BYTES} on the wire.
- COBS (Consistent Overhead Byte Stuffing, Cheshire and Baker 1999) removes every zero, so 00 always ends a frame. A
  receiver is in step again at the next 00, whatever it missed.
- The CRC is CRC-16/CCITT-FALSE (polynomial 0x1021, start 0xFFFF, no reflection, check value 0x29B1 for
  "123456789") of everything before it.
- `sequence` counts the frames of one direction modulo 65536. It starts at 0 when a board boots and when a host
  connects, so that a gap tells of frames lost.
- Empty frames (00 00) mean nothing. A host sends two zeros first, to end whatever half frame the board holds;
  a board sends one when it boots, to end the frame that a reset cut short.
- Frame, COBS, CRC and the place of `version` are the same in every version, so that a stranger is recognised. A
  receiver that gets a frame of another version does not act on it; a board answers with INFO in its own version.
- A message with an unknown type, or whose body does not fit its table, is refused as a whole. Messages never
  change; a new body gets a new number.
"""

_INFO = """## INFO

The pieces of INFO make one JSON object. Unknown keys are to be ignored; keys with a default may be left out.

| key | meaning |
|---|---|
| firmware, board | version of the firmware; name of the board |
| protocol | [first, last] version of this protocol that it speaks |
| leads | names, in the order of the lead mask |
| rates_hz | nominal rates START accepts |
| true_rates_hz | the rates at which samples really come, one for each of rates_hz; default: the nominal ones |
| uv_per_lsb | µV of one code of SAMPLES and INJECT; 0: it sends only SAMPLES24 |
| uv_per_lsb_24 | µV of one code of SAMPLES24; default 0: it sends none |
| sources | of "sensor", "replay", "inject"; default ["sensor"] |
| recordings | names of what the source REPLAY plays, by `item` of SET_SOURCE |
| models | see below |
| upload_formats, upload_bytes | "tflite", "plan": what MODEL_BEGIN accepts and up to which size; default: nothing |
| serial | serial number of the board |
| simulated | true: no firmware runs, a program plays the board |
| emulated | true: the firmware runs on an emulated processor or as a process of the host |
| instructions | true: the instructions in RESULT, OUTPUT and MODEL_STATS are counted |
| clock_hz, flash_bytes, ram_bytes | clock of the processor; memory the firmware takes; 0: not known |
| note | one sentence for the user |

A model: `id` (0-31), `name`, `rate_hz`, `input_shape` and `output_shape` ([samples, channels]; int8),
`input_scale`, `input_zero`, `output_scale`, `output_zero`; optional `hop` (samples between windows at rate_hz,
default one window), `task`, `classes`, `sha256` (of the .tflite), `flash_bytes`, `ram_bytes`.
"""

_RULES = """## Conversation

1. Host: 00 00, HELLO. Board: INFO. Without an answer within 300 ms the host asks again, three times.
2. Host: START. Board: ACK, then SAMPLES, RESULT, EVENT, LOG as they arise and STATS and MODEL_STATS once a second.
3. SET_SOURCE, SET_MODELS, SET_NOISE, MARK and INJECT work while streaming.
4. Host: STOP. Board: ACK, STATS.

Every message of the host except HELLO is answered by one ACK with its number and sequence.

A model on a board that takes uploads: MODEL_BEGIN, MODEL_DATA in order (each acknowledged with the bytes held),
MODEL_COMMIT; then HELLO for the new INFO. Inference on board: INPUT in order until `total` bytes are held, INFER,
then OUTPUT. Both work without streaming. A piece whose ACK does not come is sent again; had it come before, it is
refused as BAD_VALUE, and the bytes held tell. INFER may be sent again too: OUTPUT names the frame it answers.

## Rules

1. `index` counts samples since START. A hole in it is a hole in the signal, exactly as wide; time is index divided
   by the true rate. Hosts never take time from arrival.
2. About ten sample frames a second or more; never faster than real time to catch up.
3. When the link is too slow, the board drops its oldest samples, counts them in STATS and lets the index jump.
4. The board never blocks on the link. ACK and INFO go before samples.
5. The most negative code of a sample means "no value".
6. RESULT refers to samples by index at the streaming rate, also when the model works at another rate. Hashes
   cover the tensors, so that host and board can be compared even when only the hash is sent.
7. A block longer than a frame (INFO, RESULT, INPUT, OUTPUT) goes in pieces with `offset` and `total`, in order;
   when a piece is lost the block is lost.
8. After EVENT of kind BOOT the board has forgotten everything: it does not stream.
9. u32 counters and indices wrap at 2^32; at 1000 Hz the index does so after 49.7 days.
"""

_OTHERS = """## Trying it without a board

`heartkit-engine evb start --board simulator` and `engine.devices.simulator.Simulator` play a board in Python
over TCP or a pty, with faults that can be set while it runs: frames dropped or repeated, bytes damaged or lost,
stalls, jitter, bursts, a drifting clock, a pulled cable, a reset in the middle of a frame, leads without
contact; from the command line with `--fault` ([streaming](streaming.md)). It takes uploads of .tflite models, and
runs them as C where there is a compiler, else with LiteRT. `tests/firmware` holds it to the firmware's answers, and
the firmware's C codec to the Python one.

## Other protocols

For boards with Ambiq's own firmware there are two more codecs, neither of which can tell of lost samples:
`engine.devices.erpc` (HeartKit's eRPC 1.9.1: models run on the board; the live demo of 2023) and
`engine.devices.tileio` (the 256-byte packets of the Tileio dashboard). Boards that print numbers are read as lines
of text.
"""
