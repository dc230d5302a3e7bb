"""Reading and writing recordings and annotations: the public door.

Names are imported on first use, so that `import engine.records` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.records.annotations import Annotations
    from engine.records.edf_annotations import read_edf_annotations
    from engine.records.edf_write import write_edf
    from engine.records.hints import Guess, NeedsHints, TextHints
    from engine.records.open import open_record, read_annotations
    from engine.records.record import ArrayRecord, Block, Lead, Patient, Record, RecordInfo
    from engine.records.wfdb_annotations import find_annotators, read_wfdb_annotations, write_wfdb_annotations
    from engine.records.wfdb_write import write_wfdb

_HOME = {
    "Annotations": "annotations",
    "ArrayRecord": "record",
    "Block": "record",
    "Guess": "hints",
    "Lead": "record",
    "NeedsHints": "hints",
    "Patient": "record",
    "Record": "record",
    "RecordInfo": "record",
    "TextHints": "hints",
    "find_annotators": "wfdb_annotations",
    "open_record": "open",
    "read_annotations": "open",
    "read_edf_annotations": "edf_annotations",
    "read_wfdb_annotations": "wfdb_annotations",
    "write_edf": "edf_write",
    "write_wfdb": "wfdb_write",
    "write_wfdb_annotations": "wfdb_annotations",
}

__all__ = [
    "Annotations",
    "ArrayRecord",
    "Block",
    "Guess",
    "Lead",
    "NeedsHints",
    "Patient",
    "Record",
    "RecordInfo",
    "TextHints",
    "find_annotators",
    "open_record",
    "read_annotations",
    "read_edf_annotations",
    "read_wfdb_annotations",
    "write_edf",
    "write_wfdb",
    "write_wfdb_annotations",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
