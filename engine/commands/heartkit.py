"""HeartKit's own way of calling: `-m MODE -t TASK -c FILE|JSON`, turned into our commands."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from engine.commands.config_options import heartkit_config
from engine.errors import ConfigError

MODES = ("download", "train", "evaluate", "export", "demo")


def is_heartkit_call(argv: Sequence[str]) -> bool:
    """Whether the arguments begin as HeartKit's do."""
    return bool(argv) and argv[0] in ("-m", "--mode", "-t", "--task", "-c", "--config")


def translate(argv: Sequence[str]) -> list[list[str]]:
    """Our commands that do what HeartKit's call asks for, in order. Raises ConfigError.

    The run folder is the configuration's `job_dir` (default: ./run).
    """
    parser = argparse.ArgumentParser(prog="heartkit-engine", description=__doc__)
    parser.add_argument("-m", "--mode", required=True, choices=MODES)
    parser.add_argument("-t", "--task", required=True)
    parser.add_argument("-c", "--config", required=True, metavar="FILE|JSON")
    parser.add_argument("--from", dest="source", metavar="DIR")
    given, more = parser.parse_known_args(list(argv))
    config, _ = heartkit_config(given.config, given.task)
    folder = _job_dir(given.config)
    data = ["--from", given.source] if given.source else []
    if given.mode == "download":
        copies = [["download", choice.name, *data, *more] for choice in config.datasets]
        if not copies:
            raise ConfigError("the configuration names no dataset to download")
        return copies
    if given.mode == "train":
        head = ["train", "--heartkit-config", given.config, "--task", given.task]
        return [[*head, "--out", folder, *data, *more]]
    if given.mode == "evaluate":
        out, report = str(Path(folder) / "evaluation"), str(Path(folder) / "evaluation.html")
        return [["evaluate", "--model", folder, "--out", out, "--report", report, *data, *more]]
    if given.mode == "export":
        return [["export", "--run", folder, *data, *more]]
    return [["demo", "--model", folder, "--out", str(Path(folder) / "demo.html"), *more]]


def _job_dir(text: str) -> str:
    raw = text if text.lstrip().startswith("{") else Path(text).read_text(encoding="utf-8")
    return str(json.loads(raw).get("job_dir") or "run")
