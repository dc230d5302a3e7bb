"""Every built-in model in firmware on both emulated boards: bytes compared, instructions, flash and RAM.

The deploy loop for each model and board: C, firmware, QEMU, test windows, every byte against this computer's.
`--write` puts the table into docs/codegen.md.

python benchmarks/deploy.py [--windows 16] [--models NAME ...] [--write]
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
from pathlib import Path

from engine.jobs.events import Job
from engine.modes.deploy import DeployReport, deploy
from engine.modes.firmware_images import EMULATED
from engine.runtime.zoo import zoo_names

PAGE = Path(__file__).resolve().parents[1] / "docs" / "codegen.md"
BEGIN, END = "<!-- models: made by benchmarks/deploy.py -->", "<!-- end of models -->"
HEADER = (
    "| model | multiply-accumulates | weights, kB | arena, kB | image M4: flash, RAM, kB | image M55: flash, RAM, "
    "kB | instructions M4 DSP | instructions M55 Helium |\n|---|---|---|---|---|---|---|---|"
)


def row(m4: DeployReport, m55: DeployReport) -> str:
    """One model's line of the table."""
    images = [f"{r.image_flash_bytes / 1000:.0f}, {r.image_ram_bytes / 1000:.0f}" for r in (m4, m55)]
    counts = [f"{statistics.median(r.instructions):,.0f}" for r in (m4, m55)]
    sizes = [f"{size / 1000:.1f}" for size in (m4.weight_bytes, m4.arena_bytes)]
    return "| " + " | ".join([m4.model, f"{m4.macs:,}", *sizes, *images, *counts]) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--windows", type=int, default=16)
    parser.add_argument("--models", nargs="+", choices=zoo_names(), default=list(zoo_names()))
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    rows, unequal = [], []
    for name in arguments.models:
        reports = {board: deploy(name, Job(), board=board, windows=arguments.windows) for board in EMULATED}
        rows.append(row(reports["an386"], reports["an547"]))
        unequal += [f"{name} on {board}" for board, report in reports.items() if not report.passed]
        print(rows[-1], *(f"{r.windows_equal}/{r.windows}" for r in reports.values()), flush=True)
    if unequal:
        sys.exit(f"windows differ: {', '.join(unequal)}")
    if arguments.write:
        table = "\n".join([BEGIN, "", HEADER, *rows, "", END])
        text = re.sub(f"{BEGIN}.*{END}", lambda _: table, PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
