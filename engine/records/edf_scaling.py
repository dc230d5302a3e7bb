"""Calibration of leads in EDF headers, where a number has eight characters."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from engine.records.record import Lead

_WIDTH = 8
_MAX_ERROR = 2e-6  # of the range: what rounding to eight characters may cost


@dataclass(frozen=True, slots=True)
class Scaling:
    """Header fields of one lead. They amount to stored = value * gain + zero, with the value in the lead's unit.

    `ratio` is how many of the file's `unit` make one of the lead's.
    """

    unit: str
    ratio: float
    physical_min: str
    physical_max: str
    digital_min: int
    digital_max: int

    @property
    def gain(self) -> float:
        """Stored steps per unit of the lead."""
        return (
            self.ratio
            * (self.digital_max - self.digital_min)
            / (float(self.physical_max) - float(self.physical_min))
        )

    @property
    def zero(self) -> float:
        """Stored value of 0."""
        return self.digital_min - float(self.physical_min) / self.ratio * self.gain


def scale_integers(lead: Lead, low: int, high: int, bits: int, *, marks_missing: bool) -> Scaling | None:
    """Calibration that keeps the stored integers low..high as they are; None if that cannot be said in EDF.

    Among the ranges that hold them, one whose physical ends fit eight characters exactly is preferred, so that
    the gain survives to the last digit; otherwise the one with the smallest error.
    """
    half = 1 << (bits - 1)
    floor = 1 - half if marks_missing else -half
    if low < floor or high >= half or not lead.adu_per_unit or not math.isfinite(lead.adu_per_unit):
        return None
    best: tuple[float, Scaling] | None = None
    for unit, per_unit in _units(lead):
        gain = Fraction(repr(float(lead.adu_per_unit))) / per_unit
        zero = Fraction(repr(float(lead.baseline_adu)))
        for d_min, d_max in _ranges(gain, zero, low, high, floor, half - 1):
            ends = [(d - zero) / gain for d in (d_min, d_max)]
            texts = [shortest_text(p) for p in ends]
            if "" in texts or texts[0] == texts[1]:
                continue
            error = max(abs(float((Fraction(t) - p) * gain)) for t, p in zip(texts, ends, strict=True))
            if error <= _MAX_ERROR * (d_max - d_min) and (best is None or error < best[0]):
                best = (error, Scaling(unit, float(per_unit), texts[0], texts[1], d_min, d_max))
    return best[1] if best else None


def scale_floats(lead: Lead, low: float, high: float, bits: int) -> Scaling | None:
    """The finest calibration that holds the values low..high; None if the numbers do not fit in EDF.

    The step is (high - low) / 65534 in 16 bits, so rounding is at most half of that.
    """
    top = (1 << (bits - 1)) - 1
    for unit, per_unit in _units(lead):
        p_min, p_max = low * float(per_unit), high * float(per_unit)
        if p_min == p_max:
            p_min, p_max = p_min - 1, p_max + 1
        texts = (_outward(p_min, -1), _outward(p_max, +1))
        if "" not in texts and float(texts[0]) < float(texts[1]):
            return Scaling(unit, float(per_unit), *texts, -top, top)
    return None


def shortest_text(value: Fraction) -> str:
    """A number in at most eight characters, without exponent, as near as they allow; "" if it is too large."""
    for decimals in range(6, -1, -1):
        text = f"{_rounded(value, decimals):.{decimals}f}"
        if "." in text:
            text = text.rstrip("0").rstrip(".")
        if len(text) <= _WIDTH:
            return "0" if text == "-0" else text
    return ""


def _rounded(value: Fraction, decimals: int) -> float:
    return float(Fraction(round(value * 10**decimals), 10**decimals))


def _outward(value: float, direction: int) -> str:
    for decimals in range(6, -1, -1):
        step = Fraction(1, 10**decimals)
        count = Fraction(value) / step
        text = shortest_text((math.floor(count) if direction < 0 else math.ceil(count)) * step)
        if text and (Fraction(text) - Fraction(value)) * direction >= 0:
            return text
    return ""


def _units(lead: Lead) -> Iterator[tuple[str, Fraction]]:
    """Units to write a lead in, and how many of them make one of its own."""
    if lead.is_voltage:
        yield "uV", Fraction(1000)
        yield "mV", Fraction(1)
        yield "V", Fraction(1, 1000)
    else:
        yield lead.unit, Fraction(1)


def _ranges(
    gain: Fraction, zero: Fraction, low: int, high: int, floor: int, ceiling: int
) -> Iterator[tuple[int, int]]:
    """Digital ranges to try. The first reaches whole physical units on both sides where gain and zero allow it."""
    step = abs(gain.numerator)
    if zero.denominator == 1 and step <= ceiling:
        base = int(zero)
        most = 9_999_999 // gain.denominator
        down = min(max(0, (base - floor) // step), most)
        up = min(max(0, (ceiling - base) // step), most)
        if base - down * step <= low and base + up * step >= high and down + up > 0:
            yield base - down * step, base + up * step
    yield floor, ceiling
    yield 1 - (ceiling + 1), ceiling
    yield min(low, ceiling - 1), max(high, low + 1)
