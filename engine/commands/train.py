"""`train`: fit a model from a configuration into a run folder."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.commands.config_options import add_config_options, config_from
from engine.commands.job_options import add_job_options, run_job
from engine.jobs.events import Job
from engine.jobs.run_folder import RunFolder
from engine.modes.train import train_run


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "train", help="train a model", description="Train a model; everything about it goes into the run folder."
    )
    add_config_options(parser)
    parser.add_argument("--out", metavar="FOLDER", type=Path, required=True, help="run folder to make")
    parser.add_argument("--resume", action="store_true", help="go on with an interrupted run")
    add_job_options(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Train."""
    folder = RunFolder(arguments.out)

    def work(job: Job) -> Mapping[str, Any]:
        config = config_from(arguments, job)
        return train_run(config, folder, job, source=arguments.source, resume=arguments.resume)

    result = run_job(arguments, work, sink=folder.logged)
    if not arguments.json_events:
        print(f"model: {result['model']}")
    return 0
