"""`codegen`: a quantized model as C."""

from __future__ import annotations

import argparse
import json
import re
import shutil
from pathlib import Path

from engine.errors import EngineError
from engine.export.codegen import TARGETS, CodeReport, generate
from engine.resources import firmware_path
from engine.runtime.zoo import zoo_folder, zoo_names


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "codegen",
        help="make C of a quantized model",
        description="Write an INT8 model as standalone C99: weights, scales, a plan of the memory, calls of the "
        "kernels that come with this program. Its answers equal TensorFlow Lite Micro's on every byte.",
    )
    parser.add_argument("model", metavar="MODEL", help="built-in model, run or model folder, or .tflite file")
    parser.add_argument("--to", metavar="FOLDER", type=Path, required=True, help="where to write; made if need be")
    parser.add_argument("--name", help="name of the C files and functions (default: that of the model)")
    targets = "; ".join(f"{target.name}: {target.title}" for target in TARGETS.values())
    parser.add_argument("--target", choices=list(TARGETS), default="portable", help=targets)
    parser.add_argument("--kernels", action="store_true", help="copy the kernels beside it, for a build of its own")
    parser.add_argument("--json", metavar="FILE", help='write the figures as JSON ("-": standard output)')
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Generate."""
    file = _file(arguments.model)
    folder = arguments.to
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EngineError(error.strerror or "cannot be made", path=folder) from None
    name = arguments.name or _c_name(file)
    report = generate(file, folder, name, arguments.target)
    if arguments.kernels:
        for source in firmware_path("nn").iterdir():
            if source.suffix in (".c", ".h"):
                shutil.copy2(source, folder / source.name)
    _tell(report, arguments.json)
    return 0


def _file(model: str) -> Path:
    if model in zoo_names():
        return zoo_folder(model) / "model.tflite"
    path = Path(model) / "model.tflite" if Path(model).is_dir() else Path(model)
    if not path.is_file():
        raise EngineError(
            f'no model "{model}": neither a built-in model nor a folder or file with one',
            hint=f"built in: {', '.join(zoo_names()) or 'none'}",
        )
    return path


def _c_name(file: Path) -> str:
    """A C identifier out of the model's name: that of its folder where the file is called model.tflite."""
    stem = file.resolve().parent.name if file.name == "model.tflite" else file.stem
    name = re.sub(r"[^A-Za-z0-9]+", "_", stem).strip("_")
    return name if name[:1].isalpha() else f"model_{name}"


def _tell(report: CodeReport, target: str | None) -> None:
    text = json.dumps(report.to_document(), indent=2) + "\n"
    if target == "-":
        print(text, end="")
        return
    if target:
        try:
            Path(target).write_text(text, encoding="utf-8")
        except OSError as error:
            raise EngineError(error.strerror or "cannot be written", path=target) from None
    print(report.to_text(), end="")
