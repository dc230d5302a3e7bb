"""Millimetres, pixels, samples, seconds and millivolts: pure functions, no Qt.

Paper is the common measure: `mm_per_s` and `mm_per_mv` say how the signal lies on paper, `px_per_mm` how paper lies
on a device. Everything on the canvas follows from these three and the record's rate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

SPEEDS: tuple[float, ...] = (5.0, 6.25, 10.0, 12.5, 25.0, 50.0, 100.0)  # mm/s
GAINS: tuple[float, ...] = (2.5, 5.0, 10.0, 20.0, 40.0)  # mm/mV
DEFAULT_SPEED = 25.0
DEFAULT_GAIN = 10.0
MM_PER_INCH = 25.4
FALLBACK_DPI = 96.0
PULSE_MV = 1.0
PULSE_S = 0.2
MIN_SPEED = 1e-4  # mm/s: eleven days on a screen
MAX_SPEED = 400.0


@dataclass(frozen=True, slots=True)
class Scale:
    """How a signal lies on a device: rate (Hz), paper speed (mm/s), gain (mm/mV), density (device px per mm)."""

    fs: float
    mm_per_s: float = DEFAULT_SPEED
    mm_per_mv: float = DEFAULT_GAIN
    px_per_mm: float = FALLBACK_DPI / MM_PER_INCH

    @property
    def px_per_s(self) -> float:
        """Device pixels per second."""
        return self.mm_per_s * self.px_per_mm

    @property
    def px_per_mv(self) -> float:
        """Device pixels per millivolt."""
        return self.mm_per_mv * self.px_per_mm

    @property
    def px_per_sample(self) -> float:
        """Device pixels per sample."""
        return self.px_per_s / self.fs

    @property
    def samples_per_px(self) -> float:
        """Samples per device pixel."""
        return self.fs / self.px_per_s

    def px_of_sample(self, sample: float) -> float:
        """Distance of a sample from sample 0, in device pixels."""
        return sample * self.px_per_sample

    def sample_of_px(self, px: float) -> float:
        """Inverse of `px_of_sample`, not rounded."""
        return px * self.samples_per_px

    def px_of_mm(self, mm: float) -> float:
        """Device pixels of a length on paper."""
        return mm * self.px_per_mm

    def samples_in_mm(self, mm: float) -> float:
        """Samples that lie on a stretch of paper."""
        return mm / self.mm_per_s * self.fs

    def with_density(self, px_per_mm: float) -> Scale:
        """The same paper on another device."""
        return replace(self, px_per_mm=px_per_mm)


def plausible_px_per_mm(physical_dpi: float) -> float:
    """Pixels per mm for a screen that reports `physical_dpi`; 96 dpi where the report cannot be true.

    Projectors, virtual screens and broken EDIDs report 0, infinity or a default size.
    """
    if not math.isfinite(physical_dpi) or not 60.0 <= physical_dpi <= 600.0:
        physical_dpi = FALLBACK_DPI
    return physical_dpi / MM_PER_INCH


def step(values: tuple[float, ...], current: float, direction: int) -> float:
    """Next larger (direction 1) or smaller (-1) standard value; stays at the ends."""
    if direction > 0:
        larger = [v for v in values if v > current * 1.001]
        return larger[0] if larger else max(current, values[-1])
    smaller = [v for v in values if v < current * 0.999]
    return smaller[-1] if smaller else min(current, values[0])


def zoom_step(current: float, direction: int) -> float:
    """Next paper speed when zooming: the standard ones, and halves and doubles beyond them (non-standard)."""
    if direction > 0 and current >= SPEEDS[-1] * 0.999:
        return min(current * 2, MAX_SPEED)
    if direction < 0 and current <= SPEEDS[0] * 1.001:
        return max(current / 2, MIN_SPEED)
    if direction > 0 and current * 2 < SPEEDS[0]:
        return current * 2
    return step(SPEEDS, current, direction)


def is_standard_speed(mm_per_s: float) -> bool:
    """Whether the speed is one of the paper speeds."""
    return any(math.isclose(mm_per_s, s, rel_tol=1e-6) for s in SPEEDS)


def speed_text(mm_per_s: float) -> str:
    """As in "25 mm/s"; other speeds say that they are not standard."""
    if is_standard_speed(mm_per_s):
        return f"{mm_per_s:g} mm/s"
    return f"{_three_digits(mm_per_s)} mm/s (non-standard)"


def gain_text(mm_per_mv: float) -> str:
    """As in "10 mm/mV"."""
    return f"{mm_per_mv:g} mm/mV"


def _three_digits(value: float) -> str:
    digits = max(0, 2 - math.floor(math.log10(value))) if value > 0 else 0
    return f"{value:.{digits}f}".rstrip("0").rstrip(".") if digits else f"{value:.0f}"


TICK_STEPS_S: tuple[float, ...] = (
    0.02, 0.04, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30,
    60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400,
)  # fmt: skip


def tick_step_s(px_per_s: float, min_px: float) -> float:
    """Smallest round interval whose labels are at least `min_px` apart."""
    for candidate in TICK_STEPS_S:
        if candidate * px_per_s >= min_px:
            return candidate
    days = math.ceil(min_px / px_per_s / 86400)
    return days * 86400.0


def elapsed_text(seconds: float, step_s: float = 1.0) -> str:
    """As in "0:07" and "1:02:03"; with decimals where `step_s` asks for them."""
    decimals = 0 if step_s >= 1 else (1 if step_s >= 0.1 else 2)
    sign = "-" if seconds < 0 else ""
    ticks = round(abs(seconds) * 10**decimals)
    whole, part = divmod(ticks, 10**decimals)
    minutes, sec = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{part:0{decimals}d}" if decimals else ""
    if hours:
        return f"{sign}{hours}:{minutes:02d}:{sec:02d}{fraction}"
    return f"{sign}{minutes}:{sec:02d}{fraction}"


def nice_units_per_mm(span: float, height_mm: float) -> float:
    """Round (1-2-5) number of units per mm that lets `span` fit `height_mm`: the scale of signals not in mV."""
    if not math.isfinite(span) or span <= 0 or height_mm <= 0:
        return 1.0
    raw = span / height_mm
    power = 10.0 ** math.floor(math.log10(raw))
    for factor in (1.0, 2.0, 5.0, 10.0):
        if factor * power >= raw * (1 - 1e-9):
            return factor * power
    return 10.0 * power
