"""`download DATASET...`: fetch datasets from their publishers, or take a local copy."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.commands.job_options import add_job_options, run_job
from engine.datasets.catalog import catalog
from engine.errors import ConfigError
from engine.jobs.events import Job


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "download",
        help="fetch datasets from their publishers",
        description="Fetch datasets with resume and checksum. Without a name: list what there is.",
    )
    parser.add_argument("datasets", metavar="DATASET", nargs="*")
    parser.add_argument("--from", dest="source", metavar="DIR", type=Path, help="take a local copy instead")
    parser.add_argument("--to", metavar="DIR", type=Path, help="data folder (default: the user's data folder)")
    parser.add_argument("--accept-licence", action="store_true", help="accept the licences that need it")
    add_job_options(parser)
    parser.set_defaults(run=run)


def _size(size_bytes: int) -> str:
    if not size_bytes:
        return "-"  # nothing to fetch
    return f"{size_bytes / 1e9:.1f} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:.0f} MB"


def run(arguments: argparse.Namespace) -> int:
    """List, or fetch one after the other."""
    if not arguments.datasets:
        for info in catalog():
            print(f"{info.name:14s} {_size(info.size_bytes):>9s}  {info.licence:38s}  {info.title}")
        return 0
    if arguments.source is not None and len(arguments.datasets) > 1:
        raise ConfigError("--from takes one dataset at a time")

    from engine.datasets.download import download

    def work(job: Job) -> Mapping[str, Any]:
        folders = {
            name: str(
                download(
                    name,
                    arguments.to / name if arguments.to else None,
                    job,
                    source=arguments.source,
                    accept_licence=arguments.accept_licence,
                )
            )
            for name in arguments.datasets
        }
        return {"folders": folders}

    result = run_job(arguments, work)
    if not arguments.json_events:
        for name, folder in result["folders"].items():
            print(f"{name}: {folder}")
    return 0
