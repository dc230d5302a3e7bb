"""Keras model files, read without running anything that is inside them."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.errors import EngineError

_MAX_UNPACKED_BYTES = 1_000_000_000
_MODULES = (
    "keras", "keras.layers", "keras.models", "keras.initializers", "keras.regularizers", "keras.constraints",
    "keras.activations", "keras.losses", "keras.metrics", "keras.optimizers", "keras.dtype_policies", "builtins",
)  # fmt: skip
_RUNS_CODE = {"Lambda", "__lambda__", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"}


class ModelFileError(EngineError):
    """A model file cannot be read, or not safely."""


def load_model_safely(path: Path) -> Any:
    """The keras.Model in a .keras file, not compiled.

    Raises ModelFileError for any other kind of file, a corrupt one, and one that brings code (Lambda layers, layers
    of modules other than Keras' own that this program did not register).
    """
    _check(path)
    import keras

    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises whatever the damaged part of the file provokes
        first = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise ModelFileError(f"holds no model that can be read: {first[:200]}", path=path) from None


def _check(path: Path) -> None:
    if path.suffix.lower() != ".keras":
        kind = path.suffix or "no suffix"
        raise ModelFileError(
            f"is not a .keras file ({kind})", path=path, hint="save the model in the native Keras 3 format"
        )
    if not path.is_file():
        raise ModelFileError("does not exist", path=path)
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(info.file_size for info in archive.infolist()) > _MAX_UNPACKED_BYTES:
                raise ModelFileError("unpacks to more than 1 GB", path=path)
            config = json.loads(archive.read("config.json"))
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, RuntimeError):
        raise ModelFileError("is damaged or not a Keras 3 model", path=path) from None
    for part in _parts(config):
        _check_part(part, path)


def _check_part(part: dict[str, Any], path: Path) -> None:
    kind, module = part.get("class_name"), part.get("module")
    if kind in _RUNS_CODE:
        raise ModelFileError(f"brings code of its own ({kind}), which is never run", path=path)
    if not isinstance(kind, str) or not isinstance(module, str) or module in _MODULES:
        return
    import keras

    known = keras.saving.get_registered_object(str(part.get("registered_name")))
    if known is None and not module.startswith("keras.src."):
        raise ModelFileError(f'needs "{kind}" of module "{module}", which is not part of Keras', path=path)


def _parts(value: Any) -> Iterator[dict[str, Any]]:
    """All JSON objects inside a value, itself included; without recursion, so that depth does no harm."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            yield item
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
