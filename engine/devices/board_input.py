"""What a board makes of its samples before a model sees them: integers only, so that host and board agree exactly.

The firmware does the same in C (`firmware/dsp/resampler.c`, `firmware/dsp/window.c`; both get their constants from
here). The rule, for one lead of `rate_hz` whose codes are `uv_per_code`:

1. Resampling to the model's rate by the engine's own polyphase filter (`engine.signals.resample`), taps rounded
   to 1/65536: x = floor((sum(tap * code) + 2^11) / 2^12), in sixteenths of a code. A stretch of samples starts with
   its first sample taken to have stood for ever; a missing sample ends it.
2. mean = floor((2 sum(x) + n) / 2n); d = x - mean; spread = isqrt(256 * (sum(d^2) // n) + epsilon_variance) +
   epsilon_deviation, in 1/256 of a code.
3. q = floor((d * (gain // spread) + 2^39) / 2^40), held within the clip, plus the zero point, held within int8.

This is `engine.signals.preprocess` and `engine.runtime.quantized` up to one step of the quantiser.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.config import Choice
from engine.errors import ConfigError
from engine.runtime.model import ModelCard
from engine.signals.named_steps import chosen
from engine.signals.preprocess import PREPROCESSES, Clip, LayerNorm
from engine.signals.resample import filter_bank
from engine.tasks.wave_events import MARGIN

I8 = NDArray[np.int8]
I64 = NDArray[np.int64]

TAP_BITS = 16
FRACTION_BITS = 4  # of a resampled value
SPREAD_BITS = 8  # of the spread
GAIN_BITS = 40
RATES_HZ = (200, 250, 500, 1000)  # that firmware samples at
_FINEST_STEP = 1e-3  # of the quantiser; a finer one would overflow the gain


@dataclass(frozen=True)
class Bank:
    """The resampler from one rate to another: integer taps int64 [up, 2 reach + 1], each row adding to 65536."""

    up: int
    down: int
    taps: I64

    @property
    def reach(self) -> int:
        """Samples before and after an output that it rests on."""
        return int(self.taps.shape[1]) // 2

    def span(self, outputs: int) -> int:
        """Input samples that this many outputs stand for; ConfigError when that is no whole number."""
        if outputs * self.down % self.up:
            raise ConfigError(f"{outputs} samples at the model's rate are no whole number of the board's")
        return outputs * self.down // self.up


@lru_cache(maxsize=16)
def bank(rate_hz: float, model_rate_hz: float) -> Bank:
    """The resampler of the board from `rate_hz` to `model_rate_hz`."""
    up, down, taps = filter_bank(rate_hz, model_rate_hz)
    whole = np.rint(taps * (1 << TAP_BITS)).astype(np.int64)
    rest = (1 << TAP_BITS) - whole.sum(axis=1)
    whole[np.arange(up), np.abs(whole).argmax(axis=1)] += rest
    return Bank(up, down, whole)


@dataclass(frozen=True)
class InputRule:
    """Constants of steps 2 and 3 for one model.

    gain: 2^44 / step, where `step` is the quantiser's; epsilons in 1/256 code and its square.
    """

    length: int
    rate_hz: float
    zero_point: int
    gain: int
    epsilon_deviation: int
    epsilon_variance: int
    clip_low: int
    clip_high: int

    def quantized(self, x: I64) -> I8:
        """int8 [length] of resampled values [length] (step 1)."""
        x = np.asarray(x, np.int64)
        n = len(x)
        mean = (2 * int(x.sum()) + n) // (2 * n)
        d = x - mean
        square = int((d * d).sum()) // n
        spread = math.isqrt((square << (2 * (SPREAD_BITS - FRACTION_BITS))) + self.epsilon_variance)
        gain = self.gain // max(1, spread + self.epsilon_deviation)
        q = (d * gain + (1 << (GAIN_BITS - 1))) >> GAIN_BITS
        return np.clip(np.clip(q, self.clip_low, self.clip_high) + self.zero_point, -128, 127).astype(np.int8)


def input_rule(card: ModelCard, step: float, zero_point: int, *, uv_per_code: float = 1.0) -> InputRule:
    """The rule for a model whose input tensor has this step (scale) and zero point.

    Raises ConfigError, naming the reason, for a model that firmware cannot feed from its sensor.
    """
    window = card.config.window
    if len(window.channels) != 1 or card.task == "beat":
        raise ConfigError(
            f"{card.name} takes {len(window.channels)} channels made by the analysis; a board runs it only on "
            "input sent to it"
        )
    if not step > _FINEST_STEP:
        raise ConfigError(f"{card.name}: the input's scale of {step:g} is too fine for the board's arithmetic")
    norm, clip = _steps(card.name, window.preprocesses)
    codes_per_mv = 1000.0 / uv_per_code
    unit = codes_per_mv * (1 << SPREAD_BITS)
    on_variance = norm.epsilon_on == "variance"
    return InputRule(
        length=window.length,
        rate_hz=window.rate_hz,
        zero_point=zero_point,
        gain=round((1 << (GAIN_BITS + SPREAD_BITS - FRACTION_BITS)) / step),
        epsilon_deviation=0 if on_variance else round(norm.epsilon * unit),
        epsilon_variance=round(norm.epsilon * unit * unit) if on_variance else 0,
        clip_low=max(-1000, round(clip.low / step)) if clip else -1000,
        clip_high=min(1000, round(clip.high / step)) if clip else 1000,
    )


def window_hop(card: ModelCard) -> int:
    """Samples (at the model's rate) from one window on the board to the next; even, for whole samples at 250 Hz.

    Sample-by-sample models overlap by the margins that the neighbour sees better; the others as configured.
    """
    window = card.config.window
    if card.task in ("segmentation", "denoise"):
        return 2 * ((window.length - 2 * MARGIN) // 2)
    return 2 * max(1, (window.hop or window.length // 2) // 2)


def _steps(name: str, choices: tuple[Choice, ...]) -> tuple[LayerNorm, Clip | None]:
    steps = [chosen("preprocess", choice, PREPROCESSES) for choice in choices]
    if not steps or len(steps) > 2 or not isinstance(steps[0], LayerNorm) or not steps[0].center:
        raise ConfigError(f"{name}: a board prepares windows by layer_norm alone, or layer_norm and clip")
    if len(steps) == 1:
        return steps[0], None
    if not isinstance(steps[1], Clip):
        raise ConfigError(f'{name}: a board does not know the preprocess "{choices[1].name}"')
    return steps[0], steps[1]


def surroundings(rule: InputRule, rate_hz: float) -> tuple[int, int]:
    """How many samples before a window's first, and how many from it on, the window rests on."""
    made = bank(rate_hz, rule.rate_hz)
    last = (rule.length - 1) * made.down // made.up
    return made.reach, last + made.reach + 1


def window_input(rule: InputRule, codes: I64, rate_hz: float, before: int) -> I8:
    """The input tensor int8 [length] that a board makes of one window.

    codes: samples of the lead as received, `before` of them ahead of the window's first; together they cover
    `surroundings`, except where the stretch began later (after START, or after a sample without a value).
    """
    made = bank(rate_hz, rule.rate_hz)
    padding = np.full(max(0, made.reach - before), codes[0], np.int64)
    first = max(0, before - made.reach)
    kept = np.concatenate([padding, np.asarray(codes, np.int64)[first:]])  # the window begins at kept[reach]
    m = np.arange(rule.length)
    middle, phase = m * made.down // made.up, m * made.down % made.up
    places = middle[:, None] + np.arange(2 * made.reach + 1)[None, :]
    if int(places[-1, -1]) >= len(kept):
        raise ValueError(f"the window needs {int(places[-1, -1]) + 1 - len(kept)} more samples after its end")
    total = (made.taps[phase] * kept[places]).sum(axis=1)
    drop = TAP_BITS - FRACTION_BITS
    return rule.quantized((total + (1 << (drop - 1))) >> drop)
