"""The `architecture` of HeartKit's configuration.json, read into our model parameters.

Sizes are given as [1, k] there, which our parameters take as they are; what is different is renamed or left out
here, each with a sentence. Keys that HeartKit does not have either are left for the model family to refuse.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_IGNORED = {
    "include_top": "the head follows from the task",
    "use_logits": "models always give logits",
    "output_activation": "models always give logits",
    "model_name": "the run has the name",
    "name": "the run has the name",
}
_RENAMED = {"output_kernel_size": "output_kernel"}
_RENAMED_IN_BLOCKS = {"seperable": "separable"}  # HeartKit's spelling
_WITHOUT_NORM = ("efficientnetv2", "mobileone", "resnet", "unext")  # families that always have batch norm


def architecture(value: Mapping[str, Any], notes: list[str]) -> dict[str, Any]:
    """{"name", "params"} in our terms; appends one sentence per key that was renamed or ignored."""
    name, given = value.get("name"), value.get("params")
    params = dict(given) if isinstance(given, Mapping) else {}
    for key in [key for key in params if key in _IGNORED]:
        notes.append(f"architecture.{key} is ignored: {_IGNORED[key]}")
        del params[key]
    if name in _WITHOUT_NORM and params.pop("norm", None) is not None:
        notes.append(f"architecture.norm is ignored: {name} has batch norm")
    _rename(params, _RENAMED, "architecture", notes)
    if isinstance(params.get("blocks"), list):
        told: list[str] = []
        params["blocks"] = [_block(block, str(name), told) for block in params["blocks"]]
        notes.extend(dict.fromkeys(told))
    return {**value, "params": params}


def _block(block: Any, name: str, notes: list[str]) -> Any:
    if not isinstance(block, Mapping):
        return block
    place, params = "architecture.blocks", dict(block)
    _rename(params, _RENAMED_IN_BLOCKS, place, notes)
    if name in ("unet", "unext") and "pool" in params:
        notes.append(f"{place}.pool is ignored: the rate falls by strides")
        del params["pool"]
    if name in _WITHOUT_NORM and "norm" in params:
        notes.append(f"{place}.norm is ignored: {name} has batch norm")
        del params["norm"]
    elif params.get("norm") == "layer":
        notes.append(f"{place}.norm is now batch: layer norm does not become a whole-integer model")
        params["norm"] = "batch"
    elif "norm" in params and params["norm"] is None:
        params["norm"] = "none"
    return params


def _rename(params: dict[str, Any], names: Mapping[str, str], place: str, notes: list[str]) -> None:
    for old, new in names.items():
        if old in params:
            notes.append(f"{place}.{old} is now {new}")
            params[new] = params.pop(old)
