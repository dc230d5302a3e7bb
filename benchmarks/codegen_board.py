"""Generated C on emulated boards: instructions of one inference, and whether every output byte is right.

Needs arm-none-eabi-gcc and qemu-system-arm. Counts repeat exactly for one compiler; they are instructions of an
emulator, neither cycles nor energy.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.export.codegen import TARGETS, CSource
from engine.resources import firmware_path

HERE = Path(__file__).resolve().parent
COMPILER, EMULATOR = "arm-none-eabi-gcc", "qemu-system-arm"
COMMON = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-nostdlib",
          "-fno-tree-loop-distribute-patterns", "-ffunction-sections", "-fdata-sections",
          "-Wl,--gc-sections")  # fmt: skip
LIMIT_S = 300.0


@dataclass(frozen=True)
class Machine:
    """An emulated board: memory regions (start, length) and picoseconds of a SysTick tick."""

    emulated: str
    target: str
    vectors: tuple[int, int]
    flash: tuple[int, int]
    ram: tuple[int, int]
    tick_ps: int


M4 = Machine("mps2-an386", "dsp", (0, 0x1000), (0x1000, 0x3FF000), (0x20000000, 0x400000), 40_000)
M55 = Machine("mps3-an547", "mve", (0, 0x1000), (0x01000000, 0x200000), (0x20000000, 0x80000), 31_250)
BUILDS: Mapping[str, tuple[Machine, tuple[str, ...]]] = {
    f"{name} {form} -{level}": (machine, (*flags, f"-{level}"))
    for name, machine in (("M4", M4), ("M55", M55))
    for form, flags in (("portable", ("-DNN_PORTABLE",)), ({"M4": "DSP", "M55": "Helium"}[name], ()))
    for level in ("O2", "O3")
}


@dataclass(frozen=True)
class Trial:
    """A generated model with one input and the output wanted, both as bytes."""

    label: str
    source: CSource
    input: np.ndarray
    expected: np.ndarray


@dataclass(frozen=True)
class Count:
    """What the emulated board says of one inference."""

    instructions: int
    differing: int


def missing_tools() -> list[str]:
    """Programs that are needed and not installed."""
    return [tool for tool in (COMPILER, EMULATOR) if shutil.which(tool) is None]


def compiler_version() -> str:
    """First line of what the cross compiler says of itself."""
    return subprocess.run([COMPILER, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[
        0
    ]


def count(build: str, trials: Sequence[Trial], folder: Path) -> dict[str, Count]:
    """Instructions of each trial under the build of that name (see `BUILDS`), by label."""
    machine, flags = BUILDS[build]
    image = _image(machine, flags, trials, folder)
    command = [
        EMULATOR,
        "-M",
        machine.emulated,
        "-nographic",
        "-monitor",
        "none",
        "-serial",
        "none",
        "-semihosting",
    ]
    done = subprocess.run(
        [*command, "-icount", "shift=4,sleep=off", "-kernel", str(image)],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        stdin=subprocess.DEVNULL,
        check=True,
    )
    lines = [line.split() for line in (done.stdout + done.stderr).splitlines()]
    told = {line[0]: Count(int(line[1]), int(line[2])) for line in lines if len(line) == 3}
    return {trial.label: told[trial.source.name] for trial in trials}


def _image(machine: Machine, flags: tuple[str, ...], trials: Sequence[Trial], folder: Path) -> Path:
    for trial in trials:
        (folder / f"{trial.source.name}.c").write_text(trial.source.source)
        (folder / f"{trial.source.name}.h").write_text(trial.source.header)
    (folder / "models.h").write_text(_models(trials))
    (folder / "memory.ld").write_text(_linker_script(machine))
    image = folder / "image.elf"
    kernels = firmware_path("nn")
    sources = [
        *(folder / f"{t.source.name}.c" for t in trials),
        *sorted(kernels.glob("*.c")),
        HERE / "codegen_board.c",
    ]
    subprocess.run(
        [
            COMPILER,
            *TARGETS[machine.target].flags,
            *COMMON,
            *flags,
            f"-DTICK_PS={machine.tick_ps}u",
            f"-I{folder}",
            f"-I{kernels}",
            *map(str, sources),
            "-lgcc",
            f"-T{folder / 'memory.ld'}",
            "-o",
            str(image),
        ],
        check=True,
    )
    return image


def _models(trials: Sequence[Trial]) -> str:
    lines = [f'#include "{trial.source.name}.h"' for trial in trials]
    lines += [
        f"#define MODELS_ARENA_BYTES {max(t.source.report.arena_bytes for t in trials)}",
        f"#define MODELS_OUTPUT_BYTES {max(len(t.expected) for t in trials)}",
        "typedef struct {",
        "    const char *name;",
        "    void (*invoke)(const int8_t *, int8_t *, int8_t *);",
        "    const int8_t *input, *expected;",
        "    uint32_t output_bytes;",
        "} benchmark_model;",
    ]
    rows = []
    for t in trials:
        name = t.source.name
        for what, values in (("input", t.input), ("expected", t.expected)):
            lines.append(f"static const int8_t {name}_{what}[] = {{{','.join(map(str, values.tolist()))}}};")
        rows.append(f'{{"{name}", {name}_invoke, {name}_input, {name}_expected, {len(t.expected)}}}')
    return "\n".join([*lines, f"static const benchmark_model models[] = {{{', '.join(rows)}}};"]) + "\n"


def _linker_script(machine: Machine) -> str:
    regions = {"VECTORS": machine.vectors, "FLASH": machine.flash, "RAM": machine.ram}
    memory = " ".join(
        f"{name} (rwx) : ORIGIN = {start:#x}, LENGTH = {size:#x}" for name, (start, size) in regions.items()
    )
    return f"""MEMORY {{ {memory} }}
ENTRY(reset)
SECTIONS {{
  .vectors : {{ KEEP(*(.vectors)) }} > VECTORS
  .text : {{ *(.text*) *(.rodata*) *(.data*) }} > FLASH
  .ARM.exidx : {{ *(.ARM.exidx*) }} > FLASH
  .bss (NOLOAD) : {{ . = ALIGN(16); bss_start = .; *(.bss*) *(COMMON) . = ALIGN(8); bss_end = .; }} > RAM
  .stack (NOLOAD) : {{ . = ALIGN(8); . += 8K; stack_top = .; }} > RAM
}}
"""
