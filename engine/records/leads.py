"""Lead names and voltage units as files write them, brought to one spelling."""

from __future__ import annotations

import re
from collections.abc import Iterable

_KNOWN = (
    "I", "II", "III", "aVR", "-aVR", "aVL", "aVF",
    *(f"V{i}" for i in range(1, 10)), *(f"V{i}R" for i in range(1, 10)),
    "MLI", "MLII", "MLIII", *(f"MV{i}" for i in range(1, 7)), *(f"ML{i}" for i in range(1, 7)),
    "MCL1", "MCL6", "CM2", "CM5", "CC5", "CM6", "ES", "AS", "AI", "X", "Y", "Z",
)  # fmt: skip
_CANONICAL = {name.lower(): name for name in _KNOWN}
_PREFIX = re.compile(r"^(?:ecg|ekg|lead)(?![a-z0-9])[\s_:.-]*(?:lead(?![a-z0-9])[\s_:.-]*)?", re.IGNORECASE)
_SUFFIX = re.compile(r"\s*(?:\((?:einthoven|goldberger|wilson)\)|[-_ ]?ref)$", re.IGNORECASE)

# How many of the unit make one millivolt. Dividing by an exact integer keeps calibrations exact, where multiplying
# by 0.001 would not.
_PER_MV = {
    "v": 1e-3, "volt": 1e-3, "volts": 1e-3,
    "mv": 1.0, "millivolt": 1.0, "millivolts": 1.0,
    "uv": 1e3, "µv": 1e3, "μv": 1e3, "microvolt": 1e3, "microvolts": 1e3,
    "nv": 1e6, "nanovolt": 1e6, "nanovolts": 1e6,
}  # fmt: skip


def lead_name(label: str) -> str:
    """The usual name of a lead: "ECG II" -> "II", "Lead I (Einthoven)" -> "I"; other labels only stripped."""
    text = " ".join(label.split())
    bare = _SUFFIX.sub("", _PREFIX.sub("", text))
    return _CANONICAL.get(bare.lower(), text)


def is_known_lead(name: str) -> bool:
    """True for the name of an ECG lead in any case, with or without an "ECG" or "Lead" prefix."""
    return lead_name(name) in _CANONICAL.values()


def unique_names(names: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names made distinct ("V1", "V1 (2)") and not empty, and the names that had to be changed for it.

    Names are compared without case, as leads are looked up that way.
    """
    seen: set[str] = set()
    result: list[str] = []
    changed: list[str] = []
    for i, name in enumerate(names):
        base = name or f"signal {i + 1}"
        candidate, count = base, 1
        while candidate.lower() in seen:
            count += 1
            candidate = f"{base} ({count})"
        if candidate != base:
            changed.append(base)
        seen.add(candidate.lower())
        result.append(candidate)
    return tuple(result), tuple(dict.fromkeys(changed))


def units_per_mv(unit: str) -> float | None:
    """How many of a unit make one millivolt ("uV" -> 1000); None when the unit is not a voltage."""
    return _PER_MV.get(unit.strip().lower())
