"""The firmware's codec beside the engine's: the same frames, the same refusals, byte for byte; under sanitizers."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from random_frames import framed, random_bodies

from engine.devices.protocol import Frame, FrameDecoder, Log, Message, Samples, Samples24, encode
from engine.devices.protocol.generator.c_code import snake
from engine.devices.protocol.messages import BY_TYPE, MESSAGES

LINK = Path(__file__).resolve().parents[3] / "firmware" / "link"
STRICT = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-Wconversion", "-Wshadow"]
CROSS = {"cortex-m4": ["-mcpu=cortex-m4", "-mthumb"], "cortex-m55": ["-mcpu=cortex-m55", "-mthumb"]}


def repeater_source() -> str:
    """A program that writes every frame of a stream again, unpacked and packed; a refused one as its reason."""
    cases = []
    for kind in MESSAGES:
        name = snake(kind.__name__)
        if kind.fixed() or kind.tail():
            cases.append(
                f"case LINK_TYPE_{name.upper()}: {{ link_{name}_t m;"
                f" if (!link_unpack_{name}(&m, f->body, f->size)) return -2;"
                f" return link_pack_{name}(&m, body, LINK_MOST_BODY_BYTES); }}"
            )
    return f"""
#include <stdio.h>
#include "link.h"
static int again(const link_frame_t *f, uint8_t *body) {{
    switch (f->type) {{ {" ".join(cases)} default: return 0; }}
}}
int main(void) {{
    static link_receiver_t receiver;
    link_frame_t f;
    int c;
    link_receiver_init(&receiver);
    while ((c = getchar()) != EOF) {{
        uint8_t body[LINK_MOST_BODY_BYTES], wire[LINK_MOST_WIRE_BYTES];
        if (!link_receive(&receiver, (uint8_t)c, &f)) continue;
        if (f.bad) {{ printf("bad %d\\n", f.bad); continue; }}
        int size = again(&f, body);
        if (size < 0) {{ printf("pack %d\\n", size); continue; }}
        size_t n = link_encode(f.type, f.sequence, body, (size_t)size, wire);
        for (size_t i = 0; i < n; i++) printf("%02x", wire[i]);
        printf("\\n");
    }}
    printf("%lu %lu\\n", (unsigned long)receiver.frames_good, (unsigned long)receiver.frames_bad);
    return 0;
}}
"""


@pytest.fixture(scope="module")
def repeater(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("gcc is not on this machine")
    folder = tmp_path_factory.mktemp("repeater")
    source, program = folder / "repeater.c", folder / "repeater"
    source.write_text(repeater_source(), encoding="utf-8")
    files = [str(source), str(LINK / "link.c"), str(LINK / "messages.c")]
    sanitize = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1"]
    subprocess.run([compiler, *STRICT, *sanitize, f"-I{LINK}", *files, "-o", str(program)], check=True)
    return program


def said_by_c(program: Path, stream: bytes) -> list[str]:
    ran = subprocess.run([str(program)], input=stream, capture_output=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr.decode()
    return ran.stdout.decode().split("\n")[:-1]


def said_by_python(stream: bytes) -> list[str]:
    lines = []
    good = bad = 0
    for found in FrameDecoder().feed(stream):
        if isinstance(found, Frame):
            good += 1
            lines.append(encode(found.message, found.sequence).hex() if is_exact(found.message) else "words")
        else:
            bad += 1
            lines.append(f"bad {int(found.reason)}")
    return [*lines, f"{good} {bad}"]


def is_exact(message: Message) -> bool:
    """False for text that is no UTF-8: the engine shows it as well as it can, the firmware passes it on."""
    tail = message.tail()
    return tail is None or tail[1].kind != "text" or "\ufffd" not in getattr(message, tail[0])


def assert_same(program: Path, stream: bytes) -> list[str]:
    """Both sides said the same of every frame."""
    theirs, ours = said_by_c(program, stream), said_by_python(stream)
    assert len(theirs) == len(ours)
    assert [a for a, b in zip(theirs, ours, strict=True) if b != "words"] == [b for b in ours if b != "words"]
    return ours


def test_both_take_and_refuse_the_same_bodies(repeater: Path):
    generator = np.random.default_rng(11)
    bodies = random_bodies(generator, 4000)
    wires = [framed(kind, body, k & 0xFFFF, 1 + (k % 50 == 0)) for k, (kind, body) in enumerate(bodies)]
    stream = b"".join(wires)
    ours = assert_same(repeater, stream)
    taken = {kind for (kind, _), line in zip(bodies, ours, strict=False) if not line.startswith("bad")}
    refused = {kind for (kind, _), line in zip(bodies, ours, strict=False) if line.startswith("bad")}
    assert taken == set(BY_TYPE) < refused  # every message went both ways


def test_both_find_the_same_frames_in_a_damaged_stream(repeater: Path):
    generator = np.random.default_rng(12)
    stream = bytearray()
    for k, (kind, body) in enumerate(random_bodies(generator, 3000)):
        stream += framed(kind, body, k & 0xFFFF)
    octets = np.frombuffer(bytes(stream), np.uint8).copy()
    hit = generator.random(len(octets)) < 1e-3
    octets[hit] = generator.integers(0, 256, int(hit.sum()), np.uint8)
    damaged = octets[generator.random(len(octets)) >= 5e-4].tobytes() + b"\0"
    assert_same(repeater, damaged)


@pytest.mark.parametrize("zeros", [0.0, 0.001, 0.02, 0.3])
def test_both_make_the_same_of_noise(repeater: Path, zeros: float):
    generator = np.random.default_rng(13)
    noise = generator.integers(1, 256, 200_000, np.uint8)
    noise[generator.random(len(noise)) < zeros] = 0
    stream = noise.tobytes() + b"\0"
    assert_same(repeater, stream)


@pytest.mark.parametrize("size", [*range(250, 260), *range(500, 507)])
def test_both_stuff_long_frames_alike(repeater: Path, size: int):
    stream = encode(Log("A" * size), 0x0101) + encode(Log("A" * (size - 1) + "\0"), 0)
    assert said_by_c(repeater, stream) == [*(w.hex() + "00" for w in stream.split(b"\0")[:-1]), "2 0"]


def test_samples_of_both_widths_pass_through_c(repeater: Path):
    sent: list[Message] = [
        Samples(0xFFFFFFF0, np.array([[-32768, 32767], [0, -1]])),
        Samples24(1, np.array([[-8388608], [8388607]])),
    ]
    wires = [encode(message, 9) for message in sent]
    assert said_by_c(repeater, b"".join(wires)) == [*(wire.hex() for wire in wires), "2 0"]


def test_every_message_of_version_1_comes_back_from_c(repeater: Path):
    rows = (Path(__file__).parents[2] / "data" / "protocol_v1.txt").read_text().splitlines()
    wires = [row.split()[-1] for row in rows]
    assert said_by_c(repeater, bytes.fromhex("".join(wires))) == [*wires, f"{len(MESSAGES)} 0"]


@pytest.mark.parametrize("core", CROSS)
@pytest.mark.parametrize("name", ["link.c", "messages.c"])
def test_it_compiles_for_the_boards_without_a_warning(core: str, name: str, tmp_path: Path):
    compiler = shutil.which("arm-none-eabi-gcc")
    if compiler is None:
        pytest.skip("arm-none-eabi-gcc is not on this machine")
    command = [compiler, *STRICT, *CROSS[core], "-Os", "-ffreestanding", "-c", str(LINK / name)]
    subprocess.run([*command, "-o", str(tmp_path / "out.o")], check=True)
