"""Display and analysis filters: baseline (high-pass), muscle (low-pass) and mains, zero-phase or causal.

Butterworth sections of order 2, -3 dB at the stated frequency in both directions of use. A filter that a sampling
rate cannot carry is left out rather than moved (`FilterSpec.at_rate`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.errors import ConfigError
from engine.signals.gaps import bridged, held
from engine.signals.mains import MainsSubtractor, subtract_mains

F64 = NDArray[np.float64]
Bool = NDArray[np.bool_]
MainsMethod = Literal["notch", "subtract"]

NOTCH_Q = 30.0
ORDER = 2
# AHA/ACC/HRS 2007 (Kligfield et al.): low cut-off 0.05 Hz, or up to 0.67 Hz without phase distortion; high
# cut-off at least 150 Hz.
DIAGNOSTIC_HIGHPASS_CAUSAL_HZ = 0.05
DIAGNOSTIC_HIGHPASS_ZERO_PHASE_HZ = 0.67
DIAGNOSTIC_LOWPASS_HZ = 150.0
_HIGHEST_OF_RATE = 0.47  # of the sampling rate; a corner closer to the Nyquist frequency means nothing
_RESTART_S = 0.25  # a hole this long starts a causal filter afresh


@dataclass(frozen=True, slots=True)
class FilterSpec:
    """What to remove: below `highpass_hz`, above `lowpass_hz`, and mains at 50 or 60 Hz (None: leave in).

    `mains_method` "notch" is a narrow band-stop (Q 30; it rings for about 0.2 s after a QRS), "subtract" takes away
    a tracked sine and leaves the QRS as it is.
    """

    highpass_hz: float | None = None
    lowpass_hz: float | None = None
    mains_hz: int | None = None
    mains_method: MainsMethod = "notch"

    def __post_init__(self) -> None:
        for name, value in (("high-pass", self.highpass_hz), ("low-pass", self.lowpass_hz)):
            if value is not None and not (math.isfinite(value) and value > 0):
                raise ConfigError(f"the {name} frequency must be a positive number of Hz, not {value}")
        if self.highpass_hz is not None and self.lowpass_hz is not None and self.highpass_hz >= self.lowpass_hz:
            raise ConfigError(
                f"the high-pass ({self.highpass_hz:g} Hz) must lie below the low-pass ({self.lowpass_hz:g} Hz)"
            )
        if self.mains_hz not in (None, 50, 60):
            raise ConfigError(f"the mains frequency is 50 or 60 Hz, not {self.mains_hz}")
        if self.mains_method not in ("notch", "subtract"):
            raise ConfigError(f"the mains method is notch or subtract, not {self.mains_method!r}")

    @property
    def is_empty(self) -> bool:
        """True when nothing is removed."""
        return self.highpass_hz is None and self.lowpass_hz is None and self.mains_hz is None

    @property
    def label(self) -> str:
        """The filter state as written on a trace: "0.05–40 Hz, 50 Hz notch", "unfiltered"."""
        parts = []
        if self.highpass_hz is not None and self.lowpass_hz is not None:
            parts.append(f"{self.highpass_hz:g}–{self.lowpass_hz:g} Hz")
        elif self.highpass_hz is not None:
            parts.append(f"{self.highpass_hz:g} Hz high-pass")
        elif self.lowpass_hz is not None:
            parts.append(f"{self.lowpass_hz:g} Hz low-pass")
        if self.mains_hz is not None:
            parts.append(f"{self.mains_hz} Hz {'notch' if self.mains_method == 'notch' else 'subtracted'}")
        return ", ".join(parts) or "unfiltered"

    @property
    def non_diagnostic(self) -> bool:
        """Outside the diagnostic bandwidth when applied zero-phase (`apply_zero_phase`)."""
        return self._narrow(DIAGNOSTIC_HIGHPASS_ZERO_PHASE_HZ)

    @property
    def non_diagnostic_causal(self) -> bool:
        """Outside the diagnostic bandwidth when applied sample by sample (`CausalFilter`)."""
        return self._narrow(DIAGNOSTIC_HIGHPASS_CAUSAL_HZ)

    def _narrow(self, highest_highpass_hz: float) -> bool:
        return (self.highpass_hz is not None and self.highpass_hz > highest_highpass_hz) or (
            self.lowpass_hz is not None and self.lowpass_hz < DIAGNOSTIC_LOWPASS_HZ
        )

    @property
    def warmup_s(self) -> float:
        """Seconds to filter on either side of a view, so that what is shown does not depend on where it is cut."""
        baseline = 1.5 / self.highpass_hz if self.highpass_hz is not None else 0.0
        return max(baseline, 2.0 if self.mains_hz is not None else 0.0, 0.25)

    def at_rate(self, fs_hz: float) -> FilterSpec:
        """The same without what a sampling rate cannot carry (a low-pass or mains filter above 0.47 fs)."""
        highest = _HIGHEST_OF_RATE * fs_hz
        return replace(
            self,
            highpass_hz=self.highpass_hz if self.highpass_hz and self.highpass_hz < highest else None,
            lowpass_hz=self.lowpass_hz if self.lowpass_hz and self.lowpass_hz < highest else None,
            mains_hz=self.mains_hz if self.mains_hz and self.mains_hz < highest else None,
        )


UNFILTERED = FilterSpec()
DIAGNOSTIC = FilterSpec(0.05, 150.0)
MONITOR = FilterSpec(0.5, 40.0)
MUSCLE = FilterSpec(0.05, 35.0)
BASELINE = FilterSpec(0.5, None)
PRESETS: Mapping[str, FilterSpec] = {
    "Unfiltered": UNFILTERED,
    "Diagnostic": DIAGNOSTIC,
    "Monitor": MONITOR,
    "Muscle": MUSCLE,
    "Baseline": BASELINE,
}


def biquads(spec: FilterSpec, fs_hz: float, *, passes: int = 1) -> F64:
    """Second-order sections float64 [sections, 6] (b0 b1 b2 a0 a1 a2, a0 = 1); [0, 6] when there are none.

    `passes` is how often the signal goes through (2 for forward and backward): corners are placed so that the
    whole is -3 dB at the stated frequencies. Mains subtraction is not a biquad and is not among them.
    """
    from scipy import signal

    spec = spec.at_rate(fs_hz)
    sections = []
    # n passes of a Butterworth multiply its losses; this widens it to -3 dB in all (in the warped frequency).
    widening = (2.0 ** (1.0 / passes) - 1.0) ** (1.0 / (2 * ORDER))
    if spec.highpass_hz is not None:
        corner = _warp(spec.highpass_hz, fs_hz, widening)
        sections.append(signal.butter(ORDER, corner, "highpass", output="sos", fs=fs_hz))
    if spec.mains_hz is not None and spec.mains_method == "notch":
        b, a = signal.iirnotch(spec.mains_hz, NOTCH_Q, fs=fs_hz)
        sections.append(np.concatenate([b, a])[None, :])
    if spec.lowpass_hz is not None:
        corner = _warp(spec.lowpass_hz, fs_hz, 1.0 / widening)
        sections.append(signal.butter(ORDER, corner, "lowpass", output="sos", fs=fs_hz))
    return np.concatenate(sections) if sections else np.empty((0, 6))


def _warp(frequency_hz: float, fs_hz: float, factor: float) -> float:
    return math.atan(math.tan(math.pi * frequency_hz / fs_hz) * factor) * fs_hz / math.pi


def apply_zero_phase(x: NDArray, fs_hz: float, spec: FilterSpec, valid: Bool | None = None) -> NDArray:
    """`x` [..., n] filtered forward and backward, without delay, in its own dtype.

    Missing samples (`valid` False) are bridged by straight lines before filtering and 0 in the answer. The edges
    are extended by point reflection over the filter's settling time, as far as there are samples.
    """
    from scipy import signal

    spec = spec.at_rate(fs_hz)
    n = x.shape[-1]
    y = x.astype(np.float64)
    if valid is not None:
        y = bridged(y, valid)
    if spec.mains_hz is not None and spec.mains_method == "subtract":
        y = subtract_mains(y, fs_hz, spec.mains_hz, valid)
    sos = biquads(spec, fs_hz, passes=2)
    if len(sos) and n > 1:
        padding = min(n - 1, round(spec.warmup_s * fs_hz))
        y = signal.sosfiltfilt(sos, y, axis=-1, padtype="odd", padlen=padding)
    if valid is not None:
        y = np.where(valid, y, 0.0)
    return y.astype(x.dtype, copy=False)


class CausalFilter:
    """The same filter sample by sample, for streams: the answer is bit-identical however the input is cut.

    Starts settled on its first sample, so there is no start-up swing, and again after a hole of 0.25 s or more.
    """

    def __init__(self, spec: FilterSpec, fs_hz: float, channels: int) -> None:
        self.spec = spec.at_rate(fs_hz)
        self._sos = biquads(self.spec, fs_hz)
        self._mains: MainsSubtractor | None = None
        if self.spec.mains_hz is not None and self.spec.mains_method == "subtract":
            self._mains = MainsSubtractor(fs_hz, self.spec.mains_hz, channels)
        self._restart = max(1, round(_RESTART_S * fs_hz))
        self._state = np.zeros((channels, len(self._sos), 2))
        self._last = np.zeros(channels)  # last valid value, held over holes
        self._hole = np.full(channels, self._restart, np.int64)  # missing samples just before this one
        self._settled = _settled_state(self._sos)

    def biquads(self) -> F64:
        """The sections in use, float64 [sections, 6], in order of application."""
        return self._sos.copy()

    def settled(self) -> F64:
        """State of the sections, float64 [sections, 2], after the constant 1 for ever."""
        return self._settled.copy()

    def push(self, x: NDArray, valid: Bool | None = None) -> NDArray:
        """Filter the next samples [channels, n] of the stream; answer in the same shape and dtype.

        Missing samples (`valid` False) hold the last valid value inside the filter and are 0 in the answer.
        """
        if x.shape[0] != len(self._last):
            raise ValueError(f"expected {len(self._last)} channels, got {x.shape[0]}")
        if x.shape[1] == 0:
            return x.copy()
        missing = None if valid is None or valid.all() else ~valid
        y = x.astype(np.float64)
        if missing is not None:
            y = held(y, ~missing, self._last)
        self._last = y[:, -1].copy()
        if self._mains is not None:
            y = self._mains.push(y, valid)
        if len(self._sos):
            for channel in range(len(y)):
                y[channel] = self._run(channel, y[channel], None if missing is None else missing[channel])
        if missing is not None:
            y[missing] = 0.0
        return y.astype(x.dtype, copy=False)

    def _run(self, channel: int, x: F64, missing: Bool | None) -> F64:
        from scipy import signal

        y = np.empty_like(x)
        restarts = self._restarts(channel, len(x), missing)
        for begin, end in pairwise([0, *restarts, len(x)]):
            if begin in restarts:
                self._state[channel] = self._settled * x[begin]
            if end > begin:
                y[begin:end], self._state[channel] = signal.sosfilt(
                    self._sos, x[begin:end], zi=self._state[channel]
                )
        return y

    def _restarts(self, channel: int, n: int, missing: Bool | None) -> list[int]:
        """Valid samples of this push that follow a hole of at least `_restart` samples."""
        before = int(self._hole[channel])
        if missing is None:
            self._hole[channel] = 0
            return [0] if before >= self._restart else []
        good = np.flatnonzero(~missing)
        if good.size == 0:
            self._hole[channel] = before + n
            return []
        holes = np.diff(good, prepend=-1 - before) - 1
        self._hole[channel] = n - 1 - good[-1]
        return good[holes >= self._restart].tolist()


def _settled_state(sos: F64) -> F64:
    """State [sections, 2] of a cascade that has seen the constant 1 for ever."""
    if not len(sos):
        return np.zeros((0, 2))
    from scipy import signal

    return signal.sosfilt_zi(sos)
