"""`model`: what a configuration's model costs, before it is trained."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from engine.commands.config_options import add_config_options, config_from
from engine.commands.job_options import add_job_options, run_job
from engine.jobs.events import Job
from engine.tasks.registry import open_task


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser("model", help="count a model's parameters and operations", description=__doc__)
    add_config_options(parser)
    add_job_options(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Build the model and count."""

    def work(job: Job) -> Mapping[str, Any]:
        from engine.models.build import build_model
        from engine.models.counts import count

        task = open_task(config_from(arguments, job))
        window = task.config.window
        model = build_model(
            task.config.model,
            length=window.length,
            channels=len(window.channels),
            outputs=task.n_outputs,
            head="sample" if task.target in ("per_sample", "regression") else "window",
        )
        counts = count(model)
        reach = counts.receptive_field
        return {
            "params": counts.params,
            "macs": counts.macs,
            "receptive_field": reach,
            "receptive_field_s": reach / window.rate_hz if reach else None,
        }

    result = run_job(arguments, work)
    if not arguments.json_events:
        print(f"{result['params']:,} parameters, {result['macs']:,} multiply-accumulates per window")
        if result["receptive_field"]:
            print(f"each output sees {result['receptive_field']} samples ({result['receptive_field_s']:.2f} s)")
    return 0
