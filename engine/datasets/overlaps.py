"""Which datasets hold recordings of the same people, so that nobody is on both sides of a split.

Sources: the databases' own descriptions on PhysioNet. QTDB took records from six databases, 15 of them MIT-BIH
Arrhythmia (sel100 is an excerpt of 100); NSTDB mixes are made from MIT-BIH 118 and 119; records 201 and 202 of
MIT-BIH are one person; the Challenge 2020/2021 collections hold PTB-XL (HR), Chapman-Shaoxing and Ningbo (JS),
CPSC (A, Q), Georgia (E), PTB (S) and INCART (I) under new names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from engine.datasets.base import Dataset
from engine.datasets.splits import SIDES, Split
from engine.errors import ConfigError

QTDB_FROM_MITDB = frozenset((
    "sel100", "sel102", "sel103", "sel104", "sel114", "sel116", "sel117", "sel123", "sel213", "sel221", "sel223",
    "sel230", "sel231", "sel232", "sel233",
))  # fmt: skip
_SAME_PERSON = {"201": "202"}
_COLLECTION_OF_PREFIX = {"HR": "ptbxl", "JS": "lsad", "A": "cpsc2018", "Q": "cpsc-extra", "E": "georgia"}
_CHALLENGE_NAME = re.compile(r"([A-Z]+)0*(\d+)")


@dataclass(frozen=True)
class Overlap:
    """People of `dataset` on one side whom another split (or another side) also has."""

    datasets: tuple[str, str]
    sides: tuple[str, str]
    patients: tuple[tuple[str, str], ...]  # key in the first, key in the second dataset

    def __str__(self) -> str:
        shown = ", ".join(a if a == b else f"{a} = {b}" for a, b in self.patients[:5])
        more = f" and {len(self.patients) - 5} more" if len(self.patients) > 5 else ""
        (a, b), (s, t) = self.datasets, self.sides
        return f"{s} of {a} and {t} of {b} share people: {shown}{more}"


def identities(dataset: str, patient: str, records: Sequence[str] = ()) -> frozenset[str]:
    """Names by which one patient is known across datasets; `records` are those of `Dataset.records`."""
    records = records or (patient,)
    if dataset == "mitdb":
        return frozenset(f"mitdb:{_SAME_PERSON.get(r, r)}" for r in (patient, *records))
    if dataset == "nstdb" and patient.isdigit():
        return frozenset((f"mitdb:{patient}",))
    if dataset == "qtdb" and patient in QTDB_FROM_MITDB:
        return frozenset((f"mitdb:{patient.removeprefix('sel')}",))
    if dataset in ("cinc2021", "lsad"):
        return frozenset(_challenge_identity(r) for r in records)
    if dataset == "ptbxl":
        return frozenset(f"ptbxl:{r}" for r in records)
    return frozenset((f"{dataset}:{patient}",))


def _challenge_identity(record: str) -> str:
    found = _CHALLENGE_NAME.fullmatch(record)
    collection = _COLLECTION_OF_PREFIX.get(found[1]) if found else None
    return f"{collection}:{int(found[2])}" if found and collection else f"cinc2021:{record}"


def find_overlaps(
    splits: Mapping[str, Split], datasets: Mapping[str, Dataset] | None = None
) -> tuple[Overlap, ...]:
    """People on two different sides of these splits, keyed by dataset name.

    `datasets` lets patients with several recordings be known by them; PTB-XL cannot be told apart from the
    Challenge collections without it. Noise recordings are no people: they may serve every side.
    """
    places: dict[str, list[tuple[str, str, str]]] = {}
    for name, split in splits.items():
        dataset = (datasets or {}).get(name)
        for side in SIDES:
            for patient in split.side(side):
                records = dataset.records(patient) if dataset is not None else ()
                for identity in identities(split.dataset, patient, records):
                    places.setdefault(identity, []).append((name, side, patient))
    found: dict[tuple[tuple[str, str], tuple[str, str]], list[tuple[str, str]]] = {}
    for entries in places.values():
        for i, (name, side, patient) in enumerate(entries):
            for other_name, other_side, other in entries[i + 1 :]:
                if side != other_side:
                    pairs = found.setdefault(((name, other_name), (side, other_side)), [])
                    if (patient, other) not in pairs:
                        pairs.append((patient, other))
    return tuple(Overlap(names, sides, tuple(pairs)) for (names, sides), pairs in found.items())


def check_overlap(splits: Mapping[str, Split], datasets: Mapping[str, Dataset] | None = None) -> None:
    """Raise ConfigError, naming the people, where someone is on two sides. See `find_overlaps`."""
    found = find_overlaps(splits, datasets)
    if found:
        raise ConfigError(
            "; ".join(str(overlap) for overlap in found), hint="leave one of the datasets out, or split it alike"
        )


def without_overlap(
    splits: Mapping[str, Split], datasets: Mapping[str, Dataset] | None = None
) -> tuple[dict[str, Split], tuple[Overlap, ...]]:
    """The same splits with nobody on two sides, and what was wrong.

    Who is tested anywhere is taken out of training and validation elsewhere, who validates out of training: test
    sets stay whole, and training sets become smaller.
    """
    found = find_overlaps(splits, datasets)
    dropped: dict[tuple[str, str], set[str]] = {}
    for overlap in found:
        weaker = 0 if SIDES.index(overlap.sides[0]) < SIDES.index(overlap.sides[1]) else 1
        place = (overlap.datasets[weaker], overlap.sides[weaker])
        dropped.setdefault(place, set()).update(pair[weaker] for pair in overlap.patients)
    cleaned = {}
    for name, split in splits.items():
        train, val, test = (
            tuple(p for p in split.side(side) if p not in dropped.get((name, side), ())) for side in SIDES
        )
        cleaned[name] = replace(split, train=train, val=val, test=test)
    return cleaned, found
