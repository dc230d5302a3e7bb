"""From sources to an image: generate, compile, link, measure."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from engine import __version__
from engine.devices.protocol import VERSION
from engine.devices.protocol.info import DeviceInfo
from engine.errors import EngineError
from engine.export.codegen.targets import target_of
from engine.export.firmware import c_text
from engine.export.firmware.boards import Board, board_of
from engine.export.firmware.models import (
    BUILT_IN,
    FirmwareModel,
    model_files,
    model_for_firmware,
    model_info,
    model_rate_hz,
    self_test_hash,
)
from engine.export.firmware.recordings import LEADS, TITLES, recording_files
from engine.export.firmware.tables import SENSOR_RATE_HZ, filter_files, resampler_files
from engine.records.atomic import write_atomic
from engine.resources import firmware_path
from engine.runtime.compiled import compiler

CROSS = "arm-none-eabi-"
LIMIT_S = 300.0
STRICT = ("-Wall", "-Wextra", "-Werror", "-pedantic")
# No fused multiply-add: filters equal the engine's bit for bit. No loops made into memcpy: memory.c is one.
COMMON = ("-std=c99", "-O2", "-ffp-contract=off", "-fno-tree-loop-distribute-patterns")
BARE = ("-ffreestanding", "-ffunction-sections", "-fdata-sections", "-fno-common")
RATES_HZ = (250, 500, 1000, SENSOR_RATE_HZ)
PORTABLE = ("app", "dsp", "drivers", "link", "nn")
_VIRTUAL_SENSOR = "boards/virtual_sensor.c"


@dataclass(frozen=True)
class Image:
    """A built image. flash and RAM in bytes, stack included (0 for a native process); `models` in id order."""

    board: str
    path: Path
    models: tuple[str, ...]
    flash_bytes: int
    ram_bytes: int
    compiler: str
    notes: tuple[str, ...] = ()


def write_sources(board: Board, models: Sequence[str | Path], folder: Path) -> tuple[FirmwareModel, ...]:
    """The generated C files of an image, into `folder`. Raises EngineError for a model that has no C."""
    folder.mkdir(parents=True, exist_ok=True)
    made = tuple(model_for_firmware(where, k, board.codegen_target) for k, where in enumerate(models))
    files = {
        **filter_files(),
        **resampler_files(model_rate_hz(made)),
        **recording_files(),
        **model_files(made, [self_test_hash(model) for model in made]),
        "info_document.h": _info_header(board, made),
    }
    for name, text in files.items():
        write_atomic(folder / name, text.encode())
    return made


def build(
    name: str,
    output: Path,
    models: Sequence[str | Path] = BUILT_IN,
    *,
    strict: bool = False,
    sanitize: bool = False,
) -> Image:
    """Compile an image for a board into the file `output`; the same sources give the same bytes.

    strict: warnings are errors. sanitize: a native process under the address and undefined-behaviour sanitizers.
    Raises EngineError where the compiler is missing, a model cannot be made into C, or the image does not fit.
    """
    board = board_of(name)
    if board.is_real:
        raise EngineError(
            f"the image for {name} is built by its vendor's tools", hint="write_project makes sources"
        )
    if output.is_dir():
        raise EngineError("is a folder", path=output, hint="name a file for the image")
    tool = (_tool(CROSS + "gcc"),) if board.cross else compiler()
    root = firmware_path()
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        made = write_sources(board, models, work / "generated")
        flags = _flags(board, root, work, strict, sanitize)
        sources = _sources(board, root, work / "generated")
        objects = _compiled(tool, sources, work, flags)
        image = work / "image"
        _run([*tool, *_link_flags(board, root, sanitize), *map(str, objects), *_libraries(board), "-o", str(image)])
        if board.cross:
            _run([_tool(CROSS + "strip"), "-s", str(image)])
        flash, ram = _sizes(image) if board.cross else (0, 0)
        output.parent.mkdir(parents=True, exist_ok=True)
        temporary = output.with_name(f"{output.name}.{os.getpid()}.part")
        shutil.copy(image, temporary)
        temporary.replace(output)
    notes = tuple(
        f"{model.card.name} runs on input sent to it only: {model.refusal}" for model in made if model.refusal
    )
    return Image(board.name, output, tuple(m.card.name for m in made), flash, ram, _version(tool), notes)


def _info_header(board: Board, models: Sequence[FirmwareModel]) -> str:
    info = DeviceInfo(
        firmware=f"heartkit {__version__}",
        board=board.name if board.is_real else board.folder,
        protocol=(VERSION, VERSION),
        leads=LEADS,
        rates_hz=RATES_HZ,
        uv_per_lsb=1.0,
        uv_per_lsb_24=1.0,
        sources=("sensor", "replay", "inject"),
        recordings=TITLES,
        models=tuple(model_info(k, model) for k, model in enumerate(models)),
        emulated=not board.is_real,
        clock_hz=board.clock_hz,
        flash_bytes=board.flash_bytes,
        ram_bytes=board.ram_bytes,
        note=f"the sensor gives one lead; it samples at {SENSOR_RATE_HZ} Hz, other rates are interpolated",
    )
    document = info.to_json().decode("utf-8").removesuffix("}")
    pieces = [document[k : k + 90] for k in range(0, len(document), 90)]
    return c_text.header(
        "info_document",
        [
            "/* INFO without its closing brace: what only the running board knows comes after it. In pieces: C99",
            " * promises literals of 4095 characters, no longer ones. */",
            f"#define INFO_DOCUMENT_BYTES {len(document)}u",
            "static const char *const INFO_DOCUMENT[] = {",
            *(f"    {c_text.literal(piece)}," for piece in pieces),
            "};",
        ],
    )


def _sources(board: Board, root: Path, generated: Path) -> list[Path]:
    folders = [root / folder for folder in (*PORTABLE, f"boards/{board.folder}")]
    if board.cross:
        folders.append(root / "boards/mps")
    found = [path for folder in folders for path in sorted(folder.glob("*.c"))]
    if not board.cross:
        found.remove(root / "app/main.c")  # the process has one of its own, with options
    return [*found, root / _VIRTUAL_SENSOR, *sorted(generated.glob("*.c"))]


def _flags(board: Board, root: Path, work: Path, strict: bool, sanitize: bool) -> list[str]:
    folders = [
        work / "generated",
        *(root / f for f in (*PORTABLE, "boards", "boards/mps", f"boards/{board.folder}")),
    ]
    target = target_of(board.codegen_target).flags
    kept = [f"-ffile-prefix-map={work}=.", f"-ffile-prefix-map={root}=firmware"] if board.cross else []
    checks = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g"] if sanitize else []
    bare = BARE if board.cross else ()
    return [*COMMON, *target, *bare, *(STRICT if strict else ()), *checks, *kept, *(f"-I{f}" for f in folders)]


def _link_flags(board: Board, root: Path, sanitize: bool) -> list[str]:
    if not board.cross:
        return ["-fsanitize=address,undefined"] if sanitize else []
    scripts = [f"-L{root / 'boards/mps'}", f"-T{root / 'boards' / board.folder / 'memory.ld'}"]
    flags = target_of(board.codegen_target).flags
    return [*flags, "-nostdlib", "-Wl,--gc-sections", "-Wl,--build-id=none", *scripts]


def _libraries(board: Board) -> list[str]:
    if board.cross:
        return ["-lgcc"]
    return ["-lws2_32"] if os.name == "nt" else []


def _compiled(tool: Sequence[str], sources: Sequence[Path], work: Path, flags: Sequence[str]) -> list[Path]:
    """Object files in the order of the sources, whatever order they were ready in."""

    def make(number: int) -> Path:
        source = sources[number]
        made = work / f"{number:03d}_{source.stem}.o"
        _run([*tool, *flags, "-c", str(source), "-o", str(made)])
        return made

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return list(pool.map(make, range(len(sources))))


def _sizes(image: Path) -> tuple[int, int]:
    """Flash and RAM of an image, from the sizes of its sections."""
    said = _run([_tool(CROSS + "size"), "-A", str(image)])
    sizes = {name: int(size) for name, size in re.findall(r"^(\.[\w.]+)\s+(\d+)", said, re.MULTILINE)}
    flash = sum(sizes.get(name, 0) for name in (".text", ".ARM.exidx", ".data"))
    return flash, sum(sizes.get(name, 0) for name in (".data", ".bss", ".stack"))


def _tool(name: str) -> str:
    if shutil.which(name) is None:
        raise EngineError(
            f"{name} was not found", hint="install the Arm toolchain; on Debian: apt install gcc-arm-none-eabi"
        )
    return name


def _version(tool: Sequence[str]) -> str:
    return _run([*tool, "--version"]).splitlines()[0].strip()


def _run(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        raise EngineError(f"{command[0]} took longer than {LIMIT_S:.0f} s and was stopped") from None
    if done.returncode != 0:
        _refuse_what_is_too_large(done.stderr)
        told = [line for line in done.stderr.splitlines() if "error" in line]
        reason = (told or done.stderr.splitlines() or ["no reason given"])[0].strip()
        raise EngineError(f"{command[0]} failed: {reason}")
    return done.stdout


def _refuse_what_is_too_large(said: str) -> None:
    lacks = {region: int(size) for region, size in re.findall(r"region `(\w+)' overflowed by (\d+) bytes", said)}
    if lacks:
        words = " and ".join(f"{size:,} bytes of {region.lower()}" for region, size in lacks.items())
        raise EngineError(
            f"the image is too large for the board, which lacks {words}", hint="build in fewer or smaller models"
        )
