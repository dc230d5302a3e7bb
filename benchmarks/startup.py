"""Cold start: from launching Python to the main window painted with the built-in record, in fresh processes.

One start beforehand compiles the modules, as installing does. The median of several starts is reported, and the
modules that must not have been imported by then are checked. Figures include the interpreter's own start.

python benchmarks/startup.py [--runs 7]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

LIMIT_S = 1.5
LATE = (
    "scipy",
    "pyqtgraph",
    "wfdb",
    "edfio",
    "pydicom",
    "h5py",
    "physiokit",
    "tensorflow",
    "keras",
    "ai_edge_litert",
)

CHILD = """
import json, sys, tempfile, time
from pathlib import Path
from PySide6.QtCore import QEventLoop
from heartkit_gui.app import make_application, make_window
from heartkit_gui.context import Folders
imported = time.time()
app = make_application(["heartkit-gui"])
with tempfile.TemporaryDirectory() as folder:
    window = make_window(Folders.inside(Path(folder)))
    window.context.settings.update(analyse_on_open=False)
    window.show()
    app.processEvents()
    shown = time.time()
    loop = QEventLoop()
    window.context.document.record_changed.connect(loop.quit)
    window.open_sample("mitdb")
    loop.exec()
    window.review.canvas.repaint()
    app.processEvents()
    painted = time.time()
    late = [name for name in sys.argv[1].split(",") if name in sys.modules]
    print(json.dumps({"imported": imported, "shown": shown, "painted": painted, "late": late}))
    window.close()
"""


def start_once(bytecode: str) -> dict[str, object]:
    """One start; seconds from launch to imports done, window painted, record painted."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPYCACHEPREFIX": bytecode}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program has its bytecode
    launched = time.time()
    command = [sys.executable, "-c", CHILD, ",".join(LATE)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout.strip().splitlines()[-1])
    times = {key: answer[key] - launched for key in ("imported", "shown", "painted")}
    return {**times, "late": answer["late"]}


def measure(runs: int) -> dict[str, object]:
    """Medians over several starts, in seconds, and the slowest."""
    with tempfile.TemporaryDirectory() as bytecode:
        start_once(bytecode)
        starts = [start_once(bytecode) for _ in range(runs)]
    medians = {key: statistics.median(float(s[key]) for s in starts) for key in ("imported", "shown", "painted")}  # type: ignore[arg-type]
    slowest = max(float(s["painted"]) for s in starts)  # type: ignore[arg-type]
    return {**medians, "slowest": slowest, "late": sorted({name for s in starts for name in s["late"]})}  # type: ignore[attr-defined]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7)
    found = measure(parser.parse_args().runs)
    print("| from launch to | s |")
    print("|---|---|")
    print(f"| modules imported | {found['imported']:.2f} |")
    print(f"| window painted | {found['shown']:.2f} |")
    print(f"| record painted | {found['painted']:.2f} (slowest {found['slowest']:.2f}; bar {LIMIT_S}) |")
    print(f"| imported too early | {', '.join(found['late']) or 'none'} |")  # type: ignore[arg-type]
    return 0 if float(found["painted"]) < LIMIT_S and not found["late"] else 1  # type: ignore[arg-type]


if __name__ == "__main__":
    sys.exit(main())
