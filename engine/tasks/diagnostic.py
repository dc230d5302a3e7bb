"""Diagnostic superclasses of a record, several of which may hold at once.

The label of every window is that of its record. Without a configuration of its own the task uses the five
superclasses of PTB-XL (Wagner et al. 2020, `scp_statements.csv`): normal, infarction, ST/T change, conduction
disturbance, hypertrophy. A record without any of them is a negative of all.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pydantic import Field

from engine.config import Part, RunConfig, unknown
from engine.datasets.base import F32, Strip
from engine.errors import ConfigError
from engine.tasks.base import Task, WindowSet
from engine.tasks.cutting import cut, evaluation_starts, resampled, training_starts
from engine.tasks.rhythm_labels import STATEMENTS
from engine.tasks.task_params import checked_params

SUPERCLASSES: Mapping[str, tuple[str, ...]] = {
    "NORM": ("NORM",),
    "MI": (
        "IMI", "ASMI", "ILMI", "AMI", "ALMI", "INJAS", "LMI", "INJAL", "IPLMI", "IPMI", "INJIN", "INJLA", "PMI",
        "INJIL",
    ),
    "STTC": (
        "NDT", "NST_", "DIG", "LNGQT", "ISC_", "ISCAL", "ISCIN", "ISCIL", "ISCAS", "ISCLA", "ANEUR", "EL", "ISCAN",
    ),
    "CD": (
        "LAFB", "IRBBB", "1AVB", "IVCD", "CRBBB", "CLBBB", "LPFB", "WPW", "ILBBB", "3AVB", "2AVB",
    ),
    "HYP": ("LVH", "LAO/LAE", "RVH", "RAO/RAE", "SEHYP"),
}  # fmt: skip

# What else records may state: form statements of PTB-XL, and acronyms of the Chapman/Ningbo database.
_OTHER_STATEMENTS = (
    "ABQRS", "PVC", "STD_", "VCLVH", "QWAVE", "LOWT", "NT_", "PAC", "LPR", "INVT", "LVOLT", "HVOLT", "TAB_", "STE_",
    "PRC(S)",
    "2AVB1", "2AVB2", "ALS", "APB", "AQW", "ARS", "AVB", "CCR", "CR", "ERV", "FQRS", "IDC", "IVB", "JEB", "JPT",
    "LBBB", "LFBBB", "LVHV", "LVQRSAL", "LVQRSCL", "LVQRSLL", "MI", "MIBW", "MIFW", "MILW", "MISW", "PRIE", "PWC",
    "QTIE", "RAH", "RAHV", "RBBB", "STDD", "STE", "STTC", "STTU", "TWC", "TWO", "UW", "VEB", "VFW", "VPB", "VPE",
    "WAVN", "SAAWR", "LAH",
)  # fmt: skip


class DiagnosticParams(Part):
    """Options of the task.

    windows_per_strip: random training crops of one strip; None: as many as fit side by side, rounded up.
    """

    windows_per_strip: int | None = Field(default=None, ge=1)


class Diagnostic(Task):
    """Which diagnoses hold of a record.

    `window.channels` ("ecg",) takes every lead as a window of its own, to be averaged over a record. Other
    channels name leads seen together; a strip then brings the other leads as companions.
    """

    name = "diagnostic"
    target = "multi_label"
    summary = "Diagnostic superclasses of a record: normal, infarction, ST/T, conduction, hypertrophy"

    def __init__(self, config: RunConfig) -> None:
        super().__init__(config)
        self.params = checked_params(DiagnosticParams, config.task_params, self.name)
        known = [*(s for labels in SUPERCLASSES.values() for s in labels), *_OTHER_STATEMENTS, *STATEMENTS]
        for label in (label for labels in config.classes.values() for label in labels):
            if label not in known:
                raise unknown("diagnostic statement", label, known)

    def default_classes(self) -> Mapping[str, tuple[str, ...]]:
        """The superclasses of PTB-XL."""
        return SUPERCLASSES

    def windows(self, strip: Strip, *, training: bool, generator: np.random.Generator) -> WindowSet | None:
        """Windows [n, length, channels] in mV with a 0 or 1 for each class; see Task."""
        if strip.statements is None:
            return None
        values = self._channels(strip)
        length, rate_hz = self.config.window.length, self.config.window.rate_hz
        if values is None or len(values) < length:
            return None
        if training:
            count = self.params.windows_per_strip or -(-len(values) // length)
            starts = training_starts(len(values), length, count, generator)
        else:
            starts = evaluation_starts(len(values), length, self.config.window.hop)
        holds = [bool(strip.statements & set(labels)) for labels in self.config.classes.values()]
        n = len(starts)
        return WindowSet(
            x=np.ascontiguousarray(cut(values, starts, length), np.float32),
            y=np.tile(np.array(holds, np.float32), (n, 1)),
            patient=np.full(n, strip.patient),
            record=np.full(n, strip.record),
            lead=np.full(n, strip.lead),
            start=np.round(starts * strip.rate_hz / rate_hz).astype(np.int64),
            rate_hz=np.full(n, strip.rate_hz, np.float32),
        )

    def _channels(self, strip: Strip) -> F32 | None:
        """The strip's channels [n, channels] at the model's rate; None where another strip brings them."""
        names = self.config.window.channels
        rate_hz = self.config.window.rate_hz
        if names == ("ecg",):
            return resampled(strip.samples_mv, strip.rate_hz, rate_hz)[:, None]
        if strip.lead.lower() != names[0].lower():
            return None
        others = {name.lower(): values for name, values in strip.companions.items()}
        absent = [name for name in names[1:] if name.lower() not in others]
        if absent:
            raise ConfigError(
                f"record {strip.record} has no lead {', '.join(absent)} beside {strip.lead}",
                hint='name leads that the dataset gives as companions, or set window.channels to ["ecg"]',
            )
        columns = [strip.samples_mv, *(others[name.lower()] for name in names[1:])]
        return np.stack([resampled(column, strip.rate_hz, rate_hz) for column in columns], axis=1)
