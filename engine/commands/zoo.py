"""`zoo`: the built-in models: list, rebuild from data, write the cards again."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.commands.config_options import add_source_option
from engine.commands.job_options import add_job_options, run_job
from engine.jobs.events import Job
from engine.runtime.model import read_card
from engine.runtime.zoo import zoo_names


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "zoo", help="built-in models", description="The models that come with the program."
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="names and figures")
    listing.set_defaults(run=_list)
    build = actions.add_parser("build", help="train, evaluate and export a built-in model from data")
    build.add_argument("name", metavar="NAME", help="preset")
    build.add_argument(
        "--work", metavar="DIR", type=Path, help="folder for the runs (default: in the user's cache)"
    )
    build.add_argument("--to", metavar="DIR", type=Path, help="models folder (default: resources/models)")
    build.add_argument("--resume", action="store_true", help="go on with an interrupted build")
    add_source_option(build)
    add_job_options(build)
    build.set_defaults(run=_build)
    score = actions.add_parser("score", help="score built-in models on their test patients again")
    score.add_argument("names", metavar="NAME", nargs="*", help="models (default: all)")
    score.add_argument("--to", metavar="DIR", type=Path, help="models folder (default: resources/models)")
    add_source_option(score)
    add_job_options(score)
    score.set_defaults(run=_score)
    cards = actions.add_parser("cards", help="write the model cards again from the metrics files")
    cards.add_argument("--to", metavar="DIR", type=Path, help="models folder (default: resources/models)")
    cards.set_defaults(run=_cards)


def _list(_: argparse.Namespace) -> int:
    for name in zoo_names():
        card = read_card(name)
        figure = card.metrics.get("headline", "")
        print(f"{name:14s} {card.task:13s} {card.metrics.get('params', 0):>7,d} parameters  {figure}")
    return 0


def _build(arguments: argparse.Namespace) -> int:
    from engine.modes.zoo import build_zoo_model

    def work(job: Job) -> Mapping[str, Any]:
        return build_zoo_model(
            arguments.name,
            job,
            source=arguments.source,
            work=arguments.work,
            to=arguments.to,
            resume=arguments.resume,
        )

    result = run_job(arguments, work)
    if not arguments.json_events:
        print(f"model: {result['folder']}\n{result['headline']}")
    return 0


def _score(arguments: argparse.Namespace) -> int:
    from engine.modes.zoo import score_zoo_model

    def work(job: Job) -> Mapping[str, Any]:
        names = arguments.names or zoo_names()
        return {name: score_zoo_model(name, job, source=arguments.source, to=arguments.to) for name in names}

    result = run_job(arguments, work)
    if not arguments.json_events:
        for name, found in result.items():
            print(f"{name}: {found['headline']}")
    return 0


def _cards(arguments: argparse.Namespace) -> int:
    from engine.modes.zoo import write_cards

    for path in write_cards(arguments.to):
        print(path)
    return 0
