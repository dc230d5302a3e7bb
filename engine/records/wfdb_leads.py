"""From WFDB header lines to leads in millivolts and what the comments say of the patient."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from engine.records.leads import lead_name, unique_names, units_per_mv
from engine.records.record import VOLTAGE_UNIT, Lead, Patient
from engine.records.wfdb_header import SignalSpec

_AGE = re.compile(r"<?\bage\b>?\s*[:=]\s*(\d{1,3})\b", re.IGNORECASE)
_SEX = re.compile(r"<?\b(?:sex|gender)\b>?\s*[:=]\s*([A-Za-z]+)", re.IGNORECASE)
_AGE_AND_SEX = re.compile(r"(-?\d{1,3})\s+([MF])\b")  # as in the MIT-BIH headers: "69 M 1085 1629 x1"


def describe_leads(signals: Sequence[SignalSpec]) -> tuple[tuple[Lead, ...], list[str]]:
    """One `Lead` a signal, and notices on names and gains that had to be settled."""
    notices: list[str] = []
    uncalibrated = [i for i, s in enumerate(signals) if not s.calibrated]
    unique, renamed = unique_names(lead_name(s.description) for s in signals)
    if renamed:
        notices.append(f"Several signals are named {_few(renamed)}; they are numbered.")
    if uncalibrated:
        which = _few([unique[i] for i in uncalibrated])
        notices.append(f"Not calibrated: {which}; 200 stored units per mV are assumed.")
    return tuple(_lead(s, name) for s, name in zip(signals, unique, strict=True)), notices


def _lead(spec: SignalSpec, name: str) -> Lead:
    per_mv = units_per_mv(spec.unit)
    gain = spec.gain
    if per_mv is not None:
        # A whole number either way, so that 1000 per V is exactly 1 per mV.
        gain = gain * per_mv if per_mv >= 1 else gain / round(1 / per_mv)
    return Lead(
        name=name,
        unit=spec.unit if per_mv is None else VOLTAGE_UNIT,
        adu_per_unit=gain,
        baseline_adu=spec.baseline,
        adc_bits=spec.adc_bits or None,
    )


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def describe_patient(comments: Iterable[str]) -> Patient:
    """Age (years) and sex ("M", "F") where the comments give them in one of the usual ways."""
    age = sex = ""
    for comment in comments:
        if not age and (match := _AGE.search(comment)):
            age = match[1]
        if not sex and (match := _SEX.search(comment)):
            sex = {"m": "M", "f": "F"}.get(match[1][0].lower(), "")
        if not age and not sex and (match := _AGE_AND_SEX.match(comment)):
            age = "" if match[1].startswith("-") else match[1]
            sex = match[2]
    return Patient(age=age, sex=sex)
