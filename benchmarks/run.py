"""Every benchmark of the README in one go: `python benchmarks/run.py --data FOLDER [--work FOLDER] [--peers]`.

FOLDER holds the datasets as their publishers pack them: mitdb, nstdb, ludb, afdb_rr. The joined 24 h record
(518 MB) is written to the work folder once. Nothing is asserted; the figures are for the machine at hand.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from joined_record import write_joined

HERE = Path(__file__).resolve().parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "heartkit-benchmarks")
    parser.add_argument("--peers", action="store_true", help="run other packages beside ours where installed")
    options = parser.parse_args()
    data, peers = options.data, ["--peers"] if options.peers else []
    day = str(write_joined(data / "mitdb", options.work))
    runs = [
        ["qrs.py", "--data", str(data), *peers],
        ["delineation.py", "--data", str(data), *peers],
        ["beats.py", "--data", str(data / "mitdb")],
        ["af.py", "--data", str(data / "afdb_rr")],
        ["hrv.py", "--data", str(data / "mitdb")],
        ["quality.py", "--data", str(data)],
        ["analysis.py", day, "I"],
        ["canvas.py", day],
        ["startup.py"],
    ]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "QT_QPA_PLATFORM": "offscreen"}
    failed = []
    for command in runs:
        print(f"\n== {' '.join(command)}", flush=True)
        if subprocess.call([sys.executable, str(HERE / command[0]), *command[1:]], env=environment):
            failed.append(command[0])
    if failed:
        print(f"\ndid not finish: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
