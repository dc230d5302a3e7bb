from __future__ import annotations

import numpy as np
import pytest

from engine.devices import board_input
from engine.errors import ConfigError
from engine.runtime.model import read_card
from engine.runtime.quantized import TfliteModel
from engine.signals.preprocess import prepare_windows
from engine.signals.resample import resample


def ecg_codes(n: int, rate_hz: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    t = np.arange(n) / rate_hz
    beat = 900 * np.exp(-((((t * 1.2) % 1) - 0.4) ** 2) / 2e-4) + 200 * np.exp(
        -((((t * 1.2) % 1) - 0.7) ** 2) / 2e-3
    )
    return np.rint(beat + 300 * np.sin(0.9 * t) + rng.normal(0, 12, n)).astype(np.int64)


def rule_of(name: str) -> tuple[board_input.InputRule, TfliteModel]:
    card = read_card(name)
    model = TfliteModel(card.path)
    step, zero = model._input["quantization"]
    return board_input.input_rule(card, step, zero), model


@pytest.mark.parametrize("rate_hz", board_input.RATES_HZ)
@pytest.mark.parametrize("name", ["seg-4-lg", "rhythm-2"])
def test_board_input_is_the_models_own_preprocessing_within_one_step(name, rate_hz):
    rule, model = rule_of(name)
    before, after = board_input.surroundings(rule, rate_hz)
    made = board_input.bank(rate_hz, rule.rate_hz)
    start = made.span(200)
    codes = ecg_codes(start + after, rate_hz)
    ours = board_input.window_input(rule, codes[start - before :], rate_hz, before)

    millivolts = resample(codes[None, :] / 1000.0, rate_hz, rule.rate_hz)[0, 200 : 200 + rule.length]
    window = millivolts.astype(np.float32)[None, :, None]
    config = read_card(name).config.window
    theirs = model.quantize(prepare_windows(window, config.preprocesses, config.rate_hz).x)[0, :, 0]
    difference = np.abs(ours.astype(int) - theirs)
    assert difference.max() <= 1
    assert np.mean(difference != 0) < 0.01


def test_a_stretch_begins_as_if_its_first_sample_had_stood_for_ever():
    rule, _ = rule_of("seg-4-sm")
    before, after = board_input.surroundings(rule, 250)
    codes = ecg_codes(after, 250)
    held = np.concatenate([np.full(before, codes[0]), codes])
    assert np.array_equal(
        board_input.window_input(rule, codes, 250, 0), board_input.window_input(rule, held, 250, before)
    )


def test_more_history_than_needed_changes_nothing():
    rule, _ = rule_of("seg-4-sm")
    before, after = board_input.surroundings(rule, 500)
    codes = ecg_codes(before + 77 + after, 500)
    assert np.array_equal(
        board_input.window_input(rule, codes, 500, before + 77),
        board_input.window_input(rule, codes[77:], 500, before),
    )


def test_a_window_that_is_not_all_there_is_refused():
    rule, _ = rule_of("seg-4-sm")
    with pytest.raises(ValueError, match="more samples"):
        board_input.window_input(rule, ecg_codes(600, 250), 250, 0)


@pytest.mark.parametrize("rate_hz", board_input.RATES_HZ)
def test_every_row_of_the_resampler_adds_to_one(rate_hz):
    assert (board_input.bank(rate_hz, 100).taps.sum(axis=1) == 1 << board_input.TAP_BITS).all()


@pytest.mark.parametrize("codes", [np.full(900, 32767), np.full(900, -32767), np.zeros(900)])
def test_a_flat_line_gives_the_zero_point(codes):
    rule, _ = rule_of("seg-4-sm")
    assert (board_input.window_input(rule, codes.astype(np.int64), 250, 0) == rule.zero_point).all()


@pytest.mark.parametrize("name", ["diag", "beat-aami"])
def test_models_that_a_board_cannot_feed_are_refused_by_name(name):
    with pytest.raises(ConfigError, match=name):
        board_input.input_rule(read_card(name), 0.05, 0)
