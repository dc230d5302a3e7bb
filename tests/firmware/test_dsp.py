"""The firmware's filters and preparation of windows beside the engine's: bit for bit."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import numpy as np
import pytest
from firmware_host import FIRMWARE, STRICT

from engine.devices import board_input
from engine.export.firmware.tables import filter_files, resampler_files
from engine.signals.filters import CausalFilter, FilterSpec

CASCADES = {
    "FILTER_BASELINE": (FilterSpec(0.05), 200),
    "FILTER_DIAGNOSTIC": (FilterSpec(0.05, 150.0), 1000),
    "FILTER_MONITOR": (FilterSpec(0.5, 40.0, 50), 250),
    "FILTER_MUSCLE": (FilterSpec(0.05, 35.0, 60), 500),
}
GLUE = """
#include <stdint.h>
#include "biquad.h"
#include "filter_tables.h"
#include "resampler.h"
#include "resampler_tables.h"
#include "window.h"
void filter(const biquad_cascade_t *cascade, const double *x, double *y, uint32_t n);
uint32_t resample(uint32_t rate_hz, const int16_t *x, uint32_t n, int32_t *y);
void filter(const biquad_cascade_t *cascade, const double *x, double *y, uint32_t n) {
    biquad_t f;
    biquad_start(&f, cascade);
    for (uint32_t k = 0; k < n; k++) y[k] = biquad_push(&f, x[k]);
}
uint32_t resample(uint32_t rate_hz, const int16_t *x, uint32_t n, int32_t *y) {
    static resampler_t r;
    uint32_t made = 0;
    resampler_start(&r, resampler_bank(rate_hz));
    for (uint32_t k = 0; k < n; k++)
        if (resampler_push(&r, x[k], &y[made])) made++;
    return made;
}
"""


class WindowRule(ctypes.Structure):
    _fields_ = (
        ("length", ctypes.c_uint16),
        ("zero_point", ctypes.c_int16),
        ("clip_low", ctypes.c_int16),
        ("clip_high", ctypes.c_int16),
        ("gain", ctypes.c_uint64),
        ("epsilon_variance", ctypes.c_uint64),
        ("epsilon_deviation", ctypes.c_uint32),
    )


@pytest.fixture(scope="module")
def dsp(gcc: str, tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    folder: Path = tmp_path_factory.mktemp("dsp")
    files = {**filter_files(CASCADES), **resampler_files(100.0), "glue.c": GLUE}
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    sources = [str(folder / name) for name in files if name.endswith(".c")]
    sources += [str(path) for path in sorted((FIRMWARE / "dsp").glob("*.c"))]
    trap = ["-fsanitize=undefined", "-fsanitize-undefined-trap-on-error"]
    library = folder / "dsp.so"
    includes = [f"-I{folder}", f"-I{FIRMWARE / 'dsp'}"]
    subprocess.run(
        [gcc, *STRICT, *trap, "-O2", "-shared", "-fPIC", *includes, *sources, "-o", str(library)], check=True
    )
    return ctypes.CDLL(str(library))


def signal(n: int, seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return np.cumsum(generator.normal(0, 40, n)) + 2000 * generator.random()


@pytest.mark.parametrize("name", CASCADES)
def test_filters_equal_the_engines_bit_for_bit(dsp, name):
    spec, rate_hz = CASCADES[name]
    x = signal(20 * rate_hz, 3)
    y = np.empty_like(x)
    dsp.filter(
        ctypes.byref(ctypes.c_char.in_dll(dsp, name)),
        x.ctypes.data_as(ctypes.c_void_p),
        y.ctypes.data_as(ctypes.c_void_p),
        len(x),
    )
    assert np.array_equal(y, CausalFilter(spec, rate_hz, 1).push(x[None, :])[0])


def resampled(dsp: ctypes.CDLL, rate_hz: int, x: np.ndarray) -> np.ndarray:
    y = np.empty(len(x), np.int32)
    made = dsp.resample(rate_hz, x.ctypes.data_as(ctypes.c_void_p), len(x), y.ctypes.data_as(ctypes.c_void_p))
    return y[:made]


@pytest.mark.parametrize("kind", ["ecg", "extreme", "flat"])
@pytest.mark.parametrize("rate_hz", board_input.RATES_HZ)
def test_board_and_host_make_the_same_input_of_the_same_samples(dsp, rate_hz, kind):
    rule = board_input.InputRule(256, 100.0, -5, round(2**44 / 0.057), 2560, 0, -1000, 1000)
    before, after = board_input.surroundings(rule, rate_hz)
    start = 206 * rate_hz // 100
    n = start + after
    generator = np.random.default_rng(rate_hz)
    made = {
        "ecg": np.clip(signal(n, 5), -32767, 32767),
        "extreme": np.where(generator.random(n) < 0.5, -32767, 32767),
        "flat": np.full(n, 123),
    }
    x = made[kind].astype(np.int16)
    y = resampled(dsp, rate_hz, x)
    c_rule = WindowRule(256, -5, -1000, 1000, rule.gain, 0, 2560)
    history = np.zeros(1024, np.int32)
    first = 3_000_000_000  # free-running positions wrap
    history[(first + np.arange(256)) % 1024] = y[206 : 206 + 256]
    board = np.empty(256, np.int8)
    dsp.window_quantize(
        ctypes.byref(c_rule),
        history.ctypes.data_as(ctypes.c_void_p),
        1024,
        ctypes.c_uint32(first),
        board.ctypes.data_as(ctypes.c_void_p),
    )
    host = board_input.window_input(rule, x[max(0, start - before) :], rate_hz, min(before, start))
    assert np.array_equal(board, host)


def test_the_resampler_makes_as_much_as_is_known(dsp):
    for rate_hz in board_input.RATES_HZ:
        x = np.zeros(10 * rate_hz, np.int16)
        made = board_input.bank(rate_hz, 100.0)
        known = -(-(len(x) - made.reach) * made.up // made.down)
        assert len(resampled(dsp, rate_hz, x)) == known
