"""The LiteRT interpreter, from `ai_edge_litert` or, where only that is installed, `tflite_runtime`."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from engine.errors import EngineError

PACKAGES = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter")


def open_interpreter(model: Path | bytes, *, threads: int = 1) -> Any:
    """Interpreter of a .tflite model (path or content), tensors allocated.

    An installation counts as usable only once it has made an interpreter: `tflite_runtime` beside numpy 2 imports
    and then fails. Raises EngineError when no package works or the model is no valid one.
    """
    if isinstance(model, Path) and not model.is_file():
        raise EngineError("no such model file", path=model)
    source = {"model_content": model} if isinstance(model, bytes) else {"model_path": str(model)}
    faults: list[str] = []
    for package in PACKAGES:
        try:
            module = importlib.import_module(package)
        except ImportError:
            faults.append(f"{package.split('.')[0]} is not installed")
            continue
        try:
            try:
                return _ready(module.Interpreter(**source, num_threads=threads))
            except RuntimeError:  # the fast kernels refuse some scales, those of dead channels for one
                plain = module.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
                return _ready(
                    module.Interpreter(**source, num_threads=threads, experimental_op_resolver_type=plain)
                )
        except (ValueError, RuntimeError, SystemError, AttributeError) as error:
            faults.append(f"{package.split('.')[0]}: {str(error).strip().splitlines()[0]}")
    where = model if isinstance(model, Path) else None
    raise EngineError(f"the model cannot be run: {'; '.join(faults)}", path=where)


def _ready(interpreter: Any) -> Any:
    interpreter.allocate_tensors()
    return interpreter
