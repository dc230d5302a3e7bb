"""Models on their way into firmware: generated C, the scheduler's table, and what INFO tells of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.devices.board_input import InputRule, input_rule, window_hop
from engine.devices.protocol.info import ModelInfo
from engine.devices.protocol.results import fnv1a
from engine.errors import ConfigError, EngineError
from engine.export.codegen import CSource, generate_source
from engine.export.firmware import c_text
from engine.runtime.model import ModelCard, read_card
from engine.tasks.registry import task_class

BUILT_IN = ("seg-4-lg", "rhythm-4", "den-sm", "beat-aami")  # of the images that come with the program
MOST_MODELS = 32
MOST_INPUT_BYTES = 65_535  # by the protocol
MOST_OUTPUT_BYTES = 13_800  # a result must fit the queue to the host (firmware/app/outbox.c)
_SLACK = 256  # samples at the models' rate that a window may wait before its first ones are overwritten
_LCG = (1664525, 1013904223)


@dataclass(frozen=True)
class FirmwareModel:
    """A model and its C. rule: None where the board runs it only on input sent to it; `refusal` says why."""

    card: ModelCard
    code: CSource
    rule: InputRule | None
    refusal: str

    @property
    def rate_hz(self) -> float:
        """Of its windows."""
        return self.card.config.window.rate_hz

    @property
    def classes(self) -> int:
        """Of a model that names a class for every sample, else 0."""
        per_sample = task_class(self.card.task).target == "per_sample"
        return len(self.card.class_names) if per_sample else 0


def model_for_firmware(where: str | Path, number: int, target: str) -> FirmwareModel:
    """A model by name, folder or file, as C. Raises EngineError where there is no such model or no C for it."""
    card = read_card(where)
    try:
        code = generate_source(card.path.read_bytes(), f"model_{number}", target)
    except EngineError as error:
        raise type(error)(f"{card.name} {error.fault}", hint=error.hint) from None
    taken = code.report.input
    if code.report.input_bytes > MOST_INPUT_BYTES or code.report.output_bytes > MOST_OUTPUT_BYTES:
        raise EngineError(
            f"{card.name} is too large for a board: {code.report.input_bytes:,} bytes in, "
            f"{code.report.output_bytes:,} out, where it takes {MOST_INPUT_BYTES:,} and {MOST_OUTPUT_BYTES:,}",
            hint="use a shorter window",
        )
    try:
        return FirmwareModel(card, code, input_rule(card, taken.scale, taken.zero_point), "")
    except ConfigError as error:
        return FirmwareModel(card, code, None, error.fault)


def model_rate_hz(models: Sequence[FirmwareModel]) -> float:
    """The one rate of all windows made on the board. Raises ConfigError where there are several."""
    rates = sorted({model.rate_hz for model in models if model.rule is not None})
    if len(rates) > 1:
        raise ConfigError(
            f"models at {' and '.join(f'{rate:g} Hz' for rate in rates)} cannot share one image",
            hint="build an image for each",
        )
    return rates[0] if rates else 100.0


def model_files(models: Sequence[FirmwareModel], hashes: Sequence[int]) -> dict[str, str]:
    """The models' own files, `model_sizes.h` and `models_built_in.c`. hashes: of the self-test; 0: not known."""
    if not 0 < len(models) <= MOST_MODELS:
        raise ConfigError(f"an image holds 1 to {MOST_MODELS} models, not {len(models)}")
    names = [model.card.name for model in models]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(f"two models of an image have the name {twice[0]}", hint="name each once, or rename one")
    files: dict[str, str] = {}
    rules: list[str] = []
    entries: list[str] = []
    for number, (model, expected) in enumerate(zip(models, hashes, strict=True)):
        files |= {f"{model.code.name}.c": model.code.source, f"{model.code.name}.h": model.code.header}
        rule = "NULL"
        if model.rule is not None:
            rule = f"&RULES[{len(rules)}]"
            rules.append(_rule(model.rule))
        report = model.code.report
        entries.append(
            f"    {{{c_text.literal(model.card.name)},\n"
            f"     {model.code.name}_invoke, {rule}, {window_hop(model.card)},\n"
            f"     {report.input_bytes}, {report.output_bytes}, {model.classes}, 0x{expected:08x}u}},"
        )
        assert model.code.name == f"model_{number}"
    reports = [model.code.report for model in models]
    longest = max([model.rule.length for model in models if model.rule is not None], default=0)
    sizes = [
        f"#define MODEL_HISTORY {1 << (longest + _SLACK - 1).bit_length()}u",
        f"#define MODEL_MOST_INPUT {max(report.input_bytes for report in reports)}u",
        f"#define MODEL_MOST_OUTPUT {max(report.output_bytes for report in reports)}u",
    ]
    arena = max(report.arena_bytes for report in reports)
    parts = [
        *(["\n".join(["static const window_rule_t RULES[] = {", *rules, "};"])] if rules else []),
        "\n".join(["const model_t MODELS[] = {", *entries, "};"]),
        f"const uint8_t MODEL_COUNT = {len(models)};\n"
        f"__attribute__((aligned(16))) int8_t MODEL_ARENA[{max(16, arena)}];",
    ]
    includes = ["model_table.h", *(f"{model.code.name}.h" for model in models)]
    files["model_sizes.h"] = c_text.header("model_sizes", sizes)
    files["models_built_in.c"] = c_text.source(includes, ["#include <stddef.h>", *parts])
    return files


def model_info(number: int, model: FirmwareModel) -> ModelInfo:
    """What INFO says of a model."""
    report = model.code.report
    return ModelInfo(
        id=number,
        name=model.card.name,
        rate_hz=model.rate_hz,
        input_shape=tuple(report.input.shape[1:]),
        output_shape=tuple(report.output.shape[1:]),
        input_scale=float(report.input.scale),
        input_zero=int(report.input.zero_point),
        output_scale=float(report.output.scale),
        output_zero=int(report.output.zero_point),
        hop=window_hop(model.card) if model.rule is not None else 0,
        task=model.card.task,
        classes=model.card.class_names,
        sha256=model.card.sha256[:16],
        flash_bytes=report.flash_bytes,
        ram_bytes=report.ram_bytes,
    )


def self_test_input(size: int) -> NDArray[np.int8]:
    """The input of the firmware's self-test: high bytes of a linear congruential generator."""
    values, state = bytearray(), 1
    for _ in range(size):
        state = (state * _LCG[0] + _LCG[1]) & 0xFFFFFFFF
        values.append(state >> 24)
    return np.frombuffer(bytes(values), np.int8)


def self_test_hash(model: FirmwareModel) -> int:
    """Hash of what the model's C makes of that input on this machine; 0 where nothing here can compile it."""
    from engine.runtime.compiled import CompiledModel

    try:
        compiled = CompiledModel.open(model.card.path)
    except EngineError:
        return 0
    given = self_test_input(model.code.report.input_bytes).reshape(1, *compiled.input_shape[1:])
    return fnv1a(compiled.run_quantized(given).tobytes())


def _rule(rule: InputRule) -> str:
    return (
        f"    {{{rule.length}, {rule.zero_point}, {rule.clip_low}, {rule.clip_high}, {rule.gain}u, "
        f"{rule.epsilon_variance}u, {rule.epsilon_deviation}u}},"
    )
