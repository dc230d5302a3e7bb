"""What a board says of itself: the JSON document of INFO, checked.

Unknown keys are ignored, so that firmware may say more than this program knows.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from engine.errors import EngineError


class InfoError(EngineError):
    """A board describes itself in a way this program cannot use."""


@dataclass(frozen=True)
class ModelInfo:
    """A model on the board. Tensors are int8, [samples, channels], window first; rate and hop are the model's."""

    id: int
    name: str
    rate_hz: float
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    input_scale: float
    input_zero: int
    output_scale: float
    output_zero: int
    hop: int = 0  # samples between windows at rate_hz; 0: one window
    task: str = ""
    classes: tuple[str, ...] = ()
    sha256: str = ""  # of the .tflite it was made from, or its beginning
    flash_bytes: int = 0  # 0: not known
    ram_bytes: int = 0


@dataclass(frozen=True)
class DeviceInfo:
    """A board: what it is, what it can send and the models it holds."""

    firmware: str
    board: str
    protocol: tuple[int, int]  # first and last version it speaks
    leads: tuple[str, ...]
    rates_hz: tuple[int, ...]
    uv_per_lsb: float  # of SAMPLES and INJECT; 0: it sends only SAMPLES24
    uv_per_lsb_24: float = 0.0  # of SAMPLES24; 0: it sends none
    true_rates_hz: tuple[float, ...] = ()  # one for each of rates_hz, where these differ from the nominal ones
    sources: tuple[str, ...] = ("sensor",)
    recordings: tuple[str, ...] = ()  # what the source REPLAY plays
    models: tuple[ModelInfo, ...] = ()
    upload_formats: tuple[str, ...] = ()  # "tflite", "plan"; empty: models are built in
    upload_bytes: int = 0
    serial: str = ""
    simulated: bool = False  # no firmware runs: a program of the host plays the board
    emulated: bool = False  # the firmware runs, on an emulated processor or as a process of the host
    instructions: bool = False  # instructions are counted, not estimated
    clock_hz: int = 0
    flash_bytes: int = 0
    ram_bytes: int = 0
    note: str = ""

    def true_rate_hz(self, rate_hz: int) -> float:
        """The rate at which samples of a nominal rate really come. Raises InfoError for a rate not offered."""
        if rate_hz not in self.rates_hz:
            offered = ", ".join(str(rate) for rate in self.rates_hz)
            raise InfoError(f"{self.board} does not sample at {rate_hz} Hz", hint=f"it offers {offered} Hz")
        return self.true_rates_hz[self.rates_hz.index(rate_hz)] if self.true_rates_hz else float(rate_hz)

    def to_json(self) -> bytes:
        """The document; keys that hold their default are left out."""
        return json.dumps(_plain(self), separators=(",", ":"), ensure_ascii=False).encode("utf-8")

    @staticmethod
    def from_json(document: bytes) -> DeviceInfo:
        """The board that a document describes. Raises InfoError naming the key that is missing or wrong."""
        try:
            entries = json.loads(document.decode("utf-8"))
        except (UnicodeDecodeError, ValueError, RecursionError) as fault:
            raise InfoError("the board's description is not JSON", hint="update its firmware") from fault
        known = _build(DeviceInfo, entries, _DEVICE, "INFO")
        device: DeviceInfo = known
        if device.true_rates_hz and len(device.true_rates_hz) != len(device.rates_hz):
            raise InfoError(
                "the board names another number of true rates than of rates", hint="update its firmware"
            )
        if not (device.uv_per_lsb or device.uv_per_lsb_24):
            raise InfoError("the board does not say what its samples are worth", hint="update its firmware")
        if len({model.id for model in device.models}) != len(device.models):
            raise InfoError("two models of the board have the same id", hint="update its firmware")
        return device


def _plain(entry: DeviceInfo | ModelInfo) -> dict[str, Any]:
    named = {}
    for field in fields(entry):
        value = getattr(entry, field.name)
        if value != field.default:
            named[field.name] = [_plain(m) for m in value] if field.name == "models" else value
    return named


def _number(low: float, high: float) -> Callable[[Any], float]:
    def check(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise ValueError
        return float(value)

    return check


def _count(low: int, high: int) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError
        return value

    return check


def _text(value: Any) -> str:
    """Without what could move a cursor or end a line of a file."""
    if not isinstance(value, str) or len(value) > 500:
        raise ValueError
    return "".join(c if c.isprintable() else " " for c in value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _list(of: Callable[[Any], Any], least: int = 0, most: int = 64) -> Callable[[Any], tuple[Any, ...]]:
    def check(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise ValueError
        return tuple(of(item) for item in value)

    return check


def _model(value: Any) -> ModelInfo:
    model: ModelInfo = _build(ModelInfo, value, _MODEL, "INFO.models")
    return model


def _build(kind: type[Any], entries: Any, checks: dict[str, Callable[[Any], Any]], where: str) -> Any:
    if not isinstance(entries, dict):
        raise InfoError(f"{where} of the board is not an object", hint="update its firmware")
    values = {}
    for name, check in checks.items():
        if name in entries:
            try:
                values[name] = check(entries[name])
            except ValueError:
                fault = f"{where}.{name} of the board is not usable: {str(entries[name])[:60]}"
                raise InfoError(fault, hint="update its firmware") from None
    try:
        return kind(**values)
    except TypeError as fault:
        missing = str(fault).rpartition(":")[2].strip()
        raise InfoError(f"{where} of the board lacks {missing}", hint="update its firmware") from None


_BYTES = _count(0, 1 << 32)
_RATE = _number(1e-3, 1e6)
_SCALE = _number(1e-12, 1e12)
_MODEL: dict[str, Callable[[Any], Any]] = {
    "id": _count(0, 31),
    "name": _text,
    "rate_hz": _RATE,
    "input_shape": _list(_count(1, 1 << 16), 1, 4),
    "output_shape": _list(_count(1, 1 << 16), 1, 4),
    "input_scale": _SCALE,
    "input_zero": _count(-128, 127),
    "output_scale": _SCALE,
    "output_zero": _count(-128, 127),
    "hop": _count(0, 1 << 16),
    "task": _text,
    "classes": _list(_text, 0, 256),
    "sha256": _text,
    "flash_bytes": _BYTES,
    "ram_bytes": _BYTES,
}
_DEVICE: dict[str, Callable[[Any], Any]] = {
    "firmware": _text,
    "board": _text,
    "protocol": _list(_count(0, 255), 2, 2),
    "leads": _list(_text, 1, 16),
    "rates_hz": _list(_count(1, 65535), 1, 32),
    "uv_per_lsb": _number(0, 1e12),
    "uv_per_lsb_24": _number(0, 1e12),
    "true_rates_hz": _list(_RATE, 0, 32),
    "sources": _list(_text),
    "recordings": _list(_text, 0, 255),
    "models": _list(_model, 0, 32),
    "upload_formats": _list(_text),
    "upload_bytes": _BYTES,
    "serial": _text,
    "simulated": _flag,
    "emulated": _flag,
    "instructions": _flag,
    "clock_hz": _BYTES,
    "flash_bytes": _BYTES,
    "ram_bytes": _BYTES,
    "note": _text,
}
