"""`heartkit-engine` (also `python -m engine`): the engine without a screen.

Exit codes: 0 done; 2 bad input or usage, one sentence on standard error; 3 interrupted; 1 our own fault, with the
traceback in a log file.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from engine import __version__
from engine.commands import (
    analyze,
    codegen,
    convert,
    demo,
    deploy,
    download,
    evaluate,
    evb,
    export,
    feature,
    heartkit,
    info,
    model,
    stream,
    train,
    zoo,
)
from engine.errors import Cancelled, EngineError, fault_of_system

DONE, OUR_FAULT, BAD_INPUT, INTERRUPTED = 0, 1, 2, 3
TRAINING_PACKAGES = ("keras", "tensorflow")
COMMANDS = (
    analyze,
    info,
    convert,
    download,
    train,
    evaluate,
    export,
    codegen,
    demo,
    feature,
    model,
    zoo,
    deploy,
    evb,
    stream,
)


def build_parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    parser = argparse.ArgumentParser(
        prog="heartkit-engine",
        description="ECG records in, findings out. For research and engineering; not a medical device.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in COMMANDS:
        module.add_parser(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    given = list(sys.argv[1:] if argv is None else argv)
    logging.captureWarnings(True)  # libraries' remarks are for the log, not for the reader of the findings
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # likewise
    try:
        for command in heartkit.translate(given) if heartkit.is_heartkit_call(given) else [given]:
            arguments = build_parser().parse_args(command)
            code = int(arguments.run(arguments))
            if code != DONE:
                return code
        return DONE
    except EngineError as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    except (KeyboardInterrupt, Cancelled):
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output left (`| head`): nobody to tell; keep the interpreter from flushing again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except ModuleNotFoundError as error:
        if error.name not in TRAINING_PACKAGES:
            return _our_fault()
        print(f"this needs {error.name}, which is not installed; {_training_cure()}", file=sys.stderr)
        return BAD_INPUT
    except OSError as error:
        said = fault_of_system(error)
        if said is None:
            return _our_fault()
        print(said, file=sys.stderr)
        return BAD_INPUT
    except Exception:
        return _our_fault()


def _training_cure() -> str:
    if getattr(sys, "frozen", False):
        return "the packaged program does not train: run it from source for that (python3 workbench.py setup)"
    return 'pip install "heartkit-workbench[train]", or python3 workbench.py setup'


def _our_fault() -> int:
    where = write_traceback(traceback.format_exc())
    print(f"Something went wrong in HeartKit Workbench itself; please report it with {where}", file=sys.stderr)
    return OUR_FAULT


def write_traceback(text: str) -> Path:
    """Keep a traceback in the log folder; the file's path."""
    from platformdirs import user_log_path

    folder = user_log_path("heartkit-workbench", appauthor=False, ensure_exists=True)
    path = folder / f"fault-{datetime.now():%Y%m%d-%H%M%S-%f}.log"
    path.write_text(f"heartkit-workbench {__version__}, Python {sys.version}\n{text}", encoding="utf-8")
    return path


if __name__ == "__main__":
    sys.exit(main())
