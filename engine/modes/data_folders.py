"""Where the recordings of a configuration lie."""

from __future__ import annotations

from pathlib import Path

from engine.config import RunConfig
from engine.datasets.catalog import find_folder


def with_folders(config: RunConfig, source: Path | None) -> RunConfig:
    """The configuration with a folder for every dataset that names none.

    `source` is the folder of the one dataset, or holds one folder per dataset; None: where downloads go. Raises
    EngineError naming the dataset that is not there.
    """
    found = tuple(
        d if d.path is not None else d.model_copy(update={"path": find_folder(d.name, source)})
        for d in config.datasets
    )
    return config.model_copy(update={"datasets": found})


def without_folders(config: RunConfig) -> RunConfig:
    """The configuration as it is shared: without this machine's folders."""
    bare = tuple(d.model_copy(update={"path": None}) for d in config.datasets)
    return config.model_copy(update={"datasets": bare})
