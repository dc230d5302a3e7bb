"""Dividing patients into training, validation and test: grouped by person, seeded, stored with a hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.config import SplitConfig
from engine.datasets.base import Dataset
from engine.errors import ConfigError, DatasetError
from engine.records.atomic import write_atomic

SIDES = ("train", "val", "test")
_VERSION = 1


@dataclass(frozen=True)
class Split:
    """Patient keys by side, none on two. `hash` is the SHA-256 of the canonical content, in hex."""

    dataset: str
    method: str  # "published" or "seeded"
    seed: int
    train: tuple[str, ...]
    val: tuple[str, ...]
    test: tuple[str, ...]

    def __post_init__(self) -> None:
        everyone = [*self.train, *self.val, *self.test]
        if len(set(everyone)) != len(everyone):
            twice = next(p for p in everyone if everyone.count(p) > 1)
            raise ConfigError(f"the split of {self.dataset} has patient {twice} twice")

    @property
    def hash(self) -> str:
        """SHA-256 over dataset, method and sides; the seed only counts through what it did."""
        content = {"dataset": self.dataset, "method": self.method, **{s: sorted(self.side(s)) for s in SIDES}}
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def side(self, name: str) -> tuple[str, ...]:
        """Patients of "train", "val", "test", or of "all"."""
        sides = {"train": self.train, "val": self.val, "test": self.test}
        if name == "all":
            return (*self.train, *self.val, *self.test)
        if name not in sides:
            raise ConfigError(f'no side of a split is called "{name}"', hint="known: train, val, test, all")
        return sides[name]

    def save(self, path: Path) -> None:
        """Write JSON with the hash."""
        content = {
            "version": _VERSION, "dataset": self.dataset, "method": self.method, "seed": self.seed,
            **{s: list(self.side(s)) for s in SIDES}, "hash": self.hash,
        }  # fmt: skip
        write_atomic(path, (json.dumps(content, indent=1) + "\n").encode(), kind=DatasetError)

    @staticmethod
    def load(path: Path) -> Split:
        """Read what `save` wrote. Raises DatasetError when it was changed since or is no split."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            split = Split(
                str(content["dataset"]), str(content["method"]), int(content["seed"]),
                *(tuple(str(p) for p in content[s]) for s in SIDES),
            )  # fmt: skip
            stored = content["hash"]
        except OSError as error:
            raise DatasetError(f"cannot be read: {error.strerror}", path=path) from None
        except (UnicodeDecodeError, ValueError, KeyError, TypeError) as error:
            raise DatasetError(f"is not a split: {error!r}", path=path) from None
        if stored != split.hash:
            raise DatasetError("was changed after it was written: its hash does not match", path=path)
        return split


def make_split(dataset: Dataset, config: SplitConfig) -> Split:
    """Divide the patients of a dataset.

    "published" takes the dataset's own split, and draws `val_fraction` of all patients for validation out of
    training where that names none; a dataset without one, and "seeded", are divided by the seed, stratified
    where the dataset says by what. The order of patients on a side is that of the dataset. Raises ConfigError when
    a side that was asked for stays empty.
    """
    patients = dataset.patients()
    strata = dataset.strata() or {}
    published = dataset.published_split() if config.method == "published" else None
    generator = np.random.default_rng([config.seed, *dataset.info.name.encode()])
    if published is not None:
        train, val, test = (list(published.get(side, ())) for side in SIDES)
        if "val" not in published:
            val = _drawn(train, config.val_fraction * len(patients), strata, generator)
    else:
        test = _drawn(patients, config.test_fraction * len(patients), strata, generator)
        rest = [p for p in patients if p not in set(test)]
        val = _drawn(rest, config.val_fraction * len(patients), strata, generator)
        train = rest
    held_out = {*val, *test}
    train = [p for p in train if p not in held_out]
    if not train:
        raise ConfigError(
            f"no patient of {dataset.info.name} is left for training",
            hint=f"it has {len(patients)}; take less for validation and test",
        )
    method = "published" if published is not None else "seeded"
    return Split(dataset.info.name, method, config.seed, tuple(train), tuple(val), tuple(test))


def _drawn(
    patients: Sequence[str], count: float, strata: Mapping[str, str], generator: np.random.Generator
) -> list[str]:
    """About `count` patients in their own order, every stratum in its proportion.

    Patients are put in order of stratum, shuffled within, and taken at equal distances: no stratum is off its
    share by more than one.
    """
    n = min(round(count), len(patients))
    if n == 0:
        return []
    order: list[str] = []
    for stratum in sorted({strata.get(p, "") for p in patients}):
        members = [p for p in patients if strata.get(p, "") == stratum]
        generator.shuffle(members)
        order.extend(members)
    places = np.floor((np.arange(n) + generator.random()) * len(order) / n).astype(int)
    taken = {order[k] for k in places}
    return [p for p in patients if p in taken]
