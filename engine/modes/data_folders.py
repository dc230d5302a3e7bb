"""Where the recordings of a configuration lie."""

from __future__ import annotations

from pathlib import Path

from engine.config import RunConfig
from engine.datasets.catalog import dataset_info
from engine.errors import EngineError


def with_folders(config: RunConfig, source: Path | None) -> RunConfig:
    """The configuration with a folder for every dataset found below `source` (None: leave all as they are).

    `source` is the folder of the one dataset, or holds one folder per dataset. Raises EngineError naming the
    dataset that is not there.
    """
    if source is None:
        return config
    found = tuple(d.model_copy(update={"path": dataset_folder(d.name, source)}) for d in config.datasets)
    return config.model_copy(update={"datasets": found})


def dataset_folder(name: str, source: Path) -> Path:
    """The folder of dataset `name` at or directly below `source`, known by its name or its own tables."""
    if not source.is_dir():
        raise EngineError("no such folder", path=source)
    tables = dataset_info(name).tables
    if (source / name).is_dir():
        return source / name
    if not tables:
        return source
    candidates = [source, *sorted(p for p in source.iterdir() if p.is_dir())]
    for folder in candidates:
        if all((folder / table).exists() for table in tables):
            return folder
    raise EngineError(
        f"holds no {name} data (looked for {', '.join(tables)})",
        path=source,
        hint=f"point --from at a copy, or fetch it: heartkit-engine download {name}",
    )


def without_folders(config: RunConfig) -> RunConfig:
    """The configuration as it is shared: without this machine's folders."""
    bare = tuple(d.model_copy(update={"path": None}) for d in config.datasets)
    return config.model_copy(update={"datasets": bare})
