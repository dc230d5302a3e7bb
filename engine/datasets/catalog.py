"""The datasets by name: what there is, and how to open one."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from engine.config import unknown
from engine.datasets.base import Dataset, DatasetInfo
from engine.datasets.reading import cure
from engine.errors import ConfigError, DatasetError

# Name of a dataset -> module and class, imported on first use.
_BUILT_IN = {
    "ludb": "ludb.Ludb",
    "qtdb": "qtdb.Qtdb",
    "mitdb": "mitdb.Mitdb",
    "nstdb": "nstdb.Nstdb",
    "cinc2017": "cinc2017.Cinc2017",
    "ptbxl": "ptbxl.Ptbxl",
    "cinc2021": "cinc2021.Cinc2021",
    "lsad": "cinc2021.Lsad",
    "icentia11k": "icentia11k.Icentia11k",
    "afdb": "afdb.Afdb",
    "bidmc": "bidmc.Bidmc",
    "ecg-synthetic": "synthetic.EcgSynthetic",
    "ppg-synthetic": "synthetic.PpgSynthetic",
    "wfdb-folder": "wfdb_folder.WfdbFolder",
}
_registered: dict[str, type[Dataset]] = {}


def dataset_names() -> tuple[str, ...]:
    """Names of all datasets, built in and registered."""
    return (*_BUILT_IN, *(name for name in _registered if name not in _BUILT_IN))


def catalog() -> tuple[DatasetInfo, ...]:
    """What there is to know about every dataset."""
    return tuple(dataset_info(name) for name in dataset_names())


def dataset_info(name: str) -> DatasetInfo:
    """What there is to know about one dataset. Raises ConfigError for an unknown name."""
    return _class_of(name).info


def register_dataset(kind: type[Dataset]) -> type[Dataset]:
    """Make a dataset of your own known under `kind.info.name`; also usable as a decorator.

    Raises ConfigError for a name that a built-in dataset has.
    """
    if kind.info.name in _BUILT_IN:
        raise ConfigError(f'a built-in dataset is called "{kind.info.name}" already', hint="choose another name")
    _registered[kind.info.name] = kind
    return kind


def open_dataset(name: str, folder: Path | None = None, **params: Any) -> Dataset:
    """An unpacked dataset.

    `folder` is the dataset's own folder or one that holds a folder for each dataset; None means the folder where
    downloads go. Raises ConfigError for unknown names and parameters, DatasetError where the dataset is not found.
    """
    kind = _class_of(name)
    for param in params:
        if param not in kind.known_params:
            if not kind.known_params:
                raise ConfigError(f'dataset {name} takes no parameters, so "{param}" cannot be set')
            raise unknown(f"parameter of dataset {name}", param, list(kind.known_params))
    return kind(find_folder(name, folder), **params)


def find_folder(name: str, source: Path | None = None) -> Path:
    """The folder of dataset `name`: where downloads go, or at or directly below `source`.

    Below `source` it is known by its name or by the tables its publisher packs. Raises DatasetError saying what
    was looked for and how to get it.
    """
    info = dataset_info(name)
    if not info.tables:  # made in memory
        return source or default_folder(name)
    looked_for = ", ".join(table.replace("|", " or ") for table in info.tables)
    if source is None:
        folder = default_folder(name)
        if holds(folder, info.tables):
            return folder
        raise DatasetError(f"dataset {name} is not at {folder}", hint=cure(name))
    if not source.is_dir():
        fault = "is a file, not a folder" if source.exists() else "does not exist"
        raise DatasetError(fault, path=source, hint=cure(name))
    telling = not any("*" in table.replace("|*", "") for table in info.tables)
    below = sorted(p for p in source.iterdir() if p.is_dir() and (telling or p.name.startswith(name)))
    for folder in (source / name, source, *below):
        if holds(folder, info.tables):
            return folder
    incomplete = source / name if (source / name).is_dir() else source
    lacking = next(table for table in info.tables if not holds(incomplete, (table,)))
    if holds(incomplete, info.tables[:1]):
        fault = f"holds only part of {name}: it lacks {lacking.replace('|', ' or ')}"
    else:
        fault = f"holds no {name} data (looked for {looked_for})"
    raise DatasetError(fault, path=incomplete, hint=cure(name))


def holds(folder: Path, tables: Sequence[str]) -> bool:
    """Whether a folder holds all of these files; "a|b" is either of two, and names may have wildcards."""
    return folder.is_dir() and all(
        any((folder / name).exists() if "*" not in name else any(folder.glob(name)) for name in table.split("|"))
        for table in tables
    )


def default_folder(name: str) -> Path:
    """Where a download of dataset `name` goes when no folder is named."""
    from platformdirs import user_data_path

    return user_data_path("heartkit-workbench", appauthor=False) / "datasets" / name


def _class_of(name: str) -> type[Dataset]:
    if name in _registered:
        return _registered[name]
    if name not in _BUILT_IN:
        raise unknown("dataset", name, list(dataset_names()))
    module, _, attribute = _BUILT_IN[name].partition(".")
    found: type[Dataset] = getattr(import_module(f"engine.datasets.{module}"), attribute)
    return found
