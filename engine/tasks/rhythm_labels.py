"""What datasets call rhythms, and which class of a configuration a name belongs to.

Record-level statements come from four vocabularies: PTB-XL's SCP-ECG codes, the SNOMED acronyms of the
Chapman/Ningbo database (LSAD) and of the PhysioNet/CinC Challenge 2021, and the four classes of Challenge 2017.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from engine.config import unknown
from engine.datasets.base import RHYTHMS

# Challenge 2017: "N" is any sinus rhythm, whatever its rate; "O" any other rhythm; "~" too noisy to tell.
CHALLENGE_2017 = {"N": "sr", "A": "afib", "O": "other", "~": "noise"}

# SCP-ECG codes and SNOMED acronyms. WPW is left out: pre-excitation tells nothing of rhythm. So is "AF", which is
# flutter to LSAD and fibrillation to Challenge 2021: their datasets mark the rhythm itself.
STATEMENTS = {
    "SR": "sr", "NSR": "sr",
    "SBRAD": "sbrad", "SB": "sbrad",
    "STACH": "stach", "ST": "stach", "STach": "stach",
    "SARRH": "sarrh", "SA": "sarrh", "AA": "sarrh",
    "SVARR": "svarr",
    "SVTAC": "svt", "PSVT": "svt", "SVT": "svt", "AVNRT": "svt", "AVNRT2": "svt", "AVRT": "svt", "AT": "svt",
    "JT": "svt",
    "PVT": "vtach", "VFIB": "vfib", "VF": "vflut",
    "AFIB": "afib",
    "AFLT": "aflut", "AFL": "aflut",
    "BIGU": "bigu", "ABI": "bigu", "VB": "bigu",
    "TRIGU": "trigu", "VET": "trigu",
    "PACE": "pace",
}  # fmt: skip


def class_of_label(classes: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """Number of the class each source label belongs to.

    A source label is a rhythm (`RHYTHMS`) or a publisher's own statement. Raises ConfigError for any other.
    """
    known = [*RHYTHMS, *CHALLENGE_2017, *STATEMENTS]
    found: dict[str, int] = {}
    for number, labels in enumerate(classes.values()):
        for label in labels:
            if label not in known:
                raise unknown("rhythm", label, known)
            found[label] = number
    return found


def rhythms_of_statements(statements: Iterable[str]) -> frozenset[str]:
    """The rhythms that a record's statements name."""
    table = STATEMENTS | CHALLENGE_2017
    return frozenset(table[s] for s in statements if s in table)


def rate_is_stated(statements: Iterable[str]) -> bool:
    """Whether the publisher's vocabulary tells brady- and tachycardia from sinus rhythm at a usual rate."""
    return any(s in STATEMENTS for s in statements)
